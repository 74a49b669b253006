//! The JSON hub protocol.
