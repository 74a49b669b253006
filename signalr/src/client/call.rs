//! Calls of the hub's methods.

use super::connection::HubConnection;
use super::error::ClientError;
use futures_util::Stream;
use serde::Serialize;
use std::marker::PhantomData;
use std::pin::Pin;

/// A call of a hub method, not yet sent. Awaiting it sends it and gives the result.
pub struct Call<'c, T> {
    connection: &'c HubConnection,
    result: PhantomData<fn() -> T>,
}

impl<'c, T> Call<'c, T> {
    /// Adds a stream that is sent with the call.
    pub fn upload<S>(self, stream: S) -> Self
    where
        S: Stream + Send + 'static,
        S::Item: Serialize,
    {
        drop(stream);
        self
    }

    /// Sends the call and asks for no answer.
    pub async fn send(self) -> Result<(), ClientError> {
        let _ = self.connection;
        todo!()
    }
}

impl<'c, T: serde::de::DeserializeOwned> IntoFuture for Call<'c, T> {
    type Output = Result<T, ClientError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<T, ClientError>> + Send + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        todo!()
    }
}

/// A call of a hub method that answers with a stream, not yet sent.
pub struct StreamCall<'c, T> {
    connection: &'c HubConnection,
    item: PhantomData<fn() -> T>,
}

impl<'c, T> StreamCall<'c, T> {
    /// Adds a stream that is sent with the call.
    pub fn upload<S>(self, stream: S) -> Self
    where
        S: Stream + Send + 'static,
        S::Item: Serialize,
    {
        drop(stream);
        let _ = self.connection;
        self
    }
}
