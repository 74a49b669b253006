//! The typed client of a hub or of a contract: a connection with the hub's methods.

use crate::ctx::{CratePath, located};
use crate::model::contract::Contract;
use crate::model::hub::Hub;
use crate::model::method::Method;
use crate::model::travels::{Reply, Travelling};
use crate::model::ty;
use crate::parse::hub::{ClientOption, cfgs};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Attribute, GenericParam, Generics, Ident, Path, Type, Visibility};

/// What the client of a hub and that of a contract have in common.
struct Client<'a> {
    runtime: &'a CratePath,
    /// Where errors about the client itself are shown.
    place: Span,
    name: Ident,
    /// The hub or the contract, for texts.
    of: String,
    visibility: &'a Visibility,
    /// For all methods, if they do not have their own.
    of_methods: Option<&'a Visibility>,
    generics: &'a Generics,
    /// What `Self` means in the signatures.
    itself: Option<&'a Type>,
    receiver: Option<&'a Path>,
    cfgs: Vec<Attribute>,
    methods: &'a [Method],
}

/// The client of a hub.
pub(crate) fn of_hub(hub: &Hub, option: &ClientOption) -> TokenStream {
    let ty = &*hub.block.self_ty;
    let Some(segment) = ty::last_segment(ty) else { return TokenStream::new() };
    let most_visible = || hub.methods.iter().map(|method| &method.visibility).max_by_key(|visibility| rank(visibility));
    let client = Client {
        runtime: &hub.options.crate_path,
        place: Span::mixed_site().located_at(option.place),
        name: name(&segment.ident),
        of: segment.ident.to_string(),
        visibility: option.visibility.as_ref().or_else(most_visible).unwrap_or(&Visibility::Inherited),
        of_methods: option.visibility.as_ref(),
        generics: &hub.block.generics,
        itself: Some(ty),
        receiver: hub.options.receiver.as_ref(),
        cfgs: cfgs(&hub.block.attrs),
        methods: &hub.methods,
    };
    let client = client.expand();
    let private = hub.options.crate_path.private(Span::mixed_site().located_at(option.place));
    quote_spanned!(option.place=> #private::with_client! { #client })
}

/// The client of a contract, where clients are built at all: a server needs none.
pub(crate) fn of_contract(contract: &Contract) -> TokenStream {
    let item = &contract.item;
    let place = located(&item.ident);
    let client = Client {
        runtime: &contract.options.crate_path,
        place,
        name: name(&item.ident),
        of: item.ident.to_string(),
        visibility: &item.vis,
        of_methods: Some(&item.vis),
        generics: &item.generics,
        itself: None,
        receiver: contract.options.receiver.as_ref(),
        cfgs: cfgs(&item.attrs),
        methods: &contract.methods,
    };
    let client = client.expand();
    let private = contract.options.crate_path.private(place);
    quote_spanned!(place=> #private::client_only! { #client })
}

/// `ChatHubClient`, of a `ChatHub` and of a `Chat`, whose receiver may be called `ChatClient`.
fn name(of: &Ident) -> Ident {
    let text = of.to_string();
    format_ident!("{}HubClient", text.strip_suffix("Hub").unwrap_or(&text), span = of.span())
}

fn rank(visibility: &Visibility) -> u8 {
    match visibility {
        Visibility::Public(_) => 3,
        Visibility::Restricted(restricted) if restricted.path.is_ident("crate") => 2,
        Visibility::Restricted(_) => 1,
        Visibility::Inherited => 0,
    }
}

impl Client<'_> {
    fn expand(&self) -> TokenStream {
        let Client { place, name, visibility, cfgs, .. } = self;
        let place = *place;
        let private = self.runtime.private(place);
        let (generics, arguments, clause) = self.generics.split_for_impl();
        let doc = format!(
            "A client of `{}`: a connection with the methods of the hub. The connection itself is `as_ref()`.",
            self.of
        );
        let builder_doc = format!("Makes a client of `{}` for the server at that URL.", self.of);
        let text = name.to_string();
        let marker = self.marker();
        let (marker_type, marker_value) = match &marker {
            Some(types) => (
                Some(quote_spanned!(place=> , ::core::marker::PhantomData<fn() -> (#types)>)),
                Some(quote_spanned!(place=> , ::core::marker::PhantomData)),
            ),
            None => (None, None),
        };
        let receiver = match self.receiver {
            Some(path) => quote_spanned!(located(path)=> dyn #path),
            None => quote_spanned!(place=> #private::NoReceiver),
        };
        let methods = self.methods.iter().filter_map(|method| self.method(method));
        quote_spanned! {place=>
            #(#cfgs)*
            #[doc = #doc]
            #[allow(dead_code)]
            #visibility struct #name #generics (#private::HubConnection #marker_type) #clause;

            #(#cfgs)*
            #[automatically_derived]
            #[allow(dead_code, deprecated)]
            impl #generics #name #arguments #clause {
                #private::http_only! {
                    #[doc = #builder_doc]
                    #visibility fn builder(
                        __url: impl ::core::convert::Into<::std::string::String>
                    ) -> #private::HubConnectionBuilder<Self> {
                        #private::HubConnectionBuilder::new(__url)
                    }
                }

                #(#methods)*
            }

            #(#cfgs)*
            const _: () = {
                #[automatically_derived]
                impl #generics #private::HubClient for #name #arguments #clause {
                    type Receiver = #receiver;
                }

                #[automatically_derived]
                impl #generics ::core::convert::From<#private::HubConnection> for #name #arguments #clause {
                    fn from(__connection: #private::HubConnection) -> Self {
                        #name(__connection #marker_value)
                    }
                }

                #[automatically_derived]
                impl #generics ::core::convert::AsRef<#private::HubConnection> for #name #arguments #clause {
                    fn as_ref(&self) -> &#private::HubConnection {
                        &self.0
                    }
                }

                #[automatically_derived]
                impl #generics ::core::clone::Clone for #name #arguments #clause {
                    fn clone(&self) -> Self {
                        #name(::core::clone::Clone::clone(&self.0) #marker_value)
                    }
                }

                #[automatically_derived]
                impl #generics ::core::fmt::Debug for #name #arguments #clause {
                    fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                        ::core::fmt::Formatter::debug_tuple(__f, #text).field(&self.0).finish()
                    }
                }
            };
        }
    }

    /// The type parameters, for a marker of them.
    fn marker(&self) -> Option<TokenStream> {
        let types: Vec<_> = self
            .generics
            .params
            .iter()
            .filter_map(
                |parameter| if let GenericParam::Type(parameter) = parameter { Some(&parameter.ident) } else { None },
            )
            .collect();
        (!types.is_empty()).then(|| quote!(#(#types,)*))
    }

    /// The type as it is called outside of the hub.
    fn outside(&self, ty: &Type) -> TokenStream {
        match self.itself {
            Some(itself) => ty::without_self(ty.to_token_stream(), itself),
            None => ty.to_token_stream(),
        }
    }

    fn method(&self, method: &Method) -> Option<TokenStream> {
        let travels = method.travels().ok()?;
        let place = located(&method.ident);
        let private = self.runtime.private(place);
        let Method { ident, attributes, .. } = method;
        let visibility = self.of_methods.unwrap_or(&method.visibility);
        let wire = &method.name.text;
        let doc = (!attributes.iter().any(|attribute| attribute.path().is_ident("doc"))).then(|| {
            let text = format!("Calls `{wire}`.");
            quote_spanned!(place=> #[doc = #text])
        });
        let (mut parameters, mut values, mut uploads) = (Vec::new(), Vec::new(), Vec::new());
        for parameter in &travels.parameters {
            match parameter {
                Travelling::Argument(name, ty) => {
                    let ty = self.outside(ty);
                    parameters.push(quote_spanned!(place=> #name: impl #private::AsWire<#ty>));
                    values.push(quote_spanned!(place=> #private::AsWire::<#ty>::as_wire(&#name)));
                }
                Travelling::Upload(name, item) => {
                    let place = located(item);
                    let private = self.runtime.private(place);
                    let item = self.outside(item);
                    parameters.push(quote_spanned! {place=>
                        #name: impl #private::Stream<Item = #item> + ::core::marker::Send + 'static
                    });
                    uploads.push(quote_spanned!(place=> .upload(#name)));
                }
            }
        }
        let Reply { ty, is_stream, .. } = &travels.reply;
        let ty = ty.as_ref().map_or_else(|| quote_spanned!(place=> ()), |ty| self.outside(ty));
        let (returns, call) = if *is_stream {
            (quote_spanned!(place=> #private::StreamCall<'_, #ty>), quote_spanned!(place=> stream))
        } else {
            (quote_spanned!(place=> #private::Call<'_, #ty>), quote_spanned!(place=> invoke))
        };
        Some(quote_spanned! {place=>
            #(#attributes)*
            #doc
            #visibility fn #ident(&self, #(#parameters),*) -> #returns {
                #private::HubConnection::#call(&self.0, #wire, (#(#values,)*)) #(#uploads)*
            }
        })
    }
}

/// Asserts that what a method returns is no `Result` in disguise, whose error would be a part of what clients read.
pub(crate) fn assertions(
    runtime: &CratePath,
    generics: &Generics,
    itself: Option<&Type>,
    methods: &[Method],
) -> TokenStream {
    let checks: Vec<TokenStream> = methods
        .iter()
        .filter_map(|method| {
            let alias = method.travels().ok()?.reply.alias?;
            let place = located(&alias);
            let private = runtime.private(place);
            let cfgs = &method.cfgs;
            let ty = ty::received(&alias);
            let ty =
                itself.map_or_else(|| ty.to_token_stream(), |itself| ty::without_self(ty.to_token_stream(), itself));
            Some(quote_spanned!(place=> #(#cfgs)* #private::shown::<#ty>().check::<#ty>();))
        })
        .collect();
    if checks.is_empty() {
        return TokenStream::new();
    }
    let (generics, _, clause) = generics.split_for_impl();
    quote! {
        const _: () = {
            #[allow(dead_code)]
            fn __shown #generics() #clause {
                #(#checks)*
            }
        };
    }
}
