//! The hub that shows every feature under a fixed name.

use crate::everything::Everything;
use async_stream::stream;
use futures_util::{Stream, StreamExt};
use signalr::protocol::Binary;
use signalr::{Caller, CancellationToken, CloseReason, Context, HubError, Upload, Value, hub, receiver};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::sleep;

/// What the conformance hub calls on its clients.
#[receiver]
pub(crate) trait ConformanceClient {
    /// A message of any of the addressing methods.
    async fn receive(&self, text: String);
    /// One of many messages, in order.
    async fn numbered(&self, number: u32);
    /// Another client's connection has ended.
    async fn gone(&self, connection_id: String, reason: Option<String>);
    /// An endless stream was cancelled.
    async fn stream_canceled(&self);
    /// A question that the client answers.
    async fn answer(&self, question: String) -> String;
}

/// Named as the error that the reference server throws.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct InvalidOperationException(pub(crate) String);

/// The items that a connection keeps by name.
type NamedItems = HashMap<String, String>;

/// The policy of what only the user `admin` may call.
fn admin(caller: &Caller) -> bool {
    caller.user_id() == Some("admin")
}

/// Has no state of its own; what it keeps lives with the connections.
pub(crate) struct ConformanceHub;

#[hub(receiver = ConformanceClient)]
impl ConformanceHub {
    async fn on_connected(&self, ctx: Context<Self>) -> Result<(), HubError> {
        if ctx.query("refuse").is_some() {
            return Err(HubError::public("refused"));
        }
        if let Some(group) = ctx.query("group") {
            ctx.join(group)?.await?;
        }
        if ctx.query("watch").is_some() {
            ctx.join("watchers")?;
        }
        if let Some(name) = ctx.query("greet") {
            ctx.clients().caller().receive(format!("hello {name}")).await;
        }
        Ok(())
    }

    async fn on_disconnected(&self, ctx: Context<Self>, reason: CloseReason) {
        let reason = (!reason.is_normal()).then(|| reason.name().to_owned());
        ctx.clients().group("watchers").gone(ctx.connection_id(), reason).await;
    }

    // ---- values ----

    fn echo(&self, text: String) -> String {
        text
    }

    fn echo_null(&self, text: Option<String>) -> Option<String> {
        text
    }

    fn echo_bytes(&self, bytes: Binary) -> Binary {
        bytes
    }

    fn echo_everything(&self, value: Everything) -> Everything {
        value
    }

    fn make_everything(&self) -> Result<Everything, HubError> {
        Ok(Everything::make()?)
    }

    fn add(&self, a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }

    fn divide(&self, a: f64, b: f64) -> f64 {
        a / b
    }

    fn do_nothing(&self) {}

    fn large_result(&self, length: usize) -> String {
        "x".repeat(length)
    }

    #[hub(name = "renamed-method")]
    fn has_another_name(&self) -> &'static str {
        "renamed"
    }

    // ---- time ----

    async fn slow(&self, milliseconds: u64) -> String {
        sleep(Duration::from_millis(milliseconds)).await;
        format!("slept {milliseconds}")
    }

    async fn slow_cancellable(&self, ctx: Context<Self>, milliseconds: u64, token: CancellationToken) -> String {
        tokio::select! {
            () = sleep(Duration::from_millis(milliseconds)) => format!("slept {milliseconds}"),
            () = token.cancelled() => {
                ctx.clients().caller().receive("cancelled").await;
                "cancelled".to_owned()
            }
        }
    }

    // ---- errors ----

    fn throw(&self, text: String) -> Result<(), HubError> {
        Err(InvalidOperationException(text))?
    }

    fn throw_hub_exception(&self, text: String) -> Result<(), HubError> {
        Err(HubError::public(text))
    }

    fn throw_with_info(&self, text: String, code: String, data: Value) -> Result<(), HubError> {
        Err(HubError::public(text).code(code).data(data))
    }

    fn counter_throws_with_info(&self, count: i32, code: String) -> impl Stream<Item = Result<i32, HubError>> {
        let items = (0..count).map(Ok).collect::<Vec<_>>();
        let end = Err(HubError::public("stream failed").code(code));
        futures_util::stream::iter(items).chain(futures_util::stream::iter([end]))
    }

    // ---- policies ----

    #[hub(authorize = admin)]
    fn admin_only(&self) -> &'static str {
        "secret"
    }

    // ---- the caller ----

    fn abort(&self, ctx: Context<Self>) {
        ctx.abort();
    }

    fn get_connection_id(&self, ctx: Context<Self>) -> String {
        ctx.connection_id().to_owned()
    }

    fn get_user_identifier(&self, ctx: Context<Self>) -> Option<String> {
        ctx.user_id().map(Into::into)
    }

    fn get_transport(&self, ctx: Context<Self>) -> &'static str {
        ctx.transport().name()
    }

    fn get_query(&self, ctx: Context<Self>, name: String) -> Option<String> {
        ctx.query(&name).map(Into::into)
    }

    fn get_header(&self, ctx: Context<Self>, name: String) -> Option<String> {
        ctx.header(&name).map(Into::into)
    }

    fn set_item(&self, ctx: Context<Self>, key: String, value: String) {
        ctx.items().with(|items: &mut NamedItems| items.insert(key, value));
    }

    fn get_item(&self, ctx: Context<Self>, key: String) -> Option<String> {
        ctx.items().with(|items: &mut NamedItems| items.get(&key).cloned())
    }

    // ---- addressing ----

    async fn send_to_caller(&self, ctx: Context<Self>, message: String) {
        ctx.clients().caller().receive(message).await;
    }

    async fn send_to_others(&self, ctx: Context<Self>, message: String) -> Result<(), HubError> {
        ctx.clients().others().receive(message).await.into_result()?;
        Ok(())
    }

    async fn send_to_all(&self, ctx: Context<Self>, message: String) -> Result<(), HubError> {
        ctx.clients().all().receive(message).await.into_result()?;
        Ok(())
    }

    async fn send_to_all_except(&self, ctx: Context<Self>, ids: Vec<String>, message: String) -> Result<(), HubError> {
        ctx.clients().all_except(ids).receive(message).await.into_result()?;
        Ok(())
    }

    async fn send_to_client(&self, ctx: Context<Self>, id: String, message: String) -> Result<(), HubError> {
        ctx.clients().client(id).receive(message).await.into_result()?;
        Ok(())
    }

    async fn send_to_clients(&self, ctx: Context<Self>, ids: Vec<String>, message: String) -> Result<(), HubError> {
        ctx.clients().clients(ids).receive(message).await.into_result()?;
        Ok(())
    }

    async fn join_group(&self, ctx: Context<Self>, group: String) -> Result<(), HubError> {
        ctx.join(group)?.await?;
        Ok(())
    }

    fn leave_group(&self, ctx: Context<Self>, group: String) {
        ctx.leave(group);
    }

    async fn add_to_group(&self, ctx: Context<Self>, id: String, group: String) -> Result<(), HubError> {
        ctx.groups().add(id, group)?.await?;
        Ok(())
    }

    async fn send_to_group(&self, ctx: Context<Self>, group: String, message: String) -> Result<(), HubError> {
        ctx.clients().group(group).receive(message).await.into_result()?;
        Ok(())
    }

    async fn send_to_group_except(
        &self,
        ctx: Context<Self>,
        group: String,
        ids: Vec<String>,
        message: String,
    ) -> Result<(), HubError> {
        ctx.clients().group_except(group, ids).receive(message).await.into_result()?;
        Ok(())
    }

    async fn send_to_groups(&self, ctx: Context<Self>, groups: Vec<String>, message: String) -> Result<(), HubError> {
        ctx.clients().groups(groups).receive(message).await.into_result()?;
        Ok(())
    }

    async fn send_to_others_in_group(
        &self,
        ctx: Context<Self>,
        group: String,
        message: String,
    ) -> Result<(), HubError> {
        ctx.clients().others_in_group(group).receive(message).await.into_result()?;
        Ok(())
    }

    async fn send_to_user(&self, ctx: Context<Self>, user: String, message: String) -> Result<(), HubError> {
        ctx.clients().user(user).receive(message).await.into_result()?;
        Ok(())
    }

    async fn send_to_users(&self, ctx: Context<Self>, users: Vec<String>, message: String) -> Result<(), HubError> {
        ctx.clients().users(users).receive(message).await.into_result()?;
        Ok(())
    }

    async fn ask_client(&self, ctx: Context<Self>, id: String, question: String) -> Result<String, HubError> {
        Ok(ctx.clients().client(id).answer(question).await?)
    }

    async fn send_many(&self, ctx: Context<Self>, count: u32) {
        let caller = ctx.clients().caller();
        for number in 0..count {
            caller.numbered(number).await;
        }
    }

    // ---- streams ----

    fn counter(&self, count: i32, delay_ms: u64) -> impl Stream<Item = i32> {
        stream! {
            for number in 0..count {
                yield number;
                if delay_ms > 0 {
                    sleep(Duration::from_millis(delay_ms)).await;
                }
            }
        }
    }

    fn counter_throws(&self, count: i32) -> impl Stream<Item = Result<i32, HubError>> {
        stream! {
            for number in 0..count {
                yield Ok(number);
            }
            yield Err(HubError::public("stream failed"));
        }
    }

    fn stream_throws_at_once(&self) -> Result<impl Stream<Item = i32> + use<>, HubError> {
        Err::<futures_util::stream::Empty<i32>, _>(HubError::public("no stream"))
    }

    fn empty_stream(&self) -> impl Stream<Item = i32> {
        futures_util::stream::empty()
    }

    fn infinite(&self, ctx: Context<Self>) -> impl Stream<Item = &'static str> {
        /// Tells the caller when the stream is dropped, which is what a cancellation does.
        struct TellOnDrop(Context<ConformanceHub>);
        impl Drop for TellOnDrop {
            fn drop(&mut self) {
                self.0.clients().caller().stream_canceled();
            }
        }
        stream! {
            let _tell = TellOnDrop(ctx);
            loop {
                yield "tick";
                sleep(Duration::from_millis(10)).await;
            }
        }
    }

    async fn sum(&self, mut numbers: Upload<i32>) -> Result<i32, HubError> {
        let mut total = 0i32;
        while let Some(number) = numbers.next().await {
            total = total.wrapping_add(number?);
        }
        Ok(total)
    }

    async fn concat(&self, mut texts: Upload<String>) -> Result<String, HubError> {
        let mut whole = String::new();
        while let Some(text) = texts.next().await {
            whole.push_str(&text?);
        }
        Ok(whole)
    }

    async fn two_streams(
        &self,
        mut first: Upload<i32>,
        label: String,
        mut second: Upload<i32>,
    ) -> Result<String, HubError> {
        let (mut x, mut y) = (0i32, 0i32);
        while let Some(number) = first.next().await {
            x = x.wrapping_add(number?);
        }
        while let Some(number) = second.next().await {
            y = y.wrapping_add(number?);
        }
        Ok(format!("{label}:{x}:{y}"))
    }

    fn upper(&self, texts: Upload<String>) -> impl Stream<Item = Result<String, HubError>> {
        texts.map(|text| Ok(text?.to_uppercase()))
    }
}
