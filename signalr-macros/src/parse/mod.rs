//! From tokens to options.

pub(crate) mod attr;
pub(crate) mod contract;
pub(crate) mod hub;
pub(crate) mod receiver;
