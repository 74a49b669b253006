//! The parameters in the query string of a request.

use std::borrow::Cow;

/// The decoded values of all parameters of that name, whose case does not matter.
pub(crate) fn query_values<'q>(query: &'q str, name: &str) -> impl Iterator<Item = Cow<'q, str>> {
    query
        .split('&')
        .filter(move |pair| has_name(pair, name))
        .map(|pair| percent_decoded(pair.split_once('=').map_or("", |(_, value)| value)))
}

/// Whether a parameter has that name, whose case does not matter.
pub(crate) fn has_name(pair: &str, name: &str) -> bool {
    let key = pair.split_once('=').map_or(pair, |(key, _)| key);
    percent_decoded(key).eq_ignore_ascii_case(name)
}

/// Decodes `%XX` and `+`. What is not valid is left as it is; bytes that are not UTF-8 are replaced.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let Some((first, rest)) = bytes.split_first() {
        bytes = rest;
        match (first, rest) {
            (b'%', [high, low, behind @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: &u8| (*byte as char).to_digit(16).unwrap_or_default();
                decoded.push(u8::try_from(digit(high) * 16 + digit(low)).unwrap_or_default());
                bytes = behind;
            }
            (b'+', _) => decoded.push(b' '),
            _ => decoded.push(*first),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}
