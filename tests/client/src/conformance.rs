//! The hubs of the conformance server, as those see them who do not have its code.

use crate::everything::Everything;
use futures_util::Stream;
use signalr::protocol::Binary;
use signalr::{hub, receiver};

/// What the hub calls on its clients.
#[receiver]
pub trait ConformanceClient {
    /// A message.
    async fn receive(&self, text: String);
    /// One of many messages.
    async fn numbered(&self, number: u32);
    /// Another client has gone.
    async fn gone(&self, connection_id: String, reason: Option<String>);
    /// An endless stream was cancelled.
    async fn stream_canceled(&self);
    /// A question.
    async fn answer(&self, question: String) -> String;
}

/// The methods of the hub.
#[hub(receiver = ConformanceClient)]
pub trait Conformance {
    /// The argument.
    fn echo(&self, text: String) -> String;
    /// The argument.
    fn echo_null(&self, text: Option<String>) -> Option<String>;
    /// The argument.
    fn echo_bytes(&self, bytes: Binary) -> Binary;
    /// The argument.
    fn echo_everything(&self, value: Everything) -> Everything;
    /// A value of each kind.
    fn make_everything(&self) -> Everything;
    /// The sum.
    fn add(&self, a: i32, b: i32) -> i32;
    /// The quotient.
    fn divide(&self, a: f64, b: f64) -> f64;
    /// Nothing.
    fn do_nothing(&self);
    /// A long text.
    fn large_result(&self, length: usize) -> String;
    /// A method of another name.
    #[hub(name = "renamed-method")]
    fn renamed(&self) -> String;
    /// Sleeps.
    async fn slow(&self, milliseconds: u64) -> String;
    /// Sleeps, unless it is cancelled.
    async fn slow_cancellable(&self, milliseconds: u64) -> String;
    /// Fails with an error that clients do not see.
    fn throw(&self, text: String);
    /// Fails with an error that clients see.
    fn throw_hub_exception(&self, text: String);
    /// Only for the user `admin`.
    fn admin_only(&self) -> String;
    /// Ends the caller's connection.
    fn abort(&self);
    /// The caller's connection.
    fn get_connection_id(&self) -> String;
    /// The caller's user.
    fn get_user_identifier(&self) -> Option<String>;
    /// The caller's transport.
    fn get_transport(&self) -> String;
    /// A value of the query with which the caller connected.
    fn get_query(&self, name: String) -> Option<String>;
    /// A header with which the caller connected.
    fn get_header(&self, name: String) -> Option<String>;
    /// Keeps an item with the connection.
    fn set_item(&self, key: String, value: String);
    /// The item that was kept.
    fn get_item(&self, key: String) -> Option<String>;
    /// `Receive` to the caller.
    async fn send_to_caller(&self, message: String);
    /// `Receive` to all but the caller.
    async fn send_to_others(&self, message: String);
    /// `Receive` to all but those.
    async fn send_to_all_except(&self, ids: Vec<String>, message: String);
    /// `Receive` to one client.
    async fn send_to_client(&self, id: String, message: String);
    /// `Receive` to some clients.
    async fn send_to_clients(&self, ids: Vec<String>, message: String);
    /// The caller joins a group.
    fn join_group(&self, group: String);
    /// The caller leaves a group.
    fn leave_group(&self, group: String);
    /// Another client joins a group.
    fn add_to_group(&self, id: String, group: String);
    /// `Receive` to a group.
    async fn send_to_group(&self, group: String, message: String);
    /// `Receive` to a group but for some.
    async fn send_to_group_except(&self, group: String, ids: Vec<String>, message: String);
    /// `Receive` to a group but for the caller.
    async fn send_to_others_in_group(&self, group: String, message: String);
    /// `Receive` to a user.
    async fn send_to_user(&self, user: String, message: String);
    /// Asks a client.
    async fn ask_client(&self, id: String, question: String) -> String;
    /// Many calls of the caller's `Numbered`.
    async fn send_many(&self, count: u32);
    /// Counts up from 0.
    fn counter(&self, count: i32, delay_ms: u64) -> impl Stream<Item = i32>;
    /// Counts, then fails.
    fn counter_throws(&self, count: i32) -> impl Stream<Item = i32>;
    /// Fails before it streams.
    fn stream_throws_at_once(&self) -> impl Stream<Item = i32>;
    /// No items.
    fn empty_stream(&self) -> impl Stream<Item = i32>;
    /// Ends when it is cancelled only.
    fn infinite(&self) -> impl Stream<Item = String>;
    /// The sum of all items.
    async fn sum(&self, numbers: impl Stream<Item = i32>) -> i32;
    /// All items, one behind the other.
    async fn concat(&self, texts: impl Stream<Item = String>) -> String;
    /// The sums of two streams.
    async fn two_streams(
        &self,
        first: impl Stream<Item = i32>,
        label: String,
        second: impl Stream<Item = i32>,
    ) -> String;
    /// Each item in capitals.
    fn upper(&self, texts: impl Stream<Item = String>) -> impl Stream<Item = String>;
}
