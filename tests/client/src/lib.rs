//! What the tests of the client have in common.
//!
//! `tests/suite` runs the client over every transport with every protocol that it can carry, against a conformance server, which
//! the variables of [`wire_tests`] name. `tests/faults` has servers and relays that do what they should not.

pub mod combination;
pub mod conformance;
pub mod differences;
pub mod everything;
pub mod random;
pub mod recorder;
pub mod relay;

pub use combination::Combination;
pub use differences::reference_lacks;
pub use recorder::{Heard, Recorder};

use signalr::RetryPolicy;
use std::panic::Location;
use std::sync::LazyLock;
use std::time::Duration;

/// Nothing here takes that long, unless it hangs.
pub const LONG: Duration = Duration::from_secs(30);

/// The output of `work`.
///
/// # Panics
///
/// When it hangs.
#[track_caller]
pub fn within<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let place = Location::caller();
    async move { tokio::time::timeout(LONG, work).await.unwrap_or_else(|_| panic!("what begins at {place} hangs")) }
}

/// One HTTP client for all: with TLS it takes long to make one. It keeps no connections, whose tasks end with their test.
///
/// # Panics
///
/// When it cannot be made.
#[must_use]
pub fn http_client() -> reqwest::Client {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        let builder = reqwest::Client::builder().http1_only().no_proxy().pool_max_idle_per_host(0);
        builder.build().expect("its options are right")
    });
    CLIENT.clone()
}

/// The address of a path of the conformance server.
#[must_use]
pub fn url(path: &str) -> String {
    format!("http://{}{path}", wire_tests::server().authority())
}

/// What the conformance server answers at a path.
///
/// # Panics
///
/// When it does not answer.
pub async fn get(path: &str) -> String {
    let answer = http_client().get(url(path)).send().await.expect("the server answers");
    answer.text().await.expect("the answer is text")
}

/// Tries again to connect until it is stopped, without much waiting.
#[must_use]
pub fn soon() -> RetryPolicy {
    RetryPolicy::from_fn(|_| Some(Duration::from_millis(5)))
}

/// How many tasks the runtime has.
#[must_use]
pub fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// Waits until the runtime has no more tasks than that.
///
/// # Panics
///
/// When they do not end.
pub async fn expect_tasks(count: usize) {
    let ended = tokio::time::timeout(LONG, async {
        while tasks() > count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(ended.await.is_ok(), "{} tasks more than before do not end", tasks() - count);
}

/// Waits until nothing is left of a client's calls, not even what tells the server of their end.
///
/// # Panics
///
/// When something stays.
pub async fn expect_no_calls(connection: &signalr::HubConnection) {
    let is_left = || !format!("{connection:?}").contains("calls: 0, uploads: 0, queued_bytes: 0");
    let gone = tokio::time::timeout(LONG, async {
        while is_left() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(gone.await.is_ok(), "{connection:?}");
}
