//! One call of the server on this client.

use super::connection::{HubConnection, WeakConnection};
use crate::hub::error::HubError;
use crate::protocol::{Arguments, Codec};
use crate::session::BoxFuture;

/// A call of the server, as one handler sees it.
pub struct Callback<'a> {
    pub(crate) target: &'a str,
    pub(crate) arguments: Arguments<'a>,
    pub(crate) connection: &'a WeakConnection,
    pub(crate) codec: Codec,
}

/// What a handler does, after its arguments were read. The result is still-encoded, where it has one.
pub(crate) type CallbackFuture = BoxFuture<Result<Option<Vec<u8>>, HubError>>;

impl Callback<'_> {
    /// The connection that is called, if anybody still has it.
    pub fn connection(&self) -> Option<HubConnection> {
        self.connection.upgrade()
    }
}
