//! A server in memory, with WebSockets as clients open them.
//!
//! Everything is as in an application but the sockets: axum serves the router, the HTTP server upgrades the connections, tokio
//! runs a task for each. All of it is on one thread, so that the same work takes the same instructions each time.

use crate::case::Operation;
use crate::line::{Client, Meter, Socket, line};
use axum::serve::Listener;
use signalr::protocol::websocket::{Opcode, apply_mask, frame_header};
use signalr::protocol::{Protocol, TransferFormat};
use signalr::{Hub, HubMethods, HubOptions, SignalR};
use std::io;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::yield_now;

/// Nothing happens by itself while something is measured, however slow the machine is.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// So often everybody else gets a turn before it is believed that nothing more is to come.
const TURNS: usize = 200;

/// The header that says who the user is.
const USER: &str = "x-user";

pub(crate) struct Server {
    runtime: Runtime,
    sockets: UnboundedSender<Socket>,
    meter: Meter,
}

struct Sockets(UnboundedReceiver<Socket>);

impl Listener for Sockets {
    type Io = Socket;
    type Addr = ();

    async fn accept(&mut self) -> (Socket, ()) {
        match self.0.recv().await {
            Some(socket) => (socket, ()),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn options() -> HubOptions {
    let user = |parts: &axum::http::request::Parts| Some(parts.headers.get(USER)?.to_str().ok()?.to_owned());
    let options = HubOptions::default().user_id(user);
    options.keep_alive_interval(NEVER / 4).client_timeout(NEVER).handshake_timeout(NEVER)
}

impl Server {
    pub(crate) fn new<H: HubMethods>(hub: &Hub<H>) -> Self {
        Self::with(hub, options())
    }

    pub(crate) fn with<H: HubMethods>(hub: &Hub<H>, options: HubOptions) -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        let (sockets, accepted) = unbounded_channel();
        let router = SignalR::builder().options(options).hub("/hub", hub).build().router::<()>();
        runtime.spawn(axum::serve(Sockets(accepted), router).into_future());
        Server { runtime, sockets, meter: Meter::default() }
    }

    /// Connects a client and waits until the server knows it.
    pub(crate) fn connect(&self, protocol: Protocol, user: &str) -> Client {
        let client = self.open();
        let ask = |request: &[u8]| {
            client.listen();
            self.runtime.block_on(self.answered(&client, request));
            client.heard()
        };
        let upgraded = ask(&upgrade(user));
        assert!(upgraded.starts_with(b"HTTP/1.1 101 "), "the server refuses the WebSocket");
        let greeted = ask(&handshake(protocol));
        assert!(greeted.ends_with(b"{}\x1e"), "the server refuses the handshake");
        client
    }

    fn open(&self) -> Client {
        let (client, socket) = line(&self.meter);
        assert!(self.sockets.send(socket).is_ok(), "the server has ended");
        client
    }

    /// Lets the server do whatever it can do; how many bytes it has written meanwhile.
    fn settle(&self) -> u64 {
        let before = self.meter.written();
        self.runtime.block_on(async {
            for _ in 0..TURNS {
                yield_now().await;
            }
        });
        self.meter.written() - before
    }

    /// Does `work` again and again, each time until the server has written all that it writes for it.
    pub(crate) fn repeat(self, mut work: impl FnMut() + 'static) -> Operation {
        work();
        let expected = self.settle();
        assert!(expected > 0, "the server writes nothing for it");
        Box::new(move |times| {
            self.runtime.block_on(async {
                for _ in 0..times {
                    let goal = self.meter.written() + expected;
                    work();
                    while self.meter.written() < goal {
                        yield_now().await;
                    }
                }
            });
        })
    }

    /// Sends something, and waits until the server has written something.
    async fn answered(&self, client: &Client, request: &[u8]) {
        let before = self.meter.written();
        client.send(request);
        while self.meter.written() == before {
            yield_now().await;
        }
    }

    /// Opens a connection, sends `request` on it, and closes it after the answer.
    pub(crate) fn repeat_connecting(self, protocol: Protocol, request: Vec<u8>) -> Operation {
        let (upgrade, handshake) = (upgrade("ann"), handshake(protocol));
        Box::new(move |times| {
            self.runtime.block_on(async {
                for _ in 0..times {
                    let client = self.open();
                    for bytes in [&upgrade, &handshake, &request] {
                        self.answered(&client, bytes).await;
                    }
                    client.close();
                    while !client.is_over() {
                        yield_now().await;
                    }
                }
            });
        })
    }
}

fn upgrade(user: &str) -> Vec<u8> {
    format!(
        "GET /hub HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{USER}: {user}\r\n\r\n"
    )
    .into_bytes()
}

fn handshake(protocol: Protocol) -> Vec<u8> {
    let text = format!("{{\"protocol\":\"{}\",\"version\":1}}\u{1e}", protocol.name());
    framed(protocol, text.as_bytes())
}

/// A message in a masked frame, as a client sends it.
pub(crate) fn framed(protocol: Protocol, message: &[u8]) -> Vec<u8> {
    const KEY: [u8; 4] = [0x3a, 0x91, 0xc4, 0x5e];
    let opcode = match protocol.transfer_format() {
        TransferFormat::Text => Opcode::Text,
        TransferFormat::Binary => Opcode::Binary,
    };
    let mut frame = frame_header(opcode, message.len(), Some(KEY)).to_vec();
    let header = frame.len();
    frame.extend_from_slice(message);
    apply_mask(&mut frame[header..], KEY);
    frame
}
