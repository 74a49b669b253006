//! Receivers and their proxies.

use signalr::{ClientResult, Context, HubError, Many, Receiver, Sent, Single, Target, hub, receiver};

mod contract {
    use super::{HubError, receiver};

    /// What clients are told.
    #[receiver]
    pub(crate) trait Client {
        /// Somebody said something.
        async fn said(&self, user: String, text: String);
        /// Documented, and with a wire name of its own.
        #[receiver(name = "tags!")]
        async fn tagged(&self, tags: Vec<String>, count: u32, note: Option<String>);
        /// Only the newest counts.
        #[receiver(latest)]
        async fn moved(&self, _: f64, _: f64);
        /// Answered by one client.
        async fn confirm(&self, question: String) -> bool;
        /// The client may fail.
        async fn may_fail(&self) -> Result<u32, HubError>;
        /// Has an answer already.
        async fn version(&self) -> u32 {
            1
        }
        /// Changes what it gets.
        async fn longer(&self, mut text: String) -> String {
            text.push('!');
            text
        }
        /// Not called any more.
        #[deprecated]
        async fn old(&self);
        #[cfg(any())]
        async fn gone(&self, missing: Missing);
    }
}

// The trait alone is imported: what else was made of it is found through it.
use contract::Client;

struct Chat;

#[hub(receiver = Client)]
impl Chat {
    async fn talk(&self, ctx: Context<Self>, user: String, tags: Vec<String>) -> Result<bool, HubError> {
        let clients = ctx.clients();
        // By value, by reference, borrowed, as literals.
        clients.all().said(&user, "hello");
        clients.all().said(user, String::from("hello")).await;
        clients.all().tagged(&tags, 3, None);
        clients.all().tagged(["a".to_owned()], 3, Some("note".to_owned()));
        clients.all().moved(1.0, 2.0);
        let caller = clients.caller();
        Ok(caller.confirm("sure?").await? && caller.may_fail().await? > 0)
    }
}

#[test]
fn a_method_without_a_result_goes_to_any_audience_and_one_with_a_result_to_one_client() {
    type Proxy<A> = <dyn Client as Receiver>::Proxy<A>;
    let _: fn(&Proxy<Many>, String, &'static str) -> Sent = |proxy, user, text| proxy.said(user, text);
    let _: fn(&Proxy<Single>, &'static str) -> ClientResult<bool> = |proxy, question| proxy.confirm(question);
    // What the client's implementation returns is a `Result`; what it answers with is the value.
    let _: fn(&Proxy<Single>) -> ClientResult<u32> = |proxy| proxy.may_fail();
    let _: fn(&Proxy<Many>) -> &Target<Many> = AsRef::as_ref;
    let _: fn(&Proxy<Many>) -> Proxy<Many> = Clone::clone;
    let _: fn(Target<Many>) -> Proxy<Many> = Into::into;
    let _ = Chat;
}

struct Console;

impl Client for Console {
    async fn said(&self, user: String, text: String) {
        drop((user, text));
    }

    async fn tagged(&self, tags: Vec<String>, count: u32, note: Option<String>) {
        drop((tags, count, note));
    }

    async fn moved(&self, x: f64, y: f64) {
        let _ = x + y;
    }

    async fn confirm(&self, question: String) -> bool {
        question.is_empty()
    }

    async fn may_fail(&self) -> Result<u32, HubError> {
        Err(HubError::public("no"))
    }

    #[allow(deprecated)]
    async fn old(&self) {}
}

#[tokio::test]
async fn an_implementation_is_written_with_async_fn_and_can_run_on_any_thread() {
    async fn longer(client: impl Client) -> String {
        let task = tokio::spawn(async move { client.longer("a".into()).await });
        task.await.unwrap_or_default()
    }
    assert_eq!(longer(Console).await, "a!");
    assert_eq!(Console.version().await, 1);
}
