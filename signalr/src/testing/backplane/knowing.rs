//! What the servers know together, and what one does for another.

use super::bench::{Bench, Server, ok, soon};
use super::hub::To;
use crate::backplane::{Backplane, BackplaneReceiver};
use crate::clients::change::ChangeError;
use crate::clients::fleet::FleetAnswer;
use crate::server::HubOptions;
use crate::session::close::CloseReason;
use futures_util::future::{join, join_all};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// How long answers are waited for that do not come.
const SHORT: Duration = Duration::from_millis(500);

impl Bench {
    /// Checks what a fleet knows, of which so many servers have answered and so many have not.
    #[track_caller]
    fn knows<T: Debug + PartialEq>(&self, answer: &FleetAnswer<T>, value: T, servers: usize, missing: usize) {
        let missing = self.counts.then_some(missing);
        assert_eq!((&answer.value, answer.servers, answer.missing), (&value, servers, missing));
        assert_eq!(answer.is_complete(), missing == Some(0));
    }
}

async fn members(server: &Server, group: &str) -> FleetAnswer<Vec<String>> {
    let mut members = soon("the members of a group", server.handle.group_members(group)).await;
    members.value.sort();
    members
}

pub(super) async fn servers_know_members_and_users_together(bench: Bench) {
    let servers = bench.servers::<5>().await;
    let mut all = Vec::new();
    for (nth, server) in servers.iter().enumerate() {
        for _ in 0..nth {
            let member = bench.user(server, "ann").await;
            member.join("g").await;
            all.push(member);
        }
    }
    let mut ids: Vec<String> = all.iter().map(|member| member.id.clone()).collect();
    ids.sort();
    let (bench, known) = (&bench, &ids);
    join_all(servers.iter().map(|server| async move {
        let handle = &server.handle;
        let (g, other) = join(members(server, "g"), members(server, "G")).await;
        bench.knows(&g, known.clone(), 5, 0);
        bench.knows(&other, Vec::new(), 5, 0);
        let counts = [handle.group_member_count("g"), handle.group_member_count("nothing")];
        let users = [handle.user_connections("ann"), handle.user_connections("bob")];
        let (counts, users) = soon("counts", join(join_all(counts), join_all(users))).await;
        for (count, expected) in counts.iter().chain(&users).zip([10, 0, 10, 0]) {
            bench.knows(count, expected, 5, 0);
        }
    }))
    .await;
    let Some(last) = all.pop() else { panic!("there are ten") };
    last.leave("g").await;
    join_all(servers.iter().map(|server| async move {
        let counts = join(server.handle.group_member_count("g"), server.handle.user_connections("ann"));
        let (members, connections) = soon("counts", counts).await;
        bench.knows(&members, 9, 5, 0);
        bench.knows(&connections, 10, 5, 0);
    }))
    .await;
}

pub(super) async fn servers_that_do_not_answer_are_missing(bench: Bench) {
    let fleet = bench.options().answer_timeout(SHORT);
    let (a, b) = (
        bench.server_with(fleet.clone(), HubOptions::default()).await,
        bench.server_with(fleet, HubOptions::default()).await,
    );
    let there = bench.user(&b, "ann").await;
    there.join("g").await;
    let (engine, channels) = (bench.fleet.server().await, bench.channels());
    let silent = Arc::new(BackplaneReceiver::new(|_, _| {}));
    // One that does not know such questions, as those of .NET; then one that has them and does not answer.
    for channel in [channels.all(), channels.ask()] {
        ok(soon("a subscription", engine.subscribe(&channel, &silent)).await);
        for server in [&a, &b] {
            let counts = join(server.handle.group_member_count("g"), server.handle.user_connections("ann"));
            let (members, (count, connections)) = join(members(server, "g"), soon("counts", counts)).await;
            bench.knows(&members, vec![there.id.clone()], 2, 1);
            bench.knows(&count, 1, 2, 1);
            bench.knows(&connections, 1, 2, 1);
        }
        // It may have the connection, so nobody knows that there is none.
        let unknown = soon("the answer", a.handle.close("nobody", "enough").into_future()).await;
        assert_eq!(unknown, Err(ChangeError::NoAnswer { connection: "nobody".to_owned(), after: SHORT }));
        a.awaits_nothing();
    }
    assert!(ok(soon("the answer", a.handle.close(&there.id, "enough").into_future()).await));
}

pub(super) async fn servers_close_connections_of_others(bench: Bench) {
    let a = bench.server_with(bench.options(), HubOptions::default()).await;
    let b = bench.server().await;
    let _c = bench.server().await;
    let stays = bench.member(&b).await;
    for (reason, expected) in
        [(Some("enough ␞\u{1e}"), CloseReason::Kicked("enough ␞\u{1e}".to_owned())), (None, CloseReason::Aborted)]
    {
        for server in [&a, &b] {
            let member = bench.member(&b).await;
            let change = match reason {
                Some(reason) => server.handle.close(&member.id, reason),
                None => server.handle.abort(&member.id),
            };
            assert_eq!(change.is_here(), std::ptr::eq(server, &raw const b));
            assert!(ok(soon("the answer", change.into_future()).await));
            assert_eq!(member.line.ended().await, expected);
            // It is not there any more.
            b.test.wait_for_connections(1).await;
            let again = soon("the answer", server.handle.abort(&member.id).into_future()).await;
            if bench.counts {
                assert_eq!(again, Ok(false));
            } else {
                assert!(matches!(again, Err(ChangeError::NoAnswer { .. })), "{again:?}");
            }
        }
    }
    a.tell(&To::all(), "told").await;
    bench.hear(&a, &[(&stays, 1)], "told").await;
}

pub(super) async fn servers_are_asked_by_many_at_once(bench: Bench) {
    let servers = bench.servers::<3>().await;
    let mut all = Vec::new();
    for (nth, server) in servers.iter().enumerate() {
        for group in 0..=nth {
            let member = bench.user(server, &format!("user {group}")).await;
            member.join(&format!("g{group}")).await;
            all.push(member);
        }
    }
    let mut asked = Vec::new();
    for round in 0..30 {
        let (server, group) = (&servers[round % 3], (round / 3) % 4);
        let expected = 3_usize.saturating_sub(group);
        let bench = &bench;
        asked.push(async move {
            let (name, user) = (format!("g{group}"), format!("user {group}"));
            let counts = join(server.handle.group_member_count(&name), server.handle.user_connections(&user));
            let (members, (count, connections)) = join(members(server, &name), soon("a count", counts)).await;
            assert_eq!(members.value.len(), expected);
            bench.knows(&count, expected, 3, 0);
            bench.knows(&connections, expected, 3, 0);
        });
    }
    join_all(asked).await;
}
