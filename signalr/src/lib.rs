//! Real-time, typed, two-way RPC between servers and clients over the open SignalR protocol.
//!
//! An `impl` block with [`#[hub]`](macro@hub) becomes the methods that clients call; a trait with
//! [`#[receiver]`](macro@receiver) becomes the methods that the server calls on its clients. Hubs are mounted in an axum
//! router. They speak JSON and MessagePack over WebSockets, Server-Sent Events and long polling, with the clients that
//! ASP.NET Core SignalR has.
//!
//! ```no_run
//! use signalr::{Context, Hub, SignalR, hub, receiver};
//!
//! #[receiver]
//! trait ChatClient {
//!     async fn receive_message(&self, user: String, text: String);
//! }
//!
//! struct ChatHub;
//!
//! #[hub(receiver = ChatClient)]
//! impl ChatHub {
//!     /// `connection.invoke("SendMessage", "ann", "hi")`
//!     fn send_message(&self, ctx: Context<Self>, user: String, text: String) {
//!         ctx.clients().all().receive_message(user, text);
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let chat = Hub::new("ChatHub", ChatHub);
//!     let hubs = SignalR::builder().hub("/chat", &chat).build();
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:5000").await?;
//!     axum::serve(listener, axum::Router::new().merge(hubs.router())).await
//! }
//! ```
//!
//! This page is the guide: [hubs](#hubs), [serving](#serving), [authentication](#authentication),
//! [byte streams](#byte-streams-and-transports-of-ones-own), [raw connections](#raw-connections),
//! [addressing clients](#addressing-clients), [client results](#client-results), [streams](#streams), [errors](#errors),
//! [clients of .NET](#serving-net-clients), [the life of a connection](#the-life-of-a-connection),
//! [cancellation](#cancellation), [policies and filters](#policies-and-filters), [slow clients](#slow-clients),
//! [options](#options), [shutdown](#shutdown), [seeing what happens](#seeing-what-happens), [several servers](#several-servers),
//! [the client](#the-client) and [testing hubs](#testing-hubs). The pages of [`#[hub]`](macro@hub) and [`#[receiver]`](macro@receiver) are the reference of
//! what can be written in them. [`protocol`] is the hub protocol by itself, without I/O.
#![doc = include_str!("../docs/hubs.md")]
#![cfg_attr(feature = "server", doc = include_str!("../docs/serving.md"))]
#![cfg_attr(feature = "server", doc = include_str!("../docs/authentication.md"))]
#![cfg_attr(feature = "server", doc = include_str!("../docs/transports.md"))]
#![doc = include_str!("../docs/clients.md")]
#![doc = include_str!("../docs/streams.md")]
#![doc = include_str!("../docs/errors.md")]
#![doc = include_str!("../docs/dotnet.md")]
#![doc = include_str!("../docs/connections.md")]
#![cfg_attr(feature = "server", doc = include_str!("../docs/filters.md"))]
#![cfg_attr(feature = "server", doc = include_str!("../docs/limits.md"))]
#![cfg_attr(feature = "server", doc = include_str!("../docs/options.md"))]
#![cfg_attr(feature = "server", doc = include_str!("../docs/shutdown.md"))]
#![cfg_attr(feature = "server", doc = include_str!("../docs/observability.md"))]
#![cfg_attr(feature = "redis", doc = include_str!("../docs/scaling.md"))]
#![cfg_attr(feature = "client", doc = include_str!("../docs/client.md"))]
#![cfg_attr(feature = "testing", doc = include_str!("../docs/testing.md"))]
//!
//! # Features
//!
//! | feature | default | adds |
//! | --- | --- | --- |
//! | `server` | yes | [`SignalR`], [`SignalRBuilder`], [`HubOptions`] and [`Limits`]: hubs in an axum router. |
//! | `msgpack` | no | The MessagePack hub protocol. Clients choose the protocol; a server offers all that it was built with. |
//! | `client` | no | [`HubConnection`] and typed clients, over every transport of HTTP and over byte streams. |
//! | `client-core` | no | The same over byte streams only, without an HTTP client. |
//! | `testing` | no | [`testing`]: hubs and their clients in memory, with faults, for tests. |
//! | `metrics` | no | Numbers of connections, calls, messages and bytes, for the recorder of the `metrics` facade. |
//! | `redis` | no | [`Redis`]: servers in one fleet by Redis, with those of ASP.NET Core. |
//! | `redis-tls` | no | TLS for `rediss://`, by rustls; the application chooses the provider of its cryptography. |

// Either end alone leaves a part of the session unused, which serves both.
#![cfg_attr(not(all(feature = "server", feature = "client")), allow(dead_code))]

pub mod dotnet;
pub mod protocol;

mod backplane;
#[cfg(feature = "client-core")]
mod client;
mod clients;
mod hub;
#[cfg(feature = "server")]
mod raw;
#[cfg(feature = "server")]
mod server;
mod session;
mod streaming;
mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
mod user;
mod value;

#[doc(hidden)]
pub mod __private;

/// Fuzzing reaches what is public only.
#[cfg(fuzzing)]
#[doc(hidden)]
pub use backplane::wire::invariants::check_payload as __check_payload;

/// Compiles the program in README.md.
#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../../README.md")]
struct Readme;

pub use backplane::memory::MemoryBackplane;
#[cfg(feature = "redis")]
pub use backplane::redis::{Redis, RedisBuilder, RedisError};
pub use backplane::{Backplane, BackplaneError, BackplaneOptions, BackplaneReceiver, Told, WhenAway};
#[cfg(feature = "client-core")]
pub use client::{
    builder::HubConnectionBuilder,
    call::{Call, CallFuture},
    connect::{ConnectError, TransportFailure},
    connection::HubConnection,
    error::{ClientError, HubFailure},
    follow::follow,
    handler::{Handler, HandlerParameter, HandlerResult},
    handlers::Registration,
    receiver::HubClient,
    retry::{RetryContext, RetryPolicy},
    state::{ConnectionEvent, ConnectionState},
    stream::{ItemStream, StreamCall},
};
pub use clients::Clients;
pub use clients::change::{Change, ChangeError};
pub use clients::fleet::FleetAnswer;
pub use clients::groups::{Groups, TooManyGroups};
pub use clients::handle::HubHandle;
pub use clients::outgoing::{Outgoing, Recipients, SendDecision};
pub use clients::results::{ClientResult, ClientResultError};
pub use clients::sent::{Receipt, SendError, Sent};
pub use clients::target::{Many, NoReceiver, Receiver, Single, SingleClient, Target, Untyped};
pub use clients::wire::AsWire;
pub use hub::Hub;
pub use hub::call::{CallArguments, FromArguments, HubCall};
pub use hub::caller::Caller;
pub use hub::context::Context;
pub use hub::error::{HubError, PublicError};
pub use hub::filter::{Answer, HubFilter, Next, NextConnected, NextDisconnected};
pub use hub::invocation::{FromInvocation, Invocation};
pub use hub::items::Items;
pub use hub::method::{HubMethods, Method};
pub use hub::request::Request;
pub use protocol::Naming;
#[cfg(feature = "server")]
pub use raw::{RawConnection, RawSender};
#[cfg(feature = "server")]
pub use server::{
    DrainReport, HubOptions, HubServer, Limits, OptionsError, Serve, ServeListener, SignalR, SignalRBuilder,
};
pub use session::cancel::CancellationToken;
pub use session::close::CloseReason;
pub use session::inbox::Overflow;
pub use signalr_macros::{hub, receiver};
pub use streaming::upload::{Upload, UploadError};
pub use telemetry::call::InvocationHeaders;
pub use transport::Transport;
pub use transport::messages::{TransportReader, TransportWriter};
#[cfg(feature = "server")]
pub use transport::server::authentication::AuthenticationRefresh;
#[cfg(feature = "server")]
pub use transport::server::handover::{HttpConnection, HttpListener, HttpSocket};
pub use user::{User, access_token};
pub use value::Value;
