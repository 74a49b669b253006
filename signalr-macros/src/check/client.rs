//! Rules about hubs that have a typed client or a contract.

use crate::errors::Errors;
use crate::model::hub::Hub;
use crate::model::method::Method;
use crate::model::ty;
use syn::GenericParam;

/// Checks a hub with `client` or `contract`.
pub(crate) fn hub(hub: &Hub, errors: &Errors) {
    let options = &hub.options;
    if options.client.is_none() && options.contract.is_none() {
        return;
    }
    if let (Some(client), Some(_)) = (&options.client, &options.contract) {
        errors.push(syn::Error::new(client.place, "the contract has a client already: leave out `client`"));
    }
    if options.contract.is_some() {
        for (name, place) in &options.of_contract {
            errors.push(syn::Error::new(*place, format!("the contract says this: leave out `{name}`")));
        }
        for place in hub.methods.iter().filter_map(|method| method.given_name) {
            errors.push(syn::Error::new(place, "the wire names are the contract's: leave out `name`"));
        }
    } else {
        itself(hub, errors);
    }
    methods(&hub.methods, options.client.is_some(), errors);
}

/// The hub's own type.
fn itself(hub: &Hub, errors: &Errors) {
    if ty::last_segment(&hub.block.self_ty).is_none() {
        errors.at(&hub.block.self_ty, "the client is named after the hub, which needs a name");
    }
    for parameter in &hub.block.generics.params {
        if let GenericParam::Lifetime(parameter) = parameter {
            errors.at(parameter, "the client of a hub cannot have a lifetime");
        }
    }
}

/// The methods, of which clients know the signatures only.
pub(crate) fn methods(methods: &[Method], has_client: bool, errors: &Errors) {
    for method in methods {
        if let Err(error) = method.travels() {
            errors.push(error);
        }
        if has_client && method.ident == "builder" {
            let message = "the client has `builder(url)` itself: rename this method, and call it by its old name on the \
                           wire with `#[hub(name = \"..\")]`";
            errors.at(&method.ident, message);
        }
    }
}
