//! One connection, as the test follows it on the server.

use std::sync::Arc;
use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// `on_connected` has not ended.
    Opening,
    Connected,
    /// All of it has ended, `on_disconnected` too.
    Ended,
}

/// One connection of a client, from its opening to its end.
#[derive(Debug)]
pub(super) struct Visit {
    id: String,
    phase: watch::Sender<Phase>,
    /// How many connections the server has.
    connections: Arc<watch::Sender<usize>>,
}

impl Visit {
    pub(super) fn new(id: String, connections: &Arc<watch::Sender<usize>>) -> Arc<Self> {
        Arc::new(Visit { id, phase: watch::Sender::new(Phase::Opening), connections: connections.clone() })
    }

    /// The public id of the connection.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn is_over(&self) -> bool {
        *self.phase.borrow() == Phase::Ended
    }

    /// Waits until the hub has let the client in. Where it has not, the client is about to learn that.
    pub(super) async fn connected(&self) {
        let mut phase = self.phase.subscribe();
        if phase.wait_for(|phase| *phase != Phase::Opening).await.is_ok_and(|phase| *phase == Phase::Ended) {
            std::future::pending::<()>().await;
        }
    }

    pub(super) fn end(&self) {
        if self.phase.send_replace(Phase::Ended) == Phase::Connected {
            self.connections.send_modify(|connections| *connections -= 1);
        }
    }
}

/// What the hub's connection has of a visit, among the extensions of its request.
#[derive(Debug, Clone)]
pub(crate) struct Witness(pub(super) Arc<Visit>);

impl Witness {
    /// `on_connected` has ended, and the client is let in.
    pub(crate) fn connected(&self) {
        let Witness(visit) = self;
        visit.connections.send_modify(|connections| *connections += 1);
        visit.phase.send_replace(Phase::Connected);
    }
}
