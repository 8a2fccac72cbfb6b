-- Times are milliseconds since the epoch, UTC. Identities are 32 hexadecimal digits. Words (severity,
-- category, outcome, role) are spelled as in the domain. Addresses are their canonical text.

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Firms, and what is installed in them.
CREATE TABLE member (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    area    TEXT NOT NULL,             -- police force area, ONS code
    region  TEXT NOT NULL,
    sector  TEXT NOT NULL,
    size    TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE collector (
    id            TEXT PRIMARY KEY,
    member        TEXT NOT NULL REFERENCES member (id),
    site          TEXT NOT NULL,
    created       INTEGER NOT NULL,
    revoked       INTEGER,
    next_sequence INTEGER NOT NULL DEFAULT 1,
    chain_head    TEXT NOT NULL,       -- hash of the last batch counted
    conflict      INTEGER,             -- when a batch last contradicted the chain
    over_quota    INTEGER,             -- when it last had to wait for its day's quota
    last_seen     INTEGER,
    heartbeat     TEXT,                -- the last heartbeat, JSON
    network       TEXT                 -- the /24 or /48 it last called from, where that is public
) STRICT, WITHOUT ROWID;
CREATE INDEX collector_by_member ON collector (member);

CREATE TABLE token (
    secret_hash TEXT PRIMARY KEY,      -- SHA-256; the secret itself is never stored
    member      TEXT NOT NULL REFERENCES member (id),
    site        TEXT NOT NULL,
    created     INTEGER NOT NULL,
    expires     INTEGER NOT NULL,
    used        INTEGER,
    collector   TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE certificate (
    serial     TEXT PRIMARY KEY,
    collector  TEXT NOT NULL REFERENCES collector (id),
    not_before INTEGER NOT NULL,
    not_after  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX certificate_by_collector ON certificate (collector, not_after);

-- What firms sent. Firms and collectors have short numbers here, given when they are first heard.
CREATE TABLE firm (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    member    TEXT NOT NULL UNIQUE REFERENCES member (id),
    batches   INTEGER NOT NULL,        -- counted so far
    sightings INTEGER NOT NULL,        -- in them
    findings  INTEGER NOT NULL         -- kept now
) STRICT;

CREATE TABLE sender (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    collector TEXT NOT NULL UNIQUE REFERENCES collector (id),
    firm      INTEGER NOT NULL REFERENCES firm (number)
) STRICT;

-- Each batch once.
CREATE TABLE batch (
    receipt   INTEGER PRIMARY KEY AUTOINCREMENT,
    sender    INTEGER NOT NULL REFERENCES sender (number),
    sequence  INTEGER NOT NULL,
    sha256    BLOB NOT NULL,
    received  INTEGER NOT NULL,
    sightings INTEGER NOT NULL,        -- accepted as sightings
    set_aside TEXT NOT NULL,           -- the others, JSON object of reason and number
    UNIQUE (sender, sequence)
) STRICT;

-- Below, `firm` is a firm's number and `receipt` the batch's. No reference is declared, since it would
-- be looked up for every row; erasing knows (store/sql/tables.rs).

-- The sightings of a batch in one block (store/packed); of each finding the latest word counts.
CREATE TABLE chunk (
    receipt INTEGER PRIMARY KEY,
    firm    INTEGER NOT NULL,
    sender  INTEGER NOT NULL,
    oldest  INTEGER NOT NULL,          -- earliest of the last events in it
    newest  INTEGER NOT NULL,          -- latest of them
    told    BLOB NOT NULL,             -- findings in it that an earlier batch told of, and which one
    body    BLOB NOT NULL
) STRICT;
CREATE INDEX chunk_by_firm ON chunk (firm, newest);
CREATE INDEX chunk_by_oldest ON chunk (oldest);

-- Where the latest words about findings stand, in parts of a day. A finding's first event is part of its
-- identity, so its day keeps together what comes together.
CREATE TABLE finding (
    firm   INTEGER NOT NULL,
    day    INTEGER NOT NULL,           -- of their first events, since the epoch
    part   INTEGER NOT NULL,           -- from 0; the last one is not full yet
    places BLOB NOT NULL,              -- findings with the batch of each (store/packed)
    PRIMARY KEY (firm, day, part)
) STRICT;

-- Words in a block about which there is a later one.
CREATE TABLE stale (
    receipt INTEGER PRIMARY KEY,
    firm    INTEGER NOT NULL,
    words   BLOB NOT NULL              -- findings (store/packed)
) STRICT;

-- What the watch counts: who was seen for a key in a day, as many batches of many firms said it. What is
-- newer than `edge_sorted` says stands in the blocks only.
CREATE TABLE edge (
    day     INTEGER NOT NULL,          -- of the last events, since the epoch
    key     TEXT NOT NULL,
    receipt INTEGER NOT NULL,          -- the newest batch in it
    spans   BLOB NOT NULL,             -- firms, times, severities, sources with counts (store/packed)
    PRIMARY KEY (day, key, receipt)
) STRICT;

CREATE TABLE edge_sorted (
    id      INTEGER PRIMARY KEY,       -- 1
    receipt INTEGER NOT NULL,          -- blocks up to this one are sorted
    waiting INTEGER NOT NULL           -- sightings in those after it
) STRICT;

-- Sums for the pages, kept with the sightings in one transaction. Events are spread over the hours that
-- their sighting lasted; a finding counts in the hour of its last event.
CREATE TABLE rollup_hour (
    firm INTEGER NOT NULL,
    day  INTEGER NOT NULL,             -- days since the epoch
    sums BLOB NOT NULL,                -- by hour and outcome (store/packed)
    PRIMARY KEY (firm, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollup_day (
    firm     INTEGER NOT NULL,
    day      INTEGER NOT NULL,         -- days since the epoch
    outcome  TEXT NOT NULL,
    events   INTEGER NOT NULL,
    findings INTEGER NOT NULL,
    PRIMARY KEY (firm, day, outcome)
) STRICT, WITHOUT ROWID;

-- Where the sightings are in ClickHouse: how far blocks were carried there; a row once one was named.
CREATE TABLE feed (
    name    TEXT PRIMARY KEY,          -- sightings
    done    INTEGER NOT NULL,          -- the newest batch carried
    until   INTEGER NOT NULL,          -- the newest of the group being carried; `done` when there is none
    adopted INTEGER NOT NULL           -- the newest that had been counted in the tables above
) STRICT, WITHOUT ROWID;

-- How long the longest of a firm's findings lasted that were carried there, in milliseconds: whoever looks
-- for what ended after some time need not look at what began longer before it.
CREATE TABLE longest (
    firm   INTEGER PRIMARY KEY,
    lasted INTEGER NOT NULL
) STRICT;

-- Numbers of erased firms, whose rows go from ClickHouse too.
CREATE TABLE erased (
    number INTEGER PRIMARY KEY,
    gone   INTEGER NOT NULL            -- 1 once it was counted that none is left
) STRICT, WITHOUT ROWID;

-- What the watch concluded, and who was told.
CREATE TABLE threat (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    key      TEXT NOT NULL,
    kind     TEXT NOT NULL,
    level    TEXT NOT NULL,
    scope    TEXT NOT NULL,
    state    TEXT NOT NULL,            -- emerging | watching | closed
    severity TEXT NOT NULL,
    opened   INTEGER NOT NULL,
    updated  INTEGER NOT NULL,
    closed   INTEGER,
    score    REAL NOT NULL,
    sources  INTEGER NOT NULL,
    members  INTEGER NOT NULL,
    first    INTEGER NOT NULL,
    evidence TEXT NOT NULL             -- JSON object
) STRICT;
CREATE INDEX threat_by_key ON threat (key, state);

CREATE TABLE threat_member (
    threat INTEGER NOT NULL REFERENCES threat (id),
    member TEXT NOT NULL,
    first  INTEGER NOT NULL,
    PRIMARY KEY (threat, member)
) STRICT, WITHOUT ROWID;

CREATE TABLE warning (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    threat     INTEGER NOT NULL REFERENCES threat (id),
    member     TEXT NOT NULL REFERENCES member (id),
    issued     INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    body       TEXT NOT NULL,          -- the warning as sent, JSON
    delivered  INTEGER,                -- first fetched by a collector of the member
    hit        INTEGER,                -- first sighting of the threat at the member after the warning
    UNIQUE (threat, member)
) STRICT;
CREATE INDEX warning_by_member ON warning (member, id);

-- What the watch looked at and when, so that the same edges give the same alarms again; and its state,
-- from which it goes on.
CREATE TABLE watch_look (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    at    INTEGER NOT NULL,
    up_to INTEGER NOT NULL             -- the newest batch whose edges it knew
) STRICT;

CREATE TABLE watch_state (
    name  TEXT PRIMARY KEY,
    look  INTEGER NOT NULL,            -- the look after which it was kept
    state BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Which of the watch's episodes a threat is.
CREATE TABLE threat_episode (
    threat      INTEGER PRIMARY KEY REFERENCES threat (id),
    episode     INTEGER NOT NULL,
    merged_into INTEGER REFERENCES threat (id)
) STRICT;
CREATE INDEX threat_by_episode ON threat_episode (episode);

-- Blocklists: which device of a member may fetch its list, what stands on it, what the member took off.
CREATE TABLE blocklist_device (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    member      TEXT NOT NULL REFERENCES member (id),
    name        TEXT NOT NULL,
    secret_hash TEXT NOT NULL UNIQUE,  -- SHA-256; the secret itself is never stored
    size        INTEGER NOT NULL,      -- most entries the device can hold
    created     INTEGER NOT NULL,
    fetched     INTEGER,               -- when it last asked
    revoked     INTEGER
) STRICT;
CREATE INDEX blocklist_device_by_member ON blocklist_device (member, id);

CREATE TABLE blocklist_entry (
    member    TEXT NOT NULL REFERENCES member (id),
    source    TEXT NOT NULL,
    rank      INTEGER NOT NULL,        -- from 1, the likeliest first
    witnesses INTEGER NOT NULL,        -- members that saw it in the last month
    last      INTEGER NOT NULL,        -- when it was last seen
    expires   INTEGER NOT NULL,
    PRIMARY KEY (member, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE blocklist_appeal (
    member TEXT NOT NULL REFERENCES member (id),
    source TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (member, source)
) STRICT, WITHOUT ROWID;

-- What officers said of threats; the newest word counts, none is taken back.
CREATE TABLE threat_verdict (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    threat  INTEGER NOT NULL REFERENCES threat (id),
    person  TEXT NOT NULL,
    verdict TEXT NOT NULL,             -- confirmed | benign | duplicate
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX threat_verdict_by_threat ON threat_verdict (threat, id);

-- People, their sessions, and the record of who read what.
CREATE TABLE person (
    id       TEXT PRIMARY KEY,
    email    TEXT NOT NULL UNIQUE,
    name     TEXT NOT NULL,
    role     TEXT NOT NULL,            -- as access/matrix.rs spells it
    member   TEXT REFERENCES member (id),
    area     TEXT,                     -- officer: force area; regional officer: region, NULL for all
    created  INTEGER NOT NULL,
    disabled INTEGER,
    by_firm  INTEGER NOT NULL DEFAULT 0 -- 1: shut out by an owner of the firm, who may end that
) STRICT, WITHOUT ROWID;
CREATE INDEX person_by_member ON person (member);

-- Whom a firm's owner invites. Whoever holds the mailed link becomes a person; until then nobody is told
-- whether the address is known.
CREATE TABLE invitation (
    id          TEXT PRIMARY KEY,
    secret_hash TEXT NOT NULL UNIQUE,
    member      TEXT NOT NULL REFERENCES member (id),
    owner       TEXT NOT NULL REFERENCES person (id),
    email       TEXT NOT NULL,
    name        TEXT NOT NULL,
    role        TEXT NOT NULL,
    expires     INTEGER NOT NULL,
    UNIQUE (member, email)
) STRICT, WITHOUT ROWID;

-- The firms that somebody looks after who belongs to none of them.
CREATE TABLE person_firm (
    person TEXT NOT NULL REFERENCES person (id),
    member TEXT NOT NULL REFERENCES member (id),
    PRIMARY KEY (person, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_firm_by_member ON person_firm (member);

CREATE TABLE sign_in_link (
    secret_hash TEXT PRIMARY KEY,
    person      TEXT NOT NULL REFERENCES person (id),
    expires     INTEGER NOT NULL,
    used        INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    secret_hash TEXT PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,  -- for the list of one's own
    person      TEXT NOT NULL REFERENCES person (id),
    created     INTEGER NOT NULL,
    last_used   INTEGER NOT NULL,
    expires     INTEGER NOT NULL,
    proof       TEXT NOT NULL,         -- link | passkey | code | recovery | provider
    proved      INTEGER NOT NULL,      -- when it was last proved who holds it
    firm        TEXT,                  -- of those looked after, the one chosen
    agent       TEXT NOT NULL          -- what kind of browser on what kind of device
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_person ON session (person);

-- What people sign in with. Public keys, secrets of apps, hashes of recovery codes.
CREATE TABLE passkey (
    credential TEXT PRIMARY KEY,       -- base64url
    id         TEXT NOT NULL UNIQUE,
    person     TEXT NOT NULL REFERENCES person (id),
    name       TEXT NOT NULL,
    public_key BLOB NOT NULL,          -- SubjectPublicKeyInfo, DER
    algorithm  INTEGER NOT NULL,       -- COSE number
    counter    INTEGER NOT NULL,
    synced     INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    last_used  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX passkey_by_person ON passkey (person);

CREATE TABLE code_app (
    person    TEXT PRIMARY KEY REFERENCES person (id),
    offered   BLOB,                    -- secret shown, of which no code was typed in yet
    secret    BLOB,                    -- secret that counts
    confirmed INTEGER,                 -- since when
    last_step INTEGER,                 -- of the last code taken: each is good once
    wrong     INTEGER NOT NULL DEFAULT 0,
    locked    INTEGER                  -- no code is taken until then
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_code (
    person    TEXT NOT NULL REFERENCES person (id),
    code_hash TEXT NOT NULL,
    used      INTEGER,
    PRIMARY KEY (person, code_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE spent_challenge (
    challenge TEXT PRIMARY KEY,        -- SHA-256
    expires   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    actor    TEXT NOT NULL,            -- person, or a name for a program
    role     TEXT NOT NULL,
    action   TEXT NOT NULL,
    member   TEXT,                     -- whose data
    subject  TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash     TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_member ON audit (member, id);

-- Keys of programs: each belongs to a person and can do no more than that person.
CREATE TABLE api_key (
    id          TEXT PRIMARY KEY,
    secret_hash TEXT NOT NULL UNIQUE,  -- SHA-256; the key itself is never stored
    person      TEXT NOT NULL REFERENCES person (id),
    name        TEXT NOT NULL,
    actions     TEXT NOT NULL,         -- what it may do, words separated by blanks
    created     INTEGER NOT NULL,
    expires     INTEGER NOT NULL,
    revoked     INTEGER,
    last_used   INTEGER                -- to the minute
) STRICT, WITHOUT ROWID;
CREATE INDEX api_key_by_person ON api_key (person, created);

-- A firm's word that it has read a warning and acts on it.
CREATE TABLE acknowledgement (
    warning INTEGER PRIMARY KEY REFERENCES warning (id),
    person  TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Firms that ask to join: what they said, and what became of it. Kept for some months only.
CREATE TABLE application (
    id          TEXT PRIMARY KEY,
    secret_hash TEXT NOT NULL UNIQUE,  -- of the mailed link, SHA-256
    firm        TEXT NOT NULL,
    domain      TEXT NOT NULL,
    contact     TEXT NOT NULL,
    email       TEXT NOT NULL,
    register    TEXT NOT NULL,         -- company | charity | none
    number      TEXT NOT NULL,
    ico         TEXT,
    sector      TEXT NOT NULL,
    size        TEXT NOT NULL,
    postcode    TEXT NOT NULL,         -- the letters it begins with
    area        TEXT NOT NULL,
    region      TEXT NOT NULL,         -- whose officers vet it
    spoken      TEXT NOT NULL,         -- four words to know each other by on the telephone
    state       TEXT NOT NULL,         -- asked | waiting | question | accepted | refused
    asked       INTEGER NOT NULL,
    confirmed   INTEGER,
    question    TEXT,
    answer      TEXT,
    reason      TEXT,
    decided     INTEGER,
    member      TEXT REFERENCES member (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX application_by_region ON application (region, state, asked);
CREATE INDEX application_by_email ON application (email);

-- Accounts at single sign-on providers that stand for people.
CREATE TABLE outside_identity (
    issuer    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    person    TEXT NOT NULL REFERENCES person (id),
    created   INTEGER NOT NULL,
    last_used INTEGER,
    PRIMARY KEY (issuer, subject),
    UNIQUE (person, issuer)
) STRICT, WITHOUT ROWID;

-- A region's role taken in an emergency, by one session, for an hour at most.
CREATE TABLE emergency (
    id      TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    person  TEXT NOT NULL REFERENCES person (id),
    region  TEXT NOT NULL,
    reason  TEXT NOT NULL,
    began   INTEGER NOT NULL,
    ends    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX emergency_by_session ON emergency (session, ends);

-- Regions that let national analysts see their firms.
CREATE TABLE region_share (
    region TEXT PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id),
    reason TEXT NOT NULL,
    since  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Acts to which a second person must agree.
CREATE TABLE approval (
    id        TEXT PRIMARY KEY,
    kind      TEXT NOT NULL,           -- reset | export
    subject   TEXT NOT NULL,           -- the person; the region, empty for all
    reason    TEXT NOT NULL,
    asked_by  TEXT NOT NULL REFERENCES person (id),
    asked     INTEGER NOT NULL,
    agreed_by TEXT,
    agreed    INTEGER,
    taken     INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX approval_by_kind ON approval (kind, asked);
