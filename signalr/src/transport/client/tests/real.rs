//! Against a server of ours, which sends back what it gets.

use super::{close, connect, connect_with, defaults, error, options, receive, receive_end, send};
use crate::client::connect::{ConnectError, Wanted};
use crate::client::http::HttpOptions;
use crate::hub::method::{HubMethods, Method};
use crate::protocol::Protocol;
use crate::transport::{Received, Transport};
use crate::{Hub, HubOptions, NoReceiver, RawConnection, SignalR};
use tokio::sync::mpsc;

async fn echo(mut connection: RawConnection) {
    while let Some(block) = connection.receive().await {
        if connection.send(block).await.is_err() {
            break;
        }
    }
}

struct Nothing;

impl HubMethods for Nothing {
    type Receiver = NoReceiver;
    const METHODS: &'static [Method<Self>] = &[];
}

/// Serves on a port of its own; gives the address.
async fn serve(app: SignalR) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().merge(app.router())).await });
    format!("http://{address}")
}

#[tokio::test]
async fn every_transport_carries_what_is_sent_in_order() {
    let url = serve(SignalR::builder().connection("/echo", echo).build()).await;
    for &transport in Transport::ALL {
        let mut link = connect(&format!("{url}/echo?a=1"), options(&[transport])).await.unwrap();
        assert_eq!((link.transport, link.id.map(|id| id.len())), (transport, Some(22)));
        let duplex = &mut *link.duplex;
        let mut expected = String::new();
        for number in 0..50 {
            let text = format!("{number} {}\x1e", "ä".repeat(number * number));
            send(duplex, text.as_bytes()).await.unwrap();
            expected += &text;
        }
        assert!(receive(duplex, expected.len()).await == expected, "{}", transport.name());
        close(duplex).await;
    }
}

#[tokio::test]
async fn much_goes_both_ways_at_once() {
    let url = serve(SignalR::builder().connection("/echo", echo).build()).await;
    for &transport in Transport::ALL {
        let mut link = connect(&format!("{url}/echo"), options(&[transport])).await.unwrap();
        let text = "0123456789abcde\x1e".repeat(200_000);
        let mut data = crate::session::outbound::Outbound::default();
        data.encode_buffer().extend_from_slice(text.as_bytes());
        let (mut received, mut buffer, mut sent) = (Vec::new(), vec![0; 64 * 1024], false);
        let both = std::future::poll_fn(|cx| {
            loop {
                if !sent
                    && let std::task::Poll::Ready(result) =
                        link.duplex.poll_send(cx, &mut data, crate::protocol::TransferFormat::Text)
                {
                    result.unwrap();
                    sent = true;
                }
                if received.len() == text.len() {
                    return std::task::Poll::Ready(());
                }
                match std::task::ready!(link.duplex.poll_receive(cx, &mut buffer)) {
                    Received::Data(count) => received.extend_from_slice(&buffer[..count]),
                    end => panic!("{end:?}"),
                }
            }
        });
        tokio::time::timeout(super::LONG, both).await.expect("an end");
        assert!(received == text.as_bytes(), "{}", transport.name());
    }
}

#[tokio::test]
async fn the_end_is_seen_by_both() {
    for &transport in Transport::ALL {
        let (ended, mut end) = mpsc::unbounded_channel();
        let one_word = move |mut connection: RawConnection| {
            let ended = ended.clone();
            async move {
                if connection.receive().await.is_some_and(|block| &block[..] == b"leave") {
                    return;
                }
                let _ = ended.send(connection.receive().await.is_none());
            }
        };
        let url = serve(SignalR::builder().connection("/word", one_word).build()).await;
        let url = format!("{url}/word");
        let mut link = connect(&url, options(&[transport])).await.unwrap();
        send(&mut *link.duplex, b"leave").await.unwrap();
        let (_, seen) = receive_end(&mut *link.duplex).await;
        assert!(matches!(seen, Received::Closed), "{}: {seen:?}", transport.name());
        close(&mut *link.duplex).await;

        let mut link = connect(&url, options(&[transport])).await.unwrap();
        send(&mut *link.duplex, b"stay").await.unwrap();
        close(&mut *link.duplex).await;
        drop(link);
        assert_eq!(end.recv().await, Some(true), "{}", transport.name());
    }
}

#[tokio::test]
async fn a_server_that_offers_less() {
    let limited = |options: HubOptions| options.transports([Transport::ServerSentEvents]);
    let url = serve(SignalR::builder().connection_with("/echo", echo, limited).build()).await;
    // With an HTTP client of its own.
    let link = connect(&format!("{url}/echo"), HttpOptions::new(String::new())).await.unwrap();
    assert_eq!(link.transport, Transport::ServerSentEvents);
    let direct = HttpOptions { skip_negotiation: true, ..options(&[Transport::WebSockets]) };
    let refused = error(connect(&format!("{url}/echo"), direct).await);
    assert!(matches!(&refused, ConnectError::Refused { status, .. } if *status == 404), "{refused}");
}

#[tokio::test]
async fn a_stateful_connection_outlives_its_socket() {
    let options = HubOptions::default().allow_stateful_reconnects(true);
    let hub = Hub::new("Nothing", Nothing);
    let url = serve(SignalR::builder().options(options).hub("/hub", &hub).build()).await;
    let wanted = Wanted { protocol: Protocol::Json, stateful: true };
    let mut link = connect_with(&format!("{url}/hub"), defaults(), wanted).await.unwrap();
    let negotiated = link.negotiated.unwrap();
    assert!(negotiated.stateful);
    send(&mut *link.duplex, b"{\"protocol\":\"json\",\"version\":2}\x1e").await.unwrap();
    assert_eq!(receive(&mut *link.duplex, 3).await, "{}\x1e");
    drop(link.duplex);
    let mut again = negotiated.connection.resume().await.unwrap();
    assert_eq!(receive(&mut *again, 10).await, "{\"type\":9,\"sequenceId\":1}\x1e");
    // A connection that has ended cannot be resumed.
    send(&mut *again, b"{\"type\":7}\x1e").await.unwrap();
    receive_end(&mut *again).await;
    close(&mut *again).await;
    drop(again);
    let refused = negotiated.connection.resume().await.err().unwrap();
    assert!(refused.is_final(), "{refused}");
}
