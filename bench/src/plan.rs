//! How much is done.

use crate::Error;
use crate::client::protocol::Protocol;
use crate::process::{Other, Server};
use crate::server::Own;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) runs: usize,
    pub(crate) time: Duration,
    /// How long a server works before that; a tenth as long if nothing else is said.
    pub(crate) warm_up: Option<Duration>,
    /// How many connections call.
    pub(crate) callers: usize,
    /// How many connections hear a broadcast.
    pub(crate) listeners: usize,
    /// How many connections do nothing.
    pub(crate) idle: usize,
    /// How long a server may take for what it does after its clients have what they wait for.
    pub(crate) settling: Duration,
    pub(crate) protocols: Vec<Protocol>,
    /// A program that serves instead of [`Own::Hub`].
    pub(crate) conformance: Option<PathBuf>,
    /// What is measured beside our own servers.
    pub(crate) others: Vec<Other>,
    pub(crate) connections: &'static [usize],
    pub(crate) groups: &'static [usize],
    pub(crate) sizes: &'static [usize],
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            runs: 3,
            time: Duration::from_secs(2),
            warm_up: None,
            callers: 50,
            listeners: 1000,
            idle: 10_000,
            settling: Duration::from_millis(500),
            protocols: Protocol::ALL.into(),
            conformance: None,
            others: Vec::new(),
            connections: &[1000, 2000, 4000, 8000, 12_000, 18_000],
            groups: &[1, 10, 100, 1000, 10_000],
            sizes: &[32, 128, 512, 2048, 8192, 16_384, 32_768, 65_536],
        }
    }
}

impl Plan {
    /// Just enough to see that everything works.
    pub(crate) fn smoke() -> Self {
        let time = Duration::from_millis(50);
        Plan {
            runs: 1,
            time,
            callers: 5,
            listeners: 20,
            idle: 50,
            settling: time,
            connections: &[10, 20],
            groups: &[1, 50],
            sizes: &[32, 65_536],
            ..Plan::default()
        }
    }

    /// The warm-up, and the time that counts.
    pub(crate) fn phases(&self) -> [Duration; 2] {
        [self.warm_up.unwrap_or(self.time / 10), self.time]
    }

    pub(crate) fn server(&self, own: Own) -> Result<Server, Error> {
        match &self.conformance {
            Some(program) if own == Own::Hub => Server::conformance(program),
            _ => Server::own(own),
        }
    }
}
