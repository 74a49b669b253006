//! What travels of a hub method, both ways: all that a client knows of it.

use super::method::{Method, Parameter, ParameterKind};
use super::ty;
use syn::{Ident, Type};

/// The arguments and uploads of a method, in their order, and its reply.
pub(crate) struct Travels {
    pub(crate) parameters: Vec<Travelling>,
    pub(crate) reply: Reply,
}

/// A parameter that the client gives.
pub(crate) enum Travelling {
    Argument(Ident, Type),
    /// A stream, with what it carries.
    Upload(Ident, Type),
}

/// What comes back.
pub(crate) struct Reply {
    /// The result, or an item of the stream; `None` for `()`.
    pub(crate) ty: Option<Type>,
    pub(crate) is_stream: bool,
    /// The type as written, where it may be a `Result` though it does not show it.
    pub(crate) alias: Option<Type>,
}

impl Method {
    /// What travels.
    ///
    /// # Errors
    /// Fails where the signature does not say it.
    pub(crate) fn travels(&self) -> syn::Result<Travels> {
        let parameters = self.parameters.iter().filter_map(travelling).collect();
        Ok(Travels { parameters, reply: self.reply()? })
    }

    fn reply(&self) -> syn::Result<Reply> {
        let Some(value) = self.returns.value() else {
            return Ok(Reply { ty: None, is_stream: false, alias: None });
        };
        let is_stream = self.returns.is_stream;
        let in_result = !is_stream && self.returns.whole.as_ref().is_some_and(|whole| ty::result(whole).is_some());
        let written = if is_stream {
            ty::stream_item(value).ok_or_else(|| {
                syn::Error::new_spanned(
                    value,
                    "clients cannot see what this stream carries: write `impl Stream<Item = T>`",
                )
            })?
        } else {
            value
        };
        let (written, shown) = match ty::result(written).filter(|_| is_stream) {
            Some((value, _)) => (value, true),
            None => (written, in_result),
        };
        if let Some(part) = ty::unnameable(written) {
            return Err(syn::Error::new_spanned(part, "clients read this into a type: write its name"));
        }
        let alias = (!shown && may_be_alias(written)).then(|| written.clone());
        Ok(Reply { ty: Some(ty::received(written)), is_stream, alias })
    }
}

fn travelling(parameter: &Parameter) -> Option<Travelling> {
    let ident = parameter.ident.clone();
    if let ParameterKind::Argument = parameter.kind {
        return Some(Travelling::Argument(ident, parameter.ty.clone()));
    }
    parameter.upload().map(|item| Travelling::Upload(ident, item.clone()))
}

/// Names that nobody gives to an alias.
const KNOWN: [&str; 20] = [
    "String", "Vec", "Option", "HashMap", "BTreeMap", "HashSet", "Box", "Arc", "bool", "char", "u8", "u16", "u32",
    "u64", "i8", "i16", "i32", "i64", "f32", "f64",
];

fn may_be_alias(ty: &Type) -> bool {
    ty::last_segment(ty).is_some_and(|segment| !KNOWN.iter().any(|known| segment.ident == known))
}
