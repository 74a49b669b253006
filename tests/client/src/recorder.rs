//! The receiver of a client, which writes down what it is called with.

use crate::conformance::ConformanceClient;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A call of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// `Receive(text)`.
    Receive(String),
    /// `Numbered(number)`.
    Numbered(u32),
    /// `Gone(connection_id, reason)`.
    Gone(String, Option<String>),
    /// `StreamCanceled()`.
    StreamCanceled,
}

impl Heard {
    /// `Receive` with that text.
    #[must_use]
    pub fn receive(text: &str) -> Self {
        Heard::Receive(text.to_owned())
    }
}

/// The receiver.
#[derive(Debug)]
pub struct Recorder(UnboundedSender<Heard>);

impl Recorder {
    /// A receiver, and what it hears.
    #[must_use]
    pub fn new() -> (Self, UnboundedReceiver<Heard>) {
        let (sender, receiver) = unbounded_channel();
        (Recorder(sender), receiver)
    }

    fn hear(&self, heard: Heard) {
        // The test may listen no more.
        let _ = self.0.send(heard);
    }
}

impl ConformanceClient for Recorder {
    async fn receive(&self, text: String) {
        self.hear(Heard::Receive(text));
    }

    async fn numbered(&self, number: u32) {
        self.hear(Heard::Numbered(number));
    }

    async fn gone(&self, connection_id: String, reason: Option<String>) {
        self.hear(Heard::Gone(connection_id, reason));
    }

    async fn stream_canceled(&self) {
        self.hear(Heard::StreamCanceled);
    }

    async fn answer(&self, question: String) -> String {
        format!("answer to {question}")
    }
}
