//! What a handler can take.
use signalr::HubConnection;

struct NotSent;

fn register(connection: &HubConnection) {
    connection.on("Line", |line: NotSent| drop(line));
    connection.on("Line", |_: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8| ());
}

fn main() {
    let _ = register;
}
