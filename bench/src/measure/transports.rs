//! The measurements of transports.

use super::TEXT;
use super::costs::{Costs, Figure};
use crate::Error;
use crate::client::transports::caller::{Caller, Kind, Listener};
use crate::client::transports::{invocation, patiently};
use crate::plan::Plan;
use crate::process::Server;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Connections that call, each waiting for its answer.
const CALLERS: usize = 32;
/// How many connections are opened at once.
const OPENED_AT_ONCE: usize = 16;

/// A kind of run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measurement {
    /// CPU time of the server for each invocation, in microseconds.
    Invocation,
    /// CPU time of the server for each delivery of a broadcast, in microseconds.
    Delivery,
    /// Memory of the server for each idle connection, in kilobytes.
    Idle,
}

impl Measurement {
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Measurement::Invocation | Measurement::Delivery => "µs",
            Measurement::Idle => "KB",
        }
    }

    /// One run against a fresh server.
    pub(crate) fn run(self, plan: &Plan, kind: Kind) -> Result<Figure, Error> {
        let server = plan.server(kind.server())?;
        // One thread, as a client that is spread over all processors takes them from the server.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            match self {
                Measurement::Invocation => invocations(&server, kind, plan).await,
                Measurement::Delivery => deliveries(&server, kind, plan).await,
                Measurement::Idle => idle(&server, kind, plan).await,
            }
        })
    }
}

async fn invocations(server: &Server, kind: Kind, plan: &Plan) -> Result<Figure, Error> {
    let mut callers = open(server, kind, 0..CALLERS).await?;
    let mut figure = None;
    // Every phase ends with nothing under way, so that what is counted is what was done.
    for time in plan.phases() {
        let costs = Costs::now(server)?;
        let until = Instant::now() + time;
        let mut tasks: JoinSet<Result<_, Error>> = JoinSet::new();
        for mut caller in callers.drain(..) {
            tasks.spawn(async move {
                let call = caller.bytes(&invocation("Echo", TEXT));
                let mut count = 0;
                while Instant::now() < until {
                    patiently("an invocation", caller.call(&call, TEXT.as_bytes())).await?;
                    count += 1;
                }
                Ok((caller, count))
            });
        }
        let mut count = 0;
        while let Some(ended) = tasks.join_next().await {
            let (caller, calls) = ended??;
            callers.push(caller);
            count += calls;
        }
        figure = Some(costs.of_server(server, count)?);
    }
    figure.ok_or_else(|| "nothing was measured".into())
}

async fn deliveries(server: &Server, kind: Kind, plan: &Plan) -> Result<Figure, Error> {
    let mut sender = Caller::open(server, Kind::WebSocket, usize::MAX).await?;
    let send = sender.bytes(&invocation("Broadcast", TEXT));
    let heard = Arc::new((AtomicUsize::new(0), Notify::new()));
    let mut listeners: JoinSet<Result<(), Error>> = JoinSet::new();
    for listener in open(server, kind, 0..plan.listeners).await? {
        listeners.spawn(listen(listener.into_listener(), heard.clone(), plan.listeners));
    }
    let mut figure = None;
    for time in plan.phases() {
        let costs = Costs::now(server)?;
        let mut count = 0;
        let until = Instant::now() + time;
        while Instant::now() < until {
            let round = async {
                sender.send(&send).await?;
                // Its own copy, and the completion of its call.
                let mut own = 0;
                while own < 2 {
                    own += sender.listen().await?;
                }
                heard.1.notified().await;
                Ok(())
            };
            tokio::select! {
                result = patiently("a broadcast", round) => result?,
                Some(ended) = listeners.join_next() => ended??,
            }
            count += plan.listeners + 1;
        }
        figure = Some(costs.of_server(server, count)?);
    }
    figure.ok_or_else(|| "nothing was measured".into())
}

/// Counts what all listeners hear; tells when it is one message for each.
async fn listen(mut listener: Listener, heard: Arc<(AtomicUsize, Notify)>, all: usize) -> Result<(), Error> {
    loop {
        let count = listener.listen().await?;
        let before = heard.0.fetch_add(count, Ordering::Relaxed);
        if (before + count).is_multiple_of(all) {
            heard.1.notify_one();
        }
    }
}

async fn idle(server: &Server, kind: Kind, plan: &Plan) -> Result<Figure, Error> {
    // What the first connections bring about is not theirs alone.
    let some = plan.listeners / 10;
    let first = hold(server, kind, plan, 0..some).await?;
    let before = server.usage.resident()?;
    let more = hold(server, kind, plan, some..some + plan.listeners).await?;
    let after = server.usage.resident()?;
    drop((first, more));
    Ok((after.saturating_sub(before) as f64 / plan.listeners as f64 / 1e3).into())
}

async fn hold(
    server: &Server,
    kind: Kind,
    plan: &Plan,
    numbers: std::ops::Range<usize>,
) -> Result<Vec<Listener>, Error> {
    let opened =
        stream::iter(numbers).map(async |number| Ok(Caller::open(server, kind, number).await?.into_listener()));
    let held = opened.buffer_unordered(OPENED_AT_ONCE).try_collect().await;
    tokio::time::sleep(plan.settling).await;
    held
}

async fn open(server: &Server, kind: Kind, numbers: std::ops::Range<usize>) -> Result<Vec<Caller>, Error> {
    let opened = stream::iter(numbers).map(|number| Caller::open(server, kind, number));
    opened.buffer_unordered(OPENED_AT_ONCE).try_collect().await
}
