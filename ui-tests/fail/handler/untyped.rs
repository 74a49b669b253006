//! The type of a parameter is written down.
use signalr::HubConnection;

fn register(connection: &HubConnection) {
    connection.on("Line", |line| drop(line));
}

fn main() {
    let _ = register;
}
