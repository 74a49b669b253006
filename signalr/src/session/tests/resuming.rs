//! Sessions that outlive their sockets.

use super::*;
use crate::session::mailbox::Mailbox;
use crate::session::replay::Budget;
use crate::session::stateful::ResumeRules;

const CAPACITY: usize = 1000;

fn rules() -> ResumeRules {
    ResumeRules { capacity: CAPACITY, timeout: Duration::from_secs(15), budget: Arc::new(Budget::new(1 << 20)) }
}

struct Resuming {
    client: Client,
    mailbox: Arc<Mailbox>,
}

impl Resuming {
    fn connect(settings: Settings) -> Self {
        Resuming::connect_with(settings, &rules())
    }

    fn connect_with(settings: Settings, rules: &ResumeRules) -> Self {
        let (client, mailbox) = Client::connect_with(settings, |session| {
            let mailbox = Mailbox::new(session.peer.clone());
            session.resume_by(mailbox.clone(), rules);
            mailbox
        });
        Resuming { client, mailbox }
    }

    /// Breaks the socket and waits until the session has seen it.
    async fn cut(&mut self) {
        let (_, unused) = pair();
        std::mem::replace(&mut self.client.end, unused).cut();
        self.client.received.clear();
        settle().await;
    }

    /// Comes back over another socket; the first message names the number that is sent next.
    async fn resume(&mut self, sequence: i64) {
        self.attach();
        assert_eq!(self.next().await, format!(r#"{{"type":9,"sequenceId":{sequence}}}"#));
    }

    fn attach(&mut self) {
        let (server, end) = pair();
        self.client.end = end;
        self.client.received.clear();
        assert!(self.mailbox.attach(Box::new(server)));
    }

    async fn send(&mut self, messages: &[&str]) {
        self.client.send(messages).await;
    }

    /// The next message that is not a ping.
    async fn next(&mut self) -> String {
        loop {
            let message = self.client.next().await.expect("the connection lives");
            if message != PING {
                return message;
            }
        }
    }

    fn push(&self, text: &str) -> Pushed {
        self.client.peer.inbox.push(format!("{text}\x1e").into(), Origin::Others, None)
    }

    async fn ack(&mut self, number: i64) {
        self.send(&[&format!(r#"{{"type":8,"sequenceId":{number}}}"#)]).await;
    }
}

/// Lets everything run that can run without the clock.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

fn ack(number: i64) -> String {
    format!(r#"{{"type":8,"sequenceId":{number}}}"#)
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_without_a_socket_comes_over_the_next_one() {
    let mut session = Resuming::connect(settings());
    session.push("a");
    assert_eq!(session.next().await, "a");
    session.cut().await;
    session.push("b");
    settle().await;
    session.resume(1).await;
    for text in ["a", "b"] {
        assert_eq!(session.next().await, text);
    }
    session.push("c");
    assert_eq!(session.next().await, "c");
    session.ack(2).await;
    settle().await;
    session.cut().await;
    session.resume(3).await;
    assert_eq!(session.next().await, "c");
    session.push("d");
    assert_eq!(session.next().await, "d");
    session.ack(4).await;
    settle().await;
    session.cut().await;
    session.resume(5).await;
    assert!(session.client.ended.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_socket_ends_as_lost_in_time() {
    let mut session = Resuming::connect(settings());
    session.cut().await;
    let start = Instant::now();
    tokio::time::sleep(Duration::from_secs(14)).await;
    assert!(session.mailbox.is_open());
    let Resuming { client, mailbox } = session;
    client.session.await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(15));
    assert_eq!(*client.ended.lock().unwrap(), [CloseReason::TransportLost("cut".to_owned())]);
    assert!(!mailbox.is_open());
    assert!(!mailbox.attach(Box::new(pair().0)));
}

#[tokio::test(start_paused = true)]
async fn the_time_without_a_socket_begins_anew_each_time() {
    let mut session = Resuming::connect(settings());
    for _ in 0..5 {
        session.cut().await;
        tokio::time::sleep(Duration::from_secs(14)).await;
        session.resume(1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_client_timeout_runs_without_a_socket_too() {
    let mut session = Resuming::connect(settings());
    session.send(&[PING]).await;
    settle().await;
    let start = Instant::now();
    tokio::time::sleep(Duration::from_secs(20)).await;
    session.cut().await;
    session.client.session.await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(30));
    assert_eq!(*session.client.ended.lock().unwrap(), [CloseReason::Timeout]);
}

#[tokio::test(start_paused = true)]
async fn an_orderly_end_is_the_end() {
    for goodbye in [true, false] {
        let mut session = Resuming::connect(settings());
        if goodbye {
            session.send(&[r#"{"type":7}"#]).await;
            assert_eq!(session.next().await, r#"{"type":7}"#);
        }
        assert_eq!(session.client.reason().await, CloseReason::ClientClosed);
        assert!(!session.mailbox.is_open());
    }
}

#[tokio::test(start_paused = true)]
async fn received_messages_are_acknowledged_once_a_second_if_there_were_any() {
    let mut session = Resuming::connect(settings());
    tokio::time::sleep(Duration::from_secs(5)).await;
    let start = Instant::now();
    let cancel = r#"{"type":5,"invocationId":"unknown"}"#;
    session.send(&[cancel, PING, cancel, r#"{"type":8,"sequenceId":7}"#, r#"{"type":99}"#]).await;
    assert_eq!(session.next().await, ack(2));
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    tokio::time::sleep(Duration::from_secs(5)).await;
    for kind in [2, 3] {
        session.send(&[&format!(r#"{{"type":{kind},"invocationId":"unknown","item":1}}"#)]).await;
    }
    let start = Instant::now();
    assert_eq!(session.next().await, ack(4));
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn much_is_acknowledged_at_once() {
    let limit = Some(1 << 20);
    let mut session = Resuming::connect(Settings { message_limit: limit, waiting_limit: 1 << 20, ..settings() });
    let start = Instant::now();
    let large = format!(r#"{{"type":2,"invocationId":"unknown","item":"{}"}}"#, "x".repeat(40_000));
    session.send(&[&large]).await;
    assert_eq!(session.next().await, ack(1));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_the_client_repeats_is_processed_once_and_acknowledged_again() {
    let mut session = Resuming::connect(settings());
    session.send(&[&call(1, "Echo"), &call(2, "Echo")]).await;
    assert_eq!(Some(session.next().await), result(1, "x"));
    session.cut().await;
    session.resume(1).await;
    session.send(&[r#"{"type":9,"sequenceId":1}"#, &call(1, "Echo"), &call(2, "Echo"), &call(3, "Echo")]).await;
    for id in 1..=3 {
        assert_eq!(Some(session.next().await), result(id, "x"));
    }
    assert_eq!(session.next().await, ack(3));
    session.cut().await;
    session.resume(1).await;
    session.send(&[r#"{"type":9,"sequenceId":3}"#, &call(3, "Echo")]).await;
    for id in 1..=3 {
        assert_eq!(Some(session.next().await), result(id, "x"));
    }
    assert_eq!(session.next().await, ack(3));
}

#[tokio::test(start_paused = true)]
async fn half_a_message_is_dropped_with_its_socket() {
    let mut session = Resuming::connect(settings());
    let mut data = Outbound::default();
    data.encode_buffer().extend_from_slice(br#"{"type":1,"invocationId":"#);
    poll_fn(|cx| session.client.end.poll_send(cx, &mut data, TransferFormat::Text)).await.unwrap();
    settle().await;
    session.cut().await;
    session.resume(1).await;
    session.send(&[r#"{"type":9,"sequenceId":1}"#, &call(1, "Echo")]).await;
    assert_eq!(Some(session.next().await), result(1, "x"));
}

#[tokio::test(start_paused = true)]
async fn a_gap_ends_the_connection() {
    let mut session = Resuming::connect(settings());
    session.send(&[&call(1, "Echo")]).await;
    session.next().await;
    session.cut().await;
    session.resume(1).await;
    session.next().await;
    session.send(&[r#"{"type":9,"sequenceId":3}"#]).await;
    let close = session.next().await;
    let text = "InvalidOperationException: Sequence ID greater than amount of messages we've received.";
    assert!(close.contains(text), "{close}");
    assert!(matches!(session.client.reason().await, CloseReason::ProtocolError(_)));
}

#[tokio::test(start_paused = true)]
async fn calls_and_streams_go_on_without_a_socket() {
    let mut session = Resuming::connect(settings());
    session.send(&[r#"{"type":4,"invocationId":"s","target":"Ticks","arguments":[]}"#, &call(1, "Hold")]).await;
    settle().await;
    session.cut().await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    session.client.release.notify_one();
    settle().await;
    session.resume(1).await;
    for item in 0..2 {
        assert_eq!(session.next().await, format!(r#"{{"type":2,"invocationId":"s","item":{item}}}"#));
    }
    assert_eq!(Some(session.next().await), result(1, "released"));
    assert_eq!(session.next().await, ack(2));
    assert_eq!(session.next().await, r#"{"type":2,"invocationId":"s","item":2}"#);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_still_lives_is_replaced_and_told_goodbye() {
    let mut session = Resuming::connect(settings());
    session.push("a");
    assert_eq!(session.next().await, "a");
    let (server, end) = pair();
    let mut old = std::mem::replace(&mut session.client.end, end);
    assert!(session.mailbox.attach(Box::new(server)));
    assert_eq!(session.next().await, r#"{"type":9,"sequenceId":1}"#);
    assert_eq!(session.next().await, "a");
    let mut buffer = [0; 64];
    assert!(matches!(poll_fn(|cx| old.poll_receive(cx, &mut buffer)).await, Received::Closed));
    // What the old one still says concerns nobody.
    drop(old);
    settle().await;
    session.push("b");
    assert_eq!(session.next().await, "b");
}

#[tokio::test(start_paused = true)]
async fn of_two_sockets_at_once_the_later_one_goes_on() {
    let mut session = Resuming::connect(settings());
    session.push("a");
    assert_eq!(session.next().await, "a");
    session.attach();
    let (_, unused) = pair();
    let mut first = std::mem::replace(&mut session.client.end, unused);
    session.resume(1).await;
    assert_eq!(session.next().await, "a");
    let mut buffer = [0; 64];
    assert!(matches!(poll_fn(|cx| first.poll_receive(cx, &mut buffer)).await, Received::Closed));
    session.push("b");
    assert_eq!(session.next().await, "b");
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_comes_at_the_end_still_gets_what_it_missed() {
    for drains in [true, false] {
        let mut session = Resuming::connect(settings());
        session.cut().await;
        session.push("missed");
        session.attach();
        if drains {
            session.client.peer.drain(crate::session::peer::Drain::Finish);
        } else {
            session.client.peer.close(CloseReason::Kicked("out".to_owned()));
        }
        assert_eq!(session.next().await, r#"{"type":9,"sequenceId":1}"#);
        assert_eq!(session.next().await, "missed");
        assert!(session.next().await.starts_with(r#"{"type":7"#));
        assert!(!session.mailbox.is_open());
    }
}

#[tokio::test(start_paused = true)]
async fn senders_wait_while_the_buffer_is_full_and_nothing_is_dropped() {
    let mut session = Resuming::connect(Settings { overflow: Overflow::Wait, ..settings() });
    let text = |number: u32| format!("{number:0>99}");
    let sent = 18;
    for number in 0..sent {
        assert_ne!(session.push(&text(number)), Pushed::Gone, "{number}");
        settle().await;
    }
    // 1,000 bytes and the message that exceeded them.
    for number in 0..11 {
        assert_eq!(session.next().await, text(number));
    }
    session.send(&[&call(1, "Echo")]).await;
    assert_eq!(session.next().await, ack(1), "the call waits, but is read");
    session.ack(1).await;
    assert_eq!(session.next().await, text(11));
    session.ack(12).await;
    for number in 12..sent {
        assert_eq!(session.next().await, text(number));
    }
    assert_eq!(Some(session.next().await), result(1, "x"));
}

#[tokio::test(start_paused = true)]
async fn streams_wait_while_the_buffer_is_full() {
    let mut session = Resuming::connect(settings());
    session.push(&"x".repeat(CAPACITY));
    session.next().await;
    session.send(&[r#"{"type":4,"invocationId":"s","target":"Ticks","arguments":[]}"#]).await;
    assert_eq!(session.next().await, ack(1));
    tokio::time::sleep(Duration::from_secs(5)).await;
    session.ack(1).await;
    assert_eq!(session.next().await, r#"{"type":2,"invocationId":"s","item":0}"#);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_acknowledges_is_lost_in_time() {
    let mut session = Resuming::connect(settings());
    let start = Instant::now();
    session.push(&"x".repeat(CAPACITY));
    session.next().await;
    session.push("waits");
    let reason = {
        let Client { end: _open, session, ended, .. } = session.client;
        session.await.unwrap();
        ended.lock().unwrap().clone()
    };
    assert!(matches!(&*reason, [CloseReason::TransportLost(_)]), "{reason:?}");
    assert_eq!(start.elapsed(), Duration::from_secs(15));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_acknowledges_is_lost_in_time_even_without_pings() {
    let hour = Duration::from_secs(3600);
    let intervals = Intervals { ping: hour, timeout: hour, probe: None };
    let session = Resuming::connect(Settings { intervals, ..settings() });
    let start = Instant::now();
    session.push(&"x".repeat(CAPACITY));
    let Client { end: _open, session, .. } = session.client;
    assert!(matches!(session.await.unwrap(), CloseReason::TransportLost(_)));
    assert_eq!(start.elapsed(), Duration::from_secs(15));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_goes_on_with_an_acknowledgement_or_the_end() {
    for acknowledges in [true, false] {
        let mut session = Resuming::connect(Settings { overflow: Overflow::Wait, ..settings() });
        let peer = session.client.peer.clone();
        session.push(&"x".repeat(CAPACITY));
        session.next().await;
        session.push(&"y".repeat(900));
        assert_eq!(session.push(&"z".repeat(900)), Pushed::QueuedAbove);
        let start = Instant::now();
        let waiting = tokio::spawn(async move { peer.inbox.room().await });
        settle().await;
        assert!(!waiting.is_finished());
        if acknowledges {
            session.ack(1).await;
        }
        waiting.await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(if acknowledges { 0 } else { 15 }));
    }
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_behind_calls_that_must_wait_is_reached() {
    // Calls fill what may wait; their answers fill the buffer; the acknowledgements stand behind the calls.
    let settings = Settings { waiting_limit: 2000, message_limit: Some(1 << 20), ..settings() };
    let mut session = Resuming::connect(settings);
    let calls: Vec<String> = (0..400).map(|id| call(id, "Echo")).collect();
    let texts: Vec<&str> = calls.iter().map(String::as_str).collect();
    session.send(&texts).await;
    for id in 0..400u32 {
        loop {
            let message = session.next().await;
            if Some(&message) == result(id, "x").as_ref() {
                break;
            }
            assert!(message.starts_with(r#"{"type":8,"#), "{message}");
        }
        if id % 50 == 0 {
            session.ack(i64::from(id)).await;
        }
    }
    session.ack(400).await;
    settle().await;
    session.cut().await;
    session.resume(401).await;
}

#[tokio::test(start_paused = true)]
async fn what_comes_before_the_end_is_sent_before_the_close_message() {
    let mut session = Resuming::connect(Settings { overflow: Overflow::Wait, ..settings() });
    session.push(&"x".repeat(CAPACITY));
    session.push("waits");
    settle().await;
    session.client.peer.close(CloseReason::Kicked("out".to_owned()));
    assert_eq!(session.next().await.len(), CAPACITY);
    assert_eq!(session.next().await, "waits");
    assert_eq!(session.next().await, r#"{"type":7,"error":"out"}"#);
    assert!(!session.mailbox.is_open());
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_budget_stops_nobody_who_has_a_socket() {
    let rules = ResumeRules { capacity: 1 << 20, budget: Arc::new(Budget::new(10_000)), ..rules() };
    let settings = Settings { outbound_capacity: 1 << 20, ..settings() };
    let mut away = Resuming::connect_with(settings.clone(), &rules);
    let mut present = Resuming::connect_with(settings, &rules);
    away.cut().await;
    let large = "x".repeat(20_000);
    away.push(&large);
    settle().await;
    assert!(rules.budget.is_exhausted());
    for _ in 0..10 {
        present.push("small");
        present.push(&large);
        assert_eq!(present.next().await, "small");
        assert_eq!(present.next().await, large);
    }
    // It is not kept for the next socket, which the number says.
    present.cut().await;
    present.resume(21).await;
    let Client { session, ended, .. } = away.client;
    session.await.unwrap();
    assert!(matches!(ended.lock().unwrap()[0], CloseReason::TransportLost(_)));
    assert!(!rules.budget.is_exhausted());
}

#[test]
fn a_session_that_cannot_be_resumed_pays_a_pointer() {
    assert_eq!(size_of::<Option<Box<crate::session::stateful::Stateful>>>(), size_of::<usize>());
}
