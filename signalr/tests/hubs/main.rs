//! What the author of a hub can rely on: each test serves hubs of its own and talks to them over real sockets.

mod ends;
mod lifecycle;
mod sources;
mod support;
