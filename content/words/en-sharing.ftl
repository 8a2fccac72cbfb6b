# How much a firm shares, chosen at joining.

page-leaves-level = What you share, level
share-title = What leaves the building is for you to choose. Each level with what it would make of what Larum found here so far:
share-off = off: nothing leaves. The hub warns you, and hears of nothing.
share-attackers = attackers: who attacked from outside, how, how often and when. Places outside that your machines were in contact with are not named.
share-standard = standard: as “attackers”, and places outside that an infected machine of yours would call, so that others can be warned of them. Never which machine, a user, a page, a message or an address inside.
share-counts = Of your findings so far { $leaves } would leave, { $stays } would stay.
share-nothing-found = Nothing was found here yet, so there is no sample.
share-example = The newest that would leave, all of it:
share-ask = Which level? off, attackers or standard (Enter: standard)
