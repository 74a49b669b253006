//! Negotiation with servers that answer it in every other way.

use super::server::{answer, offer, serve};
use super::{connect, connect_with, defaults, error, options};
use crate::client::connect::{ConnectError, Wanted};
use crate::client::http::HttpOptions;
use crate::protocol::Protocol;
use crate::transport::Transport;
use http::StatusCode;

#[tokio::test]
async fn the_request_keeps_the_url_and_says_what_is_wanted() {
    let (url, log) = serve(|_, _| answer("200 OK", r#"{"error":"enough"}"#)).await;
    let wanted = Wanted { protocol: Protocol::Json, stateful: true };
    let refused = error(connect_with(&format!("{url}/hub/?tenant=a%20b#x"), defaults(), wanted).await);
    assert_eq!(refused.to_string(), "the server refused to negotiate: enough");
    let log = log.lock().unwrap();
    assert_eq!(log[0].line, "POST /hub/negotiate");
    assert_eq!(log[0].query, "tenant=a%20b&negotiateVersion=1&useStatefulReconnect=true");
    assert_eq!(log[0].header("x-requested-with"), Some("XMLHttpRequest"));
    assert!(log[0].header("user-agent").unwrap().starts_with("signalr-rust/"));
    assert_eq!(log[0].header("content-length"), Some("0"));
}

#[tokio::test]
async fn answers_that_are_none() {
    for (status, headers, body, expected) in [
        ("404 Not Found", "", "", "the server answered the negotiation with status 404 Not Found"),
        (
            "503 Service Unavailable",
            "",
            "busy",
            "the server answered the negotiation with status 503 Service Unavailable",
        ),
        (
            "200 OK",
            "Content-Type: text/html; charset=utf-8\r\n",
            "<html>Log in!</html>",
            "the answer to the negotiation cannot be used: it is 'text/html; charset=utf-8', not JSON; is there a hub at that URL?",
        ),
        (
            "200 OK",
            "Content-Type: application/json\r\n",
            "<html>",
            "the answer to the negotiation cannot be used: Invalid negotiation response received. expected value at line 1 column 1",
        ),
        (
            "200 OK",
            "",
            "{}",
            "the answer to the negotiation cannot be used: Invalid negotiation response received. Missing required property 'connectionId'.",
        ),
        (
            "200 OK",
            "",
            r#"{"ProtocolVersion":"1.5"}"#,
            "the answer to the negotiation cannot be used: The server is an ASP.NET SignalR server, which is not supported.",
        ),
        (
            "200 OK",
            "",
            &"x".repeat(70_000),
            "the answer to the negotiation cannot be used: it is longer than 65536 bytes",
        ),
    ] {
        let sent = (status.to_owned(), headers.to_owned(), body.to_owned());
        let (url, _) = serve(move |_, _| sent.clone()).await;
        assert_eq!(error(connect(&url, defaults()).await).to_string(), expected);
    }
}

#[tokio::test]
async fn a_status_of_failure_can_be_told() {
    let (url, _) = serve(|_, _| answer("403 Forbidden", "")).await;
    let refused = error(connect(&url, defaults()).await);
    assert!(matches!(refused, ConnectError::Refused { status: StatusCode::FORBIDDEN, .. }), "{refused:?}");
    assert!(refused.is_final());
}

#[tokio::test]
async fn redirects_lead_to_another_server_with_its_token() {
    let (to, log) = serve(|asked, _| {
        if asked.line.ends_with("negotiate") {
            answer("200 OK", &offer(&["LongPolling"]))
        } else {
            answer("200 OK", "")
        }
    })
    .await;
    let (url, _) =
        serve(move |_, _| answer("200 OK", &format!(r#"{{"url":"{to}/there?a=1","accessToken":"of the other"}}"#)))
            .await;
    let link = connect(&format!("{url}/hub"), options(&[Transport::LongPolling])).await.unwrap();
    assert_eq!(link.id.as_deref(), Some("public"));
    let log = log.lock().unwrap();
    assert_eq!((&*log[0].line, &*log[0].query), ("POST /there/negotiate", "a=1&negotiateVersion=1"));
    assert_eq!((&*log[1].line, &*log[1].query), ("GET /there", "a=1&id=se%2Fcret"));
    for asked in log.iter() {
        assert_eq!(asked.header("authorization"), Some("Bearer of the other"));
    }
}

#[tokio::test]
async fn redirects_end() {
    let (url, log) = serve(|asked, _| {
        let host = asked.header("host").unwrap();
        answer("200 OK", &format!(r#"{{"url":"http://{host}/again","accessToken":"secret"}}"#))
    })
    .await;
    let refused = error(connect(&url, defaults()).await);
    assert_eq!(refused.to_string(), "the negotiation was redirected more than 100 times");
    assert_eq!(log.lock().unwrap().len(), 101);
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_an_error() {
    let (url, _) = serve(|_, _| answer("200 OK", r#"{"url":"not a url"}"#)).await;
    let refused = error(connect(&url, defaults()).await);
    assert!(matches!(refused, ConnectError::Negotiation(_)), "{refused}");
}

#[tokio::test]
async fn before_version_1_the_id_is_the_token() {
    let (url, log) = serve(|asked, _| {
        if asked.line.ends_with("negotiate") {
            let offered = r#"{"connectionId":"a b","availableTransports":[{"transport":"LongPolling","transferFormats":["Text"]}]}"#;
            answer("200 OK", offered)
        } else {
            answer("200 OK", "")
        }
    })
    .await;
    let link = connect(&url, defaults()).await.unwrap();
    assert_eq!((link.transport, link.id.as_deref()), (Transport::LongPolling, Some("a b")));
    assert_eq!(log.lock().unwrap()[1].query, "id=a+b");
}

#[tokio::test]
async fn nobody_there() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hub?access_token=secret", listener.local_addr().unwrap());
    drop(listener);
    let refused = error(connect(&url, defaults()).await).to_string();
    assert!(refused.contains("refused"), "{refused}");
    assert!(!refused.contains("secret"), "{refused}");
}

#[tokio::test]
async fn options_that_cannot_be() {
    for (url, options, text) in [
        ("not a url", defaults(), "the URL is not valid"),
        ("ftp://host/", defaults(), "'ftp'"),
        ("http://host/", options(&[]), "no transport is allowed"),
        ("http://host/", options(&[Transport::Stream]), "'Stream' is no transport over HTTP"),
        ("http://host/", HttpOptions { skip_negotiation: true, ..defaults() }, "only WebSockets"),
    ] {
        let refused = error(connect(url, options).await);
        assert!(matches!(refused, ConnectError::Options(_)) && refused.to_string().contains(text), "{refused}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer() {
    let url = super::server::serve_sockets(|mut socket| async move {
        socket.rest().await;
    })
    .await;
    let limit = std::time::Duration::from_millis(50);
    let options = HttpOptions { request_timeout: limit, ..defaults() };
    let refused = error(connect(&url, options).await);
    assert!(matches!(refused, ConnectError::TimedOut(time) if time == limit), "{refused}");
}
