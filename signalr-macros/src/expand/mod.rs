//! From the model to Rust.

pub(crate) mod answer;
pub(crate) mod client;
pub(crate) mod contract;
pub(crate) mod hub;
pub(crate) mod lifecycle;
pub(crate) mod receiver;
pub(crate) mod registration;
