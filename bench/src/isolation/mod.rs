//! Whether the clients of a hub feel each other: how late broadcasts come while some clients do not read and others call all
//! the time, beside how late they come without.

mod client;
mod disturbing;
mod process;

pub(crate) use disturbing::disturb;

use crate::Error;
use crate::plan::Plan;
use client::{Client, Reader, invocation, patiently};
use disturbing::Disturbance;
use process::Process;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Broadcasts a second: so few that they alone do not keep the machine busy.
const BROADCASTS: f64 = 20.0;
/// Calls a second of each busy client.
const CALLS: f64 = 1000.0;
const TEXT: &str = "thirty-two bytes of plain text..";
/// One in so many clients does not read, and as many are busy.
const PART: usize = 100;
/// How much later the 99th percentile may come.
const LIMIT: f64 = 1.5;
/// How many bytes more the server may hold for a client that does not read: what others send to it (1 MiB unless
/// configured), its own answers up to the high-water mark (64 KiB), and the calls that wait to be read on (32 KiB).
const HELD: f64 = ((1 << 20) + (1 << 16) + (1 << 15)) as f64;

/// How much is done.
struct Load {
    /// Medians of so many rounds of both kinds.
    rounds: usize,
    /// How long broadcasts are sent.
    time: Duration,
    connections: usize,
}

/// What one round has seen.
struct Round {
    /// Milliseconds until a broadcast was read.
    median: f64,
    /// The same, of the 99th percentile.
    late: f64,
    /// Bytes.
    peak: f64,
    /// Calls a second that were answered to busy clients.
    calls: f64,
}

/// Measures, and prints what comes of it. Each round takes longer than other measurements, since there are only so many
/// broadcasts a second.
pub(crate) fn run(plan: &Plan) -> Result<(), Error> {
    let load = Load { rounds: plan.runs, time: plan.time * 3, connections: plan.listeners };
    println!("{}", runtime()?.block_on(measured(&load))?);
    Ok(())
}

/// One thread for all clients.
fn runtime() -> Result<Runtime, Error> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// Measures quiet and disturbed rounds in turn, and gives what is to be printed.
async fn measured(load: &Load) -> Result<String, Error> {
    let (mut quiet, mut disturbed) = (Vec::new(), Vec::new());
    for _ in 0..load.rounds {
        quiet.push(round(load, false).await?);
        disturbed.push(round(load, true).await?);
    }
    let some = load.disturbing();
    let later = median(quiet.iter().zip(&disturbed).map(|(quiet, disturbed)| disturbed.late / quiet.late));
    let of = |rounds: &[Round], figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
    let more = of(&disturbed, |round| round.peak) - of(&quiet, |round| round.peak);
    let mut text = format!(
        "\n{BROADCASTS} broadcasts a second to {} clients, of which in disturbed rounds {some} do not read and {some} make \
         {CALLS} calls a second each:\n\n\
         | round     | delivery, median | delivery, p99 | peak memory | calls a second |\n\
         | ---       |             ---: |          ---: |        ---: |           ---: |\n",
        load.connections
    );
    for (name, rounds) in [("quiet", &quiet), ("disturbed", &disturbed)] {
        text += &format!(
            "| {name:<9} | {:>13.2} ms | {:>10.2} ms | {:>8.1} MB | {:>14.0} |\n",
            of(rounds, |round| round.median),
            of(rounds, |round| round.late),
            of(rounds, |round| round.peak) / 1e6,
            of(rounds, |round| round.calls)
        );
    }
    text += &format!(
        "\np99 disturbed / quiet: {later:.2}, limit {LIMIT:.2}; memory: {:.1} MB more, limit {:.1} MB",
        more / 1e6,
        some as f64 * HELD / 1e6
    );
    Ok(text)
}

impl Load {
    /// How many clients do not read, and how many are busy.
    fn disturbing(&self) -> usize {
        (self.connections / PART).max(1)
    }
}

/// The middle one, or the mean of the two in the middle.
fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let at = |place: usize| figures.get(place).copied().unwrap_or(f64::NAN);
    (at(figures.len() / 2) + at(figures.len().saturating_sub(1) / 2)) / 2.0
}

/// One round against a fresh server.
async fn round(load: &Load, disturbed: bool) -> Result<Round, Error> {
    let mut server = Process::start(&["serve", "hub"])?;
    let line = server.line().await?;
    let address = line.strip_prefix("listening on http://").and_then(|line| line.split(' ').next());
    let address: SocketAddr = address.ok_or("the server did not start")?.parse()?;
    let some = load.disturbing();
    // The same clients are measured in all rounds.
    let measured = load.connections - 2 * some;
    let mut clients = Vec::new();
    for _ in 0..if disturbed { measured } else { load.connections } {
        clients.push(Client::open(address).await?);
    }
    let disturbance = if disturbed { Some(Disturbance::begin(address, some).await?) } else { None };
    let late = LocalSet::new().run_until(broadcasts(load, address, clients, measured)).await?;
    let calls = match disturbance {
        Some(disturbance) => disturbance.end().await?,
        None => 0.0,
    };
    let at = |percent: usize| late.get(late.len() * percent / 100).map_or(f64::NAN, |late| late.as_secs_f64() * 1e3);
    Ok(Round { median: at(50), late: at(99), peak: server.peak()?, calls })
}

/// How late each broadcast came to each of the first clients, so many of them, from the earliest to the latest.
async fn broadcasts(
    load: &Load,
    address: SocketAddr,
    clients: Vec<Client>,
    measured: usize,
) -> Result<Vec<Duration>, Error> {
    let clock = Instant::now();
    // What is sent first is not measured.
    let (begin, end) = (load.time / 10, load.time + load.time / 10);
    let mut sender = Client::open(address).await?;
    let late = Rc::new(RefCell::new(Vec::new()));
    let mut writers = Vec::new();
    for (number, Client { mut reader, writer }) in clients.into_iter().enumerate() {
        writers.push(writer);
        let late = late.clone();
        let hear = move |message: &[u8]| {
            let now = clock.elapsed();
            let sent = sent_at(message).filter(|sent| *sent >= begin && number < measured);
            late.borrow_mut().extend(sent.map(|sent| now.saturating_sub(sent)));
        };
        // Ended by the end of the round. One that ends before leaves deliveries missing.
        tokio::task::spawn_local(async move { while reader.next(&hear).await.is_ok() {} });
    }
    let mut ticks = interval(Duration::from_secs_f64(1.0 / BROADCASTS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut counted = 0;
    while clock.elapsed() < end {
        ticks.tick().await;
        let now = clock.elapsed();
        let text = format!("sent at {:020} ns", now.as_nanos());
        sender.writer.write_all(&invocation("Broadcast", &text)).await?;
        counted += usize::from(now >= begin);
        patiently("a broadcast", own(&mut sender.reader)).await?;
    }
    patiently("the last deliveries", async {
        while late.borrow().len() < counted * measured {
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    })
    .await?;
    let mut late = late.take();
    late.sort_unstable();
    Ok(late)
}

/// Reads the sender's own copy, and the completion of its call.
async fn own(sender: &mut Reader) -> Result<(), Error> {
    let mut count = 0;
    while count < 2 {
        count += sender.next(|_| ()).await?;
    }
    Ok(())
}

/// When a broadcast was sent, by the clock of the round.
fn sent_at(message: &[u8]) -> Option<Duration> {
    let (_, text) = std::str::from_utf8(message).ok()?.split_once("sent at ")?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broadcast_says_when_it_was_sent() {
        let message = br#"{"type":1,"target":"receive","arguments":["sent at 00000000001500000000 ns"]}"#;
        assert_eq!(sent_at(message), Some(Duration::from_millis(1500)));
        assert_eq!(sent_at(b"{\"type\":3,\"invocationId\":\"1\"}"), None);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([9.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([9.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
    }
}
