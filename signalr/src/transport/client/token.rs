//! The access token of one connection.

use crate::client::connect::ConnectError;
use crate::client::http::TokenProvider;
use futures_util::FutureExt;
use http::HeaderValue;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

/// What a connection presents, and where it comes from.
pub(super) struct Tokens {
    provider: Option<TokenProvider>,
    /// As the value of the header; the one that was had last.
    current: Mutex<Option<HeaderValue>>,
}

impl Tokens {
    pub(super) fn new(provider: Option<TokenProvider>) -> Self {
        Tokens { provider, current: Mutex::default() }
    }

    /// The one that a server has given for another one.
    pub(super) fn fixed(token: &str) -> Result<Self, ConnectError> {
        Ok(Tokens { provider: None, current: Mutex::new(Some(bearer(token)?)) })
    }

    pub(super) fn current(&self) -> Option<HeaderValue> {
        self.lock().clone()
    }

    pub(super) fn can_be_asked(&self) -> bool {
        self.provider.is_some()
    }

    /// Asks the application, where it is the source.
    pub(super) async fn ask(&self) -> Result<Option<HeaderValue>, ConnectError> {
        let Some(provider) = &self.provider else { return Ok(self.current()) };
        let asked = AssertUnwindSafe(async { provider().await }).catch_unwind().await;
        match asked {
            Ok(Ok(token)) => token.filter(|token| !token.is_empty()).map(|token| bearer(&token)).transpose(),
            Ok(Err(error)) => Err(ConnectError::AccessToken(error)),
            Err(_panic) => Err(failed("the provider of the access token panicked")),
        }
    }

    /// What is presented from now on.
    pub(super) fn keep(&self, token: Option<HeaderValue>) {
        *self.lock() = token;
    }

    /// Asks, and keeps the answer.
    pub(super) async fn renew(&self) -> Result<Option<HeaderValue>, ConnectError> {
        let token = self.ask().await?;
        self.keep(token.clone());
        Ok(token)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<HeaderValue>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bearer(token: &str) -> Result<HeaderValue, ConnectError> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| failed("the access token has characters that no header can carry"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn failed(text: &'static str) -> ConnectError {
    ConnectError::AccessToken(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(text)))
}
