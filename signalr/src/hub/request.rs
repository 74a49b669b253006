//! What is kept of the HTTP request that opened a connection.

use crate::transport::query::{has_name, query_values};
#[cfg(feature = "server")]
use crate::transport::server::handover::HttpConnection;
use crate::user::{ACCESS_TOKEN, User, token_in};
#[cfg(feature = "server")]
use axum::extract::{ConnectInfo, OriginalUri};
#[cfg(feature = "server")]
use http::request::Parts;
use http::{Extensions, HeaderMap};
use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;

/// The query string, the headers, the extensions and the peer's address of the request that opened a connection.
///
/// It is one compact copy: an idle connection pins none of the HTTP server's buffers.
#[derive(Default, Clone)]
pub struct Request {
    /// Without the access token.
    query: Box<str>,
    /// The one in the query.
    access_token: Option<Box<str>>,
    /// `name: value\n` for each header with a value in UTF-8.
    headers: Box<str>,
    extensions: Option<Box<Extensions>>,
    peer_address: Option<SocketAddr>,
}

impl Request {
    /// What is kept of a request.
    #[cfg(feature = "server")]
    pub(crate) fn of(mut parts: Parts) -> Self {
        let extensions = &mut parts.extensions;
        let connection = extensions.remove::<ConnectInfo<HttpConnection>>();
        let address = extensions.remove::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address);
        let peer_address = address.or_else(|| connection.map(|ConnectInfo(connection)| connection.peer_address()));
        if let Some(OriginalUri(uri)) = extensions.remove()
            && let Ok(copy) = uri.to_string().parse()
        {
            // As it comes, it keeps the buffer that the request was read into.
            extensions.insert(OriginalUri(copy));
        }
        Self::new(parts.uri.query().unwrap_or_default(), &parts.headers, parts.extensions, peer_address)
    }

    /// What the parts of a request hold. Values of headers that are not UTF-8 are left out.
    pub(crate) fn new(
        query: &str,
        headers: &HeaderMap,
        extensions: Extensions,
        peer_address: Option<SocketAddr>,
    ) -> Self {
        let length = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 2).sum();
        let mut text = String::with_capacity(length);
        for (name, value) in headers {
            if let Ok(value) = std::str::from_utf8(value.as_bytes()) {
                text.push_str(name.as_str());
                text.push(':');
                text.push_str(value);
                text.push('\n');
            }
        }
        let (query, access_token) = match token_in(query) {
            Some(token) => {
                let others: Vec<&str> = query.split('&').filter(|pair| !has_name(pair, ACCESS_TOKEN)).collect();
                (others.join("&").into(), Some(token.into()))
            }
            None => (query.into(), None),
        };
        Request {
            query,
            access_token,
            headers: text.into(),
            extensions: (!extensions.is_empty()).then(|| Box::new(extensions)),
            peer_address,
        }
    }

    /// The value of the first header of that name, whose case does not matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.lines().filter_map(|line| line.split_once(':'));
        headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The query string as it was sent, without the question mark and without the parameter `access_token`: a token does not
    /// belong where it is only printed. [`query`](Self::query) has it.
    pub fn query_string(&self) -> &str {
        &self.query
    }

    /// The decoded value of the first query parameter of that name, whose case does not matter. A parameter without a
    /// value is the empty string. Browsers send their token as `access_token`, which is a secret.
    pub fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        if let Some(token) = self.access_token.as_deref().filter(|_| name.eq_ignore_ascii_case(ACCESS_TOKEN)) {
            return Some(token.into());
        }
        query_values(&self.query, name).next()
    }

    /// A value that a layer of the application has put into the request's extensions.
    pub fn extension<T: Clone + Send + Sync + 'static>(&self) -> Option<&T> {
        self.extensions.as_ref()?.get()
    }

    /// Who sent this request, if a layer of the application has found that out. See [`Context::user`](crate::Context::user)
    /// for who the caller is now.
    pub fn user(&self) -> Option<&User> {
        self.extension()
    }

    /// The address of the peer, where the application serves with axum's `ConnectInfo` of it or of
    /// an [`HttpConnection`](crate::HttpConnection). Behind a proxy it is the proxy's.
    pub fn peer_address(&self) -> Option<SocketAddr> {
        self.peer_address
    }
}

/// Neither tokens nor cookies belong into logs.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("peer_address", &self.peer_address).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_and_keys_ignore_case() {
        let request = Request { query: "Name=J%c3%bcrgen+M%2&empty&name=second".into(), ..Request::default() };
        assert_eq!(request.query("name").as_deref(), Some("Jürgen M%2"));
        assert_eq!(request.query("EMPTY").as_deref(), Some(""));
        assert_eq!(request.query("none"), None);
    }

    #[test]
    fn the_access_token_is_told_only_to_those_who_ask_for_it() {
        for (query, rest) in [
            ("access_token=s%2B1", ""),
            ("a=1&Access_Token=s%2B1&b=2", "a=1&b=2"),
            ("a=1&access%5Ftoken=s%2B1&access_token=other", "a=1"),
        ] {
            let request = Request::new(query, &HeaderMap::new(), Extensions::new(), None);
            assert_eq!(request.query_string(), rest);
            assert_eq!(request.query("ACCESS_TOKEN").as_deref(), Some("s+1"));
            assert!(!format!("{request:?}").contains("s+1"));
        }
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let mut headers = HeaderMap::new();
        headers.insert("x-trace", "a: b".parse().unwrap());
        let request = Request::new("", &headers, Extensions::new(), None);
        assert_eq!(request.header("X-Trace"), Some("a: b"));
        assert_eq!(request.header("x-other"), None);
    }
}
