//! Client results: a server asks a client of another server.

use super::bench::{Bench, Member, PATIENCE, Server, soon};
use super::hub::{ASKED, To};
use crate::clients::results::{ClientResult, ClientResultError};
use crate::hub::error::HubError;
use futures_util::future::join_all;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// How long an answer is waited for that does not come.
const SHORT: Duration = Duration::from_millis(300);

impl Server {
    /// Asks a client from outside of the hub.
    fn ask<T>(&self, id: &str, question: &str) -> ClientResult<T>
    where
        T: DeserializeOwned,
    {
        self.handle.client(id).invoke::<T>(ASKED, (question,)).timeout(PATIENCE)
    }
}

async fn answer<T: DeserializeOwned>(asked: ClientResult<T>) -> Result<T, ClientResultError> {
    soon("an answer", asked.into_future()).await
}

/// Has the hub ask a client.
async fn ask_by(member: &Member, id: &str, question: &str) -> Result<String, String> {
    let asked = member.client.invoke::<String>("Ask", (id, question));
    soon("an answer", asked.into_future()).await.map_err(|error| error.to_string())
}

pub(super) async fn results_come_from_clients_of_other_servers(bench: Bench) {
    let [a, b] = bench.servers().await;
    let mut members = Vec::new();
    for server in [&a, &a, &b, &b] {
        members.push(bench.member(server).await);
    }
    for (nth, member) in members.iter().enumerate() {
        let _ = member.heard.clone().answer(ASKED, move |question: String| format!("{question} {nth}, né ␞\u{1e}"));
    }
    for (nth, member) in members.iter().enumerate() {
        let expected = |question: &str| format!("{question} {nth}, né ␞\u{1e}");
        for server in [&a, &b] {
            assert_eq!(answer::<String>(server.ask(&member.id, "who?")).await, Ok(expected("who?")));
            assert_eq!(member.heard.next::<(String,)>(ASKED).await.0, "who?");
        }
        for asker in members.iter().filter(|asker| asker.id != member.id) {
            assert_eq!(ask_by(asker, &member.id, "you?").await, Ok(expected("you?")));
            assert_eq!(member.heard.next::<(String,)>(ASKED).await.0, "you?");
        }
    }
    bench.fence(&a, &members.iter().collect::<Vec<_>>()).await;
}

pub(super) async fn results_are_errors_nothing_or_of_any_type(bench: Bench) {
    let [a, b] = bench.servers().await;
    for _ in 0..2 {
        // Each protocol in its turn.
        let member = bench.member(&b).await;
        let id = &*member.id;
        let heard = member.heard.clone().answer(ASKED, |_: String| Err::<String, _>(HubError::public("not now")));
        let refused = answer::<String>(a.ask(id, "?")).await;
        assert!(matches!(&refused, Err(ClientResultError::Client(text)) if text.contains("not now")), "{refused:?}");
        let heard = heard.answer(ASKED, |_: String| ());
        let nothing = answer::<()>(a.ask(id, "?")).await;
        assert!(matches!(&nothing, Err(ClientResultError::Client(text)) if text.contains("result")), "{nothing:?}");
        let heard = heard.answer(ASKED, |_: String| Ok::<(), HubError>(()));
        assert_eq!(answer::<()>(a.ask(id, "?")).await, Ok(()));
        let heard = heard.answer(ASKED, |_: String| Ok::<Option<u32>, HubError>(None));
        assert_eq!(answer::<Option<u32>>(a.ask(id, "?")).await, Ok(None));
        let heard = heard.answer(ASKED, |_: String| vec![Some((1, "one".to_owned())), None]);
        let listed = vec![Some((1, "one".to_owned())), None];
        assert_eq!(answer::<Vec<Option<(u32, String)>>>(a.ask(id, "?")).await, Ok(listed));
        // What cannot be read as what was asked for.
        for _ in 0..2 {
            let unread = answer::<u32>(a.ask(id, "?")).await;
            assert!(matches!(&unread, Err(ClientResultError::Result { expected: "u32", .. })), "{unread:?}");
        }
        let long = "long ".repeat(5000);
        let sent = long.clone();
        let heard = heard.answer(ASKED, move |_: String| sent.clone());
        assert!(answer::<String>(a.ask(id, &long)).await.as_ref() == Ok(&long), "a long answer has not come as it was");
        heard.take();
        member.client.stop().await;
    }
}

pub(super) async fn results_do_not_come_from_who_is_not_there(bench: Bench) {
    let [a, b] = bench.servers().await;
    let (here, gone) = (bench.member(&a).await, bench.member(&b).await);
    gone.client.stop().await;
    b.test.wait_for_connections(0).await;
    bench.caught_up(&b).await;
    for id in ["nobody", &gone.id] {
        let answer = answer::<String>(a.ask(id, "?").timeout(if bench.counts { PATIENCE } else { SHORT })).await;
        let expected = if bench.counts {
            ClientResultError::NotConnected(id.to_owned())
        } else {
            ClientResultError::TimedOut(SHORT)
        };
        assert_eq!(answer, Err(expected));
    }
    a.awaits_nothing();
    assert_eq!(answer::<String>(a.ask("", "?")).await, Err(ClientResultError::NotConnected(String::new())));
    if bench.counts {
        // A hub method that passes the error on tells its own client nothing of it.
        assert!(ask_by(&here, "nobody", "?").await.unwrap_err().contains("An unexpected error occurred"));
    }
}

pub(super) async fn results_fail_when_the_client_leaves(bench: Bench) {
    let [a, b] = bench.servers().await;
    for nth in 0..6 {
        let member = bench.member(&b).await;
        let _ = member.heard.clone().answer(ASKED, async |_: String| std::future::pending::<String>().await);
        let asked = a.ask::<String>(&member.id, "?");
        member.heard.next::<(String,)>(ASKED).await;
        // More of them, which wait for their turn at the client, or do not even get to its server.
        let more: Vec<_> = (0..20).map(|_| a.ask::<String>(&member.id, "?").timeout(SHORT)).collect();
        if nth % 2 == 0 {
            member.line.cut();
        } else {
            b.handle.abort(&member.id);
        }
        assert_eq!(answer(asked).await, Err(ClientResultError::Disconnected(member.id.clone())));
        for answer in join_all(more.into_iter().map(answer)).await {
            match answer {
                Err(ClientResultError::Disconnected(id) | ClientResultError::NotConnected(id)) if id == member.id => {}
                // Its server took the subscription back while the question was on its way.
                Err(ClientResultError::TimedOut(SHORT)) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

pub(super) async fn results_that_nobody_waits_for_harm_nothing(bench: Bench) {
    let [a, b] = bench.servers().await;
    let member = bench.member(&b).await;
    let (go, told) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (goes, tells) = (go.clone(), told.clone());
    let _ = member.heard.clone().answer(ASKED, move |question: String| {
        let (go, told) = (goes.clone(), tells.clone());
        async move {
            if question == "late" {
                go.notified().await;
                told.notify_one();
            }
            format!("{question}!")
        }
    });
    // Too late, and no longer asked.
    for dropped in [false, true] {
        let asked = a.ask::<String>(&member.id, "late");
        if dropped {
            member.heard.next::<(String,)>(ASKED).await;
            drop(asked);
        } else {
            assert_eq!(answer(asked.timeout(SHORT)).await, Err(ClientResultError::TimedOut(SHORT)));
            member.heard.next::<(String,)>(ASKED).await;
        }
        go.notify_one();
        soon("the late answer", told.notified()).await;
        for question in ["one", "two"] {
            assert_eq!(answer::<String>(a.ask(&member.id, question)).await, Ok(format!("{question}!")));
            member.heard.next::<(String,)>(ASKED).await;
        }
    }
    a.awaits_nothing();
    a.tell(&To::all(), "told").await;
    bench.hear(&a, &[(&member, 1)], "told").await;
}

pub(super) async fn results_find_their_questions(bench: Bench) {
    let [a, b] = bench.servers().await;
    let mut members = Vec::new();
    for nth in 0..4 {
        let member = bench.member(if nth < 2 { &a } else { &b }).await;
        // The later ones answer first.
        let _ = member.heard.clone().answer(ASKED, move |question: String| async move {
            if question.len().is_multiple_of(2) {
                tokio::task::yield_now().await;
            }
            format!("{question} by {nth}")
        });
        members.push(member);
    }
    let mut asked = Vec::new();
    for number in 0..50 {
        for (nth, member) in members.iter().enumerate() {
            for server in [&a, &b] {
                let question = "?".repeat(number);
                asked.push((server.ask::<String>(&member.id, &question), format!("{question} by {nth}")));
            }
        }
    }
    for (asked, expected) in asked {
        assert_eq!(answer(asked).await, Ok(expected));
    }
}
