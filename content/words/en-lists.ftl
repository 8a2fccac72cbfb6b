# English: what is said of lists of indicators and of what is never to be matched.

list-read = { $file }: { $number ->
    [0] nothing taken
    [one] 1 entry taken
   *[other] { $taken } entries taken
 }{ $kinds }
list-kinds = { " " }({ $kinds })
list-kind-addresses = { $number ->
    [one] 1 address
   *[other] { $count } addresses
}
list-kind-networks = { $number ->
    [one] 1 network
   *[other] { $count } networks
}
list-kind-names = { $number ->
    [one] 1 name
   *[other] { $count } names
}
list-kind-urls = { $number ->
    [one] 1 web address
   *[other] { $count } web addresses
}
list-kind-fingerprints = { $number ->
    [one] 1 fingerprint
   *[other] { $count } fingerprints
}

list-refused = { $file }: { $number ->
    [one] 1 entry refused
   *[other] { $count } entries refused
 }: { $reasons }
list-reason-unreadable = { $count } not understood
list-reason-too-long = { $count } too long
list-reason-date = { $count } with a date that cannot be read
list-reason-broken = { $count } where the file breaks off or is damaged
list-reason-private = { $count } not addresses of the internet
list-reason-never-match = { $count } on the never-match list
list-reason-own = { $count } of your own addresses
list-reason-too-wide = { $count } networks too wide
list-reason-not-in-logs = { $count } of a kind that no log holds, such as file hashes
list-reason-no-host = { $count } without a host
list-reason-combined = { $count } that need several things at once
list-reason-language = { $count } in a rule language other than STIX
list-reason-expired = { $count } out of date
list-reason-revoked = { $count } withdrawn
list-reason-background = { $count } marked as not for detection
list-reason-other-object = { $count } other objects
list-reason-warning-list = { $count } of a list of what must not be matched: give it as “never-match” instead
list-reason-full = { $count } beyond the limit

list-mistake = { $file }, line { $line }: { $reason ->
    [too-long] longer than is read
    [date] the date cannot be read, or it ends before it begins
    [broken] the file is damaged from here on, or it is of a kind that cannot be read
   *[other] no address, network, name or web address
 }{ $text ->
    [none] { "" }
   *[other] { ": " }{ $text }
 }

never-list-read = { $file }: { $number ->
    [one] 1 entry
   *[other] { $taken } entries
 } never to be matched{ $unreadable ->
    [0] { "" }
    [one] , 1 line not understood
   *[other] , { $unreadable } lines not understood
 }

trouble-lists-unreadable = A list of bad addresses that your settings name cannot be read, so Larum goes on with the lists it had before. Run “larum check-config”.
