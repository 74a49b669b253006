//! Rules about contracts.

use super::signature;
use crate::errors::Errors;
use crate::model::method::{Event, Parameter, ParameterKind, typed};
use crate::parse::hub::{HubOptions, MethodOptions};
use syn::{Attribute, ItemTrait, TraitItemFn};

/// Checks the trait itself, and the options that it has.
pub(crate) fn item(item: &ItemTrait, options: &HubOptions, errors: &Errors) {
    if !item.generics.params.is_empty() {
        errors.at(&item.generics.params, "a contract cannot be generic: what is sent has one type");
    }
    if let Some(token) = &item.unsafety {
        errors.at(token, "a contract cannot be unsafe");
    }
    if !item.supertraits.is_empty() {
        errors.at(
            &item.supertraits,
            "a contract has no supertraits: it says what travels, and hubs are `Send` and `Sync`",
        );
    }
    if let Some(client) = &options.client {
        errors.push(syn::Error::new(client.place, "a contract always has a client: leave out `client`"));
    }
    if let Some(contract) = &options.contract {
        errors.at(contract, "a contract cannot have one itself: `contract` goes on the impl block of the hub");
    }
    if let Some(policy) = &options.authorize {
        errors.at(policy, "who is let in is the server's affair: `authorize` goes on the impl block of the hub");
    }
}

/// Checks one method.
pub(crate) fn method(function: &TraitItemFn, marks: &MethodOptions, injected: &[Option<Attribute>], errors: &Errors) {
    let own = [marks.skip, marks.spawn, marks.blocking, marks.stream, marks.cancel_by_drop];
    let authorize = marks.authorize.as_ref().map(|(place, _)| *place);
    for place in own.into_iter().flatten().chain(authorize) {
        let message = "this is the server's affair: write it in the impl block of the hub";
        errors.push(syn::Error::new(place, message));
    }
    if Event::of(&function.sig.ident).is_some() {
        errors.at(&function.sig.ident, "clients cannot call this: it goes in the impl block of the hub only");
    }
    if let Some(body) = &function.default {
        errors.at(body, "a method of a contract has no body: the hub has it");
    }
    for (argument, mark) in typed(&function.sig).zip(injected) {
        let parameter = Parameter::new(argument, mark.is_some(), 0);
        if matches!(parameter.kind, ParameterKind::Injected) && !parameter.is_upload() {
            let message =
                "this does not travel: a contract has what clients send, and the hub's own method takes it besides";
            errors.at(&argument.ty, message);
        }
    }
    if function.sig.receiver().is_none() {
        errors.at(&function.sig.ident, "a method of a contract takes `&self`");
        return;
    }
    signature::method(&function.sig, &MethodOptions::default(), injected, errors);
}
