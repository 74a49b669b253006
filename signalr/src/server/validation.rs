//! What is wrong with the options of a hub: found when they are put together, not when the first client comes.

use crate::session::keepalive::LONGEST;
use std::fmt;
use std::time::Duration;

/// An option that cannot hold, found by [`SignalRBuilder::try_build`](crate::SignalRBuilder::try_build). Its text says where,
/// which option, what its value is, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionsError {
    path: String,
    invalid: Invalid,
}

impl OptionsError {
    pub(super) fn new(path: &str, invalid: Invalid) -> Self {
        OptionsError { path: path.to_owned(), invalid }
    }

    /// The path of the hub.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The option, as the method that sets it is called: `HubOptions::keep_alive_interval`.
    pub fn option(&self) -> &str {
        self.invalid.option
    }
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Invalid { option, value, advice } = &self.invalid;
        write!(f, "hub at {:?}: {option} is {value}; {advice}", self.path)
    }
}

impl std::error::Error for OptionsError {}

/// The same without the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invalid {
    pub(super) option: &'static str,
    pub(super) value: String,
    /// What to write instead.
    pub(super) advice: String,
}

impl Invalid {
    pub(super) fn new(option: &'static str, value: impl fmt::Debug, advice: impl Into<String>) -> Self {
        Invalid { option, value: format!("{value:?}"), advice: advice.into() }
    }
}

/// A time that may be zero.
pub(super) fn at_most_a_year(option: &'static str, time: Duration) -> Result<(), Invalid> {
    if time > LONGEST {
        return Err(Invalid::new(option, time, "write a year at most: Duration::from_secs(365 * 24 * 3600)"));
    }
    Ok(())
}

/// An interval or a timeout, in which something has to happen.
pub(super) fn above_zero(option: &'static str, time: Duration, default: &str) -> Result<(), Invalid> {
    if time < Duration::from_millis(1) {
        return Err(Invalid::new(option, time, format!("write a millisecond at least; the default is {default}")));
    }
    at_most_a_year(option, time)
}

/// A bound below which nothing works.
pub(super) fn at_least(option: &'static str, value: usize, least: usize, advice: &str) -> Result<(), Invalid> {
    if value < least {
        return Err(Invalid::new(option, value, advice));
    }
    Ok(())
}
