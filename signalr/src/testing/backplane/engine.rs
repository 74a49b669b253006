//! What the trait itself promises, without any hub.

use super::bench::{Bench, ok, soon, until};
use crate::backplane::{Backplane, BackplaneError, BackplaneReceiver};
use bytes::Bytes;
use std::collections::HashSet;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::sync::mpsc;

type Arrived = (String, Bytes);

/// A receiver, and what it has received.
pub(super) struct Ear {
    pub(super) receiver: Arc<BackplaneReceiver>,
    arrived: mpsc::UnboundedReceiver<Arrived>,
}

impl Ear {
    pub(super) fn new() -> Self {
        let (sender, arrived) = mpsc::unbounded_channel();
        let receiver = BackplaneReceiver::new(move |channel, payload| {
            // The test may have ended.
            let _ = sender.send((channel.to_owned(), payload));
        });
        Ear { receiver: Arc::new(receiver), arrived }
    }

    /// One that listens to a channel from now on, in force when this ends.
    pub(super) async fn on(engine: &Arc<dyn Backplane>, channel: &str) -> Self {
        let ear = Ear::new();
        ok(soon("a subscription", engine.subscribe(channel, &ear.receiver)).await);
        ear
    }

    #[track_caller]
    pub(super) fn next(&mut self) -> impl Future<Output = Arrived> {
        let next = soon("the arrival of a payload", self.arrived.recv());
        async move {
            let Some(arrived) = next.await else { panic!("the receiver is kept") };
            arrived
        }
    }

    #[track_caller]
    pub(super) fn payload(&mut self) -> impl Future<Output = Bytes> {
        let next = self.next();
        async move { next.await.1 }
    }

    pub(super) fn now(&mut self) -> Option<Arrived> {
        self.arrived.try_recv().ok()
    }
}

/// Publishes, as soon as there is room for it.
pub(super) async fn publish(engine: &Arc<dyn Backplane>, channel: &str, payload: Bytes) -> Option<usize> {
    loop {
        match engine.publish(channel, payload.clone()) {
            Ok(told) => return ok(soon("the confirmation of a payload", told).await),
            Err(BackplaneError::Full) => tokio::time::sleep(Duration::from_millis(1)).await,
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// Publishes as soon as there is room for it, and does not wait until it is confirmed.
async fn post(engine: &Arc<dyn Backplane>, channel: &str, payload: Bytes) {
    loop {
        match engine.publish(channel, payload.clone()) {
            Ok(_told) => return,
            Err(BackplaneError::Full) => tokio::time::sleep(Duration::from_millis(1)).await,
            Err(error) => panic!("{error:?}"),
        }
    }
}

pub(super) async fn engine_reaches_every_server(bench: Bench) {
    let channel = bench.channel("a");
    let mut servers = Vec::new();
    for _ in 0..3 {
        let engine = bench.fleet.server().await;
        let ear = Ear::on(&engine, &channel).await;
        servers.push((engine, ear));
    }
    for nth in 0..servers.len() {
        let payload = Bytes::from(format!("by {nth}"));
        let reached = publish(&servers[nth].0, &channel, payload.clone()).await;
        assert!(reached.is_none_or(|reached| reached == 3), "it is said to have reached {reached:?}");
        for (_, ear) in &mut servers {
            assert_eq!(ear.next().await, (channel.clone(), payload.clone()));
        }
    }
    // A server that has not subscribed can publish too.
    let other = bench.fleet.server().await;
    publish(&other, &channel, Bytes::from_static(b"from outside")).await;
    for (_, ear) in &mut servers {
        assert_eq!(ear.payload().await, "from outside");
        assert_eq!(ear.now(), None);
    }
    let nobody = publish(&other, &bench.channel("nobody's"), Bytes::from_static(b"?")).await;
    assert!(nobody.is_none_or(|nobody| nobody == 0), "it is said to have reached {nobody:?}");
}

pub(super) async fn engine_keeps_the_order_of_subscribing_and_publishing(bench: Bench) {
    let engine = bench.fleet.server().await;
    let mut ear = Ear::new();
    for nth in 0..200 {
        let channel = bench.channel(&nth.to_string());
        // Nothing is awaited.
        drop(engine.subscribe(&channel, &ear.receiver));
        post(&engine, &channel, Bytes::from(nth.to_string())).await;
        engine.unsubscribe(&channel, &ear.receiver);
        drop(engine.subscribe(&channel, &ear.receiver));
        post(&engine, &channel, Bytes::from(format!("{nth} again"))).await;
    }
    // Of the first ones those may be missing that had not arrived when their subscription ended.
    let (mut firsts, mut seconds) = (HashSet::new(), HashSet::new());
    while seconds.len() < 200 {
        let (channel, payload) = ear.next().await;
        let is_second = payload.ends_with(b" again");
        assert!(is_second || !seconds.contains(&channel), "{payload:?} has come after what followed it");
        let is_new = if is_second { seconds.insert(channel) } else { firsts.insert(channel) };
        assert!(is_new, "{payload:?} has come twice");
    }
}

pub(super) async fn engine_keeps_the_order_of_payloads(bench: Bench) {
    const COUNT: u32 = 2000;
    let channel = bench.channel("a");
    let (one, other) = (bench.fleet.server().await, bench.fleet.server().await);
    let mut ears = [Ear::on(&one, &channel).await, Ear::on(&other, &channel).await];
    let sending = |engine: Arc<dyn Backplane>, name: &'static str| {
        let channel = channel.clone();
        tokio::spawn(async move {
            for number in 0..COUNT {
                post(&engine, &channel, Bytes::from(format!("{name}{number}"))).await;
            }
        })
    };
    let sent = [sending(one.clone(), "a"), sending(other.clone(), "b")];
    for ear in &mut ears {
        let (mut a, mut b) = (0, 0);
        while (a, b) != (COUNT, COUNT) {
            let payload = ear.payload().await;
            let of_sender = if payload.starts_with(b"a") { &mut a } else { &mut b };
            assert_eq!(payload.get(1..), Some(of_sender.to_string().as_bytes()), "{payload:?}");
            *of_sender += 1;
        }
    }
    for sent in sent {
        ok(sent.await);
    }
}

pub(super) async fn engine_takes_subscriptions_back(bench: Bench) {
    let channel = bench.channel("a");
    let engine = bench.fleet.server().await;
    let (mut stays, mut goes) = (Ear::on(&engine, &channel).await, Ear::on(&engine, &channel).await);
    engine.unsubscribe(&channel, &goes.receiver);
    // Of what was never subscribed, too.
    engine.unsubscribe(&channel, &goes.receiver);
    engine.unsubscribe(&bench.channel("unknown"), &goes.receiver);
    for text in ["one", "two"] {
        publish(&engine, &channel, Bytes::from(text)).await;
        assert_eq!(stays.payload().await, text);
    }
    // When the second arrives, everybody has been given the first.
    assert_eq!(goes.now(), None);
    ok(soon("a subscription", engine.subscribe(&channel, &goes.receiver)).await);
    engine.unsubscribe(&channel, &stays.receiver);
    publish(&engine, &channel, Bytes::from_static(b"three")).await;
    assert_eq!(goes.payload().await, "three");
    publish(&engine, &channel, Bytes::from_static(b"four")).await;
    assert_eq!(goes.payload().await, "four");
    assert_eq!(stays.now(), None);
}

pub(super) async fn engine_serves_several_receivers_of_a_channel(bench: Bench) {
    let channel = bench.channel("a");
    let engine = bench.fleet.server().await;
    let mut ears =
        [Ear::on(&engine, &channel).await, Ear::on(&engine, &channel).await, Ear::on(&engine, &channel).await];
    // Who subscribes twice gets it once.
    ok(soon("a subscription", engine.subscribe(&channel, &ears[0].receiver)).await);
    for text in ["one", "two"] {
        publish(&engine, &channel, Bytes::from(text)).await;
        for ear in &mut ears {
            assert_eq!(ear.next().await, (channel.clone(), Bytes::from(text)));
        }
    }
    for ear in &mut ears {
        assert_eq!(ear.now(), None);
    }
    // One is enough to take it back.
    let [twice, rest @ ..] = &mut ears;
    engine.unsubscribe(&channel, &twice.receiver);
    for text in ["three", "four"] {
        publish(&engine, &channel, Bytes::from(text)).await;
        for ear in &mut *rest {
            assert_eq!(ear.payload().await, text);
        }
    }
    assert_eq!(twice.now(), None);
}

pub(super) async fn engine_counts_subscribers_or_says_that_it_does_not(bench: Bench) {
    let channel = bench.channel("a");
    let (one, other) = (bench.fleet.server().await, bench.fleet.server().await);
    let count = async |engine: &Arc<dyn Backplane>| ok(soon("a count", engine.subscribers(&channel)).await);
    if count(&one).await.is_none() {
        let _ear = Ear::on(&one, &channel).await;
        assert_eq!((count(&one).await, count(&other).await), (None, None));
        return;
    }
    assert_eq!((count(&one).await, count(&other).await), (Some(0), Some(0)));
    let here = Ear::on(&one, &channel).await;
    assert_eq!((count(&one).await, count(&other).await), (Some(1), Some(1)));
    let there = Ear::on(&other, &channel).await;
    assert_eq!((count(&one).await, count(&other).await), (Some(2), Some(2)));
    one.unsubscribe(&channel, &here.receiver);
    // Nobody tells when that is in force.
    until("a count without who has gone", async || count(&one).await == Some(1) && count(&other).await == Some(1))
        .await;
    other.unsubscribe(&channel, &there.receiver);
    until("a count of none", async || count(&one).await == Some(0) && count(&other).await == Some(0)).await;
}

pub(super) async fn engine_keeps_channels_apart_by_their_bytes(bench: Bench) {
    let long = "long".repeat(100);
    let names = [
        "name",
        "Name",
        "NAME",
        "name ",
        " name",
        "na me",
        "name\n",
        "name\r\n",
        "na\tme",
        "name\0",
        "*",
        "?",
        "na*",
        "[a-z]*",
        "{name}",
        "name:",
        ":name",
        "a:b:c",
        "a.b.c",
        "a.>",
        "a/b",
        "\"name\"",
        "'name'",
        "\\",
        "%s",
        "$1",
        "é",
        "e\u{301}",
        "名前",
        "🦀",
        "\u{202e}eman",
        "",
        &long,
    ];
    let (one, other) = (bench.fleet.server().await, bench.fleet.server().await);
    let mut ears = Vec::new();
    for name in names {
        let channel = bench.channel(name);
        let ear = Ear::on(&one, &channel).await;
        ears.push((channel, ear));
    }
    for (channel, _) in &ears {
        publish(&other, channel, Bytes::from(format!("for {channel}"))).await;
    }
    for text in ["", "the end"] {
        for (channel, ear) in &mut ears {
            if text.is_empty() {
                let payload = Bytes::from(format!("for {channel}"));
                assert_eq!(ear.next().await, (channel.clone(), payload));
                publish(&other, channel, Bytes::from_static(b"the end")).await;
            } else {
                assert_eq!(ear.next().await, (channel.clone(), Bytes::from(text)));
                assert_eq!(ear.now(), None, "{channel:?}");
            }
        }
    }
}

pub(super) async fn engine_carries_any_payload(bench: Bench) {
    let channel = bench.channel("a");
    let (one, other) = (bench.fleet.server().await, bench.fleet.server().await);
    let mut ear = Ear::on(&other, &channel).await;
    let every_byte: Vec<u8> = (0..=255).collect();
    let payloads: [&[u8]; 7] =
        [b"", b"\0", b"\r\n", b"+OK\r\n", &every_byte, "\u{feff}text \u{1e}".as_bytes(), &[0xff, 0xfe, 0x80]];
    for payload in payloads {
        post(&one, &channel, Bytes::copy_from_slice(payload)).await;
    }
    for payload in payloads {
        assert_eq!(ear.payload().await, payload);
    }
}

pub(super) async fn engine_carries_large_payloads(bench: Bench) {
    let channel = bench.channel("a");
    let (one, other) = (bench.fleet.server().await, bench.fleet.server().await);
    let mut ear = Ear::on(&other, &channel).await;
    for size in [8_000, 70_000, 1024 * 1024] {
        let payload: Vec<u8> = (0..size).map(|at: usize| (at % 251) as u8).collect();
        publish(&one, &channel, payload.clone().into()).await;
        post(&one, &channel, Bytes::from_static(b"small")).await;
        // Not `assert_eq`, whose message would be as large.
        assert!(ear.payload().await == payload, "{size} bytes have not arrived as they were");
        assert_eq!(ear.payload().await, "small");
    }
}

pub(super) async fn engine_has_many_channels(bench: Bench) {
    const COUNT: usize = 3000;
    let (one, other) = (bench.fleet.server().await, bench.fleet.server().await);
    let mut ear = Ear::new();
    let channels: Vec<String> = (0..COUNT).map(|nth| bench.channel(&nth.to_string())).collect();
    let subscribed: Vec<_> = channels.iter().map(|channel| one.subscribe(channel, &ear.receiver)).collect();
    for subscribed in subscribed {
        ok(soon("a subscription", subscribed).await);
    }
    for channel in &channels {
        post(&other, channel, Bytes::copy_from_slice(channel.as_bytes())).await;
    }
    let mut arrived = Vec::with_capacity(COUNT);
    while arrived.len() < COUNT {
        let (channel, payload) = ear.next().await;
        assert_eq!(channel.as_bytes(), payload);
        arrived.push(channel);
    }
    arrived.sort();
    let mut all = channels.clone();
    all.sort();
    assert!(arrived == all, "each arrives once");
    channels.iter().for_each(|channel| one.unsubscribe(channel, &ear.receiver));
    if bench.counts {
        for channel in channels.iter().step_by(100) {
            until("a count of none", async || ok(other.subscribers(channel).await) == Some(0)).await;
        }
    }
}

/// A receiver that calls the backplane, as those of hubs do.
fn echoing(engine: &Arc<dyn Backplane>, to: String) -> Arc<BackplaneReceiver> {
    let own: Arc<OnceLock<Weak<BackplaneReceiver>>> = Arc::default();
    let (weak, known) = (Arc::downgrade(engine), own.clone());
    let receiver = Arc::new(BackplaneReceiver::new(move |channel, payload| {
        let (Some(engine), Some(receiver)) = (weak.upgrade(), known.get().and_then(Weak::upgrade)) else { return };
        let further = format!("{channel}+");
        drop(engine.subscribe(&further, &receiver));
        engine.unsubscribe(&further, &receiver);
        if let [left, rest @ ..] = &*payload
            && *left > 0
        {
            let payload = [&[left - 1], rest].concat();
            drop(engine.publish(&to, payload.into()));
        }
    }));
    let _ = own.set(Arc::downgrade(&receiver));
    receiver
}

pub(super) async fn engine_is_called_by_its_receivers(bench: Bench) {
    let (ping, pong) = (bench.channel("ping"), bench.channel("pong"));
    let (one, other) = (bench.fleet.server().await, bench.fleet.server().await);
    let receivers = [echoing(&one, pong.clone()), echoing(&other, ping.clone())];
    ok(soon("a subscription", one.subscribe(&ping, &receivers[0])).await);
    ok(soon("a subscription", other.subscribe(&pong, &receivers[1])).await);
    let mut ear = Ear::on(&one, &pong).await;
    publish(&other, &ping, Bytes::from_static(&[21, b'x'])).await;
    for left in (0..=20).rev().step_by(2) {
        assert_eq!(ear.payload().await, vec![left, b'x']);
    }
}
