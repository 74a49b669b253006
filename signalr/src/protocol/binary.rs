//! Bytes as .NET's `byte[]` has them.

use bytes::Bytes;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::Deref;

/// Bytes that travel like .NET's `byte[]`: as a base64 string in JSON, as binary data in MessagePack.
///
/// A plain `Vec<u8>` travels as a list of numbers in both, which .NET reads from MessagePack only, and `Vec<u8>` reads
/// binary data but no base64.
///
/// What is read is what ASP.NET Core reads: from JSON only base64 (standard alphabet, padded, blanks and line breaks
/// between the digits ignored), from MessagePack binary data, a list of numbers, or the bytes of a string as they are.
///
/// ```
/// # use signalr::{hub, protocol::Binary};
/// # struct Files;
/// #[hub]
/// impl Files {
///     fn reverse(&self, bytes: Binary) -> Binary {
///         bytes.iter().rev().copied().collect::<Vec<u8>>().into()
///     }
/// }
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Binary(pub Bytes);

impl Deref for Binary {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Binary {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Binary {
    fn from(bytes: Vec<u8>) -> Self {
        Binary(bytes.into())
    }
}

impl From<&[u8]> for Binary {
    fn from(bytes: &[u8]) -> Self {
        Binary(Bytes::copy_from_slice(bytes))
    }
}

impl<const N: usize> From<[u8; N]> for Binary {
    fn from(bytes: [u8; N]) -> Self {
        Binary::from(&bytes[..])
    }
}

impl From<Bytes> for Binary {
    fn from(bytes: Bytes) -> Self {
        Binary(bytes)
    }
}

impl From<Binary> for Bytes {
    fn from(binary: Binary) -> Self {
        binary.0
    }
}

impl From<Binary> for Vec<u8> {
    fn from(binary: Binary) -> Self {
        binary.0.into()
    }
}

impl fmt::Debug for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Binary({:?})", self.0)
    }
}

impl Serialize for Binary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(self, serializer)
    }
}

/// Writes bytes as [`Binary`] does.
pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.serialize_str(&to_base64(bytes))
    } else {
        serializer.serialize_bytes(bytes)
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Base64)
        } else {
            deserializer.deserialize_byte_buf(Raw)
        }
    }
}

struct Base64;

impl Visitor<'_> for Base64 {
    type Value = Binary;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a base64 string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Binary, E> {
        from_base64(text).map(Binary::from).ok_or_else(|| E::custom("the string is not base64"))
    }
}

struct Raw;

impl<'de> Visitor<'de> for Raw {
    type Value = Binary;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("binary data")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Binary, E> {
        Ok(bytes.into())
    }

    fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Binary, E> {
        Ok(bytes.into())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Binary, E> {
        Ok(text.as_bytes().into())
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Binary, E> {
        Ok(text.into_bytes().into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Binary, A::Error> {
        // The length that a list declares is only a hint: it is not reserved.
        let mut bytes = Vec::new();
        while let Some(byte) = numbers.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes.into())
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes [base64](https://www.rfc-editor.org/rfc/rfc4648#section-4) with padding.
fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, &byte| (bits << 8) | u32::from(byte)) << (8 * (3 - group.len()));
        for digit in 0..4 {
            // One byte fills two digits, two fill three.
            text.push(if digit <= group.len() {
                char::from(DIGITS[(bits >> (18 - 6 * digit)) as usize & 63])
            } else {
                '='
            });
        }
    }
    text
}

/// Reads base64 in whole groups of four; blanks and line breaks do not count.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut digits, mut padding) = (0u32, 0, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if digits >= 2 => {
                padding += 1;
                0
            }
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            _ => return None,
        };
        // Nothing follows padding but padding, and no group follows a padded one.
        if padding > 0 && byte != b'=' {
            return None;
        }
        bits = (bits << 6) | u32::from(value);
        digits += 1;
        if digits == 4 {
            let group = bits.to_be_bytes();
            let count = 3 - padding;
            bytes.extend_from_slice(group.get(1..=count)?);
            // The bits that padding cuts off must be zero.
            if group.get(1 + count..)?.iter().any(|&byte| byte != 0) {
                return None;
            }
            (bits, digits) = (0, 0);
        }
    }
    (digits == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::any;
    use proptest::{prop_assert_eq, proptest};

    fn json(text: &str) -> Option<Vec<u8>> {
        serde_json::from_str::<Binary>(text).ok().map(Vec::from)
    }

    #[test]
    fn json_is_base64() {
        for (bytes, text) in [
            (&b""[..], r#""""#),
            (b"f", r#""Zg==""#),
            (b"fo", r#""Zm8=""#),
            (b"foo", r#""Zm9v""#),
            (b"foobar", r#""Zm9vYmFy""#),
            (b"\xfb\xff\xfe", r#""+//+""#),
        ] {
            assert_eq!(serde_json::to_string(&Binary::from(bytes)).unwrap(), text);
            assert_eq!(json(text).as_deref(), Some(bytes));
        }
    }

    /// Each was sent to an ASP.NET Core 10 server.
    #[test]
    fn json_is_read_as_the_other_server_reads_it() {
        for text in [r#""YWI=""#, r#""YW I=""#, r#""YWI=\n""#, r#"" YWI=""#] {
            assert_eq!(json(text).as_deref(), Some(&b"ab"[..]), "{text}");
        }
        for text in [
            r#""YWI""#,
            r#""YWJ=""#,
            r#""YR==""#,
            r#""YW===""#,
            r#""-_8=""#,
            r#""Y""#,
            r#""YWI=YWI=""#,
            r#""Y===""#,
            r#""====""#,
            "[97,98]",
            "null",
        ] {
            assert_eq!(json(text), None, "{text}");
        }
    }

    #[test]
    fn json_messages_have_base64() {
        use crate::protocol::{Message, Outcome, Protocol};
        let mut out = Vec::new();
        Protocol::Json.encode_result(&mut out, "1", &vec![Binary::from([1])]).unwrap();
        assert_eq!(out, b"{\"type\":3,\"invocationId\":\"1\",\"result\":[\"AQ==\"]}\x1e");
        let Ok(Message::Completion(completion)) = Protocol::Json.decode(&out[..out.len() - 1]) else {
            panic!("no completion");
        };
        let Outcome::Result(result) = completion.outcome else {
            panic!("no result");
        };
        assert_eq!(result.decode::<Vec<Binary>>(), Ok(vec![Binary::from([1])]));
    }

    #[test]
    fn optional() {
        assert_eq!(serde_json::from_str::<Option<Binary>>("null").unwrap(), None);
        assert_eq!(serde_json::from_str::<Option<Binary>>(r#""AQ==""#).unwrap(), Some(Binary::from([1])));
    }

    #[test]
    fn debug_shows_text_where_there_is_some() {
        assert_eq!(format!("{:?}", Binary::from(*b"ab\x00")), r#"Binary(b"ab\0")"#);
    }

    #[cfg(feature = "msgpack")]
    #[test]
    fn messagepack_is_binary_data() {
        use crate::protocol::{Payload, Protocol};
        let mut out = Vec::new();
        Protocol::MessagePack.encode_result(&mut out, "1", &Binary::from([1, 200])).unwrap();
        assert!(out.ends_with(b"\xc4\x02\x01\xc8"));
        let read = |bytes| Payload::new(Protocol::MessagePack, bytes).decode::<Binary>().ok().map(Vec::from);
        assert_eq!(read(b"\xc4\x02\x01\xc8").as_deref(), Some(&[1, 200][..]));
        assert_eq!(read(b"\x92\x01\xcc\xc8").as_deref(), Some(&[1, 200][..]));
        assert_eq!(read(b"\xa4YWI=").as_deref(), Some(&b"YWI="[..]));
        assert_eq!(read(b"\xa1\xff").as_deref(), Some(&[0xff][..]), "old clients have no type but strings for bytes");
        assert_eq!(read(b"\x92\x01\xcd\x01\x00"), None);
        assert_eq!(read(b"\xc0"), None);
        assert_eq!(read(b"\x05"), None);
    }

    proptest! {
        #[test]
        fn base64_is_read_as_it_was_written(bytes in vec(any::<u8>(), 0..200)) {
            let text = to_base64(&bytes);
            prop_assert_eq!(text.len() % 4, 0);
            prop_assert_eq!(from_base64(&text), Some(bytes));
        }

        #[test]
        fn there_is_one_way_to_write_bytes(text in "[A-Da-d0-3+/]{0,9}={0,3}") {
            if let Some(bytes) = from_base64(&text) {
                prop_assert_eq!(to_base64(&bytes), text);
            }
        }
    }
}
