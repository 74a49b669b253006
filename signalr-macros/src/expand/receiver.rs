//! `#[receiver]`: the trait, and the proxy that calls its methods on clients.

use super::registration::registration;
use crate::ctx::located;
use crate::model::receiver::{Receiver, ReceiverMethod};
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{ItemTrait, ReturnType, TraitItem, TraitItemFn};

/// The trait, its proxy, and what ties the two together.
pub(crate) fn receiver(receiver: &Receiver) -> TokenStream {
    let item = with_futures(receiver.item.clone());
    if receiver.mistaken {
        return quote!(#item);
    }
    let proxy = proxy(receiver);
    let registration = registration(receiver);
    quote!(#item #proxy #registration)
}

/// The trait as implementations and callers see it.
fn with_futures(mut item: ItemTrait) -> ItemTrait {
    item.supertraits.extend([
        syn::parse_quote!(::core::marker::Send),
        syn::parse_quote!(::core::marker::Sync),
        syn::parse_quote!('static),
    ] as [syn::TypeParamBound; 3]);
    item.colon_token.get_or_insert_with(Default::default);
    // A server never calls these, only their counterparts on the proxy, and a client only these.
    item.attrs.push(syn::parse_quote!(#[allow(dead_code)]));
    for entry in &mut item.items {
        if let TraitItem::Fn(function) = entry {
            with_future(function);
        }
    }
    item
}

/// Makes `async fn f(..) -> T` a function that returns a future which can be sent to another thread: on a trait,
/// `async fn` does not promise that. An implementation still writes `async fn`.
fn with_future(function: &mut TraitItemFn) {
    let place = located(&function.sig.ident);
    if function.sig.asyncness.take().is_none() {
        return;
    }
    let output = match &function.sig.output {
        ReturnType::Default => quote_spanned!(place=> ()),
        ReturnType::Type(_, ty) => quote!(#ty),
    };
    function.sig.output = syn::parse_quote_spanned! {place=>
        -> impl ::core::future::Future<Output = #output> + ::core::marker::Send
    };
    // So that `dyn Trait` exists: it stands for the trait where a type is needed.
    function
        .sig
        .generics
        .make_where_clause()
        .predicates
        .push(syn::parse_quote_spanned!(place=> Self: ::core::marker::Sized));
    if let Some(body) = &function.default {
        function.default = Some(syn::parse_quote_spanned!(place=> { async move #body }));
        function.attrs.push(syn::parse_quote!(#[allow(clippy::manual_async_fn)]));
    }
}

fn proxy(receiver: &Receiver) -> TokenStream {
    let item = &receiver.item;
    let name = &item.ident;
    let visibility = &item.vis;
    let place = located(name);
    let private = receiver.options.crate_path.private(place);
    let proxy = format_ident!("{name}Proxy");
    let text = proxy.to_string();
    let doc = format!("Calls the methods of [`{name}`] on the clients that it addresses.");
    let methods = receiver.methods.iter().map(|method| proxy_method(receiver, method));
    let cfgs = crate::parse::hub::cfgs(&item.attrs);
    quote_spanned! {place=>
        #(#cfgs)*
        #[doc = #doc]
        #[allow(dead_code)]
        #visibility struct #proxy<__A>(#private::Target<__A>);

        #(#cfgs)*
        #[automatically_derived]
        #[allow(dead_code, deprecated)]
        impl<__A> #proxy<__A> {
            #(#methods)*
        }

        #(#cfgs)*
        const _: () = {
            #[automatically_derived]
            impl #private::Receiver for dyn #name {
                type Proxy<__A> = #proxy<__A>;
            }

            #[automatically_derived]
            impl<__A> ::core::convert::From<#private::Target<__A>> for #proxy<__A> {
                fn from(__target: #private::Target<__A>) -> Self {
                    #proxy(__target)
                }
            }

            #[automatically_derived]
            impl<__A> ::core::convert::AsRef<#private::Target<__A>> for #proxy<__A> {
                fn as_ref(&self) -> &#private::Target<__A> {
                    &self.0
                }
            }

            #[automatically_derived]
            impl<__A> ::core::clone::Clone for #proxy<__A> {
                fn clone(&self) -> Self {
                    #proxy(::core::clone::Clone::clone(&self.0))
                }
            }

            #[automatically_derived]
            impl<__A> ::core::fmt::Debug for #proxy<__A> {
                fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::core::fmt::Formatter::write_str(__f, #text)
                }
            }
        };
    }
}

fn proxy_method(receiver: &Receiver, method: &ReceiverMethod) -> TokenStream {
    let place = located(&method.ident);
    let private = receiver.options.crate_path.private(place);
    let visibility = &receiver.item.vis;
    let ReceiverMethod { ident, attributes, .. } = method;
    let wire = &method.name.text;
    let documented = attributes.iter().any(|attribute| attribute.path().is_ident("doc"));
    let doc = (!documented).then(|| {
        let text = format!("Calls `{wire}`.");
        quote_spanned!(place=> #[doc = #text])
    });
    let names: Vec<_> = method.arguments().map(|argument| &argument.ident).collect();
    let types: Vec<_> = method.arguments().map(|argument| &argument.ty).collect();
    let values = quote_spanned!(place=> (#(#private::AsWire::<#types>::as_wire(&#names),)*));
    let (returns, clause, call) = match &method.answer {
        Some(answer) => (
            quote!(#private::ClientResult<#answer>),
            quote_spanned!(place=> where __A: #private::SingleClient),
            quote_spanned!(place=> self.0.invoke(#wire, #values)),
        ),
        None if method.latest => {
            (quote!(#private::Sent), TokenStream::new(), quote_spanned!(place=> self.0.send_latest(#wire, #values)))
        }
        None => (quote!(#private::Sent), TokenStream::new(), quote_spanned!(place=> self.0.send(#wire, #values))),
    };
    quote_spanned! {place=>
        #(#attributes)*
        #doc
        #visibility fn #ident(&self, #(#names: impl #private::AsWire<#types>),*) -> #returns #clause {
            #call
        }
    }
}
