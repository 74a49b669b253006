//! The recorder.

use crate::support::{DeskClient, DeskHubClient, hub};
use signalr::protocol::Protocol;
use signalr::testing::{Recorder, TestServer, settle};
use signalr::{ClientError, HubError};
use std::time::Duration;

async fn connect(protocol: Protocol, recorder: &Recorder) -> Result<DeskHubClient, ClientError> {
    TestServer::new(&hub()).protocol(protocol).client().record(recorder).connect().await
}

#[tokio::test(start_paused = true)]
async fn calls_are_taken_by_name_in_their_order() -> Result<(), ClientError> {
    for protocol in Protocol::ALL.iter().copied() {
        let told = Recorder::new();
        let ann = connect(protocol, &told).await?;
        assert_eq!(told.try_next::<()>("Poked"), None);
        ann.say("one").await?;
        ann.poke().await?;
        ann.say("two").await?;
        told.next::<()>("poked").await;
        assert_eq!(told.next::<(String, String)>("SAID").await.1, "one");
        settle().await;
        assert_eq!(told.try_next::<(String, Option<String>)>("Said").unwrap().1.as_deref(), Some("two"));
        told.assert_none();

        ann.poke().await?;
        ann.say("three").await?;
        let (first, second) = (told.next_call().await, told.next_call().await);
        assert_eq!((first.method(), second.method()), ("Poked", "Said"));
        assert_eq!((first.arguments().len(), second.arguments().len()), (0, 2));
        assert_eq!(second.decode::<(String, String)>().1, "three");

        ann.poke().await?;
        settle().await;
        assert_eq!((told.len(), told.is_empty()), (1, false));
        assert_eq!(told.take().len(), 1);
        assert!(told.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_call_that_is_waited_for_may_come_later() -> Result<(), ClientError> {
    let told = Recorder::new();
    let ann = connect(Protocol::Json, &told).await?;
    let ((), said, called) = tokio::join!(told.next::<()>("Poked"), told.next::<(String, String)>("Said"), async {
        ann.say("hi").await.and(ann.poke().await)
    });
    called?;
    assert_eq!(said.1, "hi");
    Ok(())
}

#[tokio::test]
async fn questions_are_answered() -> Result<(), ClientError> {
    let told = Recorder::new();
    let ann = connect(Protocol::Json, &told).await?;
    let error = ann.ask("really?").await.unwrap_err();
    assert!(error.to_string().contains("Client didn't provide a result."), "{error}");
    let told = told.answer("confirm", |question: String| question.ends_with('?'));
    assert!(ann.ask("really?").await?);
    assert!(!ann.ask("no").await?);
    let told = told.answer("Confirm", async |_: String| Err::<bool, _>(HubError::public("ask somebody else")));
    let error = ann.ask("really?").await.unwrap_err();
    assert!(error.to_string().contains("ask somebody else"), "{error}");
    for asked in ["really?", "really?", "no", "really?"] {
        assert_eq!(told.next::<(String,)>("Confirm").await.0, asked);
    }
    told.assert_none();
    Ok(())
}

struct Yes;

impl DeskClient for Yes {
    async fn said(&self, _user: String, _text: String) {}

    async fn confirm(&self, _question: String) -> bool {
        true
    }

    async fn poked(&self) {}
}

#[tokio::test]
async fn a_receiver_beside_it_answers() -> Result<(), ClientError> {
    let told = Recorder::new();
    let ann: DeskHubClient = TestServer::new(&hub()).client().receiver(Yes).record(&told).connect().await?;
    assert!(ann.ask("really?").await?);
    assert_eq!(told.next::<(String,)>("Confirm").await.0, "really?");
    Ok(())
}

#[tokio::test(start_paused = true)]
#[should_panic(
    expected = "the server has not called `Said` (but `Poked`) within 3s, which signalr/tests/testing/recording.rs:"
)]
async fn a_call_that_does_not_come_is_a_clear_failure() {
    let told = Recorder::new().time_limit(Duration::from_secs(3));
    let ann = connect(Protocol::Json, &told).await.unwrap();
    ann.poke().await.unwrap();
    told.next::<(String, String)>("Said").await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "Said(\"nobody\",\"hi\") does not have the arguments `(alloc::string::String, u32)`")]
async fn other_arguments_are_a_clear_failure() {
    let told = Recorder::new();
    let ann = connect(Protocol::Json, &told).await.unwrap();
    ann.say("hi").await.unwrap();
    told.next::<(String, u32)>("Said").await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "asks for: there are 2")]
async fn arguments_that_nobody_asks_for_are_a_clear_failure() {
    let told = Recorder::new();
    let ann = connect(Protocol::Json, &told).await.unwrap();
    ann.say("hi").await.unwrap();
    told.next::<(String,)>("Said").await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "nobody has asked for these calls of the server:\n    Poked()\n    Said(\"nobody\",\"hi\")")]
async fn calls_too_many_are_a_clear_failure() {
    let told = Recorder::new();
    let ann = connect(Protocol::Json, &told).await.unwrap();
    ann.poke().await.unwrap();
    ann.say("hi").await.unwrap();
    settle().await;
    told.assert_none();
}
