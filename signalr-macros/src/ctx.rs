//! What all code that generates code needs: where the runtime is.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
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

    /// The module that holds what generated code uses.
    pub(crate) fn private(&self) -> TokenStream {
        match &self.0 {
            Some(path) => quote!(#path::__private),
            None => quote!(::signalr::__private),
        }
    }
}

/// The place of `tokens` in messages, with the names of generated code: lints see that the code was not written by hand.
pub(crate) fn located(tokens: &impl ToTokens) -> Span {
    Span::mixed_site().located_at(tokens.span())
}
