//! stand-in
use super::error::ClientError;
use std::time::Duration;
/// policy
#[derive(Debug, Clone)]
pub struct RetryPolicy(bool);
pub(super) struct Retries(bool);
impl RetryPolicy {
    /// never
    pub fn never() -> Self {
        RetryPolicy(false)
    }
    /// forever
    pub fn forever() -> Self {
        RetryPolicy(true)
    }
    pub(super) fn begin(&self) -> Retries {
        Retries(self.0)
    }
}
impl Retries {
    pub(super) fn next(&mut self, _elapsed: Duration, _error: &ClientError) -> Option<Duration> {
        self.0.then(|| Duration::from_millis(100))
    }
}
