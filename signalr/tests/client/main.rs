//! The client, over the byte streams of a server in the same process.

mod calls;
mod streams;
mod support;
