//! The conformance suite of backplanes, for the backplanes of this crate, and for engines that behave as those of others do.

mod broken;
mod broker;
mod protocols;
mod silent;

mod memory {
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
}

/// Everything takes its time, and can fail.
mod slow {
    use crate::broker::Broker;

    signalr::backplane_suite!(Broker::new(true));
}

/// Nobody knows how many servers there are.
mod uncounted {
    use crate::broker::Broker;

    signalr::backplane_suite!(Broker::new(false));
}
