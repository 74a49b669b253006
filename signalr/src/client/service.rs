//! What a client's session serves: the callbacks of this client, and the answers to its own calls.

use super::callbacks::Callbacks;
use super::connection::{Shared, WeakConnection};
use super::error::ClientError;
use super::invocations::Invocations;
use crate::protocol::{Completion, Invocation, ProtocolError, StreamItem};
use crate::session::calls::Call;
use crate::session::close::CloseReason;
use crate::session::outbound::Outbound;
use crate::session::peer::Peer;
use crate::session::{BoxFuture, Service};
use crate::streaming::items::ItemQueue;
use crate::streaming::upload::UploadHandle;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Whether the server has closed the connection, and wants to see this client again.
#[derive(Debug, Default)]
pub(super) struct Dismissal(AtomicU8);

impl Dismissal {
    fn set(&self, allow_reconnect: bool) {
        self.0.store(if allow_reconnect { 2 } else { 1 }, Ordering::Relaxed);
    }

    /// What the server has said of it, if it has said anything.
    pub(super) fn allows_reconnect(&self) -> Option<bool> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            said => Some(said == 2),
        }
    }
}

/// The client's part of a session.
pub(super) struct ClientService {
    peer: Arc<Peer>,
    callbacks: Callbacks,
    invocations: Arc<Invocations>,
    dismissal: Arc<Dismissal>,
    /// The stream whose item came last: most likely the next one is of the same.
    stream: Option<(u64, Arc<ItemQueue<ClientError>>)>,
}

impl ClientService {
    pub(super) fn new(
        shared: &Arc<Shared>,
        peer: Arc<Peer>,
        handle: WeakConnection,
        dismissal: Arc<Dismissal>,
    ) -> Self {
        let callbacks = Callbacks::new(peer.clone(), shared.handlers.clone(), handle);
        ClientService { peer, callbacks, invocations: shared.invocations.clone(), dismissal, stream: None }
    }
}

impl Service for ClientService {
    fn connected(&mut self) -> Option<BoxFuture<Result<(), CloseReason>>> {
        None
    }

    fn invoke(&mut self, invocation: &Invocation<'_>, _uploads: Vec<UploadHandle>, _cancelled: bool) -> Option<Call> {
        self.callbacks.invoke(invocation)
    }

    fn completed(&mut self, _peer: &Peer, completion: Completion<'_>) -> Result<(), ProtocolError> {
        self.stream = None;
        self.invocations.complete(completion);
        Ok(())
    }

    fn item(&mut self, item: &StreamItem<'_>) {
        let Ok(number) = item.id.parse::<u64>() else { return };
        let known = self.stream.as_ref().is_some_and(|(known, _)| *known == number);
        if !known {
            let Some(queue) = self.invocations.items(number) else { return };
            queue.attach(&self.peer);
            self.stream = Some((number, queue));
        }
        if let Some((_, queue)) = &self.stream {
            queue.push(item.item.as_bytes());
        }
    }

    fn take_own(&mut self, outbound: &mut Outbound, all: bool) {
        if self.invocations.take(outbound, all) {
            self.peer.inbox.announce();
        }
    }

    fn dismissed(&mut self, allow_reconnect: bool) {
        self.dismissal.set(allow_reconnect);
    }

    fn unreachable(&mut self) {}

    fn disconnected(&mut self, _reason: CloseReason) -> Option<BoxFuture<()>> {
        None
    }
}
