//! What a hub or a receiver is, once it is read.

pub(crate) mod contract;
pub(crate) mod hub;
pub(crate) mod method;
pub(crate) mod name;
pub(crate) mod receiver;
pub(crate) mod travels;
pub(crate) mod ty;
