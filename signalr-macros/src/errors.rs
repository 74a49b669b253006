//! All mistakes of one use of a macro, reported together.

use proc_macro2::TokenStream;
use quote::ToTokens;
use std::cell::RefCell;
use std::fmt::Display;

/// Collects errors, each at the tokens it is about. It must be asked for them in the end: see [`Errors::finish`].
#[derive(Default)]
pub(crate) struct Errors {
    found: RefCell<Option<syn::Error>>,
    finished: bool,
}

impl Errors {
    /// Adds an error at `tokens`.
    pub(crate) fn at(&self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Adds an error.
    pub(crate) fn push(&self, error: syn::Error) {
        let mut found = self.found.borrow_mut();
        match found.as_mut() {
            Some(all) => all.combine(error),
            None => *found = Some(error),
        }
    }

    /// The errors as compile errors beside the item as it is.
    pub(crate) fn beside(self, mut item: TokenStream) -> TokenStream {
        item.extend(self.finish());
        item
    }

    /// The errors as compile errors, or `None` if there are none.
    pub(crate) fn finish(mut self) -> Option<TokenStream> {
        self.finished = true;
        self.found.take().map(syn::Error::into_compile_error)
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        debug_assert!(
            self.finished || std::thread::panicking(),
            "the errors were not asked for"
        );
    }
}
