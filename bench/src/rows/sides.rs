//! The servers that are beside each other in a row.

use crate::Error;
use crate::plan::Plan;
use crate::process::{Other, Server};
use crate::server::Own;

#[derive(Debug, Clone, Copy)]
pub(super) enum Side<'a> {
    Own(Own),
    Other(&'a Other),
}

/// Those servers of ours, then all that were given.
pub(super) fn all<'a>(own: &[Own], plan: &'a Plan) -> Vec<Side<'a>> {
    own.iter().copied().map(Side::Own).chain(plan.others.iter().map(Side::Other)).collect()
}

impl Side<'_> {
    pub(super) fn name(&self) -> &str {
        match self {
            Side::Own(own) => own.name(),
            Side::Other(other) => &other.name,
        }
    }

    pub(super) fn start(&self, plan: &Plan) -> Result<Server, Error> {
        match self {
            Side::Own(own) => plan.server(*own),
            Side::Other(other) => Server::other(other),
        }
    }
}
