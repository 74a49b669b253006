//! What plain HTTP requests to a hub's path answer, as far as WebSockets are concerned.

use serde_json::{Value, json};
use wire_tests::{
    BOTH, HubSocket, Protocol, RawSocket,
    http::{Response, negotiate, post, request},
    ours_differs, unique,
};

fn assert_plain(response: &Response, status: u16, body: &str) {
    assert_eq!((response.status, response.text()), (status, body));
    assert_eq!(response.header("content-type"), Some("text/plain"));
}

/// A token that was negotiated at this hub.
fn token(hub: &str) -> String {
    let answer = negotiate(&format!("{hub}?negotiateVersion=1"));
    answer["connectionToken"].as_str().expect("the token is text").to_owned()
}

#[test]
fn an_id_is_required_unless_a_websocket_is_opened() {
    for (method, headers) in
        [("POST", vec![]), ("DELETE", vec![]), ("GET", vec![]), ("GET", vec![("Accept", "text/event-stream")])]
    {
        for path in ["/conformance", "/conformance?id=", "/conformance?other=1"] {
            assert_plain(&request(method, path, &headers, b""), 400, "Connection ID required");
        }
    }
}

#[test]
fn an_unknown_id_is_404() {
    for (method, headers) in
        [("POST", vec![]), ("DELETE", vec![]), ("GET", vec![]), ("GET", vec![("Accept", "text/event-stream")])]
    {
        let response = request(method, "/conformance?id=unknown", &headers, b"");
        assert_plain(&response, 404, "No Connection with that ID");
    }
}

#[test]
fn a_websocket_with_an_unknown_id_is_404_without_a_content_type() {
    let response = RawSocket::upgrade("/conformance?id=unknown", &[]).expect_err("the id is unknown");
    assert_eq!((response.status, response.text()), (404, "No Connection with that ID"));
    assert_eq!(response.header("content-type"), None);
}

#[test]
fn ids_are_compared_with_regard_to_case() {
    let other_case: String = token("/conformance")
        .chars()
        .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    let response = RawSocket::upgrade(&format!("/conformance?id={other_case}"), &[]).expect_err("another id");
    assert_eq!(response.status, 404);
}

#[test]
fn the_connection_id_of_version_1_opens_nothing() {
    let answer = negotiate("/conformance?negotiateVersion=1");
    let id = answer["connectionId"].as_str().expect("the id is text");
    let response = RawSocket::upgrade(&format!("/conformance?id={id}"), &[]).expect_err("only the token opens");
    assert_eq!(response.status, 404);
}

#[test]
fn a_token_opens_a_websocket_with_the_negotiated_id() {
    for protocol in BOTH {
        let answer = negotiate("/conformance?negotiateVersion=1");
        let path = format!("/conformance?id={}", answer["connectionToken"].as_str().expect("the token is text"));
        assert_eq!(HubSocket::connect(&path, protocol).connection_id(), answer["connectionId"]);
    }
    let answer = negotiate("/conformance?negotiateVersion=0");
    let path = format!("/conformance?ID={}", answer["connectionId"].as_str().expect("the id is text"));
    assert_eq!(HubSocket::json(&path).connection_id(), answer["connectionId"]);
}

#[test]
fn without_negotiation_each_websocket_gets_an_id_of_22_characters() {
    let (mut one, mut two) = (HubSocket::json("/conformance"), HubSocket::json("/conformance"));
    let (one, two) = (one.connection_id(), two.connection_id());
    assert_eq!((one.len(), two.len()), (22, 22));
    assert_ne!(one, two);
}

#[test]
fn post_to_a_websocket_connection_is_405() {
    let token = token("/conformance");
    let path = format!("/conformance?id={token}");
    let mut socket = HubSocket::json(&path);
    socket.expect_alive();
    assert_plain(&post(&path, b"{}\x1e"), 405, "POST requests are not allowed for WebSocket connections.");
    socket.expect_alive();
}

#[test]
fn delete_of_a_websocket_connection_is_refused() {
    let path = format!("/conformance?id={}", token("/conformance"));
    let mut socket = HubSocket::json(&path);
    socket.expect_alive();
    let response = request("DELETE", &path, &[], b"");
    assert_plain(&response, 400, "Cannot terminate this connection using the DELETE endpoint.");
    socket.expect_alive();
}

#[test]
fn a_websocket_connection_cannot_change_its_transport() {
    let path = format!("/conformance?id={}", token("/conformance"));
    let mut socket = HubSocket::json(&path);
    socket.expect_alive();
    for headers in [vec![], vec![("Accept", "text/event-stream")]] {
        assert_plain(&request("GET", &path, &headers, b""), 400, "Cannot change transports mid-connection");
    }
    socket.expect_alive();
}

#[test]
fn a_second_websocket_on_the_same_token_is_409() {
    let path = format!("/conformance?id={}", token("/conformance"));
    let mut socket = HubSocket::json(&path);
    socket.expect_alive();
    let response = RawSocket::upgrade(&path, &[]).expect_err("the token is in use");
    assert_eq!((response.status, response.text()), (409, ""));
    assert_eq!(response.header("content-type"), Some("text/plain"));
    socket.expect_alive();
}

#[test]
fn a_token_is_worth_nothing_after_its_connection() {
    let path = format!("/conformance?id={}", token("/conformance"));
    let mut watcher = HubSocket::json("/conformance?watch");
    let mut socket = HubSocket::json(&path);
    let id = socket.connection_id();
    socket.send(&json!({"type": 7}));
    socket.expect_close(&json!({"type": 7}));
    while watcher.next_message()["arguments"][0] != id.as_str() {}
    assert_eq!(RawSocket::upgrade(&path, &[]).expect_err("the connection is over").status, 404);
}

#[test]
fn a_token_of_another_hub_opens_nothing() {
    let path = format!("/conformance-detailed?id={}", token("/conformance"));
    if ours_differs("a token opens only the endpoint that gave it") {
        return;
    }
    assert_eq!(RawSocket::upgrade(&path, &[]).expect_err("given by another endpoint").status, 404);
}

#[test]
fn other_methods_are_405() {
    for method in ["PUT", "PATCH", "HEAD"] {
        let response = request(method, &format!("/conformance?id={}", token("/conformance")), &[], b"");
        assert_plain(&response, 405, "");
        assert_eq!(response.header("allow"), None);
    }
}

#[test]
fn an_endpoint_without_websockets_answers_404() {
    let response = RawSocket::upgrade("/conformance-sse", &[]).expect_err("only Server-Sent Events");
    assert_eq!((response.status, response.text()), (404, "WebSockets transport not supported by this end point type"));
    assert_eq!(response.header("content-type"), Some("text/plain"));
}

#[test]
fn an_authorized_hub_refuses_websockets_without_a_user() {
    for path in ["/conformance-auth", "/conformance-auth?access_token=other"] {
        let response = RawSocket::upgrade(path, &[]).expect_err("no user");
        assert_eq!((response.status, response.text()), (401, ""));
    }
}

#[test]
fn an_authorized_hub_knows_the_user_of_header_or_query() {
    let (raw, _) =
        RawSocket::upgrade("/conformance-auth", &[("Authorization", "Bearer user:ann")]).expect("a known user");
    let mut by_header = HubSocket::handshake(raw, Protocol::Json);
    assert_eq!(by_header.call("GetUserIdentifier", json!([])), "ann");
    let mut by_query = HubSocket::connect("/conformance-auth?access_token=user:bob", Protocol::MessagePack);
    assert_eq!(by_query.call("GetUserIdentifier", json!([])), "bob");
}

#[test]
fn a_method_with_a_policy_refuses_others_with_its_own_text() {
    for protocol in BOTH {
        let mut ann = HubSocket::connect("/conformance-auth?access_token=user:ann", protocol);
        for target in ["AdminOnly", "adminONLY"] {
            ann.invoke("1", target, json!([]));
            assert_eq!(ann.next_message()["error"], "Failed to invoke 'AdminOnly' because user is unauthorized");
        }
        ann.expect_alive();
        let mut admin = HubSocket::connect("/conformance-auth?access_token=user:admin", protocol);
        assert_eq!(admin.call("AdminOnly", json!([])), "secret");
    }
}

#[test]
fn a_hub_method_sees_the_request() {
    let header = unique("header");
    let (raw, _) = RawSocket::upgrade("/conformance?colour=dark%20blue&Colour2=x", &[("X-Colour", &header)])
        .expect("any header is fine");
    let mut socket = HubSocket::handshake(raw, Protocol::Json);
    assert_eq!(socket.call("GetHeader", json!(["x-colour"])), header.as_str());
    assert_eq!(socket.call("GetHeader", json!(["X-None"])), Value::Null);
    assert_eq!(socket.call("GetQuery", json!(["colour"])), "dark blue");
    assert_eq!(socket.call("GetQuery", json!(["COLOUR2"])), "x");
    assert_eq!(socket.call("GetQuery", json!(["none"])), Value::Null);
    assert_eq!(socket.call("GetTransport", json!([])), "WebSockets");
    assert_eq!(socket.call("GetUserIdentifier", json!([])), Value::Null);
}
