# English: the report of `larum scan`, for a person without security training.

scan-about = { $records } { $number ->
    [one] record
   *[other] records
 } from { $files ->
    [one] 1 file
   *[other] { $files } files
 }, { $from } to { $to } ({ $zone })
scan-about-undated = { $records } { $number ->
    [one] record
   *[other] records
 } from { $files ->
    [one] 1 file
   *[other] { $files } files
 }

scan-verdict-entered = Act now: somebody seems to have got in.
scan-verdict-critical = Something here needs action now.
scan-verdict-high = Something here needs action today.
scan-verdict-medium = You were attacked. Nothing shows that it worked.
scan-verdict-untold = There is something to look at this week. These records cannot tell what came of it.
scan-verdict-background = Nothing here needs action. There was only the everyday noise of the internet.
scan-verdict-nothing = No sign of an attack in what we could read.
scan-verdict-unread = We could not read any of these records, so we cannot say whether you were attacked.
scan-verdict-empty = There is nothing in there to look at.

scan-level = { $level ->
    [critical] Act now
    [high] Act today
    [medium] Have a look this week
    [low] Background
   *[info] For information
}

scan-when = When
scan-when-how = { $when }: { $how }
scan-who = Who
scan-worked = Did it work
scan-do = Do this
scan-do-then = And this
scan-follows = Goes with
scan-follows-how = It began within a day of what is told under { $number }, in which somebody seems to have got in. Take both for one attack until you know better.
scan-as-under = As under { $number }.
scan-steps = Step by step
scan-step = { $when } { $title }: { $how }
scan-more-steps = { $number ->
    [one] and 1 more thing like these
   *[other] and { $count } more things like these
}
scan-website = your website
scan-most-one = { $service } ({ $count })
scan-most = Tried most: { $list }.

scan-group-login-guessing = { $sources } addresses tried to guess passwords for { $service }
scan-group-web-login = { $sources } addresses tried to guess passwords for a website log-in
scan-group-web-attack = { $sources } addresses attacked your website ({ $kind })
scan-group-web-probing = { $sources } addresses looked for hidden pages on your website
scan-group-port-scan = { $sources } addresses looked for open doors
scan-group-other = { $title } (and { $more } more like this)

scan-times = { $number ->
    [one] once
   *[other] { $count } times
}
scan-and-others = { $list } and { $number ->
    [one] 1 other
   *[other] { $count } others
}
scan-span = { $from } to { $to }
scan-names = names tried: { $list }
scan-paths = pages asked for: { $list }
scan-ports = doors tried: { $list }
scan-targets = aimed at: { $list }
scan-open = reached: { $list }
scan-lists = named by: { $list }
scan-sent = { $size } sent
scan-before = wrong passwords before: { $list }
scan-account = account: { $list }

scan-outcome = { $outcome ->
    [success] Yes.
    [blocked] No, it was kept out.
    [attempt] Nothing shows that it did.
   *[unknown] These records cannot tell. Have it checked.
}

scan-brief = { $when }: { $things ->
    [1] { $times }
   *[other] { $things } different things, { $times }
 }. { $outcome ->
    [success] It worked.
    [blocked] It was kept out.
    [attempt] Nothing shows that it worked.
   *[unknown] These records cannot tell whether it worked: have it checked.
}
scan-in-short = Told in short: { $number ->
    [one] number { $from }.
   *[other] numbers { $from } to { $to }.
}
scan-more = No room here for { $number } more ({ $levels }).
scan-tell-all = With `--all` everything is told in full.
scan-beyond = Too much happened for one page: { $count } findings, none worse than those that are, are not on it. With `--json` all are listed.
scan-more-level = { $level }: { $count }
scan-background = Background noise: { $number ->
    [one] one stranger
   *[other] { $sources } strangers
 } tried doors or pages and did not get anywhere ({ $tries ->
    [one] one try
   *[other] { $count } tries
 }). This happens to everybody.
scan-timeline = What happened when

scan-all-read = We could read everything.
scan-unread = { $count } of { $records } records told us nothing about attacks:
scan-none-read = None of the { $records } records is in a format we know:
scan-unread-empty = { $number ->
    [one] 1 was empty
   *[other] { $count } were empty
}
scan-unread-too-long = { $number ->
    [one] 1 was too long
   *[other] { $count } were too long
}
scan-unread-not-text = { $number ->
    [one] 1 is not text
   *[other] { $count } are not text
}
scan-unread-unknown-format = { $number ->
    [one] 1 is in a format we do not know yet
   *[other] { $count } are in a format we do not know yet
}
scan-unread-field-unreadable = { $number ->
    [one] 1 is in a format we know, but a part could not be read
   *[other] { $count } are in a format we know, but a part could not be read
}
scan-unread-not-of-interest = { $number ->
    [one] 1 is a message that says nothing about attacks
   *[other] { $count } are messages that say nothing about attacks
}
scan-unread-poisonous = { $count } made the program fail and were set aside
scan-outside-window = { $count } are outside the time you asked for

scan-rules-skipped = { $count } of the rules you gave cannot be used here:
scan-is-folder = { $file } is a folder. Name the files in it, for example { $file }/*
scan-cannot-open = { $file } cannot be opened: { $problem }
scan-cannot-read = { $file } can be read only in part: { $problem }
scan-bad-time = { $text } is not a time such as 2026-11-22T10:00:00Z
scan-no-rules-folder = { $file } is not a folder with rules
