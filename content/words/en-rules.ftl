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
rule-skip-aggregation = It counts in an old way that newer rules have replaced.
rule-skip-correlation = Correlation is not built yet.
rule-skip-filter = Filters for other rules are not built yet.

rule-advice-for-web = Check that the web server's software is up to date. If the request was answered with a page, ask whoever looks after the site to look at that page today.
rule-advice-for-exposure = Close this door to the internet unless you need it. If you need it, let in only the addresses that you know, or use a VPN.
rule-advice-for-log-in = Change the password of the account and switch on two-step log-in. If nobody of yours was logging in, block the address in your firewall.
rule-advice-for-malware = Take the device off the network, do not switch it off, and ask your IT person to look at it.
rule-advice-for-other = Ask your IT person whether this was meant to happen. If not, undo it and change the passwords involved.
