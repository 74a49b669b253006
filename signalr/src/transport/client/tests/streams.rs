//! Events and polls, with POSTs beside them.

use super::server::{Socket, offer, serve_sockets};
use super::{close, connect, options, receive, receive_end, receive_some, send};
use crate::protocol::TransferFormat;
use crate::session::outbound::Outbound;
use crate::transport::{Received, Transport};
use futures_util::FutureExt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, mpsc};

/// Negotiates, and gives every other request to `serve`.
async fn serve_transport<F, R>(transport: &'static str, serve: F) -> String
where
    F: Fn(Socket, super::server::Asked) -> R + Clone + Send + 'static,
    R: Future<Output = Option<Socket>> + Send + 'static,
{
    serve_sockets(move |mut socket| {
        let serve = serve.clone();
        async move {
            while let Some(asked) = socket.request().await {
                if asked.line.ends_with("negotiate") {
                    socket.json(&offer(&[transport])).await;
                } else {
                    match serve(socket, asked).await {
                        Some(same) => socket = same,
                        None => return,
                    }
                }
            }
        }
    })
    .await
}

const EVENTS: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n";

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

#[tokio::test]
async fn events_are_read_however_they_are_cut() {
    let stream = b":\r\n\r\ndata: {}\x1e\r\n\r\ndata: one\r\ndata: two\x1e\r\n\r\n";
    let url = serve_transport("ServerSentEvents", move |mut socket, asked| async move {
        assert_eq!(asked.header("accept"), Some("text/event-stream"));
        socket.tcp.set_nodelay(true).unwrap();
        socket.write(EVENTS).await;
        for byte in stream {
            socket.write(chunk(&[*byte])).await;
            tokio::task::yield_now().await;
        }
        socket.write("0\r\n\r\n").await;
        Some(socket)
    })
    .await;
    let mut link = connect(&url, options(&[Transport::ServerSentEvents])).await.unwrap();
    assert!(!link.duplex.carries_binary());
    let (data, end) = receive_end(&mut *link.duplex).await;
    assert_eq!(data, "{}\x1eone\ntwo\x1e");
    assert!(matches!(end, Received::Closed), "{end:?}");
}

#[tokio::test]
async fn events_that_break_off_are_lost() {
    let url = serve_transport("ServerSentEvents", |mut socket, _| async move {
        socket.write(EVENTS).await;
        socket.write(chunk(b"data: half")).await;
        None
    })
    .await;
    let mut link = connect(&url, options(&[Transport::ServerSentEvents])).await.unwrap();
    let (data, end) = receive_end(&mut *link.duplex).await;
    assert_eq!(data, "half");
    assert!(matches!(end, Received::Lost(_)), "{end:?}");
}

#[tokio::test]
async fn a_small_buffer_gets_it_piece_by_piece() {
    let url = serve_transport("ServerSentEvents", |mut socket, _| async move {
        socket.write(EVENTS).await;
        socket.write(chunk(format!("data: {}\n\n", "x".repeat(5000)).as_bytes())).await;
        socket.rest().await;
        None
    })
    .await;
    let mut link = connect(&url, options(&[Transport::ServerSentEvents])).await.unwrap();
    let mut count = 0;
    while count < 5000 {
        let piece = receive_some(&mut *link.duplex, 7).await.unwrap();
        assert!(piece.iter().all(|byte| *byte == b'x'));
        count += piece.len();
    }
    assert_eq!(count, 5000);
}

/// Holds every POST back until it is told to answer; gives their bodies.
async fn holding_posts() -> (String, Arc<Notify>, mpsc::UnboundedReceiver<String>) {
    let (posted, posts) = mpsc::unbounded_channel();
    let go = Arc::new(Notify::new());
    let answer = go.clone();
    let url = serve_transport("ServerSentEvents", move |mut socket, asked| {
        let (posted, go) = (posted.clone(), answer.clone());
        async move {
            if asked.line.starts_with("GET") {
                socket.write(EVENTS).await;
                socket.rest().await;
                return None;
            }
            assert_eq!(asked.header("content-type"), Some("text/plain;charset=UTF-8"));
            assert_eq!(asked.query, "id=se%2Fcret");
            posted.send(asked.body).unwrap();
            go.notified().await;
            socket.answer("200 OK", "", "").await;
            Some(socket)
        }
    })
    .await;
    (url, go, posts)
}

#[tokio::test]
async fn there_is_one_post_at_a_time_and_what_waits_goes_together() {
    let (url, go, mut posts) = holding_posts().await;
    let mut link = connect(&url, options(&[Transport::ServerSentEvents])).await.unwrap();
    let duplex = &mut *link.duplex;
    let mut data = Outbound::default();
    data.encode_buffer().extend_from_slice(b"one ");
    let first = loop {
        // It goes on only while it is polled.
        assert!(poll_fn(|cx| duplex.poll_send(cx, &mut data, TransferFormat::Text)).now_or_never().is_none());
        if let Ok(first) = posts.try_recv() {
            break first;
        }
        tokio::task::yield_now().await;
    };
    for more in ["two ", "three"] {
        data.encode_buffer().extend_from_slice(more.as_bytes());
        assert!(poll_fn(|cx| duplex.poll_send(cx, &mut data, TransferFormat::Text)).now_or_never().is_none());
    }
    assert_eq!(data.len(), 9, "it waits where its length counts");
    go.notify_one();
    let (sent, second) = tokio::join!(poll_fn(|cx| duplex.poll_send(cx, &mut data, TransferFormat::Text)), async {
        let second = posts.recv().await.unwrap();
        go.notify_one();
        second
    });
    sent.unwrap();
    assert_eq!((&*first, &*second), ("one ", "two three"));
}

#[tokio::test]
async fn a_close_waits_for_what_is_being_posted() {
    let (url, go, mut posts) = holding_posts().await;
    let mut link = connect(&url, options(&[Transport::ServerSentEvents])).await.unwrap();
    let mut data = Outbound::default();
    data.encode_buffer().extend_from_slice(b"goodbye");
    let mut ending = Box::pin(poll_fn(|cx| {
        let sent = link.duplex.poll_send(cx, &mut data, TransferFormat::Text);
        assert!(sent.is_pending() || data.is_empty());
        link.duplex.poll_close(cx)
    }));
    let posted = tokio::select! {
        () = &mut ending => panic!("too early"),
        posted = posts.recv() => posted,
    };
    assert_eq!(posted.as_deref(), Some("goodbye"));
    go.notify_one();
    ending.await;
}

#[tokio::test]
async fn a_post_that_is_refused_ends_sending() {
    for transport in ["ServerSentEvents", "LongPolling"] {
        let url = serve_transport(transport, |mut socket, asked| async move {
            match asked.line.split(' ').next().unwrap() {
                "POST" => socket.answer("404 Not Found", "", "").await,
                _ if asked.header("accept") == Some("text/event-stream") => socket.write(EVENTS).await,
                _ => socket.answer("200 OK", "", "").await,
            }
            Some(socket)
        })
        .await;
        let transport = Transport::from_name(transport).unwrap();
        let mut link = connect(&url, options(&[transport])).await.unwrap();
        for _ in 0..2 {
            let error = send(&mut *link.duplex, b"x").await.unwrap_err();
            assert_eq!(error.to_string(), "a POST was answered with status 404 Not Found");
        }
        close(&mut *link.duplex).await;
    }
}

type Answers = Arc<Mutex<Vec<(&'static str, &'static str)>>>;

/// Answers one poll after the other, and everything else with 200; gives the methods of all requests.
async fn polls(answers: Vec<(&'static str, &'static str)>) -> (String, Arc<Mutex<Vec<String>>>) {
    let answers: Answers = Arc::new(Mutex::new(answers.into_iter().rev().collect()));
    let methods = Arc::new(Mutex::new(Vec::new()));
    let asked_for = methods.clone();
    let url = serve_transport("LongPolling", move |mut socket, asked| {
        let (answers, methods) = (answers.clone(), asked_for.clone());
        async move {
            let method = asked.line.split(' ').next().unwrap().to_owned();
            let is_poll = method == "GET";
            methods.lock().unwrap().push(method);
            let next = if is_poll { answers.lock().unwrap().pop() } else { Some(("200 OK", "")) };
            let Some((status, body)) = next else {
                // It waits for something to say.
                socket.rest().await;
                return None;
            };
            socket.answer(status, "", body).await;
            Some(socket)
        }
    })
    .await;
    (url, methods)
}

#[tokio::test]
async fn one_poll_follows_the_other_until_204() {
    let (url, methods) =
        polls(vec![("200 OK", ""), ("200 OK", "one"), ("200 OK", ""), ("200 OK", "two"), ("204 No Content", "")]).await;
    let mut link = connect(&url, options(&[Transport::LongPolling])).await.unwrap();
    let (data, end) = receive_end(&mut *link.duplex).await;
    assert_eq!(data, "onetwo");
    assert!(matches!(end, Received::Closed), "{end:?}");
    assert!(matches!(receive_end(&mut *link.duplex).await.1, Received::Closed));
    close(&mut *link.duplex).await;
    assert_eq!(*methods.lock().unwrap(), ["GET"; 5], "nothing is left to be deleted");
}

#[tokio::test]
async fn an_empty_poll_is_a_sign_of_life() {
    let (url, _) = polls(vec![("200 OK", ""), ("200 OK", ""), ("200 OK", "data")]).await;
    let mut link = connect(&url, options(&[Transport::LongPolling])).await.unwrap();
    assert_eq!(receive_some(&mut *link.duplex, 10).await.unwrap(), b"");
    assert_eq!(receive_some(&mut *link.duplex, 10).await.unwrap(), b"");
    assert_eq!(receive_some(&mut *link.duplex, 3).await.unwrap(), b"dat");
    assert_eq!(receive_some(&mut *link.duplex, 3).await.unwrap(), b"a");
}

#[tokio::test]
async fn polls_that_fail_lose_the_connection() {
    let (url, _) = polls(vec![("200 OK", ""), ("500 Internal Server Error", "")]).await;
    let mut link = connect(&url, options(&[Transport::LongPolling])).await.unwrap();
    let (_, end) = receive_end(&mut *link.duplex).await;
    assert_eq!(format!("{end:?}"), "Lost(\"a poll was answered with status 500 Internal Server Error\")");
}

#[tokio::test]
async fn a_close_deletes_the_connection_after_the_last_post() {
    let (url, methods) = polls(vec![("200 OK", "hello")]).await;
    let mut link = connect(&url, options(&[Transport::LongPolling])).await.unwrap();
    assert_eq!(receive(&mut *link.duplex, 5).await, "hello");
    send(&mut *link.duplex, b"goodbye").await.unwrap();
    // The next poll is on its way.
    let mut buffer = [0; 10];
    assert!(poll_fn(|cx| link.duplex.poll_receive(cx, &mut buffer)).now_or_never().is_none());
    close(&mut *link.duplex).await;
    let methods = methods.lock().unwrap();
    let others: Vec<_> = methods.iter().filter(|method| *method != "GET").collect();
    assert_eq!(others, ["POST", "DELETE"]);
}

#[tokio::test]
async fn a_server_that_is_not_read_has_to_wait() {
    let (written, mut count) = tokio::sync::watch::channel(0);
    let url = serve_transport("ServerSentEvents", move |mut socket, _| {
        let written = written.clone();
        async move {
            socket.write(EVENTS).await;
            let event = chunk(format!("data: {}\n\n", "x".repeat(10_000)).as_bytes());
            for number in 1..=3000 {
                socket.write(&event).await;
                let _ = written.send(number);
            }
            socket.write("0\r\n\r\n").await;
            None
        }
    })
    .await;
    let mut link = connect(&url, options(&[Transport::ServerSentEvents])).await.unwrap();
    // Until it does not get on any more: 30 MB do not fit anywhere.
    while tokio::time::timeout(std::time::Duration::from_millis(300), count.changed()).await.is_ok() {}
    assert!(*count.borrow() < 2000, "{} events were taken", *count.borrow());
    let mut all = 0;
    let end = loop {
        match receive_some(&mut *link.duplex, 60_000).await {
            Ok(bytes) => all += bytes.len(),
            Err(end) => break end,
        }
    };
    assert_eq!(all, 30_000_000);
    assert!(matches!(end, Received::Closed), "{end:?}");
}
