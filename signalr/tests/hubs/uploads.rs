//! Streams from clients.

use crate::support::{
    Client, Connect, Server, Tell, TellOnDrop, end, events, failed, failure, invocation, item, streaming, with_uploads,
};
use futures_util::{Stream, StreamExt};
use serde_json::{Value, json};
use signalr::{Hub, HubError, HubOptions, Limits, Upload, UploadError, hub};

struct Sums {
    told: Tell<String>,
}

#[hub]
impl Sums {
    fn echo(&self, text: String) -> String {
        text
    }

    async fn sum(&self, mut numbers: Upload<i64>) -> Result<i64, HubError> {
        let mut sum = 0;
        while let Some(number) = numbers.next().await {
            sum += number?;
        }
        Ok(sum)
    }

    async fn three(&self, a: Upload<i64>, label: String, b: Upload<String>, c: Upload<Vec<bool>>, last: u8) -> Value {
        async fn all<T>(upload: Upload<T>) -> Vec<T>
        where
            Upload<T>: Stream<Item = Result<T, UploadError>>,
        {
            upload.map(Result::unwrap).collect().await
        }
        json!([label, last, all(c).await, all(a).await, all(b).await])
    }

    /// Says how its upload ended, and that it ends once.
    async fn how(&self, mut numbers: Upload<u8>) -> String {
        let mut seen = Vec::new();
        while let Some(number) = numbers.next().await {
            seen.push(number.map_or_else(|error| format!("{error:?}"), |number| number.to_string()));
        }
        assert!(numbers.next().await.is_none());
        let text = seen.join(", ");
        let _ = self.told.send(text.clone());
        text
    }

    async fn plain(&self, numbers: impl Stream<Item = u8> + Send) -> String {
        let _told = TellOnDrop(self.told.clone(), "plain dropped".to_owned());
        let sum = numbers.fold(0, |sum, number| async move { sum + u32::from(number) }).await;
        let _ = self.told.send(format!("plain {sum}"));
        sum.to_string()
    }

    #[hub(spawn)]
    async fn plain_spawned(&self, numbers: impl Stream<Item = u8> + Send) -> u32 {
        numbers.fold(0, |sum, number| async move { sum + u32::from(number) }).await
    }

    fn doubled(&self, numbers: impl Stream<Item = u8> + Send) -> impl Stream<Item = u8> {
        numbers.map(|number| number * 2)
    }

    /// Takes one and leaves.
    async fn first(&self, mut numbers: Upload<u8>) -> Result<u8, HubError> {
        numbers.next().await.ok_or(HubError::public("nothing"))?.map_err(HubError::from)
    }

    /// The upload is read by a stream, behind which it ends.
    fn upper(&self, texts: Upload<String>) -> impl Stream<Item = Result<String, HubError>> {
        texts.map(|text| Ok(text?.to_uppercase()))
    }

    async fn nothing(&self, numbers: Upload<u8>) -> &'static str {
        drop(numbers);
        "dropped"
    }
}

fn serve() -> (Server, crate::support::Events<String>) {
    let (told, tells) = events();
    (Server::of(&Hub::new("Sums", Sums { told })), tells)
}

#[tokio::test]
async fn several_uploads_of_one_call_are_told_apart() {
    let (server, _) = serve();
    for protocol in ["json", "messagepack"] {
        let mut client = Connect { protocol, ..Connect::default() }.to(&server).await;
        client
            .send_all(&[
                with_uploads("1", "Three", json!(["label", 9]), &["x", "y", "z"]),
                item("y", "text"),
                item("x", 1),
                item("z", json!([true, false])),
                item("x", 2),
                item("unknown", 3),
                end("x"),
                item("y", "more"),
                end("y"),
                end("z"),
            ])
            .await;
        let expected = json!(["label", 9, [[true, false]], [1, 2], ["text", "more"]]);
        assert_eq!(client.answer("1").await, Ok(expected), "{protocol}");
    }
}

#[tokio::test]
async fn an_upload_that_fails_never_looks_like_one_that_ended() {
    let (server, mut told) = serve();
    let mut client = Client::connect(&server).await;
    let call = |id: &str| with_uploads(id, "How", json!([]), &["s"]);
    client.send_all(&[call("1"), item("s", 1), failed("s", "out of paper"), item("s", 2)]).await;
    assert_eq!(client.answer("1").await, Ok(json!("1, Client(\"out of paper\")")));
    // The wrong type ends it as well; what comes behind is ignored.
    client.send_all(&[call("2"), item("s", 1), item("s", "two"), item("s", 3), end("s")]).await;
    let text = client.answer("2").await.unwrap();
    assert!(text.as_str().unwrap().starts_with("1, Item("), "{text}");
    assert!(!text.as_str().unwrap().contains('3'), "{text}");
    // The id is used again.
    client.send_all(&[call("3"), item("s", 1), call("4"), item("s", 2), end("s")]).await;
    assert_eq!(client.answer("3").await, Ok(json!("1, Replaced")));
    assert_eq!(client.answer("4").await, Ok(json!("2")));
    client.send_all(&[call("5"), item("s", 1), item("s", 2)]).await;
    for _ in 0..4 {
        told.next().await;
    }
    drop(client);
    assert_eq!(told.next().await, "1, 2, ConnectionClosed");
}

#[tokio::test]
async fn the_question_mark_makes_the_clients_own_words_the_error_of_the_call() {
    let (server, _) = serve();
    let mut client = Client::connect(&server).await;
    client.send_all(&[with_uploads("1", "Sum", json!([]), &["s"]), item("s", 1), failed("s", "out of paper")]).await;
    assert_eq!(client.answer("1").await, Err(failure("Sum") + " HubException: out of paper"));
    client.send_all(&[with_uploads("2", "Sum", json!([]), &["s"]), item("s", "one")]).await;
    assert_eq!(client.answer("2").await, Err(failure("Sum") + " HubException: Failed to bind Stream message."));
    client.send_all(&[with_uploads("3", "Sum", json!([]), &["s"]), item("s", -1), item("s", 3), end("s")]).await;
    assert_eq!(client.answer("3").await, Ok(json!(2)));
}

#[tokio::test]
async fn a_plain_stream_parameter_fails_the_call_itself() {
    let (server, mut told) = serve();
    let mut client = Client::connect(&server).await;
    let plain = |id: &str| with_uploads(id, "Plain", json!([]), &["s"]);
    client.send_all(&[plain("1"), item("s", 1), item("s", 2), end("s")]).await;
    assert_eq!(client.answer("1").await, Ok(json!("3")));
    assert_eq!(told.next().await, "plain 3");
    assert_eq!(told.next().await, "plain dropped");
    client.send_all(&[plain("2"), item("s", 1), failed("s", "out of paper")]).await;
    assert_eq!(client.answer("2").await, Err(failure("Plain") + " HubException: out of paper"));
    assert_eq!(told.next().await, "plain dropped", "it never saw an end");
    client.send_all(&[plain("3"), item("s", 1), item("s", 256)]).await;
    assert_eq!(client.answer("3").await, Err(failure("Plain") + " HubException: Failed to bind Stream message."));
    assert_eq!(told.next().await, "plain dropped");
    let spawned = with_uploads("4", "PlainSpawned", json!([]), &["s"]);
    client.send_all(&[spawned, item("s", 1), failed("s", "out of ink")]).await;
    assert_eq!(client.answer("4").await, Err(failure("PlainSpawned") + " HubException: out of ink"));
    client.send_all(&[plain("5"), item("s", 1)]).await;
    drop(client);
    assert_eq!(told.next().await, "plain dropped", "a lost connection is no end of the stream either");
}

#[tokio::test]
async fn uploads_can_feed_the_stream_that_answers() {
    let (server, _) = serve();
    let mut client = Client::connect(&server).await;
    let call = |id: &str, method: &str| {
        let mut message = streaming(id, method, json!([]));
        message["streamIds"] = json!(["s"]);
        message
    };
    client.send_all(&[call("1", "Upper"), item("s", "a")]).await;
    assert_eq!(client.next().await, item("1", "A"), "it does not wait for the end");
    client.send_all(&[item("s", "b"), end("s")]).await;
    assert_eq!(client.next().await, item("1", "B"));
    assert_eq!(client.next().await, end("1"));
    client.send_all(&[call("2", "Upper"), failed("s", "out of paper")]).await;
    let error = "An error occurred on the server while streaming results. HubException: out of paper";
    assert_eq!(client.answer("2").await, Err(error.to_owned()));
    client.send_all(&[call("3", "Doubled"), item("s", 2), end("s")]).await;
    assert_eq!(client.next().await, item("3", 4));
    assert_eq!(client.next().await, end("3"));
    client.send_all(&[call("4", "Doubled"), item("s", 3), failed("s", "out of paper")]).await;
    assert_eq!(client.next().await, item("4", 6));
    assert!(client.answer("4").await.is_err_and(|error| error.ends_with("HubException: out of paper")));
}

#[tokio::test]
async fn what_a_method_does_not_read_is_ignored() {
    let (server, _) = serve();
    let mut client = Client::connect(&server).await;
    for method in ["First", "Nothing"] {
        client.send_all(&[with_uploads("1", method, json!([]), &["s"]), item("s", 7)]).await;
        let expected = if method == "First" { json!(7) } else { json!("dropped") };
        assert_eq!(client.answer("1").await, Ok(expected));
        client.send_all(&[item("s", 8), failed("s", "whatever"), item("s", 9), end("s")]).await;
        client.send(&invocation("e", "Echo", json!([method]))).await;
        assert_eq!(client.answer("e").await, Ok(json!(method)));
    }
    // Nor do the abandoned ones count against the number of streams.
    for n in 0..300 {
        let id = n.to_string();
        client.send(&with_uploads(&id, "Nothing", json!([]), &[&id])).await;
        assert_eq!(client.answer(&id).await, Ok(json!("dropped")));
    }
}

#[tokio::test]
async fn more_uploads_than_the_limit_are_refused() {
    let (told, _tells) = events();
    let hub = Hub::new("Sums", Sums { told });
    let server = Server::with(&hub, HubOptions::default().limits(Limits::default().maximum_streams(2)));
    let mut client = Client::connect(&server).await;
    client.send(&with_uploads("1", "Sum", json!([]), &["a"])).await;
    client.send(&with_uploads("2", "Sum", json!([]), &["b"])).await;
    client.send_all(&[with_uploads("3", "Sum", json!([]), &["c"]), item("c", 1), end("c")]).await;
    assert_eq!(client.answer("3").await, Err("A connection may have 2 streams open at once.".to_owned()));
    client.send_all(&[item("a", 1), end("a")]).await;
    assert_eq!(client.answer("1").await, Ok(json!(1)));
    client.send_all(&[with_uploads("4", "Sum", json!([]), &["d"]), end("d")]).await;
    assert_eq!(client.answer("4").await, Ok(json!(0)));
}
