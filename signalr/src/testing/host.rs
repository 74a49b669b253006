//! The server's end of a line, whatever the type of the hub.

use super::visit::{Visit, Witness};
use super::wire::End;
use crate::hub::method::HubMethods;
use crate::protocol::Naming;
use crate::protocol::negotiate::new_connection_id;
use crate::server::HubServer;
use crate::session::BoxFuture;
use crate::session::close::CloseReason;
use crate::session::mailbox::Mailbox;
use crate::user::User;
use http::{Extensions, HeaderMap};
use std::io;
use std::sync::Arc;
use tokio::sync::watch;

/// What the server knows of whoever comes over a line.
#[derive(Debug, Clone, Default)]
pub(super) struct Guest {
    pub(super) user: Option<User>,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) extensions: Extensions,
}

/// A connection that the server has taken.
pub(super) struct Taken {
    pub(super) visit: Arc<Visit>,
    /// Serves it to its end.
    pub(super) served: BoxFuture<CloseReason>,
    /// By what it is known to sockets that follow the first one, if there can be any.
    pub(super) token: Option<String>,
}

/// A server, for lines.
pub(super) trait Host: Send + Sync {
    /// Takes a connection; `stateful` says whether it wants to go on over other sockets.
    fn take(&self, stream: End, guest: Guest, stateful: bool) -> io::Result<Taken>;

    /// Where another socket is left for a connection.
    fn mailbox(&self, token: &str) -> Option<Arc<Mailbox>>;

    fn naming(&self) -> Naming;
}

pub(super) struct HubHost<H: HubMethods> {
    pub(super) server: HubServer<H>,
    pub(super) connections: Arc<watch::Sender<usize>>,
}

impl<H: HubMethods> Host for HubHost<H> {
    fn take(&self, stream: End, guest: Guest, stateful: bool) -> io::Result<Taken> {
        let (id, token, place) = match stateful.then(|| self.server.dispatch().place()).flatten() {
            Some((promise, place)) => (promise.id, promise.token, Some(place)),
            None => (new_connection_id()?, None, None),
        };
        let Guest { user, query, headers, mut extensions } = guest;
        let visit = Visit::new(id.clone(), &self.connections);
        extensions.insert(Witness(visit.clone()));
        let serve = self.server.serve(stream).id(id).request(query, headers, extensions).resumable(place);
        let serve = match user {
            Some(user) => serve.user(user),
            None => serve,
        };
        Ok(Taken { visit, served: serve.into_future(), token })
    }

    fn mailbox(&self, token: &str) -> Option<Arc<Mailbox>> {
        self.server.dispatch().mailbox(token)
    }

    fn naming(&self) -> Naming {
        self.server.core().naming()
    }
}
