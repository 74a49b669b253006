//! The conformance suite of backplanes: what every [`Backplane`] has to do, for those who write one.
//!
//! A [`Fleet`] says where the backplanes of the servers come from, and [`backplane_suite!`](crate::backplane_suite) makes one
//! test of each case. The cases begin with the promises of the trait itself (`engine_…`) and go on with servers that use it:
//! real hubs with real clients in memory, two or more servers in one process. When those of the engine fail, begin there.
//!
//! ```
//! use signalr::testing::backplane::Fleet;
//! use signalr::{Backplane, MemoryBackplane};
//! use std::sync::Arc;
//!
//! #[derive(Default)]
//! struct Memory(MemoryBackplane);
//!
//! impl Fleet for Memory {
//!     async fn server(&self) -> Arc<dyn Backplane> {
//!         Arc::new(self.0.clone()) // an engine outside of the process: a connection of its own for each
//!     }
//! }
//!
//! signalr::backplane_suite!(Memory::default());
//! # let runtime = tokio::runtime::Runtime::new().unwrap();
//! # runtime.block_on(signalr::testing::backplane::run("selects_all", Memory::default()));
//! ```
//!
//! `cargo test` then runs the cases beside each other, each with a fleet of its own, and all of them may share one engine: each
//! uses channels that nobody else uses. A fleet that can be taken [down](Fleet::down) must not be anybody else's.
//!
//! Nothing here sleeps to wait for something. Each wait ends with what it waits for, or fails after half a minute and says what
//! has not come. The clock has to be a real one.

mod asking;
mod bench;
mod cases;
mod engine;
mod faults;
mod foreign;
mod grouping;
mod hub;
mod knowing;
mod leaving;
mod ordering;
mod resuming;
mod selecting;

use crate::backplane::Backplane;
use crate::session::BoxFuture;
use bench::Bench;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// How long a case may take.
const CASE_LIMIT: Duration = Duration::from_secs(120);

/// Where the servers of a fleet get their backplanes from, and how the engine is taken away from them.
pub trait Fleet: Send + Sync + 'static {
    /// The backplane of one more server: a connection of its own to the engine that all servers of this fleet share. It is
    /// connected when this ends.
    fn server(&self) -> impl Future<Output = Arc<dyn Backplane>> + Send;

    /// Takes the engine away from all servers, or the way to it, and ends when nothing gets through any more; the servers may
    /// need a moment to find out. `false` if that cannot be done here: then the cases about it end at once.
    fn down(&self) -> impl Future<Output = bool> + Send {
        std::future::ready(false)
    }

    /// Brings it back. The servers may need a moment to connect again.
    fn up(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

type Borrowed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A fleet of any type.
trait AnyFleet: Send + Sync {
    fn server(&self) -> Borrowed<'_, Arc<dyn Backplane>>;
    fn down(&self) -> Borrowed<'_, bool>;
    fn up(&self) -> Borrowed<'_, ()>;
}

impl<F: Fleet> AnyFleet for F {
    fn server(&self) -> Borrowed<'_, Arc<dyn Backplane>> {
        Box::pin(Fleet::server(self))
    }

    fn down(&self) -> Borrowed<'_, bool> {
        Box::pin(Fleet::down(self))
    }

    fn up(&self) -> Borrowed<'_, ()> {
        Box::pin(Fleet::up(self))
    }
}

/// One thing that has to be so.
struct Case {
    name: &'static str,
    run: fn(Bench) -> BoxFuture<()>,
}

/// The names of all cases.
pub fn cases() -> impl Iterator<Item = &'static str> {
    cases::ALL.iter().map(|case| case.name)
}

/// Runs one case by its name.
///
/// # Panics
/// When the backplane does not do what the case says, and when there is no such case.
pub async fn run(case: &str, fleet: impl Fleet) {
    let Some(found) = cases::ALL.iter().find(|known| known.name == case) else { panic!("there is no case '{case}'") };
    let bench = Bench::new(Arc::new(fleet)).await;
    let ended = tokio::time::timeout(CASE_LIMIT, (found.run)(bench)).await;
    assert!(ended.is_ok(), "the case '{case}' has not ended within {CASE_LIMIT:?}");
}

/// Runs one case on a runtime of its own: what a test made by [`backplane_suite!`](crate::backplane_suite) does.
#[doc(hidden)]
pub fn run_alone<F: Fleet>(case: &str, fleet: impl Future<Output = F>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let Ok(runtime) = runtime else { panic!("there is no runtime to be had") };
    runtime.block_on(async { run(case, fleet.await).await });
}

/// Makes one test of each [case](crate::testing::backplane) of the conformance suite of backplanes.
///
/// The argument is an expression of a [`Fleet`](crate::testing::backplane::Fleet). It is evaluated for each case, and may
/// `.await`. The tests are functions of the module where this stands.
#[macro_export]
macro_rules! backplane_suite {
    ($fleet:expr $(,)?) => {
        $crate::__backplane_cases! { [$crate::__backplane_tests] [$fleet] }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __backplane_tests {
    ($fleet:tt $($topic:ident: $($case:ident)+;)+) => {
        $($($crate::__backplane_test! { $fleet $case })+)+
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __backplane_test {
    ([$fleet:expr] $case:ident) => {
        #[test]
        fn $case() {
            $crate::testing::backplane::run_alone(::core::stringify!($case), async { $fleet });
        }
    };
}
