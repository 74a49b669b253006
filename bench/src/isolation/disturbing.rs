//! The clients that disturb: a process of their own, so that those that are measured do not share a thread with them.

use super::client::{Client, invocation};
use super::process::Process;
use super::{CALLS, TEXT, runtime};
use crate::Error;
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::LocalSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// The running process, which ends when this is dropped.
pub(super) struct Disturbance(Process);

impl Disturbance {
    /// Returns once clients are stuck that do not read, and those that call have begun.
    pub(super) async fn begin(server: SocketAddr, some: usize) -> Result<Self, Error> {
        let mut process = Process::start(&["disturb", &server.to_string(), &some.to_string()])?;
        process.line().await?;
        Ok(Disturbance(process))
    }

    /// Ends it, and gives the calls a second that were answered.
    pub(super) async fn end(mut self) -> Result<f64, Error> {
        self.0.close_input();
        Ok(self.0.line().await?.parse()?)
    }
}

/// What that process does, until its input ends.
pub(crate) fn disturb(server: &str, clients: &str) -> Result<(), Error> {
    runtime()?.block_on(disturbed(server.parse()?, clients.parse()?))
}

async fn disturbed(server: SocketAddr, some: usize) -> Result<(), Error> {
    let (mut silent, mut busy) = (Vec::new(), Vec::new());
    for _ in 0..some {
        silent.push(silent_client(server).await?);
        busy.push(Client::open(server).await?);
    }
    println!("ready");
    let answers = Rc::new(Cell::new(0));
    let started = Instant::now();
    let clients = LocalSet::new();
    for client in busy {
        let answers = answers.clone();
        clients.spawn_local(async move {
            // The process ends without the line that is waited for.
            if let Err(error) = busy_client(client, &answers).await {
                eprintln!("a busy client: {error}");
                std::process::exit(1);
            }
        });
    }
    clients.run_until(tokio::io::stdin().read(&mut [0])).await?;
    println!("{}", f64::from(answers.get()) / started.elapsed().as_secs_f64());
    Ok(())
}

/// A client that calls until the server takes no more, and never reads an answer.
async fn silent_client(server: SocketAddr) -> Result<Client, Error> {
    let mut client = Client::open(server).await?;
    let call = invocation("Echo", &"x".repeat(8000));
    while let Ok(sent) = timeout(Duration::from_millis(200), client.writer.write_all(&call)).await {
        sent?;
    }
    Ok(client)
}

/// A client that makes its calls at their rate, whether they are answered or not, and reads the answers.
async fn busy_client(client: Client, answers: &Cell<u32>) -> Result<(), Error> {
    let Client { mut reader, mut writer } = client;
    let call = invocation("Echo", TEXT);
    let started = Instant::now();
    let calling = async {
        let mut ticks = interval(Duration::from_secs_f64(1.0 / CALLS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut made = 0;
        loop {
            ticks.tick().await;
            let due = (started.elapsed().as_secs_f64() * CALLS) as usize - made;
            made += due;
            writer.write_all(&call.repeat(due)).await?;
        }
    };
    let listening = async {
        loop {
            let count = reader.next(|_answer| ()).await?;
            answers.set(answers.get() + u32::try_from(count)?);
        }
    };
    tokio::select! {
        result = calling => result,
        result = listening => result,
    }
}
