# What leaves the building: `larum outbox` and `larum ledger`.

outbox-title = What has left this building
outbox-column-batch = Batch
outbox-column-made = Made (UTC)
outbox-column-reports = Reports
outbox-column-size = Size
outbox-column-received = Received by the hub (UTC)
outbox-not-received = not yet
outbox-nothing = Nothing has left this building yet.
outbox-more = { $count ->
    [one] One older batch is not shown. To see all: larum outbox list --all
   *[other] { $count } older batches are not shown. To see all: larum outbox list --all
}
outbox-waiting = { $count ->
    [0] Nothing waits to be sent.
    [one] One report waits on this computer and is in no batch yet. To read it: larum outbox show pending
   *[other] { $count } reports wait on this computer and are in no batch yet. To read them: larum outbox show pending
}
outbox-read-one = To read a batch: larum outbox show NUMBER

outbox-batch-title = Batch { $number }, made { $made } UTC
outbox-batch-received = The hub has received it ({ $received } UTC, receipt { $receipt }).
outbox-batch-not-received = The hub has not confirmed it yet. It will be sent again, word for word, until it does.
outbox-batch-set-aside = { $count ->
    [one] The hub could not use one of its reports. Check that the clock of this computer is right.
   *[other] The hub could not use { $count } of its reports. Check that the clock of this computer is right.
}
outbox-batch-whole = { $count ->
    [one] This one report is all that it says:
   *[other] These { $count } reports are all that it says:
}
outbox-batch-raw = Nothing else was in it. To see the exact bytes: larum outbox show { $number } --raw
outbox-pending-title = Waiting on this computer, in no batch yet
outbox-pending-none = Nothing waits to be sent.
outbox-pending-raw = Nothing else will be sent with them. To see the exact bytes: larum outbox show pending --raw
outbox-pending-more = Only the { $count } oldest are shown.
outbox-unreadable = This report cannot be read. It will not be sent.
outbox-body-unreadable = This batch cannot be read as reports. To see its exact bytes: larum outbox show { $number } --raw

outbox-report = { $category } on { $key }: { $outcome }.
outbox-report-weight = How bad: { $severity }. How sure: { $confidence } %.
outbox-report-count = { $count ->
    [one] Seen once, { $first } UTC.
   *[other] Seen { $count } times, from { $first } to { $last } UTC.
}
outbox-report-sources = { $count ->
    [0] No attacker from outside: the place named above is one that a machine inside was in contact with
    [one] Outside address named: { $list }
   *[other] Outside addresses named: { $list }
}
outbox-report-detector = Found by: { $detector }
outbox-report-attack = Kind of attack in the public list (MITRE ATT&CK): { $list }

outbox-category = { $category ->
    [scan] Looking for open doors
    [brute-force] Guessing passwords
    [web-attack] Attack on a website
    [indicator] Contact with a known bad address
    [c2] Remote control of a computer
    [dns-tunnel] Data hidden in name look-ups
    [generated-domain] Names made up by malware
    [dos] Flooding
    [exfiltration] Data carried out
    [malware] Harmful software
    [exposure] A weak spot
    [policy] A rule of the house broken
    [ids-alert] Alert of a security device
   *[other] { $category }
}
outbox-outcome = { $outcome ->
    [attempt] it was tried, nothing says that it worked
    [blocked] it was kept out
    [success] it worked
   *[other] whether it worked cannot be told
}

outbox-no-state = There is no Larum state in { $folder }. Name the folder with --state, as in state-dir of the configuration.
outbox-no-such-batch = There is no batch { $number }. { $last ->
    [0] Nothing has left this building yet.
   *[other] The oldest that is kept is { $first }, the newest is { $last }.
}
outbox-not-a-number = “{ $text }” is no batch. Give its number, as in “larum outbox list”, or the word “pending”.

ledger-whole = { $entries ->
    [0] The record is whole. It is empty: nothing has left this building yet.
    [one] The record is whole: one batch, { $receipted } of them received by the hub.
   *[other] The record is whole: { $entries } batches, { $receipted } of them received by the hub.
}
ledger-pruned = Batches 1 to { $sequence }, made from { $from } to { $to }, are no longer here. They were removed on { $on }, after the hub had received them all. The next batch names the fingerprint of the last of them, so nothing can have been taken out unseen: { $hash }
ledger-signed = { $hub ->
    [none] Whether the hub has signed these receipts cannot be checked: its certificate is not here.
   *[other] { $unsigned ->
        [0] Each receipt carries the hub’s signature, and it is right.
       *[other] { $signed } receipts carry the hub’s signature, and it is right. { $unsigned } older ones carry none.
    } Fingerprint of the hub: { $hub }
}
ledger-head = Fingerprint of the newest batch: { $hash }
ledger-head-why = The hub can tell you its fingerprint. If the two differ, they do not hold the same record.
ledger-unfinished = { $bytes ->
    [one] One byte at the end was being written or was cut off by a power failure. It was never sent.
   *[other] { $bytes } bytes at the end were being written or were cut off by a power failure. They were never sent.
}
ledger-folder = In { $folder }:
ledger-broken = The record of what has left is damaged at batch { $sequence }: { $what ->
    [changed] bytes are not what was written
    [missing] something that was written is not there
    [reordered] records are not in their order
    [truncated] the end is missing
    [head] its fingerprint file is damaged or missing
    [anchor] the note of where the record begins is damaged
    [version] a newer program has written it
    [receipt] the hub’s receipt is for something else
    [signature] the hub has not signed this receipt
    [unsigned] the hub’s signature has been taken off the receipt
    [body] the batch does not say what its record says
   *[other] it cannot be read
}. Keep the folder { $folder } as it is, put a copy in a safe place, and call your IT person: the disk may be failing, or somebody may have changed it.
