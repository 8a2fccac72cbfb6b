//! A small real hub for the page tests: a store filled through the same calls that ingest and the
//! watch use, and its pages on a free port of this machine.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use larum_core::finding::{AttackOutcome, Category, FindingId, Severity};
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;
use larum_core::words::Words;
use larum_hub_lib::access::Role;
use larum_hub_lib::api::{self, ApiState};
use larum_hub_lib::enrol::authority::Authority;
use larum_hub_lib::id::{CollectorId, MemberId, PersonId};
use larum_hub_lib::origin::Origins;
use larum_hub_lib::people::mail::{Mailer, Relay};
use larum_hub_lib::people::oidc::fetch::Fetcher;
use larum_hub_lib::people::oidc::{Provider, Settings as ProviderSettings};
use larum_hub_lib::people::{self, check_person};
use larum_hub_lib::store::audit::Actor;
use larum_hub_lib::store::enrol::{EnrolStore as _, Issued, NewMember, NewToken};
use larum_hub_lib::store::firms::LookedAfter as _;
use larum_hub_lib::store::ingest::{CheckedBatch, IngestStore as _};
use larum_hub_lib::store::people::People as _;
use larum_hub_lib::store::sql::SqlStore;
use larum_hub_lib::watch::exploited::Exploited;
use larum_hub_lib::watch::{Settings, Watch};
use larum_hub_lib::web::{Invitations, WebState, router};
use larum_link::clock::Clock;
use larum_link::token::HubAddress;
use larum_link::wire::{Heartbeat, Tally};

pub const HOUR: i64 = 3_600;
/// The areas the firms are in: Devon & Cornwall, and Dorset.
pub const AREAS: [&str; 2] = ["E23000035", "E23000039"];
const NAMES: [&str; 10] = [
    "Oak Street Books",
    "Harbour Dental Practice",
    "Moor View Primary School",
    "Pascoe & Daughters Solicitors",
    "Tin Mine Bakery",
    "Estuary Engineering Limited",
    "Blackdown Farm Supplies",
    "Quayside Lettings and Property Management of Lower Dorset",
    "Chesil Care Homes",
    "Westbury Accountants",
];
const SECTORS: [&str; 5] = ["retail", "health", "education", "legal", "food"];

/// The hub.
pub struct Firms {
    folder: tempfile::TempDir,
    pub store: Arc<SqlStore>,
    pub members: Vec<MemberId>,
    collectors: Vec<CollectorId>,
    sequences: Vec<(u64, String)>,
    made: u64,
    pub now: Timestamp,
    pub address: SocketAddr,
    pub page_url: String,
    exploited: Exploited,
}

impl Firms {
    /// Ten firms, five weeks of noise, and a wave against remote desktops that reached five of them
    /// and, after the warning, two more. Must run within a runtime.
    pub async fn with_a_wave() -> Self {
        let mut firms = Self::empty("127.0.0.1", true).await;
        firms.wave(|_| {});
        firms
    }

    /// Ten quiet firms over a store that `open` opens in a folder.
    pub async fn over(open: impl FnOnce(&Path) -> SqlStore) -> Self {
        Self::start("127.0.0.1", true, None, None, open).await
    }

    /// The noise and the wave; `arrived` is called before the watch looks.
    pub fn wave(&mut self, arrived: impl Fn(&SqlStore)) {
        for day in (1..36).rev() {
            // One stranger a day knocks at one firm in turn, and everybody was there from the start.
            let at = self.now.plus_seconds(-day * 24 * HOUR);
            let number = u8::try_from(day).unwrap();
            let firm = usize::from(number) % NAMES.len();
            self.sees(firm, "tcp/22", number, at, AttackOutcome::Blocked);
        }
        for firm in 0..NAMES.len() {
            let at = self.now.plus_seconds(-36 * 24 * HOUR);
            self.sees(firm, "tcp/23", 99, at, AttackOutcome::Blocked);
        }
        let words = || Words::of("en").unwrap();
        let settings = Settings {
            exploited: self.exploited.clone(),
            ..Settings::default()
        };
        let watch = Watch::new(words(), settings);
        arrived(&self.store);
        watch
            .step(&*self.store, self.now.plus_seconds(-25 * HOUR))
            .unwrap();
        for (firm, hours) in [(0, 9), (2, 8), (4, 7), (6, 6), (1, 6)] {
            for source in 200..205 {
                let at = self.now.plus_seconds(-hours * HOUR);
                self.sees(firm, "tcp/3389", source, at, AttackOutcome::Attempt);
            }
        }
        arrived(&self.store);
        watch
            .step(&*self.store, self.now.plus_seconds(-5 * HOUR))
            .unwrap();
        for (firm, hours) in [(8, 2), (9, 1)] {
            let at = self.now.plus_seconds(-hours * HOUR);
            self.sees(firm, "tcp/3389", 201, at, AttackOutcome::Blocked);
        }
        self.sees(
            0,
            "tcp/22",
            17,
            self.now.plus_seconds(-HOUR),
            AttackOutcome::Success,
        );
        arrived(&self.store);
        watch.step(&*self.store, self.now).unwrap();
        self.heartbeats();
    }

    /// Ten quiet firms on a hub as it is in use: a link alone is not enough, and the host has a name,
    /// as passkeys need.
    pub async fn in_use() -> Self {
        Self::empty("localhost", false).await
    }

    /// The same with a mail relay of this machine.
    pub async fn with_mail(relay: SocketAddr) -> Self {
        let relay = Relay::parse(&format!("smtp-plain://{relay}")).unwrap();
        let mailer = Mailer::new(&relay, "larum@hub.example.org", None).unwrap();
        Self::start("localhost", false, Some(Arc::new(mailer)), None, embedded).await
    }

    /// The same with a provider of single sign-on and no mail.
    pub async fn with_provider(settings: ProviderSettings) -> Self {
        let provider = Provider::new(settings, Arc::new(Fetcher::new().unwrap()));
        Self::start("localhost", false, None, Some(Arc::new(provider)), embedded).await
    }

    async fn empty(host: &str, links_suffice: bool) -> Self {
        Self::start(host, links_suffice, None, None, embedded).await
    }

    async fn start(
        host: &str,
        links_suffice: bool,
        mailer: Option<Arc<Mailer>>,
        provider: Option<Arc<Provider>>,
        open: impl FnOnce(&Path) -> SqlStore,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(open(folder.path()));
        let clock = Clock::system();
        let now = clock.now();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let page_url = format!("http://{host}:{}", address.port());
        let mut state = WebState::new(store.clone(), clock, page_url.clone()).unwrap();
        state.links_suffice = links_suffice;
        state.mailer = mailer;
        state.providers = provider.into_iter().collect();
        let authority = Authority::create(&folder.path().join("authority"), now).unwrap();
        state.invitations = Some(Invitations {
            authority: Arc::new(authority),
            address: HubAddress::new("hub.example.org", 7_443).unwrap(),
            token_hours: 24,
        });
        let exploited = exploited(folder.path(), now);
        state.exploited = exploited.clone();
        let mut api =
            ApiState::new(state.store.clone(), state.clock.clone(), &state.page_url).unwrap();
        api.exploited = exploited.clone();
        let origins = origins(folder.path());
        state.origins = origins.clone();
        api.origins = origins;
        let router = router(state).nest(api::PREFIX, api::router(api));
        let server = axum::serve(listener, router).into_future();
        tokio::spawn(async move { server.await.unwrap() });
        let mut firms = Self {
            folder,
            store,
            members: Vec::new(),
            collectors: Vec::new(),
            sequences: Vec::new(),
            made: 0,
            now,
            address,
            page_url,
            exploited,
        };
        for (number, name) in NAMES.iter().enumerate() {
            firms.join(number, name);
        }
        firms
    }

    fn join(&mut self, number: usize, name: &str) {
        let before = self.now.plus_seconds(-60 * 24 * HOUR);
        let member = MemberId::random().unwrap();
        let new = NewMember {
            id: member,
            name: name.to_owned(),
            area: AREAS[usize::from(number >= 7)].to_owned(),
            region: "SWROCU".into(),
            sector: SECTORS[number % SECTORS.len()].into(),
            size: "micro".into(),
        };
        self.store.add_member(&new, before).unwrap();
        let token = NewToken {
            secret_hash: format!("{number:064x}"),
            member,
            site: "Shop".into(),
            expires: before.plus_seconds(HOUR),
        };
        self.store.add_token(&token, before).unwrap();
        let collector = CollectorId::random().unwrap();
        let issued = Issued {
            collector,
            serial: format!("{number:x}"),
            not_before: before,
            not_after: self.now.plus_seconds(HOUR),
        };
        self.store
            .enrol(&token.secret_hash, &issued, before)
            .unwrap()
            .unwrap();
        self.members.push(member);
        self.collectors.push(collector);
        self.sequences.push((0, "0".repeat(64)));
    }

    /// Firm `place` has brought more than its day's worth, and was asked to wait.
    pub fn over_quota(&self, place: usize, at: Timestamp) {
        let collector = self.collectors[place];
        self.store.note_over_quota(collector, at).unwrap();
    }

    /// The store's files.
    pub fn files(&self) -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .collect()
    }

    /// All speak, but the fourth firm's collector fell silent yesterday.
    fn heartbeats(&self) {
        for (number, collector) in self.collectors.iter().enumerate() {
            let seconds = if number == 3 { -26 * HOUR } else { -40 };
            let seen = self.now.plus_seconds(seconds);
            let json = serde_json::to_string(&heartbeat(seen)).unwrap();
            self.store.heartbeat(*collector, &json, seen).unwrap();
        }
    }

    /// Firm `place` sees an attack.
    pub fn sees(
        &mut self,
        place: usize,
        key: &str,
        source: u8,
        at: Timestamp,
        outcome: AttackOutcome,
    ) {
        self.made += 1;
        let severity = match outcome {
            AttackOutcome::Success => Severity::Critical,
            _ => Severity::Medium,
        };
        let sighting = Sighting {
            id: FindingId::of(&[&self.made.to_le_bytes()]),
            key: key.to_owned(),
            detector: "log-in-guessing".into(),
            category: Category::BruteForce,
            attack: vec!["T1110.001".into()],
            severity,
            confidence: 85,
            outcome,
            first: at.plus_seconds(-600),
            last: at,
            count: 40 + u64::from(source),
            sources: vec![IpAddr::V4(network(source))],
        };
        let (sequence, head) = &mut self.sequences[place];
        *sequence += 1;
        let chain = format!("{:064x}", self.made);
        let batch = CheckedBatch {
            collector: self.collectors[place],
            sequence: *sequence,
            previous: std::mem::replace(head, chain.clone()),
            sha256: chain.clone(),
            chain,
            sightings: vec![sighting],
            set_aside: BTreeMap::new(),
        };
        assert!(self.store.count_batch(&batch, at).unwrap().unwrap().fresh);
    }

    /// Adds a person and gives a link that signs them in.
    pub fn link(&self, role: Role, member: Option<usize>, area: Option<&str>) -> String {
        self.link_for(self.person(role, member, area))
    }

    /// A link for somebody who is there.
    pub fn link_for(&self, person: PersonId) -> String {
        let by = Actor::program("test");
        let now = Clock::system().now();
        people::sign_in_link(&*self.store, &by, person, &self.page_url, now).unwrap()
    }

    /// Adds one person of `role`, of the ninth firm or the first area where they need one; somebody
    /// who looks after firms has the ninth.
    pub fn somebody(&self, role: Role) -> PersonId {
        let member = role.of_firm().then_some(8);
        let area = (role == Role::Officer).then_some(AREAS[0]);
        let person = self.person(role, member, area);
        if role == Role::Provider {
            let by = Actor::program("test");
            let now = Clock::system().now();
            self.store
                .give_firm(&by, person, self.members[8], now)
                .unwrap();
        }
        person
    }

    /// Adds a person.
    pub fn person(&self, role: Role, member: Option<usize>, area: Option<&str>) -> PersonId {
        let by = Actor::program("test");
        let now = Clock::system().now();
        let id = PersonId::random().unwrap();
        let name = match role {
            Role::Member => "Sam Trelawney",
            Role::Staff => "Kim Rowe",
            Role::Reader => "Jo Tremayne",
            Role::Provider => "Max Hobbs",
            Role::Analyst => "Callum Reed",
            Role::Student => "Nia Bevan",
            Role::Officer => "Ali Hussain",
            Role::Regional => "Rosa Lane",
            Role::National => "Idris Cole",
            Role::Administrator => "Ada Price",
        };
        let member = member.map(|place| self.members[place]);
        let email = format!("{id}@example.org");
        let person = check_person(id, name, &email, role, member, area).unwrap();
        self.store.add_person(&by, &person, now).unwrap();
        id
    }
}

fn embedded(folder: &Path) -> SqlStore {
    SqlStore::open(&folder.join("hub.sqlite")).unwrap()
}

/// One of the three documentation networks.
const fn network(host: u8) -> Ipv4Addr {
    match host % 3 {
        0 => Ipv4Addr::new(192, 0, 2, host),
        1 => Ipv4Addr::new(198, 51, 100, host),
        _ => Ipv4Addr::new(203, 0, 113, host),
    }
}

fn heartbeat(now: Timestamp) -> Heartbeat {
    Heartbeat {
        version: "0.1.0".into(),
        now: now.as_millis(),
        total: Tally {
            received: 1_204_511,
            events: 1_198_240,
            rejected: BTreeMap::from([("unknown-format".into(), 6_012), ("too-long".into(), 240)]),
            dropped: BTreeMap::from([("queue-full".into(), 19)]),
            findings: 412,
            withheld: BTreeMap::from([("inside-only".into(), 31)]),
            sightings: 381,
            sent: 381,
            receipted: 381,
        },
        spool_bytes: 0,
        devices: 3,
        last_heard: Some(now.as_millis()),
        concerns: Vec::new(),
        trust: None,
    }
}

/// An invented registry's file, in which every address of the tests is in France.
fn origins(folder: &Path) -> Origins {
    let file = folder.join("delegated");
    let lines = "2|ripencc|20261120|1|19830705|20261119|+0100\n\
        ripencc|FR|ipv4|192.0.2.0|256|20100714|allocated\n\
        ripencc|FR|ipv4|198.51.100.0|256|20100714|allocated\n\
        ripencc|FR|ipv4|203.0.113.0|256|20100714|allocated\n\
        ripencc|FR|ipv6|2001:db8::|32|20100714|allocated\n";
    std::fs::write(&file, lines).unwrap();
    Origins::of(&[file])
}

/// An invented list of known-exploited weaknesses, ten days old, in a folder of its own.
fn exploited(folder: &Path, now: Timestamp) -> Exploited {
    let folder = folder.join("lists");
    std::fs::create_dir(&folder).unwrap();
    let entry = |cve: &str, product: &str| {
        serde_json::json!({
            "cveID": cve, "vendorProject": "Microsoft", "product": product,
            "vulnerabilityName": "An invented hole", "dateAdded": "2026-11-01",
            "requiredAction": "Put the maker's update in.", "dueDate": "2026-11-22",
            "knownRansomwareCampaignUse": "Known",
        })
    };
    let list = serde_json::json!({
        "dateReleased": now.plus_seconds(-10 * 24 * HOUR).to_string(),
        "vulnerabilities": [
            entry("CVE-2026-1001", "Remote Desktop Services"),
            entry("CVE-2026-1002", "Remote Desktop Client"),
        ],
    });
    let file = folder.join("known.json");
    std::fs::write(&file, list.to_string()).unwrap();
    Exploited::of(Some(file))
}
