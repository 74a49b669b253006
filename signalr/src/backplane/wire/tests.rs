//! Against what was recorded of ASP.NET Core 10, and against all else that may come.

mod golden;
mod properties;
mod recorded;
mod violations;

/// Bytes from their hexadecimal digits.
fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}
