# Formats: what unread lines look like, the list of devices, and the commands about them.

## What unread lines look like. $lines counts, $shown is the same number as it is written.
unread-field = { $lines ->
    [one] One line looks
   *[other] { $shown } lines look
} like { $device }, but { $field } was missing or could not be read.
unread-shape = { $lines ->
    [one] One line looks
   *[other] { $shown } lines look
} like { $device }, but written in a way Larum does not know.
unread-marks = { $lines ->
    [one] One line has
   *[other] { $shown } lines have
} many of the fields of { $device }, but not the words by which it is known.
unread-nothing = { $lines ->
    [one] One line looks
   *[other] { $shown } lines look
} like nothing Larum knows.
unread-not-looked-into = { $lines ->
    [one] One more line
   *[other] { $shown } more lines
} could not be read. Larum looks closely at a limited number of short lines an hour.

unread-do-field = Set the device to send its full log in its default layout, with nothing left out.
unread-do-shape = Set the device to send its log in its default layout. It may also run a newer version than Larum knows.
unread-do-marks = Let the device send straight to Larum, with nothing between that rewrites its lines.
unread-do-nothing = Look whether “larum formats list” names the device, and set it to send syslog in its default layout.
unread-do-not-looked-into = Start with the lines named above.
unread-or-ask = If that does not help, save some of these lines to a file on this computer and run
unread-or-ask-then = It says what is missing. Send us what it says, with the name and version of the device.

field-ts = its time (ts)
field-src_ip = the address it came from (src_ip)
field-src_port = the port it came from (src_port)
field-dst_ip = the address it went to (dst_ip)
field-dst_port = the port it went to (dst_port)
field-event_code = the number of the message (event_code)
field-other = the field “{ $field }”

## On the page
page-unread = Lines that could not be read
page-unread-text = In the last 24 hours. Larum keeps no copy of these lines, only these numbers.
page-unread-none = Every line of the last 24 hours could be read.
page-unread-device = { $device }: { $unread } of { $received } lines
page-unread-task = { $device } sends lines Larum cannot read: { $unread } of { $received }
page-unread-more = What every device sends that could not be read
page-unread-some = { $unread ->
    [one] One line of the last 24 hours could not be read.
   *[other] { $shown } lines of the last 24 hours could not be read.
}
trouble-formats-wrong = Your own format folder has mistakes, so Larum goes on with the formats it had before. Run “larum check-config”.

## larum check-config
config-formats-sample = { $file }.toml: case: a sample does not give what is expected: { $difference }

## larum formats
formats-none = There is no format { $name }. “larum formats list” shows which there are.
formats-maker = Device
formats-kind = Mostly
formats-reader = Read as
formats-marks = Known by
formats-fields = Fields it fills
formats-samples = Sample lines
formats-source = Written from
formats-fallback = Only when no format made for a product takes the line
formats-file-hint = The file itself: larum formats show { $name } --file
formats-mark-program = program { $names }
formats-mark-starts = begins with { $names }
formats-mark-begins-address = begins with an address
formats-mark-begins-date = begins with a date
formats-mark-begins-date-in-brackets = begins with a date in brackets
formats-mark-begins-level = begins with a level such as WARN
formats-mark-begins-pair = begins with key=
formats-mark-contains = contains { $names }
formats-mark-columns = columns named { $names }
formats-mark-and = { " and " }
formats-mark-or = or
formats-count = { $count ->
    [one] One format
   *[other] { $count } formats
}
formats-kind-network = connections
formats-kind-http = web requests
formats-kind-tls = encrypted connections
formats-kind-dns = name look-ups
formats-kind-auth = log-ins
formats-kind-ids = alerts
formats-kind-mail = mail
formats-kind-file = files
formats-kind-process = programs
formats-kind-system = the device itself, or of several kinds

## larum formats test LOG
test-log = { $path }: { $records ->
    [one] one line
   *[other] { $shown } lines
}, { $read } read
test-by-format = Read as
test-rejects = Not read
test-unread = What the lines that were not read look like
test-sample = for example: { $sample }
test-not-looked-into = { $lines ->
    [one] One more line that was not read was not looked into.
   *[other] { $shown } more lines that were not read were not looked into.
} The most is { $limit }.
test-all-read = Every line was read.
test-do = What to do: docs/operator/unread.md

## larum parse
parse-not-read = not read: { $reason }
parse-closest = ; closest: { $format }, { $why }
parse-closest-field = field { $field } missing or unreadable
parse-closest-shape = written in another way
parse-closest-marks = without its marks

## The list of devices
devices-title = Devices Larum reads
devices-text = Larum reads the logs of these { $products } products, each with the layouts their makers document, and knows them by what they write: there is nothing to choose. Send their log by syslog to the collector, or let it follow their log file.
devices-text-other = A device that is not here is often read all the same, because it writes one of the general layouts at the end. What to do when it is not: [Your device is not read](../operator/unread.md).
devices-generated = This page is made from the format files by `larum formats list --markdown`; `larum formats list` names the format of each.
devices-group-firewall = Firewalls, routers and gateways
devices-group-network = Switches, wireless and network equipment
devices-group-web = Web servers, proxies and load balancers
devices-group-mail = Mail
devices-group-names = Name servers and address assignment (DNS, DHCP)
devices-group-login = Log-ins, remote access and VPN
devices-group-alert = Anti-virus, intrusion detection and other watchers
devices-group-cloud = Cloud services
devices-group-computer = Computers, storage and virtual machines
devices-group-database = Databases
devices-group-application = Programs and websites
devices-group-general = General layouts
devices-group-other = Further devices
