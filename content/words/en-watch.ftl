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

watch-name-vpn-guessing = VPNs, by guessing passwords
watch-do-vpn-guessing-1 = Turn on a second step, such as a code on the phone, for everybody who uses the VPN.
watch-do-vpn-guessing-2 = Install the latest update of the firewall or device that runs the VPN, and remove accounts nobody uses.
watch-do-vpn-guessing-3 = If all your people work from one country, let the VPN answer no other.

watch-name-auth-guessing = log-ins, by guessing passwords
watch-do-auth-guessing-1 = Turn on a second step at log-in, such as a code on the phone, wherever your people log in from outside.
watch-do-auth-guessing-2 = Lock accounts for a while after ten wrong passwords, and remove accounts nobody uses.
watch-do-auth-guessing-3 = Block the addresses in this warning on your firewall.

watch-name-dos-flood = web sites and internet lines, by flooding them
watch-do-dos-flood-1 = Ask your internet provider or web host what it does against floods, and keep its number at hand.
watch-do-dos-flood-2 = If a flood begins, note the time and call them before you restart anything.

watch-name-dos-amplification = services that strangers use to flood others ({ $key })
watch-do-dos-amplification-1 = Check that your router and servers answer questions for names and time (ports 53 and 123) to your own network only.

watch-name-web-scanner = web sites, with tools that look for holes ({ $key })
watch-do-web-scanner-1 = Install the latest updates of your web site and its plug-ins.
watch-do-web-scanner-2 = Block the addresses in this warning on your firewall.

watch-name-web-proxy = web servers that may pass requests on ({ $key })
watch-do-web-proxy-1 = Check that your web server or proxy passes on requests of your own network only.

watch-name-tcp-21 = file transfer, FTP (tcp/21)
watch-do-tcp-21-1 = Close port 21 on your firewall. Use SFTP or your web host's own tool: FTP sends passwords for anybody to read.
watch-do-tcp-21-2 = If a partner needs it, let only the partner's addresses reach it.

watch-name-tcp-25 = mail servers (tcp/25)
watch-do-tcp-25-1 = Install the latest updates of your mail server.
watch-do-tcp-25-2 = Switch off log-in at port 25. People send their mail through port 587.
watch-do-tcp-25-3 = Check that the server passes on mail of your own people only.

watch-name-tcp-80 = web servers and remote-access pages (tcp/80)
watch-do-tcp-80-1 = Install the latest updates of your web site, and of any remote-access or file-sharing page you run, today.
watch-do-tcp-80-2 = Let only addresses you know reach the pages by which your firewall, cameras and storage are managed.

watch-name-tcp-443 = web servers and remote-access pages (tcp/443)
watch-do-tcp-443-1 = Install the latest updates of your web site, and of any remote-access or file-sharing page you run, today.
watch-do-tcp-443-2 = Let only addresses you know reach the pages by which your firewall, cameras and storage are managed.

watch-name-tcp-110 = mail boxes, POP3 (tcp/110)
watch-do-tcp-110-1 = Turn on a second step at log-in for everybody's mail, or passwords of their own for mail programs that know none.
watch-do-tcp-110-2 = Change passwords that are used anywhere else as well.

watch-name-tcp-143 = mail boxes, IMAP (tcp/143)
watch-do-tcp-143-1 = Turn on a second step at log-in for everybody's mail, or passwords of their own for mail programs that know none.
watch-do-tcp-143-2 = Change passwords that are used anywhere else as well.

watch-name-tcp-993 = mail boxes, IMAP (tcp/993)
watch-do-tcp-993-1 = Turn on a second step at log-in for everybody's mail, or passwords of their own for mail programs that know none.
watch-do-tcp-993-2 = Change passwords that are used anywhere else as well.

watch-name-tcp-995 = mail boxes, POP3 (tcp/995)
watch-do-tcp-995-1 = Turn on a second step at log-in for everybody's mail, or passwords of their own for mail programs that know none.
watch-do-tcp-995-2 = Change passwords that are used anywhere else as well.

watch-name-tcp-465 = sending mail (tcp/465)
watch-do-tcp-465-1 = Turn on a second step at log-in for everybody's mail, or passwords of their own for mail programs that know none.
watch-do-tcp-465-2 = Change passwords that are used anywhere else as well, and let nobody send hundreds of letters an hour.

watch-name-tcp-587 = sending mail (tcp/587)
watch-do-tcp-587-1 = Turn on a second step at log-in for everybody's mail, or passwords of their own for mail programs that know none.
watch-do-tcp-587-2 = Change passwords that are used anywhere else as well, and let nobody send hundreds of letters an hour.

watch-name-tcp-135 = Windows networking (tcp/135)
watch-do-tcp-135-1 = Close ports 135, 139 and 445 on your firewall. Windows networking should never be open to the internet.
watch-do-tcp-135-2 = Install the latest Windows updates on every computer and server.

watch-name-tcp-139 = Windows networking (tcp/139)
watch-do-tcp-139-1 = Close ports 135, 139 and 445 on your firewall. Windows networking should never be open to the internet.
watch-do-tcp-139-2 = Install the latest Windows updates on every computer and server.

watch-name-tcp-389 = the directory of users, LDAP (tcp/389)
watch-do-tcp-389-1 = Close port 389 on your firewall. A directory should never be open to the internet.

watch-name-udp-389 = the directory of users, LDAP (udp/389)
watch-do-udp-389-1 = Close port 389 on your firewall. A directory should never be open to the internet.

watch-name-tcp-5985 = remote management of Windows (tcp/5985)
watch-do-tcp-5985-1 = Close ports 5985 and 5986 on your firewall, or let only addresses you know reach them.
watch-do-tcp-5985-2 = Install the latest Windows updates on every server.

watch-name-udp-500 = VPN gateways, IPsec (udp/500)
watch-do-udp-500-1 = Install the latest update of the firewall or device that runs the VPN.
watch-do-udp-500-2 = If it only joins your own offices, let only their addresses reach it.

watch-name-udp-4500 = VPN gateways, IPsec (udp/4500)
watch-do-udp-4500-1 = Install the latest update of the firewall or device that runs the VPN.
watch-do-udp-4500-2 = If it only joins your own offices, let only their addresses reach it.

watch-name-udp-1194 = VPN gateways, OpenVPN (udp/1194)
watch-do-udp-1194-1 = Install the latest update of the firewall or device that runs the VPN.
watch-do-udp-1194-2 = Turn on a second step for everybody who uses it, and take back the keys of people who left.

watch-name-tcp-1723 = old VPNs, PPTP (tcp/1723)
watch-do-tcp-1723-1 = Switch PPTP off and use a newer VPN: what it protects can be read by others within a day.

watch-name-tcp-8080 = web pages of firewalls, VPN gateways and other devices (tcp/8080)
watch-do-tcp-8080-1 = Let only addresses you know reach port 8080, or close it on your firewall.
watch-do-tcp-8080-2 = Install the latest update of the device behind it, today.
watch-do-tcp-8080-3 = Turn on a second step for whoever manages it.

watch-name-tcp-8443 = web pages of firewalls, VPN gateways and other devices (tcp/8443)
watch-do-tcp-8443-1 = Let only addresses you know reach port 8443, or close it on your firewall.
watch-do-tcp-8443-2 = Install the latest update of the device behind it, today.
watch-do-tcp-8443-3 = Turn on a second step for whoever manages it.

watch-name-tcp-10443 = web pages of firewalls, VPN gateways and other devices (tcp/10443)
watch-do-tcp-10443-1 = Let only addresses you know reach port 10443, or close it on your firewall.
watch-do-tcp-10443-2 = Install the latest update of the device behind it, today.
watch-do-tcp-10443-3 = Turn on a second step for whoever manages it.

watch-name-tcp-4443 = web pages of firewalls, VPN gateways and other devices (tcp/4443)
watch-do-tcp-4443-1 = Let only addresses you know reach port 4443, or close it on your firewall.
watch-do-tcp-4443-2 = Install the latest update of the device behind it, today.
watch-do-tcp-4443-3 = Turn on a second step for whoever manages it.

watch-name-tcp-5000 = network storage (tcp/5000)
watch-do-tcp-5000-1 = Close port 5000 on your firewall. Reach your storage through a VPN.
watch-do-tcp-5000-2 = Install the latest update of the storage, and switch off the account called admin.
watch-do-tcp-5000-3 = Check that last night's back-up worked and that a copy is kept off the network.

watch-name-tcp-5001 = network storage (tcp/5001)
watch-do-tcp-5001-1 = Close port 5001 on your firewall. Reach your storage through a VPN.
watch-do-tcp-5001-2 = Install the latest update of the storage, and switch off the account called admin.
watch-do-tcp-5001-3 = Check that last night's back-up worked and that a copy is kept off the network.

watch-name-tcp-8291 = MikroTik routers (tcp/8291)
watch-do-tcp-8291-1 = Let only your own network reach port 8291 of the router.
watch-do-tcp-8291-2 = Install the latest RouterOS, and give the router's account a long password.

watch-name-tcp-8728 = MikroTik routers (tcp/8728)
watch-do-tcp-8728-1 = Let only your own network reach port 8728 of the router.
watch-do-tcp-8728-2 = Install the latest RouterOS, and give the router's account a long password.

watch-name-tcp-7547 = routers, by the door kept for the provider (tcp/7547)
watch-do-tcp-7547-1 = Ask your internet provider whether port 7547 of your router answers to them alone.
watch-do-tcp-7547-2 = Install the latest update of the router, or ask for a newer one.

watch-name-tcp-554 = cameras and video recorders (tcp/554)
watch-do-tcp-554-1 = Close port 554 on your firewall. Look at your cameras through a VPN.
watch-do-tcp-554-2 = Change the password that they came with, and install the maker's latest update.

watch-name-tcp-34567 = cameras and video recorders (tcp/34567)
watch-do-tcp-34567-1 = Close port 34567 on your firewall. Look at your cameras through a VPN.
watch-do-tcp-34567-2 = Change the password that they came with, and install the maker's latest update.

watch-name-tcp-37777 = cameras and video recorders (tcp/37777)
watch-do-tcp-37777-1 = Close port 37777 on your firewall. Look at your cameras through a VPN.
watch-do-tcp-37777-2 = Change the password that they came with, and install the maker's latest update.

watch-name-tcp-5555 = Android boxes and televisions (tcp/5555)
watch-do-tcp-5555-1 = Close port 5555 on your firewall.
watch-do-tcp-5555-2 = Switch off debugging (ADB) in the settings of such boxes, or remove those that do not let you.

watch-name-tcp-9100 = printers (tcp/9100)
watch-do-tcp-9100-1 = Close port 9100 on your firewall. No printer should be reached from the internet.

watch-name-tcp-5432 = PostgreSQL databases (tcp/5432)
watch-do-tcp-5432-1 = Close port 5432 on your firewall, or let only addresses you know reach it.
watch-do-tcp-5432-2 = Change the database administrator's password to a long one.

watch-name-tcp-6379 = Redis databases (tcp/6379)
watch-do-tcp-6379-1 = Close port 6379 on your firewall: nobody outside needs it.
watch-do-tcp-6379-2 = Turn on passwords, and check that nothing was deleted or left there.

watch-name-tcp-9200 = Elasticsearch databases (tcp/9200)
watch-do-tcp-9200-1 = Close port 9200 on your firewall: nobody outside needs it.
watch-do-tcp-9200-2 = Turn on passwords, and check that nothing was deleted or left there.

watch-name-tcp-27017 = MongoDB databases (tcp/27017)
watch-do-tcp-27017-1 = Close port 27017 on your firewall: nobody outside needs it.
watch-do-tcp-27017-2 = Turn on passwords, and check that nothing was deleted or left there.

watch-name-tcp-2375 = servers that run containers, Docker (tcp/2375)
watch-do-tcp-2375-1 = Close port 2375 on your firewall today: whoever reaches it owns the server.
watch-do-tcp-2375-2 = Look for containers that nobody in the firm started.

watch-name-udp-161 = the management of network devices, SNMP (udp/161)
watch-do-udp-161-1 = Close port 161 on your firewall.
watch-do-udp-161-2 = Change the community names “public” and “private” of your devices.

watch-name-udp-53 = name servers (udp/53)
watch-do-udp-53-1 = Check that port 53 answers to your own network only: open ones are used to flood others.
watch-do-udp-53-2 = Install the latest update of the router or server.

watch-name-udp-123 = time servers (udp/123)
watch-do-udp-123-1 = Check that port 123 answers to your own network only: open ones are used to flood others.
watch-do-udp-123-2 = Install the latest update of the router or server.

watch-name-udp-1900 = routers and televisions, UPnP (udp/1900)
watch-do-udp-1900-1 = Check that port 1900 answers to your own network only: open ones are used to flood others.
watch-do-udp-1900-2 = Install the latest update of the router or server.

watch-name-udp-11211 = memory caches, memcached (udp/11211)
watch-do-udp-11211-1 = Check that port 11211 answers to your own network only: open ones are used to flood others.
watch-do-udp-11211-2 = Install the latest update of the router or server.

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
