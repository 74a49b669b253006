//! What a handler can return.
use signalr::HubConnection;

struct NotSent;

fn register(connection: &HubConnection) {
    connection.on("Line", |_: u32| NotSent);
    connection.on("Line", async |_: u32| NotSent);
    connection.on("Line", |_: u32| Err::<u32, NotSent>(NotSent));
}

fn main() {
    let _ = register;
}
