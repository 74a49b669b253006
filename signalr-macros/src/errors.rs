//! All mistakes of one use of a macro, reported together.

use proc_macro2::TokenStream;
use quote::ToTokens;
use std::cell::RefCell;
use std::fmt::Display;

/// Collects errors, each at the tokens it is about. It must be asked for them in the end: see [`Errors::beside`].
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

    /// Whether there are no errors.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.borrow().is_none()
    }

    /// Adds all errors of `others`; says whether there were any.
    pub(crate) fn absorb(&self, mut others: Errors) -> bool {
        others.finished = true;
        let found = others.found.take();
        let any = found.is_some();
        found.into_iter().for_each(|error| self.push(error));
        any
    }

    /// Adds an error.
    pub(crate) fn push(&self, error: syn::Error) {
        let mut found = self.found.borrow_mut();
        match found.as_mut() {
            Some(all) => all.combine(error),
            None => *found = Some(error),
        }
    }

    /// The item, and the errors as compile errors behind it.
    pub(crate) fn beside(mut self, mut item: TokenStream) -> TokenStream {
        self.finished = true;
        item.extend(self.found.take().map(syn::Error::into_compile_error));
        item
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        debug_assert!(self.finished || std::thread::panicking(), "the errors were not asked for");
    }
}
