//! `#[hub]` on a trait: a contract.

use super::hub::{HubOptions, MethodOptions, read_method, take_inject};
use crate::check;
use crate::errors::Errors;
use crate::model::contract::Contract;
use syn::{ItemTrait, TraitItem};

/// Reads what the trait's methods are, and takes the helper attributes out of it.
pub(crate) fn contract(options: HubOptions, mut item: ItemTrait, errors: &Errors) -> Contract {
    check::contract::item(&item, &options, errors);
    let mut methods = Vec::new();
    for entry in &mut item.items {
        match entry {
            TraitItem::Fn(function) => {
                let marks = MethodOptions::take(&mut function.attrs, errors);
                let injected = take_inject(&mut function.sig, errors);
                check::contract::method(function, &marks, &injected, errors);
                let written = (&item.vis, &*function.attrs, &function.sig);
                methods.push(read_method(written, &marks, &injected, options.rename_all));
            }
            other => errors.at(other, "a contract has methods only: they are what clients can call"),
        }
    }
    let names = methods.iter().map(|method| (&method.ident, &method.name, &method.cfgs));
    check::names::distinct(names, "hub", errors);
    check::client::methods(&methods, true, errors);
    Contract { item, options, methods }
}
