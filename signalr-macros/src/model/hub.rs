//! A hub: an impl block and what its methods are for clients.

use super::method::{Lifecycle, Method};
use crate::parse::hub::HubOptions;
use syn::ItemImpl;

/// An impl block marked `#[hub]`.
pub(crate) struct Hub {
    /// The block as written, without helper attributes.
    pub(crate) block: ItemImpl,
    pub(crate) options: HubOptions,
    /// What clients can call, in the order of the block.
    pub(crate) methods: Vec<Method>,
    /// `on_connected`, `on_disconnected` and `on_authentication_refreshed`; several of one only if `cfg` picks one.
    pub(crate) lifecycle: Vec<Lifecycle>,
}
