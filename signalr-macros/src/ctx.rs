//! What all code that generates code needs: where the runtime is.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;

/// The path of the runtime crate, `::signalr` unless `crate = ..` says otherwise.
#[derive(Clone, Default)]
pub(crate) struct CratePath(Option<Path>);

impl CratePath {
    /// The path given by `crate = ..`.
    pub(crate) fn new(path: Path) -> Self {
        CratePath(Some(path))
    }

    /// The module that holds what generated code uses, as if it was written at `place`: the compiler shows errors about
    /// a call where its path is.
    pub(crate) fn private(&self, place: Span) -> TokenStream {
        match &self.0 {
            Some(path) => {
                let path = moved(path.to_token_stream(), place);
                quote_spanned!(place=> #path::__private)
            }
            None => quote_spanned!(place=> ::signalr::__private),
        }
    }
}

/// The tokens at another place; the names mean what they meant.
pub(crate) fn moved(tokens: TokenStream, place: Span) -> TokenStream {
    let moved = |mut token: TokenTree| {
        token.set_span(token.span().located_at(place));
        token
    };
    tokens.into_iter().map(moved).collect()
}

/// The place of `tokens` in messages, with the names of generated code: lints see that the code was not written by hand.
pub(crate) fn located(tokens: &impl ToTokens) -> Span {
    Span::mixed_site().located_at(tokens.span())
}
