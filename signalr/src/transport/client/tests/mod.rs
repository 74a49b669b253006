//! The client's transports against servers of ours, and against servers that are not quite that.

mod authentication;
mod fallback;
mod negotiation;
#[cfg(feature = "server")]
mod real;
mod server;
mod streams;
mod websocket;

use crate::client::connect::{ConnectError, Link, Wanted};
use crate::client::http::HttpOptions;
use crate::protocol::{Protocol, TransferFormat};
use crate::session::outbound::Outbound;
use crate::transport::{Duplex, Received, Transport};
use std::future::poll_fn;
use std::sync::LazyLock;
use std::time::Duration;

/// Nothing here takes that long, unless it hangs.
const LONG: Duration = Duration::from_secs(20);

/// One client for all: with TLS it takes long to make one. It keeps no connections, whose tasks end with their test.
static CLIENT: LazyLock<reqwest::Client> =
    LazyLock::new(|| reqwest::Client::builder().http1_only().pool_max_idle_per_host(0).build().unwrap());

fn defaults() -> HttpOptions {
    HttpOptions { client: Some(CLIENT.clone()), ..HttpOptions::new(String::new()) }
}

fn options(transports: &[Transport]) -> HttpOptions {
    HttpOptions { transports: transports.to_vec(), ..defaults() }
}

fn wanted() -> Wanted {
    Wanted { protocol: Protocol::Json, stateful: false }
}

async fn connect(url: &str, options: HttpOptions) -> Result<Link, ConnectError> {
    connect_with(url, options, wanted()).await
}

async fn connect_with(url: &str, options: HttpOptions, wanted: Wanted) -> Result<Link, ConnectError> {
    let connector = HttpOptions { url: url.to_owned(), ..options }.connector();
    tokio::time::timeout(LONG, connector.connect(wanted)).await.expect("an end")
}

/// The error, which the type of links does not let `unwrap_err` give.
fn error(result: Result<Link, ConnectError>) -> ConnectError {
    result.err().expect("an error")
}

async fn send(duplex: &mut dyn Duplex, bytes: &[u8]) -> std::io::Result<()> {
    let mut data = Outbound::default();
    data.encode_buffer().extend_from_slice(bytes);
    let sent = poll_fn(|cx| duplex.poll_send(cx, &mut data, TransferFormat::Text));
    tokio::time::timeout(LONG, sent).await.expect("an end")
}

async fn receive_some(duplex: &mut dyn Duplex, size: usize) -> Result<Vec<u8>, Received> {
    let mut buffer = vec![0; size];
    let received = poll_fn(|cx| {
        let received = duplex.poll_receive(cx, &mut buffer);
        // As the session does it: what the transport itself has to send goes out too.
        let _ = duplex.poll_send(cx, &mut Outbound::default(), TransferFormat::Text);
        received
    });
    match tokio::time::timeout(LONG, received).await.expect("something") {
        Received::Data(count) => {
            buffer.truncate(count);
            Ok(buffer)
        }
        end => Err(end),
    }
}

/// Receives until so many bytes are there.
async fn receive(duplex: &mut dyn Duplex, count: usize) -> String {
    let mut all = Vec::new();
    while all.len() < count {
        all.extend(receive_some(duplex, 1000).await.expect("data"));
    }
    String::from_utf8(all).unwrap()
}

/// Receives to the end.
async fn receive_end(duplex: &mut dyn Duplex) -> (String, Received) {
    let mut all = Vec::new();
    loop {
        match receive_some(duplex, 1000).await {
            Ok(bytes) => all.extend(bytes),
            Err(end) => return (String::from_utf8(all).unwrap(), end),
        }
    }
}

async fn close(duplex: &mut dyn Duplex) {
    tokio::time::timeout(LONG, poll_fn(|cx| duplex.poll_close(cx))).await.expect("an end");
}
