//! How an audience is reached: this process' connections, groups and users.

pub(crate) mod envelope;
pub(crate) mod registry;
