# English: threats seen across firms, and the warnings about them.
# watch-name-SERVICE says what is attacked, inside a sentence. watch-do-SERVICE-N says what a firm that
# was not hit yet should do, most useful first.

watch-name-tcp-22 = remote log-in to servers, SSH (tcp/22)
watch-do-tcp-22-1 = Let only the addresses of people you know reach remote log-in (port 22). Your firewall can do this.
watch-do-tcp-22-2 = Switch off log-in with passwords on your servers and use keys.
watch-do-tcp-22-3 = Check that every account on your servers belongs to someone who still needs it.

watch-name-tcp-23 = old remote log-in, Telnet (tcp/23)
watch-do-tcp-23-1 = Close port 23 on your firewall. Nothing should be reached this way today.
watch-do-tcp-23-2 = Change the password of cameras, printers and routers that still have the one they came with.

watch-name-tcp-445 = Windows file sharing (tcp/445)
watch-do-tcp-445-1 = Close port 445 on your firewall. File sharing should never be open to the internet.
watch-do-tcp-445-2 = Install the latest Windows updates on every computer and server.
watch-do-tcp-445-3 = Check that last night's back-up worked and that a copy is kept off the network.

watch-name-tcp-1433 = Microsoft SQL databases (tcp/1433)
watch-do-tcp-1433-1 = Close port 1433 on your firewall, or let only addresses you know reach it.
watch-do-tcp-1433-2 = Change the database administrator's password to a long one.

watch-name-tcp-3306 = MySQL databases (tcp/3306)
watch-do-tcp-3306-1 = Close port 3306 on your firewall, or let only addresses you know reach it.
watch-do-tcp-3306-2 = Change the database administrator's password to a long one.

watch-name-tcp-3389 = remote desktop (tcp/3389)
watch-do-tcp-3389-1 = Close port 3389 on your firewall. Let staff in through a VPN with a second step, such as a code on the phone.
watch-do-tcp-3389-2 = Lock accounts for a while after ten wrong passwords.
watch-do-tcp-3389-3 = Install the latest Windows updates on the computers that staff reach from outside.

watch-name-tcp-5900 = screen sharing, VNC (tcp/5900)
watch-do-tcp-5900-1 = Close port 5900 on your firewall.
watch-do-tcp-5900-2 = Give screen sharing a long password, or remove it where nobody uses it.

watch-name-udp-5060 = internet telephones (udp/5060)
watch-do-udp-5060-1 = Let only your telephone provider's addresses reach port 5060.
watch-do-udp-5060-2 = Change the passwords of telephones and extensions that still have the one they came with.
watch-do-udp-5060-3 = Ask your provider to block calls to expensive foreign numbers.

watch-name-port = a network service ({ $key })
watch-do-port-1 = Check whether your firewall lets { $key } in from the internet. If nobody needs it, close it.
watch-do-port-2 = If it is needed, let only addresses you know reach it, and install the maker's latest update.

watch-name-scan = searches for open doors ({ $key })
watch-do-scan-1 = Check which services your firewall lets in from the internet. Close those nobody needs.
watch-do-scan-2 = Install the latest updates on everything that is left open.

watch-name-web-traversal = web sites, by reading files that are not meant to be read ({ $key })
watch-do-web-traversal-1 = Install the latest updates of your web site, its plug-ins, and any remote-access or file-sharing page you run.
watch-do-web-traversal-2 = Block the addresses in this warning on your firewall.
watch-do-web-traversal-3 = If you cannot update today, switch the page off that strangers do not need, or let only addresses you know reach it.

watch-name-web-command = web sites, by slipping commands to the server ({ $key })
watch-do-web-command-1 = Install the latest updates of your web site, its plug-ins, and any remote-access page you run.
watch-do-web-command-2 = Block the addresses in this warning on your firewall.
watch-do-web-command-3 = Look for new files or accounts on the server that nobody in the firm made.

watch-name-web-sql = web sites, by slipping commands to the database ({ $key })
watch-do-web-sql-1 = Install the latest updates of your web site, its shop and its plug-ins.
watch-do-web-sql-2 = Ask whoever built the site whether forms and searches are safe against injection.
watch-do-web-sql-3 = Block the addresses in this warning on your firewall.

watch-name-web-xss = web sites, by slipping scripts into pages ({ $key })
watch-do-web-xss-1 = Install the latest updates of your web site and its plug-ins.
watch-do-web-xss-2 = Ask whoever built the site whether everything visitors type is made harmless before it is shown.

watch-name-web-file-inclusion = web sites, by making them load foreign files ({ $key })
watch-do-web-file-inclusion-1 = Install the latest updates of your web site and its plug-ins.
watch-do-web-file-inclusion-2 = Block the addresses in this warning on your firewall.
watch-do-web-file-inclusion-3 = Look for new files on the server that nobody in the firm made.

watch-name-web-known-exploit = web sites and remote-access pages, through a known hole ({ $key })
watch-do-web-known-exploit-1 = Install the latest updates of your web site, and of any remote-access or file-sharing page you run, today.
watch-do-web-known-exploit-2 = If you cannot update today, let only addresses you know reach the page, or switch it off.
watch-do-web-known-exploit-3 = Block the addresses in this warning on your firewall.

watch-name-web-sensitive-file = web sites, by fetching files left behind ({ $key })
watch-do-web-sensitive-file-1 = Remove back-ups, settings files and test copies from your web server.
watch-do-web-sensitive-file-2 = If such a file was there, change every password and key that stood in it.

watch-name-web-log-in = log-in pages of web sites ({ $key })
watch-do-web-log-in-1 = Turn on a second step at log-in, such as a code on the phone, for everybody who edits your web site.
watch-do-web-log-in-2 = Lock log-in for a while after ten wrong passwords.
watch-do-web-log-in-3 = Block the addresses in this warning on your firewall.

watch-name-web-probing = web sites, by looking for forgotten pages ({ $key })
watch-do-web-probing-1 = Remove pages, test copies and log-in forms that nobody uses.
watch-do-web-probing-2 = Install the latest updates of your web site and its plug-ins.

watch-name-web = web sites ({ $key })
watch-do-web-1 = Install the latest updates of your web site and its plug-ins.
watch-do-web-2 = Block the addresses in this warning on your firewall.
watch-do-web-3 = Remove pages, test copies and log-in forms that nobody uses.

watch-name-place = contact with { $key }
watch-do-place-1 = Search your firewall's log for { $key }. A computer that calls it needs looking at.
watch-do-place-2 = Unplug such a computer from the network, leave it switched on, and call your IT person.
watch-do-place-3 = Block { $key } on your firewall, in both directions.

watch-control-title = Computers in several firms call { $key }
watch-control-why = { $members ->
    [one] One firm
   *[other] { $members } firms
} connected to us { $members ->
    [one] has
   *[other] have
} a computer inside that calls { $key }, which hardly anybody else does. It may be controlled from there.

watch-name-rule = what we call “{ $title }”
watch-name-other = something that firms like yours run ({ $key })
watch-do-other-1 = Block the addresses in this warning on your firewall.
watch-do-other-2 = Install the latest updates on everything that the internet can reach.

watch-warning-title = Attacks on { $name } are spreading
watch-warning-why = { $members ->
    [one] One firm
   *[other] { $members } firms
} connected to us { $members ->
    [one] was
   *[other] were
} attacked this way in the last 24 hours, from { $sources } different addresses. We have not seen it at your firm yet, so there is time to act.
watch-warning-why-hit = { $members ->
    [one] One firm
   *[other] { $members } firms
} connected to us { $members ->
    [one] was
   *[other] were
} attacked this way in the last 24 hours, from { $sources } different addresses. Yours is one of them.
watch-hit-do = Check whether any of these attacks got in: the page of your Larum says how each one ended. If one got in, call your IT person now, and leave the machine switched on.
watch-control-why-hit = One of these computers is at your firm.
watch-warning-why-novel = No firm connected to us had seen this in the weeks before.

# Weaknesses of the list that the operator loads; $action is the list's own sentence.
watch-weakness-why = { $count ->
    [one] A weakness in this kind of service is
   *[other] Weaknesses in this kind of service are
} known to be used by attackers: { $cves }.
watch-weakness-ransomware = Gangs that lock files for ransom are among them.
watch-weakness-step = If you run { $product }, check that it is not open to { $cve }. What must be done, as the list of the US cyber agency CISA says: “{ $action }”
watch-weakness-due = US government offices had to be done by { $due }.
