//! `on_connected` and `on_disconnected`.

use super::answer::{call, failure};
use crate::ctx::located;
use crate::model::method::{Event, Lifecycle, Parameter, ParameterKind};
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};

/// The constant of `HubMethods` that holds the method.
pub(crate) fn lifecycle(private: &TokenStream, method: &Lifecycle) -> TokenStream {
    let cfgs = &method.cfgs;
    let place = located(&method.ident);
    let constant = match method.event {
        Event::Connected => quote!(ON_CONNECTED),
        Event::Disconnected => quote!(ON_DISCONNECTED),
    };
    let names: Vec<_> = (0..method.parameters.len())
        .map(|index| {
            let name = format_ident!("__{index}", span = place);
            quote!(#name)
        })
        .collect();
    let parameters = method
        .parameters
        .iter()
        .zip(&names)
        .map(|(parameter, name)| take(parameter, name));
    let call = call(private, &method.ident, &method.returns, &names);
    let value_place = method.returns.value().map_or(place, located);
    let error = failure(private, method.returns.whole.as_ref(), value_place);
    let nothing = quote_spanned!(value_place=> #private::nothing(__value));
    quote_spanned! {place=>
        #(#cfgs)*
        const #constant: ::core::option::Option<fn(#private::Lifecycle<Self>) -> #private::LifecycleFuture> =
            ::core::option::Option::Some(|__lifecycle| {
                ::std::boxed::Box::pin(async move {
                    let __hub = __lifecycle.hub();
                    #(#parameters)*
                    let __value = #call;
                    match #private::outcome(&__value).split(__value) {
                        ::core::result::Result::Ok(__value) => ::core::result::Result::Ok(#nothing),
                        ::core::result::Result::Err(__error) => ::core::result::Result::Err(#error),
                    }
                })
            });
    }
}

fn take(parameter: &Parameter, name: &TokenStream) -> TokenStream {
    let ty = &parameter.ty;
    let place = located(ty);
    match parameter.kind {
        ParameterKind::Reason => quote_spanned!(place=> let #name: #ty = __lifecycle.reason();),
        _ => quote_spanned!(place=> let #name = __lifecycle.inject::<#ty>()?;),
    }
}
