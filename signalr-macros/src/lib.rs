//! The `#[hub]` and `#[receiver]` macros of the `signalr` crate, which exports them. Their pages are the reference of all
//! options.

mod check;
mod ctx;
mod errors;
mod expand;
mod model;
mod parse;

use errors::Errors;
use parse::hub::Place;
use proc_macro::TokenStream;

/// Makes the methods of an impl block callable by clients; on a trait, makes it a [contract](#contracts) of clients and
/// servers.
///
/// ```
/// use signalr::{Context, Upload, HubError, hub, receiver};
/// use futures_util::{Stream, StreamExt, stream};
///
/// #[receiver]
/// pub trait ChatClient {
///     async fn receive_message(&self, user: String, text: String);
/// }
///
/// #[derive(Default)]
/// pub struct ChatHub;
///
/// #[hub(receiver = ChatClient)]
/// impl ChatHub {
///     async fn on_connected(&self, ctx: Context<Self>) {
///         ctx.clients().caller().receive_message("server", "hello");
///     }
///
///     async fn send_message(&self, ctx: Context<Self>, user: String, text: String) {
///         ctx.clients().all().receive_message(user, text);
///     }
///
///     fn count(&self, to: u32) -> impl Stream<Item = u32> {
///         stream::iter(0..to)
///     }
///
///     async fn sum(&self, mut numbers: Upload<i64>) -> Result<i64, HubError> {
///         let mut sum = 0;
///         while let Some(number) = numbers.next().await {
///             sum += number?;
///         }
///         Ok(sum)
///     }
/// }
/// ```
///
/// Every method of the block is a hub method, whatever its visibility, except those marked `#[hub(skip)]`,
/// `on_connected`, `on_disconnected` and `on_authentication_refreshed`. Constants in the block are left alone. The block may be generic:
/// `impl<T: Serialize + Send + Sync + 'static> Store<T>`. The block is emitted as it is written, without the attributes
/// below.
///
/// # Names
///
/// A method is called by its Rust name in PascalCase, as .NET hubs spell theirs: `send_message` is `SendMessage`. The
/// server finds it in any case and with or without underscores, so no two methods of a hub may differ in these only.
///
/// # Options of the block
///
/// | option | default | meaning |
/// | --- | --- | --- |
/// | `receiver = path::Trait` | none | What the hub may call on its clients: a trait with [`#[receiver]`](macro@receiver). |
/// | `rename_all = "camelCase"` | `"PascalCase"` | How method names become wire names: `"PascalCase"`, `"camelCase"`, `"snake_case"`, `"SCREAMING_SNAKE_CASE"`, `"kebab-case"`, `"lowercase"` or `"UPPERCASE"`. |
/// | `authorize = function` | none | Who may connect: see [policies](#policies). |
/// | `client`, `client = pub` | none | Makes a [typed client](#typed-clients) too, for the uses that are given. |
/// | `contract = path::Trait` | none | The [contract](#contracts) that the hub fulfils. |
/// | `crate = path` | `::signalr` | Where the `signalr` crate is, if it is renamed or exported by another crate. |
///
/// ```
/// # use signalr::hub;
/// # mod contract { #[signalr::receiver] pub trait ChatClient {} }
/// # struct ChatHub;
/// #[hub(receiver = contract::ChatClient, rename_all = "camelCase", crate = ::signalr)]
/// impl ChatHub {
///     fn user_count(&self) -> u32 { 3 }                   // "userCount"
/// }
/// ```
///
/// # Options of a method
///
/// | option | on | meaning |
/// | --- | --- | --- |
/// | `#[hub(skip)]` | any method | Clients cannot call it. |
/// | `#[hub(name = "Send")]` | hub methods | Its wire name. |
/// | `#[hub(spawn)]` | hub methods | It runs on a task of its own, beside the connection's other calls on another thread. Without it, calls run on the connection's task, which is right unless they compute for long. |
/// | `#[hub(blocking)]` | plain `fn` | It runs on a thread for blocking work. At most 64 such calls of a hub run at once; more wait. |
/// | `#[hub(cancel = drop)]` | `async fn` | When the client cancels the call or leaves, the method is dropped where it waits, and the call fails. Without it, the method runs to its end. |
/// | `#[hub(stream)]` | hub methods | It returns a stream, though the return type does not show it (an alias, or a type of your own). |
/// | `#[hub(authorize = function)]` | hub methods | Who may call it: see [policies](#policies). |
///
/// ```
/// # use signalr::hub;
/// type Ticks = futures_util::stream::Iter<std::ops::Range<u32>>;
/// # struct ChatHub;
///
/// #[hub]
/// impl ChatHub {
///     #[hub(skip)]
///     fn new() -> Self { ChatHub }
///
///     #[hub(name = "Primes", spawn)]
///     async fn find_primes(&self, below: u32) -> Vec<u32> {
///         (2..below).filter(|number| (2..*number).all(|divisor| number % divisor != 0)).collect()
///     }
///
///     #[hub(blocking)]
///     fn read_motd(&self) -> std::io::Result<String> { std::fs::read_to_string("/etc/motd") }
///
///     #[hub(cancel = drop)]
///     async fn wait(&self) { std::future::pending().await }
///
///     #[hub(stream)]
///     fn ticks(&self) -> Ticks { futures_util::stream::iter(0..10) }
/// }
/// ```
///
/// # Parameters
///
/// The client sends a parameter as an argument unless the last part of its type is one of these names, or it is marked
/// `#[inject]`. Arguments implement `serde::Deserialize` and are owned. An `Option` at the end may be missing.
///
/// | parameter | what it is |
/// | --- | --- |
/// | `ctx: Context<Self>` | The caller and its connection, and all other clients. |
/// | `items: Upload<T>` | A stream that the client sends with the call; its items are `Result<T, UploadError>`. |
/// | `items: impl Stream<Item = T>` | The same without errors: when the upload fails, so does the call. |
/// | `token: CancellationToken` | Fires when the call is cancelled. |
/// | `#[inject] name: T` | Anything that implements `FromInvocation`, such as an alias of a type above. |
///
/// ```
/// use signalr::{Context, FromInvocation, HubError, HubMethods, Invocation, hub};
/// # struct ChatHub;
///
/// struct CallerId(String);
///
/// impl<H: HubMethods> FromInvocation<H> for CallerId {
///     fn from_invocation(invocation: &mut Invocation<'_, H>) -> Result<Self, HubError> {
///         Ok(CallerId(invocation.context().connection_id().to_string()))
///     }
/// }
///
/// type Ctx = Context<ChatHub>;
///
/// #[hub]
/// impl ChatHub {
///     fn who_am_i(&self, #[inject] id: CallerId, #[inject] ctx: Ctx, greeting: Option<String>) -> String {
///         format!("{} {}", greeting.unwrap_or_default(), id.0)
///     }
/// }
/// ```
///
/// # Results
///
/// A method returns nothing, a value, a stream, or a `Result` with one of these; it may be an `async fn`. Values and the
/// items of streams implement `serde::Serialize`. The items may be `Result`s as well. Values and streams may borrow from
/// `&self`. In edition 2021 such a stream has to say so: `-> impl Stream<Item = T> + use<'_>`.
///
/// The error of a `Result` is a `HubError`, a type of your own that implements `PublicError`, or anything that
/// implements `std::error::Error` or can be boxed as one, such as `anyhow::Error`. The text of the last is hidden from
/// clients. It is not a `String`, which would not tell whether clients may read it: write `HubError::public(text)`.
///
/// # Policies
///
/// The policy of a method is a function that sees a call before its arguments are read, and says whether it may go on. It
/// takes `&Caller`, `&HubCall` (the method's name and the arguments besides) or `&Request`; it returns a `bool`, or a
/// `Result<(), HubError>` whose error the client gets in place of the standard text; and it may be `async`. A call that makes
/// such a function will do too, as for `role` below.
///
/// The policy of the block is asked for every HTTP request to the hub, negotiation included, before anything else is done
/// with it. There is no caller yet, so it takes `&Request`. Who is refused gets status 401 if nobody knows who it is, and
/// 403 otherwise.
///
/// ```
/// use signalr::{Caller, HubCall, HubError, Request, hub};
/// # struct Documents;
/// # #[derive(Clone)] struct Session;
///
/// fn signed_in(request: &Request) -> bool {
///     request.extension::<Session>().is_some()      // put there by a layer of the application
/// }
///
/// fn role(name: &'static str) -> impl Fn(&Caller) -> bool {
///     move |caller| caller.header("x-role") == Some(name)
/// }
///
/// async fn own_document(call: &HubCall) -> Result<(), HubError> {
///     let owner: String = call.arguments().get(0)?;
///     if call.caller().user_id() == Some(&*owner) { Ok(()) } else { Err(HubError::public("this is not yours")) }
/// }
///
/// #[hub(authorize = signed_in)]
/// impl Documents {
///     #[hub(authorize = own_document)]
///     fn read(&self, owner: String, name: String) -> String { format!("{name} of {owner}") }
///
///     #[hub(authorize = role("admin"))]
///     fn delete_everything(&self) {}
/// }
/// ```
///
/// # Lifecycle
///
/// `on_connected(&self, ctx: Context<Self>)` runs before a connection's first call; when it fails, the connection is
/// closed. `on_disconnected(&self, ctx: Context<Self>, reason: CloseReason)` runs after its last.
/// `on_authentication_refreshed(&self, ctx: Context<Self>)` runs beside its calls, whenever the client has renewed its
/// credentials where the server lets it. All of them may be `async`, leave parameters out, and return `Result<(), E>`.
///
/// # Typed clients
///
/// With the option `client`, the macro makes a client for Rust beside the hub (with the feature `client` of the crate, or
/// `client-core`): a `HubConnection` with the hub's methods and nothing else. It is named after the hub, `ChatHubClient` for a
/// `ChatHub` and for a `Chat`. A method of it has the arguments that travel, by value or by reference (`&str` for a
/// `String`, slices and arrays for a `Vec`), and streams for uploads; it returns a `Call` or a `StreamCall`, which is sent when
/// it is awaited. An `Err` of the hub's method is the error of the call.
///
/// ```no_run
/// use futures_util::{Stream, StreamExt, stream};
/// use signalr::{ClientError, Context, HubConnection, HubError, Upload, hub, receiver};
///
/// #[receiver]
/// pub trait ChatClient {
///     async fn receive_message(&self, user: String, text: String);
/// }
///
/// pub struct ChatHub;
///
/// #[hub(receiver = ChatClient, client = pub)]
/// impl ChatHub {
///     async fn send_message(&self, ctx: Context<Self>, user: String, text: String) {
///         ctx.clients().all().receive_message(user, text);
///     }
///
///     fn count(&self, to: u32) -> impl Stream<Item = u32> {
///         stream::iter(0..to)
///     }
///
///     async fn sum(&self, mut numbers: Upload<i64>) -> Result<i64, HubError> {
///         let mut sum = 0;
///         while let Some(number) = numbers.next().await {
///             sum += number?;
///         }
///         Ok(sum)
///     }
/// }
///
/// struct Console;
///
/// impl ChatClient for Console {
///     async fn receive_message(&self, user: String, text: String) {
///         println!("{user}: {text}");
///     }
/// }
///
/// # async fn run() -> Result<(), ClientError> {
/// let chat = ChatHubClient::builder("http://localhost:5000/chat").receiver(Console).connect().await?;
/// chat.send_message("ann", "hi").await?;
/// let sum: i64 = chat.sum(stream::iter([1, 2, 3])).await?;
/// let mut numbers = chat.count(10).await?;
/// while let Some(number) = numbers.next().await {
///     println!("{}", number?);
/// }
/// let connection: &HubConnection = chat.as_ref();
/// # Ok(()) }
/// ```
///
/// The client's methods are as visible as the hub's, and the client as the most visible of them; `client = pub` (or
/// `pub(crate)`) says it for all. Signatures are all that the macro sees of types, so that they have to show a `Result` or a
/// stream as such: not by an alias, and not by `#[hub(stream)]`. What a method returns is read by clients without what it
/// borrows from: `String` for a `&str`, `Vec<T>` for a `&[T]`. Arguments implement `serde::Serialize` besides, and results
/// `serde::Deserialize`.
///
/// # Contracts
///
/// `#[hub]` on a trait makes it a contract, for clients that do not have the code of the server: in a crate of its own, or for
/// a hub that is not written in Rust. Its methods are as those of a hub, but with only the parameters that travel; of its
/// options it has `receiver`, `rename_all` and `crate`, and of theirs `name`. It has a typed client, `ChatHubClient` for a
/// `Chat`, as visible as the trait.
///
/// A hub with `contract = Chat` is checked against it: it has all of its methods and no others, with the same arguments in the
/// same order, and the same results and items. A method may take context parameters besides, be `async` or not, and fail where the
/// contract says nothing of it. The names on the wire and the receiver are the contract's.
///
/// ```
/// use futures_util::{Stream, StreamExt, stream};
/// use signalr::{Context, HubError, Upload, hub, receiver};
///
/// #[receiver]
/// pub trait ChatClient {
///     async fn receive_message(&self, user: String, text: String);
/// }
///
/// #[hub(receiver = ChatClient)]
/// pub trait Chat {
///     async fn send_message(&self, user: String, text: String);
///     fn count(&self, to: u32) -> impl Stream<Item = u32>;
///     async fn sum(&self, numbers: impl Stream<Item = i64>) -> i64;
/// }
///
/// // On the server:
/// struct ChatHub;
///
/// #[hub(contract = Chat)]
/// impl ChatHub {
///     fn send_message(&self, ctx: Context<Self>, user: String, text: String) {
///         ctx.clients().all().receive_message(user, text);
///     }
///
///     fn count(&self, to: u32) -> impl Stream<Item = u32> {
///         stream::iter(0..to)
///     }
///
///     async fn sum(&self, mut numbers: Upload<i64>) -> Result<i64, HubError> {
///         let mut sum = 0;
///         while let Some(number) = numbers.next().await {
///             sum += number?;
///         }
///         Ok(sum)
///     }
/// }
/// ```
///
/// The trait is not emitted as it is written: it has an associated function for each method, which takes what travels and
/// which nobody calls. It is not to be implemented by hand.
#[proc_macro_attribute]
pub fn hub(options: TokenStream, item: TokenStream) -> TokenStream {
    expand_hub(options.into(), item.into()).into()
}

fn expand_hub(options: proc_macro2::TokenStream, item: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let errors = Errors::default();
    let Some(place) = parse::hub::item(item.clone(), &errors) else {
        return errors.beside(item);
    };
    let options = parse::hub::HubOptions::parse(options, &errors);
    match place {
        Place::Block(block) => {
            let hub = parse::hub::hub(options, block, &errors);
            let expanded = if errors.is_empty() { expand::hub::hub(&hub) } else { expand::hub::without_methods(&hub) };
            errors.beside(expanded)
        }
        Place::Contract(item) => {
            let contract = parse::contract::contract(options, item, &errors);
            let expanded = if errors.is_empty() {
                expand::contract::contract(&contract)
            } else {
                expand::contract::without_methods(&contract)
            };
            errors.beside(expanded)
        }
    }
}

/// Makes a trait the set of methods that a server may call on its clients.
///
/// ```
/// use signalr::{Context, HubError, hub, receiver};
///
/// #[receiver]
/// pub trait ChatClient {
///     /// A message for the client.
///     async fn receive_message(&self, user: String, text: String);
///     /// A question, which one client answers.
///     async fn confirm(&self, question: String) -> bool;
///     /// Where the mouse is now; older positions don't matter.
///     #[receiver(latest, name = "moved")]
///     async fn mouse_moved(&self, x: f64, y: f64);
/// }
///
/// struct ChatHub;
///
/// #[hub(receiver = ChatClient)]
/// impl ChatHub {
///     async fn leave(&self, ctx: Context<Self>) -> Result<(), HubError> {
///         if ctx.clients().caller().confirm("Really?").await? {
///             ctx.clients().others().receive_message("server", "somebody left");
///         }
///         Ok(())
///     }
/// }
/// ```
///
/// Nothing on the server implements the trait; a client in Rust does, and gives its implementation to the
/// [`receiver`](https://docs.rs/signalr/latest/signalr/struct.HubConnectionBuilder.html#method.receiver) of its builder: see
/// [on a client](#on-a-client). The server calls its methods on the proxy that
/// `clients()` gives: `ChatClientProxy<A>`, which the macro makes with the visibility of the trait; `A` is `Many` or
/// `Single`. The proxy takes
/// every argument by value or by reference (`&str` for a `String`, slices and arrays for a `Vec`). A method without a
/// result can be called on any number of clients; one with a result on one client only. If the result is a
/// `Result<T, E>`, the server waits for a `T`, and the client's error is the text that fails the wait.
///
/// Every method is an `async fn` with `&self`, without generics, and with at most 16 arguments, which are owned. A method
/// may have a default body. Neither arguments nor results can be streams.
///
/// The trait is emitted with `Send + Sync + 'static` as supertraits and with methods whose futures are `Send`.
///
/// # On a client
///
/// A client implements the trait with `async fn`s. Calls of the server run one after the other, in the order in which it has
/// sent them. A parameter whose type is a `HubConnection`, known by its name, is the client's own connection: the server does
/// not send it, and its proxy leaves it out. By it a method may call the server and wait for the answer.
///
/// The server is told the error of a `Result` as clients are told that of a hub method: its text is hidden unless it is a
/// `HubError::public`, a `PublicError`, or the client shows detailed errors. Arguments have to implement `serde::Deserialize`
/// and results `serde::Serialize` only where a client implements the trait.
///
/// ```
/// use signalr::{HubConnection, HubError, receiver};
///
/// #[receiver]
/// pub trait ShopClient {
///     async fn confirm(&self, question: String) -> Result<bool, HubError>;
///     async fn price_changed(&self, connection: HubConnection, item: String);
/// }
///
/// struct Customer;
///
/// impl ShopClient for Customer {
///     async fn confirm(&self, question: String) -> Result<bool, HubError> {
///         if question.is_empty() { Err(HubError::public("what?")) } else { Ok(true) }
///     }
///
///     async fn price_changed(&self, connection: HubConnection, item: String) {
///         let price: Result<u32, _> = connection.invoke("Price", (&item,)).await;
///         println!("{item}: {price:?}");
///     }
/// }
/// ```
///
/// # Options
///
/// | option | on | default | meaning |
/// | --- | --- | --- | --- |
/// | `#[receiver(rename_all = "camelCase")]` | the trait | `"PascalCase"` | How method names become wire names; the cases are those of [`#[hub]`](macro@hub). |
/// | `#[receiver(crate = path)]` | the trait | `::signalr` | Where the `signalr` crate is, if it is renamed or exported by another crate. |
/// | `#[receiver(name = "moved")]` | a method | | Its wire name. |
/// | `#[receiver(latest)]` | a method without a result | | When the buffer of a slow client is full, a newer call replaces those that still wait in it. |
#[proc_macro_attribute]
pub fn receiver(options: TokenStream, item: TokenStream) -> TokenStream {
    expand_receiver(options.into(), item.into()).into()
}

fn expand_receiver(options: proc_macro2::TokenStream, item: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let errors = Errors::default();
    let Some(definition) = parse::receiver::item(item.clone(), &errors) else {
        return errors.beside(item);
    };
    let options = parse::receiver::ReceiverOptions::parse(options, &errors);
    let receiver = parse::receiver::receiver(options, definition, &errors);
    errors.beside(expand::receiver::receiver(&receiver))
}
