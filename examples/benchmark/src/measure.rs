//! What this process has used, read from the kernel.

use std::fs;
use std::time::{Duration, Instant};

/// The unit of the times in `/proc/self/schedstat` is a nanosecond, that of the pages in `/proc/self/statm` this.
const PAGE: u64 = 4096;

/// CPU time and clock at one moment.
pub(crate) struct Usage {
    cpu: Duration,
    at: Instant,
}

impl Usage {
    pub(crate) fn now() -> Self {
        Usage { cpu: cpu_time(), at: Instant::now() }
    }

    /// What was used since then, and how long that was.
    pub(crate) fn since(&self) -> (Duration, Duration) {
        (cpu_time().saturating_sub(self.cpu), self.at.elapsed())
    }
}

/// CPU time of all threads that live.
fn cpu_time() -> Duration {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return Duration::ZERO };
    let nanoseconds = threads.flatten().filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

/// Memory of this process that is in use.
pub(crate) fn resident_bytes() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * PAGE
}
