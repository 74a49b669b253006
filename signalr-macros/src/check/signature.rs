//! Rules about the signatures of hub methods.

use super::streams;
use crate::errors::Errors;
use crate::model::method::{Event, Parameter, Returns, typed};
use crate::model::ty;
use crate::parse::hub::MethodOptions;
use syn::{Attribute, FnArg, GenericParam, PatType, Receiver, ReceiverKind, Safety, Signature, Type};

/// Checks a method that is left out of the hub.
pub(crate) fn skipped(marks: &MethodOptions, injected: &[Option<Attribute>], errors: &Errors) {
    for span in marks.of_callable() {
        errors.push(syn::Error::new(span, "a method marked `skip` takes no other option: clients cannot call it"));
    }
    for mark in injected.iter().flatten() {
        errors.at(mark, "`#[inject]` has no meaning in a method marked `skip`: clients cannot call it");
    }
}

/// Checks a method that clients call.
pub(crate) fn method(signature: &Signature, marks: &MethodOptions, injected: &[Option<Attribute>], errors: &Errors) {
    self_argument(signature, "mark it `#[hub(skip)]` if clients should not call it", errors);
    plain(signature, errors);
    for (argument, mark) in typed(signature).zip(injected) {
        parameter(argument, mark.as_ref(), errors);
    }
    options(signature, marks, errors);
    streams::method(signature, marks, errors);
}

/// `&self` and nothing else.
pub(crate) fn self_argument(signature: &Signature, otherwise: &str, errors: &Errors) {
    let Some(FnArg::Receiver(receiver)) = signature.inputs.first() else {
        errors.at(&signature.ident, format!("a hub method takes `&self`; {otherwise}"));
        return;
    };
    if takes_shared_self(receiver) {
        return;
    }
    let message = match &receiver.kind {
        ReceiverKind::Reference(_, _, Some(_)) => {
            "write `&self`: calls run at the same time on one hub, so what it changes is behind a `Mutex` or an atomic"
        }
        _ => "write `&self`: all calls share the hub",
    };
    errors.at(receiver, message);
}

fn takes_shared_self(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_none(),
        ReceiverKind::Typed(_, ty) => match ty::bare(ty) {
            Type::Reference(reference) => {
                reference.mutability.is_none()
                    && matches!(ty::bare(&reference.elem), Type::Path(path) if path.path.is_ident("Self"))
            }
            _ => false,
        },
        _ => false,
    }
}

/// No generics and no qualifiers.
fn plain(signature: &Signature, errors: &Errors) {
    for parameter in &signature.generics.params {
        if !matches!(parameter, GenericParam::Lifetime(_)) {
            errors.at(
                parameter,
                "a hub method cannot be generic: what clients send is read into a type that is known beforehand",
            );
        }
    }
    if let Safety::Unsafe(token) = &signature.safety {
        errors.at(token, "a hub method cannot be unsafe: clients call it");
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, "a hub method is an ordinary Rust function");
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, "a hub method has a fixed number of parameters");
    }
}

fn parameter(argument: &PatType, mark: Option<&Attribute>, errors: &Errors) {
    conditional(argument, errors);
    let read = Parameter::new(argument, mark.is_some(), 0);
    if let Some(borrowed) = ty::borrowed(&argument.ty) {
        errors.at(borrowed, format!("a hub method owns its parameters: write `{}`", ty::owned(borrowed)));
    } else if let Some(item) = ty::impl_stream(&argument.ty) {
        match (mark, item) {
            (Some(mark), _) => errors.at(mark, "a stream from the client needs no `#[inject]`"),
            (None, None) => errors.at(&argument.ty, "say what the stream carries: `impl Stream<Item = T>`"),
            (None, Some(item)) => {
                if let Some(borrowed) = ty::borrowed(item) {
                    errors.at(borrowed, format!("the items of a stream are owned: write `{}`", ty::owned(borrowed)));
                }
            }
        }
    } else if read.is_argument() && matches!(ty::bare(&argument.ty), Type::ImplTrait(_)) {
        errors.at(
            &argument.ty,
            "write a type that implements `serde::Deserialize`, or `impl Stream<Item = T>` for a stream from the client",
        );
    }
}

/// Parameters are there always: generated code cannot follow a `cfg` of one.
pub(crate) fn conditional(argument: &PatType, errors: &Errors) {
    for attribute in &argument.attrs {
        if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
            errors.at(attribute, "a parameter cannot have a `cfg`: give the method one, and write it twice");
        }
    }
}

fn options(signature: &Signature, marks: &MethodOptions, errors: &Errors) {
    let is_async = Returns::new(signature, false).is_async;
    if let Some(blocking) = marks.blocking {
        if marks.spawn.is_some() {
            errors.push(syn::Error::new(blocking, "write `spawn` or `blocking`, not both"));
        } else if is_async {
            errors.push(syn::Error::new(
                blocking,
                "`blocking` is for a plain `fn`: leave out `async`, or write `spawn` for a task of its own",
            ));
        }
    }
    if let Some(cancel) = marks.cancel_by_drop
        && !is_async
        && !Returns::new(signature, marks.stream.is_some()).is_stream
    {
        errors.push(syn::Error::new(cancel, "only an `async fn` can be cancelled by dropping it"));
    }
}

/// Checks `on_connected`, `on_disconnected` or `on_authentication_refreshed`.
pub(crate) fn lifecycle(
    event: Event,
    signature: &Signature,
    marks: &MethodOptions,
    injected: &[Option<Attribute>],
    errors: &Errors,
) {
    let name = &signature.ident;
    let form = match event {
        Event::Connected => "`on_connected(&self, ctx: Context<Self>)`",
        Event::Disconnected => "`on_disconnected(&self, ctx: Context<Self>, reason: CloseReason)`",
        Event::AuthenticationRefreshed => "`on_authentication_refreshed(&self, ctx: Context<Self>)`",
    };
    self_argument(signature, &format!("the full form is {form}"), errors);
    plain(signature, errors);
    for span in marks.of_callable() {
        errors.push(syn::Error::new(
            span,
            format!("`{name}` takes no option but `skip`: the server runs it, clients cannot call it"),
        ));
    }
    let mut seen: Vec<String> = Vec::new();
    for (argument, mark) in typed(signature).zip(injected) {
        conditional(argument, errors);
        let last = ty::last_segment(&argument.ty).map(|segment| segment.ident.to_string()).unwrap_or_default();
        let known = last == "Context" || (event == Event::Disconnected && last == "CloseReason");
        if mark.is_some() {
            continue;
        }
        if !known {
            errors.at(&argument.ty, format!("`{name}` gets nothing from the client: its full form is {form}"));
        } else if seen.contains(&last) {
            errors.at(&argument.ty, format!("`{name}` gets one `{last}`: its full form is {form}"));
        }
        seen.push(last);
    }
    returns_nothing(signature, errors);
}

/// A lifecycle method returns `()` or `Result<(), E>`. An alias of one of them is seen by its type only.
fn returns_nothing(signature: &Signature, errors: &Errors) {
    let returns = Returns::new(signature, false);
    let Some(value) = returns.value() else { return };
    let nothing = matches!(ty::bare(value), Type::Tuple(tuple) if tuple.elems.is_empty());
    let alias = matches!(ty::bare(value), Type::Path(_)) && returns.whole.as_ref().and_then(ty::result).is_none();
    if !nothing && !alias {
        errors.at(value, format!("`{}` returns nothing, or `Result<(), E>`", signature.ident));
    }
}
