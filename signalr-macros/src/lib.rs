//! The `#[hub]` and `#[receiver]` macros of the `signalr` crate.
