//! `#[receiver(..)]` on a trait and on its methods.

use super::attr;
use super::hub::{carried, cfgs, wire_name};
use crate::check;
use crate::ctx::CratePath;
use crate::errors::Errors;
use crate::model::method::typed;
use crate::model::name::{Case, WireName};
use crate::model::receiver::{Receiver, ReceiverMethod, ReceiverParameter};
use crate::model::ty;
use proc_macro2::{Span, TokenStream};
use syn::{Attribute, Item, ItemTrait, LitStr, TraitItem, TraitItemFn};

/// The options of the trait.
#[derive(Default)]
pub(crate) struct ReceiverOptions {
    pub(crate) rename_all: Case,
    pub(crate) crate_path: CratePath,
}

const RECEIVER_OPTIONS: [&str; 2] = ["rename_all", "crate"];

impl ReceiverOptions {
    /// Reads the options of the trait.
    pub(crate) fn parse(tokens: TokenStream, errors: &Errors) -> Self {
        let mut options = ReceiverOptions::default();
        attr::options(tokens, &RECEIVER_OPTIONS, errors, |name, input| {
            match name.as_str() {
                "rename_all" => options.rename_all = Case::read(&name.value(input, "\"camelCase\"")?)?,
                _ => options.crate_path = CratePath::new(name.value(input, "path")?),
            }
            Ok(())
        });
        options
    }
}

/// The options of one method.
#[derive(Default)]
pub(crate) struct ReceiverMethodOptions {
    pub(crate) name: Option<LitStr>,
    pub(crate) latest: Option<Span>,
}

const METHOD_OPTIONS: [&str; 2] = ["name", "latest"];

impl ReceiverMethodOptions {
    /// Takes the helper attributes of a method and reads them.
    fn take(attributes: &mut Vec<Attribute>, errors: &Errors) -> Self {
        let mut options = ReceiverMethodOptions::default();
        let all = attr::take_options(attributes, "receiver", "#[receiver(latest)]", errors);
        attr::options(all, &METHOD_OPTIONS, errors, |name, input| {
            match name.as_str() {
                "name" => options.name = Some(wire_name(name, input)?),
                _ => options.latest = Some(name.span()),
            }
            Ok(())
        });
        options
    }
}

/// Reads the trait; `None` if it is none.
pub(crate) fn item(item: TokenStream, errors: &Errors) -> Option<ItemTrait> {
    const PLACE: &str = "`#[receiver]` goes on a trait with what the server may call on a client: \
                         `#[receiver] trait ChatClient { .. }`";
    match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Trait(item)) => Some(item),
        Ok(Item::Impl(block)) => {
            errors.at(block.self_ty, format!("{PLACE}; a client implements that trait without any attribute"));
            None
        }
        Ok(Item::Struct(item)) => {
            errors.at(item.ident, PLACE);
            None
        }
        Ok(_) => {
            errors.at(item, PLACE);
            None
        }
        Err(error) => {
            errors.push(error);
            None
        }
    }
}

/// Reads what the trait's methods are, and takes the helper attributes out of it.
pub(crate) fn receiver(options: ReceiverOptions, mut item: ItemTrait, errors: &Errors) -> Receiver {
    let on_trait = Errors::default();
    check::receiver::item(&item, &on_trait);
    let mistaken = errors.absorb(on_trait);
    let mut methods = Vec::new();
    for entry in &mut item.items {
        match entry {
            TraitItem::Fn(function) => {
                let marks = ReceiverMethodOptions::take(&mut function.attrs, errors);
                let on_method = Errors::default();
                check::receiver::method(&function.sig, &marks, &on_method);
                // A proxy of a method with mistakes would only repeat them.
                if !errors.absorb(on_method) {
                    methods.push(read_method(function, &marks, options.rename_all));
                }
            }
            other => errors.at(other, "a receiver has methods only: they are what the server may call"),
        }
    }
    let names = methods.iter().map(|method| (&method.ident, &method.name, &method.cfgs));
    check::names::distinct(names, "receiver", errors);
    Receiver { item, options, methods, mistaken }
}

fn read_method(function: &TraitItemFn, marks: &ReceiverMethodOptions, case: Case) -> ReceiverMethod {
    let returned = ty::returned(&function.sig.output);
    ReceiverMethod {
        ident: function.sig.ident.clone(),
        name: WireName::new(marks.name.as_ref(), &function.sig.ident, case),
        attributes: carried(&function.attrs),
        cfgs: cfgs(&function.attrs),
        parameters: typed(&function.sig)
            .enumerate()
            .map(|(index, argument)| ReceiverParameter::new(argument, index + 1))
            .collect(),
        returned: returned.cloned(),
        answer: returned.map(|returned| ty::result(returned).map_or(returned, |(value, _)| value).clone()),
        latest: marks.latest.is_some(),
    }
}
