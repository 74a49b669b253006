//! The options of a [`Redis`].

use super::Redis;
use super::lane::Shared;
use super::link::{Endpoint, Endpoints};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// Why a [`Redis`] cannot be opened. No text has a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RedisError {
    /// A URL is not valid.
    #[error("the URL of Redis is not valid: {0}")]
    Url(String),
    /// A URL asks for TLS, which is not there.
    #[error("no TLS for Redis: {0}")]
    Tls(String),
    /// An option has a value that makes no sense.
    #[error("the options of Redis are not valid: {0}")]
    Options(String),
    /// It was called outside of a tokio runtime.
    #[error("a Redis backplane needs a tokio runtime")]
    NoRuntime,
}

/// Makes a [`Redis`]: see [`Redis::builder`].
#[must_use]
pub struct RedisBuilder {
    urls: Vec<String>,
    sentinel: Option<(String, Vec<String>)>,
    #[cfg(feature = "redis-tls")]
    root_certificates: Option<Vec<u8>>,
    prefix: String,
    max_unsent_bytes: usize,
    connect_timeout: Duration,
    response_timeout: Duration,
    backoff: (Duration, Duration),
}

/// What the task and its links look at.
pub(super) struct Options {
    pub(super) endpoints: Endpoints,
    pub(super) prefix: String,
    pub(super) max_unsent_bytes: usize,
    pub(super) connect_timeout: Duration,
    pub(super) response_timeout: Duration,
    pub(super) backoff: (Duration, Duration),
    #[cfg(feature = "redis-tls")]
    pub(super) tls: Option<super::tls::Tls>,
}

impl RedisBuilder {
    pub(super) fn new(url: String) -> Self {
        RedisBuilder {
            urls: vec![url],
            sentinel: None,
            #[cfg(feature = "redis-tls")]
            root_certificates: None,
            prefix: String::new(),
            max_unsent_bytes: 16 * 1024 * 1024,
            connect_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(5),
            backoff: (Duration::from_millis(100), Duration::from_secs(5)),
        }
    }

    /// Puts a text in front of the name of every channel, without a separator (`ChannelPrefix` of StackExchange.Redis), so that
    /// several applications can use one Redis. All servers of a fleet have the same. None by default.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Adds another node of a Redis Cluster: a cluster carries each payload to all of its nodes, so any one will do, and they
    /// are tried in turn. Each URL has its own user and password.
    ///
    /// Nodes of a cluster only know of their own subscribers, so nobody knows how many servers a payload has reached. Several
    /// nodes that are no cluster do not carry anything to each other.
    pub fn node(mut self, url: impl Into<String>) -> Self {
        self.urls.push(url.into());
        self
    }

    /// Asks Sentinels where the master of this name is, at each attempt to connect, one after the other. The builder's own URL
    /// then says with which user, password and database, and whether by TLS; its host and port are not used. The URLs of the Sentinels have
    /// their own user and password, and 26379 as the default of the port.
    pub fn sentinel(
        mut self,
        master: impl Into<String>,
        sentinels: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.sentinel = Some((master.into(), sentinels.into_iter().map(Into::into).collect()));
        self
    }

    /// Trusts these certificates (PEM) instead of those of the operating system, for `rediss://`.
    #[cfg(feature = "redis-tls")]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates = Some(pem.into());
        self
    }

    /// Sets how many bytes may wait to be sent or to be confirmed; what is published beyond fails with
    /// [`BackplaneError::Full`](crate::BackplaneError::Full). A payload that is larger is sent when nothing else waits. 16 MiB by
    /// default.
    pub fn max_unsent_bytes(mut self, bytes: usize) -> Self {
        self.max_unsent_bytes = bytes;
        self
    }

    /// Sets how long one attempt to connect to one node may take, login included. 5 seconds by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets for how long Redis may say nothing at all while an answer is due; then it counts as lost. After a silence of this
    /// length it is asked for one. 5 seconds by default.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    /// Sets how long to wait before connecting again: a random part of `min` at first, then up to twice as long each time, at
    /// most `max`, of which half is random. 100 milliseconds and 5 seconds by default.
    pub fn backoff(mut self, min: Duration, max: Duration) -> Self {
        self.backoff = (min, max);
        self
    }

    /// Begins to connect, and returns at once.
    ///
    /// # Errors
    /// When a URL or an option is not valid, or outside of a tokio runtime. A Redis that cannot be reached is no error.
    pub fn open(self) -> Result<Redis, RedisError> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| RedisError::NoRuntime)?;
        Ok(Redis::start(Arc::new(Shared::new(self.options()?)), &runtime))
    }

    fn options(self) -> Result<Options, RedisError> {
        let invalid = |text: &str| Err(RedisError::Options(text.to_owned()));
        let (min, max) = self.backoff;
        if min.is_zero() || min > max {
            return invalid("the first delay is zero or above the longest");
        }
        if self.connect_timeout.is_zero() || self.response_timeout.is_zero() {
            return invalid("a timeout is zero");
        }
        let mut nodes = self.urls.iter().map(|url| Endpoint::parse(url)).collect::<Result<Vec<_>, _>>()?;
        let endpoints = match self.sentinel {
            None => Endpoints::Nodes(nodes),
            Some((master, sentinels)) => {
                let sentinels =
                    sentinels.iter().map(|url| Endpoint::parse_sentinel(url)).collect::<Result<Vec<_>, _>>()?;
                match (nodes.pop(), nodes.is_empty(), sentinels.is_empty()) {
                    (Some(settings), true, false) => Endpoints::Sentinel { master, settings, sentinels },
                    (_, _, true) => return invalid("there are no Sentinels"),
                    _ => return invalid("Sentinels and several nodes exclude each other"),
                }
            }
        };
        #[cfg(feature = "redis-tls")]
        let tls = endpoints.any_tls().then(|| super::tls::Tls::new(self.root_certificates.as_deref())).transpose()?;
        #[cfg(not(feature = "redis-tls"))]
        if endpoints.any_tls() {
            return Err(RedisError::Tls("signalr was built without the feature `redis-tls`".to_owned()));
        }
        Ok(Options {
            endpoints,
            prefix: self.prefix,
            max_unsent_bytes: self.max_unsent_bytes,
            connect_timeout: self.connect_timeout,
            response_timeout: self.response_timeout,
            backoff: self.backoff,
            #[cfg(feature = "redis-tls")]
            tls,
        })
    }
}

/// The URLs are left out: passwords are in them.
impl fmt::Debug for RedisBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBuilder").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
