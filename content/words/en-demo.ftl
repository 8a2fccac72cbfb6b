# English: what the demonstration town says while it runs.

demo-building = Building a town of { $members } firms, with a hub, in a temporary folder …
demo-past = Their log files of the last five weeks hold { $lines } lines. Each firm's own collector joins the hub and reads its files …
demo-learned = The hub has counted { $sightings } sightings from { $members } firms and knows what an ordinary day looks like.
demo-address = Open { $url } in a browser.
demo-links = Sign in as one of these people. Each link works once, for 10 minutes; press Enter here for new ones.
demo-role-officer = Police officer: sees threats, whom they reach, and who was warned
demo-role-first = The first firm to be hit ({ $name })
demo-role-warned = A firm that is warned in time ({ $name })
demo-role-analyst = Analyst at the resilience centre
demo-role-administrator = Administrator of the hub
demo-name-officer = Olive Officer
demo-name-first = Fred First
demo-name-warned = Wanda Warned
demo-name-analyst = Anna Analyst
demo-name-administrator = Ada Administrator
demo-first-strike = { $at }  A wave of attacks begins: { $name } is hit first. One firm is no wave yet. Watch the officer's page.
demo-strike = { $at }  { $name } is attacked. (firm number { $number })
demo-called = { $at }  THE HUB CALLS A THREAT: attacks on { $name }, seen at { $members } firms from { $sources } addresses. { $warned } firms get a warning, those not hit yet before the others.
demo-delivered = All { $warned } warnings have reached the firms' collectors. Look at the page of the firm that is warned in time.
demo-hit = { $at }  { $name } is hit, { $minutes } { $minutes ->
    [one] minute
   *[other] minutes
} after its warning.
demo-closed = The threat to { $name } is over: nothing was seen for a day.
demo-over = The wave is over. Everything stays up for you to look at; press Ctrl-C to end.
demo-ending = Taking the town down …
demo-gone = Done. Nothing is left behind.
demo-summary = { $written } log lines written, { $events } understood, { $sightings } sightings sent and counted, { $threats } { $threats ->
    [one] threat
   *[other] threats
} called, { $warned } warnings, { $hit } of them before the attack came.
