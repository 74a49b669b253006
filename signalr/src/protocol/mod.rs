//! The SignalR hub protocol, without I/O: bytes in, messages out, and back.
//!
//! | module | holds |
//! | --- | --- |
//! | [`message`] | what a message says, borrowed from the received bytes |
//! | [`payload`] | arguments, items and results that are still encoded |
//! | [`binary`] | bytes as .NET's `byte[]` has them |
//! | [`codec`] | the two protocols, JSON and MessagePack, behind one type |
//! | [`naming`] | how the members of structs are named in each |
//! | [`framing`] | where one message ends and the next begins |
//! | [`handshake`] | the first message of each direction |
//! | [`negotiate`] | the answer to `POST …/negotiate` |
//! | [`websocket`] | WebSocket frames (RFC 6455) |
//! | [`error`] | what can be wrong with received or outgoing messages |
//!
//! Servers do not need it: it is for tools that read or write messages themselves.
//!
//! ```
//! use signalr::protocol::framing::Framing;
//! use signalr::protocol::{Message, Protocol};
//!
//! let received = b"{\"type\":1,\"target\":\"Add\",\"arguments\":[1,2]}\x1e{\"ty";
//! let mut framing = Framing::new(Protocol::Json, Some(32 * 1024));
//! let frame = framing.next(received)?.expect("a whole message");
//! let Message::Invocation(mut call) = Protocol::Json.decode(frame.body)? else { panic!("another type") };
//!
//! assert_eq!(call.target, "Add");
//! assert_eq!(call.arguments.next::<i32>()? + call.arguments.next::<i32>()?, 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod binary;
pub mod codec;
pub mod error;
pub(crate) mod extension;
pub mod framing;
pub mod handshake;
mod json;
pub mod message;
#[cfg(feature = "msgpack")]
mod msgpack;
pub mod naming;
pub mod negotiate;
#[cfg_attr(not(feature = "msgpack"), allow(dead_code))]
pub(crate) mod packed;
pub mod payload;
mod transport;
pub mod websocket;

pub use binary::Binary;
pub use codec::{Codec, Protocol, TransferFormat};
pub use error::{DecodeError, EncodeError, ProtocolError};
pub(crate) use json::Raw;
pub use message::{Completion, CompletionError, Invocation, Message, Outcome, StreamItem};
pub use naming::Naming;
pub use payload::{Arguments, Payload, WireArguments};
pub use transport::Transport;
