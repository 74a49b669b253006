//! Which version of the negotiation a client asks for.

use super::NegotiateResponse;
use thiserror::Error;

/// The highest version of the negotiation that is understood.
pub const MAX_VERSION: i32 = 1;

/// Why the version that a client asks for is refused. The text is the one that the client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum VersionError {
    /// It is no whole number of 32 bits, or it was given more than once.
    #[error("The client requested a non-integer protocol version.")]
    NotAnInteger,
    /// It is lower than the lowest that the server accepts.
    #[error("The client requested version '{0}', but the server does not support this version.")]
    TooLow(i32),
}

impl From<VersionError> for NegotiateResponse {
    fn from(error: VersionError) -> Self {
        NegotiateResponse::Error(error.to_string())
    }
}

/// The version to negotiate with, given all (decoded) values of `negotiateVersion` in the query: 0 if there is none,
/// and never more than [`MAX_VERSION`].
///
/// # Errors
/// Fails where the values are not one whole number, and where it is less than `minimum`, which is usually 0.
pub fn parse_version<'a>(values: impl IntoIterator<Item = &'a str>, minimum: i32) -> Result<i32, VersionError> {
    let mut values = values.into_iter();
    let version = match (values.next(), values.next()) {
        (None, _) => 0,
        (Some(value), None) => parse_int32(value).ok_or(VersionError::NotAnInteger)?,
        (Some(_), Some(_)) => return Err(VersionError::NotAnInteger),
    };
    if version < minimum { Err(VersionError::TooLow(version)) } else { Ok(version.min(MAX_VERSION)) }
}

/// Reads a number as .NET does: blanks around it, a sign and leading zeros are allowed, and so are trailing NULs.
fn parse_int32(text: &str) -> Option<i32> {
    let is_blank = |character| matches!(character, ' ' | '\t'..='\r');
    text.trim_end_matches('\0').trim_matches(is_blank).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions_as_dotnet_does() {
        for (text, version) in [
            ("0", 0),
            ("1", 1),
            ("2", 1),
            (" 1 ", 1),
            ("+1", 1),
            ("-0", 0),
            ("001", 1),
            ("2147483647", 1),
            ("\t1\n", 1),
            ("\u{b}1\u{c}\r", 1),
            ("1\0", 1),
            (" 1\0", 1),
            ("00000000000000000000000001", 1),
        ] {
            assert_eq!(parse_version([text], 0), Ok(version), "{text:?}");
        }
        for text in [
            "",
            " ",
            "abc",
            "1.5",
            "1,1",
            "+",
            "-",
            "2147483648",
            "\u{a0}1",
            "1\0\0 ",
            "- 1",
            "1,000",
            "(1)",
            "0x1",
            "1-",
            "\u{2212}1",
            "-99999999999999",
            "\u{85}1",
            "\u{661}",
        ] {
            assert_eq!(parse_version([text], 0), Err(VersionError::NotAnInteger), "{text:?}");
        }
        assert_eq!(parse_version([], 0), Ok(0));
        assert_eq!(parse_version(["1", "1"], 0), Err(VersionError::NotAnInteger));
    }

    #[test]
    fn refuses_versions_below_the_minimum() {
        let text = |version| {
            format!("The client requested version '{version}', but the server does not support this version.")
        };
        let error =
            |values: &[&'static str], minimum| parse_version(values.iter().copied(), minimum).unwrap_err().to_string();
        assert_eq!(error(&[" -01 "], 0), text(-1));
        assert_eq!(error(&["-2147483648"], 0), text(i32::MIN));
        assert_eq!(error(&[], 1), text(0));
        assert_eq!(parse_version(["-5"], -5), Ok(-5));
    }
}
