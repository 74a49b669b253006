//! Who gets what is sent: every selector, by hubs and from outside, on the server of the addressed and on another.

use super::bench::{Bench, Member, Server};
use super::hub::To;

/// Two servers with two clients each.
struct Scene {
    bench: Bench,
    a: Server,
    b: Server,
    /// Of the user ann, in the groups `g` and `h`.
    ann_a: Member,
    /// Anonymous, in the group `g`.
    someone_a: Member,
    /// Of the user ann too, in the group `g`.
    ann_b: Member,
    /// Of the user bob, in the group `h`.
    bob_b: Member,
}

impl Scene {
    async fn new(bench: Bench) -> Self {
        let [a, b] = bench.servers().await;
        let ann_a = bench.user(&a, "ann").await;
        let someone_a = bench.member(&a).await;
        // So that users on both servers have each protocol.
        let bob_b = bench.user(&b, "bob").await;
        let ann_b = bench.user(&b, "ann").await;
        for (member, group) in [(&ann_a, "g"), (&ann_a, "h"), (&someone_a, "g"), (&ann_b, "g"), (&bob_b, "h")] {
            member.join(group).await;
        }
        Scene { bench, a, b, ann_a, someone_a, ann_b, bob_b }
    }

    fn members(&self) -> [&Member; 4] {
        [&self.ann_a, &self.someone_a, &self.ann_b, &self.bob_b]
    }

    /// Checks how often each has been told: `ann_a`, `someone_a`, `ann_b`, `bob_b`.
    async fn told(&self, sender: &Server, times: [usize; 4], text: &str) {
        let members: Vec<_> = self.members().into_iter().zip(times).collect();
        self.bench.hear(sender, &members, text).await;
    }

    /// Tells from outside of both servers, and by a hub method of each client.
    async fn all_ways(&self, to: &To, times: [usize; 4]) {
        for (sender, name) in [(&self.a, "a"), (&self.b, "b")] {
            let text = format!("from outside of {name}");
            sender.tell(to, &text).await;
            self.told(sender, times, &text).await;
        }
        for nth in 0..4 {
            self.by(nth, to, times).await;
        }
    }

    /// Tells by a hub method that one of the clients calls.
    async fn by(&self, nth: usize, to: &To, times: [usize; 4]) {
        let text = format!("by {nth}");
        self.members()[nth].tell(to, &text).await;
        self.told(if nth < 2 { &self.a } else { &self.b }, times, &text).await;
    }
}

pub(super) async fn selects_all(bench: Bench) {
    let scene = Scene::new(bench).await;
    scene.all_ways(&To::all(), [1, 1, 1, 1]).await;
}

pub(super) async fn selects_all_except(bench: Bench) {
    let scene = Scene::new(bench).await;
    scene.all_ways(&To::all_except(&[&scene.ann_a.id]), [0, 1, 1, 1]).await;
    scene.all_ways(&To::all_except(&[&scene.ann_a.id, &scene.bob_b.id]), [0, 1, 1, 0]).await;
    scene.all_ways(&To::all_except(&["nobody", &scene.ann_b.id]), [1, 1, 0, 1]).await;
    scene.all_ways(&To::all_except(&scene.members().map(|member| &member.id)), [0, 0, 0, 0]).await;
}

pub(super) async fn selects_others(bench: Bench) {
    let scene = Scene::new(bench).await;
    for nth in 0..4 {
        let mut times = [1; 4];
        times[nth] = 0;
        scene.by(nth, &To::others(), times).await;
    }
}

pub(super) async fn selects_the_caller(bench: Bench) {
    let scene = Scene::new(bench).await;
    for nth in 0..4 {
        let mut times = [0; 4];
        times[nth] = 1;
        scene.by(nth, &To::caller(), times).await;
    }
}

pub(super) async fn selects_a_client(bench: Bench) {
    let scene = Scene::new(bench).await;
    for nth in 0..4 {
        let mut times = [0; 4];
        times[nth] = 1;
        scene.all_ways(&To::client(&scene.members()[nth].id), times).await;
    }
}

pub(super) async fn selects_clients(bench: Bench) {
    let scene = Scene::new(bench).await;
    let [ann_a, someone_a, ann_b, bob_b] = scene.members().map(|member| &*member.id);
    scene.all_ways(&To::clients(&[ann_a, ann_b]), [1, 0, 1, 0]).await;
    scene.all_ways(&To::clients(&[ann_b, bob_b]), [0, 0, 1, 1]).await;
    scene.all_ways(&To::clients(&[ann_a, someone_a]), [1, 1, 0, 0]).await;
    // Who is named twice gets it once, and who is not there does not matter.
    scene.all_ways(&To::clients(&[bob_b, "nobody", bob_b, "", someone_a]), [0, 1, 0, 1]).await;
}

pub(super) async fn selects_a_group(bench: Bench) {
    let scene = Scene::new(bench).await;
    scene.all_ways(&To::group("g"), [1, 1, 1, 0]).await;
    scene.all_ways(&To::group("h"), [1, 0, 0, 1]).await;
    // Names are told apart by their case.
    scene.all_ways(&To::group("G"), [0, 0, 0, 0]).await;
}

pub(super) async fn selects_groups(bench: Bench) {
    let scene = Scene::new(bench).await;
    // Who is in two of them gets it twice.
    scene.all_ways(&To::groups(&["g", "h"]), [2, 1, 1, 1]).await;
    scene.all_ways(&To::groups(&["nothing", "h", ""]), [1, 0, 0, 1]).await;
}

pub(super) async fn selects_a_group_except(bench: Bench) {
    let scene = Scene::new(bench).await;
    scene.all_ways(&To::group_except("g", &[&scene.ann_b.id]), [1, 1, 0, 0]).await;
    scene.all_ways(&To::group_except("g", &[&scene.ann_a.id, &scene.bob_b.id]), [0, 1, 1, 0]).await;
    scene.all_ways(&To::group_except("h", &[&scene.ann_a.id, &scene.bob_b.id]), [0, 0, 0, 0]).await;
}

pub(super) async fn selects_others_in_a_group(bench: Bench) {
    let scene = Scene::new(bench).await;
    scene.by(0, &To::others_in_group("g"), [0, 1, 1, 0]).await;
    scene.by(2, &To::others_in_group("g"), [1, 1, 0, 0]).await;
    // Who calls need not be in it.
    scene.by(3, &To::others_in_group("g"), [1, 1, 1, 0]).await;
    scene.by(3, &To::others_in_group("h"), [1, 0, 0, 0]).await;
}

pub(super) async fn selects_a_user(bench: Bench) {
    let scene = Scene::new(bench).await;
    scene.all_ways(&To::user("ann"), [1, 0, 1, 0]).await;
    scene.all_ways(&To::user("bob"), [0, 0, 0, 1]).await;
    scene.all_ways(&To::user("Ann"), [0, 0, 0, 0]).await;
}

pub(super) async fn selects_users(bench: Bench) {
    let scene = Scene::new(bench).await;
    scene.all_ways(&To::users(&["ann", "bob"]), [1, 0, 1, 1]).await;
    scene.all_ways(&To::users(&["bob", "nobody", "bob"]), [0, 0, 0, 1]).await;
}

pub(super) async fn selects_nobody(bench: Bench) {
    let scene = Scene::new(bench).await;
    let nobody = &[""; 0];
    for to in [
        To::client("nobody"),
        To::client(""),
        To::clients(nobody),
        To::clients(&["nobody", ""]),
        To::group("nothing"),
        To::groups(nobody),
        To::user("nobody"),
        To::users(nobody),
    ] {
        scene.all_ways(&to, [0; 4]).await;
    }
}

pub(super) async fn selects_within_one_hub(bench: Bench) {
    // The name of one begins as that of the other does.
    let other = bench.another(" and more").await;
    let [a, b] = bench.servers().await;
    let [c, d] = other.servers().await;
    let (ours, theirs) = (
        [bench.user(&a, "ann").await, bench.user(&b, "ann").await],
        [other.user(&c, "ann").await, other.user(&d, "ann").await],
    );
    for member in ours.iter().chain(&theirs) {
        member.join("g").await;
    }
    for to in [To::all(), To::group("g"), To::user("ann"), To::clients(&[&ours[0].id, &ours[1].id])] {
        a.tell(&to, "ours").await;
        bench.hear(&a, &[(&ours[0], 1), (&ours[1], 1)], "ours").await;
        other.hear(&c, &[(&theirs[0], 0), (&theirs[1], 0)], "ours").await;
    }
}

pub(super) async fn selects_across_five_servers(bench: Bench) {
    let servers = bench.servers::<5>().await;
    let mut members = Vec::new();
    for server in &servers {
        let member = bench.user(server, "ann").await;
        member.join("g").await;
        members.push(member);
    }
    let each: Vec<_> = members.iter().map(|member| (member, 1)).collect();
    for (nth, server) in servers.iter().enumerate() {
        for to in [To::user("ann"), To::group("g"), To::all()] {
            let text = format!("{to:?} by {nth}");
            server.tell(&to, &text).await;
            bench.hear(server, &each, &text).await;
        }
        let last = &members[members.len() - 1 - nth];
        let all_but_one: Vec<_> = members.iter().map(|member| (member, usize::from(member.id != last.id))).collect();
        server.tell(&To::group_except("g", &[&last.id]), "all but one").await;
        bench.hear(server, &all_but_one, "all but one").await;
    }
}

pub(super) async fn receipts_tell_how_many_servers_have_it(bench: Bench) {
    let scene = Scene::new(bench).await;
    let _third = scene.bench.server().await;
    let ids = scene.members().map(|member| &member.id);
    let counted = |servers: usize| scene.bench.counts.then_some(servers);
    for (to, servers) in [
        (To::all(), 3),
        (To::all_except(&ids), 3),
        (To::group("g"), 2),
        (To::group("nothing"), 0),
        (To::groups(&["g", "h"]), 4),
        (To::user("ann"), 2),
        (To::users(&["ann", "bob"]), 3),
        (To::clients(&ids), 4),
        (To::client("nobody"), 0),
        (To::client(&scene.ann_b.id), 1),
    ] {
        let receipt = scene.a.tell(&to, "told").await;
        assert_eq!((receipt.connections, receipt.servers), (0, counted(servers)), "{to:?}");
        scene.members().iter().for_each(|member| drop(member.heard.take()));
    }
    // A connection of one's own needs no engine.
    let receipt = scene.a.tell(&To::client(&scene.ann_a.id), "told").await;
    assert_eq!((receipt.connections, receipt.servers), (1, Some(1)));
}
