//! A client of each transport that does little more than move bytes, so that most of the machine is the server's.

pub(crate) mod caller;
pub(crate) mod http;
pub(crate) mod messages;
pub(crate) mod web_socket;

use crate::Error;
use std::time::Duration;

/// The end of every JSON message.
pub(crate) const SEPARATOR: u8 = 0x1e;
pub(crate) const HANDSHAKE: &[u8] = b"{\"protocol\":\"json\",\"version\":1}\x1e";

/// Nothing takes as long as this, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

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
