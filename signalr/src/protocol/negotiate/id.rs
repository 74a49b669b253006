//! The ids by which connections are known.

use std::io;

/// Makes the id or the token of a connection: 16 bytes that nobody can guess, as 22 characters of `A-Z a-z 0-9 - _`.
///
/// # Errors
/// Fails when the operating system has no randomness to give.
pub fn new_connection_id() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(base64url(u128::from_be_bytes(bytes)))
}

/// The base64url form of 16 bytes without padding; the last of its 22 characters holds two bits.
fn base64url(value: u128) -> String {
    let character = |six_bits: u128| match (six_bits & 0x3f) as u8 {
        value @ 0..26 => b'A' + value,
        value @ 26..52 => b'a' + (value - 26),
        value @ 52..62 => b'0' + (value - 52),
        62 => b'-',
        _ => b'_',
    };
    let whole = (0..21).map(|index| value >> (122 - 6 * index));
    whole.chain([value << 4]).map(|bits| char::from(character(bits))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_ids() {
        assert_eq!(base64url(0), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(base64url(u128::MAX), "_____________________w");
        // The bytes 0, 16, 131, 16, 81, 135, .. give the alphabet in its order.
        assert_eq!(base64url(0x0010_8310_5187_2092_8b30_d38f_4114_9351), "ABCDEFGHIJKLMNOPQRSTUQ");
        assert_eq!(base64url(0x69b7_1d79_f821_8a39_259a_7a29_aabb_2dba), "abcdefghijklmnopqrstug");
        assert_eq!(base64url(0xfb_ef_be), "AAAAAAAAAAAAAAAAAPvvvg");
    }

    #[test]
    fn makes_ids_that_differ() {
        let (one, other) = (new_connection_id().unwrap(), new_connection_id().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 22);
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }
}
