# Where to click: one step on one device, added to the advice of a finding when that device saw it.
# Each step is in our words; the line above it names the vendor's page that documents the place. Steps for
# which no such page was found are left out: add one only with its source.
# address: the address to keep out.

# Source: https://docs.fortinet.com/document/fortigate/7.0.19/administration-guide/363127 (administrative access in the interface settings)
advice-fortigate-admin = On the FortiGate: open the settings of the interface that faces the internet and take HTTPS, HTTP, SSH and TELNET out of its administrative access.

# Source: https://docs.netgate.com/pfsense/en/latest/nat/port-forwards.html and https://docs.opnsense.org/manual/how-tos/nat_reflection.html
advice-pfsense-close = On pfSense: Firewall > NAT, tab Port Forward. On OPNsense: Firewall > NAT > Destination NAT (Port Forward). Take out the entry that nobody needs.

# Source: https://docs.opnsense.org/manual/aliases.html (named lists for firewall rules; the rule itself is yours)
advice-pfsense-block = On pfSense and OPNsense: put { $address } into a list under Firewall > Aliases that a blocking rule uses.

# Source: https://docs.sophos.com/nsg/sophos-firewall/21.5/Help/en-us/webhelp/onlinehelp/AdministratorHelp/Administration/DeviceAccess/index.html
advice-sophos-firewall-admin = On the Sophos firewall: Administration > Device access. Clear HTTPS and SSH in the row of the zone WAN.

# Source: https://help.ui.com/hc/en-us/articles/5546542486551-UniFi-Gateway-Traffic-and-Firewall-Rules
advice-unifi-block = On UniFi: Settings > Security > Traffic & Firewall Rules. Add a rule that blocks { $address }.

# Source: https://help.mikrotik.com/docs/spaces/ROS/pages/328353/Securing+your+router and its page on services (restrict by address, switch off what is unused)
advice-routeros-admin = On the MikroTik router: switch off what you do not use with /ip service disable telnet,ftp,www,api, and let only your own network use the rest, as in /ip service set winbox address=192.168.88.0/24.

# Source: https://draytek.co.uk/support/guides/kb-firewall-rules-port-forwarding
advice-draytek-close = On the DrayTek router: look under NAT at Port Redirection and Open Ports. Take out the entry that nobody needs, or set its Source IP to the addresses you know.

# Source: https://draytek.co.uk/support/guides/kb-controlmanagement
advice-draytek-admin = On the DrayTek router: System Maintenance > Management. Clear "Allow management from the Internet".

# Source: https://watchguard.com/help/docs/fireware/12/en-us/Content/en-US/intrusionprevention/blocked_sites_about_c.html
advice-firebox-block = On the WatchGuard Firebox: add { $address } to the Blocked Sites list.

# Source: https://man.openbsd.org/sshd_config and the sshd_config that OpenSSH ships (PasswordAuthentication, KbdInteractiveAuthentication, PermitRootLogin)
advice-openssh-log-in = On that server: once everyone has a key, set PasswordAuthentication no, KbdInteractiveAuthentication no and PermitRootLogin no in sshd_config, check it with sshd -t, and reload sshd.

# Source: https://nginx.org/en/docs/http/ngx_http_access_module.html (deny; the first rule that fits counts)
advice-nginx-block = In nginx: deny { $address }; in the server block, above any allow, keeps that address out.

# Source: http://help.sonicwall.com/help/sw/eng/published/25.8.1_140828_1713/content/System_Administration/System_systemAdministrationView.htm (One-Time Password, Login Security Settings; SonicOS 7 has the page below Device > Settings)
advice-sonicwall-log-in = On the SonicWall: open the Administration page (System > Administration, in SonicOS 7 Device > Settings). Ask administrators for a one-time password too, and lock them out after a few wrong ones.

# Source: https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-gpsb/563b4b54-b546-446b-af90-2847501d8989 (Account Lockout Policies)
advice-windows-log-in = On that Windows computer: in Local Security Policy > Account Policies > Account Lockout Policy set an account lockout threshold, so that guessing stops for a while.

# Source: https://developer.wordpress.org/advanced-administration/security/brute-force/ (names, passwords, fewer tries) and https://developer.wordpress.org/advanced-administration/security/mfa/ (two steps)
advice-wordpress-log-in = In WordPress: give administrators a name other than admin and a long password, and add two plugins: one that asks for a second step at log-in, one that limits wrong tries.
