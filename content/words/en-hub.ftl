# What the hub's pages say.

hub-title = { $heading } – Larum
hub-skip = Skip to the main part
hub-nav = Pages
hub-foot = Larum warns firms of attacks that others nearby have already met. If a crime is happening now, call 999.
hub-help = Help
hub-sign-out = Sign out

hub-nav-home = Home
hub-nav-leaving = What leaves our building
hub-nav-readers = Who read our data
hub-nav-blocklist = Blocklist
hub-nav-threats = Emerging threats
hub-nav-members = Firms
hub-nav-admin = Overview
hub-nav-admin-members = Firms
hub-nav-admin-collectors = Collectors
hub-nav-admin-people = People

hub-role-member = Firm
hub-role-analyst = Analyst
hub-role-staff = Staff
hub-role-reader = Reader
hub-role-provider = Service company
hub-role-student = Student
hub-role-officer = Officer
hub-role-regional-officer = Regional officer
hub-role-national-analyst = National analyst
hub-role-administrator = Administrator
hub-role-program = a program

# Times
hub-date = { $day } { $month } { $year }
hub-moment = { $date }, { $clock } { $zone }
hub-month-1 = January
hub-month-2 = February
hub-month-3 = March
hub-month-4 = April
hub-month-5 = May
hub-month-6 = June
hub-month-7 = July
hub-month-8 = August
hub-month-9 = September
hub-month-10 = October
hub-month-11 = November
hub-month-12 = December
hub-month-short-1 = Jan
hub-month-short-2 = Feb
hub-month-short-3 = Mar
hub-month-short-4 = Apr
hub-month-short-5 = May
hub-month-short-6 = Jun
hub-month-short-7 = Jul
hub-month-short-8 = Aug
hub-month-short-9 = Sep
hub-month-short-10 = Oct
hub-month-short-11 = Nov
hub-month-short-12 = Dec
hub-ago-now = just now
hub-ago = { $span } ago
hub-span-minutes = { $count ->
    [one] { $shown } minute
   *[other] { $shown } minutes
}
hub-span-hours = { $count ->
    [one] { $shown } hour
   *[other] { $shown } hours
}
hub-span-days = { $count ->
    [one] { $shown } day
   *[other] { $shown } days
}
hub-never = Never
hub-none = None
hub-older = Older
hub-newest = Newest
hub-next = Next page
hub-find = Look for a name
hub-find-all = Show all
hub-members-none-shared = No region lets national analysts see its firms now.
hub-find-none = Nothing has a name like that.
hub-find-firm = Only the first { $count } firms are listed here. To find another, look for its name on the page of firms and use the button there.
hub-pages = More pages
hub-show = Show
hub-when = When
hub-who = Who
hub-did = What they did
hub-change = Change
hub-made = Made
hub-over = over
hub-more-rows = Show { $count } more
hub-and-more = { $first } and { $count } more
hub-chart-table = Show these numbers as a table

# Problems
hub-problem-not-found = We cannot find that page
hub-problem-not-found-do = If you typed the address, check it. If you followed a link, it may be old, or the page may not be yours to see.
hub-problem-wrong-method = That page does not work like this
hub-problem-wrong-method-do = Go back to the page you came from and use its button.
hub-problem-not-signed-in = Sign in first
hub-problem-not-signed-in-do = You have been signed out, because you were away for a while or your day was over. What you had filled in was not saved.
hub-problem-not-for-role = This page is not part of your role
hub-problem-not-for-role-do = If you need it for your work, ask whoever runs this hub.
hub-problem-half-signed-in = One step is missing
hub-problem-half-signed-in-do = Finish signing in first.
hub-problem-not-fresh = Show that it is you first
hub-problem-not-fresh-do = You proved who you are a while ago. Do it again, then come back.
hub-problem-cross-site = That form did not come from our pages
hub-problem-cross-site-do = Nothing was changed. Open the page here and use its own button.
hub-problem-unreadable-form = We could not read what you sent
hub-problem-unreadable-form-do = Nothing was changed. Go back and try again with less text.
hub-problem-away = We cannot show this at the moment
hub-problem-away-do = The database it stands in does not answer. Nothing is lost, and what your collectors report is kept. Come back in some minutes. If it stays so for an hour, tell whoever runs this hub.
hub-problem-failed = Something went wrong on our side
hub-problem-failed-do = Nothing is lost. Try again in a few minutes. If it stays, tell whoever runs this hub what time it was.
hub-problem-start = Go to your start page
hub-problem-sign-in = Go to the sign-in page
hub-form-problem = There is a problem

# Signing in
hub-sign-in = Sign in to Larum
hub-sign-in-how = There is no password to remember, and none to steal.
hub-sign-in-passkey = Sign in with a passkey
hub-sign-in-no-link = If you have no passkey yet, or lost it
hub-sign-in-mail = Send me a link
hub-sign-in-mail-hint = We send a link that works once, for 10 minutes.
hub-sign-in-mailed = Look into your mail
hub-sign-in-mailed-how = If we know that address, a link is on its way to it. It works once, for 10 minutes.
hub-sign-in-mailed-none = Nothing after five minutes? Look among your junk mail, then ask whoever runs this hub.
hub-mail-subject = Your link to sign in to Larum
hub-mail-body =
    Hello { $name },

    here is your link to sign in to Larum. It works once, for 10 minutes:

    { $link }

    If you did not ask for it, do nothing. Nobody can use it without your telephone or passkey. If it happens again, tell whoever runs the hub.
hub-codes = Codes from an app
hub-codes-what = An app on your phone shows a new code every 30 seconds. With a link by e-mail and such a code you get in without a passkey.
hub-codes-add = Set up an app
hub-codes-replace = Set up another app in its place
hub-codes-remove = Take the app away
hub-codes-since = Set up on
hub-codes-how = Use any app for one-time codes, such as the one your phone came with.
hub-codes-scan = Let the app scan this picture.
hub-codes-picture = Picture for the app's camera. The same is below as text.
hub-codes-type = If that does not work, type this into the app:
hub-codes-first = The app now shows six digits. Type them here.
hub-codes-confirm = Use this app
hub-first-code = Or use an app for codes
hub-code = Code
hub-code-hint = Six digits.
hub-code-or-recovery = The six digits that your app shows, or one of your recovery codes.
hub-code-button = Go on
hub-code-refused = That code does not work
hub-code-wrong = The code is wrong, too old, or was used before. Wait for the next one.
hub-code-locked = There were too many wrong codes. Wait a quarter of an hour, or longer if it happened before. If it was not you, tell whoever runs this hub.
hub-code-no-app = You have no app for codes here.
hub-recovery = Keep these codes
hub-recovery-what = If you lose your phone, each of these gets you in once, in place of the six digits. Print them, or write them down, and keep them where only you look.
hub-recovery-done = I have kept them
hub-recovery-left = { $count ->
    [one] { $shown } recovery code is left.
   *[other] { $shown } recovery codes are left.
}
hub-sign-in-prove = One more step
hub-sign-in-prove-how = The link was right. Now show that it is you.
hub-sign-in-lost = If you have lost what you sign in with, ask whoever runs this hub. They can let you start again.
hub-again = Is it still you?
hub-again-how = What you are about to do matters, so we check first. Then do it once more.
hub-first-proof = Make your sign-in
hub-first-proof-how = You are in for the first time. Make something now that only you have. Next time you show that.
hub-try-again = Try again
hub-nav-account = Your sign-in
hub-account-lead = What you sign in with, and where you are signed in now.
hub-added = Added
hub-last-used = Last used
hub-passkeys = Passkeys
hub-passkeys-none = You have no passkey yet.
hub-passkey-what = A passkey lives in your phone, computer or security key. You unlock it with your finger, your face or your PIN. Nobody can trick you into typing it on a false page.
hub-passkey-no-site = Passkeys do not work at this address. They need a name with https in front. Ask whoever runs this hub.
hub-passkey-add = Add a passkey
hub-passkey-make = Make a passkey
hub-passkey-name = A name for it
hub-passkey-name-hint = So that you know it again, such as “my phone”.
hub-passkey-first-name = My passkey
hub-passkey-synced = copied to your other devices
hub-passkey-remove = Take away
hub-passkey-remove-which = Take { $name } away
hub-passkey-said-waiting = Your device asks you now. Follow what it says.
hub-passkey-said-cancelled = Nothing was sent. Press the button to try again.
hub-passkey-said-known = This device holds a passkey for you already. Use another device, or keep this one.
hub-passkey-said-failed = Your device could not do it. Try again, or use another device.
hub-passkey-said-unable = This browser knows no passkeys. Bring it up to date, or use another one.
hub-passkey-no-script = Passkeys need JavaScript, and it is switched off in this browser. Switch it on for this site, then load the page again.
hub-passkey-refused = That passkey did not work
hub-passkey-unreadable = We could not read what your device sent. Load the page again and try once more.
hub-passkey-ceremony = Your device answered another question than ours. Load the page again and try once more.
hub-passkey-challenge = You took longer than five minutes, or pressed twice. Try once more.
hub-passkey-site = The answer was made for another site. Check the address at the top of your browser, then try again.
hub-passkey-not-present = Your device says that nobody touched it. Try again and follow what it asks.
hub-passkey-not-verified = Your device did not check that it is you. Set up a PIN, a finger or a face on it, then try again.
hub-passkey-key = We cannot use this kind of passkey. Try another device.
hub-passkey-signature = The passkey did not fit. Try again, or use another one.
hub-passkey-copied = Somebody may have a copy of this passkey. Do not use it again, and tell whoever runs this hub now.
hub-passkey-unknown = We do not know this passkey. Perhaps you took it away here. Use another one.
hub-passkey-disabled = This person can no longer sign in here.
hub-last-proof = This is all you have to sign in with
hub-last-proof-do = Add something else first. Then you can take this away.
hub-sessions = Where you are signed in
hub-sessions-lead = If you do not know one of these, end it, and then look at your passkeys.
hub-session-where = With
hub-session-how = How
hub-session-since = Since
hub-session-here = you are here
hub-session-unknown = Unknown browser
hub-session-end = End
hub-session-end-which = End the session with { $name }
hub-sessions-end = End all others
hub-proof-link = a link
hub-proof-passkey = a passkey
hub-proof-code = a link and a code
hub-proof-recovery = a recovery code
hub-sign-in-ask = Ask whoever runs this hub to send you a new link. It works for 10 minutes.
hub-sign-in-press = Press the button to sign in.
hub-sign-in-button = Sign in
hub-sign-in-once = This link works once. We keep you signed in for up to 12 hours, and sign you out after 30 minutes without use.
hub-sign-in-refused = This link does not work
hub-link-unknown = We do not know this link. Perhaps a part of it was lost when it was copied.
hub-link-used = This link has been used already. If that was not you, tell whoever runs this hub now.
hub-link-expired = This link is too old. A link works for 10 minutes.
hub-link-disabled = This person can no longer sign in here.

# A firm's home
hub-verdict-broken-in = Something may have got in. Act now.
hub-verdict-broken-in-more = Start with the first point below. Call whoever looks after your computers and read it to them.
hub-verdict-things = { $count ->
    [one] One thing needs you today
   *[other] { $count } things need you today
}
hub-verdict-things-more = Nothing has got in as far as we can see. Do this so that it stays that way.
hub-verdict-not-watched = We cannot tell yet how you are
hub-verdict-not-watched-more = No collector has reported from your building, so nobody is watching.
hub-verdict-fine = You are OK. Nothing needs you today.
hub-verdict-fine-more = Your collectors are working, and no warning is open for you.
hub-verdict-calm = { $shown } attempts came to your door in this time. That is the noise of the internet, and none of them got in as far as we can see.
hub-todo = Do this today
hub-todo-more = { $count ->
    [one] One more point will show here when these are done.
   *[other] { $count } more points will show here when these are done.
}
hub-break-in = An attack on { $what } seems to have worked
hub-break-in-do = { $category ->
    [brute-force] Somebody guessed a log-in. Change that password now, sign everybody out, and ask your IT person to check what was done since.
    [web-attack] Somebody may have broken into your website. Ask your IT person to take it offline and check it before it goes back.
   *[other] Take the computer concerned off the network, leave it switched on, and call your IT person.
}
hub-install = Nobody is watching your network yet
hub-install-do = Ask whoever runs this hub for a join token. It is one command to install, and takes about ten minutes.
hub-collector-todo-silent = We no longer hear from the collector “{ $site }”
hub-collector-todo-silent-do = Check that the computer it runs on is switched on and connected. It catches up by itself.
hub-collector-todo-over-quota = The collector “{ $site }” found more today than this hub takes from one firm in a day
hub-collector-todo-over-quota-do = Nothing is lost: it keeps the rest and sends it bit by bit, so the newest may show here late. On its own page, look for a device that reports the same thing over and over. If it lasts, ask whoever runs this hub for more room.
hub-collector-todo-ailing = The collector “{ $site }” says that something is wrong with it
hub-collector-todo-ailing-do = See below what it is. On its computer, run “larum doctor”: it says what to do.
hub-collector-todo-unheard = The collector “{ $site }” joined, but has not reported yet
hub-collector-todo-unheard-do = On its computer, run “larum status”. It says what is missing.
hub-collector-todo-conflict = Two programs report as the collector “{ $site }”
hub-collector-todo-conflict-do = Somebody may have copied it, or an old copy of the machine was started. Ask whoever runs this hub to shut it out, and join again with a new token.

hub-activity = What came to your door
hub-span-day = Last 24 hours
hub-span-week = Last 7 days
hub-figure-blocked = attempts kept out
hub-figure-tried = attempts that did nothing we can see
hub-figure-got-in = attempts in attacks that got in
hub-figure-sources = different addresses they came from
hub-activity-cut = There was so much that these are the newest reports only. The true numbers are higher.
hub-activity-chart-day = Attempts per hour
hub-activity-chart-week = Attempts per day
hub-activity-summary-day = The busiest hour began at { $when }, with { $shown } attempts. Attempts that lasted for hours are spread evenly over them.
hub-activity-summary-week = The busiest day was the one from { $when }, with { $shown } attempts. Attempts that lasted for hours are spread evenly over them.
hub-activity-none = There were no attempts in this time.
hub-axis-day = Hour
hub-axis-week = Day
hub-attempts = Attempts

hub-recent = What happened lately
hub-recent-none = Nothing has been reported yet.
hub-recent-all = Everything that was reported
hub-happened = { $category ->
    [scan] Somebody looked for open doors: { $service }
    [brute-force] Somebody tried to guess log-ins: { $service }
    [web-attack] Somebody attacked { $service }
    [indicator] There was contact with an address known to be bad: { $service }
    [c2] A computer inside may be under somebody else's control: { $service }
    [dns-tunnel] Data may be hidden in name look-ups: { $service }
    [generated-domain] A computer asked for names that malware makes up: { $service }
    [dos] Somebody tried to overload you: { $service }
    [exfiltration] Much data went out: { $service }
    [malware] There was malicious software: { $service }
    [exposure] Something is open that should not be: { $service }
    [policy] A rule of the house was broken: { $service }
   *[other] Your security device raised an alarm: { $service }
}
hub-times = { $count ->
    [one] once
   *[other] { $shown } times
}
hub-from = { $others ->
    [0] from { $first }
    [one] from { $first } and one other address
   *[other] from { $first } and { $others } other addresses
}
hub-outcome-attempt = tried
hub-outcome-blocked = kept out
hub-outcome-success = got in
hub-outcome-unknown = not known
hub-category-scan = looking for open doors
hub-category-brute-force = guessing log-ins
hub-category-web-attack = attack on a website
hub-category-indicator = contact with a bad address
hub-category-c2 = remote control
hub-category-dns-tunnel = data hidden in name look-ups
hub-category-generated-domain = made-up names
hub-category-dos = overload
hub-category-exfiltration = data going out
hub-category-malware = malicious software
hub-category-exposure = weak spot
hub-category-policy = rule of the house
hub-category-ids-alert = alarm of a security device

# Collectors
hub-collectors = Collectors
hub-collectors-none = No collector has joined yet.
hub-collector-unnamed = Collector
hub-collector-working = working
hub-collector-silent = not heard
hub-collector-over-quota = day’s quota used up
hub-collector-ailing = needs a look
hub-collector-unheard = never heard
hub-collector-conflict = copied?
hub-collector-revoked = shut out
hub-collector-none = no collector
hub-last-heard = Last heard
hub-devices = { $count ->
    [0] No device sent it anything in the last hour.
    [one] One device sent to it in the last hour.
   *[other] { $count } devices sent to it in the last hour.
}
hub-spool = { $shown } kB wait to be sent.
hub-sum = { $received } lines received = { $events } understood + { $rejected } set aside + { $dropped } lost
hub-sum-adds-up = The sum adds up
hub-sum-wrong = { $shown } lines are not accounted for
hub-sum-reasons = Why, and what was sent
hub-sum-rejected = Set aside
hub-sum-dropped = Lost
hub-sum-withheld = Kept at home
hub-sum-findings = Findings
hub-sum-sightings = Sightings made of them
hub-sum-receipted = Sightings that this hub has

# Who read our data
hub-readers-title = Who read our data
hub-readers-lead = Every time the police or the resilience centre looks at what your firm sent, it is written here. Nobody can change this list.
hub-readers-none = Nobody outside your firm has looked at your data.
hub-readers-all = The whole list
hub-act-threat-read = Saw your firm's name on a threat's page
hub-act-member-list = Saw your firm in the list of firms
hub-act-member-read = Opened your firm's page
hub-act-add-member = Added a firm
hub-act-add-token = Made a join token
hub-act-blocklist-device = Let a device fetch the blocklist
hub-act-blocklist-device-out = Shut a device out from the blocklist
hub-act-blocklist-appeal = Took an address off the blocklist
hub-act-threat-verdict = Said what a threat was
hub-act-revoke-collector = Shut a collector out
hub-act-add-person = Added a person
hub-act-disable-person = Shut a person out
hub-act-enable-person = Let a person in again
hub-act-own-read = Looked at your firm's pages, to look after you
hub-act-give-firm = Let a service company look after your firm
hub-act-take-firm = Ended that a service company looks after your firm
hub-act-add-passkey = Added a passkey
hub-act-remove-passkey = Took a passkey away
hub-act-add-code-app = Added an app for codes
hub-act-remove-code-app = Took the app for codes away
hub-act-reset-proofs = Took away all that a person signs in with
hub-act-make-sign-in-link = Made a sign-in link

# Warnings
hub-warning = Warning
hub-warnings = Warnings
hub-warnings-none = There have been no warnings.
hub-back-home = Back to your home page
hub-do-this = Do this
hub-warning-about = About
hub-warning-issued = Sent
hub-warning-delivered = Your collector had it
hub-warning-hit = The attack reached you
hub-warning-expires = Good until
hub-warning-was-hit = The attack has reached you since. Check that the steps are done.
hub-warning-addresses = Addresses to block
hub-warning-addresses-do = These addresses attacked others. If your firewall can block addresses, ask your IT person to add them.
hub-warning-addresses-show = { $count ->
    [one] Show the address
   *[other] Show all { $count } addresses
}

# What leaves our building
hub-leaving = What leaves our building
hub-leaving-lead = This is all that your collectors have sent us, word for word. Nothing else leaves.
hub-leaving-never = No file, message, password, user name or inside address is ever part of it.
hub-leaving-csv = Download for a spreadsheet
hub-leaving-json = Download as JSON
hub-leaving-most = The newest { $shown } at most.
hub-leaving-fields = What each line means
hub-leaving-none = Nothing has left yet.
hub-field-id = Number
hub-field-id-why = Tells this report apart from others, so that an update replaces it. Says nothing about you.
hub-field-collector = Collector
hub-field-collector-why = Which of your collectors sent it.
hub-field-key = What was attacked
hub-field-key-why = The kind of service, so that firms can compare notes without saying more.
hub-field-detector = Found by
hub-field-detector-why = The part of the collector that noticed it.
hub-field-category = Kind of attack
hub-field-category-why = What sort of thing it was.
hub-field-attack = ATT&CK
hub-field-attack-why = The number of the method in a public list that experts use.
hub-field-severity = How bad
hub-field-severity-why = How bad it would be if true.
hub-field-confidence = How sure
hub-field-confidence-why = How sure the collector is, out of 100.
hub-field-outcome = What came of it
hub-field-outcome-why = Whether it was kept out or got in.
hub-field-first = First seen
hub-field-first-why = When it began.
hub-field-last = Last seen
hub-field-last-why = When it was last seen.
hub-field-count = How often
hub-field-count-why = How many attempts are behind it.
hub-field-sources = Attackers' addresses
hub-field-sources-why = Where it came from, on the public internet. Never an address inside your building.

# Threats
hub-threats = Emerging threats
hub-threats-count = { $count ->
    [0] No threat is open.
    [one] One threat is open.
   *[other] { $count } threats are open.
}
hub-threats-none = Nothing unusual is spreading among the firms here.
hub-threats-closed = Show those that are over
hub-threat = Threat
hub-threat-emerging = emerging
hub-threat-watching = watching
hub-threat-closed = over
hub-state = State
hub-firm = Firm
hub-firms = Firms hit
hub-sources = Attackers' addresses
hub-source = Address
hub-areas = Areas
hub-area = Police force area
hub-area-all = All areas
hub-area-own = Only { $area }
hub-first-seen = First seen
hub-last-seen = Last seen
hub-warned = Firms warned
hub-warned-first = Warned before they were hit
hub-score = Score
hub-back-threats = All threats
hub-threat-said-emerging = More firms than usual are being attacked in this way, from more addresses than usual. Called on { $opened }, { $after } after the first sighting.
hub-verdict = What it was
hub-verdict-none = No officer has said yet what this was.
hub-verdict-confirmed = An officer said: it was real.
hub-verdict-benign = An officer said: nothing to worry about. No more warnings go out.
hub-verdict-duplicate = An officer said: it is the same as another. No more warnings go out.
hub-verdict-give-confirmed = It was real
hub-verdict-give-benign = Nothing to worry about
hub-verdict-give-duplicate = The same as another
hub-precision = Of the { $judged } threats of the last 90 days that officers judged, { $confirmed } were real ({ $share } %). { $duplicate } more were the same as another; { $waiting } wait for a word.
hub-precision-none = { $waiting ->
    [0] No threat has been judged by an officer in the last 90 days.
    [one] No threat has been judged by an officer in the last 90 days. One waits for a word.
   *[other] No threat has been judged by an officer in the last 90 days. { $waiting } wait for a word.
}
hub-speed-warn = { $warnings ->
    [one] One warning was written in the last 90 days, { $span } after the first sighting.
   *[other] Of the { $warnings } newest warnings of the last 90 days, half were written within { $span } of the first sighting.
}
hub-speed-fetch = { $fetched ->
    [one] One has reached the firm, after { $span }.
   *[other] { $fetched } have reached the firms, 95 in a hundred of them within { $span }.
}
hub-threat-said-slow = Many addresses of one network share a slow search out over several firms, each address so little that no single firm could see it. Called on { $opened }, { $after } after the first sighting.
hub-threat-said-wave = Firms of one kind, one area or one region are being attacked more than their share. Called on { $opened }, { $after } after the first sighting.
hub-threat-said-control = Computers inside several firms are in contact with the same place outside, which hardly anybody else calls. They may be controlled from there. Called on { $opened }, { $after } after the first sighting.
hub-threat-said-campaign = Addresses that do the same things at several firms act together. Called on { $opened }, { $after } after the first sighting.
hub-threat-said-novel = This attack had not been seen at any firm in the weeks before. Called on { $opened }, { $after } after the first sighting.
hub-timeline = Addresses and firms per hour
hub-timeline-summary = { $count ->
    [one] At its height, one firm was attacked within one hour.
   *[other] At its height, { $shown } firms were attacked within one hour.
}
hub-timeline-called = called
hub-why = Why this is a threat
hub-why-score = Its score is { $score }: it stands { $score } times the usual ups and downs above the usual.
hub-why-usual = In the last { $hours } hours it counts { $now }; on a usual day it is { $usual }, give or take { $spread }, learned over { $days } days.
hub-why-how = We count different addresses and different firms, never the number of attempts, so one noisy attacker is no threat. One address counts for three firms at most, and the busiest firm is left out, so that no firm alone can raise or hide an alarm. Both counts must be far above the usual.
hub-why-roaming = { $now ->
    [one] One network holds
   *[other] { $now } networks hold
} an address that went from firm to firm, to new ones in several different hours of the last days; on a usual day it is { $usual }, learned over { $days } days.
hub-why-roaming-how = Scanners of the whole internet call on everybody within an hour or two. Computers that share out a list of targets do not, so even a few of them stand out. Networks that only one firm speaks of are left out, so that no firm alone can raise an alarm.
hub-why-numbers = Every number behind it
hub-threat-do = What to do
hub-threat-do-police = Call the firms in your area that were hit and ask whether anything got in. Firms that were warned and not hit have the steps below already.
hub-threat-do-firms = This is what warned firms are told to do:
hub-weaknesses = Weaknesses that attackers are known to use here
hub-weaknesses-of = From the list of { $date }, { $age }.
hub-weaknesses-stale = This list is old, and new weaknesses are missing. Ask whoever runs this hub to renew it.
hub-weaknesses-none = The list names none that surely belongs to this attack.
hub-weakness-what = What
hub-weakness-action = What must be done, as the list says
hub-weakness-due = US government offices had to be done by
hub-weakness-ransomware = Used for ransom
hub-weakness-ransomware-yes = yes
hub-weakness-ransomware-no = not known
hub-threat-firms = Firms hit and firms warned
hub-threat-firms-area = You see the firms of your area: { $area }. That you saw them stands in their list of readers.
hub-threat-firms-all = You see the firms of all areas. That you saw them stands in their list of readers.
hub-threat-firms-nobody = Names of firms are for officers only. The numbers by area and line of business are below.
hub-hit = Hit
hub-not-hit = Not hit
hub-warned-at = Warned
hub-not-warned = Not warned
hub-not-delivered = Not yet
hub-ahead = Head start
hub-ahead-by = { $span } before
hub-ahead-waiting = warned, not hit
hub-ahead-no = none
hub-hit-count = Firms hit
hub-by-areas = By area
hub-areas-one = Police force area
hub-by-sectors = By line of business
hub-sectors-one = Line of business
hub-origin = Registered in
hub-origin-of = An address is registered to a network in a country; who sits behind it may be anywhere. Read from:
hub-threat-sources = Addresses behind it
hub-threat-sources-more = Those that attacked the most firms come first. An address may belong to somebody whose computer was taken over.

# Firms
hub-members = Firms
hub-members-count = { $count ->
    [one] { $shown } firm
   *[other] { $shown } firms
}
hub-members-area = in { $area }
hub-members-audit = Each firm can see in its own list that you looked at this page.
hub-members-none = There are no firms here.
hub-health = Collectors
hub-open-warnings = Open warnings
hub-sector = Line of business
hub-size = Size
hub-back-members = All firms
hub-activity-behind = Some of what was sent since { $since } does not show here yet. Nothing is lost. It comes by itself.
hub-member-audit = The firm can see that you opened this page.
hub-sector-retail = shops
hub-sector-food = food and drink
hub-sector-health = health and care
hub-sector-education = education
hub-sector-legal = law
hub-sector-finance = money and accounts
hub-sector-manufacturing = making things
hub-sector-construction = building
hub-sector-transport = transport
hub-sector-technology = technology
hub-sector-charity = charity
hub-sector-public = public service
hub-sector-farming = farming
hub-sector-other = other
hub-size-micro = up to 9 people
hub-size-small = 10 to 49 people
hub-size-medium = 50 to 249 people
hub-size-large = 250 people or more

# Running the hub
hub-admin = Running the hub
hub-admin-lead = Here you add firms, collectors and people. What firms report is not shown to administrators.
hub-ledger = What was done
hub-ledger-whole = The ledger is whole
hub-ledger-rows = All { $shown } rows are as they were written.
hub-kept = Proof against tampering
hub-kept-why = The list above is part of a ledger in which every line seals the ones before it. This is its end now. Keep it somewhere else: with it you can see later whether anybody took a line away or changed one.
hub-kept-ask = A line you kept
hub-kept-check = Check it
hub-kept-holds = It is still there, unchanged.
hub-kept-gone = It is not what is there now. The ledger was changed. Tell whoever runs this hub, and the police if they cannot explain it.
hub-kept-malformed = That is no such line. It is a number, a colon and 64 signs.
hub-ledger-last-rows = The last { $checked } of { $shown } rows are as they were written. “larum-hub admin verify-ledger” checks all of them.
hub-ledger-head = Keep this line somewhere else to be able to prove it later:
hub-ledger-broken = The ledger was changed
hub-ledger-anchor-gone = Row { $row } is not what was published. The ledger was cut short, or written anew as a whole. Keep a copy of the store as it is and find out who had access to it.
hub-ledger-anchor-malformed = An anchor is the number of a row, a colon and its hash, as “larum-hub admin verify-ledger” printed them.
hub-ledger-broken-at = Row { $row } is not as it was written. Keep a copy of the store as it is and find out who had access to it.
hub-acts-none = Nothing has been done yet.
hub-admin-members-none = There are no firms yet. Add the first below.
hub-member-add = Add a firm
hub-member-name = Name of the firm
hub-id = Number
hub-admin-collectors-none = No collector has joined yet.
hub-site = Place
hub-site-hint = Where it will stand, such as “shop” or “head office”.
hub-joined = Joined
hub-invite = Invite a collector
hub-invite-which = Invite a collector of { $firm }
hub-invite-no-members = Add a firm first.
hub-invite-button = Make a join token
hub-token-made = A join token
hub-token-do = { $hours ->
    [one] Run this on the firm's computer within an hour. It works once.
   *[other] Run this on the firm's computer within { $hours } hours. It works once.
}
hub-shown-once = It is shown this once and kept nowhere.
hub-tokens = Join tokens
hub-token-used = used
hub-token-expired = too old
hub-token-waiting = not used yet
hub-revoke = Shut out
hub-revoke-which = Shut out the collector { $site } of { $firm }
hub-revoke-sure = It can send nothing from now on. To come back it needs a new token.
hub-revoke-yes = Yes, shut it out
hub-name = Name
hub-email = E-mail address
hub-role = Role
hub-belongs = Belongs to
hub-belongs-hub = The whole hub
hub-disabled = shut out
hub-person-add = Add a person
hub-person-firm-hint = Only for people of a firm.
hub-person-area-hint = Only for officers of one police force.
hub-none-of-these = None
hub-link = Sign-in link
hub-firms-mine = Firms looked after
hub-firms-mine-lead = Choose the firm whose pages you want to see. That firm sees when you do.
hub-firms-mine-none = No firm yet. Whoever runs this hub can add some.
hub-firm-open = Open
hub-firm-open-which = Open the pages of { $name }
hub-firm-chosen = chosen
hub-firms-of = Firms that { $name } looks after
hub-firms-of-lead = Add a firm only when it has asked for that. The firm sees it, and each time its pages are opened.
hub-firm-give = Add the firm
hub-firm-give-wrong = Choose a firm.
hub-firm-take = End
hub-firm-take-which = End looking after { $name }
hub-firm-masked = Firm { $mark }
hub-hidden = hidden
hub-reset = Lost passkey
hub-reset-which = Take away what { $name } signs in with, because it is lost
hub-link-which = Make a sign-in link for { $name }
hub-link-made = A sign-in link for { $name }
hub-link-do = Send it to them by a way that only they can read. It works once, for 10 minutes.
hub-disable = Shut out
hub-disable-which = Shut out { $name }
hub-enable = Let in again
hub-enable-which = Let { $name } in again
hub-wrong-name = Enter the name, at most 200 letters
hub-wrong-area = Choose the police force area
hub-wrong-sector = Choose the line of business
hub-wrong-size = Choose the size
hub-wrong-member = Choose a firm
hub-wrong-site = Enter the place, at most 100 letters
hub-wrong-no-link = This hub takes no collectors at the moment
hub-wrong-role = Choose a role
hub-wrong-taken = Somebody with this e-mail address is here already
hub-wrong-last-administrator = The last administrator cannot be shut out
hub-unfit-name = Enter the name, at most 100 letters
hub-unfit-email = Enter an e-mail address, such as sam@example.org
hub-unfit-needs-member = Choose the firm this person belongs to
hub-unfit-has-member = Only people of a firm have a firm
hub-unfit-needs-area = An officer works in one police force area. Choose it, or make them a regional officer.
hub-unfit-has-area = Only officers have an area
hub-unfit-area = Choose the police force area

# Help
hub-help-now = Under attack now?
hub-help-now-text = If a crime is happening now, call 999. If your firm is under attack over the internet, call Report Fraud on 0300 123 2040, day or night. In Scotland call Police Scotland on 101. Take the computer concerned off the network, but leave it switched on.
hub-help-what = What Larum does
hub-help-what-text = A small program in your building reads what your firewall and servers write down. It notices attacks, tells you, and sends us a short note about each. When the same attack spreads from firm to firm, we warn those it has not reached yet.
hub-help-private = What we see of you
hub-help-private-text = Only what your page “What leaves our building” shows. Every time somebody of the police or the resilience centre looks at it, your page “Who read our data” says so.
hub-help-people = Adding people
hub-help-people-text = Whoever runs this hub can add people of your firm and send them a sign-in link.
hub-help-accessible = Can everybody use these pages?
hub-help-accessible-text = We aim for the accessibility standard WCAG 2.2, level AA. The pages work with the keyboard, with screen readers, without JavaScript, in light and dark, enlarged to 400%, and on paper. If something does not work for you, tell whoever runs this hub.


# The command larum-hub admin
hub-cli-member-added = The firm is added; above is its number. Invite its collector next: larum-hub admin token --member { $id }
hub-cli-token = Above is the join token. Run “larum join TOKEN” on the firm's computer within { $hours } hours. It works once and is shown this once.
hub-cli-link = Above is the sign-in link. It works once, for 10 minutes. Send it by a way that only its person can read.
hub-cli-taken = Somebody with this e-mail address is here already. Make a new link: larum-hub admin sign-in-link --email ADDRESS
hub-cli-no-member = There is no such firm. See: larum-hub admin list members
hub-cli-no-person = There is no such person. See: larum-hub admin list people
hub-cli-no-collector = There is no such collector. See: larum-hub admin list collectors
hub-cli-link-name = The configuration's “link-name” is not a host name or address.
hub-cli-revoked = The collector is shut out. To come back it needs a new token.
hub-cli-disabled = The person is shut out, and signed out everywhere.

## Blocklist

hub-list-title = Your blocklist
hub-list-lead = A list of addresses that are likely to attack your firm next, made for you from what all firms here see. Your firewall can fetch it and keep them out.
hub-list-off = It is off. It goes on when you let a device fetch it.
hub-list-on = { $count ->
    [0] It is on. There are no entries yet: a new list takes a few minutes, and needs a day of sightings.
    [one] It is on, with one address.
   *[other] It is on, with { $shown } addresses.
}
hub-list-devices = Devices that may fetch it
hub-list-device = Device
hub-list-device-hint = A name you will know it by, such as: office firewall
hub-list-size = Most entries
hub-list-size-hint = How many addresses the device can hold. If you do not know, leave it as it is.
hub-list-fetched = Last fetched
hub-list-add = Let a device fetch it
hub-list-add-button = Make its address
hub-list-out = Shut out
hub-list-out-sure = The device can no longer fetch the list. This cannot be taken back; you can let it in again as a new one.
hub-list-out-yes = Yes, shut it out
hub-list-made = { $name } can fetch the list
hub-list-made-do = Put one of these addresses into the device, as it wants it. Whoever has the address can read your list, so keep it to yourself.
hub-list-format-plain = Most firewalls: one address a line
hub-list-format-cidr = Most firewalls, shorter: neighbours as networks
hub-list-format-palo-alto = Palo Alto Networks: external dynamic list
hub-list-format-mikrotik = MikroTik: script for the address list “larum”
hub-list-format-nftables = Linux: file for nft, sets of the table “larum”
hub-list-password = A device that can log in may leave the long part out of the address and use it as the password, with any name:
hub-list-first = The first list is there within a few minutes. Add ?family=4 or ?family=6 for one sort of address only.
hub-list-wrong = Give the device a name and choose how many entries it can hold.
hub-list-full = There are fifty devices already. Shut out one that is no longer used.
hub-list-why = Why is this blocked?
hub-list-address = Address
hub-list-why-button = Look it up
hub-list-why-found = { $members ->
    [one] { $address } is on your list, at place { $rank }. Your firm saw it attack in the last month.
   *[other] { $address } is on your list, at place { $rank }. { $members } firms saw it attack in the last month.
}
hub-list-why-not = This address is not on your list.
hub-list-appeal = Take it off our list
hub-list-taken-off = Taken off your list
hub-list-no-token = This needs the token of a device that may fetch the list.
hub-list-no-format = There is no list in this format.
hub-list-later = The list cannot be read at the moment. Keep the one you have and ask again.

## larum-hub backtest
backtest-unreadable = { $file } cannot be read: { $problem }
backtest-no-column = { $file } has no column “{ $column }”. The first line must name the columns time, member, src_ip, key and count.
backtest-bad-row = line { $line }, field { $field }: { $why }
backtest-bad-rows = { $bad ->
    [one] One row was left out because it could not be read; { $good } were used.
   *[other] { $bad } rows were left out because they could not be read; { $good } were used.
}
backtest-bad-time = this is not a time such as 2026-11-23T06:00:00Z
backtest-bad-address = this is not an IP address
backtest-bad-empty = this is empty
backtest-bad-long = this is longer than 512 bytes
backtest-bad-count = this is not a whole number
backtest-alarm-emerging = { $time }  { $name } is spreading: { $members } members, { $sources } sources (score { $score })
backtest-alarm-novel = { $time }  { $name } is new: { $members } members, { $sources } sources (score { $score })
backtest-alarm-wave = { $time }  { $name } hits { $scope } more than its share: { $members } members there, { $sources } sources (score { $score })
backtest-alarm-slow = { $time }  { $name } is searched for slowly by many addresses of one network: { $members } members, { $sources } sources (score { $score })
backtest-alarm-control = { $time } Computers inside { $members } members call { $name }, which hardly anybody else does (score { $score })
backtest-alarm-campaign = { $time }  { $name } and more are attacked by sources that act alike: { $members } members, { $sources } sources (score { $score })
backtest-blocklist = Lists of { $length }: { $lists } lists of one member for one day; { $precision } in a hundred addresses listed attacked that day, and { $recall } in a hundred attackers were listed.

# The programming interface: problems.
api-problem-wrong-parameter = A parameter is wrong
api-problem-wrong-parameter-do = Use only the parameters in the document, each once and within its limits. A cursor must be the "next" of the answer before.
api-problem-wrong-request = The request holds something it must not
api-problem-wrong-request-do = Send no body with this call.
api-problem-no-key = No key was sent
api-problem-no-key-do = Make a key on the page "Keys" and send it in the header: Authorization: Bearer, a blank, and the key.
api-problem-key-unknown = This key opens nothing
api-problem-key-unknown-do = Check that the whole key was copied. If it was lost, make a new one.
api-problem-key-expired = This key has ended
api-problem-key-expired-do = Make a new key on the page "Keys".
api-problem-key-revoked = This key was shut off
api-problem-key-revoked-do = Make a new key if the program is still to work. If you did not shut it off, ask whoever runs this hub.
api-problem-not-for-key = This key was not made for that
api-problem-not-for-key-do = Make a key that may do it, if your role allows it.
api-problem-not-for-role = This is not part of your role
api-problem-not-for-role-do = If you need it for your work, ask whoever runs this hub.
api-problem-not-found = There is no such thing
api-problem-not-found-do = Check the address. It may also be something that is not yours to see.
api-problem-wrong-method = This address does not work like that
api-problem-wrong-method-do = Look in the document which method the address takes.
api-problem-too-many-calls = Too many calls
api-problem-too-many-calls-do = Wait as many seconds as the header Retry-After says, then go on more slowly.
api-problem-away = A database of the hub does not answer
api-problem-away-do = Nothing is lost. Ask again after as many seconds as the header Retry-After says.
api-problem-failed = Something went wrong on our side
api-problem-failed-do = Nothing is lost. Try again in a few minutes. If it stays, tell whoever runs this hub what time it was.

# Keys for programs.
hub-nav-keys = Keys
hub-keys-lead = A key lets a program of yours fetch from this hub what you may see. It can do no more than you can.
hub-keys-none = You have no keys.
hub-keys-yours = Your keys
hub-key-name = What it is for
hub-key-name-hint = Such as the name of the program.
hub-key-may = What it may do
hub-key-days = Days until it ends
hub-key-days-hint = 1 to 366.
hub-key-created = Made
hub-key-ends = Ends
hub-key-used = Last used
hub-key-never = Never
hub-key-ended = Ended
hub-key-revoked = Shut off
hub-key-make = Make a key
hub-key-revoke = Shut off
hub-key-revoke-which = Shut off the key { $name }
hub-key-made = Your new key: { $name }
hub-key-made-do = Copy it into your program now. Keep it like a password: who has it can do with it what you can.
hub-key-may-own-read = Read what was seen at your own firm
hub-key-may-own-act = Say that a warning was read
hub-key-may-threat-list = List threats
hub-key-may-threat-read = Read a threat in full
hub-key-may-member-list = List firms
hub-key-may-member-read = Read what was seen at a firm
hub-key-may-admin-read = List collectors
hub-key-wrong-name = Say what the key is for, in up to 60 characters.
hub-key-wrong-days = Choose between 1 and 366 days.
hub-key-wrong-actions = Choose at least one thing that the key may do.
hub-key-wrong-many = You have 20 keys already. Shut off one you do not need.
hub-cli-key = This is the only time the key is shown. It ends after { $days } days.
hub-cli-key-revoked = The key is shut off.
hub-cli-no-key = That person has no such key.
hub-cli-wrong-actions = A key may do: own-read, own-act, threat-list, threat-read, member-list, member-read or admin-read, and of these only what its owner may do.
hub-act-add-key = Made a key for a program
hub-act-revoke-key = Shut off a key of a program
hub-act-acknowledge-warning = Said that a warning was read

# “larum-hub doctor”.
hub-doctor-config-ok = The settings are right.
hub-doctor-private-ok = The hub's folder is closed to others.
hub-doctor-private-broken = Others on this machine can read the hub's keys or its store.
hub-doctor-private-broken-fix = Close the folder: chmod -R go= FOLDER. If somebody may have copied the keys, set up a new hub.
hub-doctor-authority-ok = The hub's certificate authority can be used.
hub-doctor-authority-broken = The hub's certificate authority cannot be used.
hub-doctor-authority-broken-fix = Run this as the hub's user. If the files in authority/ are damaged, put them back from your backup.
hub-doctor-store-ok = The store opens.
hub-doctor-store-broken = The store does not open.
hub-doctor-store-broken-fix = Run this as the hub's user. If the file hub.sqlite is gone or damaged, put it back from your backup. If the store is a database server, see that it runs and that the settings under [store] fit.
hub-doctor-ledger-ok = The audit ledger is whole.
hub-doctor-ledger-broken = The audit ledger was changed, or cannot be read.
hub-doctor-ledger-broken-fix = Keep a copy of the folder as it is, and find out who could write to it: larum-hub admin verify-ledger names the row.
hub-doctor-sightings-ok = ClickHouse has the sightings.
hub-doctor-sightings-look = ClickHouse is behind: batches that wait: { $count }. Nothing is lost.
hub-doctor-sightings-look-fix = Wait some minutes and ask again. If it does not catch up, see whether its disk is fast and free enough.
hub-doctor-sightings-broken = ClickHouse does not answer, or refuses. Batches that wait: { $count }. Nothing is lost, but pages and the watch do not see them.
hub-doctor-sightings-broken-fix = See that it runs, and that sightings, sightings-user and sightings-password-file under [store] fit.
hub-doctor-quiet-ok = Every collector was heard within the hour.
hub-doctor-quiet-look = Collectors not heard within the hour: { $count }.
hub-doctor-quiet-look-fix = Look on the page "Collectors" which they are, and ask their firms.
hub-doctor-over-quota-ok = No collector had to wait for its day's quota within six hours.
hub-doctor-over-quota-look = Collectors that had to wait within six hours because they, or their firm, had used up the day's quota: { $count }.
hub-doctor-over-quota-look-fix = They keep the rest and send it bit by bit. Look on the page "Collectors" which they are, and ask their firms what reports so much. If it is right that they do, raise collector-day-sightings or member-day-sightings in the settings and restart the hub.
hub-doctor-copied-ok = No collector looks copied.
hub-doctor-copied-look = Collectors that look copied: { $count }.
hub-doctor-copied-look-fix = Shut each of them out on the page "Collectors" and invite its firm again.
hub-doctor-certificate-ok = The certificate of the pages can be used.
hub-doctor-certificate-look = The certificate of the pages ends within two weeks.
hub-doctor-certificate-look-fix = Have it renewed. The hub takes the new files by itself.
hub-doctor-certificate-broken = The certificate of the pages has ended, or its files cannot be used.
hub-doctor-certificate-broken-fix = Put a new certificate and its key where page-certificate and page-key say. The hub's user must be able to read them.
hub-doctor-addresses-ok = The files that say where addresses are registered can be read. The oldest was made { $count } days ago.
hub-doctor-addresses-look = A file that says where addresses are registered was made { $count } days ago.
hub-doctor-addresses-look-fix = Fetch a new one, and put it where address-files says.
hub-doctor-addresses-broken = A file that says where addresses are registered cannot be read.
hub-doctor-addresses-broken-fix = address-files names it. It must be an MMDB or the delegated statistics of an internet registry, and the hub's user must be able to read it. The hub's log says what is wrong with it.
hub-doctor-exploited-ok = The list of weaknesses that attackers are known to use can be read. It was released { $count } days ago.
hub-doctor-exploited-look = The list of weaknesses that attackers are known to use was released { $count } days ago. New ones are missing.
hub-doctor-exploited-look-fix = Fetch CISA's catalogue of known exploited vulnerabilities again, as JSON, and put it where known-exploited-file says.
hub-doctor-exploited-broken = The list of weaknesses that attackers are known to use cannot be read.
hub-doctor-exploited-broken-fix = Fetch CISA's catalogue of known exploited vulnerabilities as JSON, and put it where known-exploited-file says. The hub's user must be able to read it. The hub's log says what is wrong with the file.
hub-doctor-pages-ok = The pages answer.
hub-doctor-pages-look = The pages cannot be reached from here.
hub-doctor-pages-look-fix = Start the hub: systemctl start larum-hub.
hub-doctor-pages-broken = The pages answer that something is wrong.
hub-doctor-pages-broken-fix = Read the hub's log: journalctl -u larum-hub.
hub-doctor-link-ok = The door for collectors is open.
hub-doctor-link-look = The door for collectors cannot be reached from here.
hub-doctor-link-look-fix = Start the hub, and check that link-listen names this machine.
hub-doctor-address-ok = People reach the pages over https.
hub-doctor-address-look = People reach the pages without https.
hub-doctor-address-look-fix = Put a web server with a certificate in front, and set page-url to its https address.

# “larum-hub authority”: changing whom collectors know the hub by.
hub-authority-steady = The hub has one authority.
hub-authority-prepared = The next authority is announced. It signs nothing yet.
hub-authority-switched = The new authority signs. The one before is still trusted.
hub-authority-present = signs now
hub-authority-next = comes next
hub-authority-former = signed before
hub-authority-line = { $role }: { $sha256 }, until { $until }
hub-authority-all-know = All { $all } collectors that can call know this.
hub-authority-some-lag = { $lag } of { $all } collectors that can call do not know this yet:
hub-authority-more = ... and { $count } more.
hub-authority-no-collectors = No collector can call now.
hub-authority-prepare-done = The next authority is announced. Collectors learn it within minutes, each when it next calls. If other hubs use the same store, copy the folder { $folder } to each of them now. Look with "larum-hub authority show"; when all collectors know it, run "larum-hub authority switch".
hub-authority-switch-done = The new authority signs from now on, and the old key is gone from this folder. If other hubs use the same store, copy the folder { $folder } to each of them now. Make a backup. When all collectors know it, run "larum-hub authority retire".
hub-authority-retire-done = The old authority is no longer trusted. If other hubs use the same store, copy the folder { $folder } to each of them now, and take the file former.crt away there. Make a backup; older ones bring the old authority back.
hub-authority-replace-done = The hub has a new authority, and nobody trusts it yet. Every collector has to be invited again. Start the hub, and make a token for each.
hub-authority-replace-sure = After this no collector reaches the hub until it is invited again. Stop the hub, then run it again with --all-join-again.
hub-authority-request-done = Have this request signed by your root, as a certificate that may sign others, and keep the name in it as it is. Then run "larum-hub authority prepare --certificate FILE".
hub-authority-turn-steady = No change of the authority is under way. Begin with "larum-hub authority prepare".
hub-authority-turn-prepared = The next authority is announced already. Go on with "larum-hub authority switch".
hub-authority-turn-switched = The new authority signs already. Go on with "larum-hub authority retire".
hub-authority-no-key = There is no key for it here. Begin with "larum-hub authority request".
hub-authority-certificate = This certificate is not the one that was asked for: it must be for the same key, with the same name, and may sign certificates.
hub-authority-failed = It was not done: { $problem }
hub-authority-lag = { $lag } of { $all } collectors that can call do not know this step yet; "larum-hub authority show" names them. Wait until they have called, or go on with --anyway: then each of them has to be invited again.
hub-act-prepare-authority = Announced the hub's next authority
hub-act-switch-authority = Had the hub's next authority sign
hub-act-retire-authority = Ended the trust in the hub's former authority
hub-act-replace-authority = Put a new authority in place of the hub's
hub-doctor-authority-look = The hub's certificate authority ends within a year.
hub-doctor-authority-look-fix = Change it: larum-hub authority prepare. The guide is in docs/operator/authority.md.
hub-cli-erased = The firm is erased: { $rows } rows are gone. Backups made before still hold it; delete them or restore none of them.
hub-cli-backed-up = The backup is whole: { $rows } rows. It holds the hub's secret key: keep it as safe as the hub. The configuration file is not in it.
hub-cli-restored = The hub is back with { $rows } rows, as it stood at { $made }. Start it now; collectors send again what came later.
hub-cli-backup-failed = It was not done: { $problem }
