//! Access tokens.

use crate::support::hub_error;
use client_tests::conformance::ConformanceHubClient;
use client_tests::{Combination, get, reference_lacks};
use signalr::{ClientError, ConnectError, HubConnection, HubConnectionBuilder};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const HUB: &str = "/conformance-auth";

/// A client whose provider gives one token after the other, the last one again and again; and how often it was asked.
fn with_tokens(with: Combination, tokens: &[&str]) -> (HubConnectionBuilder<ConformanceHubClient>, Arc<AtomicUsize>) {
    let tokens: Vec<String> = tokens.iter().map(|token| (*token).to_owned()).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let builder = with.builder(HUB).access_token(move || {
        let count = counted.fetch_add(1, Ordering::Relaxed);
        let token = tokens.get(count).or(tokens.last()).cloned();
        async { Ok::<_, io::Error>(token) }
    });
    (builder, asked)
}

/// Whether the server has refused with 401.
#[track_caller]
fn expect_unauthorized(error: &ClientError) {
    let refused = matches!(error, ClientError::Connect(ConnectError::Refused { status, .. }) if *status == 401);
    assert!(refused, "{error:?}");
}

pub(crate) async fn by_token(with: Combination) {
    let (builder, asked) = with_tokens(with, &["user:ann"]);
    let hub = builder.connect().await.unwrap();
    assert_eq!(hub.get_user_identifier().await.unwrap().as_deref(), Some("ann"));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

pub(crate) async fn without_a_token(with: Combination) {
    expect_unauthorized(&with.builder::<HubConnection>(HUB).connect().await.unwrap_err());
    let (builder, _) = with_tokens(with, &[""]);
    expect_unauthorized(&builder.connect().await.unwrap_err());
}

pub(crate) async fn with_a_wrong_token(with: Combination) {
    let (builder, asked) = with_tokens(with, &["nonsense"]);
    expect_unauthorized(&builder.connect().await.unwrap_err());
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

pub(crate) async fn a_new_token_on_401(with: Combination) {
    let (builder, asked) = with_tokens(with, &["nonsense", "user:ann"]);
    let hub = builder.connect().await.unwrap();
    assert_eq!(hub.get_user_identifier().await.unwrap().as_deref(), Some("ann"));
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

pub(crate) async fn a_provider_that_fails(with: Combination) {
    let builder = with.builder::<HubConnection>(HUB);
    let error = builder.access_token(|| async { Err(io::Error::other("no key")) }).connect().await.unwrap_err();
    assert!(matches!(error, ClientError::Connect(ConnectError::AccessToken(_))), "{error:?}");
    assert_eq!(error.to_string(), "there is no access token: no key");
}

pub(crate) async fn a_method_of_the_administrator(with: Combination) {
    if reference_lacks("AdminOnly") {
        return;
    }
    let hub = with_tokens(with, &["user:admin"]).0.connect().await.unwrap();
    assert_eq!(hub.admin_only().await.unwrap(), "secret");
    let hub = with_tokens(with, &["user:ann"]).0.connect().await.unwrap();
    let text = "Failed to invoke 'AdminOnly' because user is unauthorized";
    assert_eq!(hub_error(hub.admin_only().await), text);
}

pub(crate) async fn a_json_web_token(with: Combination) {
    if reference_lacks("the endpoints of Microsoft's functional tests") {
        return;
    }
    let builder = with.builder::<HubConnection>("/authorizedhub");
    let builder = builder.access_token(|| async { Ok::<_, io::Error>(Some(get("/generateJwtToken").await)) });
    let connection = builder.connect().await.unwrap();
    assert_eq!(connection.invoke::<String>("Echo", ("let in",)).await.unwrap(), "let in");
}
