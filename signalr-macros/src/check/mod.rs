//! Rules about what may stand where.

pub(crate) mod client;
pub(crate) mod contract;
pub(crate) mod names;
pub(crate) mod receiver;
pub(crate) mod signature;
pub(crate) mod streams;
