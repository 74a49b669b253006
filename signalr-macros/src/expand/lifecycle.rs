//! `on_connected`, `on_disconnected` and `on_authentication_refreshed`.

use super::answer::{call, failure};
use super::hub::locals;
use crate::ctx::{CratePath, located};
use crate::model::method::{Event, Lifecycle, Parameter, ParameterKind};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;

/// The constant of `HubMethods` that holds the method.
pub(crate) fn lifecycle(runtime: &CratePath, method: &Lifecycle) -> TokenStream {
    let cfgs = &method.cfgs;
    let place = located(&method.ident);
    let private = runtime.private(place);
    let constant = match method.event {
        Event::Connected => quote!(ON_CONNECTED),
        Event::Disconnected => quote!(ON_DISCONNECTED),
        Event::AuthenticationRefreshed => quote!(ON_AUTHENTICATION_REFRESHED),
    };
    let names = locals(method.parameters.len(), place);
    let parameters = method.parameters.iter().zip(&names).map(|(parameter, name)| take(parameter, name));
    let call = call(&method.ident, &method.returns, &quote_spanned!(place=> __hub), &names);
    let value_place = method.returns.value().map_or(place, located);
    let error = failure(runtime, method.returns.whole.as_ref(), value_place);
    let nothing = runtime.private(value_place);
    let nothing = quote_spanned!(value_place=> #nothing::nothing(__value));
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

fn take(parameter: &Parameter, name: &Ident) -> TokenStream {
    let ty = &parameter.ty;
    let place = located(ty);
    match parameter.kind {
        ParameterKind::Reason => quote_spanned!(place=> let #name: #ty = __lifecycle.reason();),
        _ => quote_spanned!(place=> let #name = __lifecycle.inject::<#ty>()?;),
    }
}
