//! Rules about streams: which way they go, and how they run.

use crate::errors::Errors;
use crate::model::method::{Returns, Run};
use crate::model::ty;
use crate::parse::hub::MethodOptions;
use syn::{FnArg, Signature, Type};

/// Checks the options of a hub method that streams, or says that it does.
pub(crate) fn method(signature: &Signature, marks: &MethodOptions, errors: &Errors) {
    if marks.run() == Run::Blocking {
        // It cannot be dropped where it waits for the next item, as a broken upload would have it.
        for parameter in signature.inputs.iter().filter_map(typed).filter(|ty| ty::is_stream(ty)) {
            errors.push(syn::Error::new_spanned(
                parameter,
                "a blocking method cannot be ended when the upload breaks: write `Upload<T>`, whose items are `Result`s",
            ));
        }
    }
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

fn typed(parameter: &FnArg) -> Option<&Type> {
    match parameter {
        FnArg::Typed(parameter) => Some(&parameter.ty),
        FnArg::Receiver(_) => None,
    }
}

/// Whether the type is a stream in one direction or the other, which clients cannot take.
pub(crate) fn in_receiver(ty: &Type) -> bool {
    ty::is_stream(ty) || ty::last_segment(ty).is_some_and(|segment| segment.ident == "Upload")
}
