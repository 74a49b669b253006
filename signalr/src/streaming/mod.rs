//! Streams in both directions: any `Stream` becomes stream items and a completion, and received items become an
//! [`Upload`](upload::Upload).

pub(crate) mod items;
pub(crate) mod pump;
pub(crate) mod upload;
