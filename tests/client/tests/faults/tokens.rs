//! Providers of access tokens that fail when the connection is made again.

use client_tests::conformance::ConformanceHubClient;
use client_tests::relay::Relay;
use client_tests::{Combination, soon, within};
use signalr::protocol::Protocol;
use signalr::{ClientError, ConnectError, ConnectionState, HubConnection, RetryPolicy, Transport};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use wire_tests::server;

const ALL: [Transport; 3] = [Transport::WebSockets, Transport::ServerSentEvents, Transport::LongPolling];

fn combination(transport: Transport) -> Combination {
    Combination { transport, protocol: Protocol::Json }
}

#[tokio::test]
async fn one_that_recovers_lets_the_client_in_again() {
    for transport in ALL {
        let relay = Relay::start(server().authority()).await;
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        let builder = combination(transport).builder_at::<ConformanceHubClient>(relay.url("/conformance-auth"));
        let builder = builder.reconnect(soon()).calls_wait_for_connection(true).access_token(move || {
            let count = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                match count {
                    1..5 => Err(io::Error::other("the vault is closed")),
                    5 => panic!("the vault has burnt down"),
                    6 => Ok(Some("a\nb".to_owned())),
                    7 => Ok(None),
                    _ => Ok(Some("user:ann".to_owned())),
                }
            }
        });
        let hub = within(builder.connect()).await.unwrap();
        relay.close();
        within(hub.as_ref().wait_for(ConnectionState::Reconnecting)).await;
        relay.open();
        let user = within(hub.get_user_identifier().into_future()).await.unwrap();
        assert_eq!(user.as_deref(), Some("ann"), "{}", transport.name());
        assert!(asked.load(Ordering::Relaxed) >= 8);
    }
}

#[tokio::test]
async fn one_that_fails_for_good_is_the_reason_of_the_end() {
    let policy = RetryPolicy::delays([Duration::from_millis(1); 3]);
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let builder = combination(Transport::WebSockets).builder::<HubConnection>("/conformance-auth").reconnect(policy);
    let builder = builder.access_token(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Err(io::Error::other("no key")) }
    });
    let error = within(builder.connect()).await.unwrap_err();
    assert!(matches!(error, ClientError::Connect(ConnectError::AccessToken(_))), "{error:?}");
    assert_eq!(asked.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn one_that_never_answers_has_its_time() {
    let builder = combination(Transport::WebSockets).builder::<HubConnection>("/conformance-auth");
    let builder =
        builder.connect_timeout(Duration::from_millis(100)).access_token(std::future::pending::<io::Result<_>>);
    let error = within(builder.connect()).await.unwrap_err();
    assert!(matches!(error, ClientError::Connect(ConnectError::TimedOut(_))), "{error:?}");
}
