//! What generated code uses; not a part of the public interface.

#[cfg(feature = "client-core")]
pub use crate::client::{
    builder::HubConnectionBuilder,
    call::Call,
    callback::{Callback, CallbackResult, CallbackStart, NotRun},
    connection::HubConnection,
    error::ClientError,
    handlers::Handlers,
    receiver::{Answers, HubClient, ReceiverFor, Receives},
    stream::StreamCall,
};
pub use crate::clients::results::ClientResult;
pub use crate::clients::sent::Sent;
pub use crate::clients::target::{Many, NoReceiver, Receiver, Single, SingleClient, Target};
pub use crate::clients::wire::AsWire;
pub use crate::hub::arg::*;
pub use crate::hub::call::HubCall;
pub use crate::hub::context::Context;
pub use crate::hub::contract::{Contract, Streams, of_contract, wire_name};
pub use crate::hub::error::{HubError, PublicError};
pub use crate::hub::invocation::{CallStart as Started, FromInvocation, Invocation, PlainUpload, Rejection};
pub use crate::hub::lifecycle::{FromLifecycle, Lifecycle, LifecycleFuture};
pub use crate::hub::method::{HubMethods, Method, checked};
pub use crate::hub::policy::{OfCall, OfRequest, PolicyFuture, verdict};
pub use crate::hub::reply::Reply;
pub use crate::hub::request::Request;
pub use crate::hub::returned::*;
pub use crate::session::cancel::CancellationToken;
pub use crate::session::close::CloseReason;
pub use crate::streaming::upload::Upload;
pub use futures_util::Stream;
pub use std;

/// What is there only together with the client: generated code does not see this crate's features.
#[cfg(feature = "client-core")]
#[doc(hidden)]
#[macro_export]
macro_rules! __client_only {
    ($($item:tt)*) => { $($item)* };
}

/// What is there only together with the client: nothing.
#[cfg(not(feature = "client-core"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __client_only {
    ($($item:tt)*) => {};
}

/// What is there only together with the client's own transports.
#[cfg(feature = "client")]
#[doc(hidden)]
#[macro_export]
macro_rules! __http_only {
    ($($item:tt)*) => { $($item)* };
}

/// What is there only together with the client's own transports: nothing.
#[cfg(not(feature = "client"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __http_only {
    ($($item:tt)*) => {};
}

/// What needs the client.
#[cfg(feature = "client-core")]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_client {
    ($($item:tt)*) => { $($item)* };
}

/// What needs the client, which is not there.
#[cfg(not(feature = "client-core"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_client {
    ($($item:tt)*) => {
        ::core::compile_error! {
            "`client` needs the feature `client` of the crate `signalr` (or `client-core`, without its transports)"
        }
    };
}

pub use {__client_only as client_only, __http_only as http_only, __with_client as with_client};
