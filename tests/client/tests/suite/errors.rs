//! Calls that fail, and what is known of why.

use crate::support::hub_error;
use client_tests::{Combination, reference_lacks};
use serde::{Serialize, Serializer};
use signalr::ClientError;

pub(crate) async fn hidden(with: Combination) {
    let hub = with.typed("/conformance").await;
    assert_eq!(hub_error(hub.throw("secret").await), "An unexpected error occurred invoking 'Throw' on the server.");
    hub.do_nothing().await.unwrap();
}

pub(crate) async fn detailed(with: Combination) {
    let hub = with.typed("/conformance-detailed").await;
    let text = "An unexpected error occurred invoking 'Throw' on the server. InvalidOperationException: no secret";
    assert_eq!(hub_error(hub.throw("no secret").await), text);
}

pub(crate) async fn public(with: Combination) {
    let hub = with.typed("/conformance").await;
    let text = "An unexpected error occurred invoking 'ThrowHubException' on the server. HubException: ä \"quoted\"";
    assert_eq!(hub_error(hub.throw_hub_exception("ä \"quoted\"").await), text);
}

pub(crate) async fn with_code_and_data(with: Combination) {
    if reference_lacks("a code and data of an error") {
        return;
    }
    let connection = with.untyped("/conformance").await;
    let failed = connection.invoke::<()>("ThrowWithInfo", ("sold out", "stock", ("left", [1, 2]))).await;
    let Err(ClientError::Hub(failure)) = failed else { panic!("{failed:?}") };
    assert!(failure.message().ends_with("HubException: sold out"), "{failure}");
    assert_eq!(failure.code(), Some("stock"));
    assert_eq!(failure.data(), Some(Ok(("left".to_owned(), [1, 2]))));
}

pub(crate) async fn no_such_method(with: Combination) {
    let connection = with.untyped("/conformance").await;
    let text = "Failed to invoke 'Nonsense' due to an error on the server. HubException: Method does not exist.";
    assert_eq!(hub_error(connection.invoke::<()>("Nonsense", ()).await), text);
    let mut items = connection.stream::<u8>("Nonsense", ()).await.unwrap();
    assert_eq!(hub_error(futures_util::StreamExt::next(&mut items).await.unwrap()), text);
}

pub(crate) async fn wrong_arguments(with: Combination) {
    let connection = with.untyped("/conformance").await;
    let text = "Failed to invoke 'Add' due to an error on the server.";
    assert_eq!(hub_error(connection.invoke::<i32>("Add", ("one", 2)).await), text);
    assert_eq!(hub_error(connection.invoke::<i32>("Add", (1,)).await), text);
    assert_eq!(connection.invoke::<i32>("Add", (1, 2)).await.unwrap(), 3);
}

pub(crate) async fn an_argument_that_cannot_be_serialised(with: Combination) {
    struct Stubborn;
    impl Serialize for Stubborn {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("I will not"))
        }
    }
    let connection = with.untyped("/conformance").await;
    match connection.invoke::<String>("Echo", (Stubborn,)).await {
        Err(ClientError::Argument { method, cause }) => {
            assert_eq!(method, "Echo");
            assert!(cause.to_string().contains("I will not"), "{cause}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(connection.invoke::<String>("Echo", ("I will",)).await.unwrap(), "I will");
}

pub(crate) async fn a_method_for_others(with: Combination) {
    if reference_lacks("AdminOnly") {
        return;
    }
    let hub = with.typed("/conformance").await;
    let text = "Failed to invoke 'AdminOnly' because user is unauthorized";
    assert_eq!(hub_error(hub.admin_only().await), text);
}
