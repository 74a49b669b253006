//! What generated code uses; not a part of the public interface.

#[cfg(feature = "client-core")]
pub use crate::client::{
    builder::HubConnectionBuilder,
    call::Call,
    callback::Callback,
    connection::HubConnection,
    error::ClientError,
    handlers::Handlers,
    receiver::{HubClient, ReceiverFor},
    stream::StreamCall,
};
pub use crate::clients::results::ClientResult;
pub use crate::clients::sent::Sent;
pub use crate::clients::target::{Many, NoReceiver, Receiver, Single, SingleClient, Target};
pub use crate::clients::wire::AsWire;
pub use crate::hub::arg::*;
pub use crate::hub::call::HubCall;
pub use crate::hub::context::Context;
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
pub use std;
