//! Calls that begin no faster than they may.

use super::*;
use crate::session::pace::Pace;
use std::num::NonZeroU32;

fn paced(per_second: u32, burst: u32) -> Settings {
    let number = |number| NonZeroU32::new(number).unwrap();
    Settings { pace: Some(Pace::new(number(per_second), number(burst))), ..settings() }
}

/// Sends so many calls at once, and returns after how many tenths of a second each was answered.
async fn answered(client: &mut Client, calls: u32) -> Vec<u128> {
    let start = Instant::now();
    let messages: Vec<String> = (0..calls).map(|id| call(id, "Echo")).collect();
    let texts: Vec<&str> = messages.iter().map(String::as_str).collect();
    client.send(&texts).await;
    let mut times = Vec::new();
    for id in 0..calls {
        assert_eq!(client.next().await, result(id, "x"));
        times.push((start.elapsed().as_millis() + 50) / 100);
    }
    times
}

#[tokio::test(start_paused = true)]
async fn what_is_above_the_rate_waits_and_nothing_is_lost() {
    let mut client = Client::connect(paced(10, 3));
    assert_eq!(answered(&mut client, 8).await, [0, 0, 0, 1, 2, 3, 4, 5]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(answered(&mut client, 5).await, [0, 0, 0, 1, 2], "a pause allows a burst");
}

#[tokio::test(start_paused = true)]
async fn more_than_may_wait_is_not_read_yet_and_nobody_is_timed_out() {
    let mut client = Client::connect(Settings { waiting_limit: 1000, ..paced(1, 1) });
    client.send(&[PING]).await;
    let calls: Vec<String> = (0..60).map(|id| call(id, "Echo")).collect();
    let texts: Vec<&str> = calls.iter().map(String::as_str).collect();
    client.send(&texts).await;
    let start = Instant::now();
    let mut answers = 0;
    while answers < 60 {
        let message = client.next().await;
        if message.as_deref() != Some(PING) {
            assert_eq!(message, result(answers, "x"));
            answers += 1;
        }
    }
    assert_eq!(start.elapsed().as_secs(), 59);
}

#[tokio::test(start_paused = true)]
async fn pings_and_cancellations_do_not_wait_with_the_calls() {
    let mut client = Client::connect(Settings { waiting_limit: 10_000, ..paced(1, 1) });
    client.send(&[r#"{"type":4,"invocationId":"s","target":"Ticks","arguments":[]}"#]).await;
    client.send(&[&call(1, "Echo"), r#"{"type":5,"invocationId":"s"}"#]).await;
    assert_eq!(client.next().await.as_deref(), Some(r#"{"type":3,"invocationId":"s"}"#));
    let start = Instant::now();
    assert_eq!(client.next().await, result(1, "x"));
    assert!(start.elapsed() >= Duration::from_millis(900));
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_client_that_leaves_are_not_held_up() {
    let mut client = Client::connect(Settings { waiting_limit: 10_000, ..paced(1, 1) });
    let start = Instant::now();
    client.send(&[&call(1, "Echo"), &call(2, "Echo"), &call(3, "Echo"), r#"{"type":7}"#]).await;
    assert_eq!(client.next().await, result(1, "x"));
    assert_eq!(client.next().await.as_deref(), Some(r#"{"type":7}"#));
    assert_eq!(client.reason().await, CloseReason::ClientClosed);
    assert_eq!(start.elapsed(), Duration::ZERO);
}
