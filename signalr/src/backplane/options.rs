//! How a hub behaves in a fleet.

use std::time::Duration;

/// What a send does when the backplane [cannot carry](super::BackplaneError) it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WhenAway {
    /// Nobody gets the message, and [`Receipt::error`](crate::Receipt::error) says why. The default, as ASP.NET Core does.
    #[default]
    Fail,
    /// The connections of this server get the message; [`Receipt::error`](crate::Receipt::error) says why the others do not.
    /// That holds from when the backplane refuses messages at once: what it has taken before it knew that it is cut off is
    /// not delivered here either.
    DeliverLocally,
}

/// How the hubs of an application behave in a fleet: see [`SignalRBuilder::backplane_with`](crate::SignalRBuilder::backplane_with).
#[derive(Debug, Clone)]
#[must_use]
pub struct BackplaneOptions {
    pub(crate) when_away: WhenAway,
    pub(crate) ack_timeout: Duration,
    pub(crate) answer_timeout: Duration,
}

impl Default for BackplaneOptions {
    fn default() -> Self {
        BackplaneOptions {
            when_away: WhenAway::default(),
            ack_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(5),
        }
    }
}

impl BackplaneOptions {
    /// Sets what becomes of sends while the backplane cannot be reached. [`WhenAway::Fail`] by default.
    pub fn when_away(mut self, when_away: WhenAway) -> Self {
        self.when_away = when_away;
        self
    }

    /// Sets how long the server that holds a connection may take to confirm that it has added it to a group or removed it.
    /// 30 seconds by default, as in ASP.NET Core.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.ack_timeout = timeout;
        self
    }

    /// Sets how long other servers may take to answer what only servers of this crate know: who is in a group, whether a user
    /// is online, whether a connection was closed. 5 seconds by default.
    pub fn answer_timeout(mut self, timeout: Duration) -> Self {
        self.answer_timeout = timeout;
        self
    }
}
