//! What a hostile, slow or early client must not achieve.

use super::*;

#[tokio::test(start_paused = true)]
async fn waiting_calls_go_on_after_high_water() {
    let mut client = Client::connect(Settings { message_limit: Some(1 << 20), waiting_limit: 1 << 20, ..settings() });
    let big = "y".repeat(40_000);
    let echo = |id: u32| format!(r#"{{"type":1,"invocationId":"{id}","target":"Echo","arguments":["{big}"]}}"#);
    client.send(&[&call(1, "Hold")]).await;
    // the pipe holds 64 KiB: send from a pump
    for id in 2..6 {
        let m = echo(id);
        client.send(&[&m]).await;
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(10)).await;
    client.release.notify_one();
    let mut answers = 0;
    let r = tokio::time::timeout(Duration::from_secs(100), async {
        while answers < 5 {
            let m = client.next().await.unwrap();
            if m != PING {
                answers += 1;
            }
        }
    })
    .await;
    assert!(r.is_ok(), "only {answers} of 5 answers came");
}

struct Rejecting(TestService, Option<tokio::sync::oneshot::Receiver<()>>, Arc<Mutex<Vec<String>>>);
impl Service for Rejecting {
    fn connected(&mut self) -> Option<BoxFuture<Result<(), CloseReason>>> {
        let gate = self.1.take().unwrap();
        Some(Box::pin(async move {
            let _ = gate.await;
            Err(CloseReason::ServerError("no".into()))
        }))
    }
    fn invoke(&mut self, invocation: &Invocation<'_>, u: Vec<UploadHandle>, c: bool) -> Option<Call> {
        self.2.lock().unwrap().push(invocation.target.to_string());
        self.0.invoke(invocation, u, c)
    }
    fn unreachable(&mut self) {}
    fn disconnected(&mut self, reason: CloseReason) -> Option<BoxFuture<()>> {
        self.0.disconnected(reason)
    }
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_refused_connection_never_run() {
    let (server, mut end) = pair();
    let s = settings();
    let peer = Arc::new(Peer::new("id".into(), Protocol::Json, s.outbound_capacity, s.overflow, true));
    let inner = TestService { peer: peer.clone(), release: Arc::default(), ended: Arc::default() };
    let (open, gate) = tokio::sync::oneshot::channel();
    let ran: Arc<Mutex<Vec<String>>> = Arc::default();
    let session = tokio::spawn(Session::new(
        peer,
        Arc::new(s),
        Box::new(Rejecting(inner, Some(gate), ran.clone())),
        Box::new(server),
        Vec::new(),
        b"",
    ));
    let mut data = Outbound::default();
    data.encode_buffer().extend_from_slice(format!("{}\x1e{{\"type\":7}}\x1e", call(1, "Echo")).as_bytes());
    poll_fn(|cx| end.poll_send(cx, &mut data, TransferFormat::Text)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    open.send(()).unwrap();
    session.await.unwrap();
    assert_eq!(*ran.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn slow_reader_of_a_stream_does_not_grow_the_buffer() {
    let mut o = Outbound::default();
    o.encode_buffer().extend_from_slice(&[0; 200]);
    for _ in 0..1_000_000 {
        o.encode_buffer().extend_from_slice(&[0; 100]);
        o.advance(100);
    }
    assert_eq!(o.len(), 200);
    assert!(o.encode_buffer().capacity() < 1 << 20, "{}", o.encode_buffer().capacity());
}

#[tokio::test(start_paused = true)]
async fn a_result_whose_serialize_panics_is_answered() {
    struct Bad;
    impl serde::Serialize for Bad {
        fn serialize<S: serde::Serializer>(&self, _s: S) -> Result<S::Ok, S::Error> {
            panic!("bad")
        }
    }
    let peer = Arc::new(Peer::new("id".into(), Protocol::Json, 1000, Overflow::Disconnect, true));
    let mut reply = Reply::new(peer.clone(), Some("1"), "Test", false);
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || reply.result(&Bad)));
    let mut got = Vec::new();
    peer.inbox.take(|m| {
        got.push(m);
        true
    });
    assert_eq!(got.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn room_is_told_after_latest_made_room() {
    use futures_util::FutureExt;
    let inbox = crate::session::inbox::Inbox::new(1, 8, Overflow::Wait);
    inbox.push("aaaaaa".into(), Origin::Others, Some(&"P".into()));
    assert_eq!(inbox.push("bbb".into(), Origin::Others, None), Pushed::QueuedAbove);
    let mut room = Box::pin(inbox.room());
    assert!((&mut room).now_or_never().is_none());
    inbox.push("c".into(), Origin::Others, Some(&"P".into()));
    inbox.take(|_| true);
    assert!(tokio::time::timeout(Duration::from_secs(1), room).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_invocation_of_the_same_id_does_not_hide_a_stream() {
    let mut client = Client::connect(Settings { parallel: 1, ..settings() });
    client.send(&[r#"{"type":4,"invocationId":"s","target":"Ticks","arguments":[]}"#]).await;
    client.next().await;
    client.send(&[r#"{"type":1,"invocationId":"s","target":"Hold","arguments":["x"]}"#]).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    client.release.notify_one();
    assert!(client.next().await.unwrap().contains("released"));
    client.send(&[r#"{"type":5,"invocationId":"s"}"#]).await;
    let mut items = 0;
    loop {
        let m = client.next().await.unwrap();
        if m == r#"{"type":3,"invocationId":"s"}"# {
            break;
        }
        items += 1;
        assert!(items < 5, "stream was not cancelled");
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_streams_do_not_run_after_the_end() {
    let mut client = Client::connect(settings());
    client
        .send(&[
            &call(1, "Hold"),
            &call(2, "Hold"),
            r#"{"type":4,"invocationId":"s","target":"Ticks","arguments":[]}"#,
            r#"{"type":7}"#,
        ])
        .await;
    let start = Instant::now();
    tokio::time::sleep(Duration::from_millis(10)).await;
    client.release.notify_one();
    tokio::time::sleep(Duration::from_millis(10)).await;
    client.release.notify_one();
    let _ = client.reason().await;
    assert!(start.elapsed().as_secs() < 2, "{:?}", start.elapsed());
}

struct Aborting(TestService, Arc<Mutex<Vec<String>>>);
impl Service for Aborting {
    fn connected(&mut self) -> Option<BoxFuture<Result<(), CloseReason>>> {
        let peer = self.0.peer.clone();
        Some(Box::pin(async move {
            peer.close(CloseReason::Aborted);
            Ok(())
        }))
    }
    fn invoke(&mut self, invocation: &Invocation<'_>, u: Vec<UploadHandle>, c: bool) -> Option<Call> {
        self.1.lock().unwrap().push(invocation.target.to_string());
        self.0.invoke(invocation, u, c)
    }
    fn unreachable(&mut self) {}
    fn disconnected(&mut self, reason: CloseReason) -> Option<BoxFuture<()>> {
        self.0.disconnected(reason)
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_after_an_abort_in_on_connected() {
    let (server, _end) = pair();
    let s = settings();
    let peer = Arc::new(Peer::new("id".into(), Protocol::Json, s.outbound_capacity, s.overflow, true));
    let inner = TestService { peer: peer.clone(), release: Arc::default(), ended: Arc::default() };
    let ran: Arc<Mutex<Vec<String>>> = Arc::default();
    let received = format!("{}\x1e", call(1, "Echo")).into_bytes();
    tokio::spawn(Session::new(
        peer,
        Arc::new(s),
        Box::new(Aborting(inner, ran.clone())),
        Box::new(server),
        received,
        b"",
    ))
    .await
    .unwrap();
    assert_eq!(*ran.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_given_up() {
    let mut s = settings();
    s.message_limit = Some(1 << 20);
    s.intervals.probe = Some(Duration::from_secs(40));
    let mut client = Client::connect(s);
    let big = "y".repeat(50_000);
    client.send(&[PING]).await;
    for id in 1..5 {
        let m = format!(r#"{{"type":1,"invocationId":"{id}","target":"Echo","arguments":["{big}"]}}"#);
        client.send(&[&m]).await;
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_secs(100_000)).await;
    assert!(client.session.is_finished());
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_before_a_kick_arrives() {
    let mut client = Client::connect(Settings { outbound_capacity: 1 << 20, ..settings() });
    for _ in 0..10 {
        let mut m = vec![b'x'; 20_000];
        m.push(0x1e);
        assert_eq!(client.peer.inbox.push(m.into(), Origin::Others, None), Pushed::Queued);
    }
    client.peer.close(CloseReason::Kicked("bye".into()));
    let mut got = 0;
    while let Some(m) = client.next().await {
        if m.starts_with('x') {
            got += 1;
        }
    }
    assert_eq!(got, 10);
}

#[cfg(feature = "server")]
#[tokio::test(start_paused = true)]
async fn a_reader_of_events_that_has_left_is_noticed_while_its_calls_hold_reading_back() {
    use crate::session::owner::{Identity, Owner};
    use crate::transport::server::inlet::Inlet;
    use crate::transport::server::pending::{Live, Pending};
    use crate::transport::server::server_sent_events;

    let pending = Pending::new(10);
    let token = pending.promise(true, false).unwrap().unwrap().token.unwrap();
    let owner = |id: &str| Owner::new(id, Identity::default(), None);
    let inlet = Arc::new(Inlet::default());
    let (_, place) = pending.pick_up(&token, owner, |_| Live::ServerSentEvents(inlet.clone())).unwrap();
    let (response, duplex) = server_sent_events::open(inlet.clone(), place, None);
    let settings = settings();
    let peer = Arc::new(Peer::new("id".into(), Protocol::Json, settings.outbound_capacity, settings.overflow, true));
    let ended: Arc<Mutex<Vec<CloseReason>>> = Arc::default();
    let service = TestService { peer: peer.clone(), release: Arc::default(), ended: ended.clone() };
    let session = Session::new(peer, Arc::new(settings), Box::new(service), Box::new(duplex), Vec::new(), b"");
    let session = tokio::spawn(session);
    let calls: String = (0..20).map(|id| call(id, "Hold") + "\x1e").collect();
    inlet.post(axum::body::Body::from(calls)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(response);
    // By the next ping, and then the grace of the call that runs.
    let reason = tokio::time::timeout(Duration::from_secs(60), session).await.expect("an end").unwrap();
    assert!(matches!(reason, CloseReason::TransportLost(_)), "{reason}");
    assert_eq!(ended.lock().unwrap().len(), 1);
}
