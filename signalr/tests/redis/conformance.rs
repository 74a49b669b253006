//! The conformance suite of backplanes: each case on a Redis server of its own.

use crate::server::Server;
use crate::support::{builder, soon};
use signalr::Backplane;
use signalr::testing::backplane::{Fleet, cases, run};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

const SHORT: Duration = Duration::from_secs(1);

/// How it goes away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Killed,
    /// Its connections stay open, and nothing is answered.
    Stopped,
}

struct RedisFleet(Mutex<Server>, End);

impl RedisFleet {
    async fn start(end: End) -> Self {
        RedisFleet(Mutex::new(Server::start().await), end)
    }
}

impl Fleet for RedisFleet {
    async fn server(&self) -> Arc<dyn Backplane> {
        let builder = builder(&self.0.lock().await.url());
        let builder = match self.1 {
            End::Killed => builder,
            // Until then nobody knows that anything is wrong.
            End::Stopped => builder.response_timeout(SHORT).connect_timeout(SHORT),
        };
        let redis = builder.open().expect("it opens");
        soon(redis.connected()).await;
        Arc::new(redis)
    }

    async fn down(&self) -> bool {
        let mut server = self.0.lock().await;
        match self.1 {
            End::Killed => server.kill().await,
            End::Stopped => server.signal("STOP").await,
        }
        true
    }

    async fn up(&self) {
        let mut server = self.0.lock().await;
        match self.1 {
            End::Killed => server.restart().await,
            End::Stopped => server.signal("CONT").await,
        }
    }
}

signalr::backplane_suite!(RedisFleet::start(End::Killed).await);

#[tokio::test(flavor = "multi_thread")]
async fn all_about_its_absence_holds_when_it_only_stands_still() {
    let away = cases().filter(|case| case.contains("away") || case.contains("comes_back") || case.contains("outages"));
    let away: Vec<&str> = away.collect();
    assert!(away.len() > 5, "{away:?}");
    let running = away.into_iter().map(|case| async move {
        run(case, RedisFleet::start(End::Stopped).await).await;
    });
    futures_util::future::join_all(running).await;
}
