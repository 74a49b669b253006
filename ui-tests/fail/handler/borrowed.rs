//! A handler owns what it gets.
use signalr::HubConnection;

fn register(connection: &HubConnection) {
    connection.on("Line", |line: &str| drop(line));
}

fn main() {
    let _ = register;
}
