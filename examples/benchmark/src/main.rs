//! What the client costs: CPU time of this process per operation, and memory per idle connection, against the hub at a URL
//! that has `Echo(text)` and `Counter(count)`, such as `/bench` of the conformance example.
//!
//! ```sh
//! cargo run --release --package conformance -- --urls http://127.0.0.1:5000
//! cargo run --release --package benchmark -- invoke --url http://127.0.0.1:5000/bench --depth 16
//! ```

mod measure;

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use measure::{Usage, resident_bytes};
use signalr::protocol::Protocol;
use signalr::{ClientError, HubConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The items of one stream.
const ITEMS: u32 = 10_000;

const USAGE: &str = "usage: benchmark invoke|stream|idle --url URL [--connections N] [--depth N] [--seconds S] \
                     [--protocol json|messagepack] [--threads N]";

struct Options {
    mode: String,
    url: String,
    connections: usize,
    depth: usize,
    seconds: f64,
    protocol: Protocol,
    threads: usize,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mode = arguments.next()?;
        let mut options = Options {
            connections: if mode == "idle" { 1000 } else { 10 },
            mode,
            url: "http://127.0.0.1:5000/bench".to_owned(),
            depth: 1,
            seconds: 3.0,
            protocol: Protocol::Json,
            threads: 1,
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next()?;
            match name.as_str() {
                "--url" => options.url = value,
                "--connections" => options.connections = value.parse().ok()?,
                "--depth" => options.depth = value.parse().ok()?,
                "--seconds" => options.seconds = value.parse().ok()?,
                "--threads" => options.threads = value.parse().ok()?,
                "--protocol" => options.protocol = Protocol::from_name(&value)?,
                _ => return None,
            }
        }
        Some(options)
    }

    async fn connect(&self) -> Result<Vec<HubConnection>, ClientError> {
        let mut connections = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            let builder = HubConnection::builder(&self.url).protocol(self.protocol).skip_negotiation(true);
            connections.push(builder.connect().await?);
        }
        Ok(connections)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::read(std::env::args().skip(1)).ok_or(USAGE)?;
    let mut runtime = match options.threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    runtime.worker_threads(options.threads.max(1)).enable_all().build()?.block_on(measure(&options))
}

async fn measure(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let before = resident_bytes();
    let connections = options.connect().await?;
    let (operations, what) = match options.mode.as_str() {
        "idle" => {
            let bytes = resident_bytes().saturating_sub(before) / connections.len().max(1) as u64;
            println!("{} idle connections: {bytes} bytes each", connections.len());
            return Ok(());
        }
        "invoke" => (Work::Invoke, "invocation"),
        "stream" => (Work::Stream, "stream item"),
        _ => return Err(USAGE.into()),
    };
    run(&connections, options.depth, operations, Duration::from_secs_f64(options.seconds / 10.0)).await?;
    let usage = Usage::now();
    let count = run(&connections, options.depth, operations, Duration::from_secs_f64(options.seconds)).await?.max(1);
    let (cpu, time) = usage.since();
    println!(
        "{count} times one {what}: {:.3} us of CPU time each, {:.0} a second",
        cpu.as_secs_f64() * 1e6 / count as f64,
        count as f64 / time.as_secs_f64()
    );
    join_all(connections.iter().map(HubConnection::stop)).await;
    Ok(())
}

#[derive(Clone, Copy)]
enum Work {
    Invoke,
    Stream,
}

/// Keeps `depth` operations going on each connection, for `time`. Gives how many there were.
async fn run(connections: &[HubConnection], depth: usize, work: Work, time: Duration) -> Result<u64, ClientError> {
    let over = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = connections
        .iter()
        .flat_map(|connection| (0..depth).map(move |_| connection.clone()))
        .map(|connection| tokio::spawn(keep_busy(connection, work, over.clone())))
        .collect();
    tokio::time::sleep(time).await;
    over.store(true, Ordering::Relaxed);
    let mut count = 0;
    for worker in workers {
        count += worker.await.expect("a worker does not panic")?;
    }
    Ok(count)
}

async fn keep_busy(connection: HubConnection, work: Work, over: Arc<AtomicBool>) -> Result<u64, ClientError> {
    let mut count = 0;
    while !over.load(Ordering::Relaxed) {
        count += operation(&connection, work).await?;
    }
    Ok(count)
}

/// One operation, or for streams all the items of one.
async fn operation(connection: &HubConnection, work: Work) -> Result<u64, ClientError> {
    match work {
        Work::Invoke => {
            let text = connection.invoke::<String>("Echo", ("abcdefghijklmnopqrstuvwxyz012345",)).await?;
            assert_eq!(text.len(), 32, "the server echoes");
            Ok(1)
        }
        Work::Stream => {
            let items = connection.stream::<u32>("Counter", (ITEMS,)).await?;
            let count = items.try_fold(0, |count, _| std::future::ready(Ok(count + 1))).await?;
            Ok(count)
        }
    }
}
