//! Clients that read what others send slowly, or not at all.

use crate::support::{Client, Connect, Events, Server, Tell, events, soon};
use futures_util::FutureExt;
use serde_json::{Value, json};
use signalr::{CloseReason, Context, Hub, HubHandle, HubOptions, Limits, Overflow, hub, receiver};
use std::time::Duration;

#[receiver]
trait Reader {
    async fn text(&self, number: u32, text: String);
    #[receiver(latest)]
    async fn price(&self, number: u32, text: String);
}

struct Library {
    told: Tell<String>,
}

impl Library {
    fn hub() -> (Hub<Self>, HubHandle<Self>, Events<String>) {
        let (told, tells) = events();
        let hub = Hub::new("Library", Library { told });
        let handle = hub.handle();
        (hub, handle, tells)
    }
}

#[hub(receiver = Reader)]
impl Library {
    fn on_disconnected(&self, ctx: Context<Self>, reason: CloseReason) {
        let _ = self.told.send(format!("{} {}", ctx.query("name").unwrap_or_default(), reason.name()));
    }

    fn id(&self, ctx: Context<Self>) -> String {
        ctx.connection_id().to_owned()
    }
}

pub(crate) fn page() -> String {
    "x".repeat(10_000)
}

/// What may wait for a client, in pages.
const CAPACITY: usize = 50_000;

/// Nothing happens because time passes.
pub(crate) fn options(overflow: Overflow) -> HubOptions {
    const LONG: Duration = Duration::from_secs(3600);
    let options = HubOptions::default().limits(Limits::default().outbound_capacity(CAPACITY)).overflow(overflow);
    options.close_timeout(LONG).keep_alive_interval(LONG).websocket_ping_interval(None)
}

/// A client that reads only when the test says so, and its id.
pub(crate) async fn slow_client(server: &Server, name: &str) -> (Client, String) {
    let path = format!("/hub?name={name}");
    let mut client = Connect { path: &path, narrow: true, ..Connect::default() }.to(server).await;
    let id = client.result("Id", json!([])).await;
    (client, id.as_str().unwrap().to_owned())
}

/// Lets the server do what it can do.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

pub(crate) fn text(number: usize) -> Value {
    json!([number, page()])
}

/// Reads texts in order and returns the Close message behind them.
async fn read_to_the_end(client: &mut Client) -> Value {
    for number in 0.. {
        let message = client.next().await;
        if message["type"] == 7 {
            return message;
        }
        assert_eq!(message["arguments"], text(number));
    }
    unreachable!("it ends")
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected_and_others_are_not() {
    let (hub, handle, mut told) = Library::hub();
    let server = Server::narrow(&hub, options(Overflow::Disconnect));
    let (mut slow, id) = slow_client(&server, "slow").await;
    let (mut quick, _) = slow_client(&server, "quick").await;
    let mut sent = 0;
    while told.now().is_none() {
        let receipt = handle.all().text(sent as u32, page()).await;
        assert!(receipt.dropped == 0 && receipt.connections >= 1, "{receipt:?}");
        assert_eq!(quick.called("Text").await, text(sent));
        sent += 1;
        settle().await;
        assert!(sent < 10_000, "it is never disconnected");
    }
    assert!(sent > CAPACITY / 10_000, "it got what it may get: {sent}");
    assert!(!handle.abort(&id).is_here(), "nobody reaches it any more");
    let receipt = handle.all().text(0, "to one").await;
    assert_eq!(receipt.connections, 1);
    assert_eq!(quick.called("Text").await, json!([0, "to one"]));
    // When it reads again, it finds what was on its way and then the reason.
    let close = read_to_the_end(&mut slow).await;
    let error = "Connection closed because the client does not read: its outbound buffer is full.";
    assert_eq!(close, json!({"type": 7, "error": error, "allowReconnect": true}));
}

#[tokio::test]
async fn the_reason_of_such_an_end_is_slow_consumer() {
    let (hub, handle, mut told) = Library::hub();
    let server = Server::narrow(&hub, options(Overflow::Disconnect));
    let (_slow, id) = slow_client(&server, "slow").await;
    while handle.client(&id).text(0, page()).await.connections == 1 {
        settle().await;
    }
    assert_eq!(told.next().await, "slow SlowConsumer");
}

#[tokio::test]
async fn a_client_that_does_not_read_can_still_be_kicked_out() {
    for abort in [true, false] {
        let (hub, handle, mut told) = Library::hub();
        let server = Server::narrow(&hub, options(Overflow::DropNewest));
        let (_slow, id) = slow_client(&server, "slow").await;
        // Until its socket takes nothing more, also not after a while.
        let mut dropped = 0;
        while dropped < 50 {
            dropped = if handle.client(&id).text(0, page()).await.dropped == 0 { 0 } else { dropped + 1 };
            settle().await;
        }
        assert!(if abort { handle.abort(&id) } else { handle.close(&id, "you do not read") }.is_here());
        assert_eq!(told.next().await, if abort { "slow Aborted" } else { "slow Kicked" });
    }
}

#[tokio::test]
async fn what_was_sent_before_a_close_arrives_before_it() {
    let (hub, handle, mut told) = Library::hub();
    let server = Server::of(&hub);
    let (mut client, id) = slow_client(&server, "ann").await;
    for number in 0..50 {
        handle.client(&id).text(number, page());
    }
    handle.close(&id, "that was all");
    for number in 0..50 {
        assert_eq!(client.called("Text").await, text(number));
    }
    assert_eq!(client.closed().await["error"], "that was all");
    assert_eq!(told.next().await, "ann Kicked");
}

#[tokio::test]
async fn with_wait_the_sender_waits_and_nothing_is_lost() {
    let (hub, handle, mut told) = Library::hub();
    let server = Server::narrow(&hub, options(Overflow::Wait));
    let (mut slow, _) = slow_client(&server, "slow").await;
    let (mut quick, _) = slow_client(&server, "quick").await;
    let mut sent = 0;
    let waiting = loop {
        let mut sending = handle.all().text(sent as u32, page()).into_future();
        sent += 1;
        assert_eq!(quick.called("Text").await, text(sent - 1), "the quick one has it already");
        settle().await;
        match (&mut sending).now_or_never() {
            Some(receipt) => assert_eq!((receipt.connections, receipt.dropped), (2, 0)),
            None => break sending,
        }
        assert!(sent < 10_000, "the sender never waits");
    };
    for number in 0..sent {
        assert_eq!(slow.called("Text").await, text(number));
    }
    assert_eq!(soon(waiting).await.connections, 2);
    assert_eq!(told.now(), None);
}

#[tokio::test]
async fn with_wait_those_who_do_not_wait_come_to_an_end_as_well() {
    let (hub, handle, mut told) = Library::hub();
    let server = Server::with(&hub, options(Overflow::Wait));
    let (mut client, id) = slow_client(&server, "slow").await;
    let sent = (0..)
        .take_while(|number| {
            handle.client(&id).text(u32::try_from(*number).unwrap(), page()).receipt().connections == 1
        })
        .count();
    assert_eq!(sent, 4 * CAPACITY / page().len() - 1, "with what is around them, pages are a little larger");
    assert_eq!(told.next().await, "slow SlowConsumer");
    assert_eq!(read_to_the_end(&mut client).await["allowReconnect"], true);
}

#[tokio::test]
async fn with_wait_the_sender_goes_on_when_the_slow_one_leaves() {
    let (hub, handle, mut told) = Library::hub();
    let server = Server::narrow(&hub, options(Overflow::Wait));
    let (slow, id) = slow_client(&server, "slow").await;
    let waiting = loop {
        let mut sending = handle.client(&id).text(0, page()).into_future();
        settle().await;
        if (&mut sending).now_or_never().is_none() {
            break sending;
        }
    };
    slow.socket.get_ref().set_zero_linger().unwrap();
    drop(slow);
    soon(waiting).await;
    assert_eq!(told.next().await, "slow TransportLost");
}

#[tokio::test]
async fn with_drop_newest_the_receipt_counts_and_the_oldest_arrive() {
    let (hub, handle, mut told) = Library::hub();
    let server = Server::narrow(&hub, options(Overflow::DropNewest));
    let (mut slow, _) = slow_client(&server, "slow").await;
    let (mut quick, _) = slow_client(&server, "quick").await;
    let mut sent = 0;
    loop {
        let receipt = handle.all().text(sent as u32, page()).await;
        assert_eq!(quick.called("Text").await, text(sent));
        settle().await;
        if receipt.dropped == 1 {
            assert_eq!(receipt.connections, 1);
            break;
        }
        sent += 1;
    }
    for number in 0..sent {
        assert_eq!(slow.called("Text").await, text(number));
    }
    assert_eq!(handle.all().text(7, "room again").await.connections, 2);
    assert_eq!(slow.called("Text").await, json!([7, "room again"]));
    assert_eq!(told.now(), None);
}

#[tokio::test]
async fn of_some_methods_only_the_latest_message_waits() {
    let (hub, handle, mut told) = Library::hub();
    let server = Server::narrow(&hub, options(Overflow::Disconnect));
    let (mut slow, id) = slow_client(&server, "slow").await;
    let slow_one = handle.client(&id);
    for number in 0..1000 {
        assert_eq!(slow_one.price(number, page()).await.connections, 1);
        settle().await;
    }
    slow_one.text(0, "between").await;
    slow_one.price(1000, "last").await;
    let mut prices = Vec::new();
    loop {
        let message = slow.next().await;
        match message["target"].as_str() {
            Some("Text") => break,
            Some("Price") => prices.push(message["arguments"][0].as_u64().unwrap()),
            _ => panic!("{message}"),
        }
    }
    assert_eq!(slow.called("Price").await, json!([1000, "last"]));
    assert!(prices.is_sorted() && prices.last() == Some(&999), "{prices:?}");
    assert!(prices.len() < 900, "all of them waited");
    assert_eq!(told.now(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_broadcast_reaches_everybody() {
    let (hub, handle, _told) = Library::hub();
    let server = Server::of(&hub);
    let mut clients = Vec::new();
    for number in 0..40 {
        let protocol = if number % 2 == 0 { "json" } else { "messagepack" };
        let mut client = Connect { protocol, ..Connect::default() }.to(&server).await;
        client.result("Id", json!([])).await;
        clients.push(client);
    }
    let text = "y".repeat(60_000);
    for number in 0..5 {
        assert_eq!(handle.all().text(number, &text).await.connections, 40);
    }
    for client in &mut clients {
        for number in 0..5 {
            assert_eq!(client.called("Text").await, json!([number, text]));
        }
    }
}
