//! A receiver: a trait with what the server may call on a client.

use super::method::{parameter_ident, parameter_name};
use super::name::WireName;
use super::ty;
use crate::parse::receiver::ReceiverOptions;
use syn::{Attribute, Ident, ItemTrait, PatType, Type};

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
    pub(crate) parameters: Vec<ReceiverParameter>,
    /// What the implementation returns.
    pub(crate) returned: Option<Type>,
    /// The client's answer; the error of a `Result` is the client's own affair.
    pub(crate) answer: Option<Type>,
    /// Whether a newer call replaces one that waits.
    pub(crate) latest: bool,
}

/// One parameter after `&self`.
pub(crate) struct ReceiverParameter {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// Its name in error texts.
    pub(crate) name: String,
    /// Whether it is the client's own connection, and not sent by the server.
    pub(crate) is_connection: bool,
}

impl ReceiverParameter {
    /// Reads a typed parameter. The number is for one without a name.
    pub(crate) fn new(argument: &PatType, number: usize) -> Self {
        ReceiverParameter {
            ident: parameter_ident(&argument.pat, number),
            ty: (*argument.ty).clone(),
            name: parameter_name(&argument.pat, number),
            is_connection: is_connection(&argument.ty),
        }
    }
}

/// Whether the type is the handle of a client's connection, known by its name.
pub(crate) fn is_connection(ty: &Type) -> bool {
    ty::last_segment(ty).is_some_and(|segment| segment.ident == "HubConnection")
}

impl ReceiverMethod {
    /// What the server sends.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &ReceiverParameter> {
        self.parameters.iter().filter(|parameter| !parameter.is_connection)
    }
}
