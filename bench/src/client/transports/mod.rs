//! A client of each transport, in JSON: one that calls, and one that only listens.

pub(crate) mod caller;
mod http;
mod messages;

use super::PATIENCE;
use crate::Error;

pub(crate) const HANDSHAKE: &[u8] = b"{\"protocol\":\"json\",\"version\":1}\x1e";

/// An invocation with the one id that all invocations have: a client waits for each to complete.
pub(crate) fn invocation(target: &str, argument: &str) -> Vec<u8> {
    format!("{{\"type\":1,\"invocationId\":\"1\",\"target\":\"{target}\",\"arguments\":[\"{argument}\"]}}\x1e").into()
}

/// What comes of something that must not hang.
pub(crate) async fn patiently<T>(what: &str, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(result) => result.map_err(|error| format!("{what}: {error}").into()),
        Err(_elapsed) => Err(format!("{what}: nothing has happened for {PATIENCE:?}").into()),
    }
}
