//! A hub for users who have logged in: by JSON web tokens, or by a cookie.
//!
//! ```text
//! cargo run -p auth
//! (cd examples/auth/client && npm install && node client.mjs http://127.0.0.1:5001 ann lovelace)
//! ```

mod desk;
mod login;
mod tokens;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use desk::Desk;
use signalr::{Hub, HubOptions, SignalR};
use tokens::Tokens;
use tokio::net::TcpListener;
use tower_http::cors::CorsLayer;

/// Where a page of another origin may be served from.
const PAGE: &str = "https://app.example.com";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--urls").skip(1);
    let url = arguments.next().unwrap_or_else(|| "http://127.0.0.1:5001".to_owned());
    let address = url.trim_start_matches("http://").trim_end_matches('/');

    let app = app(Tokens::new()?);
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

fn app(tokens: Tokens) -> Router {
    let options = HubOptions::default()
        // Nobody stays longer than the token lives, unless it is renewed.
        .close_on_authentication_expiration(true)
        .authentication_refresh(true)
        // Browsers send cookies to wherever a page wants: only these pages may connect with them.
        .allowed_origins([PAGE]);
    let hubs = SignalR::builder().options(options).hub("/desk", &Hub::new("Desk", Desk)).build();
    Router::new()
        // Around the hubs, so that the negotiation needs a user too.
        .merge(hubs.router().layer(from_fn_with_state(tokens.clone(), login::authenticate)))
        .route("/login", post(login::login))
        .route("/logout", post(login::logout))
        .with_state(tokens)
        // Around everything, so that preflights, which carry no token, are answered before anybody asks for one.
        .layer(cors())
}

/// Lets pages of the other origin log in and connect, with cookies.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(HeaderValue::from_static(PAGE))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            // What Microsoft's client adds.
            HeaderName::from_static("x-requested-with"),
            HeaderName::from_static("x-signalr-user-agent"),
        ])
}
