//! `#[hub]`: the block as written, and the method table beside it.

use super::answer::{answer, call};
use super::lifecycle::lifecycle;
use crate::ctx::located;
use crate::model::hub::Hub;
use crate::model::method::{Method, Parameter, ParameterKind, Run};
use crate::parse::hub::HubOptions;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ItemImpl;

/// The block and the implementation of `HubMethods` for its type.
pub(crate) fn hub(hub: &Hub) -> TokenStream {
    let private = hub.options.crate_path.private();
    let block = &hub.block;
    let methods = hub.methods.iter().map(|method| entry(&private, method));
    let lifecycle = hub.lifecycle.iter().map(|method| lifecycle(&private, method));
    let table = quote! {
        const METHODS: &'static [#private::Method<Self>] = #private::checked(&[#(#methods),*]);
        #(#lifecycle)*
    };
    let implementation = implementation(&hub.options, block, &table);
    // Looks at the table now: the constant of a trait is not computed before somebody uses it.
    let check = block.generics.params.is_empty().then(|| {
        let ty = &block.self_ty;
        quote!(const _: &[#private::Method<#ty>] = <#ty as #private::HubMethods>::METHODS;)
    });
    quote! {
        #block

        const _: () = {
            #[allow(unused_imports)]
            use #private::IsOption as _;

            #implementation
            #check
        };
    }
}

/// The block with an empty table, so that mistakes in it don't make every use of the hub an error too.
pub(crate) fn without_methods(options: &HubOptions, block: &ItemImpl) -> TokenStream {
    let private = options.crate_path.private();
    let table = quote!(const METHODS: &'static [#private::Method<Self>] = &[];);
    let implementation = implementation(options, block, &table);
    quote!(#block const _: () = { #implementation };)
}

fn implementation(options: &HubOptions, block: &ItemImpl, table: &TokenStream) -> TokenStream {
    let private = options.crate_path.private();
    let ty = &block.self_ty;
    let (generics, _, clause) = block.generics.split_for_impl();
    let receiver = match &options.receiver {
        Some(path) => quote_spanned!(located(path)=> dyn #path),
        None => quote!(#private::NoReceiver),
    };
    let cfgs = crate::parse::hub::cfgs(&block.attrs);
    quote_spanned! {located(ty)=>
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
fn entry(private: &TokenStream, method: &Method) -> TokenStream {
    let cfgs = &method.cfgs;
    let name = &method.name.text;
    let place = located(&method.ident);
    let names: Vec<_> = (0..method.parameters.len())
        .map(|index| {
            let name = format_ident!("__{index}", span = place);
            quote!(#name)
        })
        .collect();
    let both = || method.parameters.iter().zip(&names);
    let arguments = both().filter(|(parameter, _)| parameter.is_argument());
    let arguments = arguments.map(|(parameter, name)| read(private, parameter, name));
    let injected = both().filter(|(parameter, _)| !parameter.is_argument());
    let injected = injected.map(|(parameter, name)| inject(private, parameter, name));
    let run = run(private, method, &names);
    let settings = settings(private, method);
    quote_spanned! {place=>
        #(#cfgs)*
        #private::Method::new(#name, |mut __invocation| {
            #(#arguments)*
            __invocation.begin()?;
            #(#injected)*
            let (__hub, __reply) = __invocation.start();
            ::core::result::Result::Ok(#run)
        }) #settings
    }
}

/// Reads a parameter that the client sends.
fn read(private: &TokenStream, parameter: &Parameter, name: &TokenStream) -> TokenStream {
    let (ty, text) = (&parameter.ty, &parameter.name);
    quote_spanned!(located(ty)=>
        let #name = #private::parameter::<Self, #ty>().read::<#ty>(&mut __invocation, #text)?;
    )
}

/// Takes a parameter that the invocation gives.
fn inject(private: &TokenStream, parameter: &Parameter, name: &TokenStream) -> TokenStream {
    let ty = &parameter.ty;
    let place = located(ty);
    match &parameter.kind {
        ParameterKind::Stream(item) => {
            quote_spanned!(place=> let #name = __invocation.inject::<#private::PlainUpload<#item>>()?;)
        }
        _ => quote_spanned!(place=> let #name = __invocation.inject::<#ty>()?;),
    }
}

/// Calls the method and answers, where the method wants to run.
fn run(private: &TokenStream, method: &Method, arguments: &[TokenStream]) -> TokenStream {
    let place = located(&method.ident);
    let call = call(private, &method.ident, &method.returns, arguments);
    let answer = answer(private, &method.ident, &method.returns);
    let body = quote_spanned!(place=> let __value = #call; #answer);
    let at_once = !method.returns.is_async && !method.returns.is_stream;
    match method.run {
        Run::Blocking => quote_spanned!(place=> #private::Started::blocking(move || { #body })),
        Run::Spawned => quote_spanned!(place=> #private::Started::spawned(async move { #body })),
        Run::Inline if at_once => quote_spanned!(place=> { #body #private::Started::done() }),
        Run::Inline => quote_spanned!(place=> #private::Started::future(async move { #body })),
    }
}

/// What the table says about the method besides.
fn settings(private: &TokenStream, method: &Method) -> TokenStream {
    let mut settings = TokenStream::new();
    let arguments: Vec<_> = method
        .parameters
        .iter()
        .filter(|parameter| parameter.is_argument())
        .collect();
    if !arguments.is_empty() {
        let types = arguments.iter().map(|parameter| &parameter.ty);
        settings.extend(quote!(.arguments(&[#(#private::Wire::<#types>::OPTIONAL),*])));
    }
    let uploads = method
        .parameters
        .iter()
        .filter(|parameter| parameter.is_upload())
        .count();
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
    settings
}
