//! Servers of one process.

use signalr::testing::backplane::Fleet;
use signalr::{Backplane, MemoryBackplane};
use std::sync::Arc;

#[derive(Default)]
struct Memory(MemoryBackplane);

impl Fleet for Memory {
    async fn server(&self) -> Arc<dyn Backplane> {
        Arc::new(self.0.clone())
    }
}

signalr::backplane_suite!(Memory::default());
