//! JSON web tokens: made at the login, checked with every request.

use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use signalr::User;
use signalr::protocol::negotiate::new_connection_id;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a token lives.
pub(crate) const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Makes and checks tokens, with a key of this process.
#[derive(Clone)]
pub(crate) struct Tokens(Arc<Keys>);

struct Keys {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

/// What a token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    roles: Vec<String>,
    exp: u64,
}

impl Tokens {
    pub(crate) fn new() -> io::Result<Self> {
        // Two ids are 256 random bits. A real application keeps its key somewhere, or asks an identity provider for one.
        let secret = [new_connection_id()?, new_connection_id()?].concat();
        Ok(Tokens(Arc::new(Keys {
            encoding: EncodingKey::from_secret(secret.as_bytes()),
            decoding: DecodingKey::from_secret(secret.as_bytes()),
        })))
    }

    /// A token for a user.
    pub(crate) fn issue(&self, name: &str, roles: &[&str]) -> Result<String, jsonwebtoken::errors::Error> {
        let exp = (SystemTime::now() + LIFETIME).duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let roles = roles.iter().map(ToString::to_string).collect();
        jsonwebtoken::encode(&Header::default(), &Claims { sub: name.to_owned(), roles, exp }, &self.0.encoding)
    }

    /// The user whom a token is for, if it is good.
    pub(crate) fn user(&self, token: &str) -> Option<User> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.0.decoding, &Validation::default()).ok()?.claims;
        let user = User::new(claims.sub).with_unix_expiry(claims.exp);
        Some(claims.roles.into_iter().fold(user, |user, role| user.with_claim("role", role)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_where_it_was_made_and_nowhere_else() {
        let tokens = Tokens::new().unwrap();
        let token = tokens.issue("ann", &["admin"]).unwrap();
        let user = tokens.user(&token).unwrap();
        assert_eq!(user.id(), Some("ann"));
        assert!(user.has_claim("role", "admin") && user.expiry() > Some(SystemTime::now()));
        assert_eq!(Tokens::new().unwrap().user(&token), None);
        assert_eq!(tokens.user(&token.replace('.', "_")), None);
    }
}
