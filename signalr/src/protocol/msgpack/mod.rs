//! The MessagePack hub protocol.
//!
//! | module | holds |
//! | --- | --- |
//! | `decode` | the array around each kind of message, read |
//! | `encode` | the array around each kind of message, written with its length prefix |
//! | `value` | arguments, items and results: between their MessagePack and their Rust types |
//! | `deserialize`, `serialize` | serde's side of it |
//!
//! All of it is read by hand: the meaning of an item depends on the first one, no declared length may be believed, text
//! is not bytes (serde's `String` takes both), and all nesting counts, that of enums included.

mod decode;
mod deserialize;
mod encode;
mod serialize;
#[cfg(test)]
mod tests;
mod value;

pub(super) use decode::{decode, decode_whole};
pub(super) use encode::{
    Elements, encode_ack, encode_cancel, encode_close, encode_encoded_invocation, encode_encoded_result, encode_end,
    encode_error, encode_error_with_info, encode_invocation, encode_next_stream_item, encode_ping, encode_result,
    encode_sequence, encode_stream_item, write_stream_item_head,
};
#[cfg(feature = "client-core")]
pub(super) use value::path_of_failure;
pub(super) use value::{decode_next, decode_value, write_value};

/// How deep arrays and maps of one value may be nested; the limit of ASP.NET Core.
const MAX_DEPTH: usize = 500;

/// The same for values whose members are renamed while they are read: such a level takes more stack, which must suffice also in
/// builds without optimisation.
const MAX_DEPTH_RENAMED: usize = MAX_DEPTH / 2;

/// The first item of each message.
mod kind {
    pub(super) const INVOCATION: u8 = 1;
    pub(super) const STREAM_ITEM: u8 = 2;
    pub(super) const COMPLETION: u8 = 3;
    pub(super) const STREAM_INVOCATION: u8 = 4;
    pub(super) const CANCEL_INVOCATION: u8 = 5;
    pub(super) const PING: u8 = 6;
    pub(super) const CLOSE: u8 = 7;
    pub(super) const ACK: u8 = 8;
    pub(super) const SEQUENCE: u8 = 9;
}

/// What a Completion says about its result.
mod result_kind {
    pub(super) const ERROR: u8 = 1;
    pub(super) const VOID: u8 = 2;
    pub(super) const VALUE: u8 = 3;
}
