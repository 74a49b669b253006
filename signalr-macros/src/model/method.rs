//! A hub method, as its signature shows it.

use super::name::WireName;
use super::ty;
use crate::parse::hub::Policy;
use proc_macro2::Span;
use quote::format_ident;
use syn::{Attribute, FnArg, Ident, Pat, ReturnType, Signature, Type, Visibility};

/// A method that clients can call.
pub(crate) struct Method {
    pub(crate) ident: Ident,
    pub(crate) name: WireName,
    pub(crate) visibility: Visibility,
    /// What all that is made of the method has as well: `cfg`, `doc` and `deprecated`.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) returns: Returns,
    pub(crate) run: Run,
    pub(crate) cancel_by_drop: bool,
    pub(crate) authorize: Option<Policy>,
    /// Where its wire name is given, if it is.
    pub(crate) given_name: Option<Span>,
}

/// `on_connected`, `on_disconnected` or `on_authentication_refreshed`.
pub(crate) struct Lifecycle {
    pub(crate) ident: Ident,
    pub(crate) event: Event,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) returns: Returns,
}

/// When a lifecycle method runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Connected,
    Disconnected,
    AuthenticationRefreshed,
}

impl Event {
    /// The event that a method called `ident` is for.
    pub(crate) fn of(ident: &Ident) -> Option<Self> {
        if ident == "on_connected" {
            Some(Event::Connected)
        } else if ident == "on_disconnected" {
            Some(Event::Disconnected)
        } else if ident == "on_authentication_refreshed" {
            Some(Event::AuthenticationRefreshed)
        } else {
            None
        }
    }
}

/// Where a method runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// On the connection's own task.
    Inline,
    /// On a task of its own.
    Spawned,
    /// On a thread for blocking work.
    Blocking,
}

/// One parameter after `&self`.
pub(crate) struct Parameter {
    pub(crate) kind: ParameterKind,
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// Its name in error texts.
    pub(crate) name: String,
}

/// Where the value of a parameter comes from.
pub(crate) enum ParameterKind {
    /// The client's arguments.
    Argument,
    /// The invocation itself.
    Injected,
    /// A stream that the client sends, with what it carries, taken as an `impl Stream`.
    Stream(Box<Type>),
    /// Why the connection ended.
    Reason,
}

/// The types that are not sent by clients, known by their names.
const GIVEN: [&str; 3] = ["Context", "Upload", "CancellationToken"];

impl Parameter {
    /// Reads a typed parameter; `marked` says whether it has `#[inject]`. The number is for one without a name.
    pub(crate) fn new(argument: &syn::PatType, marked: bool, number: usize) -> Self {
        let ty = (*argument.ty).clone();
        let last = ty::last_segment(&ty).map(|segment| segment.ident.to_string());
        let kind = if marked || last.as_deref().is_some_and(|last| GIVEN.contains(&last)) {
            ParameterKind::Injected
        } else if let Some(Some(item)) = ty::impl_stream(&ty) {
            ParameterKind::Stream(Box::new(item.clone()))
        } else {
            ParameterKind::Argument
        };
        Parameter {
            kind,
            ident: parameter_ident(&argument.pat, number),
            name: parameter_name(&argument.pat, number),
            ty,
        }
    }

    /// Reads the parameter as one of a lifecycle method, which gets no arguments.
    pub(crate) fn for_lifecycle(&mut self, event: Event) {
        if self.is_argument() && event == Event::Disconnected {
            self.kind = ParameterKind::Reason;
        }
    }

    /// Whether the client sends this as an argument.
    pub(crate) fn is_argument(&self) -> bool {
        matches!(self.kind, ParameterKind::Argument)
    }

    /// Whether the client sends this as a stream.
    pub(crate) fn is_upload(&self) -> bool {
        match self.kind {
            ParameterKind::Stream(_) => true,
            ParameterKind::Injected => ty::last_segment(&self.ty).is_some_and(|segment| segment.ident == "Upload"),
            ParameterKind::Argument | ParameterKind::Reason => false,
        }
    }

    /// What the stream carries that the client sends, if it does.
    pub(crate) fn upload(&self) -> Option<&Type> {
        match &self.kind {
            ParameterKind::Stream(item) => Some(item),
            _ if self.is_upload() => ty::arguments(ty::last_segment(&self.ty)?).first().copied(),
            _ => None,
        }
    }
}

/// The name of a parameter in generated signatures. The number is for one without a name.
pub(crate) fn parameter_ident(pattern: &Pat, number: usize) -> Ident {
    match pattern {
        Pat::Ident(pattern) => pattern.ident.clone(),
        _ => format_ident!("argument{number}"),
    }
}

/// The name of a parameter in error texts. The number is for one without a name.
pub(crate) fn parameter_name(pattern: &Pat, number: usize) -> String {
    use syn::ext::IdentExt;
    match pattern {
        Pat::Ident(pattern) => {
            let name = pattern.ident.unraw().to_string();
            match name.trim_start_matches('_') {
                "" => name,
                trimmed => trimmed.to_owned(),
            }
        }
        _ => format!("argument {number}"),
    }
}

/// What a method returns, as far as its signature shows it.
pub(crate) struct Returns {
    /// Whether it has to be awaited.
    pub(crate) is_async: bool,
    pub(crate) is_stream: bool,
    /// The type, behind a future; `None` if there is no arrow.
    pub(crate) whole: Option<Type>,
}

impl Returns {
    /// Reads the return type of `signature`.
    pub(crate) fn new(signature: &Signature, marked_stream: bool) -> Self {
        let written = match &signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(&**ty),
        };
        let future = written.and_then(ty::impl_future);
        let mut returns = Returns {
            is_async: signature.asyncness.is_some() || future.is_some(),
            is_stream: marked_stream,
            whole: future.or(written).cloned(),
        };
        returns.is_stream |= returns.value().is_some_and(ty::is_stream);
        returns
    }

    /// The type of the value, out of a `Result`.
    pub(crate) fn value(&self) -> Option<&Type> {
        let whole = self.whole.as_ref()?;
        Some(ty::result(whole).map_or(whole, |(value, _)| value))
    }
}

/// The parameters after `&self`.
pub(crate) fn typed(signature: &Signature) -> impl Iterator<Item = &syn::PatType> {
    signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(argument) => Some(argument),
        FnArg::Receiver(_) => None,
    })
}
