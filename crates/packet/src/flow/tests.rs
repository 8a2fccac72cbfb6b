use super::header::FIN;
use super::*;
use larum_core::event::{Kind, write_event};

#[derive(Default)]
struct Told {
    flows: Vec<String>,
    said: Vec<String>,
    unread: Vec<(Unread, u64)>,
}

impl Tell for Told {
    fn event(&mut self, event: &mut Event<'_>) {
        let end = |ip: Option<std::net::IpAddr>, port: Option<u16>| {
            format!("{}:{}", ip.unwrap(), port.unwrap_or(0))
        };
        let ends = format!(
            "{} {}",
            end(event.src_ip, event.src_port),
            end(event.dst_ip, event.dst_port)
        );
        if event.kind == Kind::Network {
            self.flows.push(format!(
                "{ends} {} {} {} {}/{} {}",
                event.proto.unwrap(),
                event.action_raw.as_deref().unwrap_or("-"),
                event.action.map_or("-", |action| action.as_str()),
                event.src_bytes.unwrap(),
                event.dst_bytes.unwrap(),
                event.event_code.as_deref().unwrap_or("-"),
            ));
        } else {
            self.said.push(format!(
                "{ends} {} {}",
                event.kind,
                event.url.as_deref().unwrap_or("-")
            ));
        }
        assert!(event.community_id.as_deref().unwrap().starts_with("1:"));
        let mut line = String::new();
        write_event(event, None, &mut line);
        serde_json::from_str::<serde_json::Value>(&line).unwrap();
    }

    fn unread(&mut self, reason: Unread, packets: u64) {
        self.unread.push((reason, packets));
    }
}

const CLIENT: &str = "10.0.0.5:50000";
const SERVER: &str = "192.0.2.1:80";

struct Wire {
    meter: Meter,
    told: Told,
    millis: i64,
}

impl Wire {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        Self {
            meter: Meter::new(limits),
            told: Told::default(),
            millis: 1_795_341_600_000,
        }
    }

    fn send(&mut self, ip: &[u8]) -> &mut Self {
        self.millis += 1;
        let packet = Packet {
            at: Timestamp::from_millis(self.millis),
            ip,
            wire_bytes: u32::try_from(ip.len() + 14).unwrap(),
        };
        self.meter.packet(&packet, &mut self.told);
        self
    }

    fn tcp(&mut self, from: &str, to: &str, flags: u8, seq: u32, body: &[u8]) -> &mut Self {
        self.send(&tcp(from, to, flags, seq, body))
    }

    fn rest(&mut self, seconds: i64) -> &mut Self {
        self.millis += seconds * 1_000;
        self.meter
            .advance(Timestamp::from_millis(self.millis), &mut self.told);
        self
    }

    #[track_caller]
    fn ends_as(&mut self, flows: &[&str]) {
        self.meter.finish(&mut self.told);
        assert_eq!(self.told.flows, flows);
        let counts = self.meter.counts();
        assert_eq!(counts.packets, counts.in_flows + counts.unread.total());
        assert_eq!(self.meter.waiting_bytes, 0);
    }
}

fn ends_of(from: &str, to: &str) -> ([u8; 4], u16, [u8; 4], u16) {
    let read = |end: &str| {
        let end: std::net::SocketAddrV4 = end.parse().unwrap();
        (end.ip().octets(), end.port())
    };
    let ((source, from), (target, to)) = (read(from), read(to));
    (source, from, target, to)
}

fn ip(protocol: u8, source: [u8; 4], target: [u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + body.len()).unwrap().to_be_bytes();
    let head = [
        0x45, 0, length[0], length[1], 0, 0, 0x40, 0, 64, protocol, 0, 0,
    ];
    [&head[..], &source, &target, body].concat()
}

fn tcp(from: &str, to: &str, flags: u8, seq: u32, body: &[u8]) -> Vec<u8> {
    let (source, from, target, to) = ends_of(from, to);
    let head = [
        &from.to_be_bytes()[..],
        &to.to_be_bytes(),
        &seq.to_be_bytes(),
        &[0; 4],
    ]
    .concat();
    ip(
        6,
        source,
        target,
        &[&head[..], &[0x50, flags, 0, 0, 0, 0, 0, 0], body].concat(),
    )
}

fn udp(from: &str, to: &str, body: &[u8]) -> Vec<u8> {
    let (source, from, target, to) = ends_of(from, to);
    let length = u16::try_from(8 + body.len()).unwrap();
    let head = [
        from.to_be_bytes(),
        to.to_be_bytes(),
        length.to_be_bytes(),
        [0, 0],
    ]
    .concat();
    ip(17, source, target, &[&head[..], body].concat())
}

#[test]
fn a_connection_is_one_flow_with_both_sides_counted() {
    let mut wire = Wire::new();
    let request = b"GET /a HTTP/1.1\r\nHost: www.example.org\r\n\r\n";
    wire.tcp(CLIENT, SERVER, SYN, 99, b"")
        .tcp(SERVER, CLIENT, SYN | ACK, 499, b"");
    wire.tcp(CLIENT, SERVER, ACK, 100, b"");
    // The second half comes first, then a repetition.
    wire.tcp(CLIENT, SERVER, ACK, 110, &request[10..]);
    wire.tcp(CLIENT, SERVER, ACK, 100, &request[..10]);
    wire.tcp(CLIENT, SERVER, ACK, 100, &request[..10]);
    wire.tcp(
        SERVER,
        CLIENT,
        ACK,
        500,
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    );
    wire.tcp(CLIENT, SERVER, FIN | ACK, 142, b"")
        .tcp(SERVER, CLIENT, FIN | ACK, 538, b"");
    wire.ends_as(&["10.0.0.5:50000 192.0.2.1:80 tcp closed close 376/200 ShADTdFf"]);
    assert_eq!(wire.told.said, ["10.0.0.5:50000 192.0.2.1:80 http /a"]);
}

#[test]
fn how_it_ended_is_the_action() {
    let mut wire = Wire::new();
    wire.tcp(CLIENT, SERVER, SYN, 1, b"")
        .tcp(SERVER, CLIENT, RST | ACK, 0, b"")
        .rest(60);
    wire.tcp("10.0.0.5:50001", SERVER, SYN, 1, b"")
        .tcp("10.0.0.5:50001", SERVER, SYN, 1, b"")
        .rest(60);
    // A look whether the port is open.
    wire.tcp("10.0.0.5:50002", SERVER, SYN, 1, b"").tcp(
        SERVER,
        "10.0.0.5:50002",
        SYN | ACK,
        7,
        b"",
    );
    wire.tcp("10.0.0.5:50002", SERVER, RST, 2, b"").rest(60);
    // Cut by the server before it said anything.
    wire.tcp("10.0.0.5:50003", SERVER, SYN, 1, b"").tcp(
        SERVER,
        "10.0.0.5:50003",
        SYN | ACK,
        7,
        b"",
    );
    wire.tcp("10.0.0.5:50003", SERVER, ACK, 2, b"x")
        .tcp(SERVER, "10.0.0.5:50003", RST, 8, b"")
        .rest(60);
    // The capture begins within the flow, with the server.
    wire.tcp(SERVER, "10.0.0.5:50004", ACK, 7, b"x")
        .tcp("10.0.0.5:50004", SERVER, ACK, 2, b"");
    wire.ends_as(&[
        "10.0.0.5:50000 192.0.2.1:80 tcp refused deny 54/54 Sr",
        "10.0.0.5:50001 192.0.2.1:80 tcp no-answer drop 108/0 S",
        "10.0.0.5:50002 192.0.2.1:80 tcp reset close 108/54 ShR",
        "10.0.0.5:50003 192.0.2.1:80 tcp reset reset 109/108 ShDr",
        "10.0.0.5:50004 192.0.2.1:80 tcp established allow 54/55 dA",
    ]);
}

#[test]
fn a_port_used_again_is_another_flow() {
    let mut wire = Wire::new();
    for start in [10, 5_000] {
        wire.tcp(CLIENT, SERVER, SYN, start, b"")
            .tcp(SERVER, CLIENT, SYN | ACK, start, b"");
        wire.tcp(CLIENT, SERVER, FIN, start + 1, b"")
            .tcp(SERVER, CLIENT, FIN, start + 1, b"");
    }
    let expected = "10.0.0.5:50000 192.0.2.1:80 tcp closed close 108/108 ShFf";
    wire.ends_as(&[expected, expected]);
}

#[test]
fn questions_are_answered_refused_or_not() {
    let (client, server) = ("10.0.0.5:5000", "192.0.2.9:9999");
    let mut wire = Wire::new();
    wire.send(&udp(client, server, b"question"))
        .send(&udp(server, client, b"answer"))
        .rest(200);
    let lost = udp(client, server, b"question");
    wire.send(&lost);
    let error = [&[3, 3, 0, 0, 0, 0, 0, 0][..], &lost[..28]].concat();
    wire.send(&ip(1, [192, 0, 2, 9], [10, 0, 0, 5], &error))
        .rest(200);
    wire.send(&ip(
        1,
        [10, 0, 0, 5],
        [192, 0, 2, 9],
        &[8, 0, 0, 0, 0, 1, 0, 1],
    ));
    wire.send(&ip(
        1,
        [192, 0, 2, 9],
        [10, 0, 0, 5],
        &[0, 0, 0, 0, 0, 1, 0, 1],
    ))
    .rest(200);
    // An answer seen first.
    wire.send(&udp("192.0.2.53:53", client, b"answer"));
    wire.ends_as(&[
        "10.0.0.5:5000 192.0.2.9:9999 udp established allow 50/48 -",
        "10.0.0.5:5000 192.0.2.9:9999 udp unreachable deny 50/0 -",
        "192.0.2.9:0 10.0.0.5:0 icmp no-answer - 70/0 -",
        "10.0.0.5:0 192.0.2.9:0 icmp established allow 42/42 -",
        "10.0.0.5:5000 192.0.2.53:53 udp no-answer - 0/48 -",
    ]);
}

#[test]
fn fragments_count_with_their_flow() {
    let whole = udp("10.0.0.5:5000", "192.0.2.9:9999", &[b'x'; 40]);
    let mut wire = Wire::new();
    for (offset, more) in [(0_usize, true), (3, true), (6, false)] {
        let mut piece = ip(
            17,
            [10, 0, 0, 5],
            [192, 0, 2, 9],
            &whole[20..][offset * 8..(offset * 8 + 24).min(48)],
        );
        piece[6] = if more { 0x20 } else { 0 };
        piece[7] = u8::try_from(offset).unwrap();
        if offset == 6 {
            // The last one never comes the first time round.
            continue;
        }
        wire.send(&piece);
    }
    wire.ends_as(&[]);
    assert_eq!(wire.told.unread, [(Unread::Fragment, 2)]);
    let mut wire = Wire::new();
    for (offset, more) in [(3_usize, false), (0, true)] {
        let mut piece = ip(
            17,
            [10, 0, 0, 5],
            [192, 0, 2, 9],
            &whole[20..][offset * 8..offset * 8 + 24],
        );
        piece[6] = if more { 0x20 } else { 0 };
        piece[7] = u8::try_from(offset).unwrap();
        wire.send(&piece);
    }
    wire.ends_as(&["10.0.0.5:5000 192.0.2.9:9999 udp no-answer - 116/0 -"]);
}

#[test]
fn a_full_table_sheds_openings_before_conversations() {
    let mut wire = Wire::with(Limits {
        flows: 10,
        ..Limits::default()
    });
    wire.tcp(CLIENT, SERVER, SYN, 1, b"")
        .tcp(SERVER, CLIENT, SYN | ACK, 1, b"");
    for source in 0..100 {
        wire.tcp(&format!("198.51.100.{source}:1234"), SERVER, SYN, 1, b"");
    }
    assert_eq!((wire.meter.flows(), wire.meter.counts().shed), (10, 91));
    wire.meter.finish(&mut wire.told);
    assert_eq!(wire.told.flows.len(), 101);
    let shed = wire
        .told
        .flows
        .iter()
        .filter(|flow| flow.contains(" shed "))
        .count();
    assert_eq!(shed, 91);
    assert!(
        wire.told
            .flows
            .iter()
            .any(|flow| flow.starts_with(CLIENT) && flow.contains("established"))
    );
}

#[test]
fn a_stamp_from_far_ahead_ends_nothing() {
    let mut wire = Wire::new();
    wire.tcp(CLIENT, SERVER, SYN, 1, b"");
    wire.millis += 100 * 365 * 86_400_000;
    wire.tcp(SERVER, CLIENT, SYN | ACK, 1, b"");
    wire.millis -= 100 * 365 * 86_400_000;
    wire.tcp(CLIENT, SERVER, ACK, 2, b"");
    wire.ends_as(&["10.0.0.5:50000 192.0.2.1:80 tcp established allow 108/54 ShA"]);
}

#[test]
fn what_waits_in_all_streams_is_bounded() {
    let limit = 100_000;
    let mut wire = Wire::with(Limits {
        waiting_bytes: limit,
        ..Limits::default()
    });
    for client in 0..200 {
        let from = format!("10.0.0.5:{}", 20_000 + client);
        wire.tcp(&from, SERVER, SYN, 0, b"");
        for piece in 0..20 {
            wire.tcp(&from, SERVER, ACK, 10 + piece * 2_000, &[b'x'; 1_000]);
            assert!(wire.meter.waiting_bytes <= limit + 1_000);
        }
    }
    wire.meter.finish(&mut wire.told);
    assert_eq!((wire.meter.waiting_bytes, wire.told.flows.len()), (0, 200));
}

#[test]
fn the_oldest_conversation_is_listened_to_no_more_when_there_are_too_many() {
    let mut wire = Wire::with(Limits {
        talks: 10,
        ..Limits::default()
    });
    for client in 0..50 {
        let from = format!("10.0.0.5:{}", 20_000 + client);
        wire.tcp(&from, SERVER, SYN, 0, b"")
            .tcp(&from, SERVER, ACK, 1, b"GET /a HTTP/1.1\r\n");
        assert!(wire.meter.talks.len() <= 10);
    }
    assert_eq!(wire.meter.counts().hushed, 40);
    wire.meter.finish_some(20, &mut wire.told);
    assert_eq!((wire.told.flows.len(), wire.meter.flows()), (20, 30));
    wire.meter.finish(&mut wire.told);
    assert_eq!(wire.told.flows.len(), 50);
}

/// Connections to the same server begin and end in the same few places of the table; the one that goes on
/// is told of when its turn comes, not when another's would have.
#[test]
fn a_place_that_is_used_again_does_not_inherit_its_turn() {
    let mut wire = Wire::with(Limits {
        talks: 4,
        ..Limits::default()
    });
    let hello: &[u8] = b"GET /a HTTP/1.1\r\n";
    for client in 0..3 {
        let from = format!("10.0.0.5:{}", 20_000 + client);
        wire.tcp(&from, SERVER, SYN, 0, b"")
            .tcp(&from, SERVER, ACK, 1, hello);
        wire.tcp(&from, SERVER, RST, 18, b"");
        // Reset, and gone from the table before the next one begins.
        wire.rest(11);
    }
    // Four that go on: room for all of them.
    for client in 0..4 {
        let from = format!("10.0.0.6:{}", 20_000 + client);
        wire.tcp(&from, SERVER, SYN, 0, b"")
            .tcp(&from, SERVER, ACK, 1, hello);
    }
    assert_eq!(wire.meter.counts().hushed, 0);
}

proptest::proptest! {
    /// Every packet counts once, in a flow or with a reason, whatever comes.
    #[test]
    fn packets_are_conserved(packets in proptest::collection::vec((0..5_u8, 0..4_u16, proptest::num::u8::ANY, proptest::num::u32::ANY, 0..80_usize, 0..5_000_i64), 0..200)) {
        let mut wire = Wire::with(Limits { flows: 3, talks: 2, waiting_bytes: 500, seed: 9 });
        for (sort, port, flags, number, length, later) in packets {
            let (from, to) = (format!("10.0.0.5:{}", 5_000 + port), "192.0.2.1:80".to_owned());
            let (from, to) = if number & 1 == 0 { (from, to) } else { (to, from) };
            let body = vec![b'x'; length];
            let mut packet = match sort {
                0 => udp(&from, &to, &body),
                1 => ip(1, [10, 0, 0, 5], [192, 0, 2, 1], &body),
                2 => { let mut piece = udp(&from, &to, &body); piece[6] = flags & 0x3F; piece[7] = flags; piece }
                _ => tcp(&from, &to, flags, number % 5_000, &body),
            };
            packet.truncate(packet.len() - usize::from(flags) % 7);
            wire.millis += later;
            wire.send(&packet);
        }
        wire.meter.finish(&mut wire.told);
        let counts = *wire.meter.counts();
        proptest::prop_assert_eq!(counts.packets, counts.in_flows + counts.unread.total());
        proptest::prop_assert_eq!(counts.flows, wire.told.flows.len() as u64);
        proptest::prop_assert_eq!((wire.meter.waiting_bytes, wire.meter.flows()), (0, 0));
    }
}
