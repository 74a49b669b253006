//! `#[hub]` on a trait, and `contract = Trait` on a hub.
//!
//! The trait is emitted with one associated function for each method, which nobody calls: its parameters are what travels. A
//! hub with the contract implements it with the signatures of its own methods, so that the compiler compares them and says
//! which parameter is wrong.

use super::client;
use crate::ctx::{CratePath, located, moved};
use crate::model::contract::Contract;
use crate::model::hub::Hub;
use crate::model::method::Method;
use crate::model::travels::Travelling;
use crate::parse::hub::cfgs;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Ident, Path};

/// The trait, what it says of its hub, and the client.
pub(crate) fn contract(contract: &Contract) -> TokenStream {
    let item = &contract.item;
    let (attributes, visibility, name) = (&item.attrs, &item.vis, &item.ident);
    let runtime = &contract.options.crate_path;
    let place = located(name);
    let private = runtime.private(place);
    let methods = contract.methods.iter().filter_map(|method| {
        let Method { attributes, .. } = method;
        let signature = signature(runtime, method, true)?;
        Some(quote_spanned!(located(&method.ident)=> #(#attributes)* #signature where Self: ::core::marker::Sized;))
    });
    let names = contract.methods.iter().map(|method| {
        let (cfgs, rust, wire) = (&method.cfgs, method.ident.unraw().to_string(), &method.name.text);
        quote_spanned!(place=> #(#cfgs)* (#rust, #wire))
    });
    // What is written must count as used, though the trait has it in another form.
    let written = contract.methods.iter().map(|method| {
        let (cfgs, place) = (&method.cfgs, located(&method.ident));
        let types = method.parameters.iter().map(|parameter| &parameter.ty).chain(&method.returns.whole);
        quote_spanned!(place=> #(#cfgs)* const _: () = { #[allow(dead_code)] fn __written(#(_: #types),*) {} };)
    });
    let receiver = match &contract.options.receiver {
        Some(path) => quote_spanned!(located(path)=> dyn #path),
        None => quote_spanned!(place=> #private::NoReceiver),
    };
    let cfgs = cfgs(attributes);
    let client = client::of_contract(contract);
    let assertions = client::assertions(runtime, &item.generics, None, &contract.methods);
    quote_spanned! {place=>
        #(#attributes)*
        #[allow(dead_code)]
        #visibility trait #name {
            #(#methods)*
        }

        #(#cfgs)*
        const _: () = {
            #[automatically_derived]
            impl #private::Contract for dyn #name {
                type Receiver = #receiver;
                const NAMES: &'static [(&'static str, &'static str)] = &[#(#names),*];
            }

            #(#written)*
        };

        #assertions
        #client
    }
}

/// The contract with mistakes, so that they don't make every use of it an error too.
pub(crate) fn without_methods(contract: &Contract) -> TokenStream {
    let empty = Contract {
        item: contract.item.clone(),
        options: crate::parse::hub::HubOptions {
            receiver: contract.options.receiver.clone(),
            crate_path: contract.options.crate_path.clone(),
            ..Default::default()
        },
        methods: Vec::new(),
    };
    self::contract(&empty)
}

/// The implementation of the contract by a hub, with the hub's own signatures.
pub(crate) fn implementation(hub: &Hub, path: &Path) -> TokenStream {
    let runtime = &hub.options.crate_path;
    let place = located(path);
    let methods = hub.methods.iter().filter_map(|method| {
        let place = located(&method.ident);
        let private = runtime.private(place);
        let cfgs = &method.cfgs;
        let signature = signature(runtime, method, false)?;
        Some(quote_spanned!(place=> #(#cfgs)* #signature { #private::of_contract() }))
    });
    // A missing method is an error of this header: all of it is shown where the contract is named.
    let block = &hub.block;
    let (generics, _, clause) = block.generics.split_for_impl();
    let generics = moved(generics.to_token_stream(), place);
    let clause = moved(clause.to_token_stream(), place);
    let ty = moved(block.self_ty.to_token_stream(), place);
    let cfgs = cfgs(&block.attrs);
    let assertions = client::assertions(runtime, &block.generics, Some(&block.self_ty), &hub.methods);
    quote_spanned! {place=>
        #(#cfgs)*
        #[automatically_derived]
        impl #generics #path for #ty #clause {
            #(#methods)*
        }
        #assertions
    }
}

/// The function that stands for a method: `fn name(user: String, numbers: Upload<i64>) -> i64`.
fn signature(runtime: &CratePath, method: &Method, named: bool) -> Option<TokenStream> {
    let travels = method.travels().ok()?;
    let ident = &method.ident;
    let place = located(ident);
    let pattern = |name: &Ident| if named { name.to_token_stream() } else { quote!(_) };
    let parameters = travels.parameters.iter().map(|parameter| match parameter {
        Travelling::Argument(name, ty) => {
            let name = pattern(name);
            quote!(#name: #ty)
        }
        Travelling::Upload(name, item) => {
            let (name, place) = (pattern(name), located(item));
            let private = runtime.private(place);
            quote_spanned!(place=> #name: #private::Upload<#item>)
        }
    });
    let shown = method.returns.whole.as_ref().map_or(place, located);
    let private = runtime.private(shown);
    let ty = travels.reply.ty.map_or_else(|| quote_spanned!(shown=> ()), |ty| ty.to_token_stream());
    let reply = if travels.reply.is_stream { quote_spanned!(shown=> #private::Streams<#ty>) } else { ty };
    Some(quote_spanned!(place=> fn #ident(#(#parameters),*) -> #reply))
}

/// The wire name of a hub's method: its own, or the contract's.
pub(crate) fn wire_name(runtime: &CratePath, contract: Option<&Path>, method: &Method) -> TokenStream {
    match contract {
        None => method.name.text.to_token_stream(),
        Some(path) => {
            let private = runtime.private(Span::mixed_site());
            let rust = method.ident.unraw().to_string();
            quote!(#private::wire_name(<dyn #path as #private::Contract>::NAMES, #rust))
        }
    }
}
