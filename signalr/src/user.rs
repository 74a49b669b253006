//! Who the caller is, as the application's own layer found out.

use crate::transport::query::query_values;
use http::{HeaderValue, Request, header};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An authenticated user: an id, claims, and how long that holds.
///
/// The crate checks no tokens and no cookies: a layer of the application does, with whatever it likes, and puts a `User` into
/// the request's extensions. A request without one is anonymous. Hubs find it with [`Context::user`](crate::Context::user),
/// and its id is the one of [`Context::user_id`](crate::Context::user_id) and [`Clients::user`](crate::Clients::user). It is
/// cheap to clone. Matches `ClaimsPrincipal` of ASP.NET Core; the id is its claim `NameIdentifier`.
///
/// ```
/// use signalr::User;
///
/// let user = User::new("ann").with_claim("role", "editor").with_claim("role", "admin");
/// assert_eq!(user.id(), Some("ann"));
/// assert!(user.has_claim("role", "admin"));
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
#[must_use]
pub struct User(Arc<Facts>);

#[derive(Clone, PartialEq, Eq, Default)]
struct Facts {
    id: Option<Box<str>>,
    claims: Vec<(Box<str>, Box<str>)>,
    expiry: Option<SystemTime>,
}

impl User {
    /// A user by its id, which tells it from all others.
    pub fn new(id: impl Into<String>) -> Self {
        User(Arc::new(Facts { id: Some(id.into().into()), ..Facts::default() }))
    }

    /// A user who is authenticated, but has no id. Such users are not told apart from each other.
    pub fn without_id() -> Self {
        User::default()
    }

    /// Adds a claim. There may be several of one name.
    pub fn with_claim(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).claims.push((name.into().into(), value.into().into()));
        self
    }

    /// Sets when the authentication expires; `None` for never, which is the default. See
    /// [`HubOptions::close_on_authentication_expiration`](crate::HubOptions::close_on_authentication_expiration).
    pub fn with_expiry(mut self, expiry: impl Into<Option<SystemTime>>) -> Self {
        Arc::make_mut(&mut self.0).expiry = expiry.into();
        self
    }

    /// Sets when the authentication expires, in seconds since 1970, as the claim `exp` of a JSON web token has it. A time
    /// beyond what the system knows is never.
    pub fn with_unix_expiry(self, seconds: u64) -> Self {
        self.with_expiry(UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
    }

    /// The id, if the user has one.
    pub fn id(&self) -> Option<&str> {
        self.0.id.as_deref()
    }

    /// The value of the first claim of that name.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Whether there is such a claim.
    pub fn has_claim(&self, name: &str, value: &str) -> bool {
        self.claims().any(|claim| claim == (name, value))
    }

    /// The names and values of all claims, in the order in which they were added.
    pub fn claims(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.claims.iter().map(|(name, value)| (&**name, &**value))
    }

    /// When the authentication expires; `None` if it does not.
    pub fn expiry(&self) -> Option<SystemTime> {
        self.0.expiry
    }

    /// The time that is left; `None` if there is no end to it.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        self.expiry().map(|expiry| expiry.duration_since(SystemTime::now()).unwrap_or_default())
    }

    pub(crate) fn is_expired(&self) -> bool {
        self.time_left() == Some(Duration::ZERO)
    }
}

/// What claims say is nothing for logs.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("id", &self.0.id).field("expiry", &self.0.expiry).finish_non_exhaustive()
    }
}

/// The access token of a request: what stands in its header `Authorization: Bearer …`, else the query parameter
/// `access_token`, where browsers have to send it for WebSockets and Server-Sent Events because they can set no headers there.
///
/// It is meant for the layer that authenticates requests to hubs. Keep it away from routes that are no hub: links are shared
/// and logged.
///
/// ```
/// let request = http::Request::get("/chat?id=1&access_token=a%20b").body(()).unwrap();
/// assert_eq!(signalr::access_token(&request).as_deref(), Some("a b"));
/// ```
pub fn access_token<B>(request: &Request<B>) -> Option<Cow<'_, str>> {
    let header = request.headers().get(header::AUTHORIZATION).and_then(bearer);
    header.map(Cow::Borrowed).or_else(|| token_in(request.uri().query().unwrap_or_default()))
}

/// The name of the query parameter that holds the access token.
pub(crate) const ACCESS_TOKEN: &str = "access_token";

/// The access token in a query string.
pub(crate) fn token_in(query: &str) -> Option<Cow<'_, str>> {
    query_values(query, ACCESS_TOKEN).next().filter(|token| !token.is_empty())
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_may_be_many_of_one_name() {
        let user = User::new("ann").with_claim("role", "a").with_claim("role", "b");
        assert_eq!(user.claim("role"), Some("a"));
        assert!(user.has_claim("role", "b") && !user.has_claim("role", "c"));
        assert_eq!(user.claims().collect::<Vec<_>>(), [("role", "a"), ("role", "b")]);
        assert_eq!(user.claim("none"), None);
    }

    #[test]
    fn an_expiry_that_no_clock_reaches_is_none() {
        assert_eq!(User::new("ann").with_unix_expiry(u64::MAX).expiry(), None);
        let past = User::new("ann").with_unix_expiry(1);
        assert!(past.is_expired());
        assert!(!User::new("ann").is_expired());
        assert!(past != User::new("ann"));
    }

    #[test]
    fn logs_hold_no_claims() {
        let text = format!("{:?}", User::new("ann").with_claim("email", "a@example.org"));
        assert!(text.contains("ann") && !text.contains("example"), "{text}");
    }

    #[test]
    fn a_token_stands_in_the_header_or_in_the_query() {
        let request = |header: Option<&str>, uri: &str| {
            let builder = Request::get(uri);
            header.into_iter().fold(builder, |it, value| it.header("Authorization", value)).body(()).unwrap()
        };
        for (header, uri, expected) in [
            (Some("Bearer one"), "/hub?access_token=two", Some("one")),
            (Some("bearer  one"), "/hub", Some("one")),
            (Some("Basic one"), "/hub", None),
            (Some("Bearer"), "/hub", None),
            (Some("Bearer "), "/hub?Access_Token=t%2Bo", Some("t+o")),
            (None, "/hub?access_token=", None),
            (None, "/hub", None),
        ] {
            assert_eq!(access_token(&request(header, uri)).as_deref(), expected, "{header:?} {uri}");
        }
    }
}
