//! The `#[hub]` and `#[receiver]` macros of the `signalr` crate.

mod check;
mod ctx;
mod errors;
mod expand;
mod model;
mod parse;

use errors::Errors;
use proc_macro::TokenStream;

/// Makes the methods of an impl block callable by clients.
#[proc_macro_attribute]
pub fn hub(options: TokenStream, item: TokenStream) -> TokenStream {
    expand_hub(options.into(), item.into()).into()
}

fn expand_hub(options: proc_macro2::TokenStream, item: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let errors = Errors::default();
    let options = parse::hub::HubOptions::parse(options, &errors);
    let Some(block) = parse::hub::block(item.clone(), &errors) else {
        return errors.beside(item);
    };
    let hub = parse::hub::hub(options, block, &errors);
    match errors.finish() {
        None => expand::hub::hub(&hub),
        Some(errors) => [expand::hub::without_methods(&hub.options, &hub.block), errors]
            .into_iter()
            .collect(),
    }
}

/// Makes a trait the set of methods that a server may call on its clients.
#[proc_macro_attribute]
pub fn receiver(options: TokenStream, item: TokenStream) -> TokenStream {
    expand_receiver(options.into(), item.into()).into()
}

fn expand_receiver(options: proc_macro2::TokenStream, item: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let errors = Errors::default();
    let options = parse::receiver::ReceiverOptions::parse(options, &errors);
    let Some(definition) = parse::receiver::item(item.clone(), &errors) else {
        return errors.beside(item);
    };
    let receiver = parse::receiver::receiver(options, definition, &errors);
    let expanded = expand::receiver::receiver(&receiver);
    match errors.finish() {
        None => expanded,
        Some(errors) => [expanded, errors].into_iter().collect(),
    }
}
