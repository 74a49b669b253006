//! The hub that Microsoft's functional tests for the TypeScript client call.

use crate::conformance_hub::InvalidOperationException;
use async_stream::stream;
use futures_util::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use signalr::dotnet::{DateTime, Guid};
use signalr::protocol::Binary;
use signalr::{Context, HubError, Upload, hub, receiver};

/// What the test hub calls on its clients.
#[receiver]
pub(crate) trait TestClient {
    /// The text of `InvokeWithString`.
    async fn message(&self, text: String);
    /// The object of `SendCustomObject`.
    async fn custom_object(&self, object: CustomObject);
    /// The endless stream was cancelled.
    async fn stream_canceled(&self);
    /// A number that the client makes up.
    async fn result(&self) -> i32;
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CustomObject {
    name: Option<String>,
    value: i32,
}

/// A value with members that are not the same in JSON and in MessagePack.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ComplexObject {
    byte_array: Binary,
    date_time: DateTime,
    guid: Guid,
    int_array: Vec<i32>,
    string: String,
}

/// Has no state.
pub(crate) struct TestHub;

#[hub(receiver = TestClient)]
impl TestHub {
    fn echo(&self, text: String) -> String {
        text
    }

    fn get_caller_connection_id(&self, ctx: Context<Self>) -> String {
        ctx.connection_id().to_owned()
    }

    fn get_num_redirects(&self, ctx: Context<Self>) -> Option<String> {
        ctx.query("numRedirects").map(Into::into)
    }

    fn throw_exception(&self, message: String) -> Result<(), HubError> {
        Err(InvalidOperationException(message))?
    }

    async fn invoke_with_string(&self, ctx: Context<Self>, message: String) {
        ctx.clients().caller().message(message).await;
    }

    async fn send_custom_object(&self, ctx: Context<Self>, object: CustomObject) {
        ctx.clients().caller().custom_object(object).await;
    }

    fn echo_complex_object(&self, object: ComplexObject) -> ComplexObject {
        object
    }

    fn send_complex_object(&self) -> Result<ComplexObject, HubError> {
        Ok(ComplexObject {
            byte_array: Binary::from([1, 2, 3]),
            date_time: "2000-01-01T00:00:00Z".parse()?,
            guid: "00010203-0405-0607-0706-050403020100".parse()?,
            int_array: vec![1, 2, 3],
            string: "hello world".to_owned(),
        })
    }

    // ---- streams ----

    fn stream(&self) -> impl Stream<Item = &'static str> {
        futures_util::stream::iter(["a", "b", "c"])
    }

    fn empty_stream(&self) -> impl Stream<Item = i32> {
        futures_util::stream::empty()
    }

    fn infinite_stream(&self, ctx: Context<Self>) -> impl Stream<Item = i32> {
        /// Tells the caller when the stream is dropped, which is what a cancellation does.
        struct TellOnDrop(Context<TestHub>);
        impl Drop for TellOnDrop {
            fn drop(&mut self) {
                self.0.clients().caller().stream_canceled();
            }
        }
        stream! {
            let _tell = TellOnDrop(ctx);
            yield std::future::pending().await;
        }
    }

    fn stream_throw_exception(&self, message: String) -> Result<impl Stream<Item = i32> + use<>, HubError> {
        Err::<futures_util::stream::Empty<i32>, _>(HubError::from(InvalidOperationException(message)))
    }

    async fn streaming_concat(&self, mut texts: Upload<String>) -> Result<String, HubError> {
        let mut whole = String::new();
        while let Some(text) = texts.next().await {
            whole.push_str(&text?);
        }
        Ok(whole)
    }

    // ---- the caller ----

    fn get_active_transport_name(&self, ctx: Context<Self>) -> &'static str {
        ctx.transport().name()
    }

    fn get_content_type_header(&self, ctx: Context<Self>) -> Option<String> {
        ctx.header("Content-Type").map(Into::into)
    }

    fn get_header(&self, ctx: Context<Self>, name: String) -> Option<String> {
        ctx.header(&name).map(Into::into)
    }

    fn get_cookie(&self, ctx: Context<Self>, name: String) -> Option<String> {
        let cookies = ctx.header("Cookie")?.split(';').filter_map(|cookie| cookie.trim().split_once('='));
        cookies.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    }
}

/// For callers with a token only.
pub(crate) struct AuthorizedHub;

#[hub]
impl AuthorizedHub {
    fn echo(&self, text: String) -> String {
        text
    }
}

/// A hub whose value cannot be made.
pub(crate) struct UncreatableHub;

#[hub]
impl UncreatableHub {}
