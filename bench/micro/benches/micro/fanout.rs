//! Sends to many connections, until all of them were written to, and changes of groups.

use crate::case::Case;
use crate::codec::text;
use crate::line::Client;
use crate::server::Server;
use signalr::protocol::Protocol;
use signalr::{Context, Hub, HubHandle, hub, receiver};
use std::sync::{Arc, Mutex, PoisonError};

const CONNECTIONS: usize = 1000;

const GROUP: &str = "room";

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

/// Who is sent to, and what.
struct Audience {
    handle: HubHandle<Room>,
    /// The id of one of them.
    first: String,
    text: String,
    document: String,
    _clients: Vec<Client>,
}

impl Audience {
    /// Connections that speak the protocols in turn, all in one group. The first half are of the user `ann`.
    fn new(connections: usize, protocols: &[Protocol]) -> (Server, Self) {
        let ids = Arc::default();
        let hub = Hub::new("Room", Room(Arc::clone(&ids)));
        let server = Server::new(&hub);
        let connect = |(nth, protocol): (usize, &Protocol)| {
            server.connect(*protocol, if nth < connections / 2 { "ann" } else { "bob" })
        };
        let clients = protocols.iter().cycle().take(connections).enumerate().map(connect).collect();
        let (handle, ids) = (hub.handle(), ids.lock().unwrap_or_else(PoisonError::into_inner));
        assert_eq!(ids.len(), connections, "not everybody is connected");
        ids.iter().for_each(|id| join(&handle, id));
        let first = ids.first().cloned().unwrap_or_default();
        (server, Audience { handle, first, text: text(32), document: text(4096), _clients: clients })
    }
}

fn join(handle: &HubHandle<Room>, id: &str) {
    drop(handle.add_to_group(id, GROUP).expect("there is room for a group"));
}

fn leave(handle: &HubHandle<Room>, id: &str) {
    drop(handle.remove_from_group(id, GROUP));
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        many("all, 1,000", ONE, |to| drop(to.handle.all().receive(&*to.text))),
        many("all, 1,000, 4 KiB", ONE, |to| drop(to.handle.all().receive(&*to.document))),
        many("all, 1,000, 8 at once", ONE, |to| (0..8).for_each(|_| drop(to.handle.all().receive(&*to.text)))),
        many("all, 500 + 500 of 2 protocols", TWO, |to| drop(to.handle.all().receive(&*to.text))),
        many("all but one of 1,000", ONE, |to| drop(to.handle.all_except([&to.first]).receive(&*to.text))),
        many("group of 1,000", ONE, |to| drop(to.handle.group(GROUP).receive(&*to.text))),
        many("group of 500 + 500 of 2 protocols", TWO, |to| drop(to.handle.group(GROUP).receive(&*to.text))),
        many("user of 500", ONE, |to| drop(to.handle.user("ann").receive(&*to.text))),
        one("all, 1", |to| drop(to.handle.all().receive(&*to.text))),
        one("all, 1, many arguments", |to| {
            drop(to.handle.all().moved(7, &*to.text, 1.5, 2.25, [1, 2, 3], 1 << 40));
        }),
        one("group of 1", |to| drop(to.handle.group(GROUP).receive(&*to.text))),
        one("client of 1", |to| drop(to.handle.client(&to.first).receive(&*to.text))),
        change("a group of 1", 1),
        change("a group of 1,000", CONNECTIONS),
    ]
}

fn many(name: &str, protocols: &'static [Protocol], send: fn(&Audience)) -> Case {
    self::send(name, 20, CONNECTIONS, protocols, send)
}

fn one(name: &str, send: fn(&Audience)) -> Case {
    self::send(name, 500, 1, ONE, send)
}

fn send(name: &str, times: u64, connections: usize, protocols: &'static [Protocol], send: fn(&Audience)) -> Case {
    Case::new(format!("send/{name}"), times, move || {
        let (server, audience) = Audience::new(connections, protocols);
        server.repeat(move || send(&audience))
    })
}

/// A connection leaves a group and joins it again.
fn change(name: &str, connections: usize) -> Case {
    Case::new(format!("leave and join/{name}"), 500, move || {
        let (server, audience) = Audience::new(connections, ONE);
        Box::new(move |times| {
            // As a whole, so that nobody disconnects.
            let (_server, Audience { handle, first, .. }) = (&server, &audience);
            for _ in 0..times {
                leave(handle, first);
                join(handle, first);
            }
        })
    })
}
