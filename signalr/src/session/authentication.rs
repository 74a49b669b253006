//! A session looks after its user's authentication: it ends when that expires, and tells the hub when it was renewed.

use super::Session;
use super::calls::Call;
use super::close::CloseReason;
use super::owner::Owner;
use std::sync::{Arc, Weak};
use std::task::Context;
use tokio::time::Instant;

/// What a session has besides where authentication may expire or be renewed.
pub(super) struct Authentication {
    owner: Arc<Owner>,
    /// Whether the session ends when the authentication does.
    ends: bool,
    until: Option<Instant>,
    /// Whether the hub is still to be told of a renewal.
    refreshed: bool,
    /// Alive while the hub is told of one. However often a client renews, there is one call of it at a time.
    telling: Weak<()>,
}

impl Session {
    /// Looks after the authentication of the owner; `ends` says whether its end is the session's. To be called before the
    /// session is polled.
    pub(crate) fn look_after(&mut self, owner: Arc<Owner>, ends: bool) {
        owner.connect(&self.peer);
        let until = if ends { owner.until() } else { None };
        self.authentication =
            Some(Box::new(Authentication { owner, ends, until, refreshed: false, telling: Weak::new() }));
    }

    /// When the authentication expires.
    pub(super) fn expires_at(&self) -> Option<Instant> {
        self.authentication.as_ref().and_then(|authentication| authentication.until)
    }

    /// Takes over what has changed. Says whether there is something to do because of it.
    pub(super) fn poll_authentication(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(authentication) = &mut self.authentication else { return false };
        if let Some(change) = authentication.owner.take_change() {
            authentication.until = change.until.filter(|_| authentication.ends);
            authentication.refreshed |= change.refreshed;
        }
        if !authentication.refreshed || self.connecting.is_some() || authentication.telling.strong_count() > 0 {
            return false;
        }
        authentication.refreshed = false;
        let Some(told) = self.service.refreshed() else { return false };
        let telling = Arc::new(());
        authentication.telling = Arc::downgrade(&telling);
        let future = Box::pin(async move {
            told.await;
            drop(telling);
        });
        self.calls.start(Call { future, id: None, cancel: None, drop: None, limited: false, streaming: false }, cx);
        true
    }

    /// Ends the session if the authentication has expired, and says so.
    pub(super) fn end_expired(&mut self, now: Instant) -> bool {
        let expired = self.expires_at().is_some_and(|until| now >= until);
        if expired {
            self.begin_close(CloseReason::AuthenticationExpired);
        }
        expired
    }
}
