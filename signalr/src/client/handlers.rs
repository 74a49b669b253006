//! What the server may call on this client, by name.

/// The handlers of one client.
#[derive(Debug, Default)]
pub struct Handlers {}
