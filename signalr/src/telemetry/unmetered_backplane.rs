//! Stands in for the meters of a backplane without the feature `metrics`: of no size, and does nothing.

#[derive(Debug)]
pub(crate) struct BackplaneMeters;

impl BackplaneMeters {
    pub(crate) fn new() -> Self {
        BackplaneMeters
    }

    pub(crate) fn connected(&self, _is_connected: bool) {}

    pub(crate) fn published(&self, _payloads: u64) {}

    pub(crate) fn publish_failed(&self, _payloads: u64) {}

    pub(crate) fn received(&self) {}

    pub(crate) fn lost(&self) {}
}
