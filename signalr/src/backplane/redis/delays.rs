//! How long to wait before connecting again.

use std::time::Duration;

/// Twice as long each time, and in part random, so that the servers of a fleet do not come all at once.
pub(super) struct Delays {
    min: Duration,
    max: Duration,
    /// The longest that the next one may be.
    next: Duration,
}

impl Delays {
    pub(super) fn new(min: Duration, max: Duration) -> Self {
        Delays { min, max, next: min }
    }

    /// Begins anew.
    pub(super) fn reset(&mut self) {
        self.next = self.min;
    }

    pub(super) fn next(&mut self) -> Duration {
        let most = self.next;
        self.next = most.saturating_mul(2).min(self.max);
        // The first may be none at all.
        let least = if most == self.min { Duration::ZERO } else { most / 2 };
        least + (most - least).mul_f64(random())
    }
}

/// A number below one.
fn random() -> f64 {
    let mut bytes = [0; 4];
    // Without random bytes all servers wait alike.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_the_longest_and_begin_anew() {
        let [min, max] = [100, 1000].map(Duration::from_millis);
        let mut delays = Delays::new(min, max);
        for (least, most) in [(0, 100), (100, 200), (200, 400), (400, 800), (500, 1000), (500, 1000)] {
            let delay = delays.next();
            assert!((Duration::from_millis(least)..=Duration::from_millis(most)).contains(&delay), "{delay:?}");
        }
        delays.reset();
        assert!(delays.next() <= min);
    }
}
