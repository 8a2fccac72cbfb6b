# English: what is said about Sigma rules. `rule-title-FILE` and `rule-advice-FILE` belong to
# content/rules/FILE.yml.

rule-skip-too-large = The file is too large.
rule-skip-too-many = There is more in it than we can take.
rule-skip-not-yaml = The file cannot be read as YAML.
rule-skip-incomplete = A part that every rule needs is missing.
rule-skip-duplicate-id = Another rule with the same id is already in use.
rule-skip-deprecated = Its author has withdrawn it.
rule-skip-log-source = It is for a kind of log that we do not receive.
rule-skip-field = It needs a detail that our events do not have.
rule-skip-modifier = It uses a feature that we do not know.
rule-skip-placeholder = It needs a list that you would have to fill in first.
rule-skip-value = One of its values does not make sense.
rule-skip-regex = One of its search patterns cannot be run safely.
rule-skip-condition = Its condition does not make sense.
rule-skip-aggregation = It counts in an old way and does not say within which time, or how.
rule-skip-correlation = It counts in a way that does not make sense or that we do not know.
rule-skip-filter = It is a filter for other rules that does not make sense.
rule-skip-reference = It builds on a rule that is missing or cannot be used.

# The commands about rules.
rules-counted = counted by another rule
rules-filter = Filter “{ $title }” is joined to { $rules ->
    [one] one rule
   *[other] { $rules } rules
}.
rules-count = { $count ->
    [one] One rule is in use.
   *[other] { $count } rules are in use.
}
rules-not-used = { $count ->
    [one] One rule is not in use:
   *[other] { $count } rules are not in use:
}
rules-case-missed = “{ $title }” should have matched case { $number } and did not.
rules-case-matched = “{ $title }” matched case { $number } and should not have.
rules-tested = { $files } files, { $rules } rules, { $held } of { $cases } cases hold, { $away } rules are not for what comes here.
rules-problems = { $count ->
    [one] One problem: mend it, then run the test again.
   *[other] { $count } problems: mend them, then run the test again.
}

rule-advice-for-web = Check that the web server's software is up to date. If the request was answered with a page, ask whoever looks after the site to look at that page today.
rule-advice-for-exposure = Close this door to the internet unless you need it. If you need it, let in only the addresses that you know, or use a VPN.
rule-advice-for-log-in = Change the password of the account and switch on two-step log-in. If nobody of yours was logging in, block the address in your firewall.
rule-advice-for-malware = Take the device off the network, do not switch it off, and ask your IT person to look at it.
rule-advice-for-other = Ask your IT person whether this was meant to happen. If not, undo it and change the passwords involved.

# Rules that ship with the program.

rule-title-web-secret-file-served = Your website handed out a secret file
rule-advice-web-secret-file-served = Take the file off the website now. Change every password and key that was in it, and check when it was last fetched.

rule-title-web-secret-file-asked = Someone looked for secret files on your website
rule-advice-web-secret-file-asked = Nothing was handed out. Keep backups and settings files out of the web folder.

rule-title-web-shell-answered = A remote-control script may be running on your website
rule-advice-web-shell-answered = Ask whoever looks after the site to look at this file today. If it is not yours, take the site offline, keep a copy, and restore from a clean backup.

rule-title-web-log4shell = Someone tried the Log4Shell hole on your website
rule-advice-web-log4shell = Make sure that every Java program on the server uses Log4j 2.17.1 or newer. Look for connections from the server to unknown addresses since then.

rule-title-web-phpunit-eval = Someone tried the PHPUnit hole on your website
rule-advice-web-phpunit-eval = If the answer was "not found", nothing happened. Otherwise delete the folder vendor/phpunit from the website and have the server checked.

rule-title-web-shellshock = Someone tried the Shellshock hole on your website
rule-advice-web-shellshock = Update the server and any router, camera or printer with a web page. Old devices that get no more updates should not be reachable from the internet.

rule-title-web-router-exploit = Someone tried a router hole on your website
rule-advice-web-router-exploit = Make sure that no router, camera or recorder can be reached from the internet, and that they have the newest software.

rule-title-web-scanner-agent = A scanning program looked for holes in your website
rule-advice-web-scanner-agent = If you did not order a test, block the address. Make sure that the website and its add-ons are up to date.

rule-title-web-traversal-served = A visitor may have read system files through your website
rule-advice-web-traversal-served = Update the web server and its add-ons today. Take passwords and keys on that server as known to the attacker and change them.

rule-title-web-wordpress-users = Your website tells visitors the names of its accounts
rule-advice-web-wordpress-users = Ask whoever looks after the site to hide the list of users, and switch on two-step log-in for all editors.

rule-title-web-vpn-gateway-exploit = Someone tried a VPN hole on your website
rule-advice-web-vpn-gateway-exploit = Install the newest software on your VPN gateway and firewall. If it was old when this happened, have it checked and change all VPN passwords.

rule-title-web-exchange-proxyshell = Someone attacked your mail server
rule-advice-web-exchange-proxyshell = If you run Exchange yourself, install the newest updates today and have the server checked for remote-control scripts.

rule-title-web-php-cgi = Someone tried a PHP hole on your website
rule-advice-web-php-cgi = Update PHP. On Windows servers, check whether PHP runs as CGI and change that.

rule-title-firewall-admin-from-internet = Someone logged in to your firewall from the internet
rule-advice-firewall-admin-from-internet = Ask your IT person whether it was them. If not, disconnect, change the password and look for new rules and accounts. In any case, allow administration only from inside.

rule-title-firewall-admin-refused-from-internet = Strangers can reach the log-in page of your firewall
rule-advice-firewall-admin-refused-from-internet = Allow administration of the firewall only from inside or from the addresses of your IT firm, and switch on two-step log-in.

rule-title-vpn-login-refused = A log-in to your VPN was refused
rule-advice-vpn-login-refused = If this was nobody of yours, or happens often, switch on two-step log-in for the VPN.

rule-title-ssh-root-from-internet = The main account of a server was used from the internet
rule-advice-ssh-root-from-internet = Ask your IT person whether it was them. If not, disconnect the server and have it checked. Switch off log-in as root from outside.

rule-title-exposed-remote-desktop = Your remote desktop is open to the internet
rule-advice-exposed-remote-desktop = Close port 3389 in the firewall today. Let people in through a VPN with two-step log-in.

rule-title-exposed-windows-sharing = Your shared folders are open to the internet
rule-advice-exposed-windows-sharing = Close ports 135, 139 and 445 in the firewall today. Nobody outside needs them.

rule-title-exposed-telnet = An old, unsafe log-in is open to the internet
rule-advice-exposed-telnet = Close ports 23 and 2323 in the firewall. Update or replace the device behind it.

rule-title-exposed-database = A database is open to the internet
rule-advice-exposed-database = Close the port in the firewall today, then check whether data was copied or deleted.

rule-title-exposed-remote-control = Remote control of your computers is open to the internet
rule-advice-exposed-remote-control = Close ports 5900, 5901, 5985 and 5986 in the firewall. Use a VPN with two-step log-in.

rule-title-ids-alert-passed = Your firewall noticed an attack and let it through
rule-advice-ids-alert-passed = Set this protection to "block" in the firewall. Have the target of the attack checked and updated.

rule-title-outbound-mail-refused = A computer of yours tried to send mail by itself
rule-advice-outbound-mail-refused = Find out which computer it is. If it is no printer or scanner, have it checked for malicious software.

rule-title-outbound-windows-sharing = A computer of yours opened shared folders on the internet
rule-advice-outbound-windows-sharing = Close ports 139 and 445 towards the internet in the firewall. Ask the user what was opened, and change their password.

rule-title-login-one-account-many-sources = Many computers are guessing the password of one account
rule-advice-login-one-account-many-sources = Give this account a long new password and switch on two-step log-in. Blocking single addresses does not help here.

rule-title-login-many-accounts-locked = Several accounts were locked because of wrong passwords
rule-advice-login-many-accounts-locked = Ask the people whether it was them. If not, do not just unlock the accounts: find out from which computer or service the log-ins came and stop it there.

rule-title-login-one-account-many-homes = One account is in use from many places at once
rule-advice-login-one-account-many-homes = Ask the person. If it was not them, change the password, sign the account out everywhere and switch on two-step log-in.

rule-title-login-then-new-account = Someone logged in from outside and made a new account
rule-advice-login-then-new-account = Ask your IT person whether it was them. If not, switch off the new account and the one that made it now, and have both devices checked.

rule-title-web-upload-then-script = A script may have been planted on your website
rule-advice-web-upload-then-script = Ask whoever looks after the site to look at this file today. If it is not yours, take the site offline, keep a copy, and restore from a clean backup.
