# What `larum pack` says.

pack-one = { $name }, number { $number }, made { $made }: { $formats ->
    [one] 1 format
   *[other] { $formats } formats
}, { $rules ->
    [one] 1 rule
   *[other] { $rules } rules
}, { $lists ->
    [one] 1 list
   *[other] { $lists } lists
}. Signed with the key { $key }.
pack-not-used = { $name } is not used: { $problem }
pack-none = No content pack is installed.
pack-installed = Installed. It is used from the next start on: sudo systemctl restart larum
pack-made = Written to { $file }. Whoever is to use it puts this line into their configuration: pack-keys = ["{ $key }"]
pack-no-keys = The configuration names no key whose packs may be used. Ask whoever makes the pack for their key, over a way you trust, and add a line such as pack-keys = ["(64 letters and digits)"].
pack-unreadable = { $file } cannot be read: { $problem }
pack-unwritable = { $folder } cannot be written: { $problem }. Run this as the collector's user: sudo -u larum larum pack install FILE
pack-formats-wrong = a format in it cannot be used: { $problem }
pack-problem-too-long = it is larger than a pack can be.
pack-problem-malformed = it is no content pack, or a part of it is missing. Get it again.
pack-problem-version = it is made for a newer Larum. Update Larum first.
pack-problem-key = it is signed with a key that your configuration does not name (pack-keys).
pack-problem-signature = it was changed after it was signed. Do not use it, and tell whoever gave it to you.
pack-problem-older = a newer one of this name was installed before. Get the newest.
pack-problem-name = its file carries the name of another pack. Install it again.
pack-problem-unreadable = its file is missing or cannot be read. Install it again.
pack-problem-too-many = there are as many packs as can be.
pack-make-name = a pack's name has small letters, digits and dashes only, its number counts up from 1, and each of its files is called with letters, digits, dots, dashes and underscores.
pack-make-key = { $file } holds no Ed25519 key. Make one: openssl genpkey -algorithm ed25519 -out { $file }
