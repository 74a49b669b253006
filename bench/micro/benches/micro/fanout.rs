//! Sends to many connections, until all of them were written to, and changes of groups.

use crate::case::{Case, Operation};
use crate::codec::text;
use crate::line::Client;
use crate::server::Server;
use signalr::protocol::Protocol;
use signalr::{Context, Hub, HubHandle, hub, receiver};
use std::sync::{Arc, Mutex, PoisonError};

const CONNECTIONS: usize = 1000;

const ONE: &[Protocol] = &[Protocol::Json];
const TWO: &[Protocol] = &[Protocol::Json, Protocol::MessagePack];

#[receiver]
trait RoomClient {
    async fn receive(&self, text: String);
    async fn moved(&self, id: u64, name: String, x: f64, y: f64, flags: Vec<u8>, at: i64);
}

/// Notes who is there.
struct Room(Arc<Mutex<Vec<String>>>);

#[hub(receiver = RoomClient)]
impl Room {
    fn on_connected(&self, ctx: Context<Self>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(ctx.connection_id().to_owned());
    }
}

/// Who is sent to, and with them whatever has to live meanwhile.
struct Audience {
    server: Server,
    handle: HubHandle<Room>,
    ids: Vec<String>,
    _clients: Vec<Client>,
}

impl Audience {
    /// Connections that speak the protocols in turn. The first half are of the user `ann`.
    fn new(connections: usize, protocols: &[Protocol]) -> Self {
        let ids = Arc::default();
        let hub = Hub::new("Room", Room(Arc::clone(&ids)));
        let server = Server::new(&hub);
        let connect = |(nth, protocol): (usize, &Protocol)| {
            server.connect(*protocol, if nth < connections / 2 { "ann" } else { "bob" })
        };
        let clients = protocols.iter().cycle().take(connections).enumerate().map(connect).collect();
        let ids = ids.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert_eq!(ids.len(), connections, "not everybody is connected");
        Audience { server, handle: hub.handle(), ids, _clients: clients }
    }

    /// All are members of one group.
    fn grouped(self) -> Self {
        self.ids.iter().for_each(|id| join(&self.handle, id, "group"));
        self
    }
}

fn join(handle: &HubHandle<Room>, id: &str, group: &str) {
    drop(handle.add_to_group(id, group).expect("there is room for a group"));
}

pub(crate) fn cases() -> Vec<Case> {
    let everybody = |protocols| move || Audience::new(CONNECTIONS, protocols);
    let group = |protocols| move || Audience::new(CONNECTIONS, protocols).grouped();
    let alone = || Audience::new(1, ONE).grouped();
    vec![
        send("all, 1,000", 20, everybody(ONE), |handle, _| drop(handle.all().receive(text(32)))),
        send("all, 1,000, 4 KiB", 20, everybody(ONE), |handle, _| drop(handle.all().receive(text(4096)))),
        send("all, 1,000, 8 times", 5, everybody(ONE), |handle, _| {
            (0..8).for_each(|_| drop(handle.all().receive(text(32))));
        }),
        send("all, 500 + 500 of 2 protocols", 20, everybody(TWO), |handle, _| drop(handle.all().receive(text(32)))),
        send("all but one of 1,000", 20, everybody(ONE), |handle, ids| {
            drop(handle.all_except(ids.first()).receive(text(32)));
        }),
        send("group of 1,000", 20, group(ONE), |handle, _| drop(handle.group("group").receive(text(32)))),
        send("group of 500 + 500 of 2 protocols", 20, group(TWO), |handle, _| {
            drop(handle.group("group").receive(text(32)));
        }),
        send("user of 500", 20, everybody(ONE), |handle, _| drop(handle.user("ann").receive(text(32)))),
        send("all, 1", 500, alone, |handle, _| drop(handle.all().receive(text(32)))),
        send("all, 1, many arguments", 500, alone, |handle, _| {
            drop(handle.all().moved(7, text(8), 1.5, 2.25, vec![1, 2, 3], 1 << 40));
        }),
        send("group of 1", 500, alone, |handle, _| drop(handle.group("group").receive(text(32)))),
        send("client of 1", 500, alone, |handle, ids| {
            ids.first().into_iter().for_each(|id| drop(handle.client(id).receive(text(32))));
        }),
        change("a new group", || Audience::new(1, ONE)),
        change("a group of 1,000", || Audience::new(CONNECTIONS, ONE).grouped()),
    ]
}

fn send(
    name: &str,
    times: u64,
    audience: impl Fn() -> Audience + Sync + 'static,
    send: fn(&HubHandle<Room>, &[String]),
) -> Case {
    Case::new(format!("send/{name}"), times, move || {
        let Audience { server, handle, ids, _clients } = audience();
        server.repeat(move || {
            let _alive = &_clients;
            send(&handle, &ids);
        })
    })
}

/// A connection joins a group and leaves it.
fn change(name: &str, audience: impl Fn() -> Audience + Sync + 'static) -> Case {
    Case::new(format!("join and leave/{name}"), 500, move || -> Operation {
        let audience = audience();
        let Some(id) = audience.ids.first().cloned() else { panic!("nobody is there") };
        drop(audience.handle.remove_from_group(&id, "group"));
        Box::new(move |times| {
            for _ in 0..times {
                join(&audience.handle, &id, "group");
                drop(audience.handle.remove_from_group(&id, "group"));
            }
        })
    })
}
