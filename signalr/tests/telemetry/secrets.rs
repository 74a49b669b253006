//! What must never be logged, at no level.

use crate::capture::capture;
use crate::support::{Client, Connect, Server};
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::json;
use signalr::{Hub, HubError, HubOptions, Upload, hub};
use tracing::Level;

struct Secretive;

#[derive(Deserialize)]
struct Login {
    #[serde(rename = "password")]
    _password: u32,
}

/// A type whose error repeats what it was given.
struct Loud;

impl<'de> Deserialize<'de> for Loud {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Err(serde::de::Error::custom(format!("not loud enough: {text}")))
    }
}

#[hub]
impl Secretive {
    fn login(&self, _login: Login) {}

    fn number(&self, _number: u32) {}

    fn loud(&self, _loud: Loud) {}

    fn parse(&self, text: String) -> Result<u32, HubError> {
        Ok(serde_json::from_str(&text)?)
    }

    async fn upload(&self, mut items: Upload<u32>) -> Result<u32, HubError> {
        let mut sum = 0;
        while let Some(item) = items.next().await {
            sum += item?;
        }
        Ok(sum)
    }
}

#[tokio::test]
async fn nothing_that_clients_send_in_confidence_is_in_spans_and_events() {
    let capture = capture();
    let options = HubOptions::default().detailed_errors(true);
    let server = Server::with(&Hub::new("Secretive", Secretive), options);
    let secret = "hunter2";
    let headers = [("Cookie", "session=hunter2"), ("Authorization", "Bearer hunter2"), ("X-Custom", "hunter2")];
    let path = "/hub?access_token=hunter2&name=hunter2";
    let mut client = Connect { path, headers: &headers, ..Connect::default() }.to(&server).await;
    client.result("Number", json!([1])).await;
    for (method, arguments) in [
        ("Login", json!([{"password": secret}])),
        ("Login", json!([{"hunter2": secret}])),
        ("Login", json!([secret])),
        ("Number", json!([secret])),
        ("Number", json!([secret, secret])),
        ("Loud", json!([secret])),
        ("Parse", json!(["\"hunter2\""])),
    ] {
        client.call(method, arguments).await.unwrap_err();
    }
    let id = "9";
    client.send(&crate::support::with_uploads(id, "Upload", json!([]), &["u"])).await;
    client.send(&crate::support::item("u", secret)).await;
    client.answer(id).await.unwrap_err();
    client.text(r#"{"type":1,"target":"Number","arguments":["hunter2",]}"#).await;
    drop(client);
    capture.until(|seen| seen.end("Secretive").map(drop)).await;

    for (method, path, status) in [
        ("GET", "/hub?id=hunter2&access_token=hunter2", 404),
        ("POST", "/hub?id=hunter2", 404),
        ("DELETE", "/hub?id=hunter2", 404),
        ("PUT", "/hub?id=hunter2", 405),
        ("POST", "/hub/negotiate?negotiateVersion=hunter2", 200),
    ] {
        assert_eq!(server.status(method, path, &headers).await, status, "{method} {path}");
    }
    let text = capture.lock().text("Secretive");
    let line = text.lines().find(|line| line.contains(secret));
    assert_eq!(line, None);
    assert!(text.contains("error=expected u32"), "{text}");
}

#[tokio::test]
async fn requests_that_are_refused_leave_an_event() {
    let capture = capture();
    let server = Server::of(&Hub::new("Refusing", Secretive));
    let foreign = [("Origin", "http://elsewhere.example")];
    for (method, path, headers, status) in [
        ("POST", "/hub?id=unknown", &[][..], 404),
        ("POST", "/hub", &[][..], 400),
        ("PUT", "/hub", &[][..], 405),
        ("POST", "/hub/negotiate", &foreign[..], 403),
    ] {
        let before = capture.lock().events.len();
        assert_eq!(server.status(method, path, headers).await, status);
        let seen = capture.lock();
        let status = status.to_string();
        let mut events = seen.events.iter().skip(before).filter(|event| event.message() == "request refused");
        assert!(events.any(|event| event.fields.get("status") == Some(&status)), "{method} {path}");
    }
    let seen = capture.lock();
    let origin = seen.events.iter().find(|event| event.fields.get("origin") == Some("http://elsewhere.example"));
    assert_eq!(origin.map(|event| event.level), Some(Level::WARN));
}

#[tokio::test]
async fn a_full_server_warns() {
    let capture = capture();
    let options = HubOptions::default().limits_with(|limits| limits.maximum_connections(1));
    let server = Server::with(&Hub::new("Full", Secretive), options);
    let _client = Client::connect(&server).await;
    assert_eq!(server.status("POST", "/hub/negotiate?negotiateVersion=1", &[]).await, 503);
    let seen = capture.lock();
    let mut events = seen.events.iter().filter(|event| event.message() == "request refused");
    let full = events.find(|event| event.fields.get("reason") == Some("There are too many connections."));
    assert_eq!(full.map(|event| event.level), Some(Level::WARN));
}
