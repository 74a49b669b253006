//! What the author of a hub can rely on: each test serves hubs of its own and talks to them over real sockets.

mod addressing;
mod alive;
mod answers;
mod cancelling;
mod context;
mod ends;
mod filters;
mod lifecycle;
mod limits;
mod methods;
mod naming;
mod order;
mod origins;
mod own;
mod panics;
mod policies;
mod questions;
mod reading;
mod renewal;
mod sending;
mod shutdown;
mod slow;
mod sources;
mod support;
mod uploads;
mod users;
