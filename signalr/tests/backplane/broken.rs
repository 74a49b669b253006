//! Backplanes that break one promise each: the suite finds them.

use bytes::Bytes;
use signalr::testing::backplane::{Fleet, run};
use signalr::{Backplane, BackplaneError, BackplaneReceiver, MemoryBackplane, Told};
use std::future::ready;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Some payloads come after the next one.
    Disorder,
    /// Some payloads come twice.
    Repetition,
    /// Names of channels are not told apart by their case.
    Case,
    /// What is longer than so many bytes is cut.
    Cut(usize),
    /// Subscriptions are never taken back.
    Ghosts,
    /// The count is of somebody else.
    Count,
}

/// A server of a fleet in memory with a fault.
#[derive(Debug)]
struct Broken {
    memory: MemoryBackplane,
    fault: Fault,
    published: AtomicUsize,
    held: Mutex<Option<(String, Bytes)>>,
}

impl Broken {
    fn channel(&self, channel: &str) -> String {
        if self.fault == Fault::Case { channel.to_lowercase() } else { channel.to_owned() }
    }
}

impl Backplane for Broken {
    fn publish(&self, channel: &str, payload: Bytes) -> Result<Told<Option<usize>>, BackplaneError> {
        let channel = self.channel(channel);
        let nth = self.published.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            Fault::Disorder => {
                let mut held = self.held.lock().unwrap();
                if held.is_none() && nth % 10 == 3 {
                    *held = Some((channel, payload));
                    return Ok(Box::pin(ready(Ok(Some(1)))));
                }
                let late = held.take();
                drop(held);
                let told = self.memory.publish(&channel, payload);
                if let Some((channel, payload)) = late {
                    drop(self.memory.publish(&channel, payload));
                }
                told
            }
            Fault::Repetition if nth % 10 == 3 => {
                drop(self.memory.publish(&channel, payload.clone()));
                self.memory.publish(&channel, payload)
            }
            Fault::Cut(length) => self.memory.publish(&channel, payload.slice(..payload.len().min(length))),
            Fault::Count => {
                drop(self.memory.publish(&channel, payload));
                Ok(Box::pin(ready(Ok(Some(1)))))
            }
            _ => self.memory.publish(&channel, payload),
        }
    }

    fn subscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>) -> Told<()> {
        self.memory.subscribe(&self.channel(channel), receiver)
    }

    fn unsubscribe(&self, channel: &str, receiver: &Arc<BackplaneReceiver>) {
        if self.fault != Fault::Ghosts {
            self.memory.unsubscribe(&self.channel(channel), receiver);
        }
    }

    fn subscribers(&self, channel: &str) -> Told<Option<usize>> {
        self.memory.subscribers(&self.channel(channel))
    }

    fn is_connected(&self) -> bool {
        true
    }
}

struct BrokenFleet(MemoryBackplane, Fault);

impl Fleet for BrokenFleet {
    async fn server(&self) -> Arc<dyn Backplane> {
        let (published, held) = (AtomicUsize::new(0), Mutex::default());
        Arc::new(Broken { memory: self.0.clone(), fault: self.1, published, held })
    }
}

/// Checks that these cases find the fault.
async fn is_found(fault: Fault, cases: &[&'static str]) {
    for case in cases.iter().copied() {
        let fleet = BrokenFleet(MemoryBackplane::new(), fault);
        let ended = tokio::spawn(run(case, fleet)).await;
        assert!(ended.is_err_and(|error| error.is_panic()), "'{case}' does not find {fault:?}");
    }
}

#[tokio::test]
async fn what_comes_out_of_order_is_found() {
    is_found(Fault::Disorder, &["engine_keeps_the_order_of_payloads", "order_is_kept_to_a_group"]).await;
}

#[tokio::test]
async fn what_comes_twice_is_found() {
    is_found(Fault::Repetition, &["engine_keeps_the_order_of_payloads", "order_is_kept_to_all", "selects_all"]).await;
}

#[tokio::test]
async fn names_that_are_mixed_up_are_found() {
    is_found(Fault::Case, &["engine_keeps_channels_apart_by_their_bytes"]).await;
}

#[tokio::test]
async fn payloads_that_are_cut_are_found() {
    is_found(Fault::Cut(1000), &["engine_carries_large_payloads"]).await;
    is_found(Fault::Cut(10), &["engine_carries_any_payload"]).await;
}

#[tokio::test]
async fn subscriptions_that_are_left_are_found() {
    is_found(Fault::Ghosts, &["engine_takes_subscriptions_back", "engine_serves_several_receivers_of_a_channel"]).await;
}

#[tokio::test]
async fn wrong_counts_are_found() {
    is_found(Fault::Count, &["engine_reaches_every_server", "receipts_tell_how_many_servers_have_it"]).await;
}

#[tokio::test]
#[should_panic(expected = "there is no case 'something'")]
async fn unknown_cases_are_found() {
    run("something", BrokenFleet(MemoryBackplane::new(), Fault::Count)).await;
}
