//! Connections below the hub protocol: bytes as they come, over the same transports.
//!
//! A [`RawConnection`] is what the application's handler has; [`driver`] moves bytes between it and the socket, on the task
//! on which the handler runs too. Both meet in [`shared`].

mod connection;
pub(crate) mod driver;
pub(crate) mod shared;
#[cfg(test)]
mod tests;

pub use connection::{RawConnection, RawSender};
