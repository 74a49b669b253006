//! Single MessagePack values: of the hub protocol, and of what servers tell each other.
//!
//! | module | holds |
//! | --- | --- |
//! | `read` | single values in received bytes, and stepping over them |
//! | `write` | single values, written |

pub(crate) mod read;
pub(crate) mod write;
