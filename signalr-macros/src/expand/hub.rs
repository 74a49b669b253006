//! `#[hub]`: the block as written, and the method table beside it.

use super::answer::{answer, call};
use super::lifecycle::lifecycle;
use super::{client, contract};
use crate::ctx::{CratePath, located};
use crate::model::hub::Hub;
use crate::model::method::{Method, Parameter, ParameterKind, Run};
use crate::parse::hub::{HubOptions, Policy, cfgs};
use proc_macro2::{Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Ident, ItemImpl, Path};

/// The block and the implementation of `HubMethods` for its type.
pub(crate) fn hub(hub: &Hub) -> TokenStream {
    let block = &hub.block;
    let runtime = &hub.options.crate_path;
    let place = located(&block.self_ty);
    let private = runtime.private(place);
    let methods = hub.methods.iter().map(|method| entry(runtime, hub.options.contract.as_ref(), method));
    let lifecycle = hub.lifecycle.iter().map(|method| lifecycle(runtime, method));
    let authorize = hub.options.authorize.as_ref().map(|policy| {
        let place = located(policy);
        let private = runtime.private(place);
        let ask = ask(runtime, policy, &quote_spanned!(place=> #private::OfRequest));
        quote_spanned! {place=>
            const AUTHORIZE: ::core::option::Option<fn(#private::Request) -> #private::PolicyFuture> =
                ::core::option::Option::Some(#ask);
        }
    });
    let table = quote_spanned! {place=>
        const METHODS: &'static [#private::Method<Self>] = #private::checked(&[#(#methods),*]);
        #authorize
        #(#lifecycle)*
    };
    let implementation = implementation(&hub.options, block, &table);
    let check = check(hub);
    let contract = hub.options.contract.as_ref().map(|path| contract::implementation(hub, path));
    let client = hub.options.client.as_ref().map(|option| {
        let client = client::of_hub(hub, option);
        let assertions = client::assertions(runtime, &block.generics, Some(&block.self_ty), &hub.methods);
        quote!(#client #assertions)
    });
    quote! {
        #block
        #client

        const _: () = {
            #[allow(unused_imports)]
            use #private::IsOption as _;

            #implementation
            #contract
            #check
        };
    }
}

/// Looks at the table now, for names that are the same: the constant of a trait is not computed before somebody uses it.
/// Where no method has a `cfg`, the names are known to differ.
fn check(hub: &Hub) -> Option<TokenStream> {
    let conditional = hub.methods.iter().any(|method| !method.cfgs.is_empty());
    if !conditional || !hub.block.generics.params.is_empty() {
        return None;
    }
    let ty = &hub.block.self_ty;
    let cfgs = cfgs(&hub.block.attrs);
    let private = hub.options.crate_path.private(Span::mixed_site());
    Some(quote!(#(#cfgs)* const _: &[#private::Method<#ty>] = <#ty as #private::HubMethods>::METHODS;))
}

/// The block with an empty table, so that mistakes in it don't make every use of the hub an error too.
pub(crate) fn without_methods(hub: &Hub) -> TokenStream {
    let Hub { options, block, .. } = hub;
    let private = options.crate_path.private(Span::mixed_site());
    let table = quote!(const METHODS: &'static [#private::Method<Self>] = &[];);
    let implementation = implementation(options, block, &table);
    quote!(#block const _: () = { #implementation };)
}

fn implementation(options: &HubOptions, block: &ItemImpl, table: &TokenStream) -> TokenStream {
    let ty = &block.self_ty;
    let place = located(ty);
    let private = options.crate_path.private(place);
    let (generics, _, clause) = block.generics.split_for_impl();
    let receiver = match (&options.contract, &options.receiver) {
        (Some(path), _) => quote_spanned!(located(path)=> <dyn #path as #private::Contract>::Receiver),
        (None, Some(path)) => quote_spanned!(located(path)=> dyn #path),
        (None, None) => quote!(#private::NoReceiver),
    };
    let cfgs = cfgs(&block.attrs);
    quote_spanned! {place=>
        #(#cfgs)*
        #[automatically_derived]
        #[allow(deprecated)]
        impl #generics #private::HubMethods for #ty #clause {
            type Receiver = #receiver;
            #table
        }
    }
}

/// One entry of the table: how a call is read, run and answered.
fn entry(runtime: &CratePath, contract: Option<&Path>, method: &Method) -> TokenStream {
    let cfgs = &method.cfgs;
    let name = contract::wire_name(runtime, contract, method);
    let place = located(&method.ident);
    let private = runtime.private(place);
    let names = locals(method.parameters.len(), place);
    let both = || method.parameters.iter().zip(&names);
    let arguments = both().filter(|(parameter, _)| parameter.is_argument());
    let arguments = arguments.map(|(parameter, name)| read(runtime, parameter, name));
    let injected = both().filter(|(parameter, _)| !parameter.is_argument());
    let injected = injected.map(|(parameter, name)| inject(runtime, parameter, name));
    let start = Ident::new(if runs_at_once(method) { "at_once" } else { "start" }, place);
    let mutable = (!runs_at_once(method)).then(|| quote_spanned!(place=> mut));
    let run = run(runtime, method, &names);
    let settings = settings(runtime, method);
    quote_spanned! {place=>
        #(#cfgs)*
        #private::Method::new(#name, |__invocation| {
            #(#arguments)*
            __invocation.begin()?;
            #(#injected)*
            let #mutable __call = __invocation.#start();
            ::core::result::Result::Ok(#run)
        }) #settings
    }
}

/// Names for the values of parameters.
pub(crate) fn locals(count: usize, place: Span) -> Vec<Ident> {
    (0..count).map(|index| format_ident!("__{index}", span = place)).collect()
}

/// Reads a parameter that the client sends.
fn read(runtime: &CratePath, parameter: &Parameter, name: &Ident) -> TokenStream {
    let (ty, text) = (&parameter.ty, &parameter.name);
    let place = located(ty);
    let private = runtime.private(place);
    quote_spanned!(place=> let #name = #private::parameter::<Self, #ty>().read::<#ty>(__invocation, #text)?;)
}

/// Takes a parameter that the invocation gives.
fn inject(runtime: &CratePath, parameter: &Parameter, name: &Ident) -> TokenStream {
    let ty = &parameter.ty;
    let place = located(ty);
    match &parameter.kind {
        ParameterKind::Stream(item) => {
            let place = located(item);
            let private = runtime.private(place);
            quote_spanned!(place=> let #name = __invocation.inject::<#private::PlainUpload<#item>>()?;)
        }
        _ => quote_spanned!(place=> let #name = __invocation.inject::<#ty>()?;),
    }
}

/// Whether the method has run to its end when its call begins, so that it borrows the hub.
fn runs_at_once(method: &Method) -> bool {
    matches!(method.run, Run::Inline) && !method.returns.is_async && !method.returns.is_stream
}

/// Calls the method and answers, where the method wants to run.
fn run(runtime: &CratePath, method: &Method, arguments: &[Ident]) -> TokenStream {
    let place = located(&method.ident);
    let private = runtime.private(place);
    let hub = quote_spanned!(place=> __call.hub);
    let call = call(&method.ident, &method.returns, &hub, arguments);
    let answer = answer(runtime, &method.ident, &method.returns);
    let end = (!runs_at_once(method)).then(|| quote_spanned!(place=> __call.end();));
    let body = quote_spanned!(place=> let __value = #call; #answer #end);
    match method.run {
        Run::Blocking => quote_spanned!(place=> #private::Started::blocking(move || { #body })),
        Run::Spawned => quote_spanned!(place=> #private::Started::spawned(async move { #body })),
        Run::Inline if runs_at_once(method) => quote_spanned!(place=> { #body #private::Started::done() }),
        Run::Inline => quote_spanned!(place=> #private::Started::future(async move { #body })),
    }
}

/// Asks a policy, which takes what `of` makes of what there is.
fn ask(runtime: &CratePath, policy: &Policy, of: &TokenStream) -> TokenStream {
    let place = located(policy);
    let private = runtime.private(place);
    quote_spanned! {place=>
        |__asked| ::std::boxed::Box::pin(async move {
            let __verdict = #policy(#of::of(&__asked));
            #private::verdict(&__verdict).decide(__verdict).await
        })
    }
}

/// What the table says about the method besides.
fn settings(runtime: &CratePath, method: &Method) -> TokenStream {
    let private = runtime.private(located(&method.ident));
    let mut settings = TokenStream::new();
    let arguments: Vec<_> = method.parameters.iter().filter(|parameter| parameter.is_argument()).collect();
    if !arguments.is_empty() {
        let types = arguments.iter().map(|parameter| &parameter.ty);
        settings.extend(quote!(.arguments(&[#(#private::Wire::<#types>::OPTIONAL),*])));
    }
    let uploads = method.parameters.iter().filter(|parameter| parameter.is_upload()).count();
    if uploads > 0 {
        let uploads = Literal::usize_unsuffixed(uploads);
        settings.extend(quote!(.uploads(#uploads)));
    }
    if method.returns.is_stream {
        settings.extend(quote!(.streaming()));
    }
    if method.cancel_by_drop {
        settings.extend(quote!(.cancel_by_drop()));
    }
    if let Some(policy) = &method.authorize {
        let place = located(policy);
        let private = runtime.private(place);
        let ask = ask(runtime, policy, &quote_spanned!(place=> #private::OfCall));
        settings.extend(quote_spanned!(place=> .authorize(#ask)));
    }
    settings
}
