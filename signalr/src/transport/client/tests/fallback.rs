//! One transport after the other.

#[cfg(feature = "msgpack")]
use super::connect_with;
use super::server::{answer, offer, serve, serve_sockets};
use super::{connect, defaults, error, options};
use crate::client::connect::ConnectError;
#[cfg(feature = "msgpack")]
use crate::client::connect::Wanted;
use crate::client::http::HttpOptions;
#[cfg(feature = "msgpack")]
use crate::protocol::Protocol;
use crate::transport::Transport;
use std::time::Duration;

const ALL: &[&str] = &["WebSockets", "ServerSentEvents", "LongPolling"];

#[tokio::test]
async fn each_transport_is_tried_on_a_connection_of_its_own() {
    let (url, log) = serve(|asked, number| match &*asked.line {
        "POST /hub/negotiate" => answer("200 OK", &offer(ALL).replace("se/cret", &format!("token{number}"))),
        // The first two GETs: the WebSocket, then the events.
        _ if number < 4 => answer("503 Service Unavailable", ""),
        _ => answer("200 OK", ""),
    })
    .await;
    let link = connect(&format!("{url}/hub"), defaults()).await.unwrap();
    assert_eq!(link.transport, Transport::LongPolling);
    let log = log.lock().unwrap();
    let asked: Vec<_> = log.iter().map(|asked| (&*asked.line, &*asked.query, asked.header("upgrade"))).collect();
    let negotiate = ("POST /hub/negotiate", "negotiateVersion=1", None);
    assert_eq!(
        asked,
        [
            negotiate,
            ("GET /hub", "id=token0", Some("websocket")),
            negotiate,
            ("GET /hub", "id=token2", None),
            negotiate,
            ("GET /hub", "id=token4", None),
        ]
    );
    assert_eq!(log[3].header("accept"), Some("text/event-stream"));
}

#[tokio::test]
async fn the_order_is_the_application_s() {
    let (url, log) =
        serve(
            |asked, _| {
                if asked.line.ends_with("negotiate") { answer("200 OK", &offer(ALL)) } else { answer("200 OK", "") }
            },
        )
        .await;
    let link = connect(&url, options(&[Transport::LongPolling, Transport::WebSockets])).await.unwrap();
    assert_eq!((link.transport, log.lock().unwrap().len()), (Transport::LongPolling, 2));
}

#[tokio::test]
async fn an_error_says_why_each_one_failed() {
    let (url, log) = serve(|asked, _| {
        if asked.line.ends_with("negotiate") {
            answer("200 OK", &offer(&["WebSockets", "Unheard", "ServerSentEvents"]))
        } else if asked.header("upgrade").is_some() {
            answer("404 Not Found", "")
        } else {
            answer("200 OK", "no events")
        }
    })
    .await;
    let refused = error(connect(&url, defaults()).await);
    assert_eq!(
        refused.to_string(),
        "no transport can be used: \
         WebSockets: the server answered the request for a WebSocket with status 404 Not Found; \
         ServerSentEvents: the connection could not be opened: what answers the request for events sends none; \
         LongPolling: the server does not offer it"
    );
    let ConnectError::NoTransport(failures) = refused else { panic!("{refused}") };
    assert!(matches!(&failures[0].error, Some(ConnectError::Refused { status, .. }) if *status == 404));
    assert!(failures[2].error.is_none());
    // The last one is found out from what is asked anew.
    assert_eq!(log.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn a_request_that_is_swallowed_does_not_keep_the_others_from_being_tried() {
    let url = serve_sockets(|mut socket| async move {
        while let Some(asked) = socket.request().await {
            match (&*asked.line, asked.header("upgrade")) {
                ("POST /negotiate", _) => socket.json(&offer(ALL)).await,
                (_, None) => socket.answer("200 OK", "", "").await,
                (_, Some(_)) => {
                    socket.rest().await;
                }
            }
        }
    })
    .await;
    let transports = [Transport::WebSockets, Transport::LongPolling];
    let options = HttpOptions { trial_timeout: Duration::from_millis(50), ..options(&transports) };
    assert_eq!(connect(&url, options).await.unwrap().transport, Transport::LongPolling);
}

#[tokio::test]
async fn a_server_that_fails_between_two_transports_is_reported_for_the_second() {
    let (url, _) = serve(|asked, number| match &*asked.line {
        "POST /negotiate" if number == 0 => answer("200 OK", &offer(ALL)),
        "POST /negotiate" => answer("200 OK", r#"{"error":"no more"}"#),
        _ => answer("500 Internal Server Error", ""),
    })
    .await;
    let refused = error(connect(&url, options(&[Transport::WebSockets, Transport::LongPolling])).await);
    assert!(refused.to_string().ends_with("LongPolling: the server refused to negotiate: no more"), "{refused}");
}

#[cfg(feature = "msgpack")]
#[tokio::test]
async fn bytes_do_not_go_over_events() {
    let (url, _) = serve(|_, _| answer("200 OK", &offer(&["ServerSentEvents"]))).await;
    let wanted = Wanted { protocol: Protocol::MessagePack, stateful: false };
    let refused = error(connect_with(&url, options(&[Transport::ServerSentEvents]), wanted).await);
    assert_eq!(refused.to_string(), "no transport can be used: ServerSentEvents: it cannot carry the hub protocol");
}
