//! What ties a hub to a contract: `#[hub]` on a trait, and `#[hub(contract = Trait)]` on an impl block.

use crate::clients::target::Receiver;
use std::fmt;
use std::marker::PhantomData;

/// What a contract says besides the signatures of its methods: implemented by `#[hub]` for the trait object type of the trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a contract",
    label = "this trait has no `#[hub]`",
    note = "put `#[signalr::hub]` on the trait, and name it as `#[hub(contract = Trait)]`"
)]
pub trait Contract {
    /// What the hub may call on its clients.
    type Receiver: Receiver + ?Sized;
    /// The Rust name and the wire name of every method.
    const NAMES: &'static [(&'static str, &'static str)];
}

/// The wire name of a method. One that the contract does not have is an error elsewhere.
pub const fn wire_name(names: &[(&'static str, &'static str)], method: &'static str) -> &'static str {
    let mut index = 0;
    while index < names.len() {
        if is_same(names[index].0.as_bytes(), method.as_bytes()) {
            return names[index].1;
        }
        index += 1;
    }
    method
}

const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let mut index = 0;
    while index < a.len() && index < b.len() && a[index] == b[index] {
        index += 1;
    }
    index == a.len() && index == b.len()
}

/// What a method of a contract answers with where it is a stream: one of `T`, or of `Result`s with them.
pub struct Streams<T>(PhantomData<fn() -> T>);

impl<T> fmt::Debug for Streams<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Streams")
    }
}

/// The body of the functions that compare a hub's signatures with those of its contract.
pub fn of_contract<T>() -> T {
    unreachable!("nobody calls the functions of a contract")
}

#[cfg(test)]
mod tests {
    use super::wire_name;

    #[test]
    fn names_are_those_of_the_contract() {
        const NAMES: &[(&str, &str)] = &[("send", "Send"), ("send_all", "all!")];
        assert_eq!(wire_name(NAMES, "send"), "Send");
        assert_eq!(wire_name(NAMES, "send_all"), "all!");
        assert_eq!(wire_name(NAMES, "sen"), "sen");
    }
}
