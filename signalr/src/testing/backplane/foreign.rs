//! What others publish: servers that only speak the same bytes, and those who mean harm.

use super::bench::{Bench, Member, Server, ok, soon};
use super::engine::{Ear, publish};
use super::grouping::Dice;
use super::hub::{ASKED, TOLD, To};
use crate::backplane::Backplane;
use crate::backplane::channels::Channels;
use crate::backplane::envelope::Envelope;
use crate::backplane::inbound::DISCONNECTED;
use crate::backplane::wire::{self, Action, Answer, AnswerKind, Ask, AskKind, GroupCommand, Question};
use crate::protocol::{Naming, Outcome, Protocol};
use crate::session::close::CloseReason;
use bytes::Bytes;
use std::sync::Arc;

/// How a connection ends that cannot read what it was sent, as ASP.NET Core has it.
const NO_PROTOCOL: &str =
    "This message was received from another server that did not have the requested protocol available.";
/// The method of messages that nobody should get.
const EVIL: &str = "Evil";

/// A program that publishes what it likes.
struct Foreigner {
    engine: Arc<dyn Backplane>,
    channels: Channels,
}

impl Foreigner {
    async fn new(bench: &Bench) -> Self {
        Foreigner { engine: bench.fleet.server().await, channels: bench.channels() }
    }

    /// Publishes, and waits until the engine has it.
    async fn publish(&self, channel: &str, payload: impl Into<Bytes>) {
        publish(&self.engine, channel, payload.into()).await;
    }
}

/// A call of a client method in all protocols.
fn encoded(method: &str, id: Option<&str>, text: &str) -> Vec<(Protocol, Bytes)> {
    ok(Envelope::encode(&mut Protocol::ALL.iter().copied(), Naming::default(), method, id, &(text,))).encoded
}

impl Server {
    /// The channels that only this server listens to.
    fn channels(&self) -> &Channels {
        let Some(node) = self.test.core().node() else { panic!("the server is in a fleet") };
        &node.channels
    }
}

/// Two servers with clients of both protocols on each.
struct Scene {
    bench: Bench,
    a: Server,
    b: Server,
    members: Vec<Member>,
}

impl Scene {
    async fn new(bench: Bench) -> Self {
        let [a, b] = bench.servers().await;
        let mut members = Vec::new();
        for server in [&a, &a, &b, &b] {
            let member = bench.user(server, "ann").await;
            member.join("g").await;
            let _ = member.heard.clone().answer(ASKED, |text: String| format!("{text}!"));
            members.push(member);
        }
        Scene { bench, a, b, members }
    }

    /// All channels that a server listens to, with those of the last client of the other server.
    fn channels(&self) -> Vec<String> {
        let (own, server) = (self.b.channels(), self.b.channels().server());
        vec![
            own.all(),
            own.group("g"),
            own.user("ann"),
            own.connection(&self.members[3].id),
            own.groups(),
            own.ack(server),
            own.returns(server),
            own.ask(),
            own.answer(server),
        ]
    }

    /// Checks that all of it works, and that nobody has got or lost anything.
    async fn works(&self) {
        let members: Vec<&Member> = self.members.iter().collect();
        // By each channel, so that whatever was published there before has arrived.
        for to in [
            To::all(),
            To::group("g"),
            To::user("ann"),
            To::clients(&members.iter().map(|m| &m.id).collect::<Vec<_>>()),
        ] {
            for server in [&self.a, &self.b] {
                server.tell(&to, "fine").await;
                let each: Vec<_> = members.iter().map(|member| (*member, 1)).collect();
                self.bench.hear(server, &each, "fine").await;
            }
        }
        for (server, own) in [(&self.a, 0), (&self.b, 2)] {
            for (nth, member) in members.iter().enumerate() {
                let asked = server.handle.client(&member.id).invoke::<String>(ASKED, ("fine",));
                assert_eq!(soon("an answer", asked.into_future()).await, Ok("fine!".to_owned()));
                member.heard.next::<(String,)>(ASKED).await;
                let added = ok(server.handle.add_to_group(&member.id, "new"));
                assert_eq!(added.is_here(), nth / 2 == own / 2);
                assert!(ok(soon("the confirmation", added.into_future()).await));
            }
            let known = soon("the size of a group", server.handle.group_member_count("new")).await;
            assert_eq!(known.value, 4);
            for member in &members {
                assert!(ok(
                    soon("the confirmation", server.handle.remove_from_group(&member.id, "new").into_future()).await
                ));
            }
            assert_eq!(server.test.connections(), 2, "nobody was disconnected");
        }
        self.bench.fence(&self.a, &members).await;
    }
}

pub(super) async fn foreign_servers_are_understood(bench: Bench) {
    let scene = Scene::new(bench).await;
    let foreigner = Foreigner::new(&scene.bench).await;
    let (channels, member) = (&foreigner.channels, &scene.members[3]);
    // Messages, to each kind of target.
    let message = |excluded: &[&str]| wire::invocation(excluded, &encoded(TOLD, None, "hi"), None, None);
    for (channel, excluded, times) in [
        (channels.all(), &[][..], [1, 1, 1, 1]),
        (channels.all(), &[&*scene.members[0].id, &*scene.members[2].id], [0, 1, 0, 1]),
        (channels.group("g"), &[], [1, 1, 1, 1]),
        (channels.group("g"), &[&*member.id], [1, 1, 1, 0]),
        (channels.user("ann"), &[], [1, 1, 1, 1]),
        (channels.connection(&member.id), &[], [0, 0, 0, 1]),
    ] {
        foreigner.publish(&channel, message(excluded)).await;
        let each: Vec<_> = scene.members.iter().zip(times).collect();
        scene.bench.hear(&scene.a, &each, "hi").await;
    }
    // Group commands, which are confirmed.
    let mut acks = Ear::on(&foreigner.engine, &channels.ack("foreigner")).await;
    for (id, action) in [(7, Action::Add), (-1, Action::Add), (i32::MAX, Action::Remove), (i32::MIN, Action::Remove)] {
        let command = GroupCommand { id, server: "foreigner", action, group: "f", connection: &member.id };
        foreigner.publish(&channels.groups(), command.write()).await;
        assert_eq!(acks.payload().await, wire::ack(id));
        let known = soon("the size of a group", scene.a.handle.group_member_count("f")).await;
        assert_eq!(known.value, usize::from(action == Action::Add));
    }
    // A question, in whatever form its id is.
    let mut returns = Ear::on(&foreigner.engine, &channels.returns("foreigner")).await;
    for id in ["q1", "o84kgzjXukay08Wk+3vNdA", "\"", "é"] {
        let question = Question { id, return_channel: &channels.returns("foreigner") };
        let payload = wire::invocation(&[""; 0], &encoded(ASKED, Some(id), "who"), None, Some(question));
        foreigner.publish(&channels.connection(&member.id), payload).await;
        let returned = returns.payload().await;
        let (protocol, message) = ok(wire::read_completion(&returned));
        let completion = ok(wire::completed(protocol.into(), message));
        assert_eq!(completion.id, id);
        assert_eq!(member.heard.next::<(String,)>(ASKED).await.0, "who");
    }
    scene.works().await;
}

pub(super) async fn foreign_servers_without_a_protocol_end_its_connections(bench: Bench) {
    let scene = Scene::new(bench).await;
    let foreigner = Foreigner::new(&scene.bench).await;
    for nth in 0..2 {
        let victim = scene.bench.member(&scene.b).await;
        let map = if nth == 0 { vec![] } else { vec![("blazorpack", b"\0".as_slice())] };
        foreigner.publish(&foreigner.channels.connection(&victim.id), raw_invocation(&map)).await;
        assert_eq!(victim.line.ended().await, CloseReason::ServerError(NO_PROTOCOL.to_owned()));
        scene.b.test.wait_for_connections(2).await;
    }
    // Whoever asks a question so is told that its client has gone.
    let victim = scene.bench.member(&scene.b).await;
    let mut returns = Ear::on(&foreigner.engine, &foreigner.channels.returns("foreigner")).await;
    let question = Question { id: "q", return_channel: &foreigner.channels.returns("foreigner") };
    let payload = wire::invocation(&[""; 0], &[], None, Some(question));
    foreigner.publish(&foreigner.channels.connection(&victim.id), payload).await;
    assert_eq!(victim.line.ended().await, CloseReason::ServerError(NO_PROTOCOL.to_owned()));
    let returned = returns.payload().await;
    let (protocol, message) = ok(wire::read_completion(&returned));
    let completion = ok(wire::completed(protocol.into(), message));
    assert_eq!(completion.id, "q");
    assert!(matches!(completion.outcome, Outcome::Error(error) if error.message == DISCONNECTED));
    scene.b.test.wait_for_connections(2).await;
    scene.works().await;
}

/// An invocation whose map is written as it is.
fn raw_invocation(messages: &[(&str, &[u8])]) -> Vec<u8> {
    use crate::protocol::packed::write::{write_array_len, write_bytes, write_map_len, write_str};
    let mut out = Vec::new();
    write_array_len(&mut out, 2);
    write_array_len(&mut out, 0);
    write_map_len(&mut out, messages.len());
    for (protocol, message) in messages {
        write_str(&mut out, protocol);
        write_bytes(&mut out, message);
    }
    out
}

/// One payload of each kind that is right, but for nobody here.
fn right(scene: &Scene) -> Vec<Bytes> {
    let returns = scene.a.channels().returns("foreigner");
    let question = Question { id: "q", return_channel: &returns };
    let json = b"{\"type\":3,\"invocationId\":\"unknown\",\"result\":1}\x1e";
    vec![
        wire::invocation(&["nobody", "é"], &encoded(EVIL, None, "hi"), Some(EVIL), None),
        wire::invocation(&[""; 0], &encoded(EVIL, Some("q"), "hi"), None, Some(question)),
        GroupCommand { id: 70_000, server: "foreigner", action: Action::Add, group: "f", connection: "nobody" }.write(),
        wire::ack(-70_000),
        wire::completion(Protocol::Json, json),
        Ask { id: 9, server: "foreigner", kind: AskKind::Close { connection: "nobody", reason: Some("?") } }.write(),
        Ask { id: u64::MAX, server: "foreigner", kind: AskKind::Members { group: "g" } }.write(),
        Answer { id: 1 << 40, kind: AnswerKind::Members(vec!["nobody", "é"]) }.write(),
        Answer { id: 1 << 40, kind: AnswerKind::Count(u64::MAX) }.write(),
    ]
}

pub(super) async fn hostile_payloads_cut_anywhere_harm_nothing(bench: Bench) {
    let scene = Scene::new(bench).await;
    let foreigner = Foreigner::new(&scene.bench).await;
    for channel in scene.channels() {
        for payload in right(&scene) {
            for length in 0..payload.len() {
                foreigner.publish(&channel, payload.slice(..length)).await;
            }
            // And with something behind it.
            foreigner.publish(&channel, [&payload, &b"\0"[..]].concat()).await;
        }
    }
    scene.works().await;
}

pub(super) async fn hostile_payloads_on_other_channels_harm_nothing(bench: Bench) {
    let scene = Scene::new(bench).await;
    let foreigner = Foreigner::new(&scene.bench).await;
    for (nth, payload) in right(&scene).into_iter().enumerate() {
        for (of, channel) in scene.channels().iter().enumerate() {
            // Calls would be right on the first four.
            if nth >= 2 || of >= 4 {
                foreigner.publish(channel, payload.clone()).await;
            }
        }
    }
    scene.works().await;
}

pub(super) async fn hostile_payloads_of_any_bytes_harm_nothing(bench: Bench) {
    let scene = Scene::new(bench).await;
    let foreigner = Foreigner::new(&scene.bench).await;
    let mut dice = Dice(20_260_801);
    let deep = [vec![0x91; 5000], vec![0x80]].concat();
    let deep_map = [0x92, 0x90].into_iter().chain([0x81, 0xa1, b'a'].repeat(2000)).collect::<Vec<u8>>();
    let crafted: [&[u8]; 22] = [
        b"",
        b"\xc0",
        b"\xc1",
        b"\x00",
        b"\xff",
        b"\x90",
        b"\x92\x90\xc0",
        b"\x92\xc0\x80",
        b"\x92\x90\x90",
        b"\x92\x91\xc0\x80",
        b"\x92\x91\x01\x80",
        b"\x92\x91\xa1\xff\x80",
        b"\xdd\xff\xff\xff\xff",
        b"\x92\xdd\xff\xff\xff\xff",
        b"\x92\x90\xdf\xff\xff\xff\xff",
        b"\x92\x90\x81\xa4json\xc6\xff\xff\xff\xff",
        b"\x92\x90\x81\xdb\xff\xff\xff\xff",
        b"\x92\x90\x81\xa4json\xa1x",
        b"\x94\x90\x80\xa1q\xc0",
        b"\x94\x90\x80\xc0\xa1r",
        &deep,
        &deep_map,
    ];
    for channel in scene.channels() {
        for payload in crafted {
            foreigner.publish(&channel, Bytes::copy_from_slice(payload)).await;
        }
        for _ in 0..100 {
            let length = dice.below(120);
            let mut payload: Vec<u8> = (0..length).map(|_| dice.below(256) as u8).collect();
            // Half of them begin as they should.
            if dice.below(2) == 0
                && let Some(first) = payload.first_mut()
            {
                *first = 0x91 + dice.below(5) as u8;
            }
            foreigner.publish(&channel, payload).await;
        }
    }
    scene.works().await;
}

pub(super) async fn hostile_messages_harm_nothing(bench: Bench) {
    let scene = Scene::new(bench).await;
    let foreigner = Foreigner::new(&scene.bench).await;
    let call = |text: &str| format!("{{\"type\":1,\"target\":\"Evil\",\"arguments\":[{text}]}}\u{1e}");
    let texts = [
        String::new(),
        "\u{1e}".to_owned(),
        "{}\u{1e}".to_owned(),
        "null\u{1e}".to_owned(),
        "[1]\u{1e}".to_owned(),
        call("1").trim_end_matches('\u{1e}').to_owned(),
        call("1") + &call("2"),
        call("1") + "\u{1e}",
        call("1") + "x",
        call("1,"),
        call("\"\u{1}\""),
        "{\"type\":1,\"target\":\"Evil\",\"arguments\":1}\u{1e}".to_owned(),
        "{\"type\":1,\"target\":7,\"arguments\":[]}\u{1e}".to_owned(),
        "{\"type\":1,\"arguments\":[]}\u{1e}".to_owned(),
        "{\"type\":1,\"invocationId\":\"1\",\"target\":\"Evil\",\"arguments\":[]}\u{1e}".to_owned(),
        "{\"type\":1,\"target\":\"Evil\",\"arguments\":[],\"streamIds\":[\"1\"]}\u{1e}".to_owned(),
        "{\"type\":4,\"invocationId\":\"1\",\"target\":\"Evil\",\"arguments\":[]}\u{1e}".to_owned(),
        "{\"type\":3,\"invocationId\":\"1\",\"result\":1}\u{1e}".to_owned(),
        "{\"type\":6}\u{1e}".to_owned(),
        "{\"type\":7,\"error\":\"bye\"}\u{1e}".to_owned(),
        "{\"type\":9,\"sequenceId\":5}\u{1e}".to_owned(),
    ];
    // Right ones with a byte changed, as long as that makes them no other right one.
    let packed = encoded(EVIL, None, "hi").into_iter().find(|(protocol, _)| protocol.name() == "messagepack");
    let packed = packed.map(|(_, message)| message).unwrap_or_default();
    let packs = (0..packed.len()).map(|cut| packed.slice(..cut)).chain(
        [
            [&packed, &packed[..]].concat(),
            [&packed, &b"\0"[..]].concat(),
            b"\x02\x91\x06".to_vec(),
            b"\x03\x92\x07\xc0".to_vec(),
            b"\x80\x80\x80\x80\x08".to_vec(),
            b"\xff\xff\xff\xff\xff\xff".to_vec(),
        ]
        .map(Bytes::from),
    );
    let mut payloads = Vec::new();
    for text in &texts {
        payloads.push(raw_invocation(&[("json", text.as_bytes()), ("messagepack", &packed)]));
    }
    let json = call("1");
    for pack in packs {
        payloads.push(raw_invocation(&[("json", json.as_bytes()), ("messagepack", &pack)]));
    }
    // The clients of both protocols are reached by these, and a message is dropped as a whole.
    let served = Protocol::ALL.len() > 1;
    for channel in scene.channels().iter().take(4) {
        for payload in payloads.iter().take(if served { payloads.len() } else { texts.len() }) {
            // The last client alone may have the protocol in which it is right.
            if !channel.contains(":connection:") {
                foreigner.publish(channel, payload.clone()).await;
            }
        }
    }
    scene.works().await;
}

pub(super) async fn hostile_answers_harm_nothing(bench: Bench) {
    let scene = Scene::new(bench).await;
    let foreigner = Foreigner::new(&scene.bench).await;
    let (a, member) = (&scene.a, &scene.members[3]);
    // Questions under ids that servers give themselves, and of which the message says something else.
    let own = a.channels();
    for (id, inner) in
        [("s1.1", "s1.1"), ("s18446744073709551615.1", "s18446744073709551615.1"), ("q", "other"), ("", "q")]
    {
        let question = Question { id, return_channel: &own.returns(own.server()) };
        let payload = wire::invocation(&[""; 0], &encoded(EVIL, Some(inner), "hi"), None, Some(question));
        foreigner.publish(&own.connection(&member.id), payload).await;
    }
    scene.works().await;
    // While the real ones are awaited.
    let asked = a.handle.client(&member.id).invoke::<String>(ASKED, ("mine",));
    let change = ok(a.handle.add_to_group(&member.id, "h"));
    for number in 0..50 {
        let result = format!("{{\"type\":3,\"invocationId\":\"{number}\",\"result\":\"not yours\"}}\u{1e}");
        let returns = own.returns(own.server());
        foreigner.publish(&returns, wire::completion(Protocol::Json, result.as_bytes())).await;
        foreigner.publish(&own.ack(own.server()), wire::ack(1_000_000 + number)).await;
        let answer = Answer { id: 1_000_000, kind: AnswerKind::Done(true) };
        foreigner.publish(&own.answer(own.server()), answer.write()).await;
    }
    assert_eq!(soon("an answer", asked.into_future()).await, Ok("mine!".to_owned()));
    assert!(ok(soon("the confirmation", change.into_future()).await));
    member.heard.next::<(String,)>(ASKED).await;
    assert!(ok(soon("the confirmation", a.handle.remove_from_group(&member.id, "h").into_future()).await));
    scene.works().await;
}
