//! The Redis backplane against real Redis servers, which the tests start.

mod basics;
mod conformance;
mod faults;
mod logins;
mod server;
mod several;
mod support;
