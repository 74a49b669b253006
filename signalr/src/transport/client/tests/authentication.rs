//! Access tokens, headers and cookies.

use super::server::{Asked, answer, offer, serve, serve_sockets};
use super::{close, connect, error, options, receive, send};
use crate::client::connect::ConnectError;
use crate::client::http::{HttpOptions, TokenProvider};
use crate::transport::Transport;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Gives `token1`, `token2` and so on, and says how many it gave.
fn tokens() -> (TokenProvider, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let provider: TokenProvider = Arc::new(move || {
        let number = counted.fetch_add(1, Ordering::Relaxed) + 1;
        Box::pin(async move { Ok(Some(format!("token{number}"))) })
    });
    (provider, count)
}

fn with_tokens(provider: TokenProvider, transport: Transport) -> HttpOptions {
    HttpOptions { access_token: Some(provider), ..options(&[transport]) }
}

fn authorized(asked: &Asked, tokens: &[&str]) -> bool {
    asked.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).is_some_and(|at| tokens.contains(&at))
}

#[tokio::test]
async fn a_token_is_asked_for_at_each_attempt_and_again_when_it_is_refused() {
    // The first token is refused when it is presented, the second one when the client begins to poll.
    let (url, log) = serve(|asked, number| match &*asked.line {
        "POST /negotiate" if authorized(asked, &["token2"]) => answer("200 OK", &offer(&["LongPolling"])),
        "GET /" if authorized(asked, &["token3"]) => answer("200 OK", ""),
        _ if number > 10 => panic!("{asked:?}"),
        _ => answer("401 Unauthorized", ""),
    })
    .await;
    let (provider, count) = tokens();
    connect(&url, with_tokens(provider, Transport::LongPolling)).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 3);
    assert_eq!(log.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_server_that_takes_no_token_is_asked_twice() {
    let (url, log) = serve(|_, _| answer("401 Unauthorized", "")).await;
    let (provider, count) = tokens();
    let refused = error(connect(&url, with_tokens(provider, Transport::WebSockets)).await);
    assert!(matches!(refused, ConnectError::Refused { status: StatusCode::UNAUTHORIZED, .. }), "{refused}");
    assert_eq!((count.load(Ordering::Relaxed), log.lock().unwrap().len()), (2, 2));
    // Without a token there is nothing to ask for.
    error(connect(&url, options(&[Transport::WebSockets])).await);
    assert_eq!(log.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_provider_that_fails_ends_the_attempt() {
    let (url, log) = serve(|_, _| answer("200 OK", "")).await;
    let failing: TokenProvider = Arc::new(|| Box::pin(async { Err(Arc::from(Box::from("the login has expired"))) }));
    let refused = error(connect(&url, with_tokens(failing, Transport::WebSockets)).await);
    assert_eq!(refused.to_string(), "there is no access token: the login has expired");
    let panicking: TokenProvider = Arc::new(|| panic!("as the test wants it"));
    let refused = error(connect(&url, with_tokens(panicking, Transport::WebSockets)).await);
    assert_eq!(refused.to_string(), "there is no access token: the provider of the access token panicked");
    let broken: TokenProvider = Arc::new(|| Box::pin(async { Ok(Some("two\r\nlines: secret".to_owned())) }));
    let refused = error(connect(&url, with_tokens(broken, Transport::WebSockets)).await);
    assert_eq!(
        refused.to_string(),
        "there is no access token: the access token has characters that no header can carry"
    );
    assert!(log.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_token_shows_nowhere() {
    let (url, _) = serve(|_, _| answer("200 OK", &offer(&["WebSockets"]))).await;
    let provider: TokenProvider = Arc::new(|| Box::pin(async { Ok(Some("hidden".to_owned())) }));
    let options = with_tokens(provider, Transport::WebSockets);
    assert!(!format!("{options:?}").contains("hidden"));
    let refused = error(connect(&format!("{url}?access_token=hidden"), options).await);
    assert!(!format!("{refused} {refused:?}").contains("hidden"), "{refused:?}");
    assert!(!format!("{refused} {refused:?}").contains("cret"), "{refused:?}");
}

#[tokio::test]
async fn headers_and_cookies_go_with_every_request() {
    let numbered = Arc::new(AtomicUsize::new(0));
    let headers = move || {
        let number = numbered.fetch_add(1, Ordering::Relaxed);
        HeaderMap::from_iter([
            (HeaderName::from_static("x-number"), HeaderValue::from(number)),
            (header::COOKIE, HeaderValue::from_static("own=1")),
            (header::USER_AGENT, HeaderValue::from_static("mine")),
        ])
    };
    let (url, log) = serve(|asked, number| {
        let body =
            if asked.line.ends_with("negotiate") { offer(&["WebSockets", "LongPolling"]) } else { String::new() };
        let status = if asked.header("upgrade").is_some() { "400 Bad Request" } else { "200 OK" };
        (status.to_owned(), format!("Set-Cookie: c{number}=v; Path=/; HttpOnly\r\n"), body)
    })
    .await;
    let options =
        HttpOptions { headers: Some(Arc::new(headers)), ..options(&[Transport::WebSockets, Transport::LongPolling]) };
    let mut link = connect(&url, options).await.unwrap();
    send(&mut *link.duplex, b"x").await.unwrap();
    let asked = log.lock().unwrap().clone();
    let lines: Vec<_> = asked.iter().map(|asked| &*asked.line).collect();
    assert_eq!(lines, ["POST /negotiate", "GET /", "POST /negotiate", "GET /", "POST /"]);
    let mut cookies = "own=1".to_owned();
    for (number, asked) in asked.iter().enumerate() {
        assert_eq!(asked.header("x-number"), Some(&*number.to_string()));
        assert_eq!(asked.header("user-agent"), Some("mine"));
        assert_eq!(asked.header("cookie"), Some(&*cookies));
        cookies += &format!("; c{number}=v");
    }
}

#[tokio::test]
async fn a_redirect_by_http_takes_no_secrets_along() {
    let (to, log) = serve(|_, _| answer("200 OK", &offer(&["LongPolling"]))).await;
    let (url, first) = serve(move |asked, _| match &*asked.line {
        "POST /negotiate" => {
            let headers = format!("Location: {to}/negotiate\r\nSet-Cookie: a=1; Path=/\r\n");
            ("307 Temporary Redirect".to_owned(), headers, String::new())
        }
        _ => answer("200 OK", ""),
    })
    .await;
    let (provider, _) = tokens();
    // With an HTTP client of its own.
    let options = HttpOptions { client: None, ..with_tokens(provider, Transport::LongPolling) };
    connect(&format!("{url}?key=hidden"), options).await.unwrap();
    let log = log.lock().unwrap();
    assert_eq!(log[0].line, "POST /negotiate");
    for name in ["authorization", "cookie", "referer"] {
        assert_eq!(log[0].header(name), None, "{name}");
    }
    // What was negotiated is for the hub at the client's own URL.
    let first = first.lock().unwrap();
    assert_eq!((&*first[1].line, first[1].header("authorization")), ("GET /", Some("Bearer token1")));
}

#[tokio::test]
async fn cookies_can_be_left_to_somebody_else() {
    let (url, log) =
        serve(|_, _| ("200 OK".to_owned(), "Set-Cookie: a=1\r\n".to_owned(), offer(&["LongPolling"]))).await;
    let options = HttpOptions { cookies: false, ..options(&[Transport::LongPolling]) };
    connect(&url, options).await.unwrap();
    assert_eq!(log.lock().unwrap()[1].header("cookie"), None);
}

#[tokio::test]
async fn a_client_of_the_application_s_is_used_and_its_timeout_is_not() {
    let url = serve_sockets(|mut socket| async move {
        while let Some(asked) = socket.request().await {
            match &*asked.line {
                "POST /negotiate" => socket.json(&offer(&["ServerSentEvents"])).await,
                _ => {
                    assert_eq!(asked.header("x-mine"), Some("yes"));
                    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
                    socket.write(head).await;
                    // Longer than the client's timeout.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    socket.write("data: late\n\n").await;
                    socket.rest().await;
                }
            }
        }
    })
    .await;
    let headers = HeaderMap::from_iter([(HeaderName::from_static("x-mine"), HeaderValue::from_static("yes"))]);
    let client = reqwest::Client::builder().timeout(Duration::from_millis(20)).default_headers(headers);
    let options = HttpOptions { client: Some(client.build().unwrap()), ..options(&[Transport::ServerSentEvents]) };
    let mut link = connect(&url, options).await.unwrap();
    assert_eq!(receive(&mut *link.duplex, 4).await, "late");
    close(&mut *link.duplex).await;
}

#[tokio::test]
async fn authentication_is_renewed_with_a_new_token() {
    let (url, log) = serve(|asked, _| match &*asked.line {
        "POST /hub/negotiate" => {
            answer("200 OK", &offer(&["LongPolling"]).replacen('{', r#"{"tokenLifetimeSeconds":60,"#, 1))
        }
        "POST /hub/refresh" if authorized(asked, &["token2"]) => answer("200 OK", r#"{"tokenLifetimeSeconds":120}"#),
        "POST /hub/refresh" if authorized(asked, &["token3"]) => answer("200 OK", "{}"),
        "POST /hub/refresh" if authorized(asked, &["token4"]) => answer("404 Not Found", ""),
        "POST /hub/refresh" => answer("403 Forbidden", r#"{"error":"permission_change_rejected"}"#),
        _ => answer("200 OK", ""),
    })
    .await;
    let (provider, _) = tokens();
    let mut link = connect(&format!("{url}/hub?a=1"), with_tokens(provider, Transport::LongPolling)).await.unwrap();
    let negotiated = link.negotiated.unwrap();
    assert_eq!(negotiated.authenticated_for, Some(Duration::from_secs(60)));
    let connection = negotiated.connection;
    assert_eq!(connection.refresh().await.unwrap(), Some(Duration::from_secs(120)));
    assert_eq!(connection.refresh().await.unwrap(), None);
    assert!(matches!(connection.refresh().await.unwrap_err(), ConnectError::Refused { .. }));
    let refused = connection.refresh().await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the server did not renew the authentication: permission_change_rejected (status 403 Forbidden)"
    );
    // What was refused is not presented any more.
    send(&mut *link.duplex, b"x").await.unwrap();
    let log = log.lock().unwrap();
    assert_eq!(log[2].query, "a=1&id=se%2Fcret");
    assert_eq!(log.last().unwrap().header("authorization"), Some("Bearer token3"));
}
