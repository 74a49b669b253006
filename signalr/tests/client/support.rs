//! A hub, and clients connected to it in memory.

use futures_util::{Stream, StreamExt};
use signalr::{
    CancellationToken, ClientError, Context, Hub, HubConnection, HubConnectionBuilder, HubError, HubOptions, HubServer,
    Upload, hub,
};
use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) cancelled: Arc<Notify>,
}

#[hub]
impl Desk {
    fn echo(&self, text: String) -> String {
        text
    }

    fn fail(&self, text: String) -> Result<(), HubError> {
        Err(HubError::public(text))
    }

    async fn wait(&self, token: CancellationToken) -> &'static str {
        token.cancelled().await;
        self.cancelled.notify_one();
        "cancelled"
    }

    fn count(&self, to: u32) -> impl Stream<Item = u32> {
        futures_util::stream::iter(0..to)
    }

    fn endless(&self, token: CancellationToken) -> impl Stream<Item = u32> {
        let cancelled = self.cancelled.clone();
        tokio::spawn(async move {
            token.cancelled().await;
            cancelled.notify_one();
        });
        futures_util::stream::iter(0..)
    }

    fn ticks(&self) -> impl Stream<Item = u32> {
        futures_util::stream::unfold(0, async |tick| {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            Some((tick, tick + 1))
        })
    }

    fn lines(&self) -> [HashMap<&'static str, i64>; 2] {
        [HashMap::from([("price", 1)]), HashMap::from([("price", -1)])]
    }

    fn broken(&self) -> impl Stream<Item = Result<u32, HubError>> {
        futures_util::stream::iter([Ok(1), Err(HubError::public("enough"))])
    }

    async fn sum(&self, start: i64, mut numbers: Upload<i64>) -> Result<i64, HubError> {
        let mut sum = start;
        while let Some(number) = numbers.next().await {
            sum += number?;
        }
        Ok(sum)
    }

    fn double(&self, numbers: Upload<i64>) -> impl Stream<Item = i64> {
        numbers.map(|number| number.unwrap_or_default() * 2)
    }

    fn leave(&self, ctx: Context<Self>) {
        ctx.abort();
    }
}

/// A server whose connections the test can cut.
#[derive(Clone)]
pub(crate) struct Server {
    hub: HubServer<Desk>,
    pub(crate) cancelled: Arc<Notify>,
    served: Arc<Mutex<Vec<AbortHandle>>>,
    /// Whether it lets nobody in.
    pub(crate) away: Arc<AtomicBool>,
}

impl Server {
    pub(crate) fn new() -> Self {
        let desk = Desk::default();
        let cancelled = desk.cancelled.clone();
        let hub = HubServer::new(&Hub::new("Desk", desk), &HubOptions::default()).unwrap();
        Server { hub, cancelled, served: Arc::default(), away: Arc::default() }
    }

    fn open(&self) -> io::Result<DuplexStream> {
        if self.away.load(Ordering::Relaxed) {
            return Err(io::Error::other("nobody is there"));
        }
        let (client, other) = tokio::io::duplex(64 * 1024);
        let served = tokio::spawn(self.hub.serve(other).into_future());
        self.served.lock().unwrap().push(served.abort_handle());
        Ok(client)
    }

    /// Cuts all connections.
    pub(crate) fn cut(&self) {
        self.served.lock().unwrap().drain(..).for_each(|served| served.abort());
    }

    /// A builder for clients of this server, each attempt over a stream of its own.
    pub(crate) fn builder(&self) -> HubConnectionBuilder {
        let server = self.clone();
        HubConnectionBuilder::with_connector(move || std::future::ready(server.open()))
    }
}

pub(crate) async fn connect() -> Result<HubConnection, ClientError> {
    Server::new().builder().connect().await
}

/// A server that says what the test says.
pub(crate) struct Script {
    end: DuplexStream,
    received: Vec<u8>,
}

impl Script {
    /// A client, and the server that it has shaken hands with.
    pub(crate) async fn connect(
        change: impl FnOnce(HubConnectionBuilder) -> HubConnectionBuilder,
    ) -> (HubConnection, Script) {
        let (client, end) = tokio::io::duplex(64 * 1024);
        let mut script = Script { end, received: Vec::new() };
        let builder = change(HubConnectionBuilder::over_stream(client));
        let (connection, ()) = tokio::join!(builder.connect(), async {
            script.next().await;
            script.send("{}").await;
        });
        (connection.unwrap(), script)
    }

    pub(crate) async fn send(&mut self, message: &str) {
        self.end.write_all(format!("{message}\x1e").as_bytes()).await.unwrap();
    }

    /// The next message that is no ping.
    pub(crate) async fn next(&mut self) -> String {
        loop {
            while !self.received.contains(&0x1e) {
                assert!(self.end.read_buf(&mut self.received).await.unwrap() > 0, "the client has left");
            }
            let end = self.received.iter().position(|byte| *byte == 0x1e).unwrap();
            let message: Vec<u8> = self.received.drain(..=end).take(end).collect();
            if message != br#"{"type":6}"# {
                return String::from_utf8(message).unwrap();
            }
        }
    }
}
