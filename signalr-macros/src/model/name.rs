//! The names by which methods are called on the wire.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::{Ident, LitStr};

/// How Rust names become wire names.
#[derive(Clone, Copy, Default)]
pub(crate) enum Case {
    #[default]
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    Lower,
    Upper,
}

const CASES: [(&str, Case); 7] = [
    ("PascalCase", Case::Pascal),
    ("camelCase", Case::Camel),
    ("snake_case", Case::Snake),
    ("SCREAMING_SNAKE_CASE", Case::ScreamingSnake),
    ("kebab-case", Case::Kebab),
    ("lowercase", Case::Lower),
    ("UPPERCASE", Case::Upper),
];

impl Case {
    /// The case called `name`.
    pub(crate) fn read(name: &LitStr) -> syn::Result<Self> {
        let value = name.value();
        CASES.iter().find(|(known, _)| *known == value).map(|(_, case)| *case).ok_or_else(|| {
            let known: Vec<String> = CASES.iter().map(|(known, _)| format!("\"{known}\"")).collect();
            syn::Error::new(name.span(), format!("unknown case \"{value}\"; expected one of {}", known.join(", ")))
        })
    }

    /// The wire name of a method called `ident` in Rust.
    pub(crate) fn apply(self, ident: &Ident) -> String {
        let name = ident.unraw().to_string();
        let words = name.split('_').filter(|word| !word.is_empty());
        match self {
            Case::Pascal => words.map(capitalised).collect(),
            Case::Camel => uncapitalised(&words.map(capitalised).collect::<String>()),
            Case::Snake => name,
            Case::ScreamingSnake => name.to_uppercase(),
            Case::Kebab => words.collect::<Vec<_>>().join("-"),
            Case::Lower => name.replace('_', "").to_lowercase(),
            Case::Upper => name.replace('_', "").to_uppercase(),
        }
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn uncapitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// The wire name of one method, and where it comes from.
#[derive(Clone)]
pub(crate) struct WireName {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl WireName {
    /// The given name, or else the Rust name in the given case.
    pub(crate) fn new(given: Option<&LitStr>, ident: &Ident, case: Case) -> Self {
        match given {
            Some(given) => WireName { text: given.value(), span: given.span() },
            None => WireName { text: case.apply(ident), span: ident.span() },
        }
    }

    /// What two names must not have in common: servers look names up without case and underscores.
    pub(crate) fn key(&self) -> String {
        self.text.chars().filter(|letter| *letter != '_').flat_map(char::to_lowercase).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Case, WireName};
    use proc_macro2::Span;
    use syn::Ident;

    fn apply(case: Case, name: &str) -> String {
        case.apply(&syn::parse_str::<Ident>(name).expect("a name"))
    }

    #[test]
    fn pascal_case_is_what_dotnet_hubs_use() {
        assert_eq!(apply(Case::Pascal, "send_message"), "SendMessage");
        assert_eq!(apply(Case::Pascal, "_get_2fa__code"), "Get2faCode");
        assert_eq!(apply(Case::Pascal, "SendMessage"), "SendMessage");
        assert_eq!(apply(Case::Pascal, "r#type"), "Type");
        assert_eq!(apply(Case::Pascal, "élan_vital"), "ÉlanVital");
    }

    #[test]
    fn other_cases() {
        assert_eq!(apply(Case::Camel, "send_message"), "sendMessage");
        assert_eq!(apply(Case::Snake, "send_message"), "send_message");
        assert_eq!(apply(Case::ScreamingSnake, "send_message"), "SEND_MESSAGE");
        assert_eq!(apply(Case::Kebab, "send_message"), "send-message");
        assert_eq!(apply(Case::Lower, "send_message"), "sendmessage");
        assert_eq!(apply(Case::Upper, "send_message"), "SENDMESSAGE");
    }

    #[test]
    fn names_are_the_same_without_case_and_underscores() {
        let key = |text: &str| WireName { text: text.into(), span: Span::call_site() }.key();
        assert_eq!(key("Send_Message"), key("sendMessage"));
        assert_ne!(key("send-message"), key("sendMessage"));
    }
}
