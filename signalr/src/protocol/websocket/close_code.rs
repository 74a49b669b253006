//! Why a connection is closed, as a number.

use std::fmt;

/// A status code that a Close frame may carry ([RFC 6455, section 7.4](https://www.rfc-editor.org/rfc/rfc6455#section-7.4)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// The purpose of the connection is fulfilled.
    pub const NORMAL: Self = CloseCode(1000);
    /// The endpoint leaves: the server goes down, or the browser navigates away.
    pub const GOING_AWAY: Self = CloseCode(1001);
    /// The peer broke the rules of WebSocket.
    pub const PROTOCOL_ERROR: Self = CloseCode(1002);
    /// The peer sent a type of data that this endpoint does not accept.
    pub const UNSUPPORTED: Self = CloseCode(1003);
    /// Text was not UTF-8.
    pub const INVALID_PAYLOAD: Self = CloseCode(1007);
    /// The peer broke a rule that has no code of its own.
    pub const POLICY_VIOLATION: Self = CloseCode(1008);
    /// What the peer sent is too large.
    pub const TOO_BIG: Self = CloseCode(1009);
    /// The server cannot go on.
    pub const INTERNAL_ERROR: Self = CloseCode(1011);

    /// The code with this number, unless no Close frame may carry it.
    ///
    /// Allowed are 1000 to 1003 and 1007 to 1014 (assigned by IANA), 3000 to 3999 (registered by libraries) and 4000 to
    /// 4999 (private). 1005, 1006 and 1015 exist, but only to be reported by an API.
    pub const fn new(number: u16) -> Option<Self> {
        match number {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(CloseCode(number)),
            _ => None,
        }
    }

    /// The number on the wire.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
