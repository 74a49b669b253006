//! What `#[hub]` and `#[receiver]` make of the forms that methods can have. That it compiles is half of the test: generated
//! code must not trip over the lints of the crate it lands in.
#![deny(
    warnings,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    rust_2018_idioms,
    missing_debug_implementations,
    clippy::all,
    clippy::pedantic
)]
// The methods show forms and do nothing.
#![allow(clippy::unnecessary_wraps, clippy::unused_async)]

#[cfg(feature = "client-core")]
mod client_hygiene;
#[cfg(feature = "client-core")]
mod clients;
#[cfg(feature = "client-core")]
mod contracts;
mod forms;
mod hygiene;
mod receivers;
