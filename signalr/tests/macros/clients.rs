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
