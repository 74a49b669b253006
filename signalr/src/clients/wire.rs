//! What callers of a proxy may write for an argument of a given type.

use serde::Serialize;

/// A value that is serialised as a `T` would be: a `T`, a `&T`, a `&str` for a `String`, slices and arrays for a `Vec<T>`.
/// Generated proxies take their arguments as such, by reference and without copies.
#[diagnostic::on_unimplemented(
    message = "expected `{T}`, found `{Self}`",
    label = "this argument is declared as `{T}`",
    note = "a `{T}` or a reference to one is expected"
)]
pub trait AsWire<T: ?Sized> {
    /// What is serialised.
    type Wire: Serialize + ?Sized;

    /// A reference to what is serialised.
    fn as_wire(&self) -> &Self::Wire;
}

impl<T: Serialize> AsWire<T> for T {
    type Wire = T;

    fn as_wire(&self) -> &T {
        self
    }
}

impl<T: Serialize> AsWire<T> for &T {
    type Wire = T;

    fn as_wire(&self) -> &T {
        self
    }
}

impl AsWire<String> for &str {
    type Wire = str;

    fn as_wire(&self) -> &str {
        self
    }
}

impl<T: Serialize> AsWire<Vec<T>> for &[T] {
    type Wire = [T];

    fn as_wire(&self) -> &[T] {
        self
    }
}

impl<T: Serialize, const N: usize> AsWire<Vec<T>> for [T; N] {
    type Wire = [T];

    fn as_wire(&self) -> &[T] {
        self
    }
}

impl<T: Serialize, const N: usize> AsWire<Vec<T>> for &[T; N] {
    type Wire = [T];

    fn as_wire(&self) -> &[T] {
        *self
    }
}
