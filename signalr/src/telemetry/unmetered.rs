//! Stands in for the meters without the feature `metrics`: of no size, and does nothing.

use super::call::Outcome;
use crate::protocol::Transport;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct HubMeters;

#[derive(Debug, Clone, Default)]
pub(crate) struct Meters;

#[derive(Debug)]
pub(crate) struct Stopwatch;

#[derive(Debug, Default)]
pub(crate) struct Tally(());

#[derive(Debug)]
pub(crate) struct Waits;

const _: () = assert!(size_of::<(HubMeters, Meters, Stopwatch, Tally, Waits)>() == 0);

impl HubMeters {
    pub(crate) fn new(_hub: &str) -> Self {
        HubMeters
    }

    pub(crate) fn set_methods(&self, _names: impl Iterator<Item = &'static str>) {}

    pub(crate) fn discarded(&self) {}

    pub(crate) fn on(&self, _transport: Transport) -> Meters {
        Meters
    }
}

impl Meters {
    pub(crate) fn opened(&self) {}

    pub(crate) fn closed(&self, _reason: &'static str, _duration: Duration) {}

    pub(crate) fn received(&self, _bytes: usize, _messages: usize) {}

    pub(crate) fn sent(&self, _waiting: usize, _bytes: usize, _messages: Tally) {}

    pub(crate) fn dropped(&self) {}

    pub(crate) fn joined(&self) {}

    pub(crate) fn left(&self, _groups: usize) {}

    pub(crate) fn waits(&self) -> Waits {
        Waits
    }

    pub(crate) fn refused(&self) {}

    pub(crate) fn stopwatch(&self) -> Stopwatch {
        Stopwatch
    }

    pub(crate) fn invoked(&self, _method: &'static str, _stopwatch: &Stopwatch, _outcome: Outcome) {}
}

impl Tally {
    pub(crate) fn add(&mut self) {}

    pub(crate) fn take_back(&mut self) {}
}
