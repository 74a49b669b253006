//! The handle of a client's connection.

use super::call::{Call, StreamCall};
use super::error::ClientError;
use super::handlers::Handlers;
use crate::protocol::{Codec, WireArguments};
use std::sync::{Arc, Weak};

/// A connection to a hub, as its client has it.
#[derive(Debug, Clone)]
pub struct HubConnection(pub(super) Arc<Shared>);

/// A handle that does not keep the connection: what callbacks hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct WeakConnection(Weak<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) handlers: Handlers,
    pub(super) codec: Codec,
}

impl WeakConnection {
    /// The connection, if anybody still has it.
    pub(crate) fn upgrade(&self) -> Option<HubConnection> {
        self.0.upgrade().map(HubConnection)
    }
}

impl HubConnection {
    /// Calls a method of the hub by its name.
    pub fn invoke<T>(
        &self,
        method: impl Into<std::borrow::Cow<'static, str>>,
        arguments: impl WireArguments,
    ) -> Call<'_, T> {
        let _ = (method.into(), arguments.count());
        todo!()
    }

    /// Calls a streaming method of the hub by its name.
    pub fn stream<T>(
        &self,
        method: impl Into<std::borrow::Cow<'static, str>>,
        arguments: impl WireArguments,
    ) -> StreamCall<'_, T> {
        let _ = (method.into(), arguments.count());
        todo!()
    }

    /// Connects.
    pub async fn start(&self) -> Result<(), ClientError> {
        todo!()
    }
}
