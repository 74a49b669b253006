//! Connections that a connector of the test makes.

use super::*;
use crate::client::builder::{HubConnectionBuilder, Source};
use crate::client::connect::Connector;
use crate::client::connection::HubConnection;
use crate::transport::Duplex;
use crate::transport::stream::ByteStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A server whose authentications have ended as soon as they are renewed.
#[derive(Clone, Default)]
struct Impatient(Arc<AtomicUsize>);

impl Connector for Impatient {
    fn connect(&self, _wanted: Wanted) -> BoxFuture<Result<Socket, ConnectError>> {
        let (client, mut server) = tokio::io::duplex(1000);
        tokio::spawn(async move {
            while server.read_u8().await? != 0x1e {}
            server.write_all(b"{}\x1e").await?;
            tokio::io::copy(&mut server, &mut tokio::io::sink()).await
        });
        let connection = Arc::new(self.clone());
        let negotiated = Negotiated { stateful: false, authenticated_for: Some(Duration::from_secs(10)), connection };
        let duplex = Box::new(ByteStream::new(client));
        let link = Socket { duplex, transport: Transport::Stream, id: None, negotiated: Some(negotiated) };
        Box::pin(std::future::ready(Ok(link)))
    }
}

impl NegotiatedConnection for Impatient {
    fn resume(&self) -> BoxFuture<Result<Box<dyn Duplex>, ConnectError>> {
        Box::pin(std::future::ready(Err(ConnectError::Transport("not here".to_owned()))))
    }

    fn refresh(&self) -> BoxFuture<Result<Option<Duration>, ConnectError>> {
        let asked = self.0.fetch_add(1, Ordering::Relaxed);
        assert!(asked < 100, "again and again");
        Box::pin(std::future::ready(Ok(Some(Duration::ZERO))))
    }
}

#[tokio::test(start_paused = true)]
async fn an_authentication_that_ends_at_once_is_not_renewed_over_and_over() {
    let server = Impatient::default();
    let builder = HubConnectionBuilder::<HubConnection>::from_source(Source::Connector(Box::new(server.clone())));
    let connection = builder.connect().await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(server.0.load(Ordering::Relaxed), 1);
    connection.refresh_authentication().await.unwrap();
    assert_eq!(server.0.load(Ordering::Relaxed), 2);
}
