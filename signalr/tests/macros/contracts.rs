//! Contracts, the hubs that fulfil them, and their clients.

use futures_util::stream::{self, Stream, StreamExt};
use signalr::{Call, Context, FromInvocation, HubClient, HubError, HubMethods, Invocation, Method, StreamCall, Upload};

pub(crate) mod shared {
    use futures_util::Stream;
    use signalr::{Upload, hub, receiver};

    #[receiver]
    pub(crate) trait ChatClient {
        async fn said(&self, text: String);
    }

    /// What a chat can do.
    #[hub(receiver = ChatClient, rename_all = "camelCase")]
    pub(crate) trait Chat {
        /// Says something.
        async fn send_message(&self, user: String, text: String);
        fn counter(&self, count: u32) -> impl Stream<Item = u32>;
        async fn sum(&self, numbers: impl Stream<Item = i64>) -> i64;
        #[hub(name = "Join!")]
        async fn join(&self, texts: Upload<String>, between: Option<String>) -> Result<String, ()>;
        #[cfg(any())]
        fn gone(&self, missing: Missing);
    }
}

use shared::Chat;

struct ChatHub;

struct Name;

impl<H: HubMethods> FromInvocation<H> for Name {
    fn from_invocation(_: &mut Invocation<'_, H>) -> Result<Self, HubError> {
        Ok(Name)
    }
}

#[signalr::hub(contract = Chat)]
impl ChatHub {
    fn send_message(&self, user: String, ctx: Context<Self>, text: String, #[inject] _name: Name) {
        let _ = user;
        ctx.clients().all().said(text);
    }

    async fn counter(&self, count: u32) -> Result<impl Stream<Item = Result<u32, HubError>>, HubError> {
        Ok(stream::iter(0..count).map(Ok))
    }

    async fn sum(&self, mut numbers: Upload<i64>) -> Result<i64, HubError> {
        let mut sum = 0;
        while let Some(number) = numbers.next().await {
            sum += number?;
        }
        Ok(sum)
    }

    async fn join(&self, texts: impl Stream<Item = String> + Send + 'static, between: Option<String>) -> String {
        texts.collect::<Vec<_>>().await.join(&between.unwrap_or_default())
    }

    async fn on_connected(&self) {}
}

#[test]
fn a_hub_has_the_names_and_the_receiver_of_its_contract() {
    fn receiver<H: HubMethods<Receiver = dyn shared::ChatClient>>(_: H) {}

    let names: Vec<_> = ChatHub::METHODS.iter().map(Method::name).collect();
    assert_eq!(names, ["sendMessage", "counter", "sum", "Join!"]);
    receiver(ChatHub);
}

#[test]
fn a_contract_has_a_client() {
    type C = shared::ChatHubClient;
    fn receiver<C: HubClient<Receiver = dyn shared::ChatClient>>() {}

    let _: fn(&C) -> Call<'_, ()> = |chat| chat.send_message("ann", "hi");
    let _: fn(&C) -> StreamCall<'_, u32> = |chat| chat.counter(3);
    let _: fn(&C) -> Call<'_, i64> = |chat| chat.sum(stream::iter([1, 2]));
    let _: fn(&C) -> Call<'_, String> = |chat| chat.join(stream::iter(["a".to_owned()]), None);
    receiver::<C>();
}
