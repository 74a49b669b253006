//! Nothing is left of connections and servers that have gone.

use super::bench::{Bench, Member, Server, ok, soon, until};
use super::grouping::Dice;
use super::hub::{ASKED, TOLD, To};
use crate::backplane::channels::Channels;
use crate::clients::results::ClientResultError;
use crate::server::HubOptions;
use futures_util::future::{join, join_all};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How long an answer is waited for that may not come.
const SHORT: Duration = Duration::from_secs(2);

impl Bench {
    /// The names of the channels that all servers share.
    pub(super) fn channels(&self) -> Channels {
        Channels::new(&self.name)
    }

    /// Waits until so many servers listen to a channel, if the engine counts them.
    pub(super) async fn listened_to(&self, server: &Server, channel: &str, count: usize) {
        if self.counts {
            let what = format!("the count of {count} servers that listen to '{channel}'");
            until(&what, async || {
                ok(soon("a count", server.backplane.subscribers(channel)).await).is_none_or(|known| known == count)
            })
            .await;
        }
    }

    /// Checks that nobody is known to be in these groups, or to be these users.
    async fn nobody_is_left(&self, servers: &[&Server], groups: &[&str], users: &[&str]) {
        let of_groups = servers.iter().flat_map(|server| groups.iter().map(move |group| (server, group)));
        let of_groups = of_groups.map(|(server, group)| async move {
            let (members, count) = (server.handle.group_members(group), server.handle.group_member_count(group));
            let (members, count) = soon("what is known of a group", join(members, count)).await;
            assert_eq!((members.value, count.value), (Vec::new(), 0), "of the group '{group}'");
            self.listened_to(server, &self.channels().group(group), 0).await;
        });
        let of_users = servers.iter().flat_map(|server| users.iter().map(move |user| (server, user)));
        let of_users = of_users.map(|(server, user)| async move {
            let count = soon("what is known of a user", server.handle.user_connections(user)).await;
            assert_eq!(count.value, 0, "of the user '{user}'");
            self.listened_to(server, &self.channels().user(user), 0).await;
        });
        // All at once: where nobody knows how many answers there will be, each takes its time.
        join(join_all(of_groups), join_all(of_users)).await;
    }
}

pub(super) async fn nothing_is_left_of_a_connection_that_has_ended(bench: Bench) {
    let [a, b] = bench.servers().await;
    let channels = bench.channels();
    for way in 0..4 {
        let member = bench.user(&b, "ann").await;
        member.join("own").await;
        assert!(ok(soon("the confirmation", ok(a.handle.add_to_group(&member.id, "g")).into_future()).await));
        let gone = [channels.connection(&member.id), channels.group("own"), channels.group("g"), channels.user("ann")];
        for channel in &gone {
            bench.listened_to(&a, channel, 1).await;
        }
        match way {
            0 => member.client.stop().await,
            1 => member.line.cut(),
            2 => assert!(b.handle.abort(&member.id).is_here()),
            _ => assert!(ok(soon("the answer", a.handle.close(&member.id, "enough").into_future()).await)),
        }
        soon("the end of the connection", member.line.ended()).await;
        b.test.wait_for_connections(0).await;
        for channel in &gone {
            bench.listened_to(&a, channel, 0).await;
        }
        bench.nobody_is_left(&[&a, &b], &["own", "g"], &["ann"]).await;
        // The next one begins with nothing.
        let next = bench.member(&b).await;
        a.tell(&To::groups(&["own", "g"]), "told").await;
        bench.hear(&a, &[(&next, 0)], "told").await;
        next.client.stop().await;
        b.test.wait_for_connections(0).await;
    }
}

pub(super) async fn nothing_is_left_by_work_that_outlives_its_connection(bench: Bench) {
    let [a, b] = bench.servers().await;
    for server in [&a, &b] {
        let (member, other) = (bench.user(server, "ann").await, bench.member(&a).await);
        ok(soon("a call of the hub", member.client.invoke::<()>("Keep", ()).into_future()).await);
        member.client.stop().await;
        server.test.wait_for_connections(usize::from(std::ptr::eq(server, &raw const a))).await;
        let Some(kept) = server.kept.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            panic!("the context was kept")
        };
        // It may still send, but not be sent to.
        drop(soon("joining", ok(kept.join("late")).into_future()).await);
        assert_eq!(soon("a receipt", kept.clients().all().send(TOLD, ("late",)).into_future()).await.error, None);
        bench.hear(&a, &[(&other, 1)], "late").await;
        bench.nobody_is_left(&[&a, &b], &["late"], &["ann"]).await;
        other.client.stop().await;
        a.test.wait_for_connections(0).await;
    }
}

pub(super) async fn nothing_is_left_after_a_crowd_has_come_and_gone(bench: Bench) {
    const GROUPS: [&str; 6] = ["g0", "g1", "g2", "g3", "g4", "g5"];
    const USERS: [&str; 4] = ["ann", "bob", "cid", "dot"];
    let short = bench.options().ack_timeout(Duration::from_secs(1));
    let mut servers = Vec::new();
    for _ in 0..3 {
        servers.push(bench.server_with(short.clone(), HubOptions::default()).await);
    }
    let coming = (0..30).map(|nth| {
        let (bench, own, other) = (&bench, &servers[nth % 3], &servers[(nth + 1) % 3]);
        let mut dice = Dice(nth as u64 + 1);
        async move {
            let member = bench.user(own, USERS[nth % 4]).await;
            let mut changes = Vec::new();
            for _ in 0..10 {
                let group = GROUPS[dice.below(GROUPS.len())];
                match dice.below(4) {
                    0 => changes.push(other.handle.remove_from_group(&member.id, group)),
                    1 => changes.push(own.handle.remove_from_group(&member.id, group)),
                    2 => changes.push(ok(own.handle.add_to_group(&member.id, group))),
                    _ => changes.push(ok(other.handle.add_to_group(&member.id, group))),
                }
            }
            // It goes in the midst of it.
            match dice.below(3) {
                0 => member.line.cut(),
                1 => drop(own.handle.abort(&member.id)),
                _ => member.client.stop().await,
            }
            // Who has gone is not there to confirm.
            join_all(changes.into_iter().map(IntoFuture::into_future)).await;
        }
    });
    join_all(coming).await;
    for server in &servers {
        server.test.wait_for_connections(0).await;
    }
    for server in &servers {
        // Commands that were under way have arrived.
        bench.caught_up(server).await;
    }
    bench.nobody_is_left(&servers.iter().collect::<Vec<_>>(), &GROUPS, &USERS).await;
}

/// Ends everything of a server.
async fn end(server: Server, members: Vec<Member>) {
    let weak = Arc::downgrade(server.test.core());
    drop(members);
    let Server { app, test, handle, backplane, kept } = server;
    soon("the shutdown of a server", app.shutdown()).await;
    test.wait_for_connections(0).await;
    drop((app, test, handle, backplane, kept));
    until("the end of a server", async || weak.strong_count() == 0).await;
}

pub(super) async fn nothing_is_left_of_a_server_that_has_ended(bench: Bench) {
    let channels = bench.channels();
    let a = bench.server().await;
    let here = bench.user(&a, "ann").await;
    here.join("g").await;
    for _ in 0..3 {
        let b = bench.server().await;
        let there = bench.user(&b, "ann").await;
        there.join("g").await;
        let id = there.id.clone();
        let gone = [channels.all(), channels.groups(), channels.ask(), channels.group("g"), channels.user("ann")];
        for channel in &gone {
            bench.listened_to(&a, channel, 2).await;
        }
        let _ = there.heard.clone().answer(ASKED, async |_: String| std::future::pending::<String>().await);
        let asked = a.handle.client(&id).invoke::<String>(ASKED, ("?",)).timeout(SHORT);
        there.heard.next::<(String,)>(ASKED).await;
        end(b, vec![there]).await;
        let answer = soon("the end of a question", asked.into_future()).await;
        assert!(
            matches!(&answer, Err(ClientResultError::Disconnected(_) | ClientResultError::TimedOut(_))),
            "its server has gone: {answer:?}"
        );
        a.awaits_nothing();
        for channel in &gone {
            bench.listened_to(&a, channel, 1).await;
        }
        bench.listened_to(&a, &channels.connection(&id), 0).await;
        let members = soon("the members of a group", a.handle.group_members("g")).await;
        assert_eq!(members.value, std::slice::from_ref(&here.id));
        assert_eq!(members.is_complete(), bench.counts);
        assert_eq!(soon("a count", a.handle.user_connections("ann")).await.value, 1);
        a.tell(&To::user("ann"), "told").await;
        bench.hear(&a, &[(&here, 1)], "told").await;
    }
}
