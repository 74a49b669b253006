//! Client results: the server asks, and the client answers.

use crate::support::hub_error;
use client_tests::conformance::ConformanceHubClient;
use client_tests::{Combination, get};
use signalr::{HubConnection, HubError};

async fn asker(with: Combination) -> ConformanceHubClient {
    with.typed("/conformance").await
}

fn id(connection: &HubConnection) -> String {
    connection.connection_id().expect("it was negotiated")
}

pub(crate) async fn answered(with: Combination) {
    let (asked, _heard) = with.recorded("/conformance").await;
    let asker = asker(with).await;
    for question in ["one", "two", ""] {
        let answer = asker.ask_client(id(asked.as_ref()), question).await.unwrap();
        assert_eq!(answer, format!("answer to {question}"));
    }
}

pub(crate) async fn from_outside(with: Combination) {
    let (asked, _heard) = with.recorded("/conformance").await;
    assert_eq!(get(&format!("/result/{}", id(asked.as_ref()))).await, "answer to outside");
}

pub(crate) async fn of_ones_own(with: Combination) {
    // Where the server runs several calls of a connection at once, as it must not wait for the one that asks.
    let (asked, _heard) = with.recorded("/conformance-detailed").await;
    assert_eq!(asked.ask_client(id(asked.as_ref()), "me").await.unwrap(), "answer to me");
}

pub(crate) async fn without_handler(with: Combination) {
    let (asked, asker) = (with.untyped("/conformance").await, asker(with).await);
    let error = hub_error(asker.ask_client(id(&asked), "who?").await);
    assert!(error.ends_with("Client didn't provide a result."), "{error}");
    // One that answers nothing is none.
    asked.on("Answer", |_: String| ());
    let error = hub_error(asker.ask_client(id(&asked), "who?").await);
    assert!(error.ends_with("Client didn't provide a result."), "{error}");
}

pub(crate) async fn with_a_failing_handler(with: Combination) {
    let asker = asker(with).await;
    let ask = async |asked: &HubConnection| hub_error(asker.ask_client(id(asked), "how?").await);
    let fail = |text: String| Err::<String, _>(HubError::public(format!("not to {text}")));

    let asked = with.untyped("/conformance").await;
    let registration = asked.on("Answer", fail);
    let error = ask(&asked).await;
    let failed = "An unexpected error occurred invoking 'Answer' on the client.";
    assert!(error.ends_with(&format!("{failed} HubException: not to how?")), "{error}");
    registration.remove();
    let hidden = asked.on("Answer", |text: String| text.parse::<u32>());
    let error = ask(&asked).await;
    assert!(error.ends_with(failed), "{error}");
    hidden.remove();
    asked.on("Answer", |text: String| if text == "how?" { panic!("as asked") } else { text });
    let error = ask(&asked).await;
    assert!(error.ends_with(failed), "{error}");
    let answer = asker.ask_client(id(&asked), "now").await.unwrap();
    assert_eq!(answer, "now");
}

pub(crate) async fn with_an_answer_of_another_type(with: Combination) {
    let (asked, asker) = (with.untyped("/conformance").await, asker(with).await);
    let registration = asked.on("Answer", |_: String| 7);
    hub_error(asker.ask_client(id(&asked), "what?").await);
    registration.remove();
    asked.on("Answer", |text: String| text);
    assert_eq!(asker.ask_client(id(&asked), "what?").await.unwrap(), "what?");
}
