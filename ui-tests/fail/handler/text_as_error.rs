//! A text does not say whether the server may read it.
use signalr::HubConnection;

fn register(connection: &HubConnection) {
    connection.on("Line", |_: u32| Err::<u32, String>("no".to_owned()));
}

fn main() {
    let _ = register;
}
