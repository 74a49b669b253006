//! A room on several servers, which Redis connects, behind one address. `docs/scaling.md` of the library explains it.
//!
//! ```sh
//! redis-server                                   # each of these in a terminal of its own
//! cargo run --package fleet -- serve 127.0.0.1:5001
//! cargo run --package fleet -- serve 127.0.0.1:5002
//! nginx -p /tmp -c "$PWD/examples/fleet/nginx.conf" -g "daemon off;"
//! cargo run --package fleet -- join ann          # and others, who may be on the other server
//! ```
//!
//! `serve` takes the URL of the Redis as one more argument, `join` the URL of the hub.

mod client;
mod room;
mod server;

use std::env;

const USAGE: &str = "usage: fleet serve ADDRESS [REDIS_URL] | fleet join NAME [HUB_URL]";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve", address] => server::serve(address, "redis://127.0.0.1").await,
        ["serve", address, redis] => server::serve(address, redis).await,
        ["join", name] => client::join(name, "http://127.0.0.1:8080/room").await,
        ["join", name, url] => client::join(name, url).await,
        _ => Err(USAGE.into()),
    }
}
