//! Rules about receiver traits.

use super::signature::conditional;
use super::streams;
use crate::errors::Errors;
use crate::model::method::typed;
use crate::model::receiver::is_connection;
use crate::model::ty;
use crate::parse::receiver::ReceiverMethodOptions;
use syn::{FnArg, ItemTrait, PatType, ReceiverKind, ReturnType, Safety, Signature, Type};

/// More arguments cannot be sent.
const MAX_ARGUMENTS: usize = 16;

const STREAM: &str = "a client cannot take a stream with a call: call the method once for each item, \
                      or let clients call a hub method that returns a stream";

/// Checks the trait itself.
pub(crate) fn item(item: &ItemTrait, errors: &Errors) {
    if !item.generics.params.is_empty() {
        errors.at(&item.generics.params, "a receiver cannot be generic: a hub has one set of client methods");
    }
    if let Some(token) = &item.unsafety {
        errors.at(token, "a receiver cannot be unsafe");
    }
}

/// Checks one method.
pub(crate) fn method(signature: &Signature, marks: &ReceiverMethodOptions, errors: &Errors) {
    self_argument(signature, errors);
    if !signature.generics.params.is_empty() {
        errors.at(
            &signature.generics.params,
            "a receiver method cannot be generic: its arguments are the same for all clients",
        );
    }
    if signature.asyncness.is_none() {
        errors.at(signature.fn_token, "a receiver method is an `async fn`: clients may take their time");
    }
    if let Safety::Unsafe(token) = &signature.safety {
        errors.at(token, "a receiver method cannot be unsafe: the server calls it");
    }
    for argument in typed(signature) {
        self::argument(argument, errors);
    }
    if let Some(extra) = typed(signature).filter(|argument| !is_connection(&argument.ty)).nth(MAX_ARGUMENTS) {
        errors
            .at(extra, format!("a receiver method has at most {MAX_ARGUMENTS} arguments: put several into one struct"));
    }
    answer(signature, marks, errors);
}

fn self_argument(signature: &Signature, errors: &Errors) {
    match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => {
            if !matches!(receiver.kind, ReceiverKind::Reference(_, _, None)) {
                errors.at(receiver, "write `&self`: calls may come at the same time");
            }
        }
        _ => errors.at(&signature.ident, "a receiver method takes `&self`"),
    }
}

fn argument(argument: &PatType, errors: &Errors) {
    conditional(argument, errors);
    if streams::in_receiver(&argument.ty) {
        errors.at(&argument.ty, STREAM);
    } else if let Some(borrowed) = ty::borrowed(&argument.ty) {
        let owned = ty::owned(borrowed);
        errors.at(
            borrowed,
            format!(
                "a client owns what it receives: write `{owned}` (the server may pass a borrowed value all the same)"
            ),
        );
    } else if matches!(ty::bare(&argument.ty), Type::ImplTrait(_)) {
        errors.at(&argument.ty, "write a type: what is sent cannot depend on who receives it");
    }
}

fn answer(signature: &Signature, marks: &ReceiverMethodOptions, errors: &Errors) {
    let Some(returned) = ty::returned(&signature.output) else {
        return;
    };
    let value = ty::result(returned).map_or(returned, |(value, _)| value);
    if streams::in_receiver(value) {
        errors.at(value, "a client cannot answer with a stream: let it call a hub method with an `Upload`");
    } else if let Some(borrowed) = ty::borrowed(value) {
        errors.at(borrowed, format!("the server owns a client's answer: write `{}`", ty::owned(borrowed)));
    } else if matches!(ty::bare(value), Type::ImplTrait(_)) {
        errors.at(value, "write a type: the answer is read into it");
    }
    if let (Some(latest), ReturnType::Type(..)) = (marks.latest, &signature.output) {
        errors.push(syn::Error::new(
            latest,
            "`latest` is for a method without a result: a call that is replaced would get no answer",
        ));
    }
}
