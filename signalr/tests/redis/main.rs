//! The Redis backplane against real Redis servers, which the tests start.

mod basics;
#[cfg(feature = "metrics")]
#[path = "../telemetry/capture.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod capture;
mod churn;
mod conformance;
#[cfg(feature = "metrics")]
#[path = "../telemetry/counting.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod counting;
#[cfg(feature = "redis-tls")]
mod encrypted;
mod faults;
mod logins;
mod server;
mod several;
mod support;
#[cfg(feature = "metrics")]
mod told;
