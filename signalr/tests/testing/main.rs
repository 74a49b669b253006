//! The test kit: what it offers, and that each fault does what it says.

mod faults;
mod recording;
mod serving;
mod stateful;
mod support;
