//! A hub protocol by slicing.

use std::ops::Deref;

/// What a client wants.
#[derive(Debug, PartialEq)]
pub(super) enum Request<'a, S: ?Sized> {
    Echo {
        id: &'a S,
        argument: &'a S,
    },
    Broadcast {
        id: &'a S,
        argument: &'a S,
    },
    Counter {
        id: &'a S,
        count: u64,
    },
    /// An upload begins.
    Sum {
        id: &'a S,
    },
    Item(u64),
    EndOfUpload,
}

/// Text in JSON, so that nothing has to be checked before it is sent; bytes in MessagePack.
pub(super) trait Protocol: Send + 'static {
    type Slice: ?Sized + Sync + ToOwned<Owned = Self::Buffer>;
    type Buffer: Default + Send + Deref<Target = Self::Slice>;

    /// Takes the first message. `None` at the end, or at something that no load client sends.
    fn next<'a>(rest: &mut &'a Self::Slice) -> Option<Request<'a, Self::Slice>>;
    fn is_empty(buffer: &Self::Buffer) -> bool;
    fn invocation(argument: &Self::Slice) -> Self::Buffer;
    fn item(out: &mut Self::Buffer, id: &Self::Slice, item: u64);
    fn completion(out: &mut Self::Buffer, id: &Self::Slice, result: Option<&Self::Slice>);
    fn number(number: u64) -> Self::Buffer;
}
