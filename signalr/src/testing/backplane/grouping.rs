//! Groups whose members are on several servers.

use super::bench::{Bench, Member, ok, soon};
use super::hub::To;
use crate::clients::change::ChangeError;
use crate::server::{HubOptions, Limits};
use std::time::Duration;

/// How long a confirmation is waited for that does not come.
const SHORT: Duration = Duration::from_millis(300);

pub(super) async fn groups_take_connections_of_other_servers(bench: Bench) {
    let [a, b] = bench.servers().await;
    let (here, there) = (bench.member(&a).await, bench.member(&b).await);
    let told = async |times: [usize; 2]| {
        for server in [&a, &b] {
            server.tell(&To::group("g"), "told").await;
            bench.hear(server, &[(&here, times[0]), (&there, times[1])], "told").await;
        }
    };
    told([0, 0]).await;
    // From outside of the hub, then by a hub method; each twice, which changes nothing.
    for _ in 0..2 {
        let change = ok(a.handle.add_to_group(&there.id, "g"));
        assert!(!change.is_here());
        assert!(ok(soon("the confirmation", change.into_future()).await));
        told([0, 1]).await;
    }
    for _ in 0..2 {
        let added = there.client.invoke::<bool>("Add", (&here.id, "g"));
        assert!(ok(soon("the confirmation", added.into_future()).await));
        told([1, 1]).await;
    }
    for _ in 0..2 {
        assert!(ok(soon("the confirmation", a.handle.remove_from_group(&there.id, "g").into_future()).await));
        told([1, 0]).await;
    }
    for _ in 0..2 {
        let removed = there.client.invoke::<bool>("Remove", (&here.id, "g"));
        assert!(ok(soon("the confirmation", removed.into_future()).await));
        told([0, 0]).await;
    }
    // Those of its own server need no confirmation.
    let change = ok(a.handle.add_to_group(&here.id, "g"));
    assert!(change.is_here());
    assert!(ok(soon("joining", change.into_future()).await));
    told([1, 0]).await;
}

pub(super) async fn groups_are_joined_when_that_was_awaited(bench: Bench) {
    let [a, b] = bench.servers().await;
    let there = bench.member(&b).await;
    for round in 0..60 {
        let (group, text) = (format!("g{}", round % 7), format!("round {round}"));
        there.join(&group).await;
        a.tell(&To::group(&group), &text).await;
        bench.hear(&a, &[(&there, 1)], &text).await;
        there.leave(&group).await;
        a.tell(&To::group(&group), &text).await;
        bench.hear(&a, &[(&there, 0)], &text).await;
    }
}

pub(super) async fn groups_are_joined_at_once_for_the_own_server(bench: Bench) {
    let [a, b] = bench.servers().await;
    let (member, other) = (bench.member(&a).await, bench.member(&b).await);
    for round in 0..60 {
        let (group, text) = (format!("g{round}"), format!("round {round}"));
        let called = member.client.invoke::<()>("JoinAndTell", (group, &text));
        ok(soon("a call of the hub", called.into_future()).await);
        bench.hear(&a, &[(&member, 1), (&other, 0)], &text).await;
    }
}

pub(super) async fn groups_do_not_take_who_is_not_there(bench: Bench) {
    let a = bench.server_with(bench.options().ack_timeout(SHORT), HubOptions::default()).await;
    let b = bench.server().await;
    let (here, there) = (bench.member(&a).await, bench.member(&b).await);
    let gone = bench.member(&b).await;
    gone.client.stop().await;
    b.test.wait_for_connections(1).await;
    for id in ["nobody", &gone.id] {
        let unanswered = Err(ChangeError::NoAnswer { connection: id.to_owned(), after: SHORT });
        assert_eq!(soon("the answer", ok(a.handle.add_to_group(id, "g")).into_future()).await, unanswered);
        assert_eq!(soon("the answer", a.handle.remove_from_group(id, "g").into_future()).await, unanswered);
        let error = soon("the answer", here.client.invoke::<bool>("Add", (id, "g")).into_future()).await.unwrap_err();
        assert!(error.to_string().contains("no server of the fleet has confirmed"), "{error}");
    }
    a.awaits_nothing();
    // Whoever comes next is not mistaken for them.
    assert!(ok(soon("the confirmation", ok(a.handle.add_to_group(&there.id, "g")).into_future()).await));
    a.tell(&To::group("g"), "told").await;
    bench.hear(&a, &[(&here, 0), (&there, 1)], "told").await;
}

pub(super) async fn groups_of_a_connection_are_limited_by_its_server(bench: Bench) {
    let a = bench.server_with(bench.options().ack_timeout(SHORT), HubOptions::default()).await;
    let limits = HubOptions::default().limits(Limits::default().maximum_groups(1));
    let b = bench.server_with(bench.options(), limits).await;
    let there = bench.member(&b).await;
    assert!(ok(soon("the confirmation", ok(a.handle.add_to_group(&there.id, "one")).into_future()).await));
    let refused = soon("the answer", ok(a.handle.add_to_group(&there.id, "two")).into_future()).await;
    assert!(matches!(refused, Err(ChangeError::NoAnswer { .. })), "{refused:?}");
    // Where it is already it stays.
    assert!(ok(soon("the confirmation", ok(a.handle.add_to_group(&there.id, "one")).into_future()).await));
    there.join("one").await;
    a.tell(&To::groups(&["one", "two"]), "told").await;
    bench.hear(&a, &[(&there, 1)], "told").await;
}

pub(super) async fn groups_have_any_name(bench: Bench) {
    let names = [
        "",
        "g",
        "G",
        "g ",
        " g",
        "g*",
        "g?",
        "[g]",
        "g:h",
        "g:",
        ":",
        "a b",
        "g\n",
        "\0",
        "é",
        "e\u{301}",
        "名前",
        "🦀",
        "\"g\"",
        "all",
        "user:ann",
        "internal:groups",
    ];
    let [a, b] = bench.servers().await;
    let mut members = Vec::new();
    for (nth, name) in names.into_iter().enumerate() {
        let (own, other) = if nth % 2 == 0 { (&a, &b) } else { (&b, &a) };
        let member = bench.member(own).await;
        let added = ok(other.handle.add_to_group(&member.id, name));
        assert!(ok(soon("the confirmation", added.into_future()).await));
        members.push(member);
    }
    for (nth, name) in names.into_iter().enumerate() {
        let text = format!("for {name}");
        a.tell(&To::group(name), &text).await;
        let told: Vec<_> = members.iter().enumerate().map(|(of, member)| (member, usize::from(of == nth))).collect();
        bench.hear(&a, &told, &text).await;
    }
}

pub(super) async fn groups_may_be_many(bench: Bench) {
    const COUNT: usize = 1000;
    let [a, b] = bench.servers().await;
    let (here, there) = (bench.member(&a).await, bench.member(&b).await);
    let names: Vec<String> = (0..COUNT).map(|nth| format!("group {nth}")).collect();
    let added: Vec<_> = names.iter().map(|name| ok(b.handle.add_to_group(&there.id, name))).collect();
    for added in added {
        assert!(ok(soon("joining", added.into_future()).await));
    }
    for name in &names {
        a.tell(&To::group(name), name).await;
    }
    let mut told = Vec::with_capacity(COUNT);
    for _ in 0..COUNT {
        told.push(there.heard.next::<(String,)>(super::hub::TOLD).await.0);
    }
    told.sort();
    let mut all = names.clone();
    all.sort();
    assert!(told == all, "each arrives once");
    bench.fence(&a, &[&here, &there]).await;
}

/// Numbers that look random, the same in every run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap_or_default()
    }
}

pub(super) async fn groups_are_right_after_everybody_has_joined_and_left_at_once(bench: Bench) {
    const ROUNDS: usize = 3;
    let servers = bench.servers::<4>().await;
    let mut members: Vec<Member> = Vec::new();
    for nth in 0..16 {
        members.push(bench.member(&servers[nth % 4]).await);
    }
    for round in 0..ROUNDS {
        let changing = members.iter().enumerate().map(|(nth, member)| {
            let other = &servers[(nth + 1 + round) % 4];
            let mut dice = Dice((nth + 1 + 100 * round) as u64);
            async move {
                for _ in 0..12 {
                    let change = match dice.below(4) {
                        0 => {
                            member.join("g").await;
                            continue;
                        }
                        1 => {
                            member.leave("g").await;
                            continue;
                        }
                        2 => ok(other.handle.add_to_group(&member.id, "g")),
                        _ => other.handle.remove_from_group(&member.id, "g"),
                    };
                    assert!(ok(soon("the confirmation", change.into_future()).await));
                }
                if (nth + round) % 2 == 0 { member.join("g").await } else { member.leave("g").await }
            }
        });
        futures_util::future::join_all(changing).await;
        for (nth, server) in servers.iter().enumerate() {
            let text = format!("round {round} by {nth}");
            server.tell(&To::group("g"), &text).await;
            let told: Vec<_> =
                members.iter().enumerate().map(|(nth, member)| (member, usize::from((nth + round) % 2 == 0))).collect();
            bench.hear(server, &told, &text).await;
        }
    }
}

pub(super) async fn users_are_reached_until_their_last_connection_ends(bench: Bench) {
    let [a, b] = bench.servers().await;
    let here = bench.user(&a, "ann").await;
    let there = [bench.user(&b, "ann").await, bench.user(&b, "ann").await];
    let other = bench.user(&b, "Ann").await;
    let mut told: Vec<(&Member, usize)> = vec![(&other, 0), (&here, 1), (&there[0], 1), (&there[1], 1)];
    loop {
        for server in [&a, &b] {
            server.tell(&To::user("ann"), "told").await;
            bench.hear(server, &told, "told").await;
        }
        let Some((last, 1)) = told.pop() else { break };
        let (server, left) = if told.len() == 1 { (&a, 0) } else { (&b, told.len() - 1) };
        last.client.stop().await;
        server.test.wait_for_connections(left).await;
    }
}
