//! Texts of errors without the values that clients sent.

use std::borrow::Cow;

/// Before the values that serde's errors repeat.
const BEFORE: [&str; 2] = ["invalid type: ", "invalid value: "];
const BEHIND: &str = ", expected ";

/// The text of an error of the application, without the value in it if serde has made it.
pub(crate) fn without_value(text: &str) -> Cow<'_, str> {
    let starts = BEFORE.iter().filter_map(|before| text.find(before).map(|at| at + before.len()));
    match (starts.min(), text.rfind(BEHIND)) {
        (Some(start), Some(end)) if start < end => {
            let (before, behind) = (text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default());
            Cow::Owned(format!("{before}…{behind}"))
        }
        _ => Cow::Borrowed(text),
    }
}

/// Why an argument cannot be read, where that can be said without any of it. Any other text may be the work of the type that
/// reads it, and repeat the argument.
pub(crate) fn of_argument(text: &str) -> Cow<'_, str> {
    if text.starts_with("missing field `") || text == "no value is left to read" {
        return Cow::Borrowed(text);
    }
    let is_of_serde = BEFORE.iter().any(|before| text.starts_with(before));
    match text.rfind(BEHIND) {
        Some(end) if is_of_serde => Cow::Borrowed(text.get(end + 2..).unwrap_or_default()),
        _ => Cow::Borrowed("it does not fit its type"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_out_of_texts() {
        for (text, expected) in [
            ("invalid type: string \"secret\", expected u32", "invalid type: …, expected u32"),
            ("bad: invalid value: string \"a, expected b\", expected c", "bad: invalid value: …, expected c"),
            ("out of stock, expected tomorrow", "out of stock, expected tomorrow"),
            ("no", "no"),
        ] {
            assert_eq!(without_value(text), expected);
        }
    }

    #[test]
    fn nothing_of_an_argument_is_told() {
        for (text, expected) in [
            ("invalid type: string \"secret\", expected u32 at line 1", "expected u32 at line 1"),
            ("missing field `name`", "missing field `name`"),
            ("no such date: secret, expected 2026", "it does not fit its type"),
            ("secret", "it does not fit its type"),
        ] {
            assert_eq!(of_argument(text), expected);
        }
    }
}
