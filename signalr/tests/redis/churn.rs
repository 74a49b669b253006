//! Clients come, join, leave and go while connections to Redis break all the time.

use crate::server::Server;
use crate::support::{connect, connected, soon};
use signalr::testing::TestServer;
use signalr::{BackplaneOptions, Context, Hub, HubConnection, HubError, Redis, SignalR, User, hub};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

struct Rooms;

#[hub]
impl Rooms {
    async fn join(&self, ctx: Context<Self>, room: String) -> Result<bool, HubError> {
        Ok(ctx.join(room)?.await?)
    }

    fn leave(&self, ctx: Context<Self>, room: String) {
        ctx.leave(room);
    }
}

fn server(redis: &Redis) -> TestServer<Rooms> {
    let hub = Hub::new("Rooms", Rooms);
    let short = Duration::from_millis(100);
    let options = BackplaneOptions::default().ack_timeout(short).answer_timeout(short);
    TestServer::from(SignalR::builder().hub("/rooms", &hub).backplane_with(redis.clone(), options).build().server(&hub))
}

async fn come(server: &TestServer<Rooms>, user: &str) -> HubConnection {
    soon(server.line().user(User::new(user)).client().connect()).await.expect("it connects")
}

/// What a client does until the end.
async fn live(nth: usize, own: TestServer<Rooms>, other: TestServer<Rooms>, done: Arc<AtomicBool>) {
    let mut dice = nth * 7919 + 1;
    let mut throw = move |bound: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % bound
    };
    while !done.load(Ordering::Relaxed) {
        let client = come(&own, ["ann", "bob", "cid"][throw(3)]).await;
        let id = client.connection_id().expect("it knows its id");
        for _ in 0..throw(8) {
            let room = format!("room {}", throw(5));
            match throw(5) {
                // It fails while Redis is away.
                0 | 1 => drop(soon(client.invoke::<bool>("Join", (room,)).into_future()).await),
                2 => soon(client.invoke::<()>("Leave", (room,)).into_future()).await.expect("it leaves"),
                3 => drop(soon(other.handle().add_to_group(&id, room).expect("there is room").into_future()).await),
                _ => drop(soon(other.handle().remove_from_group(&id, room).into_future()).await),
            }
        }
        soon(client.stop()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_are_those_of_who_is_there_however_often_redis_was_lost() {
    let redis = Server::start().await;
    let handles = [connect(&redis).await, connect(&redis).await];
    let servers = handles.each_ref().map(server);
    let names = async || {
        let channels = redis.command(&["PUBSUB", "CHANNELS"]).await.replace("Rooms:", "\n");
        let all = channels.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty());
        all.collect::<BTreeSet<_>>()
    };
    let mut expected = soon(async {
        loop {
            let names = names().await;
            if names.len() == 9 {
                return names;
            }
        }
    })
    .await;
    let done = Arc::new(AtomicBool::new(false));
    let lives: Vec<_> = (0..24)
        .map(|nth| tokio::spawn(live(nth, servers[nth % 2].clone(), servers[1 - nth % 2].clone(), done.clone())))
        .collect();
    for _ in 0..20 {
        for kind in ["pubsub", "normal"] {
            redis.command(&["CLIENT", "KILL", "TYPE", kind]).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        for handle in &handles {
            connected(handle).await;
        }
    }
    let stay = [come(&servers[0], "dot").await, come(&servers[1], "dot").await];
    for client in &stay {
        while soon(client.invoke::<bool>("Join", ("room 1",)).into_future()).await.is_err() {}
        expected.insert(format!("connection:{}", client.connection_id().expect("it knows its id")));
    }
    done.store(true, Ordering::Relaxed);
    for life in lives {
        soon(life).await.expect("no panic");
    }
    for server in &servers {
        server.wait_for_connections(1).await;
    }
    expected.extend(["group:room 1", "user:dot"].map(str::to_owned));
    let mut names_now = names().await;
    for _ in 0..100 {
        if names_now == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        names_now = names().await;
    }
    let surplus: Vec<_> = names_now.difference(&expected).collect();
    let missing: Vec<_> = expected.difference(&names_now).collect();
    panic!("surplus {surplus:?}, missing {missing:?}");
}
