# English: firms that ask to join, and the officers who vet them.

hub-sign-in-new = If your firm is not here yet
hub-apply = Ask to join
hub-apply-how = This is free. Fill this in, then open the link that we mail you. An officer of your region rings you before your firm is let in.
hub-apply-closed = This hub takes nobody in by this page. Ask the cyber unit of your region how to join.
hub-apply-private = Only the officers of your region see this. What you said is deleted 90 days after they decide, or after one day if you do not open the link.
hub-apply-firm = Name of your firm
hub-apply-firm-hint = As it stands in the register, or on your letters.
hub-apply-domain = Your firm's web site or e-mail domain
hub-apply-domain-hint = For example oakstreetbooks.example
hub-apply-contact = Your name
hub-apply-contact-hint = You will be the one who looks after this for your firm.
hub-apply-email = Your e-mail address at work
hub-apply-email-hint = An address of your firm's own domain is best: it shows that you belong to it.
hub-apply-register = Where is your firm registered?
hub-apply-register-company = Companies House
hub-apply-register-charity = A register of charities
hub-apply-register-none = Nowhere: sole trader, partnership or public body
hub-apply-number = Company or charity number
hub-apply-number-hint = For example 01234567. Leave it empty if you are registered nowhere.
hub-apply-ico = Number with the Information Commissioner
hub-apply-ico-hint = Leave it empty if you have none at hand. It looks like ZA123456.
hub-apply-postcode = First letters of your postcode
hub-apply-postcode-hint = For example EX. We do not need the rest.
hub-apply-send = Send
hub-apply-when = Asked
hub-apply-wrong-firm = Enter the name of your firm, at most 200 letters
hub-apply-wrong-domain = Enter your firm's web site, such as oakstreetbooks.example
hub-apply-wrong-contact = Enter your name, at most 100 letters
hub-apply-wrong-email = Enter your e-mail address
hub-apply-wrong-register = Choose where your firm is registered
hub-apply-wrong-number = Enter the number as the register writes it, or choose “Nowhere”
hub-apply-wrong-ico = Enter the number as it stands in the register, such as ZA123456, or leave it empty
hub-apply-wrong-sector = Choose the line of business
hub-apply-wrong-size = Choose the size
hub-apply-wrong-postcode = Enter the one or two letters that your postcode begins with
hub-apply-wrong-area = Choose the police force area
hub-apply-wrong-answer = Write an answer, at most 1,000 letters
hub-apply-mailed = Look into your mail
hub-apply-mailed-how = We have sent you a link. Open it within 24 hours and press the button, so that we know the address is yours.
hub-apply-mailed-none = Nothing after five minutes? Look among your junk mail. If you asked before, use the link you got then.
hub-apply-mail-subject = Confirm that your firm wants to join Larum
hub-apply-mail-body =
    Hello,

    somebody gave this address to ask whether their firm may join Larum. If it was you, open this link within 24 hours and press the button. Keep the link: it shows how things stand.

    { $link }

    If it was not you, do nothing. We will not write again.
hub-apply-confirm = Yes, I asked
hub-apply-confirm-not = If you did not ask, close this page. Nothing happens then.
hub-apply-state-asked = Did you ask to join?
hub-apply-state-asked-do = Press the button, and the officers of your region hear of you.
hub-apply-state-waiting = We have got it
hub-apply-state-waiting-do = An officer of your region will ring you. Have the words below at hand.
hub-apply-state-question = We have a question
hub-apply-state-question-do = Answer it here. Then we go on.
hub-apply-state-accepted = Welcome: your firm is in
hub-apply-state-accepted-do = Go to the sign-in page and let us send you a link. It leads you to your passkey, and from there to installing the collector.
hub-apply-state-refused = We could not let your firm in
hub-apply-state-refused-do = This is what the officer wrote:
hub-apply-words = Words for the telephone
hub-apply-words-how = Anybody can say that they are the police. When we ring, you say your two words. Then the officer must say the other two.
hub-apply-words-yours = You say
hub-apply-words-ours = We say
hub-apply-words-wrong = If the caller does not know the other two, hang up and tell your police force.
hub-apply-question = The officer asks
hub-apply-answer = Your answer
hub-apply-answer-send = Send the answer
hub-apply-officer-subject = A firm of your region wants to join Larum
hub-apply-officer-body =
    Hello,

    a firm of your region asked to join Larum, or answered your question. See who it is:

    { $link }
hub-apply-accepted-subject = Your firm is now in Larum
hub-apply-accepted-body =
    Hello { $name },

    { $firm } was let in. Open the sign-in page, enter this e-mail address, and we send you a link to sign in:

    { $link }

    Once you are in, “Install a collector” gives you the command for your first one.
hub-apply-refused-subject = Your firm and Larum
hub-apply-refused-body =
    Hello { $name },

    we could not let { $firm } in. The officer of your region wrote:

    { $reason }
hub-apply-asked-subject = A question before your firm joins Larum
hub-apply-asked-body =
    Hello { $name },

    the officer of your region asks:

    { $question }

    To answer, open the link that we mailed you when you asked to join.
hub-nav-applications = Firms that ask to join
hub-applications-lead = Look each firm up, ring it, and decide.
hub-applications-none = Nobody is waiting.
hub-application-state-asked = Not confirmed
hub-application-state-waiting = To decide
hub-application-state-question = Asked back
hub-application-state-accepted = Let in
hub-application-state-refused = Turned away
hub-application-asked = You asked
hub-application-no-answer = No answer yet.
hub-application-own-address = of the firm's domain
hub-application-other-address = not of the firm's domain
hub-application-call = Ring the firm, then let it in
hub-application-call-number = Find its telephone number yourself: in the register, or on its web site. Do not use one that somebody mailed you.
hub-application-call-ask = Ask for the person named above, and for their two words. Type them in below.
hub-application-call-say = Then say your two words, so that they know you:
hub-application-words = The two words that you heard
hub-application-words-hint = Only the firm has them. They show that you spoke with whoever asked.
hub-application-accept = Let the firm in
hub-application-ask = Ask the firm something
hub-application-question = Your question
hub-application-ask-send = Send the question
hub-application-refuse = Turn the firm away
hub-application-reason = Reason
hub-application-reason-hint = The firm reads it as you write it.
hub-application-refuse-yes = Turn away
hub-application-wrong-words = These are not the firm's two words
hub-application-wrong-reason = Write the reason, at most 1,000 letters
hub-application-wrong-question = Write the question, at most 1,000 letters
hub-application-wrong-taken = Somebody with this e-mail address is here already, so the firm cannot be let in with it
hub-application-wrong-decided = This was decided already
hub-nav-install = Install a collector
hub-installing-how = A collector is the small program that watches your firm's devices. Say where it will stand, and we give you the command that connects it.
hub-installing-do = Run this on the machine with the collector, within { $hours } hours. It works once.
hub-act-apply = Asked to join
hub-act-confirm-application = Confirmed the address of a firm that asks to join
hub-act-answer-application = Answered a question before joining
hub-act-ask-application = Asked something of a firm that wants to join
hub-act-refuse-application = Turned a firm away
hub-act-accept-application = Let a firm in
hub-application-contact = Who asks
hub-application-email = Their e-mail address
hub-application-domain = Web site or e-mail domain
hub-application-postcode = First letters of the postcode
hub-apply-choose = Choose

# Single sign-on.
hub-oidc = Sign-on of your organisation
hub-oidc-what = Your organisation can tell us that it is you. Connect your account there once; then you sign in with it.
hub-oidc-sign-in = Sign in with { $provider }
hub-oidc-connect = Connect { $provider }
hub-oidc-remove = Take { $provider } away
hub-oidc-since = { $provider } is connected since
hub-oidc-sign-out = Sign out of { $provider } too
hub-signed-out = You are signed out here
hub-signed-out-elsewhere = You may still be signed in at your organisation. On a shared computer, sign out there too.
hub-oidc-refused = We could not sign you in
hub-oidc-state = Too much time has passed, or you began in another browser. Begin again on the sign-in page.
hub-oidc-denied = { $provider } did not let you in. Try again, or ask those who run it.
hub-oidc-issuer = The answer did not come from { $provider }. Tell whoever runs this hub.
hub-oidc-provider = { $provider } does not answer at the moment. Try again in a few minutes, or sign in another way.
hub-oidc-code = { $provider } did not stand by its answer. Begin again on the sign-in page.
hub-oidc-token = We could not read what { $provider } says. Tell whoever runs this hub.
hub-oidc-algorithm = What { $provider } says is not signed as it must be. Tell whoever runs this hub.
hub-oidc-signature = What { $provider } says has a wrong signature. Tell whoever runs this hub.
hub-oidc-audience = What { $provider } says is meant for somebody else. Tell whoever runs this hub.
hub-oidc-time = What { $provider } says is too old, or its clock is wrong. Begin again on the sign-in page.
hub-oidc-nonce = The answer belongs to another question. Begin again on the sign-in page.
hub-oidc-stale = { $provider } saw you too long ago. Sign out there, and begin again here.
hub-oidc-assurance = { $provider } did not check well enough that it is you. Sign in there with your second step, and begin again here.
hub-oidc-unknown = Nobody here has connected that account. Sign in with your link or passkey first, and connect it under “Your sign-in”.
hub-oidc-taken = Somebody else here has connected that account. Ask whoever runs this hub.
hub-oidc-disabled = You were shut out. Ask whoever runs this hub.
hub-proof-provider = sign-on of the organisation
hub-act-add-identity = Connected an account for single sign-on
hub-act-remove-identity = Took an account for single sign-on away
hub-config-allowed-oidc = up to eight tables of their own, [[oidc]], each with another name and issuer
hub-config-allowed-oidc-name = a short name in small letters, digits and dashes, such as "police"
hub-config-allowed-oidc-label = what people call it, such as "Police sign-on"
hub-config-allowed-oidc-issuer = the provider's address, such as "https://id.example.org"
hub-config-allowed-oidc-client-id = the name under which the provider knows this hub
hub-config-allowed-oidc-secret-file = a file with the secret alone, readable by the hub only
hub-config-allowed-oidc-acr = a list of words, such as ["phr"]; the provider must say one of them
hub-config-allowed-oidc-amr = a list of words, such as ["mfa"]; the provider must say all of them

# Before others' eyes: emergencies, and acts to which a second person must agree.
hub-nav-emergency = Emergency
hub-emergency-how = When firms need help at once and no officer of their region can be reached, you can work as one for an hour. All officers of that region are told by mail, with your reason. Each firm whose data you look at reads it too.
hub-emergency-region = Region
hub-emergency-reason = What is happening, and why nobody else can do it
hub-emergency-reason-hint = At least a sentence. It cannot be changed later.
hub-emergency-begin = Begin, for one hour
hub-emergency-end = End the emergency now
hub-emergency-wrong-region = Choose the region
hub-emergency-wrong-reason = Write the reason, between 20 and 1,000 letters
hub-emergency-mail-subject = Somebody works as an officer of your region in an emergency
hub-emergency-mail-body =
    Hello,

    { $name } works as an officer of { $region } for up to an hour. This is the reason they gave:

    { $reason }

    If this is not right, tell whoever runs the hub at once: they can shut the person out.
hub-emergency-told = { $name } looked at your firm's data in an emergency, as an officer of { $region }, and gave this reason:
hub-role-emergency = Officer in an emergency
hub-nav-sharing = National analysts
hub-sharing-how = National analysts see counts of the whole country, and no firm. Here you let them see the firms of your region, by name, as you do: to follow an attack that is spreading across regions, say. Each firm reads that you did and why, and each look at a firm stands in its list. You can end it at any time.
hub-sharing-none = No region lets national analysts see its firms now.
hub-share-begin = Let them see the firms
hub-share-reason-hint = The firms read this.
hub-share-end = End it
hub-share-end-which = End it for { $region }
hub-share-wrong-region = Choose a region you work for
hub-share-told = The police of { $region } let national analysts see the firms of the region, yours too, for this reason, since
hub-region = Region
hub-act-share-region = Let national analysts see a region's firms
hub-act-end-share = No longer lets national analysts see a region's firms
hub-nav-exports = Export people's addresses
hub-exports-how = A list of the people of your region's firms, with their e-mail addresses. A second officer of the region must agree within a day. Each firm sees that you took it.
hub-exports-ask = Ask a second officer
hub-approvals = What waits for a second administrator
hub-approvals-none = Nothing is asked.
hub-approval-reason = Reason
hub-approval-reason-hint = The second officer reads it before they agree.
hub-approval-ask = Ask
hub-approval-agree = Agree
hub-approval-take = Do it now
hub-approval-waits = Waits for a second person
hub-approval-agreed = { $name } agreed
hub-approval-wrong-reason = Write the reason, at most 1,000 letters
hub-approval-wrong-asked = You have asked for this already
hub-approval-wrong-second = It is asked already, or a second person is needed: nobody agrees to what they asked themselves
hub-reset-asked = { $name } lost what they sign in with. Make sure by voice that it is them.
hub-cli-reset = All that the person signed in with is taken away.
hub-act-begin-emergency = Took a region's role in an emergency
hub-act-end-emergency = Gave a role back that was taken in an emergency
hub-act-ask-reset = Asked to take away what a person signs in with
hub-act-agree-reset = Agreed to take away what a person signs in with
hub-act-take-reset = Had taken away what a person signs in with
hub-act-ask-export = Asked to export people's addresses
hub-act-agree-export = Agreed that people's addresses are exported
hub-act-take-export = Exported people's addresses
hub-act-export-act = Exported the names and addresses of your firm's people

# A firm's own people, as its owner chooses them.
hub-nav-people = People of your firm
hub-staff-how = These people can see your firm's pages. You decide who they are and what they may do. Whatever you change here counts at once, and stands in the list of who read your data.
hub-staff-you = you
hub-staff-role-member = Owner
hub-staff-role-staff = Staff
hub-staff-role-reader = Read only
hub-staff-role-of = What { $name } may do
hub-staff-role-set = Change
hub-staff-role-set-which = Change what { $name } may do
hub-staff-role-hint = Staff see everything of your firm and answer warnings. Those who may only read change nothing.
hub-staff-email-hint = A link goes there, for whoever reads mail at this address.
hub-staff-invite = Invite somebody
hub-staff-no-mail = This hub sends no mail, so nobody can be invited here. Ask whoever runs the hub to add the person.
hub-staff-waiting = Invited
hub-staff-until = The link works until
hub-staff-withdraw = Take back
hub-staff-withdraw-which = Take back the invitation to { $name }
hub-staff-wrong-role = Choose what the person may do
hub-staff-wrong-often = You have invited many people in a short time. Wait ten minutes, and try again.
hub-staff-wrong-here = Somebody of your firm has this e-mail address already
hub-staff-wrong-too-many = A firm has at most 200 people here, with those invited. Take an invitation back, or ask whoever runs the hub.
hub-staff-wrong-last-owner = A firm needs an owner. Make somebody else an owner first.
hub-staff-wrong-by-hub = Shut out by whoever runs the hub. Ask them.
hub-invited-mail-subject = You are invited to Larum
hub-invited-mail-body =
    Hello,

    { $firm } invites you to see what Larum finds at its firm's devices. Open this link within { $hours } hours. It works once:

    { $link }

    If you do not know why you get this, do nothing.
hub-invited = { $firm } invites you
hub-invited-as-staff = You will see everything that concerns the firm, and can answer its warnings. Next we help you set up how you sign in.
hub-invited-as-reader = You will see everything that concerns the firm. Next we help you set up how you sign in.
hub-invited-accept = Accept
hub-invited-not = If you do not know this firm, close the page: nothing happens.
hub-invited-refused = This invitation does not work
hub-invited-wrong-unknown = It was used, taken back, or is too old. If you have accepted it before, sign in. Otherwise ask whoever invited you for another.
hub-invited-wrong-taken = Your e-mail address signs you in to this hub already, and one address stands for one person. Ask whoever invited you to use another address of yours.
hub-act-invite-person = Invited somebody to the firm
hub-act-withdraw-invitation = Took an invitation back
hub-act-accept-invitation = Accepted an invitation to the firm
hub-act-change-role = Changed what somebody of the firm may do

# Words to be said on the telephone: short, known to everybody, hard to mishear. Exactly 256.
hub-apply-spoken-list =
    acorn actor album amber angle ankle apple apron arrow atlas attic autumn badge badger bagel baker
    balloon bamboo banjo barley barrel basket beach beacon bean bear beetle bell bench berry bicycle
    biscuit blanket blossom boat bonnet book bottle bracket branch bread brick bridge broom brush bucket
    bugle button cabbage cabin cactus camel camera candle canoe canvas carpet carrot castle cedar cellar
    chalk cheese cherry chess chimney circle circus clay cliff clock cloud clover coach coconut coffee
    copper coral corner cottage cotton cousin crab cradle cricket crown crystal curtain cushion daisy
    dancer desk diamond dinner dolphin donkey dragon drawer drum duck eagle earth easel echo elbow ember
    emerald engine falcon farmer feather fence fern ferry fiddle field finger flag flame flute forest
    fossil fountain fox frost garden garlic gate ginger giraffe glove goat golden goose grape gravel
    guitar hammer harbour harp harvest hazel hedge helmet heron hill honey hornet horse igloo indigo
    island ivory ivy jacket jam jelly jewel jigsaw jungle juniper kettle keyhole kitchen kite kitten
    ladder lagoon lamp lantern lark lemon leopard lettuce library lily linen lion lizard lobster locket
    magnet mango maple marble market marsh meadow melon mirror mitten monkey moon mosaic moss mountain
    museum mustard napkin nectar needle nest nettle nutmeg oak oasis ocean olive onion orange orchard
    otter owl oyster paddle palace pancake panda paper parrot peach pebble pelican pencil pepper piano
    pigeon pillow pirate planet plum pocket pony poppy potato puffin pumpkin puzzle rabbit radish
    rainbow raven ribbon river robin rocket saddle sailor salmon sandal saturn scarf school shell shovel
    silver
