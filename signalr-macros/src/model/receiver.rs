//! A receiver: a trait with what the server may call on a client.

use super::name::WireName;
use crate::parse::receiver::ReceiverOptions;
use syn::{Attribute, Ident, ItemTrait, Type};

/// A trait marked `#[receiver]`.
pub(crate) struct Receiver {
    /// The trait as written, without helper attributes.
    pub(crate) item: ItemTrait,
    pub(crate) options: ReceiverOptions,
    pub(crate) methods: Vec<ReceiverMethod>,
    /// Whether the trait itself has mistakes, so that there is nothing to make of it.
    pub(crate) mistaken: bool,
}

/// A method that the server may call.
pub(crate) struct ReceiverMethod {
    pub(crate) ident: Ident,
    pub(crate) name: WireName,
    /// What the proxy's method has as well: `cfg`, `doc` and `deprecated`.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) arguments: Vec<(Ident, Type)>,
    /// The client's answer; the error of a `Result` is the client's own affair.
    pub(crate) answer: Option<Type>,
    /// Whether a newer call replaces one that waits.
    pub(crate) latest: bool,
}
