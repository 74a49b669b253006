//! What a client is told of a failed call: a text, and beside it what programs can read.

use super::error::HubError;
use crate::protocol::{Codec, CompletionError, EncodeError, Payload};
use crate::session::peer::Peer;
use serde::Serialize;
use std::any::Any;

/// The data of an error, whose type is forgotten. It is serialised only when it is known how the client speaks.
pub(crate) trait ErrorData: Any + Send + Sync {
    fn encode(&self, codec: Codec) -> Result<Vec<u8>, EncodeError>;
}

impl<T: Serialize + Send + Sync + 'static> ErrorData for T {
    fn encode(&self, codec: Codec) -> Result<Vec<u8>, EncodeError> {
        codec.value(self)
    }
}

/// The error of a Completion, ready to be written to one peer.
#[derive(Debug)]
pub(crate) struct Told<'e> {
    text: String,
    code: Option<&'e str>,
    data: Option<(Codec, Vec<u8>)>,
}

impl<'e> Told<'e> {
    /// What this peer may know of the error: `text`, and behind it the error's own. Runs the application's `Serialize`.
    pub(crate) fn new(error: &'e HubError, text: &str, peer: &Peer) -> Self {
        let mut told = Told { text: error.describe(text, peer.detailed_errors), code: None, data: None };
        if peer.takes_error_info() && error.is_shown(peer.detailed_errors) {
            let codec = peer.codec();
            told.code = error.get_code();
            told.data = error.encoded_data(codec).and_then(|encoded| match encoded {
                Ok(data) => Some((codec, data)),
                Err(error) => {
                    tracing::error!(connection = peer.id.as_str(), %error, "the data of an error cannot be serialised");
                    None
                }
            });
        }
        told
    }

    /// Writes it as the answer of a call.
    pub(crate) fn write(&self, codec: Codec, out: &mut Vec<u8>, id: &str) -> Result<(), EncodeError> {
        if self.code.is_none() && self.data.is_none() {
            codec.protocol.encode_error(out, id, &self.text);
            return Ok(());
        }
        let error = CompletionError {
            message: self.text.as_str().into(),
            code: self.code.map(Into::into),
            data: self.data.as_ref().map(|(codec, data)| Payload::new(*codec, data)),
        };
        codec.protocol.encode_error_with_info(out, id, &error)
    }

    /// The text alone.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}
