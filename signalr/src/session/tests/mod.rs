//! A session over the in-memory pair, with the clock in our hands.

mod authentication;
mod draining;
mod faults;
mod paced;
mod resuming;

use super::calls::Call;
use super::cancel::CancellationToken;
use super::close::CloseReason;
use super::handshake::{HandshakeRules, accept};
use super::inbox::{Origin, Overflow, Pushed};
use super::keepalive::Intervals;
use super::outbound::Outbound;
use super::peer::Peer;
use super::settings::Settings;
use super::{BoxFuture, Service, Session};
use crate::hub::reply::Reply;
use crate::protocol::{Invocation, Protocol, TransferFormat};
use crate::streaming::pump::pump;
use crate::streaming::upload::UploadHandle;
use crate::transport::memory::{Memory, pair};
use crate::transport::{Duplex, Received};
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

const PING: &str = r#"{"type":6}"#;

/// Knows three methods: `Echo`, `Hold`, which waits until it is released, and `Ticks`, an endless stream.
struct TestService {
    peer: Arc<Peer>,
    release: Arc<Notify>,
    ended: Arc<Mutex<Vec<CloseReason>>>,
}

impl Service for TestService {
    fn connected(&mut self) -> Option<BoxFuture<Result<(), CloseReason>>> {
        None
    }

    fn invoke(&mut self, invocation: &Invocation<'_>, _uploads: Vec<UploadHandle>, _cancelled: bool) -> Option<Call> {
        let id = invocation.id.as_deref();
        let mut reply = Reply::new(self.peer.clone(), id, "Test", invocation.streaming);
        let id = id.map(Into::into);
        match &*invocation.target {
            "Echo" => {
                let mut arguments = invocation.arguments;
                reply.result(&arguments.next::<String>().unwrap());
                None
            }
            "Hold" => {
                let release = self.release.clone();
                let future = Box::pin(async move {
                    release.notified().await;
                    reply.result(&"released");
                });
                Some(Call { future, id, cancel: None, drop: None, limited: true, streaming: false })
            }
            _ => {
                let token = CancellationToken::new();
                reply.token = Some(token.clone());
                let ticks = futures_util::stream::unfold(0, async |n| {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    Some((n, n + 1))
                });
                let future = Box::pin(async move { pump(&mut reply, ticks, Ok).await });
                Some(Call {
                    future,
                    id,
                    cancel: Some(token.clone()),
                    drop: Some(token),
                    limited: false,
                    streaming: true,
                })
            }
        }
    }

    fn unreachable(&mut self) {}

    fn disconnected(&mut self, reason: CloseReason) -> Option<BoxFuture<()>> {
        self.ended.lock().unwrap().push(reason);
        None
    }
}

fn settings() -> Settings {
    Settings {
        message_limit: Some(1024),
        waiting_limit: 200,
        parallel: 1,
        pace: None,
        stream_buffer: 10,
        streams: 100,
        groups: 100,
        outbound_capacity: 1000,
        overflow: Overflow::Disconnect,
        detailed_errors: true,
        intervals: Intervals { ping: Duration::from_secs(15), timeout: Duration::from_secs(30), probe: None },
        redials: false,
        close_timeout: Duration::from_secs(5),
        call_grace: Duration::from_secs(20),
    }
}

/// The client's end, and what the test may look at on the other one.
struct Client {
    end: Memory,
    received: Vec<u8>,
    peer: Arc<Peer>,
    release: Arc<Notify>,
    ended: Arc<Mutex<Vec<CloseReason>>>,
    session: tokio::task::JoinHandle<CloseReason>,
}

impl Client {
    fn connect(settings: Settings) -> Self {
        Client::connect_with(settings, |_| ()).0
    }

    fn connect_with<T>(settings: Settings, prepare: impl FnOnce(&mut Session) -> T) -> (Self, T) {
        let (server, end) = pair();
        let peer =
            Arc::new(Peer::new("id".into(), Protocol::Json, settings.outbound_capacity, settings.overflow, true));
        let (release, ended) = (Arc::new(Notify::new()), Arc::default());
        let service = TestService { peer: peer.clone(), release: release.clone(), ended: Arc::clone(&ended) };
        let mut session =
            Session::new(peer.clone(), Arc::new(settings), Box::new(service), Box::new(server), Vec::new(), b"");
        let prepared = prepare(&mut session);
        let client = Client { end, received: Vec::new(), peer, release, ended, session: tokio::spawn(session) };
        (client, prepared)
    }

    async fn send(&mut self, messages: &[&str]) {
        let mut data = Outbound::default();
        for message in messages {
            data.encode_buffer().extend_from_slice(message.as_bytes());
            data.encode_buffer().push(0x1e);
        }
        poll_fn(|cx| self.end.poll_send(cx, &mut data, TransferFormat::Text)).await.unwrap();
    }

    /// The next message, or `None` at the end of the connection.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == 0x1e) {
                let rest = self.received.split_off(end + 1);
                let mut message = std::mem::replace(&mut self.received, rest);
                message.pop();
                return Some(String::from_utf8(message).unwrap());
            }
            let mut buffer = [0; 256];
            match poll_fn(|cx| self.end.poll_receive(cx, &mut buffer)).await {
                Received::Data(count) => self.received.extend(&buffer[..count]),
                _ => return None,
            }
        }
    }

    async fn reason(self) -> CloseReason {
        drop(self.end);
        let reason = self.session.await.unwrap();
        let ended = self.ended.lock().unwrap();
        assert_eq!(ended.len(), 1, "the service is told exactly once");
        assert_eq!(ended[0], reason);
        reason
    }
}

fn call(id: u32, target: &str) -> String {
    format!(r#"{{"type":1,"invocationId":"{id}","target":"{target}","arguments":["x"]}}"#)
}

fn result(id: u32, value: &str) -> Option<String> {
    Some(format!(r#"{{"type":3,"invocationId":"{id}","result":"{value}"}}"#))
}

#[tokio::test(start_paused = true)]
async fn pings_come_at_their_interval() {
    let mut client = Client::connect(settings());
    let start = Instant::now();
    for tick in 1..=3 {
        assert_eq!(client.next().await.as_deref(), Some(PING));
        assert_eq!(start.elapsed().as_secs(), 15 * tick);
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_client_that_has_pinged_times_out() {
    let mut silent = Client::connect(settings());
    let mut pinging = Client::connect(settings());
    pinging.send(&[PING]).await;
    let start = Instant::now();
    while pinging.next().await.as_deref() == Some(PING) {}
    assert_eq!(start.elapsed().as_secs(), 30);
    assert_eq!(pinging.reason().await, CloseReason::Timeout);
    for _ in 0..10 {
        assert_eq!(silent.next().await.as_deref(), Some(PING));
    }
}

#[tokio::test(start_paused = true)]
async fn calls_wait_for_their_turn_and_pings_do_not() {
    let mut client = Client::connect(settings());
    client.send(&[&call(1, "Hold"), &call(2, "Echo"), &call(3, "Echo"), PING]).await;
    // The ping is read at once: from now on the client may not be silent.
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(client.next().await.as_deref(), Some(PING));
    client.release.notify_one();
    for (id, value) in [(1, "released"), (2, "x"), (3, "x")] {
        assert_eq!(client.next().await, result(id, value));
    }
}

#[tokio::test(start_paused = true)]
async fn reading_pauses_when_too_much_waits_and_goes_on_without_loss() {
    let mut client = Client::connect(settings());
    let calls: Vec<String> = (0..50).map(|id| call(id, if id == 0 { "Hold" } else { "Echo" })).collect();
    let texts: Vec<&str> = calls.iter().map(String::as_str).collect();
    client.send(&texts).await;
    client.send(&[PING]).await;
    // Nobody is timed out for what this end does not read.
    tokio::time::sleep(Duration::from_secs(100)).await;
    client.release.notify_one();
    let mut answers = 0;
    while answers < 50 {
        let message = client.next().await;
        if message.as_deref() != Some(PING) {
            assert_eq!(message, result(answers, if answers == 0 { "released" } else { "x" }));
            answers += 1;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_without_an_error_when_it_is_cancelled() {
    let mut client = Client::connect(settings());
    client.send(&[r#"{"type":4,"invocationId":"s","target":"Ticks","arguments":[]}"#]).await;
    assert_eq!(client.next().await.as_deref(), Some(r#"{"type":2,"invocationId":"s","item":0}"#));
    client.send(&[r#"{"type":5,"invocationId":"s"}"#]).await;
    assert_eq!(client.next().await.as_deref(), Some(r#"{"type":3,"invocationId":"s"}"#));
    // The id is free again.
    client.send(&[r#"{"type":4,"invocationId":"s","target":"Ticks","arguments":[]}"#]).await;
    assert_eq!(client.next().await.as_deref(), Some(r#"{"type":2,"invocationId":"s","item":0}"#));
}

#[tokio::test(start_paused = true)]
async fn messages_of_others_keep_their_order_and_come_before_the_reply() {
    let mut client = Client::connect(settings());
    for text in ["a", "b", "c"] {
        assert_eq!(client.peer.inbox.push(format!("{text}\x1e").into(), Origin::Others, None), Pushed::Queued);
    }
    client.send(&[&call(1, "Echo")]).await;
    for text in ["a", "b", "c"] {
        assert_eq!(client.next().await.as_deref(), Some(text));
    }
    assert_eq!(client.next().await, result(1, "x"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_disconnected() {
    let client = Client::connect(settings());
    let message = bytes::Bytes::from(vec![b'x'; 900]);
    // The pipe and the session's own buffer take some before the inbox is full.
    let mut pushed = Pushed::Queued;
    while pushed == Pushed::Queued {
        pushed = client.peer.inbox.push(message.clone(), Origin::Others, None);
        tokio::task::yield_now().await;
    }
    assert_eq!(pushed, Pushed::Gone);
    let Client { end: _still_open, session, ended, .. } = client;
    session.await.unwrap();
    assert_eq!(*ended.lock().unwrap(), [CloseReason::SlowConsumer]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_runs_when_its_client_leaves_is_finished_first() {
    let mut client = Client::connect(settings());
    client.send(&[&call(1, "Hold"), r#"{"type":7}"#]).await;
    assert_eq!(client.next().await.as_deref(), Some(r#"{"type":7}"#));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(client.ended.lock().unwrap().is_empty());
    client.release.notify_one();
    assert_eq!(client.reason().await, CloseReason::ClientClosed);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_does_not_end_is_dropped_after_the_grace_period() {
    let mut client = Client::connect(settings());
    client.send(&[&call(1, "Hold"), r#"{"type":7}"#]).await;
    let start = Instant::now();
    assert_eq!(client.reason().await, CloseReason::ClientClosed);
    assert_eq!(start.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_violation_ends_the_connection_with_its_text() {
    let mut client = Client::connect(settings());
    client.send(&["[]"]).await;
    let close = client.next().await.unwrap();
    assert!(close.contains("Expected a JSON Object.") && close.contains(r#""allowReconnect":true"#), "{close}");
    assert!(matches!(client.reason().await, CloseReason::ProtocolError(_)));
}

#[tokio::test(start_paused = true)]
async fn a_message_above_the_limit_ends_the_connection_before_all_of_it_has_come() {
    let mut client = Client::connect(settings());
    client.send(&[&"x".repeat(1024)]).await;
    assert!(client.next().await.unwrap().contains("maximum message size of 1024B"));
    assert!(matches!(client.reason().await, CloseReason::TooLarge(_)));
}

#[tokio::test(start_paused = true)]
async fn a_handshake_has_its_time_and_what_follows_it_is_kept() {
    let rules = HandshakeRules {
        timeout: Duration::from_secs(15),
        message_limit: Some(1024),
        protocols: Protocol::ALL.to_vec(),
        detailed_errors: false,
        close_timeout: Duration::from_secs(5),
    };
    let (mut server, mut client) = pair();
    let mut data = Outbound::default();
    data.encode_buffer().extend_from_slice(b"{\"protocol\":\"json\",\"version\":1}\x1erest");
    poll_fn(|cx| client.poll_send(cx, &mut data, TransferFormat::Text)).await.unwrap();
    let handshake = accept(&mut server, &rules, std::future::pending()).await.unwrap();
    assert_eq!((handshake.protocol, handshake.received.as_slice()), (Protocol::Json, &b"rest"[..]));

    let (mut server, mut client) = pair();
    let start = Instant::now();
    let refused = accept(&mut server, &rules, std::future::pending()).await;
    assert_eq!(refused.unwrap_err(), CloseReason::Timeout);
    assert_eq!(start.elapsed(), rules.timeout);
    let mut buffer = [0; 128];
    let received = poll_fn(|cx| client.poll_receive(cx, &mut buffer)).await;
    let Received::Data(count) = received else { panic!("{received:?}") };
    assert_eq!(&buffer[..count], b"{\"error\":\"Handshake was canceled.\"}\x1e");
}

#[test]
fn an_idle_session_is_small() {
    assert!(size_of::<Session>() <= 400, "{}", size_of::<Session>());
}
