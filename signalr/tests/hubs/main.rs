//! What the author of a hub can rely on: each test serves hubs of its own and talks to them over real sockets.

mod answers;
mod ends;
mod lifecycle;
mod panics;
mod sources;
mod support;
