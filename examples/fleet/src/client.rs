//! Somebody in the room, in a terminal.

use crate::room::{RoomClient, RoomHubClient};
use signalr::{ConnectionEvent, RetryPolicy, Transport};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

struct Terminal;

impl RoomClient for Terminal {
    async fn said(&self, name: String, text: String) {
        println!("{name}: {text}");
    }
}

pub(crate) async fn join(name: &str, url: &str) -> Result<(), Box<dyn std::error::Error>> {
    let room = RoomHubClient::builder(url)
        .receiver(Terminal)
        // A single request, so that the load balancer may choose any server.
        .transports([Transport::WebSockets])
        .skip_negotiation(true)
        .reconnect(RetryPolicy::forever())
        .on_event(|event| match event {
            ConnectionEvent::Reconnecting { error } => println!("* {error}; connecting again"),
            ConnectionEvent::Reconnected { .. } => println!("* connected again"),
            _ => {}
        })
        .connect()
        .await?;
    println!("* {}; write to the room, or /who", room.who().await?);
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let said = match line.trim() {
            "" => Ok(()),
            "/who" => room.who().await.map(|who| println!("* {who}")),
            text => room.say(name, text).await,
        };
        if let Err(error) = said {
            println!("* {error}");
        }
    }
    room.as_ref().stop().await;
    Ok(())
}
