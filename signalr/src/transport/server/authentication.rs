//! Whose requests are let through to a connection, and how its user's authentication is renewed.

use super::negotiate::plain;
use crate::session::BoxFuture;
use crate::session::owner::{Identity, Owner};
use crate::user::User;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Makes the id of a request's user.
pub(crate) type UserId = Arc<dyn Fn(&Parts) -> Option<String> + Send + Sync>;
/// Decides on renewed credentials.
pub(crate) type Decision = Arc<dyn Fn(AuthenticationRefresh) -> BoxFuture<bool> + Send + Sync>;

/// Longer lifetimes are told as this one.
const MAX_LIFETIME: u64 = i32::MAX as u64;

/// Credentials that a client has renewed, for
/// [`HubOptions::on_authentication_refresh`](crate::HubOptions::on_authentication_refresh) to decide on. Matches the context
/// of `OnAuthenticationRefresh`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AuthenticationRefresh {
    /// The public id of the connection.
    pub connection_id: String,
    /// The user of the connection up to now; `None` if it is anonymous, or not open yet.
    pub current: Option<User>,
    /// The user that the new credentials are for; `None` if a poll or a stateful reconnect came without any.
    pub renewed: Option<User>,
}

/// What is to be known of the users of an endpoint.
#[derive(Clone, Default)]
pub(crate) struct Users {
    pub(crate) id: Option<UserId>,
    /// Whether connections end when the authentication of their user does.
    pub(crate) end_with_authentication: bool,
    /// Whether authentication can be renewed while a connection goes on.
    pub(crate) refresh: bool,
    pub(crate) decision: Option<Decision>,
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users")
            .field("end_with_authentication", &self.end_with_authentication)
            .field("refresh", &self.refresh)
            .finish_non_exhaustive()
    }
}

/// Whether a poll or a stateful reconnect is let through.
pub(crate) enum Readmission {
    Granted,
    /// Another user: the connection goes on without it.
    Forbidden,
    /// The application decides; if it refuses, the connection ends.
    Asked(BoxFuture<bool>),
}

impl Users {
    /// Whether sessions have to look after the authentication of their users.
    pub(crate) fn are_looked_after(&self) -> bool {
        self.end_with_authentication || self.refresh
    }

    pub(crate) fn identity(&self, parts: &Parts) -> Identity {
        let user = parts.extensions.get::<User>();
        let id = match &self.id {
            Some(id) => id(parts).map(Into::into),
            None => user.and_then(User::id).map(Into::into),
        };
        Identity { is_known: user.is_some(), id }
    }

    /// The user of a connection that this request opens.
    pub(crate) fn owner(&self, connection: &str, parts: &Parts) -> Arc<Owner> {
        Owner::new(connection, self.identity(parts), parts.extensions.get().cloned())
    }

    /// Whether a further poll or a stateful reconnect comes from the user of the connection, who may have changed.
    pub(crate) fn readmit(&self, owner: &Arc<Owner>, parts: &Parts) -> Readmission {
        let identity = self.identity(parts);
        let user = parts.extensions.get::<User>();
        if !self.refresh {
            if !owner.is(&identity) {
                return Readmission::Forbidden;
            }
            owner.follow(user);
            return Readmission::Granted;
        }
        if owner.has(&identity, user) {
            return Readmission::Granted;
        }
        match self.ask(owner, user) {
            Some(decided) => {
                let (owner, user) = (owner.clone(), user.cloned());
                Readmission::Asked(Box::pin(async move {
                    let accepted = decided.await;
                    if accepted {
                        owner.refresh(identity, user);
                    }
                    accepted
                }))
            }
            None if owner.is(&identity) => {
                owner.refresh(identity, user.cloned());
                Readmission::Granted
            }
            None => Readmission::Forbidden,
        }
    }

    fn ask(&self, owner: &Owner, renewed: Option<&User>) -> Option<BoxFuture<bool>> {
        let decision = self.decision.as_ref()?;
        let connection_id = owner.connection().to_owned();
        Some(decision(AuthenticationRefresh { connection_id, current: owner.user(), renewed: renewed.cloned() }))
    }

    /// Renews the authentication of a connection by a request to `…/refresh`. One that is not open yet has nothing to renew:
    /// whoever opens it is authenticated anew.
    pub(crate) fn renew(&self, id: &str, owner: Option<Arc<Owner>>, parts: &Parts) -> BoxFuture<Response> {
        let Some(user) = parts.extensions.get::<User>().filter(|user| !user.is_expired()).cloned() else {
            return Box::pin(std::future::ready(refused(StatusCode::UNAUTHORIZED, "invalid_token")));
        };
        let identity = self.identity(parts);
        let is_open = owner.is_some();
        let owner = owner.unwrap_or_else(|| Owner::new(id, Identity::default(), None));
        let decided = self.ask(&owner, Some(&user));
        Box::pin(async move {
            let accepted = match decided {
                Some(decided) => decided.await,
                None => !is_open || owner.is(&identity),
            };
            if !accepted {
                return rejected();
            }
            owner.refresh(identity, Some(user));
            let body = match owner.user().as_ref().and_then(lifetime) {
                Some(seconds) => format!("{{\"tokenLifetimeSeconds\":{seconds}}}"),
                None => "{}".to_owned(),
            };
            json(StatusCode::OK, body)
        })
    }
}

/// Whole seconds until the authentication expires, if it does.
pub(crate) fn lifetime(user: &User) -> Option<u64> {
    user.time_left().as_ref().map(Duration::as_secs).map(|seconds| seconds.min(MAX_LIFETIME))
}

/// The answer to another user.
pub(crate) fn forbidden() -> Response {
    plain(StatusCode::FORBIDDEN, "")
}

/// The answer where the application refuses the renewed credentials.
pub(crate) fn rejected() -> Response {
    refused(StatusCode::FORBIDDEN, "permission_change_rejected")
}

/// A refusal of `…/refresh`.
pub(crate) fn refused(status: StatusCode, error: &str) -> Response {
    tracing::debug!(status = status.as_u16(), reason = error, "request refused");
    json(status, format!("{{\"error\":\"{error}\"}}"))
}

fn json(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
