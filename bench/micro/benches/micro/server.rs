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
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::yield_now;
use tokio::time::timeout;

/// Nothing happens by itself while something is measured, however slow the machine is.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// How long a benchmark may take, even in callgrind on a slow machine.
const PATIENCE: Duration = Duration::from_secs(600);

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
            self.runtime.block_on(answered(&self.meter, &client, request));
            client.heard()
        };
        assert!(ask(&upgrade(user)).starts_with(b"HTTP/1.1 101 "), "the server refuses the WebSocket");
        assert!(ask(&handshake(protocol)).ends_with(b"{}\x1e"), "the server refuses the handshake");
        client
    }

    fn open(&self) -> Client {
        open(&self.sockets, &self.meter)
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
    pub(crate) fn repeat(self, mut work: impl FnMut() + Send + 'static) -> Operation {
        work();
        let expected = self.settle();
        assert!(expected > 0, "the server writes nothing for it");
        let mut work = Some(work);
        Box::new(move |times| {
            let (mut doing, meter) = (work.take(), self.meter.clone());
            work = self.run(async move {
                for _ in 0..times {
                    let goal = meter.written() + expected;
                    doing.iter_mut().for_each(|work| work());
                    meter.reaches(goal).await;
                }
                doing
            });
        })
    }

    /// Opens a connection, sends `request` on it, and closes it after the answer.
    pub(crate) fn repeat_connecting(self, protocol: Protocol, request: Vec<u8>) -> Operation {
        let requests = Arc::new([upgrade("ann"), handshake(protocol), request]);
        Box::new(move |times| {
            let (meter, sockets, requests) = (self.meter.clone(), self.sockets.clone(), requests.clone());
            self.run(async move {
                for _ in 0..times {
                    let client = open(&sockets, &meter);
                    for request in &*requests {
                        answered(&meter, &client, request).await;
                    }
                    let end = meter.written() + 1;
                    client.close();
                    meter.reaches(end).await;
                }
            });
        })
    }

    /// Runs a task to its end. Within the runtime's own future each wake-up would cost a look at timers and sockets too.
    fn run<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> T {
        let task = self.runtime.spawn(task);
        let ended = self.runtime.block_on(async { timeout(PATIENCE, task).await });
        ended.expect("the server does not write what it should").expect("no panic")
    }
}

fn open(sockets: &UnboundedSender<Socket>, meter: &Meter) -> Client {
    let (client, socket) = line(meter);
    assert!(sockets.send(socket).is_ok(), "the server has ended");
    client
}

/// Sends something, and waits until the server has written something.
async fn answered(meter: &Meter, client: &Client, request: &[u8]) {
    let goal = meter.written() + 1;
    client.send(request);
    meter.reaches(goal).await;
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
