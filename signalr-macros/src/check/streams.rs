//! Rules about streams: which way they go, and how they run.

use crate::errors::Errors;
use crate::model::method::{Returns, Run};
use crate::model::ty;
use crate::parse::hub::MethodOptions;
use syn::{Signature, Type};

/// Checks the options of a hub method that streams, or says that it does.
pub(crate) fn method(signature: &Signature, marks: &MethodOptions, errors: &Errors) {
    let returns = Returns::new(signature, marks.stream.is_some());
    if !returns.is_stream {
        return;
    }
    if let Some(cancel) = marks.cancel_by_drop {
        errors.push(syn::Error::new(cancel, "a stream is always dropped when it is cancelled: leave `cancel` out"));
    }
    if let (Some(blocking), Run::Blocking) = (marks.blocking, marks.run()) {
        errors.push(syn::Error::new(
            blocking,
            "a stream cannot run on a blocking thread: write `spawn`, or send the items from a thread of your own",
        ));
    }
}

/// Whether the type is a stream in one direction or the other, which clients cannot take.
pub(crate) fn in_receiver(ty: &Type) -> bool {
    ty::is_stream(ty) || ty::last_segment(ty).is_some_and(|segment| segment.ident == "Upload")
}
