//! What a contract cannot have.
use signalr::{Context, HubError, hub};

fn nobody(_: &signalr::Request) -> bool {
    false
}

#[hub(client, contract = Other, authorize = nobody)]
unsafe trait Chat<T>: Send {
    const SIZE: usize;

    fn on_connected(&self);

    #[hub(spawn, authorize = nobody)]
    fn leave(&self) {}

    fn send(&self, ctx: Context<Self>, text: &str) -> Result<(), HubError>;

    fn no_self();

    fn same(&self);

    fn same_(&self);

    fn anything(&self) -> impl serde::Serialize;
}

fn main() {}
