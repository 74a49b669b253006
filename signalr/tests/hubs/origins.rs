//! Which pages may connect, over every kind of request.

use crate::support::Server;
use signalr::{Hub, HubOptions, hub};

struct Chat;

#[hub]
impl Chat {}

fn serve(options: HubOptions) -> Server {
    Server::with(&Hub::new("Chat", Chat), options)
}

/// A kind of request: its name, method, path and further headers.
type Request = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Every kind of request that opens or uses a connection.
const REQUESTS: [Request; 6] = [
    ("negotiate", "POST", "/hub/negotiate?negotiateVersion=1", &[]),
    (
        "WebSocket",
        "GET",
        "/hub",
        &[
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ],
    ),
    ("events", "GET", "/hub?id=unknown", &[("Accept", "text/event-stream")]),
    ("poll", "GET", "/hub?id=unknown", &[]),
    ("send", "POST", "/hub?id=unknown", &[]),
    ("end", "DELETE", "/hub?id=unknown", &[]),
];

/// Whether requests with these headers are let in: all kinds, or none.
async fn admits(server: &Server, with: &[(&str, &str)]) -> bool {
    let mut admitted = Vec::new();
    for (name, method, path, headers) in REQUESTS {
        let status = server.status(method, path, &[headers, with].concat()).await;
        admitted.push((name, status != 403));
    }
    assert!(admitted.iter().all(|(_, other)| *other == admitted[0].1), "{with:?}: {admitted:?}");
    admitted[0].1
}

#[tokio::test]
async fn only_the_own_origin_and_those_without_are_let_in_by_default() {
    let server = serve(HubOptions::default());
    assert!(admits(&server, &[]).await);
    for (origin, admitted) in [
        ("http://app.example.com", true),
        ("https://app.example.com", true),
        ("http://evil.example", false),
        ("http://app.example.com.evil.example", false),
        ("http://app.example.com:8080", false),
        ("null", false),
    ] {
        let headers = [("Host", "app.example.com"), ("Origin", origin)];
        assert_eq!(admits(&server, &headers).await, admitted, "{origin}");
    }
}

#[tokio::test]
async fn listed_origins_are_let_in_beside_the_own_one() {
    let server = serve(HubOptions::default().allowed_origins(["https://other.example", "https://*.example.org"]));
    for (origin, admitted) in [
        ("https://other.example", true),
        ("https://a.example.org", true),
        ("http://app.example.com", true),
        ("https://example.org", false),
        ("http://other.example", false),
    ] {
        let headers = [("Host", "app.example.com"), ("Origin", origin)];
        assert_eq!(admits(&server, &headers).await, admitted, "{origin}");
    }
}

#[tokio::test]
async fn any_origin_is_let_in_where_the_application_says_so() {
    let server = serve(HubOptions::default().any_origin());
    assert!(admits(&server, &[("Origin", "http://evil.example")]).await);
    assert!(admits(&server, &[("Origin", "null")]).await);
}

#[tokio::test]
async fn the_forwarded_host_counts_where_the_proxy_is_trusted() {
    for (trusted, admitted) in [(true, true), (false, false)] {
        let server = serve(HubOptions::default().trust_forwarded_host(trusted));
        for forwarded in [("X-Forwarded-Host", "app.example.com"), ("Forwarded", "host=app.example.com")] {
            let headers = [("Host", "inner"), forwarded, ("Origin", "https://app.example.com")];
            assert_eq!(admits(&server, &headers).await, admitted, "{forwarded:?}");
        }
    }
}

#[tokio::test]
async fn preflights_are_the_affair_of_a_layer() {
    let server = serve(HubOptions::default());
    for path in ["/hub", "/hub/negotiate"] {
        let headers = [("Origin", "http://evil.example"), ("Access-Control-Request-Method", "POST")];
        let (status, head) = server.request("OPTIONS", path, &headers).await;
        assert_eq!(status, 405);
        assert!(!head.contains("access-control"), "{head}");
    }
}
