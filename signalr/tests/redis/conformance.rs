//! The conformance suite of backplanes: each case on a Redis server of its own.

use crate::server::Server;
use crate::support::{builder, soon};
use signalr::Backplane;
use signalr::testing::backplane::Fleet;
use std::sync::Arc;
use tokio::sync::Mutex;

struct RedisFleet(Mutex<Server>);

impl RedisFleet {
    async fn start() -> Self {
        RedisFleet(Mutex::new(Server::start().await))
    }
}

impl Fleet for RedisFleet {
    async fn server(&self) -> Arc<dyn Backplane> {
        let redis = builder(&self.0.lock().await.url()).open().expect("it opens");
        soon(redis.connected()).await;
        Arc::new(redis)
    }

    async fn down(&self) -> bool {
        self.0.lock().await.kill().await;
        true
    }

    async fn up(&self) {
        self.0.lock().await.restart().await;
    }
}

signalr::backplane_suite!(RedisFleet::start().await);
