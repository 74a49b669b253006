//! The JSON hub protocol.
//!
//! Messages are read by a scanner of our own that keeps arguments, items and results as they are until their types are
//! known; each of them is then read once, where it stands.

mod decode;
mod deserialize;
mod encode;
mod number;
pub(super) mod property;
pub(super) mod scan;
mod serialize;
pub(super) mod text;
mod usual;
mod value;

#[cfg(test)]
mod oracle;

pub(super) use decode::{decode, decode_whole};
pub(super) use encode::{
    Elements, encode_ack, encode_cancel, encode_close, encode_encoded_invocation, encode_encoded_result, encode_end,
    encode_error, encode_error_with_info, encode_invocation, encode_next_stream_item, encode_ping, encode_result,
    encode_sequence, encode_stream_item, write_stream_item_head,
};
pub(crate) use scan::Raw;
pub(super) use scan::valid_beginning;
#[cfg(feature = "client-core")]
pub(super) use value::path_of_failure;
pub(super) use value::{decode_next, decode_value, write_value};
