//! What some work has cost the server, and what it has cost the clients.

use crate::Error;
use crate::plan::Plan;
use crate::process::Server;
use crate::system::own_cpu_time;
use std::time::{Duration, Instant};

/// What one run has brought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figure {
    /// The figure of the server.
    pub(crate) server: f64,
    /// The CPU time of the clients for the same, where there are such. It goes up and down with the speed of the machine, as
    /// the server's does.
    pub(crate) clients: Option<f64>,
}

impl From<f64> for Figure {
    fn from(server: f64) -> Self {
        Figure { server, clients: None }
    }
}

/// The CPU time of each operation of some work, which goes on up to a moment and says how many operations that were. It ends
/// with nothing under way, so that what is counted is what was done.
pub(super) fn measured(
    server: &Server,
    plan: &Plan,
    mut work: impl FnMut(Instant) -> Result<usize, Error>,
) -> Result<Figure, Error> {
    let [warm_up, time] = plan.phases();
    work(Instant::now() + warm_up)?;
    let costs = Costs::now(server)?;
    let operations = work(Instant::now() + time)?;
    costs.per_operation(server, operations)
}

/// The CPU times of server and clients at one moment.
pub(super) struct Costs {
    server: Duration,
    clients: Duration,
}

impl Costs {
    pub(super) fn now(server: &Server) -> Result<Self, Error> {
        Ok(Costs { server: server.usage.cpu_time()?, clients: own_cpu_time()? })
    }

    /// The CPU time since then for each of so many operations, in microseconds.
    pub(super) fn per_operation(&self, server: &Server, operations: usize) -> Result<Figure, Error> {
        if operations == 0 {
            return Err("nothing was measured: give it more time".into());
        }
        let per = |time: Duration| time.as_secs_f64() * 1e6 / operations as f64;
        let now = Costs::now(server)?;
        let clients = Some(per(now.clients - self.clients));
        Ok(Figure { server: per(now.server - self.server), clients })
    }

    /// The same without the clients, for rows whose clients differ.
    pub(super) fn of_server(&self, server: &Server, operations: usize) -> Result<Figure, Error> {
        Ok(Figure { clients: None, ..self.per_operation(server, operations)? })
    }
}
