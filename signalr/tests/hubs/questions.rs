//! Client results.

use crate::support::{
    Client, Connect, Event, Events, Server, Tell, completion, end, events, failed, failure, invocation, soon,
};
use futures_util::FutureExt;
use serde_json::{Value, json};
use signalr::{ClientResultError, CloseReason, Context, Hub, HubError, HubHandle, hub, receiver};
use std::time::Duration;

#[receiver]
trait Person {
    async fn age(&self, since: String) -> u32;
    async fn nickname(&self) -> Option<String>;
    async fn nod(&self) -> Result<(), HubError>;
}

struct Poll {
    told: Tell<CloseReason>,
}

#[hub(receiver = Person)]
impl Poll {
    fn on_disconnected(&self, reason: CloseReason) {
        let _ = self.told.send(reason);
    }

    fn id(&self, ctx: Context<Self>) -> String {
        ctx.connection_id().to_owned()
    }

    async fn ask(&self, ctx: Context<Self>, id: String) -> Result<u32, HubError> {
        Ok(ctx.clients().client(id).age("birth").await?)
    }

    /// Shows the error whoever it is of.
    async fn try_ask(&self, ctx: Context<Self>, id: String) -> Result<u32, HubError> {
        ctx.clients().client(id).age("birth").await.map_err(HubError::public)
    }
}

struct Room {
    handle: HubHandle<Poll>,
    told: Events<CloseReason>,
    client: Client,
    id: String,
    server: Server,
}

async fn room(protocol: &str) -> Room {
    let (tell, told) = events();
    let hub = Hub::new("Poll", Poll { told: tell });
    let server = Server::of(&hub);
    let mut client = Connect { protocol, ..Connect::default() }.to(&server).await;
    let id = client.result("Id", json!([])).await.as_str().unwrap().to_owned();
    Room { handle: hub.handle(), told, client, id, server }
}

/// What a client answers to the question with this id.
type Answering = fn(&str) -> Value;

/// Receives a question and returns its id.
async fn asked(client: &mut Client, method: &str) -> String {
    let question = client.next().await;
    assert_eq!(question["target"], method, "{question}");
    question["invocationId"].as_str().expect("it wants an answer").to_owned()
}

#[tokio::test]
async fn the_client_answers_with_a_value_or_an_error() {
    for protocol in ["json", "messagepack"] {
        let Room { handle, mut client, id, .. } = room(protocol).await;
        let person = handle.client(&id);
        let answers: [(&str, Answering, Result<u32, ClientResultError>); 4] = [
            ("value", |id| completion(id, 42), Ok(42)),
            ("error", |id| failed(id, "rude"), Err(ClientResultError::Client("rude".into()))),
            ("none", |id| end(id), Err(ClientResultError::NoResult)),
            ("negative", |id| completion(id, -1), Err(ClientResultError::NoResult)),
        ];
        for (name, answer, expected) in answers {
            let age = person.age("birth").into_future();
            let id = asked(&mut client, "Age").await;
            client.send(&answer(&id)).await;
            match soon(age).await {
                Err(ClientResultError::Result { expected, .. }) => assert_eq!((expected, name), ("u32", "negative")),
                age => assert_eq!(age, expected, "{protocol}: {name}"),
            }
        }
        for (answer, expected) in [(completion as fn(&str, Value) -> Value, ()), (|id, _| end(id), ())] {
            let nod = person.nod().into_future();
            let id = asked(&mut client, "Nod").await;
            client.send(&answer(&id, Value::Null)).await;
            assert_eq!(soon(nod).await, Ok(expected));
        }
        for (answer, expected) in [(json!("Bo"), Some("Bo".to_owned())), (Value::Null, None)] {
            let nickname = person.nickname().into_future();
            let id = asked(&mut client, "Nickname").await;
            client.send(&completion(&id, answer)).await;
            assert_eq!(soon(nickname).await, Ok(expected));
        }
    }
}

#[tokio::test]
async fn the_clients_words_are_public_and_other_errors_are_not() {
    let Room { mut client, id, server, .. } = room("json").await;
    let mut asker = Client::connect(&server).await;
    let hidden = failure("Ask");
    let answers: [(Answering, &str); 2] =
        [(|id| failed(id, "rude"), "rude"), (end, "The client answered without a result.")];
    for (answer, error) in answers {
        let call = asker.begin("Ask", json!([id])).await;
        let question = asked(&mut client, "Age").await;
        client.send(&answer(&question)).await;
        assert_eq!(asker.answer(&call).await, Err(format!("{hidden} HubException: {error}")));
    }
    let call = asker.begin("Ask", json!([id])).await;
    let question = asked(&mut client, "Age").await;
    client.send(&completion(&question, "old enough")).await;
    let error = asker.answer(&call).await.unwrap_err();
    assert!(
        error.starts_with(&format!("{hidden} HubException: Error trying to deserialize result to u32.")),
        "{error}"
    );
    assert_eq!(asker.call("Ask", json!(["nobody"])).await, Err(hidden));
    let error = failure("TryAsk") + " HubException: Connection 'nobody' does not exist.";
    assert_eq!(asker.call("TryAsk", json!(["nobody"])).await, Err(error));
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_ignored() {
    let Room { handle, mut client, id, .. } = room("json").await;
    let timeout = Duration::from_millis(20);
    let late = soon(handle.client(&id).age("birth").timeout(timeout).into_future()).await;
    assert_eq!(late, Err(ClientResultError::TimedOut(timeout)));
    let dropped = handle.client(&id).age("birth");
    drop(dropped);
    let mut polled = handle.client(&id).age("birth").into_future();
    assert!((&mut polled).now_or_never().is_none());
    drop(polled);
    let answers = [asked(&mut client, "Age").await, asked(&mut client, "Age").await, asked(&mut client, "Age").await];
    for question in &answers {
        client.send(&completion(question, 1)).await;
        client.send(&failed(question, "twice")).await;
    }
    client.send(&completion("made up", 1)).await;
    // The connection goes on, and answers do not get mixed up.
    let (first, second) = (handle.client(&id).age("1").into_future(), handle.client(&id).age("2").into_future());
    let (one, two) = (asked(&mut client, "Age").await, asked(&mut client, "Age").await);
    client.send(&completion(&two, 2)).await;
    client.send(&completion(&one, 1)).await;
    assert_eq!(soon(second).await, Ok(2));
    assert_eq!(soon(first).await, Ok(1));
}

#[tokio::test]
async fn whoever_waits_learns_that_the_client_has_gone() {
    let Room { handle, mut told, mut client, id, server } = room("json").await;
    let waiting = handle.client(&id).age("birth").into_future();
    let mut asker = Client::connect(&server).await;
    let call = asker.begin("TryAsk", json!([id])).await;
    asked(&mut client, "Age").await;
    asked(&mut client, "Age").await;
    drop(client);
    assert_eq!(soon(waiting).await, Err(ClientResultError::Disconnected(id.clone())));
    let error = format!("{} HubException: Connection '{id}' disconnected.", failure("TryAsk"));
    assert_eq!(asker.answer(&call).await, Err(error));
    assert!(matches!(told.next().await, CloseReason::TransportLost(_)));
    assert_eq!(soon(handle.client(&id).nod().into_future()).await, Err(ClientResultError::NotConnected(id)));
    // A caller that leaves while it is asked ends its own call as well.
    let own = asker.result("Id", json!([])).await;
    asker.send(&invocation("own", "Ask", json!([own]))).await;
    asked(&mut asker, "Age").await;
    asker.socket.close(None).await.unwrap();
    assert_eq!(asker.event().await, Event::Closed(1000));
    assert_eq!(told.next().await, CloseReason::ClientClosed);
}

#[tokio::test]
async fn nobody_can_answer_for_another() {
    let Room { handle, mut told, mut client, id, server } = room("json").await;
    let mut other = Client::connect(&server).await;
    let mut waiting = handle.client(&id).age("birth").into_future();
    let question = asked(&mut client, "Age").await;
    other.send(&completion(&question, 666)).await;
    let close = other.closed().await;
    assert_eq!(close["error"], "Connection closed with an error.");
    assert!(matches!(told.next().await, CloseReason::ProtocolError(_)));
    assert!((&mut waiting).now_or_never().is_none());
    client.send(&completion(&question, 42)).await;
    assert_eq!(soon(waiting).await, Ok(42));
}
