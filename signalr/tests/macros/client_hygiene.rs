//! Code generated for clients, where names mean something else, and inside of other macros.

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
