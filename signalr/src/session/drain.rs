//! How a connection ends when the server ends: what runs may finish, nothing new begins, streams end at once.

use super::Session;
use super::close::CloseReason;
use super::peer::Drain;

impl Session {
    /// Says whether the connection closes now.
    pub(super) fn poll_drain(&mut self) -> bool {
        let Some(drain) = self.peer.draining() else { return false };
        match drain {
            Drain::Finish => self.calls.cancel_streams(),
            // Dropped calls are answered, before the Close message.
            Drain::Cut => {
                self.calls.cancel_all();
                self.calls.clear();
            }
        }
        let over = self.connecting.is_none() && self.calls.is_empty() && !self.calls.has_waiting();
        if over || drain == Drain::Cut {
            self.begin_close(CloseReason::Drained);
            return true;
        }
        false
    }
}
