//! Extensions of MessagePack, as serde sees them: a newtype struct of this name around an `i8` and bytes, as for `rmp-serde`.

use serde::{Serialize, Serializer};

/// The name of newtype structs that are extensions.
pub(crate) const NAME: &str = "_ExtStruct";

/// An extension to be written.
pub(crate) struct Extension<'a> {
    pub(crate) kind: i8,
    pub(crate) data: &'a [u8],
}

impl Serialize for Extension<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAME, &(self.kind, Data(self.data)))
    }
}

struct Data<'a>(&'a [u8]);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}
