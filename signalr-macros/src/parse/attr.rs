//! Options in an attribute: `#[hub(name = "Send", spawn)]`.

use crate::errors::Errors;
use proc_macro2::{Punct, Spacing, Span, TokenStream, TokenTree};
use std::fmt::Display;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Ident, Meta, Token};

/// The name of one option, as written.
pub(crate) struct OptionName {
    ident: Ident,
    text: String,
}

impl OptionName {
    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Where the name is.
    pub(crate) fn span(&self) -> Span {
        self.ident.span()
    }

    /// Reads the `= value` behind the name.
    pub(crate) fn value<T: Parse>(&self, input: ParseStream<'_>, form: &str) -> syn::Result<T> {
        if !input.peek(Token![=]) {
            return Err(self.error(format!("`{}` needs a value: `{} = {form}`", self.text, self.text)));
        }
        input.parse::<Token![=]>()?;
        let begin = input.span();
        input.parse().map_err(|_| syn::Error::new(begin, format!("expected `{} = {form}`", self.text)))
    }

    /// An error at the name.
    pub(crate) fn error(&self, message: impl Display) -> syn::Error {
        syn::Error::new(self.ident.span(), message)
    }
}

/// Reads comma-separated options. `take` gets each in turn and reads its value; after an error in one, the others are
/// read nevertheless.
pub(crate) fn options(
    tokens: TokenStream,
    known: &[&str],
    errors: &Errors,
    mut take: impl FnMut(&OptionName, ParseStream<'_>) -> syn::Result<()>,
) {
    let mut seen: Vec<String> = Vec::new();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let option = one_option(input, known, &mut seen, &mut take);
            if let Err(error) = option {
                errors.push(error);
                skip_to_comma(input)?;
            }
            if !input.is_empty()
                && let Err(error) = input.parse::<Token![,]>()
            {
                errors.push(syn::Error::new(error.span(), "expected `,` before the next option"));
                skip_to_comma(input)?;
                input.parse::<Option<Token![,]>>()?;
            }
        }
        Ok(())
    };
    if let Err(error) = parser.parse2(tokens) {
        errors.push(error);
    }
}

fn one_option(
    input: ParseStream<'_>,
    known: &[&str],
    seen: &mut Vec<String>,
    take: &mut impl FnMut(&OptionName, ParseStream<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    let Ok(ident) = Ident::parse_any(input) else {
        return Err(input.error(format!("expected an option: {}", list(known))));
    };
    let name = OptionName { text: ident.unraw().to_string(), ident };
    if !known.contains(&name.as_str()) {
        return Err(name.error(unknown(name.as_str(), known)));
    }
    if seen.contains(&name.text) {
        return Err(name.error(format!("`{}` is given twice", name.text)));
    }
    seen.push(name.text.clone());
    take(&name, input)
}

fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// Takes the attributes called `name` (or `path::name`) out of `attributes`.
pub(crate) fn take(attributes: &mut Vec<Attribute>, name: &str) -> Vec<Attribute> {
    let is_ours = |attribute: &Attribute| attribute.path().segments.last().is_some_and(|last| last.ident == name);
    let (ours, others) = std::mem::take(attributes).into_iter().partition(is_ours);
    *attributes = others;
    ours
}

/// Takes the attributes called `name` out of `attributes` and makes one list of their options, so that an option given
/// twice is found in two attributes as well.
pub(crate) fn take_options(attributes: &mut Vec<Attribute>, name: &str, example: &str, errors: &Errors) -> TokenStream {
    let mut all = TokenStream::new();
    for attribute in take(attributes, name) {
        let options = arguments(&attribute, example, errors);
        if !options.is_empty() {
            all.extend(options);
            all.extend([TokenTree::from(Punct::new(',', Spacing::Alone))]);
        }
    }
    all
}

/// What is in the parentheses of a helper attribute; an attribute without any is an error.
fn arguments(attribute: &Attribute, example: &str, errors: &Errors) -> TokenStream {
    match &attribute.meta {
        Meta::List(list) => list.tokens.clone(),
        Meta::Path(_) | Meta::NameValue(_) => {
            errors.at(attribute, format!("expected options in parentheses, as in `{example}`"));
            TokenStream::new()
        }
    }
}

/// The message for a name that is none of `known`, with the likeliest of them.
pub(crate) fn unknown(name: &str, known: &[&str]) -> String {
    let longer = known.iter().find(|candidate| name.len() > 2 && candidate.starts_with(name));
    let near = known.iter().min_by_key(|candidate| distance(name, candidate));
    let near = near.filter(|candidate| distance(name, candidate) <= candidate.len().max(name.len()) / 3);
    match longer.or(near) {
        Some(candidate) => format!("unknown option `{name}`; did you mean `{candidate}`?"),
        None => format!("unknown option `{name}`; expected {}", list(known)),
    }
}

/// `a`, `b` or `c`, each in backquotes.
fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => quoted.concat(),
    }
}

/// How many letters have to be changed, added, removed or swapped with their neighbour to make `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let change = last[j] + usize::from(a[i] != b[j]);
            let mut best = change.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, list, unknown};

    #[test]
    fn a_near_miss_gets_a_suggestion() {
        let known = ["receiver", "rename_all"];
        assert_eq!(unknown("timeout", &known), "unknown option `timeout`; expected `receiver` or `rename_all`");
        assert_eq!(unknown("rename", &known), "unknown option `rename`; did you mean `rename_all`?");
        assert_eq!(
            unknown("renam_all", &["receiver", "rename_all"]),
            "unknown option `renam_all`; did you mean `rename_all`?"
        );
        assert_eq!(unknown("psawn", &["spawn", "skip"]), "unknown option `psawn`; did you mean `spawn`?");
    }

    #[test]
    fn a_swap_counts_once() {
        assert_eq!(distance("psawn", "spawn"), 1);
        assert_eq!(distance("", "ab"), 2);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn lists_read_as_text() {
        assert_eq!(list(&["a"]), "`a`");
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
