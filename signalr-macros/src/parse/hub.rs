//! `#[hub(..)]` on an impl block and on its methods.

use super::attr::{self, OptionName};
use crate::ctx::CratePath;
use crate::errors::Errors;
use crate::model::hub::Hub;
use crate::model::method::{Event, Lifecycle, Method, Parameter, Returns, Run};
use crate::model::name::{Case, WireName};
use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, Expr, FnArg, Ident, ImplItem, ImplItemFn, Item, ItemImpl, ItemTrait, LitStr, Path, Signature, Token,
    Visibility,
};

/// The options of the block.
#[derive(Default)]
pub(crate) struct HubOptions {
    pub(crate) receiver: Option<Path>,
    pub(crate) rename_all: Case,
    pub(crate) authorize: Option<Policy>,
    pub(crate) client: Option<ClientOption>,
    pub(crate) contract: Option<Path>,
    pub(crate) crate_path: CratePath,
    /// Where the options are that a contract gives.
    pub(crate) of_contract: Vec<(&'static str, Span)>,
}

/// `client`, or `client = pub(crate)`.
pub(crate) struct ClientOption {
    pub(crate) place: Span,
    /// Who may use the client and all its methods, if not those who may use the hub's.
    pub(crate) visibility: Option<Visibility>,
}

const HUB_OPTIONS: [&str; 6] = ["receiver", "rename_all", "authorize", "client", "contract", "crate"];

impl HubOptions {
    /// Reads the options of the block.
    pub(crate) fn parse(tokens: TokenStream, errors: &Errors) -> Self {
        let mut options = HubOptions::default();
        attr::options(tokens, &HUB_OPTIONS, errors, |name, input| {
            match name.as_str() {
                "receiver" => {
                    options.of_contract.push(("receiver", name.span()));
                    options.receiver = Some(name.value(input, "Trait")?);
                }
                "authorize" => options.authorize = Some(name.value(input, "function")?),
                "client" => options.client = Some(ClientOption::read(name, input)?),
                "contract" => options.contract = Some(name.value(input, "Trait")?),
                "rename_all" => {
                    options.of_contract.push(("rename_all", name.span()));
                    options.rename_all = Case::read(&name.value(input, "\"camelCase\"")?)?;
                }
                _ => options.crate_path = CratePath::new(name.value(input, "path")?),
            }
            Ok(())
        });
        options
    }
}

impl ClientOption {
    fn read(name: &OptionName, input: ParseStream<'_>) -> syn::Result<Self> {
        let visibility = if input.peek(Token![=]) {
            let begin = input.span();
            match name.value(input, "pub(crate)")? {
                Visibility::Inherited => {
                    return Err(syn::Error::new(begin, "expected `client = pub` or another visibility"));
                }
                visibility => Some(visibility),
            }
        } else {
            None
        };
        Ok(ClientOption { place: name.span(), visibility })
    }
}

/// A function that says who is let in: its path, or a call that makes it.
#[derive(Clone)]
pub(crate) struct Policy(Expr);

impl Parse for Policy {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        match input.parse()? {
            policy @ (Expr::Path(_) | Expr::Call(_)) => Ok(Policy(policy)),
            other => Err(syn::Error::new_spanned(other, "not a function")),
        }
    }
}

impl ToTokens for Policy {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

/// An option without a value, and where it is.
type Flag = Option<Span>;

/// The options of one method.
#[derive(Default)]
pub(crate) struct MethodOptions {
    pub(crate) name: Option<LitStr>,
    pub(crate) skip: Flag,
    pub(crate) spawn: Flag,
    pub(crate) blocking: Flag,
    pub(crate) stream: Flag,
    pub(crate) cancel_by_drop: Flag,
    /// With the place of its name.
    pub(crate) authorize: Option<(Span, Policy)>,
}

const METHOD_OPTIONS: [&str; 7] = ["name", "skip", "spawn", "blocking", "cancel", "stream", "authorize"];

impl MethodOptions {
    /// Takes the helper attributes of a method and reads them.
    pub(crate) fn take(attributes: &mut Vec<Attribute>, errors: &Errors) -> Self {
        let mut options = MethodOptions::default();
        let all = attr::take_options(attributes, "hub", "#[hub(skip)]", errors);
        attr::options(all, &METHOD_OPTIONS, errors, |name, input| {
            match name.as_str() {
                "name" => options.name = Some(wire_name(name, input)?),
                "skip" => options.skip = Some(name.span()),
                "spawn" => options.spawn = Some(name.span()),
                "blocking" => options.blocking = Some(name.span()),
                "stream" => options.stream = Some(name.span()),
                "authorize" => options.authorize = Some((name.span(), name.value(input, "function")?)),
                _ => {
                    let value: Ident = name.value(input, "drop")?;
                    if value != "drop" {
                        return Err(syn::Error::new(value.span(), "expected `cancel = drop`"));
                    }
                    options.cancel_by_drop = Some(name.span());
                }
            }
            Ok(())
        });
        options
    }

    /// Where the options are that only methods have which clients can call.
    pub(crate) fn of_callable(&self) -> impl Iterator<Item = Span> {
        let name = self.name.as_ref().map(LitStr::span);
        let authorize = self.authorize.as_ref().map(|(place, _)| *place);
        [self.spawn, self.blocking, self.stream, self.cancel_by_drop, name, authorize].into_iter().flatten()
    }

    /// Where the method runs.
    pub(crate) fn run(&self) -> Run {
        match (self.spawn, self.blocking) {
            (_, Some(_)) => Run::Blocking,
            (Some(_), None) => Run::Spawned,
            (None, None) => Run::Inline,
        }
    }
}

/// Reads `name = ".."`.
pub(crate) fn wire_name(name: &OptionName, input: ParseStream<'_>) -> syn::Result<LitStr> {
    let value: LitStr = name.value(input, "\"WireName\"")?;
    if value.value().is_empty() {
        return Err(syn::Error::new(value.span(), "a wire name cannot be empty"));
    }
    Ok(value)
}

/// What the attribute is on.
pub(crate) enum Place {
    /// The impl block of a hub.
    Block(ItemImpl),
    /// A contract.
    Contract(ItemTrait),
}

/// Reads the item; `None` if it is neither an inherent impl block nor a trait.
pub(crate) fn item(item: TokenStream, errors: &Errors) -> Option<Place> {
    const PLACE: &str = "`#[hub]` goes on the impl block with the hub's methods: `#[hub] impl ChatHub { .. }`";
    match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Impl(block)) => match &block.trait_ {
            None => Some(Place::Block(block)),
            Some((path, _)) => {
                errors.at(path, format!("{PLACE}, not on the implementation of a trait"));
                None
            }
        },
        Ok(Item::Struct(item)) => {
            errors.at(item.ident, PLACE);
            None
        }
        Ok(Item::Trait(item)) => Some(Place::Contract(item)),
        Ok(Item::Fn(item)) => {
            let place = "`#[hub]` on a method is read by `#[hub]` on the impl block around it, which is missing";
            errors.at(&item.sig.ident, if item.sig.receiver().is_some() { place } else { PLACE });
            None
        }
        Ok(_) => {
            errors.at(item, PLACE);
            None
        }
        Err(error) => {
            errors.push(error);
            None
        }
    }
}

/// Reads what the block's methods are, and takes the helper attributes out of it.
pub(crate) fn hub(options: HubOptions, mut block: ItemImpl, errors: &Errors) -> Hub {
    let mut methods = Vec::new();
    let mut lifecycle = Vec::new();
    for item in &mut block.items {
        match item {
            ImplItem::Fn(function) => {
                let marks = MethodOptions::take(&mut function.attrs, errors);
                let injected = take_inject(&mut function.sig, errors);
                if marks.skip.is_none() {
                    function.attrs.push(form_is_given());
                }
                if marks.skip.is_some() {
                    crate::check::signature::skipped(&marks, &injected, errors);
                } else if let Some(event) = Event::of(&function.sig.ident) {
                    crate::check::signature::lifecycle(event, &function.sig, &marks, &injected, errors);
                    lifecycle.push(read_lifecycle(event, function, &injected));
                } else {
                    crate::check::signature::method(&function.sig, &marks, &injected, errors);
                    let written = (&function.vis, &*function.attrs, &function.sig);
                    methods.push(read_method(written, &marks, &injected, options.rename_all));
                }
            }
            ImplItem::Macro(call) => errors.at(
                &call.mac.path,
                "`#[hub]` does not see the methods that a macro makes: move the call to another impl block",
            ),
            _ => {}
        }
    }
    crate::check::names::distinct(
        methods.iter().map(|method| (&method.ident, &method.name, &method.cfgs)),
        "hub",
        errors,
    );
    let hub = Hub { block, options, methods, lifecycle };
    crate::check::client::hub(&hub, errors);
    hub
}

/// Silences lints that would change the form of a hub method, which is not the user's choice.
fn form_is_given() -> Attribute {
    syn::parse_quote! {
        #[allow(clippy::needless_pass_by_value, clippy::trivially_copy_pass_by_ref, clippy::unused_self)]
    }
}

/// Takes `#[inject]` from the parameters after `&self`, and says which had it.
pub(crate) fn take_inject(signature: &mut Signature, errors: &Errors) -> Vec<Option<Attribute>> {
    let typed = signature.inputs.iter_mut().filter_map(|input| match input {
        FnArg::Typed(argument) => Some(argument),
        FnArg::Receiver(_) => None,
    });
    typed
        .map(|argument| {
            let mut marks = attr::take(&mut argument.attrs, "inject").into_iter();
            let first = marks.next();
            if let Some(mark) = &first
                && !matches!(mark.meta, syn::Meta::Path(_))
            {
                errors.at(mark, "`#[inject]` takes no options");
            }
            if let Some(second) = marks.next() {
                errors.at(second, "`#[inject]` is given twice");
            }
            first
        })
        .collect()
}

fn parameters(signature: &Signature, injected: &[Option<Attribute>]) -> Vec<Parameter> {
    let typed = crate::model::method::typed(signature);
    typed
        .zip(injected)
        .enumerate()
        .map(|(index, (argument, mark))| Parameter::new(argument, mark.is_some(), index + 1))
        .collect()
}

/// Reads a method as it is written.
pub(crate) fn read_method(
    (visibility, attributes, signature): (&Visibility, &[Attribute], &Signature),
    marks: &MethodOptions,
    injected: &[Option<Attribute>],
    case: Case,
) -> Method {
    Method {
        ident: signature.ident.clone(),
        name: WireName::new(marks.name.as_ref(), &signature.ident, case),
        visibility: visibility.clone(),
        attributes: carried(attributes),
        cfgs: cfgs(attributes),
        parameters: parameters(signature, injected),
        returns: Returns::new(signature, marks.stream.is_some()),
        run: marks.run(),
        cancel_by_drop: marks.cancel_by_drop.is_some(),
        authorize: marks.authorize.as_ref().map(|(_, policy)| policy.clone()),
        given_name: marks.name.as_ref().map(LitStr::span),
    }
}

fn read_lifecycle(event: Event, function: &ImplItemFn, injected: &[Option<Attribute>]) -> Lifecycle {
    let mut parameters = parameters(&function.sig, injected);
    for parameter in &mut parameters {
        parameter.for_lifecycle(event);
    }
    Lifecycle {
        ident: function.sig.ident.clone(),
        event,
        cfgs: cfgs(&function.attrs),
        parameters,
        returns: Returns::new(&function.sig, false),
    }
}

/// The `cfg`s among the attributes, for everything that mentions the item.
pub(crate) fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect()
}

/// The attributes that everything has which is made of a method: `cfg`, `doc` and `deprecated`.
pub(crate) fn carried(attributes: &[Attribute]) -> Vec<Attribute> {
    let names = ["cfg", "doc", "deprecated"];
    attributes.iter().filter(|attribute| names.iter().any(|name| attribute.path().is_ident(name))).cloned().collect()
}
