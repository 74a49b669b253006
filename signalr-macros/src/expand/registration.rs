//! `#[receiver]`: how the server's calls reach the implementation of a client.

use super::answer::failure;
use super::hub::locals;
use crate::ctx::{CratePath, located};
use crate::model::receiver::{Receiver, ReceiverMethod};
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Ident;

/// The implementation of `ReceiverFor`, where the client is built at all.
pub(crate) fn registration(receiver: &Receiver) -> TokenStream {
    let item = &receiver.item;
    let name = &item.ident;
    let place = located(name);
    let runtime = &receiver.options.crate_path;
    let private = runtime.private(place);
    let bounds = receiver.methods.iter().map(|method| bounds(runtime, method));
    let methods = receiver.methods.iter().map(|method| register(runtime, name, method));
    let cfgs = crate::parse::hub::cfgs(&item.attrs);
    quote_spanned! {place=>
        #private::client_only! {
            #(#cfgs)*
            const _: () = {
                #[automatically_derived]
                #[allow(deprecated)]
                impl<__R: #name #(#bounds)*> #private::ReceiverFor<__R> for dyn #name {
                    fn register(__receiver: ::std::sync::Arc<__R>, __handlers: &#private::Handlers) {
                        #(#methods)*
                    }
                }
            };
        }
    }
}

/// What is asked of the types of a method. A method with a `cfg` cannot have its own: it asks where it is called.
fn bounds(runtime: &CratePath, method: &ReceiverMethod) -> TokenStream {
    if !method.cfgs.is_empty() {
        return TokenStream::new();
    }
    let mut bounds = TokenStream::new();
    for argument in method.arguments() {
        let ty = &argument.ty;
        let place = located(ty);
        let private = runtime.private(place);
        bounds.extend(quote_spanned!(place=> + #private::Receives<#ty>));
    }
    if let Some(ty) = &method.answer {
        let place = located(ty);
        let private = runtime.private(place);
        bounds.extend(quote_spanned!(place=> + #private::Answers<#ty>));
    }
    bounds
}

/// Registers a method under its name.
fn register(runtime: &CratePath, name: &Ident, method: &ReceiverMethod) -> TokenStream {
    let ReceiverMethod { ident, cfgs, .. } = method;
    let wire = &method.name.text;
    let place = located(ident);
    let private = runtime.private(place);
    let names = locals(method.parameters.len(), place);
    let parameters = method.parameters.iter().zip(&names).map(|(parameter, local)| {
        let (ty, text) = (&parameter.ty, &parameter.name);
        let place = located(ty);
        let private = runtime.private(place);
        if parameter.is_connection {
            quote_spanned!(place=> let #local: #ty = __callback.connection()?;)
        } else {
            quote_spanned!(place=> let #local = <__R as #private::Receives<#ty>>::read(__callback, #text)?;)
        }
    });
    let call = quote_spanned!(place=> <__R as #name>::#ident(&__receiver, #(#names),*).await);
    let run = answer(runtime, method, &call, place);
    quote_spanned! {place=>
        #(#cfgs)*
        __handlers.method(#wire, &__receiver, |__receiver, __callback| {
            #(#parameters)*
            let __encoder = __callback.answer();
            ::core::result::Result::Ok(#private::CallbackStart::future(async move { #run }))
        });
    }
}

/// Makes an answer of what the method returns.
fn answer(runtime: &CratePath, method: &ReceiverMethod, call: &TokenStream, place: Span) -> TokenStream {
    let Some(ty) = &method.answer else {
        return quote_spanned!(place=> let () = #call; __encoder.nothing());
    };
    let failure = failure(runtime, method.returned.as_ref(), located(ty));
    let place = located(ty);
    let private = runtime.private(place);
    quote_spanned! {place=>
        let __value = #call;
        match #private::outcome(&__value).split(__value) {
            ::core::result::Result::Ok(__value) => <__R as #private::Answers<#ty>>::answer(&__value, __encoder),
            ::core::result::Result::Err(__error) => ::core::result::Result::Err(#failure),
        }
    }
}
