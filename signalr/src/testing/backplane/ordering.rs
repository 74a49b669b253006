//! Messages arrive in the order in which they were sent.

use super::bench::{Bench, Member, Server, ok, soon};
use super::hub::{ASKED, TOLD, To};
use crate::backplane::BackplaneError;
use crate::clients::sent::SendError;
use crate::server::{HubOptions, Limits};
use std::time::Duration;

const COUNT: usize = 1000;

/// Tells a text without waiting for anything but room.
async fn post(server: &Server, to: &To, text: &str) {
    loop {
        match &to.tell(&server.handle, text).receipt().error {
            None => return,
            Some(SendError::Backplane(BackplaneError::Full)) => tokio::time::sleep(Duration::from_millis(1)).await,
            Some(error) => panic!("{error:?}"),
        }
    }
}

/// Sends many messages from one server to a member of it and to one of another.
async fn in_order(bench: Bench, to: impl Fn(&Member, &Member) -> To, reached: [usize; 2]) {
    let [a, b] = bench.servers().await;
    let (here, there) = (bench.user(&a, "ann").await, bench.user(&b, "ann").await);
    here.join("g").await;
    there.join("g").await;
    let to = to(&here, &there);
    for number in 0..COUNT {
        if to.is_of_several() {
            // Of several targets some may be full.
            a.tell(&to, &number.to_string()).await;
        } else {
            post(&a, &to, &number.to_string()).await;
        }
    }
    for (member, times) in [(&here, reached[0]), (&there, reached[1])] {
        for number in 0..COUNT * times {
            assert_eq!(member.heard.next::<(String,)>(TOLD).await.0, number.to_string());
        }
    }
    bench.fence(&a, &[&here, &there]).await;
}

pub(super) async fn order_is_kept_to_all(bench: Bench) {
    in_order(bench, |_, _| To::all(), [1, 1]).await;
}

pub(super) async fn order_is_kept_to_a_group(bench: Bench) {
    in_order(bench, |_, _| To::group("g"), [1, 1]).await;
}

pub(super) async fn order_is_kept_to_a_user(bench: Bench) {
    in_order(bench, |_, _| To::user("ann"), [1, 1]).await;
}

pub(super) async fn order_is_kept_to_a_client(bench: Bench) {
    in_order(bench, |_, there| To::client(&there.id), [0, 1]).await;
}

pub(super) async fn order_is_kept_to_clients(bench: Bench) {
    in_order(bench, |here, there| To::clients(&[&here.id, &there.id]), [1, 1]).await;
}

pub(super) async fn order_is_kept_of_each_of_many_senders(bench: Bench) {
    const EACH: usize = 150;
    let servers = bench.servers::<3>().await;
    let mut members = Vec::new();
    for nth in 0..6 {
        let member = bench.member(&servers[nth % 3]).await;
        member.join("g").await;
        members.push(member);
    }
    let sending = members.iter().enumerate().map(|(nth, member)| async move {
        let to = To::group("g");
        for number in 0..EACH {
            let text = format!("{nth} {number}");
            ok(soon("a call of the hub", member.client.invoke::<()>("Tell", (&to, text)).into_future()).await);
        }
    });
    futures_util::future::join_all(sending).await;
    for member in &members {
        let mut next = [0; 6];
        for _ in 0..6 * EACH {
            let (text,) = member.heard.next::<(String,)>(TOLD).await;
            let Some((sender, number)) = text.split_once(' ') else { panic!("{text}") };
            let next = &mut next[ok(sender.parse::<usize>())];
            assert_eq!(ok(number.parse::<usize>()), *next, "of sender {sender}");
            *next += 1;
        }
    }
    for server in &servers {
        bench.fence(server, &members.iter().collect::<Vec<_>>()).await;
    }
}

pub(super) async fn newest_messages_replace_those_that_wait_at_another_server(bench: Bench) {
    const COUNT: usize = 200;
    let a = bench.server().await;
    let limits = Limits::default().outbound_capacity(50_000);
    let b = bench.server_with(bench.options(), HubOptions::default().limits(limits)).await;
    let (here, there) = (bench.member(&a).await, bench.member(&b).await);
    there.line.stall_to_client();
    let text = "x".repeat(2000);
    for number in 0..COUNT {
        let receipt = a.handle.all().send_latest(TOLD, (format!("{number} {text}"),)).await;
        assert_eq!(receipt.error, None);
    }
    for number in 0..COUNT {
        assert_eq!(here.heard.next::<(String,)>(TOLD).await.0, format!("{number} {text}"));
    }
    there.line.resume();
    let (mut count, mut last) = (0, String::new());
    while last != format!("{} {text}", COUNT - 1) {
        last = there.heard.next::<(String,)>(TOLD).await.0;
        count += 1;
    }
    assert!(count < COUNT, "none of them has made room");
    bench.fence(&a, &[&here, &there]).await;
}

pub(super) async fn order_is_kept_of_messages_and_questions(bench: Bench) {
    let [a, b] = bench.servers().await;
    let there = bench.member(&b).await;
    let _ = there.heard.clone().answer(ASKED, |number: usize| number + 1);
    let to = To::client(&there.id);
    let mut asked = Vec::new();
    for number in 0..100 {
        post(&a, &to, &number.to_string()).await;
        asked.push(a.handle.client(&there.id).invoke::<usize>(ASKED, (number,)));
    }
    for number in 0..100 {
        let (told, asked) = (there.heard.next_call().await, there.heard.next_call().await);
        assert_eq!((told.method(), told.decode::<(String,)>().0), (TOLD, number.to_string()));
        assert_eq!((asked.method(), asked.decode::<(usize,)>().0), (ASKED, number));
    }
    for (number, asked) in asked.into_iter().enumerate() {
        assert_eq!(soon("an answer", asked.into_future()).await, Ok(number + 1));
    }
}
