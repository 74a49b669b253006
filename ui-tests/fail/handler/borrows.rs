//! A future of a handler cannot borrow from it.
use signalr::HubConnection;

fn register(connection: &HubConnection, name: String) {
    connection.on("Line", async move |line: String| println!("{name}: {line}"));
}

fn main() {
    let _ = register;
}
