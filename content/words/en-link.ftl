# Joining a hub, the link to it, and the hub's own set-up.

# Why the hub refused a call.
refusal-token-unknown = This hub does not know the token. Ask the people who run the hub for a new one.
refusal-token-used = The token was used before; each is good for one collector. Ask the people who run the hub for a new one.
refusal-token-expired = The token is too old. Ask the people who run the hub for a new one, and use it on the same day.
refusal-request-malformed = The hub could not read the request. Update the collector and try again.
refusal-not-authorised = The hub does not accept this collector’s certificate. Check the clock of this computer; if it is right, ask the people who run the hub for a new token and join again.
refusal-revoked = The people who run the hub have shut this collector out. Call them if that surprises you.
refusal-sequence-conflict = Another collector has sent reports under the same identity, or this one was put back from a copy. Nothing was counted. Join again with a new token on each of them.
refusal-body-malformed = The hub could not read what was sent. Update the collector and try again.
refusal-busy = The hub asks to wait a moment. The collector tries again by itself.
refusal-over-quota = More was sent today than the hub takes from one firm in a day. The collector keeps everything and sends it bit by bit; ask the people who run the hub for more room if it lasts.
refusal-internal = The hub has a fault of its own. The collector keeps everything and tries again by itself; tell the people who run the hub if it lasts.
refusal-other = The hub refused with a reason that this program is too old to know. Update the collector.

# Why a token cannot be read.
token-not-a-token = This is not a token. Copy the whole word that begins with “larum” from the message you were sent.
token-damaged = The token is damaged: letters are missing or changed. Copy the whole word again, from “larum” to its end.
token-unknown-version = The token was made for a newer program. Update this one and try again.

# Why the hub cannot be reached.
link-unreachable = Nothing answers at { $hub }. Check that this computer is on the internet and that your firewall lets it out to that address, then try again.
link-name-unknown = The name of the hub, { $hub }, cannot be found. Check that this computer is on the internet and can look up names, then try again.
link-proxy-unreachable = Nothing answers at the proxy’s address, so the hub at { $hub } cannot be reached. Check “proxy” in the configuration.
link-proxy-refused = The proxy does not let this computer connect to the hub at { $hub }. Ask whoever looks after the proxy to allow it, without a password.
link-timeout = The hub at { $hub } did not answer in time. Try again; if it lasts, tell the people who run the hub.
link-wrong-hub = What answers at { $hub } is not the hub this token was made for. Do not go on; call the people who run the hub.
link-clock = The clocks do not agree: by this computer’s clock ({ $now }) the certificate of the hub is not good. Set this computer’s clock and try again; if it is right, tell the people who run the hub.
link-hub-clock = The clocks do not agree: by the hub’s clock this collector’s certificate is not good now. This computer’s clock shows { $now }. Set it if it is wrong; if it is right, tell the people who run the hub.
link-certificate-ended = The hub says that this collector’s certificate is not good. This computer’s clock shows { $now }. Set it if it is wrong; if it is right, ask for a new token and join again.
link-refused = The hub at { $hub } did not agree on a safe connection. Update this program and try again.
link-broken = The connection to the hub at { $hub } broke. Try again.
link-no-randomness = This computer’s operating system gave no random numbers, so no key could be made.
link-identity-ended = This collector’s certificate ended on { $ended } because it could not reach the hub in time. Nothing is lost: ask the people who run the hub for a new token and join again.
link-identity-unreadable = The collector’s identity in { $folder } cannot be used. Ask for a new token and join again with --again.
link-identity-missing = This collector has not joined a hub. Ask the people who run the hub for a token and run: larum join TOKEN

# The command join.
join-done = Joined. This collector now belongs to { $member }.
join-next = It sends short digests of attacks to { $hub } and warns you when others nearby are attacked. See what leaves the building: larum outbox list
join-already = This collector has joined a hub already. To join again with a new token, add --again.
join-state-unwritable = The folder { $folder } cannot be written: { $problem }. Run the command as the collector’s own user or as root.

# The hub’s configuration.
hub-config-line = line { $line }: { $said }
hub-config-syntax = this is not TOML: { $problem }
hub-config-unknown = the key { $key } means nothing here; did you mean { $nearest }?
hub-config-unknown-far = the key { $key } means nothing here; the keys are: { $known }
hub-config-missing = the key { $key } is missing; it takes { $allowed }
hub-config-wrong = the value of { $key } cannot be used; it takes { $allowed }
hub-config-allowed-state-dir = a folder, such as "/var/lib/larum-hub"
hub-config-allowed-link-name = a host name or address, such as "hub.example.org"
hub-config-allowed-link-listen = an address and port, such as "[::]:7443"
hub-config-allowed-page-listen = an address and port, such as "127.0.0.1:7480"
hub-config-allowed-metrics-listen = an address and port of this machine, such as "127.0.0.1:7481", or "off"
hub-config-allowed-mail-relay = smtps:// or smtp:// and the name of a mail server, such as "smtps://mail.example.org"; smtp-plain:// only for this machine
hub-config-allowed-mail-from = the e-mail address that links come from
hub-config-allowed-mail-login-file = a file with user name and password, a line each
hub-config-allowed-page-url = a web address without a path, such as "https://pages.example.org"
hub-config-allowed-page-certificate = a file with the certificate of the pages (PEM); page-key must be set too
hub-config-allowed-page-key = a file with the key of the pages' certificate (PEM); page-certificate must be set too
hub-config-allowed-certificate-days = a whole number from 1 to 90
hub-config-allowed-token-hours = a whole number from 1 to 720
hub-config-allowed-address-days = a whole number from 1 to 366
hub-config-allowed-count-days = a whole number from 1 to 3660
hub-config-allowed-collector-day-sightings = a whole number from 1000
hub-config-allowed-member-day-sightings = a whole number from 1000
hub-config-allowed-address-files = a list of at most eight files, such as ["/etc/larum-hub/country.mmdb"]
hub-config-allowed-known-exploited-file = a file with the JSON of a catalogue of known-exploited weaknesses
hub-config-allowed-region = text, such as "London"
hub-config-unused = this is for a database server, but the store is embedded; write engine = "postgres", or leave this line out
hub-config-allowed-store = a table of its own: [store], and below it engine = "embedded" or engine = "postgres"
hub-config-allowed-store-engine = "embedded" or "postgres"
hub-config-allowed-store-host = the folder of a socket, such as "/run/postgresql", or a host name, such as "db.example.org"
hub-config-allowed-store-port = a whole number from 1 to 65535
hub-config-allowed-store-database = the name of a database, such as "larum"
hub-config-allowed-store-user = a user of the database, such as "larum"
hub-config-allowed-store-password-file = a file with the password alone, or the name of a credential of the service
hub-config-allowed-store-ca-file = a file with the certificates of the authorities to trust
hub-config-allowed-store-sessions = a whole number from 2 to 100
hub-config-allowed-store-sightings = the address of a ClickHouse server with the name of a database, such as "https://ch.example.org:8443/larum"; "http://" only for a server on this machine
hub-config-allowed-store-sightings-user = a user of ClickHouse, such as "larum"
hub-config-allowed-store-sightings-password-file = a file with the password alone, or the name of a credential of the service
hub-config-good = { $file } has no problems.
hub-config-unreadable = { $file } cannot be read: { $problem }
hub-exists = There is a hub already: { $path } is there. Nothing was changed.
hub-not-set-up = There is no hub in { $folder } yet. Run: larum-hub init --state { $folder } --link-name HOST
hub-store-unusable = The store { $place } cannot be used: { $problem }
hub-cli-migrated = Moved { $rows } rows in { $tables } tables to { $place }. Every count and checksum was read back and agrees. Now start the hub with { $config }; it does not start on the old store any more.
hub-cli-migrate-failed = The store was not moved: { $problem }
hub-set-up =
    The hub is set up in { $state }.
    Keep that folder private and in your backups: the file authority/authority.key in it speaks for this hub.

    What to do next:
      1. Read { $config } and change what does not fit: larum-hub check-config { $config }
      2. Make the first administrator: larum-hub admin add-person --state { $state } --role administrator --email YOU@EXAMPLE.ORG --name "YOUR NAME"
      3. Start the hub: larum-hub serve --config { $config }
      4. Add a firm and invite its collector: larum-hub admin add-member --help, larum-hub admin token --help
hub-set-up-with-administrator =
    The hub is set up in { $state }, and { $email } is its first administrator.
    Keep that folder private and in your backups: the file authority/authority.key in it speaks for this hub.

    What to do next:
      1. Read { $config } and change what does not fit: larum-hub check-config { $config }
      2. Start the hub: larum-hub serve --config { $config }
      3. Print a link that signs you in: larum-hub admin sign-in-link --state { $state } --config { $config } --email { $email }
      4. Add a firm and invite its collector: larum-hub admin add-member --help, larum-hub admin token --help
hub-set-up-local = Only collectors on this machine can reach this hub, as “localhost”. Before you invite firms, set `link-name` in the configuration to the name by which they reach it.
