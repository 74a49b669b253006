//! The conformance suite of backplanes, for the backplanes of this crate.

mod memory;
