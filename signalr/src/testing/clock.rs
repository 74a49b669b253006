//! Waiting in tests: for something that happens, and not for ever.

use std::panic::Location;
use std::time::Duration;
use tokio::time::Instant;

/// How long something is waited for on a clock that runs.
const REAL_LIMIT: Duration = Duration::from_secs(10);
/// The same on a clock that is paused, where a hub may well sleep for minutes, and waiting costs nothing.
const PAUSED_LIMIT: Duration = Duration::from_secs(3600);

/// Whether the clock of the runtime is paused: then it stands still while this runs.
fn is_paused() -> bool {
    let before = Instant::now();
    let real = std::time::Instant::now();
    while real.elapsed() < Duration::from_micros(20) {
        std::hint::spin_loop();
    }
    Instant::now() == before
}

/// How long to wait, if nothing was said about it.
pub(super) fn default_limit() -> Duration {
    if is_paused() { PAUSED_LIMIT } else { REAL_LIMIT }
}

/// What `work` gives. If it takes too long the test fails, and is told what was missing (`"… has not come"`), and where it
/// was waited for.
#[track_caller]
pub(super) fn in_time<T>(
    limit: Option<Duration>,
    missing: impl FnOnce() -> String,
    work: impl Future<Output = T>,
) -> impl Future<Output = T> {
    let place = Location::caller();
    async move {
        let limit = limit.unwrap_or_else(default_limit);
        match tokio::time::timeout(limit, work).await {
            Ok(output) => output,
            Err(_elapsed) => panic!("{} within {limit:?}, which {place} waits for", missing()),
        }
    }
}

/// Waits until nothing runs any more: everything that was sent has arrived, unless a line is slow or stalled, and whatever is
/// left waits for a timer or for the test. What has not happened by then does not happen by itself:
///
/// ```
/// # use signalr::testing::{Recorder, TestServer, settle};
/// # use signalr::{ClientError, Context, Hub, HubConnection, hub};
/// # struct ChatHub;
/// # #[hub] impl ChatHub { fn whisper(&self, ctx: Context<Self>) { ctx.clients().caller().send("Whispered", ()); } }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), ClientError> {
/// let server = TestServer::new(&Hub::new("ChatHub", ChatHub));
/// let heard = Recorder::new();
/// let ann: HubConnection = server.connect().await?;
/// let bob: HubConnection = server.client().record(&heard).connect().await?;
///
/// ann.invoke::<()>("Whisper", ()).await?;
/// settle().await;
/// heard.assert_none();
/// # drop(bob);
/// # Ok(()) }
/// ```
///
/// It needs a paused clock, `#[tokio::test(start_paused = true)]`, which goes on only when nothing runs; it goes on by a
/// millisecond.
///
/// # Panics
/// When the clock is not paused.
#[track_caller]
pub fn settle() -> impl Future<Output = ()> + Send {
    let place = Location::caller();
    async move {
        assert!(is_paused(), "`settle` at {place} needs a paused clock: `#[tokio::test(start_paused = true)]`");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
