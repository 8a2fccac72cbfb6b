# “larum doctor”: how everything is, what that means, what to do.

doctor-state-ok = ok
doctor-state-look = look
doctor-state-broken = BROKEN
doctor-do = Do: { $fix }
doctor-summary = { $ok } in order, { $look } to look at, { $broken } broken.
doctor-bundle-done = Written to { $path }: { $bytes } bytes of plain text. It holds numbers and words of Larum’s own: which checks failed, how many lines of how many devices (numbered, not named) were read or not and why, limits, and ages. No address, no name, no line, no key. Read it before you send it.
doctor-bundle-unwritable = { $path } cannot be written: { $problem }

doctor-config-right = The settings in { $path } are right.
doctor-config-unreadable = The settings in { $path } cannot be read: { $problem }
doctor-config-unreadable-fix = Name the file with --config FILE, or run this as the user “larum”: sudo -u larum larum doctor
doctor-config-wrong = The settings in { $path } have a mistake: { $problem }
doctor-config-wrong-fix = Mend it, then: larum check-config { $path } && systemctl restart larum
doctor-config-no-input = The settings name no place to receive logs and no file to follow.
doctor-config-no-input-fix = Add a [[listen]], [[file]] or [[capture]] section; the sample settings show both.
doctor-formats-right = Your own formats can be used.
doctor-formats-wrong = Your own formats have mistakes: { $problem }
doctor-formats-wrong-fix = Mend them; “larum formats test FOLDER” tells more. Then: systemctl reload larum
doctor-lists-right = Your lists of bad addresses can be read.
doctor-lists-wrong = A list of bad addresses cannot be used: { $problem }
doctor-lists-wrong-fix = Check that the file is there and that the user “larum” may read it.
doctor-file-right = { $path } can be read.
doctor-file-denied = { $path } may not be read.
doctor-file-denied-fix = Let the user “larum” read it: usermod -aG adm larum, or setfacl -m u:larum:r { $path }. If you are not that user yourself, run: sudo -u larum larum doctor
doctor-file-missing = { $path } is not there.
doctor-file-missing-fix = Correct the path in the settings. If it will be there later, all is well: Larum waits for it.

doctor-state-right = The folder { $folder } is private, as it must be.
doctor-state-missing = The folder { $folder } is not there.
doctor-state-missing-fix = Start the collector, which makes it: systemctl start larum. Or name the right one with --state DIR.
doctor-state-no-folder = { $folder } is no folder.
doctor-state-no-folder-fix = Give “state-dir” in the settings another name.
doctor-state-open = { $path } is open to other users of this computer (rights { $mode }).
doctor-state-open-fix = chmod go= { $path }
doctor-state-owner = { $path } belongs to another user than the folder it is in.
doctor-state-owner-fix = chown --reference "$(dirname { $path })" { $path }
doctor-state-denied = You may not look into { $folder }, so some checks could not be made.
doctor-state-denied-fix = sudo -u larum larum doctor
doctor-disk-right = { $free } MB of { $all } MB are free on the disk.
doctor-disk-full = Only { $free } MB of { $all } MB are free on the disk.
doctor-disk-full-fix = Make room: journalctl --vacuum-size=200M often helps. Or lower “limits.spool-bytes”.

doctor-running-yes = The collector runs.
doctor-running-no = The collector does not run. It was last alive at { $written }.
doctor-running-no-fix = systemctl start larum; if it ends again: journalctl -u larum -n 50
doctor-running-never = No collector ever ran on this folder.
doctor-running-never-fix = systemctl enable --now larum. If yours uses another folder: larum doctor --state DIR
doctor-running-unreadable = The collector’s status cannot be read.
doctor-running-unreadable-fix = sudo -u larum larum doctor
doctor-running-stuck = The collector runs, but has written nothing since { $written }.
doctor-running-stuck-fix = Check the disk, then: systemctl restart larum
doctor-version-same = This is version { $version }, and so is the collector that runs.
doctor-version-other = The collector that runs is version { $running }, installed is { $version }.
doctor-version-other-fix = systemctl restart larum
doctor-service-right = The service is on, and will be after a restart of this computer.
doctor-service-restarted = The service is on, but was started again { $restarts } times.
doctor-service-restarted-fix = journalctl -u larum -p warning tells why.
doctor-service-not-enabled = The service is on, but will not be after a restart of this computer.
doctor-service-not-enabled-fix = systemctl enable larum
doctor-service-down = The service is not on ({ $state }).
doctor-service-down-fix = systemctl enable --now larum; if it ends again: journalctl -u larum -n 50
doctor-service-none = Larum is not installed as a service, so it will not start with this computer.
doctor-service-none-fix = Install the package, or copy packaging/larum.service to /etc/systemd/system/ and run: systemctl enable --now larum
doctor-service-no-manager = This computer has no systemd; that is fine in a container.

doctor-port-open = Larum listens on { $what } { $address }.
doctor-port-closed = Nobody listens on { $what } { $address }, though the settings say so.
doctor-port-closed-fix = The collector runs with older settings: systemctl restart larum
doctor-port-free = { $what } { $address } is free for the collector.
doctor-port-taken = Another program holds { $what } { $address }.
doctor-port-taken-fix = Find it with: ss -lnp | grep ':{ $port } '. Stop it, or choose another port in the settings and on your devices.
doctor-port-denied = { $what } { $address } is below 1024, so it cannot be tried from here.
doctor-port-denied-fix = The service needs AmbientCapabilities=CAP_NET_BIND_SERVICE for it (systemctl edit larum). Easier: a port above 1024.
doctor-port-unusable = { $what } { $address } cannot be listened on: this computer does not have that address.
doctor-port-unusable-fix = Use [::] for all addresses of this computer.
doctor-capture-right = { $interface }: { $packets } packets seen since the start, none lost.
doctor-capture-silent = { $interface }: not one packet was seen since the start.
doctor-capture-silent-fix = Check the cable, and that the switch copies traffic to this port (port mirroring). "ip -s link show { $interface }" counts what arrives.
doctor-capture-lost = { $interface }: of { $packets } packets { $lost } came too fast to be looked at.
doctor-capture-lost-fix = Raise "workers" (one for each core to spare) and "ring-bytes" of its [[capture]] section, then: systemctl restart larum
doctor-capture-not-started = { $interface }: the collector does not look at it, though the settings say so.
doctor-capture-not-started-fix = The collector runs with older settings: systemctl restart larum
doctor-capture-can = { $interface } can be looked at.
doctor-capture-unknown = { $interface }: whether it can be looked at cannot be tried from here.
doctor-capture-unknown-fix = Run this as root. The service itself needs packaging/larum-capture.conf.
doctor-capture-unusable = { $interface } cannot be looked at: { $problem }
doctor-capture-unusable-fix = "ip link" shows which interfaces this computer has. Correct the [[capture]] section.
doctor-buffer-right = The system gives { $given } bytes of buffer for UDP, as wished.
doctor-buffer-small = The system gives { $given } bytes of buffer for UDP, wished are { $wanted }. In a storm lines may be lost; they would be counted.
doctor-buffer-small-fix = echo net.core.rmem_max={ $wanted } | sudo tee /etc/sysctl.d/60-larum.conf && sudo sysctl --system && systemctl restart larum

doctor-devices-heard = { $count ->
    [one] One device was heard
   *[other] { $count } devices were heard
} in the last 24 hours.
doctor-devices-none = No line was ever received.
doctor-devices-none-fix = Send your firewall’s log to this computer: { $inputs }. Is a firewall on this computer in the way? Open the port for your network only.
doctor-devices-all-silent = No device was heard in the last 24 hours.
doctor-devices-all-silent-fix = Check the cable, the address of this computer, and that your devices still send to: { $inputs }
doctor-lines-none-lost = No line was lost in the last two days.
doctor-lines-lost = { $count } lines in the last two days: { $why }.
doctor-lines-lost-fix = Let the device send by TCP, or raise “limits.udp-buffer-bytes” and the system’s buffer.
doctor-lines-not-allowed = { $count } lines in the last two days: { $why }.
doctor-lines-not-allowed-fix = If those devices are yours, name their network under “allow” of the [[listen]] section.
doctor-lines-dropped = { $count } lines in the last two days: { $why }.
doctor-connections-right = Every device that wanted to connect found a place.
doctor-connections-crowded = { $count } connections were turned away or ended since the start because too many were open at once.
doctor-connections-crowded-fix = “ss -tn” shows who is connected. A device that opens ever more connections may be broken or taken over: look at it first. If all are yours, raise “limits.connections” and “limits.connections-per-sender”.
doctor-unread-little = What your devices send is understood.
doctor-unread-much = { $lines } of { $received } lines of { $device } are not understood.
doctor-unread-much-fix = See the next lines; “larum formats test FILE” with a piece of its log tells more.
doctor-clock-right = No device’s clock is known to be wrong.
doctor-clock-wrong = { $device }: { $said }
doctor-clock-wrong-fix = Switch on time from a server (NTP) on the device.

doctor-hub-not-joined = This collector has not joined a hub. It works on its own, and nothing leaves your building.
doctor-hub-not-joined-fix = If you were sent a token: larum join TOKEN
doctor-hub-identity-unreadable = The collector’s identity in { $folder } cannot be used by you.
doctor-hub-identity-unreadable-fix = Run: sudo -u larum larum doctor. If it says the same, ask for a new token and join again with --again.
doctor-hub-joined = Joined the hub at { $hub }.
doctor-certificate-right = The certificate is good for { $days } more; it renews itself.
doctor-certificate-soon = The certificate ends in { $days } and was not renewed in time.
doctor-certificate-soon-fix = See below which step to the hub fails; once it answers, the certificate renews itself.
doctor-certificate-ended = The certificate ended on { $ends }. Nothing is lost.
doctor-certificate-ended-fix = Ask the people who run the hub for a new token, then: larum join TOKEN --again
doctor-hub-name = Step 1, name: { $host } is found.
doctor-hub-no-name = Step 1, name: { $host } is not found.
doctor-hub-no-name-fix = Check that this computer can look up names: getent hosts { $host }. If not, look at /etc/resolv.conf.
doctor-hub-connection = Step 2, connection: { $hub } takes the call.
doctor-hub-no-connection = Step 2, connection: nothing answers at { $hub }.
doctor-hub-no-connection-fix = Let this computer out to { $hub } (TCP) in your firewall. Nothing needs to be let in.
doctor-hub-only-proxy = Step 2, connection: nothing answers at { $hub }, and programs here are told to use a proxy.
doctor-hub-only-proxy-fix = Let this computer out to { $hub } (TCP) in your firewall, or write proxy = "HOST:PORT" into the settings.
doctor-hub-answer = Steps 3 and 4, encryption and answer: it is the hub we joined, and it answers.
doctor-hub-no-answer = Step 4, answer: { $hub } gives no answer that makes sense. Is something in between?
doctor-own-clock-right = The clock of this computer agrees with the hub’s.
doctor-own-clock-wrong = The clock of this computer differs from the hub’s by { $span }.
doctor-own-clock-wrong-fix = timedatectl set-ntp true
doctor-receipt-right = The hub answered the collector { $span } before; { $waiting } sightings wait.
doctor-receipt-old = The hub has not answered the collector for { $span }; { $waiting } sightings wait, none is lost.
doctor-receipt-old-fix = If the steps above are in order, restart it: systemctl restart larum. If one is not, mend that.
doctor-receipt-never = The hub has not answered the collector yet.
doctor-receipt-never-fix = Wait a minute after joining. If the steps above are in order: systemctl restart larum

doctor-blocklist-right = The blocklist is served here: { $entries } addresses, confirmed by the hub { $span } before. Devices that may fetch it: { $devices }.
doctor-blocklist-old = The hub has not confirmed the blocklist for { $span }. { $entries } addresses are still good and served; each falls off at its own time.
doctor-blocklist-old-fix = If the steps to the hub above are in order: systemctl restart larum. If one is not, mend that.
doctor-blocklist-off = The blocklist would be served here, but no device may fetch it.
doctor-blocklist-off-fix = On the hub’s pages, under “Blocklist”, let a device fetch it; its address then works here too within five minutes.
doctor-blocklist-none = The blocklist is to be served here, but the hub has not given one yet: devices are told to come again.
doctor-blocklist-none-fix = Wait a minute after joining. If the steps to the hub above are in order, the hub may be too old to hand out lists.

doctor-spool-right = What waits for the hub can be read: { $waiting } sightings.
doctor-spool-lost = { $lost } sightings were given up in the past because the queue was full or damaged; they are counted.
doctor-spool-lost-fix = If the hub could not be reached for long, raise “limits.spool-bytes”.
doctor-spool-damaged = { $unreadable } of { $waiting } sightings that wait cannot be read.
doctor-spool-damaged-fix = Check the disk (smartctl -a); the collector sets aside what it cannot read and counts it.
doctor-spool-unreadable = What waits for the hub cannot be read by you.
doctor-spool-unreadable-fix = sudo -u larum larum doctor. If it says the same, check the disk.
doctor-ledger-whole = The record of what left is whole: { $entries } entries, { $receipted } of them receipted.
doctor-ledger-empty = Nothing has left yet, so there is no record.
doctor-ledger-damaged = The record of what left was changed or damaged at entry { $number }.
doctor-ledger-damaged-fix = larum ledger verify tells more. Keep the folder as it is and tell the people who run the hub.
