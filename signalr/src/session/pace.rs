//! How fast a peer may call: so many per second, and some at once after a pause.

use std::num::NonZeroU32;
use std::time::Duration;
use tokio::time::Instant;

/// What all connections of an endpoint keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Between two calls of a peer that never pauses.
    interval: Duration,
    /// How far ahead of that a peer may be.
    ahead: Duration,
}

impl Pace {
    pub(crate) fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let interval = Duration::from_secs(1) / per_second.get();
        Pace { interval, ahead: interval.saturating_mul(burst.get() - 1) }
    }

    /// When the next call may begin, for a peer whose calls so far are paid until `paid`.
    pub(crate) fn next(&self, paid: Option<Instant>) -> Option<Instant> {
        paid.and_then(|paid| paid.checked_sub(self.ahead))
    }

    /// A call begins now: until when the calls are paid then. Nothing is counted and nothing ticks: a token bucket is the one
    /// time at which it would be full.
    pub(crate) fn pay(&self, paid: Option<Instant>, now: Instant) -> Instant {
        paid.map_or(now, |paid| paid.max(now)) + self.interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many calls may begin at that time.
    fn possible(pace: Pace, paid: &mut Option<Instant>, now: Instant) -> usize {
        let mut calls = 0;
        while pace.next(*paid).is_none_or(|at| at <= now) {
            *paid = Some(pace.pay(*paid, now));
            calls += 1;
        }
        calls
    }

    #[test]
    fn after_a_pause_a_burst_may_begin_and_then_the_rate_holds() {
        let pace = Pace::new(NonZeroU32::new(10).unwrap(), NonZeroU32::new(5).unwrap());
        let start = Instant::now() + Duration::from_secs(3600);
        let (mut paid, after) = (None, |ms| start + Duration::from_millis(ms));
        assert_eq!(possible(pace, &mut paid, start), 5);
        assert_eq!(possible(pace, &mut paid, after(99)), 0);
        assert_eq!(possible(pace, &mut paid, after(100)), 1);
        assert_eq!(possible(pace, &mut paid, after(400)), 3);
        assert_eq!(possible(pace, &mut paid, after(10_000)), 5, "no more is saved up");
    }
}
