# English: what the detectors of network flows say. A title is one line; an advice says what to do, in plain words.

detect-beacon-title = { $source }, inside your network, calls { $label } again and again like clockwork
detect-beacon-advice = Find out which computer this is and what program does this. A new camera, alarm or app may call its maker like that. If nobody can explain it, take the computer off the network and have it checked: stolen machines wait for orders this way.

detect-steady-contact-title = { $source }, inside your network, calls { $label } at regular times
detect-steady-contact-advice = Nothing to do if you know the service: mail, phones and updates work like this.

detect-outflow-title = { $source }, inside your network, sent a great deal to { $label }, where it never sent before
detect-outflow-advice = Ask who uses this computer whether they sent something large, such as a backup or a film. If nobody did, take it off the network, keep it switched on, and find out what was sent: you may have to report a data breach within 72 hours.

detect-flood-title = You are being flooded with contacts at { $service }
detect-flood-advice = Call your internet provider and ask them to filter the flood; they can do it, your firewall cannot. Do not pay anybody who asks for money to stop it. Report it to the police.

detect-amplification-title = Your connection is being flooded with answers nobody asked for
detect-amplification-advice = Call your internet provider and ask them to filter the flood; they can do it, your firewall cannot. Blocking the senders does not help: they are tricked servers. Report it to the police.

detect-new-service-title = { $label } now answers the whole internet at { $service }
detect-new-service-advice = If you or your IT person opened this on purpose, let only those in who need it, and keep it up to date. If nobody did, close it at the firewall today and have the machine checked.

detect-open-host-title = { $label } now answers the whole internet at many doors
detect-open-host-advice = Look in your firewall for a rule that sends everything to this machine, often called DMZ or exposed host, and remove it today. Then have the machine checked.

detect-inside-attack-title = { $source }, inside your network, tries one stranger after another at { $service }
detect-inside-attack-advice = Malware that spreads looks like this. Take the computer off the network now and have it checked, unless somebody knows why it does this.

detect-inside-mailer-title = { $source }, inside your network, sends mail straight to one strange mail server after another
detect-inside-mailer-advice = Unless this is your mail server, it is probably sending spam. Take it off the network and have it checked, and let only your mail server send on port 25.
