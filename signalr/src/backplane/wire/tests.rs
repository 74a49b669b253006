//! Against what was recorded from ASP.NET Core 10 with its Redis backplane, and against all else that may come.

mod golden;

/// Bytes from their hexadecimal digits.
fn hex(digits: &str) -> Vec<u8> {
    assert!(digits.len() % 2 == 0);
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}
