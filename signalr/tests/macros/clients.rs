//! What the macros make for clients.

use signalr::{HubConnection, HubConnectionBuilder, HubError, receiver};

/// What the server may call.
#[receiver]
pub(crate) trait Client {
    /// Somebody said something. The client may call back.
    async fn said(&self, connection: HubConnection, user: String, text: String);
    /// Asked of one client.
    async fn confirm(&self, question: String, connection: HubConnection) -> bool;
    /// The client may fail.
    async fn may_fail(&self, _: u32) -> Result<u32, HubError>;
    /// The answer is that it was done.
    async fn save(&self) -> Result<(), std::io::Error>;
    /// Not called any more.
    #[deprecated]
    async fn old(&self, number: u32);
    #[cfg(any())]
    async fn gone(&self, missing: Missing);
    #[cfg(test)]
    async fn there(&self, number: u32) -> u32;
}

struct Console;

impl Client for Console {
    async fn said(&self, connection: HubConnection, user: String, text: String) {
        drop((connection, user, text));
    }

    async fn confirm(&self, question: String, _connection: HubConnection) -> bool {
        question.is_empty()
    }

    async fn may_fail(&self, number: u32) -> Result<u32, HubError> {
        Ok(number)
    }

    async fn save(&self) -> Result<(), std::io::Error> {
        Ok(())
    }

    #[allow(deprecated)]
    async fn old(&self, _number: u32) {}

    async fn there(&self, number: u32) -> u32 {
        number
    }
}

#[test]
fn a_receiver_that_only_the_server_can_use_does_no_harm() {
    /// Not `Deserialize`.
    #[derive(serde::Serialize)]
    pub(crate) struct Written;

    #[receiver]
    pub(crate) trait ServerSide {
        async fn written(&self, value: Written);
    }

    let _: fn(&<dyn ServerSide as signalr::Receiver>::Proxy<signalr::Many>) = |proxy| {
        proxy.written(&Written);
    };
}

#[test]
fn the_servers_proxy_has_no_place_for_a_connection() {
    type Proxy = <dyn Client as signalr::Receiver>::Proxy<signalr::Single>;
    let _: fn(&Proxy) -> signalr::Sent = |proxy| proxy.said("ann", "hi");
    let _: fn(&Proxy) -> signalr::ClientResult<bool> = |proxy| proxy.confirm("sure?");
    let _: fn(&Proxy) -> signalr::ClientResult<()> = |proxy| proxy.save();
}

#[test]
fn handlers_have_many_forms() {
    async fn named(text: String, connection: HubConnection) -> usize {
        drop(connection);
        text.len()
    }

    fn register(builder: HubConnectionBuilder) -> HubConnectionBuilder {
        builder
            .on("Nothing", || ())
            .on("Plain", |number: i64| number + 1)
            .on("Async", async |text: String| -> bool { text.is_empty() })
            .on("Future", |text: String, _: HubConnection| std::future::ready(text))
            .on("Fallible", |text: String| text.parse::<u32>())
            .on("AsyncFallible", async |text: String| {
                text.parse::<u32>()?;
                Ok::<_, HubError>(())
            })
            .on("Named", named)
            .on("Eight", |_: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, last: Option<u8>| last)
    }

    fn remove(connection: &HubConnection) -> bool {
        let registration = connection.on("Named", named);
        registration.remove() && connection.remove("Named")
    }

    let _ = (register as fn(_) -> _, remove as fn(&_) -> _);
}

mod typed {
    use futures_util::stream::{self, BoxStream, Stream, StreamExt};
    use signalr::{
        Call, CancellationToken, Context, HubClient, HubConnection, HubConnectionBuilder, HubError, NoReceiver,
        StreamCall, Upload, hub,
    };
    use std::borrow::Cow;
    use std::pin::Pin;

    pub(crate) struct ChatHub;

    #[hub(receiver = super::Client, client)]
    impl ChatHub {
        const SIZE: usize = 3;

        /// Says something.
        pub(crate) async fn send_message(&self, ctx: Context<Self>, user: String, tags: Vec<String>, note: Option<u8>) {
            drop((ctx, user, tags, note));
        }

        pub(super) fn count(&self) -> std::io::Result<u32> {
            Ok(3)
        }

        #[hub(name = "Latest!")]
        fn latest(&self, [a, b]: [u8; Self::SIZE - 1]) -> &'static str {
            let _ = (a, b);
            "x"
        }

        fn borrowed(&self) -> Vec<Cow<'_, str>> {
            vec![]
        }

        fn counter(&self, to: u32, token: CancellationToken) -> impl Stream<Item = u32> {
            drop(token);
            stream::iter(0..to)
        }

        async fn opened(&self) -> Result<impl Stream<Item = Result<u32, HubError>>, HubError> {
            Ok(stream::iter([Ok(1)]))
        }

        fn boxed(&self) -> BoxStream<'_, String> {
            stream::empty().boxed()
        }

        fn pinned(&self) -> Pin<Box<dyn Stream<Item = u8> + Send>> {
            Box::pin(stream::empty())
        }

        async fn sum(&self, mut numbers: Upload<i64>, start: i64) -> Result<i64, HubError> {
            let mut sum = start;
            while let Some(number) = numbers.next().await {
                sum += number?;
            }
            Ok(sum)
        }

        fn both(&self, numbers: impl Stream<Item = i64> + Send + 'static) -> impl Stream<Item = i64> {
            numbers
        }

        #[deprecated]
        async fn old(&self) {}

        #[cfg(any())]
        async fn gone(&self, missing: Missing) {}

        #[hub(skip)]
        fn skipped() {}
    }

    #[test]
    fn the_client_has_the_hubs_methods() {
        type C = ChatHubClient;
        #[cfg(feature = "client")]
        let _: fn(&'static str) -> HubConnectionBuilder<C> = |url| C::builder(url);
        let _: fn(HubConnectionBuilder<C>) -> C = HubConnectionBuilder::build;
        let _: fn(&C) -> Call<'_, ()> = |chat| chat.send_message("ann", ["a".to_owned()], None);
        let _: fn(&C) -> Call<'_, u32> = C::count;
        let _: fn(&C) -> Call<'_, String> = |chat| chat.latest([1, 2]);
        let _: fn(&C) -> Call<'_, Vec<Cow<'static, str>>> = C::borrowed;
        let _: fn(&C) -> StreamCall<'_, u32> = |chat| chat.counter(3);
        let _: fn(&C) -> StreamCall<'_, u32> = C::opened;
        let _: fn(&C) -> StreamCall<'_, String> = C::boxed;
        let _: fn(&C) -> StreamCall<'_, u8> = C::pinned;
        let _: fn(&C) -> Call<'_, i64> = |chat| chat.sum(stream::iter([1, 2]), 3);
        let _: fn(&C) -> StreamCall<'_, i64> = |chat| chat.both(stream::iter([1, 2]));
        let _: fn(&C) -> &HubConnection = AsRef::as_ref;
        let _: fn(HubConnection) -> C = C::from;
        let _: fn(&C) -> C = Clone::clone;
        ChatHub::skipped();
        let _ = ChatHub;
    }

    pub(crate) struct Store<T>(T);

    #[hub(client = pub)]
    impl<T: serde::Serialize + serde::de::DeserializeOwned + Send + Sync + 'static> Store<T> {
        fn put(&self, value: T) {
            drop(value);
        }

        fn all(&self) -> Vec<T> {
            vec![]
        }
    }

    #[test]
    fn the_client_of_a_generic_hub_is_generic() {
        type C = StoreHubClient<u32>;
        fn no_receiver<C: HubClient<Receiver = NoReceiver>>() {}
        let _: fn(&C) -> Call<'_, ()> = |store| store.put(3);
        let _: fn(&C) -> Call<'_, Vec<u32>> = C::all;
        let _: fn(&C) -> C = Clone::clone;
        no_receiver::<C>();
        let _ = Store(3).0;
    }
}
