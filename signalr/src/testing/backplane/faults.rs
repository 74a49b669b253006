//! The engine goes away and comes back.

use super::bench::{Bench, Member, PATIENCE, Server, ok, soon, until};
use super::engine::Ear;
use super::hub::{ASKED, TOLD, To};
use crate::backplane::{Backplane, BackplaneError, WhenAway};
use crate::clients::change::ChangeError;
use crate::clients::results::ClientResultError;
use crate::clients::sent::SendError;
use crate::server::HubOptions;
use bytes::Bytes;
use futures_util::future::join_all;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a try may take of something that is tried again.
const TRY: Duration = Duration::from_millis(500);

impl Bench {
    /// Takes the engine away, and waits until these have found out. `false` if that cannot be done here.
    async fn down(&self, engines: &[&Arc<dyn Backplane>]) -> bool {
        if !soon("the end of the engine", self.fleet.down()).await {
            return false;
        }
        for engine in engines {
            until("a server's finding out that the engine is away", async || !engine.is_connected()).await;
        }
        true
    }

    /// Brings it back, and waits until these have everything in force again that they have subscribed to.
    async fn up(&self, engines: &[&Arc<dyn Backplane>]) {
        soon("the return of the engine", self.fleet.up()).await;
        let ear = Ear::new();
        let channel = self.channel("back");
        for engine in engines {
            let subscribed = async || tokio::time::timeout(TRY, engine.subscribe(&channel, &ear.receiver)).await;
            until("a server's return to the engine", async || matches!(subscribed().await, Ok(Ok(())))).await;
            assert!(engine.is_connected(), "it is connected when a subscription is in force");
            engine.unsubscribe(&channel, &ear.receiver);
        }
    }
}

/// Publishes until it arrives.
async fn arrives(engine: &Arc<dyn Backplane>, channel: &str, ear: &mut Ear) {
    let payload = Bytes::from(format!("to {channel}"));
    until(&format!("the arrival of what is published on '{channel}'"), async || {
        let published = async { engine.publish(channel, payload.clone())?.await };
        matches!(tokio::time::timeout(TRY, published).await, Ok(Ok(_)))
    })
    .await;
    while ear.payload().await != payload {}
}

pub(super) async fn engine_comes_back_with_all_subscriptions(bench: Bench) {
    let (one, other) = (bench.fleet.server().await, bench.fleet.server().await);
    let names = ["before", "gone before", "gone while away", "meanwhile", "in and out", "twice"];
    let [before, gone, leaves, meanwhile, in_and_out, twice] = names.map(|name| bench.channel(name));
    for _ in 0..2 {
        let mut ear = Ear::new();
        for channel in [&before, &gone, &leaves, &twice] {
            ok(soon("a subscription", one.subscribe(channel, &ear.receiver)).await);
        }
        one.unsubscribe(&gone, &ear.receiver);
        if !bench.down(&[&one, &other]).await {
            return;
        }
        match one.publish(&before, Bytes::from_static(b"lost")) {
            Err(BackplaneError::Away(_) | BackplaneError::Full) => {}
            Err(error) => panic!("{error:?}"),
            Ok(told) => {
                let told = soon("the news that the engine is away", told).await;
                assert!(matches!(told, Err(BackplaneError::Away(_) | BackplaneError::Lost(_))), "{told:?}");
            }
        }
        assert!(soon("the news that the engine is away", other.subscribers(&before)).await.is_err());
        // They are kept, whether it is waited for what becomes of them or not.
        let told = one.subscribe(&meanwhile, &ear.receiver);
        drop(one.subscribe(&in_and_out, &ear.receiver));
        drop(one.subscribe(&twice, &ear.receiver));
        one.unsubscribe(&in_and_out, &ear.receiver);
        one.unsubscribe(&leaves, &ear.receiver);
        bench.up(&[&one, &other]).await;
        // It has failed, or it was in force at last.
        drop(soon("what became of a subscription", told).await);
        for channel in [&before, &meanwhile, &twice] {
            arrives(&other, channel, &mut ear).await;
            arrives(&one, channel, &mut ear).await;
        }
        for channel in [&gone, &in_and_out, &leaves] {
            let reached = super::engine::publish(&other, channel, Bytes::from_static(b"for nobody")).await;
            assert!(reached.is_none_or(|reached| reached == 0), "'{channel}' is said to have reached {reached:?}");
        }
        arrives(&other, &before, &mut ear).await;
        assert_eq!(ear.now(), None, "only what was subscribed to arrives, and once");
        for channel in [&before, &meanwhile, &twice] {
            one.unsubscribe(channel, &ear.receiver);
        }
    }
}

/// Two servers with a client each, the engine, and a client that comes later.
struct Scene {
    bench: Bench,
    a: Server,
    b: Server,
    here: Member,
    there: Member,
}

impl Scene {
    async fn new(bench: Bench, when_away: WhenAway) -> Self {
        let options = || {
            let short = Duration::from_secs(2);
            bench.options().when_away(when_away).ack_timeout(short).answer_timeout(short)
        };
        let (a, b) = (
            bench.server_with(options(), HubOptions::default()).await,
            bench.server_with(options(), HubOptions::default()).await,
        );
        let (here, there) = (bench.user(&a, "ann").await, bench.user(&b, "ann").await);
        here.join("g").await;
        there.join("g").await;
        Scene { bench, a, b, here, there }
    }

    async fn down(&self) -> bool {
        self.bench.down(&[&self.a.backplane, &self.b.backplane]).await
    }

    async fn up(&self) {
        self.bench.up(&[&self.a.backplane, &self.b.backplane]).await;
    }

    /// Checks that everything works.
    async fn works(&self) {
        let Scene { bench, a, b, here, there } = self;
        for to in [To::all(), To::group("g"), To::user("ann"), To::clients(&[&here.id, &there.id])] {
            for server in [a, b] {
                server.tell(&to, "told").await;
                bench.hear(server, &[(here, 1), (there, 1)], "told").await;
            }
        }
        let _ = there.heard.clone().answer(ASKED, |text: String| format!("{text}!"));
        let asked = a.handle.client(&there.id).invoke::<String>(ASKED, ("who",));
        assert_eq!(soon("an answer", asked.into_future()).await, Ok("who!".to_owned()));
        there.heard.next::<(String,)>(ASKED).await;
        assert!(ok(soon("the confirmation", ok(a.handle.add_to_group(&there.id, "h")).into_future()).await));
        assert!(ok(soon("the confirmation", a.handle.remove_from_group(&there.id, "h").into_future()).await));
        let known = soon("the size of a group", a.handle.group_member_count("g")).await;
        assert_eq!((known.value, known.is_complete()), (2, bench.counts));
    }
}

pub(super) async fn everything_works_again_after_the_engine_was_away(bench: Bench) {
    let scene = Scene::new(bench, WhenAway::Fail).await;
    for _ in 0..2 {
        if !scene.down().await {
            return;
        }
        scene.up().await;
        scene.works().await;
    }
}

pub(super) async fn what_changes_while_the_engine_is_away_counts_afterwards(bench: Bench) {
    let scene = Scene::new(bench, WhenAway::Fail).await;
    let Scene { bench, a, b, here, there } = &scene;
    there.join("left").await;
    let leaves = bench.user(b, "bob").await;
    leaves.join("left").await;
    if !scene.down().await {
        return;
    }
    // Joining is done, though nobody elsewhere can know it yet.
    let joined = there.client.invoke::<bool>("Join", ("joined",));
    let error = soon("the answer of a call", joined.into_future()).await.unwrap_err();
    assert!(error.to_string().contains("backplane"), "{error}");
    there.leave("left").await;
    leaves.client.stop().await;
    b.test.wait_for_connections(1).await;
    let comes = bench.user(b, "cid").await;
    scene.up().await;
    for (to, times) in [
        (To::group("joined"), [0, 1, 0]),
        (To::group("left"), [0, 0, 0]),
        (To::user("bob"), [0, 0, 0]),
        (To::user("cid"), [0, 0, 1]),
        (To::client(&comes.id), [0, 0, 1]),
        (To::all(), [1, 1, 1]),
    ] {
        a.tell(&to, "told").await;
        bench.hear(a, &[(here, times[0]), (there, times[1]), (&comes, times[2])], "told").await;
    }
    bench.listened_to(a, &bench.channels().group("left"), 0).await;
    bench.listened_to(a, &bench.channels().user("bob"), 0).await;
    bench.listened_to(a, &bench.channels().connection(&leaves.id), 0).await;
    scene.works().await;
}

pub(super) async fn sends_fail_while_the_engine_is_away(bench: Bench) {
    let scene = Scene::new(bench, WhenAway::Fail).await;
    let Scene { a, here, there, .. } = &scene;
    if !scene.down().await {
        return;
    }
    let ids = [&here.id, &there.id];
    for to in [To::all(), To::group("g"), To::user("ann"), To::clients(&ids), To::client(&there.id)] {
        let receipt = soon("the receipt of a send", to.tell(&a.handle, "lost").into_future()).await;
        assert!(matches!(&receipt.error, Some(SendError::Backplane(_))), "{to:?}: {receipt:?}");
        assert_eq!(receipt.connections, 0, "{to:?}");
    }
    // A hub method may pass it on.
    let told = here.client.invoke::<()>("Tell", (To::all(), "lost"));
    assert!(soon("the answer of a call", told.into_future()).await.unwrap_err().to_string().contains("backplane"));
    // What stays on the server works.
    let receipt = a.tell(&To::client(&here.id), "told").await;
    assert_eq!((receipt.connections, receipt.servers), (1, Some(1)));
    assert_eq!(here.heard.next::<(String,)>(TOLD).await.0, "told");
    let asked = a.handle.client(&there.id).invoke::<String>(ASKED, ("?",)).timeout(PATIENCE);
    let answer = soon("an answer", asked.into_future()).await;
    assert!(matches!(&answer, Err(ClientResultError::Backplane(_))), "{answer:?}");
    let changes = [
        ok(a.handle.add_to_group(&there.id, "h")),
        a.handle.remove_from_group(&there.id, "g"),
        a.handle.close(&there.id, "enough"),
        a.handle.abort(&there.id),
    ];
    for change in changes {
        let changed = soon("the answer", change.into_future()).await;
        assert!(matches!(&changed, Err(ChangeError::Backplane(_) | ChangeError::NoAnswer { .. })), "{changed:?}");
    }
    // What this server knows, and that it is not everything.
    let members = soon("the members of a group", a.handle.group_members("g")).await;
    assert_eq!(members.value, std::slice::from_ref(&here.id));
    assert!(!members.is_complete());
    let connections = soon("a count", a.handle.user_connections("ann")).await;
    assert_eq!(connections.value, 1);
    assert!(!connections.is_complete());
    scene.up().await;
    here.heard.assert_none();
    scene.works().await;
}

pub(super) async fn sends_reach_the_own_server_while_the_engine_is_away(bench: Bench) {
    let scene = Scene::new(bench, WhenAway::DeliverLocally).await;
    let Scene { bench, a, here, there, .. } = &scene;
    let other = bench.member(a).await;
    other.join("h").await;
    if !scene.down().await {
        return;
    }
    for (to, times) in [
        (To::all(), [1, 1]),
        (To::all_except(&[&here.id]), [0, 1]),
        (To::group("g"), [1, 0]),
        (To::groups(&["g", "h"]), [1, 1]),
        (To::group_except("h", &[&other.id]), [0, 0]),
        (To::user("ann"), [1, 0]),
        (To::clients(&[&other.id, &there.id]), [0, 1]),
        (To::client(&there.id), [0, 0]),
    ] {
        let receipt = soon("the receipt of a send", to.tell(&a.handle, "told").into_future()).await;
        assert!(matches!(&receipt.error, Some(SendError::Backplane(_))), "{to:?}: {receipt:?}");
        assert_eq!(receipt.connections, times.iter().sum::<usize>(), "{to:?}");
        for (member, times) in [(here, times[0]), (&other, times[1])] {
            for _ in 0..times {
                assert_eq!(member.heard.next::<(String,)>(TOLD).await.0, "told");
            }
            member.heard.assert_none();
        }
    }
    scene.up().await;
    there.heard.assert_none();
    other.client.stop().await;
    scene.works().await;
}

pub(super) async fn clients_connect_while_the_engine_is_away(bench: Bench) {
    let scene = Scene::new(bench, WhenAway::Fail).await;
    let Scene { bench, a, b, here, there } = &scene;
    if !scene.down().await {
        return;
    }
    let coming = (0..6).map(|nth| bench.user(if nth % 2 == 0 { a } else { b }, "bob"));
    let members = soon("the coming of clients", join_all(coming)).await;
    for member in &members {
        member.tell(&To::caller(), "told").await;
        assert_eq!(member.heard.next::<(String,)>(TOLD).await.0, "told");
    }
    scene.up().await;
    let each: Vec<_> = members.iter().map(|member| (member, 1)).chain([(here, 0), (there, 0)]).collect();
    a.tell(&To::user("bob"), "told").await;
    bench.hear(a, &each, "told").await;
    for member in &members {
        member.client.stop().await;
    }
    a.test.wait_for_connections(1).await;
    b.test.wait_for_connections(1).await;
    scene.works().await;
}

pub(super) async fn questions_end_when_the_engine_goes(bench: Bench) {
    let scene = Scene::new(bench, WhenAway::Fail).await;
    let Scene { a, b, here, there, .. } = &scene;
    for member in [here, there] {
        let _ = member.heard.clone().answer(ASKED, async |_: String| {
            std::future::pending::<()>().await;
            String::new()
        });
    }
    let ask = |server: &Server, member: &Member| {
        server.handle.client(&member.id).invoke::<String>(ASKED, ("?",)).timeout(Duration::from_secs(3))
    };
    let asked = [ask(a, there), ask(b, here)];
    for member in [here, there] {
        member.heard.next::<(String,)>(ASKED).await;
    }
    if !scene.down().await {
        return;
    }
    for asked in asked {
        let answer = soon("the end of a question", asked.into_future()).await;
        assert!(
            matches!(&answer, Err(ClientResultError::TimedOut(_) | ClientResultError::Backplane(_))),
            "it is not known what the client says: {answer:?}"
        );
    }
    scene.up().await;
    // The clients still wait for their first answers.
    for (server, member) in [(a, here), (b, there)] {
        server.handle.abort(&member.id);
    }
    a.test.wait_for_connections(0).await;
    b.test.wait_for_connections(0).await;
    let scene = Scene { here: scene.bench.user(a, "ann").await, there: scene.bench.user(b, "ann").await, ..scene };
    scene.here.join("g").await;
    scene.there.join("g").await;
    scene.works().await;
}

pub(super) async fn traffic_goes_on_after_outages(bench: Bench) {
    let scene = Scene::new(bench, WhenAway::Fail).await;
    let Scene { bench, a, b, here, there } = &scene;
    let done = AtomicBool::new(false);
    // What each sender knows not to have been sent.
    let sending = [(a, "a"), (b, "b")].map(|(server, name)| {
        let done = &done;
        async move {
            let (mut number, mut unsent) = (0, Vec::new());
            while !done.load(Ordering::Relaxed) {
                let sent = To::group("g").tell(&server.handle, &format!("{name} {number}"));
                if sent.receipt().error.is_some() {
                    unsent.push(number);
                }
                drop(soon("the receipt of a send", sent.into_future()).await);
                number += 1;
                if number % 8 == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            (number, unsent)
        }
    });
    let outages = async {
        let mut possible = true;
        for _ in 0..3 {
            // Some messages get through before, between and after.
            for member in [here, there] {
                let before = member.heard.len();
                until("the arrival of messages", async || member.heard.len() > before + 20).await;
            }
            possible = possible && scene.down().await;
            if possible {
                scene.up().await;
            }
        }
        for member in [here, there] {
            let before = member.heard.len();
            until("the arrival of messages", async || member.heard.len() > before + 20).await;
        }
        done.store(true, Ordering::Relaxed);
    };
    let (sent, ()) = futures_util::future::join(join_all(sending), outages).await;
    const END: &str = "the end";
    a.tell(&To::group("g"), END).await;
    b.tell(&To::group("g"), END).await;
    for member in [here, there] {
        let (mut ends, mut last) = (0, [None; 2]);
        while ends < 2 {
            let (text,) = member.heard.next::<(String,)>(TOLD).await;
            if text == END {
                ends += 1;
                continue;
            }
            let Some((name, number)) = text.split_once(' ') else { panic!("{text}") };
            let (of, number): (usize, usize) = (usize::from(name == "b"), ok(number.parse()));
            assert!(last[of] < Some(number), "'{text}' comes after {last:?}");
            assert!(!sent[of].1.contains(&number), "'{text}' was said not to be sent");
            last[of] = Some(number);
        }
        // The last ones were sent while all was well.
        assert_eq!(last, [Some(sent[0].0 - 1), Some(sent[1].0 - 1)]);
    }
    bench.fence(a, &[here, there]).await;
    scene.works().await;
}
