# English: what the detectors say. A title is one line; an advice says what to do, in plain words.

detect-unknown-source = Somebody

service-name = { $key ->
    [tcp-21] file transfer (FTP)
    [tcp-22] remote log-in (SSH)
    [tcp-23] remote log-in (Telnet)
    [tcp-25] mail (SMTP)
    [tcp-80] the web (HTTP)
    [tcp-110] mail boxes (POP3)
    [tcp-143] mail boxes (IMAP)
    [tcp-389] the directory (LDAP)
    [tcp-443] the web (HTTPS)
    [tcp-445] Windows file sharing (SMB)
    [tcp-587] sending mail
    [tcp-993] mail boxes (IMAP)
    [tcp-995] mail boxes (POP3)
    [tcp-1433] databases (SQL Server)
    [tcp-3306] databases (MySQL)
    [tcp-3389] remote desktop (RDP)
    [tcp-5432] databases (PostgreSQL)
    [tcp-5900] remote screen (VNC)
    [tcp-6379] databases (Redis)
    [udp-5060] internet phones (SIP)
    [auth-guessing] log-ins
    [vpn-guessing] your VPN
    [web-log-in] a website log-in
   *[other] { "" }
}

detect-guessing-title = { $source } tried to guess a password for { $service }
detect-guessing-advice = Do not let the whole internet reach this log-in: allow only the addresses you know, or use a VPN. Use keys or a second step instead of passwords alone.

detect-spraying-title = { $source } tried { $names } different names to get in at { $service }
detect-spraying-advice = Do not let the whole internet reach this log-in: allow only the addresses you know, or use a VPN. Remove accounts nobody uses, and turn on a second step for the rest.

detect-inside-guessing-title = { $source }, inside your network, keeps failing to log in at { $service }
detect-inside-guessing-advice = Find out which computer this is. Most often it holds an old password; change it there. If nobody knows why it tries, take it off the network and have it checked.

detect-vpn-guessing-title = { $source } tried to guess a password for your VPN
detect-vpn-guessing-advice = Turn on a second step for everyone who uses the VPN, remove accounts nobody uses, and keep the device's software up to date. If all your people work from one country, let the VPN answer no other.

detect-web-guessing-title = { $source } tried to guess a password for a website log-in
detect-web-guessing-advice = Limit how often one address may try to log in to the website, and turn on a second step for everyone who can change it.

detect-break-in-title = { $source } logged in at { $service } after many wrong passwords
detect-break-in-advice = Treat this account as taken over unless its owner confirms the log-in. Change its password now, end its sessions, and check what was done since. If it was not the owner, report it to the police.

detect-late-log-in-title = { $source } logged in at { $service } after several wrong passwords
detect-late-log-in-advice = Ask the owner of the account whether this was them. If not, change the password now.

detect-neighbour-break-in-title = { $source } logged in at { $service } after its neighbours gave many wrong passwords
detect-neighbour-break-in-advice = Addresses of the same small network guessed passwords within the hour before. Ask the owner of the account whether this was them. If not, change the password now, end the account's sessions, and check what was done since.

detect-crowd-break-in-title = { $source } logged in at { $service } while many addresses were guessing
detect-crowd-break-in-advice = One of their guesses may have been right. Ask the owner of the account whether this was them. If not, change the password now, end the account's sessions, and check what was done since.

detect-old-password-title = { $source } seems to use an old password for { $service }
detect-old-password-advice = It comes back by the clock with the same name, as a phone or a mail program does. Find out whose it is and enter the new password there. If nobody knows it, block the address.

detect-shared-spraying-title = { $sources } addresses together tried { $names } names at { $service }
detect-shared-spraying-advice = Each stays quiet; together they try common passwords for every name they know. Turn on a second step for every account, lock accounts nobody uses, and let only the addresses you know reach this log-in, or use a VPN.

detect-stuffing-title = { $sources } addresses together tried a list of { $names } names at { $service }
detect-stuffing-advice = They try names and passwords stolen elsewhere, each once. Turn on a second step for every account. Ask everyone to change a password they also use on other websites.

detect-account-guessing-title = { $sources } addresses tried to guess the password of one account at { $service }
detect-account-guessing-advice = Somebody is after this account. Give it a long password used nowhere else and turn on a second step. Do not let the whole internet reach this log-in.

detect-shared-guessing-title = { $sources } addresses together tried to guess passwords for { $service }
detect-shared-guessing-advice = Each stays quiet; together they are more than usual. Limit how often a password may be tried, and turn on a second step for everyone.

detect-port-scan-title = { $source } looked for open doors and found none
detect-port-scan-advice = Nothing to do: your firewall kept it out. Such scans are part of everyday life on the internet.

detect-open-port-scan-title = { $source } looked for open doors and reached { $reasons }
detect-open-port-scan-advice = Check that each service it reached must be open to everyone. Close or restrict what need not be, and keep the rest up to date.

detect-inside-port-scan-title = { $source }, inside your network, tried many closed doors
detect-inside-port-scan-advice = Find out which computer this is and whether somebody runs a network check from it. If nobody does, take it off the network and have it looked at for malware.

detect-address-scan-title = { $source } tried { $service } on many of your addresses
detect-address-scan-advice = Nothing to do as long as your firewall keeps it out. Check that this service is not open to everyone.

detect-shared-scan-title = { $sources } addresses of one network took turns to look for open doors
detect-shared-scan-advice = Nothing to do: your firewall kept them out. The hub compares this with what other firms see.

detect-inside-address-scan-title = { $source }, inside your network, tries to reach many machines at { $service }
detect-inside-address-scan-advice = Malware that spreads looks like this. Take the computer off the network and have it checked, unless somebody knows why it does this.

detect-probe-title = { $source } knocked at a closed door ({ $service })
detect-probe-advice = Nothing to do: your firewall kept it out.

detect-protocol-mismatch-title = { $source } hides another kind of traffic behind { $service }
detect-protocol-mismatch-advice = This computer used remote control or file sharing over a door that is meant for the web, mail or names. Ask the person who uses it whether they set this up. If nobody did, take the computer off the network and have it checked.

detect-certificate-ending-title = The certificate of your server { $source } ends on { $label }
detect-certificate-ending-advice = After that day visitors see a warning, or programs refuse to connect. Ask whoever looks after the server to renew it now, and to let it renew itself from then on.

detect-certificate-ended-title = The certificate of your server { $source } ended on { $label }
detect-certificate-ended-advice = Visitors now see a warning, or programs refuse to connect. Ask whoever looks after the server to renew it today, and to let it renew itself from then on. If nobody uses this server any more, switch it off.

detect-web-probing-title = { $source } looked for hidden pages on your website
detect-web-probing-advice = Nothing to do now. Check that backups, settings and test pages do not lie in the website's folders.

detect-web-crawl-title = { $source } read your website faster than a person can
detect-web-crawl-advice = Nothing to do: search engines and price comparers do this. If the website becomes slow, limit how many pages one address may fetch in a second.

detect-web-scanner-title = { $source } went over your website with a tool that looks for holes
detect-web-scanner-advice = If you did not order a test, nothing needs doing today but this: keep the website's software and add-ons up to date.

detect-proxy-probe-title = { $source } tried to use your web server to reach other websites
detect-proxy-probe-advice = Nothing to do: the server refused.

detect-proxy-probe-answered-title = { $source } asked your web server to fetch other websites, and got an answer
detect-proxy-probe-answered-advice = Most servers then answer with their own start page, which is harmless. Have the person who looks after the server check that it does not carry requests to other websites.

web-attack-kind = { $kind ->
    [sql] commands for your database
    [xss] script for your visitors' browsers
    [traversal] a way to files outside the website
    [command] commands for your server
    [template] code for your server
    [file-inclusion] files from elsewhere
    [known-exploit] a known hole in web software
    [sensitive-file] files that must stay secret
    [scanner] an attack tool
    [header] forged headers
    [query] commands for your directory or database
   *[other] attack code
}

detect-web-attack-title = { $source } attacked your website ({ $kind })
detect-web-attack-advice = Your website turned the requests away. Keep its software and add-ons up to date.

detect-answered-web-attack-title = { $source } attacked your website ({ $kind }), and some requests were answered
detect-answered-web-attack-advice = Have the person who looks after the website check these requests: what was sent back, and whether anything changed. Update the website's software and add-ons today.

detect-indicator-in-title = { $source }, known for attacks, reached you
detect-indicator-in-advice = Block this address at your firewall, and check what it did in the hours around this time.

detect-indicator-blocked-title = { $source }, known for attacks, was kept out
detect-indicator-blocked-advice = Nothing to do: your firewall kept it out.

detect-indicator-program-title = { $source } uses a program that is known to be bad ({ $label })
detect-indicator-program-advice = Programs give themselves away by how they set up a protected connection. Find out which program on this computer made the connection. If nobody can explain it, take the computer off the network and have it checked for malware.

detect-indicator-out-title = { $source } contacted { $label }, which is known to be bad
detect-indicator-out-advice = Find out which computer this is and what it was doing. If nobody can explain it, take it off the network and have it checked for malware.

detect-alert-title = Your security device raised the alarm: { $label }
detect-alert-advice = Look the alarm up in the device's own log, and check the machine it names: nothing here says that it was blocked.

detect-blocked-alert-title = Your security device stopped an attack: { $label }
detect-blocked-alert-advice = Make sure that the software it was aimed at is up to date, in case the next one comes another way.

# Who is no cause for alarm.
detect-ours-advice = Nothing to do: your settings say that this address is yours ({ $who }). If that is not so any more, take it out of `ours`.
detect-known-scanner-advice = Nothing to do: this is { $who }. It means no harm, and it says who it is. What it finds open, others find too.

detect-generated-domain-title = { $source }, inside your network, asks for names that look made up by a program
detect-generated-domain-advice = Malware finds its master this way. Find out which computer this is, take it off the network and have it checked for malware. If it is your own name server, find the computer that asked it.

detect-missing-names-title = { $source }, inside your network, asks for many names that do not exist
detect-missing-names-advice = Find out which program on this computer asks for them. A mail server or a web crawler may do so in its daily work; on an ordinary computer have it checked for malware.

detect-dns-tunnel-title = { $source }, inside your network, seems to carry data out through names under { $label }
detect-dns-tunnel-advice = Find out which computer this is and which program asks for these names. If nobody knows it, take the computer off the network, have it checked, and block the name at your name server.
