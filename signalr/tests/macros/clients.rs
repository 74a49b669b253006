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
    #[cfg(all())]
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
        fn skipped(&self) {}
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
        ChatHub.skipped();
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
        let _: fn(&C) -> Call<'_, ()> = |store| store.put(3);
        let _: fn(&C) -> Call<'_, Vec<u32>> = C::all;
        let _: fn(&C) -> C = Clone::clone;
        fn no_receiver<C: HubClient<Receiver = NoReceiver>>() {}
        no_receiver::<C>();
        let _ = Store(3).0;
    }
}

mod contracts {
    use futures_util::stream::{self, Stream, StreamExt};
    use signalr::{
        Call, Context, FromInvocation, HubClient, HubError, HubMethods, Invocation, Method, StreamCall, Upload,
    };

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
        let names: Vec<_> = ChatHub::METHODS.iter().map(Method::name).collect();
        assert_eq!(names, ["sendMessage", "counter", "sum", "Join!"]);
        fn receiver<H: HubMethods<Receiver = dyn shared::ChatClient>>(_: H) {}
        receiver(ChatHub);
    }

    #[test]
    fn a_contract_has_a_client() {
        type C = shared::ChatHubClient;
        let _: fn(&C) -> Call<'_, ()> = |chat| chat.send_message("ann", "hi");
        let _: fn(&C) -> StreamCall<'_, u32> = |chat| chat.counter(3);
        let _: fn(&C) -> Call<'_, i64> = |chat| chat.sum(stream::iter([1, 2]));
        let _: fn(&C) -> Call<'_, String> = |chat| chat.join(stream::iter(["a".to_owned()]), None);
        fn receiver<C: HubClient<Receiver = dyn shared::ChatClient>>() {}
        receiver::<C>();
    }
}

/// Nothing is in scope, and what usually is means something else.
mod bare {
    #![no_implicit_prelude]

    /// Names that generated code would use without a path, were it careless.
    #[allow(dead_code)]
    mod taken {
        pub(super) struct Ok;
        pub(super) struct Err;
        pub(super) struct Some;
        pub(super) struct None;
        pub(super) struct Option;
        pub(super) struct Result;
        pub(super) struct Box;
        pub(super) struct String;
        pub(super) struct Vec;
        pub(super) struct Arc;
        pub(super) struct PhantomData;
        pub(super) struct Call;
        pub(super) struct StreamCall;
        pub(super) struct Handlers;
        pub(super) struct Upload;
        pub(super) trait Stream {}
        pub(super) trait Send {}
        pub(super) trait Sync {}
        pub(super) trait Sized {}
        pub(super) trait Clone {}
        pub(super) trait From {}
        pub(super) trait Into {}
        pub(super) trait AsRef {}
        pub(super) trait Contract {}
    }

    #[allow(unused_imports)]
    use taken::*;

    /// What the server may call.
    #[::signalr::receiver]
    pub(crate) trait Told {
        /// Says something.
        async fn say(&self, text: ::std::string::String, connection: ::signalr::HubConnection);
        /// Asks something.
        async fn ask(&self) -> ::std::result::Result<bool, ::signalr::HubError>;
    }

    pub(crate) struct Plain<T>(pub(crate) T);

    #[::signalr::hub(receiver = Told, client = pub(crate))]
    impl<T: ::std::marker::Send + ::std::marker::Sync + 'static> Plain<T> {
        fn add(&self, a: i32, b: ::std::option::Option<i32>) -> &'static str {
            let _ = (a, b, &self.0);
            "x"
        }

        fn numbers(
            &self,
            upload: ::signalr::Upload<u8>,
            other: impl ::futures_util::Stream<Item = u8> + ::std::marker::Send + 'static,
        ) -> impl ::futures_util::Stream<Item = u32> {
            let _ = (upload, other);
            ::futures_util::stream::iter([1, 2])
        }
    }

    /// What hub and client agree on.
    #[::signalr::hub(receiver = Told)]
    pub(crate) trait Agreed {
        /// Adds.
        fn add(&self, a: i32, b: ::std::option::Option<i32>) -> i32;
        /// Counts.
        fn numbers(&self, of: impl ::futures_util::Stream<Item = u8>) -> impl ::futures_util::Stream<Item = u32>;
    }

    pub(crate) struct Hub;

    #[::signalr::hub(contract = Agreed)]
    impl Hub {
        fn add(&self, a: i32, b: ::std::option::Option<i32>) -> i32 {
            a + b.unwrap_or(0)
        }

        fn numbers(&self, of: ::signalr::Upload<u8>) -> impl ::futures_util::Stream<Item = u32> {
            let _ = of;
            ::futures_util::stream::iter([1, 2])
        }
    }
}

/// The crate under another name.
mod renamed {
    use signalr as realtime;

    #[realtime::receiver(crate = realtime)]
    pub(crate) trait Told {
        async fn say_it(&self, text: String) -> u32;
    }

    #[realtime::hub(receiver = Told, crate = realtime)]
    pub(crate) trait Agreed {
        async fn say(&self, text: String) -> Result<u32, std::fmt::Error>;
    }

    pub(crate) struct Hub;

    #[realtime::hub(contract = Agreed, crate = realtime)]
    impl Hub {
        fn say(&self, ctx: realtime::Context<Self>, text: String) -> u32 {
            drop((ctx, text));
            3
        }
    }

    pub(crate) struct Other;

    #[realtime::hub(client = pub(super), crate = realtime)]
    impl Other {
        fn say(&self, text: String) {
            drop(text);
        }
    }
}

macro_rules! make_client {
    ($contract:ident, $hub:ident, $($method:ident($argument:ident: $type:ty) -> $result:ty => $body:expr;)*) => {
        #[signalr::hub]
        pub(crate) trait $contract {
            $(fn $method(&self, $argument: $type) -> $result;)*
        }

        pub(crate) struct $hub;

        #[signalr::hub(contract = $contract)]
        impl $hub {
            $(fn $method(&self, $argument: $type) -> $result { $body })*
        }
    };
}

mod made {
    make_client! {
        Agreed, Hub,
        invoke(connection: u32) -> u32 => connection + 1;
        r#match(r#type: Option<String>) -> Vec<String> => r#type.into_iter().collect();
    }
}

#[test]
fn names_in_scope_do_not_matter() {
    let _ = (bare::Hub, bare::Plain(3), renamed::Hub, renamed::Other, made::Hub);
    let names: Vec<_> = <made::Hub as signalr::HubMethods>::METHODS.iter().map(signalr::Method::name).collect();
    assert_eq!(names, ["Invoke", "Match"]);
    let _: fn(&bare::PlainHubClient<u8>) -> signalr::Call<'_, String> = |client| client.add(1, None);
    let _: fn(&bare::AgreedHubClient) -> signalr::Call<'_, i32> = |client| client.add(1, Some(2));
    let _: fn(&renamed::AgreedHubClient) -> signalr::Call<'_, u32> = |client| client.say("hi");
    let _: fn(&renamed::OtherHubClient) -> signalr::Call<'_, ()> = |client| client.say("hi");
    let _: fn(&made::AgreedHubClient) -> signalr::Call<'_, Vec<String>> = |client| client.r#match(None);
}

#[test]
fn a_hub_with_a_client_can_be_declared_in_a_function() {
    struct Local;

    #[signalr::hub(client)]
    impl Local {
        fn number(&self) -> u32 {
            3
        }
    }

    let _ = Local;
    let _: fn(&LocalHubClient) -> signalr::Call<'_, u32> = LocalHubClient::number;
}
