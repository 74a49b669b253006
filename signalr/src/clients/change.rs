//! What changes a connection: to add it to a group or remove it, or to end it.

use crate::backplane::node::{Asked, AwaitedAck, Node};
use crate::backplane::registry::HubCore;
use crate::backplane::wire::{Answer, AnswerKind, AskKind};
use crate::backplane::{BackplaneError, Told};
use crate::session::close::CloseReason;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::time::timeout;

type Rest = Pin<Box<dyn Future<Output = Result<bool, ChangeError>> + Send>>;

/// A change of one connection. It is done when the method returns, or was asked of the server that holds the connection;
/// awaiting it says whether there is such a connection. Dropping it changes nothing.
///
/// Without a [backplane](crate::Backplane) everything is known at once.
pub struct Change {
    here: bool,
    rest: Option<Rest>,
}

/// Why it is not known whether a connection was changed, or whether there is such a connection.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// No server has confirmed it: either none has a connection with that id, or the one that has it did not answer in time.
    /// For groups ASP.NET Core's servers leave it at that too.
    #[error("no server of the fleet has confirmed within {after:?} that it has connection '{connection}'")]
    NoAnswer {
        /// The id of the connection.
        connection: String,
        /// How long was waited.
        after: Duration,
    },
    /// The other servers could not be asked.
    #[error(transparent)]
    Backplane(#[from] BackplaneError),
}

impl Change {
    /// All that can be done was done.
    pub(crate) fn done(here: bool) -> Self {
        Change { here, rest: None }
    }

    /// Done here; other servers know when `reached` ends.
    pub(crate) fn reaching(reached: Option<Told<()>>) -> Self {
        let rest = reached.map(|reached| -> Rest {
            Box::pin(async move {
                reached.await?;
                Ok(true)
            })
        });
        Change { here: true, rest }
    }

    /// The server that holds the connection was told, and confirms it.
    pub(crate) fn commanded(
        node: &Node,
        connection: &str,
        command: Result<(Told<Option<usize>>, AwaitedAck), BackplaneError>,
    ) -> Self {
        let (after, connection) = (node.options().ack_timeout, connection.to_owned());
        let rest: Rest = Box::pin(async move {
            let (told, (_awaited, acknowledged)) = command?;
            let confirmed = async {
                told.await?;
                Ok(acknowledged.await.is_ok())
            };
            match timeout(after, confirmed).await {
                Ok(Ok(true)) => Ok(true),
                Ok(Err(error)) => Err(error),
                Ok(Ok(false)) | Err(_) => Err(ChangeError::NoAnswer { connection, after }),
            }
        });
        Change { here: false, rest: Some(rest) }
    }

    /// All servers were told, and each says whether it has the connection.
    pub(crate) fn asked(node: &Arc<Node>, connection: &str, asked: Asked) -> Self {
        let (after, connection) = (node.options().answer_timeout, connection.to_owned());
        let node = node.clone();
        let rest: Rest = Box::pin(async move {
            let Asked { reached, mut answers, awaited: _awaited } = asked;
            let until = async {
                let reached = reached?.await?;
                let servers = node.servers().await.unwrap_or_default().or(reached);
                let mut others = servers.map(|servers| servers.saturating_sub(1));
                while others != Some(0) {
                    let Some(answer) = answers.recv().await else { break };
                    if let Ok(Answer { kind: AnswerKind::Done(true), .. }) = Answer::read(&answer) {
                        return Ok(true);
                    }
                    others = others.map(|others| others - 1);
                }
                Ok(false)
            };
            timeout(after, until).await.unwrap_or(Err(ChangeError::NoAnswer { connection, after }))
        });
        Change { here: false, rest: Some(rest) }
    }

    /// Whether the connection is one of this process, so that it is changed already.
    pub fn is_here(&self) -> bool {
        self.here
    }
}

impl IntoFuture for Change {
    type Output = Result<bool, ChangeError>;
    type IntoFuture = Rest;

    fn into_future(self) -> Self::IntoFuture {
        let here = self.here;
        self.rest.unwrap_or_else(|| Box::pin(std::future::ready(Ok(here))))
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change").field("here", &self.here).field("open", &self.rest.is_some()).finish()
    }
}

/// Ends a connection, wherever it is. Without a reason its client is not told why.
pub(super) fn end(core: &HubCore, connection_id: &str, reason: Option<String>) -> Change {
    if let Some(connection) = core.registry.get(connection_id) {
        connection.peer.close(reason.map_or(CloseReason::Aborted, CloseReason::Kicked));
        return Change::done(true);
    }
    let Some(node) = core.node() else { return Change::done(false) };
    let question = AskKind::Close { connection: connection_id, reason: reason.as_deref() };
    Change::asked(node, connection_id, node.ask(question))
}
