//! A service that follows a stream of a hub, the ticker of the chat example, through restarts of its server.
//!
//! ```sh
//! cargo run --package chat       # in one terminal; end it and start it again
//! cargo run --package follower   # in another; an argument is the URL of the hub
//! ```

use futures_util::{StreamExt, pin_mut};
use signalr::{ClientError, ConnectionEvent, HubConnection, RetryPolicy, follow};
use std::time::Instant;

#[tokio::main]
async fn main() -> Result<(), ClientError> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:5000/chat".to_owned());
    let begun = Instant::now();
    let connection = HubConnection::builder(url)
        .reconnect(RetryPolicy::forever())
        .on_event(move |event| match event {
            ConnectionEvent::Connected { .. } => println!("{:>8.2?}  connected", begun.elapsed()),
            ConnectionEvent::Reconnecting { error } => println!("{:>8.2?}  {error}", begun.elapsed()),
            ConnectionEvent::Reconnected { .. } => println!("{:>8.2?}  connected again", begun.elapsed()),
            _ => {}
        })
        .build();
    connection.start().await?;
    let ticks = follow(connection.clone(), |connection| connection.stream::<f64>("Ticker", (500,)));
    pin_mut!(ticks);
    loop {
        tokio::select! {
            tick = ticks.next() => match tick {
                Some(tick) => println!("{:>8.2?}  {:.1}", begun.elapsed(), tick?),
                None => break,
            },
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    connection.stop().await;
    Ok(())
}
