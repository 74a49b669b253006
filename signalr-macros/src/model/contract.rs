//! A contract: a trait with the methods of a hub, for clients and servers to agree on.

use super::method::Method;
use crate::parse::hub::HubOptions;
use syn::ItemTrait;

/// A trait marked `#[hub]`.
pub(crate) struct Contract {
    /// The trait as written, without helper attributes.
    pub(crate) item: ItemTrait,
    pub(crate) options: HubOptions,
    pub(crate) methods: Vec<Method>,
}
