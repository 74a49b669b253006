//! When to send a ping, and when to give the peer up.

use crate::protocol::Transport;
use std::time::Duration;
use tokio::time::Instant;

/// As good as never, and the longest time that is waited for: clocks cannot be asked for `Duration::MAX`.
pub(crate) const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// How often signs of life are sent and expected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Intervals {
    /// Between two pings of the hub protocol.
    pub(crate) ping: Duration,
    /// Silence of a peer that has pinged once.
    pub(crate) timeout: Duration,
    /// Silence after which the transport is probed, and again after the probe until the peer is given up.
    pub(crate) probe: Option<Duration>,
}

impl Intervals {
    /// What holds on a transport: only WebSockets can be probed, and polls show by themselves that both ends are alive.
    pub(crate) fn on(self, transport: Transport) -> Self {
        let ping = if transport == Transport::LongPolling { LONGEST } else { self.ping };
        let probe = self.probe.filter(|_| transport == Transport::WebSockets);
        Intervals { ping, probe, ..self }
    }

    /// Without the pings of the hub protocol.
    pub(crate) fn probes_only(self) -> Self {
        Intervals { ping: LONGEST, timeout: LONGEST, ..self }
    }
}

/// The clock of one session.
#[derive(Debug)]
pub(crate) struct KeepAlive {
    last_ping: Instant,
    last_received: Instant,
    /// Whether the peer has ever pinged: only then the timeout counts, as with ASP.NET Core.
    armed: bool,
    probed: bool,
    /// Whether the peer has taken anything since the timer's last tick.
    pub(super) has_written: bool,
}

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    Ping,
    Probe,
    TimedOut,
}

impl KeepAlive {
    pub(crate) fn new(now: Instant) -> Self {
        KeepAlive { last_ping: now, last_received: now, armed: false, probed: false, has_written: false }
    }

    pub(crate) fn received(&mut self, now: Instant) {
        self.last_received = now;
        self.probed = false;
    }

    /// The peer has sent a ping. Says whether it is the first, so that it may be due earlier than was known.
    pub(crate) fn arm(&mut self) -> bool {
        !std::mem::replace(&mut self.armed, true)
    }

    /// What is to be done now. A ping counts as sent once it was asked for.
    pub(crate) fn check(&mut self, intervals: &Intervals, now: Instant) -> Due {
        if now >= self.give_up(intervals) {
            Due::TimedOut
        } else if self.probe_at(intervals).is_some_and(|at| now >= at) {
            self.probed = true;
            Due::Probe
        } else if now >= self.last_ping + intervals.ping {
            self.last_ping = now;
            Due::Ping
        } else {
            Due::Nothing
        }
    }

    /// When to look again.
    pub(crate) fn next(&self, intervals: &Intervals) -> Instant {
        let next = self.give_up(intervals).min(self.last_ping + intervals.ping);
        self.probe_at(intervals).map_or(next, |probe| probe.min(next))
    }

    fn probe_at(&self, intervals: &Intervals) -> Option<Instant> {
        intervals.probe.filter(|_| !self.probed).map(|probe| self.last_received + probe)
    }

    fn give_up(&self, intervals: &Intervals) -> Instant {
        let silent = intervals.probe.map_or(LONGEST, |probe| probe.saturating_mul(2));
        let timeout = if self.armed { intervals.timeout } else { LONGEST };
        self.last_received + silent.min(timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVALS: Intervals = Intervals {
        ping: Duration::from_secs(15),
        timeout: Duration::from_secs(30),
        probe: Some(Duration::from_secs(40)),
    };

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn pings_are_due_at_their_interval_whatever_is_received() {
        let start = Instant::now();
        let mut clock = KeepAlive::new(start);
        assert_eq!(clock.next(&INTERVALS), after(start, 15));
        clock.received(after(start, 14));
        assert_eq!(clock.check(&INTERVALS, after(start, 14)), Due::Nothing);
        assert_eq!(clock.check(&INTERVALS, after(start, 15)), Due::Ping);
        assert_eq!(clock.check(&INTERVALS, after(start, 15)), Due::Nothing);
        assert_eq!(clock.next(&INTERVALS), after(start, 30));
    }

    #[test]
    fn only_a_peer_that_has_pinged_can_time_out() {
        let start = Instant::now();
        let mut clock = KeepAlive::new(start);
        assert_ne!(clock.check(&INTERVALS, after(start, 31)), Due::TimedOut);
        assert!(clock.arm());
        assert!(!clock.arm());
        assert_eq!(clock.check(&INTERVALS, after(start, 31)), Due::TimedOut);
        clock.received(after(start, 31));
        assert_ne!(clock.check(&INTERVALS, after(start, 60)), Due::TimedOut);
    }

    #[test]
    fn a_silent_peer_is_probed_once_and_given_up_if_it_stays_silent() {
        let start = Instant::now();
        let mut clock = KeepAlive::new(start);
        assert_eq!(clock.check(&INTERVALS, after(start, 40)), Due::Probe);
        assert_ne!(clock.check(&INTERVALS, after(start, 41)), Due::Probe);
        assert_eq!(clock.check(&INTERVALS, after(start, 80)), Due::TimedOut);
        clock.received(after(start, 79));
        assert_ne!(clock.check(&INTERVALS, after(start, 80)), Due::TimedOut);
    }

    #[test]
    fn long_polling_needs_no_pings_and_only_websockets_are_probed() {
        assert_eq!(INTERVALS.on(Transport::WebSockets).probe, INTERVALS.probe);
        let events = INTERVALS.on(Transport::ServerSentEvents);
        assert_eq!((events.ping, events.timeout, events.probe), (INTERVALS.ping, INTERVALS.timeout, None));
        let polls = INTERVALS.on(Transport::LongPolling);
        assert_eq!((polls.ping, polls.timeout, polls.probe), (LONGEST, INTERVALS.timeout, None));
    }
}
