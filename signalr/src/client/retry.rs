//! When a client tries again to connect.

use super::error::ClientError;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// The delays of `WithAutomaticReconnect()` of the .NET client and `withAutomaticReconnect()` of the JavaScript one.
const DELAYS: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(30)];

/// How long [`RetryPolicy::forever`] waits at most before its first attempt, and before any.
const FOREVER: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How often, and after which delays, a client tries again to connect (`IRetryPolicy` of Microsoft's clients).
///
/// One policy serves the first connection and all later ones. Each time it begins anew: after a success nothing is left of the
/// attempts before. `RetryPolicy::default()` has the delays of Microsoft's clients: at once, then after 2, 10 and 30 seconds.
///
/// ```
/// use signalr::RetryPolicy;
/// use std::time::Duration;
///
/// let five_minutes = RetryPolicy::forever().for_at_most(Duration::from_secs(300));
/// let three_times = RetryPolicy::delays([1, 5, 25].map(Duration::from_secs)).jitter(true);
/// let own = RetryPolicy::from_fn(|retry| {
///     let is_early = retry.elapsed_time < Duration::from_secs(60);
///     Some(Duration::from_secs(if is_early { 5 } else { 60 }))
/// });
/// ```
#[derive(Clone)]
pub struct RetryPolicy {
    rule: Rule,
    /// Whether each delay is a random part of what the rule says.
    jitter: bool,
    /// Past this time no attempt begins.
    limit: Option<Duration>,
}

#[derive(Clone)]
enum Rule {
    Delays(Arc<[Duration]>),
    /// Twice as long each time.
    Backoff {
        first: Duration,
        cap: Duration,
    },
    Own(Arc<Own>),
}

type Own = dyn Fn(&RetryContext<'_>) -> Option<Duration> + Send + Sync;

/// What a policy decides by (`RetryContext` of Microsoft's clients).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RetryContext<'a> {
    /// How many retries of this series have failed: 0 when the policy is asked for the first time
    /// (`PreviousRetryCount`).
    pub previous_retry_count: u32,
    /// How long ago the connection was lost, or the first attempt to connect began (`ElapsedTime`).
    pub elapsed_time: Duration,
    /// Why the connection was lost, or could not be made the last time (`RetryReason`).
    pub retry_reason: &'a ClientError,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::delays(DELAYS)
    }
}

impl RetryPolicy {
    fn new(rule: Rule, jitter: bool) -> Self {
        RetryPolicy { rule, jitter, limit: None }
    }

    /// Never tries again.
    pub fn never() -> Self {
        Self::delays([])
    }

    /// Tries again after each of these delays in turn, then no more.
    pub fn delays(delays: impl IntoIterator<Item = Duration>) -> Self {
        Self::new(Rule::Delays(delays.into_iter().collect()), false)
    }

    /// Tries again until it is stopped, as [`exponential`](Self::exponential) does from one second up to 30.
    pub fn forever() -> Self {
        let (first, cap) = FOREVER;
        Self::exponential(first, cap)
    }

    /// Tries again until it is stopped, each time after twice the delay, but never more than `cap`, with
    /// [`jitter`](Self::jitter).
    pub fn exponential(first: Duration, cap: Duration) -> Self {
        Self::new(Rule::Backoff { first, cap }, true)
    }

    /// Asks a function for each delay (`NextRetryDelay`, in JavaScript `nextRetryDelayInMilliseconds`); `None` ends the attempts,
    /// and so does a panic.
    pub fn from_fn<F>(next_delay: F) -> Self
    where
        F: Fn(&RetryContext<'_>) -> Option<Duration> + Send + Sync + 'static,
    {
        Self::new(Rule::Own(Arc::new(next_delay)), false)
    }

    /// Whether each delay is a random one between nothing and what it would be otherwise: so that the clients of a server that
    /// starts again do not come back all at once.
    #[must_use]
    pub fn jitter(mut self, jitter: bool) -> Self {
        self.jitter = jitter;
        self
    }

    /// Ends the attempts once the connection has been away for this long. A delay that would last longer is cut, so that the
    /// last attempt begins then.
    #[must_use]
    pub fn for_at_most(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Begins a series of attempts: the connection was lost, or the first attempt to connect has failed.
    pub(crate) fn begin(&self) -> Retries {
        Retries { policy: self.clone(), count: 0, random: None }
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RetryPolicy");
        match &self.rule {
            Rule::Delays(delays) => debug.field("delays", delays),
            Rule::Backoff { first, cap } => debug.field("first", first).field("cap", cap),
            Rule::Own(_) => debug.field("own", &format_args!("..")),
        };
        debug.field("jitter", &self.jitter).field("limit", &self.limit).finish()
    }
}

/// One series of attempts, which ends with a connection or with none.
#[derive(Debug)]
pub(crate) struct Retries {
    policy: RetryPolicy,
    /// How many delays were given.
    count: u32,
    /// Made when first needed.
    random: Option<Random>,
}

impl Retries {
    /// After which delay to try again, if at all. `elapsed` is the time since the connection was lost, or since the first attempt
    /// to connect began.
    pub(crate) fn next(&mut self, elapsed: Duration, error: &ClientError) -> Option<Duration> {
        let left = match self.policy.limit {
            Some(limit) => limit.checked_sub(elapsed).filter(|left| !left.is_zero())?,
            None => Duration::MAX,
        };
        let delay = self.delay(elapsed, error)?;
        self.count = self.count.saturating_add(1);
        let delay = if self.policy.jitter { self.random.get_or_insert_with(Random::new).up_to(delay) } else { delay };
        Some(delay.min(left))
    }

    fn delay(&self, elapsed_time: Duration, retry_reason: &ClientError) -> Option<Duration> {
        match &self.policy.rule {
            Rule::Delays(delays) => delays.get(usize::try_from(self.count).ok()?).copied(),
            Rule::Backoff { first, cap } => {
                let doubled = 2u32.checked_pow(self.count).map_or(*cap, |factor| first.saturating_mul(factor));
                Some(doubled.min(*cap))
            }
            Rule::Own(next_delay) => {
                let context = RetryContext { previous_retry_count: self.count, elapsed_time, retry_reason };
                catch_unwind(AssertUnwindSafe(|| next_delay(&context))).unwrap_or_else(|_panic| {
                    tracing::error!("the retry policy panicked: no further attempts are made");
                    None
                })
            }
        }
    }
}

/// A generator of random numbers (SplitMix64), which are no secret.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn new() -> Self {
        let mut seed = [0; 8];
        // Without a seed all clients wait alike, which they would without jitter too.
        let _ = getrandom::fill(&mut seed);
        Random(u64::from_ne_bytes(seed))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Any time below this one.
    fn up_to(&mut self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        let part = (u128::from(most) * u128::from(self.next())) >> 64;
        Duration::from_nanos(u64::try_from(part).unwrap_or(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    const ERROR: ClientError = ClientError::NotConnected;

    fn seconds<const N: usize>(seconds: [u64; N]) -> [Duration; N] {
        seconds.map(Duration::from_secs)
    }

    /// The first delays of one series, as if no time passed.
    fn series(policy: &RetryPolicy, count: usize) -> Vec<Duration> {
        let mut retries = policy.begin();
        (0..count).map_while(|_| retries.next(Duration::ZERO, &ERROR)).collect()
    }

    #[test]
    fn a_list_is_gone_through_once_in_each_series() {
        let policy = RetryPolicy::default();
        for _ in 0..2 {
            assert_eq!(series(&policy, 9), seconds([0, 2, 10, 30]));
        }
        assert_eq!(series(&RetryPolicy::delays(seconds([7])), 9), seconds([7]));
        assert_eq!(series(&RetryPolicy::never(), 9), []);
    }

    #[test]
    fn a_delay_doubles_up_to_the_cap_for_ever() {
        let [first, cap] = seconds([3, 20]);
        let policy = RetryPolicy::exponential(first, cap).jitter(false);
        assert_eq!(series(&policy, 5), seconds([3, 6, 12, 20, 20]));
        assert_eq!(series(&policy, 100).last(), Some(&cap));
        let mut late = Retries { count: u32::MAX, ..policy.begin() };
        assert_eq!([0; 2].map(|_| late.next(Duration::MAX, &ERROR)), [Some(cap); 2]);
        // Neither bound has to make sense.
        let endless = RetryPolicy::exponential(Duration::MAX, Duration::MAX).jitter(false);
        assert_eq!(series(&endless, 3), [Duration::MAX; 3]);
        assert_eq!(series(&RetryPolicy::exponential(cap, first).jitter(false), 2), [first; 2]);
    }

    #[test]
    fn jitter_takes_any_part_of_each_delay() {
        let most = Duration::from_secs(10);
        let policy = RetryPolicy::delays([most; 1000]).jitter(true);
        let delays = series(&policy, 1000);
        assert!(delays.iter().all(|delay| *delay < most));
        for tenth in 0..10 {
            let tenth = Duration::from_secs(tenth)..Duration::from_secs(tenth + 1);
            let count = delays.iter().filter(|delay| tenth.contains(delay)).count();
            // That one is missed by chance is less likely than 1 in 10^40.
            assert!(count > 0, "{tenth:?}");
        }
        assert_ne!(series(&policy, 10), series(&policy, 10), "each series has its own numbers");
        assert_eq!(series(&RetryPolicy::delays([Duration::ZERO]).jitter(true), 1), [Duration::ZERO]);
        assert_eq!(series(&RetryPolicy::exponential(Duration::MAX, Duration::MAX), 3).len(), 3);
    }

    #[test]
    fn jitter_is_below_what_the_delay_would_be() {
        let bounds = RetryPolicy::forever().jitter(false);
        for _ in 0..100 {
            let both = series(&RetryPolicy::forever(), 8).into_iter().zip(series(&bounds, 8));
            both.for_each(|(delay, bound)| assert!(delay < bound, "{delay:?} {bound:?}"));
        }
        assert_eq!(series(&bounds, 7), seconds([1, 2, 4, 8, 16, 30, 30]));
    }

    #[test]
    fn a_limit_cuts_the_last_delay() {
        let policy = RetryPolicy::delays(seconds([0, 10, 10])).for_at_most(Duration::from_secs(15));
        let mut retries = policy.begin();
        let mut next = |elapsed| retries.next(Duration::from_secs(elapsed), &ERROR);
        assert_eq!(next(0), Some(Duration::ZERO));
        assert_eq!(next(1), Some(Duration::from_secs(10)));
        assert_eq!(next(12), Some(Duration::from_secs(3)));
        for late in [15, 16, u64::MAX] {
            assert_eq!(next(late), None);
        }
        assert_eq!(series(&RetryPolicy::forever().for_at_most(Duration::ZERO), 1), []);
        // The list ends where it ends.
        assert_eq!(series(&RetryPolicy::delays(seconds([1])).for_at_most(Duration::MAX), 9), seconds([1]));
    }

    #[test]
    fn a_function_is_told_how_it_stands() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = told.clone();
        let policy = RetryPolicy::from_fn(move |retry| {
            let RetryContext { previous_retry_count, elapsed_time, retry_reason } = *retry;
            tell.lock().unwrap().push((previous_retry_count, elapsed_time, retry_reason.to_string()));
            (previous_retry_count < 2).then_some(elapsed_time * 2)
        });
        for _ in 0..2 {
            let mut retries = policy.begin();
            assert_eq!(retries.next(Duration::ZERO, &ERROR), Some(Duration::ZERO));
            let error = ClientError::ConnectionLost("the wire was cut".into());
            assert_eq!(retries.next(Duration::from_secs(4), &error), Some(Duration::from_secs(8)));
            assert_eq!(retries.next(Duration::from_secs(20), &ERROR), None);
            let lost = error.to_string();
            let expected = [(0, 0, ERROR.to_string()), (1, 4, lost), (2, 20, ERROR.to_string())];
            let told = std::mem::take(&mut *told.lock().unwrap());
            assert_eq!(told, expected.map(|(count, elapsed, error)| (count, Duration::from_secs(elapsed), error)));
        }
    }

    #[test]
    fn a_function_that_panics_ends_the_attempts() {
        let policy = RetryPolicy::from_fn(|_| panic!("not today"));
        assert_eq!(series(&policy, 1), []);
    }
}
