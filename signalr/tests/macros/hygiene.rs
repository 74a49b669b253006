//! Generated code where names mean something else, and inside of other macros.

/// Nothing is in scope, and what usually is means something else.
mod bare {
    #![no_implicit_prelude]

    pub(crate) struct Hub;

    /// Names that generated code would use without a path, were it careless.
    #[allow(dead_code)]
    mod taken {
        pub(super) struct Ok;
        pub(super) struct Err;
        pub(super) struct Some;
        pub(super) struct None;
        pub(super) struct Result;
        pub(super) struct Box;
        pub(super) struct Future;
        pub(super) struct Context;
        pub(super) struct Method;
        pub(super) struct Reply;
        pub(super) trait Send {}
        pub(super) trait Sync {}
        pub(super) trait Sized {}
        pub(super) trait Clone {}
        pub(super) trait From {}
    }

    #[allow(unused_imports)]
    use taken::*;

    /// What the hub may call.
    #[::signalr::receiver]
    pub(crate) trait Client {
        /// Says something.
        async fn say(&self, text: ::std::string::String);
        /// Asks something.
        async fn ask(&self) -> bool {
            true
        }
        /// Moves.
        #[receiver(latest)]
        async fn moved(&self, x: f64, y: f64);
    }

    #[::signalr::hub(receiver = Client)]
    impl Hub {
        async fn on_connected(&self, ctx: ::signalr::Context<Self>) -> ::std::result::Result<(), ::signalr::HubError> {
            ctx.clients().caller().say("hello");
            ::std::result::Result::Ok(())
        }

        fn add(&self, a: i32, b: ::std::option::Option<i32>) -> i32 {
            a + b.unwrap_or(0)
        }

        async fn ask(&self, ctx: ::signalr::Context<Self>) -> ::std::result::Result<bool, ::signalr::HubError> {
            ::std::result::Result::Ok(ctx.clients().caller().ask().await?)
        }

        fn numbers(&self) -> impl ::futures_util::Stream<Item = u32> {
            ::futures_util::stream::iter([1, 2])
        }
    }
}

/// The crate under other names.
mod elsewhere {
    pub(crate) mod deep {
        pub(crate) use signalr as realtime;
    }
}

mod renamed {
    use super::elsewhere::deep::realtime::{Context, hub, receiver};

    #[receiver(crate = crate::hygiene::elsewhere::deep::realtime, rename_all = "camelCase")]
    pub(crate) trait Client {
        async fn say_it(&self, text: String);
    }

    pub(crate) struct Hub;

    #[hub(receiver = Client, crate = super::elsewhere::deep::realtime)]
    impl Hub {
        fn say(&self, ctx: Context<Self>, text: String) {
            ctx.clients().all().say_it(text);
        }
    }
}

macro_rules! make_hub {
    ($hub:ident, $client:ident, $realtime:ident, $($method:ident($argument:ident: $type:ty) -> $result:ty => $body:expr;)*) => {
        #[signalr::receiver(crate = $realtime)]
        pub(crate) trait $client {
            $(async fn $method(&self, $argument: $type) -> $result;)*
        }

        pub(crate) struct $hub;

        #[signalr::hub(receiver = $client, crate = $realtime)]
        impl $hub {
            $(fn $method(&self, $argument: $type) -> $result {
                let hub = $body;
                hub
            })*
        }
    };
}

mod made {
    use signalr as realtime;

    // The names are those that generated code has for its own.
    make_hub! {
        Hub, Client, realtime,
        reply(invocation: u32) -> u32 => invocation + 1;
        r#match(r#type: Option<String>) -> Option<String> => r#type;
    }
}

fn names<H: signalr::HubMethods>() -> Vec<&'static str> {
    H::METHODS.iter().map(signalr::Method::name).collect()
}

#[test]
fn names_in_scope_do_not_matter() {
    let _ = (bare::Hub, renamed::Hub, made::Hub);
    assert_eq!(names::<bare::Hub>(), ["Add", "Ask", "Numbers"]);
    assert_eq!(names::<renamed::Hub>(), ["Say"]);
    assert_eq!(names::<made::Hub>(), ["Reply", "Match"]);
}

#[test]
fn a_hub_can_be_declared_in_a_function() {
    struct Local;

    #[signalr::hub]
    impl Local {
        fn number(&self) -> u32 {
            3
        }
    }

    let _ = Local;
    assert_eq!(names::<Local>(), ["Number"]);
}
