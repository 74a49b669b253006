//! What can be seen of a type by its spelling alone.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{GenericArgument, Ident, PathArguments, PathSegment, ReturnType, TraitBound, Type, TypeParamBound};

/// The type without the groups and parentheses around it.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        _ => ty,
    }
}

/// The last segment of the type's path.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match bare(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// The type arguments of a path segment.
pub(crate) fn arguments(segment: &PathSegment) -> Vec<&Type> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .filter_map(|argument| if let GenericArgument::Type(ty) = argument { Some(ty) } else { None })
            .collect(),
        _ => Vec::new(),
    }
}

/// The parts of `Result<T, E>`; the error is missing in an alias such as `io::Result<T>`.
pub(crate) fn result(ty: &Type) -> Option<(&Type, Option<&Type>)> {
    let segment = last_segment(ty).filter(|segment| segment.ident == "Result")?;
    let arguments = arguments(segment);
    Some((arguments.first().copied()?, arguments.get(1).copied()))
}

/// The bound called `name` of an `impl Trait` or a `dyn Trait`.
fn bound<'a>(ty: &'a Type, name: &str) -> Option<&'a PathSegment> {
    let bounds = match bare(ty) {
        Type::ImplTrait(ty) => &ty.bounds,
        Type::TraitObject(ty) => &ty.bounds,
        _ => return None,
    };
    let traits = bounds.iter().filter_map(|bound| match bound {
        TypeParamBound::Trait(TraitBound { path, .. }) => path.segments.last(),
        _ => None,
    });
    traits.into_iter().find(|segment| segment.ident == name)
}

/// The item type of an `impl Stream<Item = T>`; `Some(None)` when it is not given.
pub(crate) fn impl_stream(ty: &Type) -> Option<Option<&Type>> {
    if !matches!(bare(ty), Type::ImplTrait(_)) {
        return None;
    }
    let stream = bound(ty, "Stream")?;
    Some(associated(stream, "Item"))
}

/// Whether the type shows that it is a stream: `impl Stream`, `BoxStream`, or a box with a `dyn Stream`.
pub(crate) fn is_stream(ty: &Type) -> bool {
    if bound(ty, "Stream").is_some() {
        return true;
    }
    last_segment(ty).is_some_and(|segment| match segment.ident.to_string().as_str() {
        "BoxStream" => true,
        "Box" | "Pin" => arguments(segment).into_iter().any(is_stream),
        _ => false,
    })
}

/// The item type of a stream that shows it: `impl Stream<Item = T>`, `BoxStream<'_, T>`, or a box with a `dyn Stream<Item = T>`.
pub(crate) fn stream_item(ty: &Type) -> Option<&Type> {
    if let Some(stream) = bound(ty, "Stream") {
        return associated(stream, "Item");
    }
    let segment = last_segment(ty)?;
    let arguments = arguments(segment);
    if segment.ident == "BoxStream" { arguments.last().copied() } else { arguments.into_iter().find_map(stream_item) }
}

/// The `T` of `Trait<name = T>`.
fn associated<'a>(bound: &'a PathSegment, name: &str) -> Option<&'a Type> {
    let PathArguments::AngleBracketed(arguments) = &bound.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(item) if item.ident == name => Some(&item.ty),
        _ => None,
    })
}

/// The output of an `impl Future<Output = T>`.
pub(crate) fn impl_future(ty: &Type) -> Option<&Type> {
    associated(bound(ty, "Future")?, "Output")
}

/// The returned type, or `None` if there is no arrow or it returns `()`.
pub(crate) fn returned(output: &ReturnType) -> Option<&Type> {
    match output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => match bare(ty) {
            Type::Tuple(tuple) if tuple.elems.is_empty() => None,
            ty => Some(ty),
        },
    }
}

/// The type as a generic argument in generated code; `_` if it has parts without a name there: `impl Trait`, and the
/// lifetimes of the method.
pub(crate) fn nameable(ty: &Type) -> TokenStream {
    let tokens = ty.to_token_stream();
    if has_unnameable(tokens.clone()) { quote!(_) } else { tokens }
}

fn has_unnameable(tokens: TokenStream) -> bool {
    let mut lifetime = false;
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => std::mem::take(&mut lifetime) && ident != "static" || ident == "impl",
        TokenTree::Group(group) => has_unnameable(group.stream()),
        TokenTree::Punct(punct) => {
            lifetime = punct.as_char() == '\'';
            false
        }
        TokenTree::Literal(_) => false,
    })
}

/// The first part of the type that borrows: a reference or a lifetime other than `'static`.
pub(crate) fn borrowed(ty: &Type) -> Option<&Type> {
    match bare(ty) {
        Type::Reference(_) => Some(bare(ty)),
        Type::Array(array) => borrowed(&array.elem),
        Type::Slice(slice) => borrowed(&slice.elem),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(borrowed),
        Type::Path(path) => {
            let segment = path.path.segments.last()?;
            let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
                return None;
            };
            arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Lifetime(lifetime) if lifetime.ident != "static" => Some(bare(ty)),
                GenericArgument::Type(ty) => borrowed(ty),
                _ => None,
            })
        }
        _ => None,
    }
}

/// The type that somebody reads who has not written it: without references, and with no lifetime but `'static`.
pub(crate) fn received(ty: &Type) -> Type {
    let mut ty = bare(ty).clone();
    match &mut ty {
        Type::Reference(reference) => match bare(&reference.elem) {
            Type::Path(path) if path.path.is_ident("str") => {
                let place = path.span();
                return syn::parse_quote_spanned!(place=> ::std::string::String);
            }
            Type::Slice(slice) => {
                let (place, elem) = (slice.span(), received(&slice.elem));
                return syn::parse_quote_spanned!(place=> ::std::vec::Vec<#elem>);
            }
            elem => return received(elem),
        },
        Type::Array(array) => *array.elem = received(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(|elem| *elem = received(elem)),
        Type::Path(path) => {
            let last = path.path.segments.last_mut().map(|last| (last.ident == "Cow", &mut last.arguments));
            if let Some((is_cow, PathArguments::AngleBracketed(arguments))) = last {
                for argument in &mut arguments.args {
                    match argument {
                        GenericArgument::Lifetime(lifetime) => lifetime.ident = Ident::new("static", lifetime.span()),
                        // What a `Cow` borrows stays what it is.
                        GenericArgument::Type(ty) if !is_cow => *ty = received(ty),
                        _ => {}
                    }
                }
            }
        }
        _ => {}
    }
    ty
}

/// The tokens with another type in place of `Self`.
pub(crate) fn without_self(tokens: TokenStream, instead: &Type) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let mut result = TokenStream::new();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "Self" => {
                let is_path = matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
                result.extend(if is_path { quote!(<#instead>) } else { quote!(#instead) });
            }
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_self(group.stream(), instead));
                inner.set_span(group.span());
                result.extend([TokenTree::Group(inner)]);
            }
            token => result.extend([token]),
        }
    }
    result
}

/// The first part of the type that has no name outside of its signature.
pub(crate) fn unnameable(ty: &Type) -> Option<&Type> {
    match bare(ty) {
        Type::ImplTrait(_) | Type::Infer(_) => Some(bare(ty)),
        Type::Reference(reference) => unnameable(&reference.elem),
        Type::Array(array) => unnameable(&array.elem),
        Type::Slice(slice) => unnameable(&slice.elem),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(unnameable),
        Type::Path(_) => last_segment(ty).into_iter().flat_map(arguments).find_map(unnameable),
        _ => None,
    }
}

/// What to write instead of a type that borrows.
pub(crate) fn owned(ty: &Type) -> String {
    match bare(ty) {
        Type::Reference(reference) => match bare(&reference.elem) {
            Type::Path(path) if path.path.is_ident("str") => "String".into(),
            Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Path") => "PathBuf".into(),
            Type::Slice(slice) => format!("Vec<{}>", text(&slice.elem)),
            elem => text(elem),
        },
        Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Cow") => {
            let inner = path.path.segments.last().map(arguments).unwrap_or_default();
            match inner.first() {
                Some(Type::Path(path)) if path.path.is_ident("str") => "String".into(),
                Some(Type::Slice(slice)) => format!("Vec<{}>", text(&slice.elem)),
                Some(ty) => text(ty),
                None => "an owned type".into(),
            }
        }
        _ => "a type without a lifetime".into(),
    }
}

/// The type as source text, without the blanks that tokens are printed with.
pub(crate) fn text(ty: &Type) -> String {
    let mut text = ty.to_token_stream().to_string();
    for (spaced, tight) in [(" :: ", "::"), (" < ", "<"), (" >", ">"), (" ,", ","), ("& ", "&"), (" ;", ";")] {
        text = text.replace(spaced, tight);
    }
    text
}
