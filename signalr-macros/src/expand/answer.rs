//! The call of a user's method and the steps behind it, each with its errors at the type that it is about.

use crate::ctx::{CratePath, located};
use crate::model::method::Returns;
use crate::model::ty;
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Ident, Type};

/// Where errors about a type are shown. A type inside of a `Result` is named in a call as well, which lets an error show
/// all of it; any other may be an alias of a `Result`, and then is not the type of the value.
struct Shown {
    place: Span,
    turbofish: Option<TokenStream>,
}

impl Shown {
    fn inside(ty: &Type) -> Self {
        Shown { place: located(ty), turbofish: Some(ty::nameable(ty)) }
    }

    fn outside(ty: Option<&Type>, otherwise: Span) -> Self {
        Shown { place: ty.map_or(otherwise, located), turbofish: None }
    }

    /// The type of a `Result`'s value, or else of what may be none.
    fn value(ty: Option<&Type>, otherwise: Span) -> Self {
        match ty.and_then(ty::result) {
            Some((value, _)) => Shown::inside(value),
            None => Shown::outside(ty, otherwise),
        }
    }

    /// The type of a `Result`'s error, or else of what may be none.
    fn error(ty: Option<&Type>, otherwise: Span) -> Self {
        match ty.and_then(ty::result) {
            Some((_, Some(error))) => Shown::inside(error),
            _ => Shown::outside(ty, otherwise),
        }
    }
}

/// `Self::method(&hub, ..)`, awaited if need be.
pub(crate) fn call(ident: &Ident, returns: &Returns, hub: &TokenStream, arguments: &[Ident]) -> TokenStream {
    let place = located(ident);
    let call = quote_spanned!(place=> Self::#ident(&#hub, #(#arguments),*));
    if returns.is_async { quote_spanned!(place=> #call.await) } else { call }
}

/// Answers `__call` with `__value`, which the method returned.
pub(crate) fn answer(runtime: &CratePath, ident: &Ident, returns: &Returns) -> TokenStream {
    let whole = returns.whole.as_ref();
    let Shown { place, turbofish } = Shown::value(whole, located(ident));
    let success = if returns.is_stream {
        let item = returns.value().and_then(ty::impl_stream).flatten();
        let item_failure = failure(runtime, item, place);
        // Named in the call, an item type would get its error twice: for the call, and for the future it returns.
        let Shown { place, .. } = Shown::value(item, place);
        let private = runtime.private(place);
        quote_spanned!(place=>
            #private::success(&__value).stream(__value, &mut __call.reply, |__error| #item_failure).await
        )
    } else {
        let private = runtime.private(place);
        let turbofish = turbofish.map(|value| quote_spanned!(place=> ::<#value>));
        quote_spanned!(place=> #private::success(&__value).value #turbofish (__value, &mut __call.reply))
    };
    let failure = failure(runtime, whole, place);
    let private = runtime.private(place);
    quote_spanned! {place=>
        match #private::outcome(&__value).split(__value) {
            ::core::result::Result::Ok(__value) => #success,
            ::core::result::Result::Err(__error) => __call.reply.error(#failure),
        };
    }
}

/// Makes `__error`, the error of a `ty`, a `HubError`.
pub(crate) fn failure(runtime: &CratePath, ty: Option<&Type>, otherwise: Span) -> TokenStream {
    let Shown { place, turbofish } = Shown::error(ty, otherwise);
    let private = runtime.private(place);
    let turbofish = turbofish.map(|error| quote_spanned!(place=> ::<#error>));
    quote_spanned!(place=> #private::failure(&__error).convert #turbofish (__error))
}
