//! The message types of both WebSocket libraries.

use super::json::Json;
use super::msgpack::MessagePack;
use super::protocol::Protocol;

/// A WebSocket message that can hold messages of a hub protocol.
pub(super) trait Frame<P: Protocol>: Clone + Send + Sync + 'static {
    fn of(bytes: P::Buffer) -> Self;
    /// What it holds, if it is of the kind that the protocol uses.
    fn payload(&self) -> Option<&P::Slice>;
    fn is_close(&self) -> bool;
}

macro_rules! frame {
    ($message:ty) => {
        impl Frame<Json> for $message {
            fn of(text: String) -> Self {
                Self::Text(text.into())
            }

            fn payload(&self) -> Option<&str> {
                if let Self::Text(text) = self { Some(text.as_str()) } else { None }
            }

            fn is_close(&self) -> bool {
                matches!(self, Self::Close(_))
            }
        }

        impl Frame<MessagePack> for $message {
            fn of(bytes: Vec<u8>) -> Self {
                Self::Binary(bytes.into())
            }

            fn payload(&self) -> Option<&[u8]> {
                if let Self::Binary(bytes) = self { Some(bytes) } else { None }
            }

            fn is_close(&self) -> bool {
                matches!(self, Self::Close(_))
            }
        }
    };
}

frame!(tokio_tungstenite::tungstenite::Message);
frame!(axum::extract::ws::Message);
