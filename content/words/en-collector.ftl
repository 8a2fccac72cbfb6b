# The collector: its configuration, its status, and its page on the firm's own machine.

## Configuration
config-line = line { $line }: { $problem }
config-syntax = this is not written as TOML: { $problem }
config-unknown-near = “{ $key }” is not a key Larum knows here. Did you mean “{ $nearest }”?
config-unknown = “{ $key }” is not a key Larum knows here. It knows: { $known }.
config-missing = “{ $key }” is missing. Add it.
config-wrong = “{ $key }” cannot be { $found }. Use { $allowed }.
config-too-many = “{ $key }” has too many entries. The most is { $limit }.
config-needs = “{ $key }” needs “{ $needed }” beside it. Add it.
config-no-input = nothing to listen to. Add a [[listen]], [[file]] or [[capture]] section.
capture-no-interface = [[capture]]: this computer has no network interface called { $interface }. The command "ip link" shows those it has.
capture-not-allowed = [[capture]]: Larum may not look at the traffic of { $interface }. It needs the right CAP_NET_RAW: see "Watching the traffic" in docs/operator/collector.md.
capture-refused = [[capture]]: the traffic of { $interface } cannot be looked at: { $problem }
config-note-capture = Note: whether the traffic can be looked at was not tried, because you may not do that. The service can, with packaging/larum-capture.conf.
config-allowed-interface = the name of a network interface, such as "eth1"
config-allowed-text = some text between quotes
config-allowed-yes-no = true or false
config-allowed-number = a whole number from { $min } to { $max }
config-allowed-word = one of: { $words }
config-allowed-address = an address and port such as [::]:5514
config-allowed-proxy = the name or address of a proxy with its port, such as proxy.example.org:3128
config-allowed-loopback = an address of this computer only, such as 127.0.0.1:7780, or “off”
config-allowed-pack-key = a key of 64 letters and digits, as "larum pack verify" shows it
config-allowed-network = an address or network such as 192.0.2.0/24
config-allowed-zone = a time zone such as Europe/London, UTC or +01:00
config-allowed-list = a list such as ["one", "two"]
config-allowed-section = a section of its own
config-fingerprint = Devices that send over TLS know this collector by its fingerprint: { $fingerprint }
config-note-blocking-firewall = Note: a Cisco ASA firewall that sends its log over TCP stops all new traffic while Larum does not answer. Let it send over UDP, or set “logging permit-hostdown” on it.
config-good = The configuration is good.
config-problems = { $count ->
    [one] { $path } has one problem:
   *[other] { $path } has { $count } problems:
}
config-unreadable = { $path } cannot be read: { $problem }. Check the name, and that you may read it.

## Why a record is no event
rejected-empty = empty lines
rejected-too-long = lines longer than 64 KiB
rejected-not-text = not text
rejected-unknown-format = from a kind of device Larum does not know yet
rejected-field-unreadable = known kind of line, but with a part that could not be read
rejected-not-of-interest = known, and of no interest for security
rejected-poisonous = set aside because of a fault in Larum; please report it

## Why a record never reached the parser
dropped-queue-full = lost because too many came at once
dropped-system-buffer = lost by the operating system because too many came at once
dropped-sender-not-allowed = from senders that are not allowed
dropped-cut-short = cut off because the connection ended
dropped-too-fast = lost because one sender sent more than you allow
dropped-not-unpacked = packed files that are damaged or grow far too large
dropped-intake-damaged = lost to damage on the disk
dropped-not-arrived = lost on the network on the way here
dropped-overload = passed over because traffic came too fast to be looked at

## Why a finding was not shared
withheld-inside-only = kept here: only your own machines took part
withheld-no-source = kept here: nobody outside is named
withheld-below-level = kept here: below what you share
withheld-sharing-off = kept here: you share nothing, or have not joined a hub
withheld-merged = updates put together with an earlier one
withheld-never-share = kept here: on your list of addresses never named
withheld-disk-full = given up because the disk was full

## Sums
sum-received = lines received
sum-events = understood
sum-findings = findings and updates to them
sum-sightings = prepared for the hub
sum-sent = sent to the hub
sum-receipted = counted by the hub

## Trouble of the collector itself
trouble-spool-unwritable = The disk cannot be written. What Larum finds waits in memory. Make room on the disk.
trouble-spool-unreadable = What waits for the hub cannot be read or written. Check the disk.
trouble-state-unwritable = Larum cannot write its state folder. Make room on the disk, or check who owns the folder.
trouble-intake-unwritable = Larum cannot write the records it receives to its disk. Make room, or check the disk, then restart Larum. Until then devices that wait for an answer keep their records.
trouble-certificate-unusable = A certificate your settings name cannot be used, so Larum goes on with the one it had before. Run “larum check-config”.
trouble-capture-down = A network interface that Larum watches is down or gone. Check its cable and its settings. Larum goes on by itself once it is back; if it does not, restart Larum.
trouble-journal-unreadable = Larum cannot read this computer's own journal. Check that journalctl is there, and that Larum's account is in the group systemd-journal.
trouble-too-many-files = More log files match your settings than Larum follows. Narrow the patterns, or raise “limits.files”.

## The hub
hub-state-not-joined = This collector has not joined a hub. It works on its own, and nothing leaves your building.
hub-state-joined = Joined. The hub has not been called yet.
hub-state-connected = Connected. The last call went well.
hub-state-over-quota = More was found today than the hub takes from one firm in a day. Larum keeps everything and sends it bit by bit. If this lasts, look for a device that reports the same thing over and over, or ask the people who run the hub for more room.
hub-state-other = The last call did not work ({ $reason }). Larum keeps everything and tries again.

## larum status
status-none = No collector has run on { $folder }. Start it with “larum collect”, or name its folder with --state.
status-unreadable = The status in { $folder } cannot be read: { $problem }. Try again as the user the collector runs as.
status-running = The collector is running. As of { $written }.
status-stopped = The collector is NOT running. Last word: { $written }.
status-records = Lines since the installation
status-findings = Findings since the installation
status-devices = Devices (last heard, lines in the last 48 hours)
status-never = never
status-device = { "  " }{ $device } { $heard } { $received }
status-clocks = Zones and clocks of your devices (as of the time above)
status-own = Public addresses taken as your own
status-hub = Hub: { $state }
status-spool = Waiting for the hub: { $waiting } ({ $bytes } bytes)
status-page = Page on this computer: { $page }

## The page
page-title = { $heading } – Larum
page-skip = Skip to the main part
page-nav = Pages
page-nav-home = Home
page-nav-findings = Findings
page-nav-devices = Devices
page-nav-leaves = What leaves the building
page-place = on this computer
page-foot = This page can only be opened on this computer. Times are in { $zone }. Larum { $version }.
page-wrong-host = Open this page by the address that “larum status” shows.
page-not-found = This page does not exist
page-not-found-text = Use the links above.

page-verdict-quiet = Nothing has been received yet
page-verdict-quiet-text = Send your firewall’s log to one of these places:
page-verdict-bad = Someone may have got in. Act now.
page-verdict-look = { $count ->
    [one] One thing needs your attention
   *[other] { $count } things need your attention
}
page-verdict-good = All is well
page-verdict-text = { $received } lines received in the last 24 hours from { $devices ->
    [one] one device
   *[other] { $devices } devices
}.

page-do = What to do
page-do-nothing = Nothing today.
page-do-more = More under “Findings”.
page-from-hub = Warning from the hub
page-from-here = Seen here
page-from-self = Larum itself
page-clock-ahead = The clock of { $device } is { $span } ahead
page-clock-behind = The clock of { $device } is { $span } behind
page-clock-text = Set it to { $time }, best by a time server (NTP). Until then Larum takes the error off when it judges what happened, but the device’s own records show the wrong time.
page-who = Who
page-when = When
page-count = How often
page-outcome = Did it work?
page-why = Why you
page-evidence = What it rests on
page-steps = Step by step
page-steps-more = and { $count } more
page-device = Seen by
page-attack = Known method
page-confidence = How sure
page-going-on = still going on
page-once = once
page-times = { $count } times
page-nobody = not known
page-calls-itself = { $address } (calls itself “{ $name }”)
page-outcome-attempt = Tried. Nothing says that it worked.
page-outcome-blocked = No, it was kept out.
page-outcome-success = Yes.
page-outcome-unknown = These lines cannot tell.

page-kept-out = What was seen in the last 24 hours
page-kept-out-none = No attack was seen.
page-kind = Kind
page-attempts = Attempts
page-blocked = Kept out for certain
page-figure-lines = lines received
page-figure-attempts = attempts seen
page-figure-blocked = kept out for certain
page-figure-waiting = waiting for the hub

category-scan = Looking for open doors
category-brute-force = Guessing log-ins
category-web-attack = Attacking a website
category-indicator = Contact with known bad addresses
category-c2 = Remote control of an infected machine
category-dns-tunnel = Data hidden in name look-ups
category-generated-domain = Names made up by malware
category-dos = Trying to overload
category-exfiltration = Data carried out
category-malware = Harmful programs
category-exposure = Weak spots
category-policy = House rules broken
category-ids-alert = Alerts of your other devices

page-findings = Findings
page-findings-none = Nothing was found yet.
page-findings-text = The newest { $count }, newest first. They stay on this computer.

page-devices = Devices
page-devices-text = Every line that arrives is counted once, with what became of it.
page-devices-caption = Devices that send to Larum
page-devices-none = No device has been heard yet.
page-name = Device
page-last-heard = Last heard
page-received-24h = Lines, 24 hours
page-understood-24h = Understood
page-state = State
page-device-good = fine
page-device-silent = silent
page-device-clock = clock wrong
page-device-unread = not understood
page-clock-column = Zone and clock
page-more-clocks = and { $count } more
clock-zone-stated = writes { $zone }, as it says itself
clock-zone-configured = writes { $zone }, as configured
clock-zone-learned = writes { $zone }, seen from its lines
clock-zone-learned-little = writes { $zone }, seen from few lines so far
clock-zone-assumed = taken to write { $zone }
clock-right = its clock is right
clock-ahead = its clock is { $span } ahead: set it to { $time }
clock-behind = its clock is { $span } behind: set it to { $time }
clock-delayed = its lines come with varying delay
clock-unmeasured = its clock is not measured yet
span-seconds = { $count ->
    [one] 1 second
   *[other] { $count } seconds
}
span-minutes = { $count ->
    [one] 1 minute
   *[other] { $count } minutes
}
span-hours = { $count ->
    [one] 1 hour
   *[other] { $count } hours
}
span-days = { $count ->
    [one] 1 day
   *[other] { $count } days
}
page-own = Your own internet addresses
page-own-text = By these Larum tells what comes from outside and what goes out. Private addresses are always yours. If one is missing, add it to own-networks in the configuration; if one is not yours, add it to not-own-networks.
page-own-none = None is known yet. They are learned from what your firewall logs.
page-own-caption = Public addresses taken as yours
page-own-address = Address
page-own-why = Why
own-configured = configured
own-translated = your firewall translates between it and a machine inside ({ $records } lines)
own-said = your devices call traffic to it inbound or from it outbound ({ $records } lines)
own-sought = it is sought from many places on the internet ({ $records } lines)
page-sum = Where every line went
page-sum-caption = Lines in the last 24 hours
page-sum-outcome = What became of them
page-sum-number = Number
page-sum-findings = What became of the findings
page-sum-findings-caption = Findings in the last 24 hours
page-connections = Connections
page-connections-caption = Connections closed or not taken since the start
closed-sender-not-allowed = sender not allowed
closed-too-many-connections = too many at once
closed-too-many-from-one-sender = too many from one sender
closed-gave-way = made room for a sender with fewer connections
closed-idle = silent for too long
closed-handshake-failed = encryption could not be agreed on
closed-not-the-protocol = sent something else than was expected
closed-not-kept = could not be kept on disk, and will be sent again

page-leaves = What leaves the building
page-leaves-text = Larum tells the hub who attacked from outside, how, how often and when. No message, no user name, no address of your own machines leaves. Below is every word of the newest parcels.
page-leaves-none = Nothing has left.
page-leaves-damaged = The record of what has left cannot be read. Run “larum ledger verify”.
page-hub = Hub
page-blocklist = Blocklist served from here: { $entries ->
    [one] one address
   *[other] { $entries } addresses
}; devices that may fetch it: { $devices }. The hub confirmed it { $span } ago.
page-hub-member = You are known there as { $member }.
page-hub-answer = Last answer: { $when }.
page-hub-clock = The hub’s clock differs from this computer’s by { $seconds } seconds.
page-parcel = Parcel { $number }, { $when }
page-parcel-counted = Counted by the hub.
page-parcel-waiting = Not yet counted by the hub.
page-parcel-caption = { $count ->
    [one] One sighting
   *[other] { $count } sightings
}
page-parcel-what = What
page-parcel-sources = Addresses outside
page-parcel-raw = Word for word
page-parcel-more = and { $count } more
