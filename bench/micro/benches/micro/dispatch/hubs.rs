//! What is called.

use futures_util::stream::{self, Stream, StreamExt};
use serde::{Deserialize, Serialize};
use signalr::protocol::Binary;
use signalr::{Answer, Context, HubCall, HubError, HubFilter, Next, Upload, hub};
use tokio::task::yield_now;

pub(crate) struct Kinds;

#[hub]
impl Kinds {
    fn echo(&self, text: String) -> String {
        text
    }

    fn nothing(&self) {}

    fn numbers(&self, small: i32, large: i64, real: f64, flag: bool) -> f64 {
        if flag { f64::from(small) + real } else { large as f64 }
    }

    fn order(&self, order: Order) -> u64 {
        order.lines.iter().map(|line| u64::from(line.count) * line.price).sum()
    }

    fn floats(&self, numbers: Vec<f64>) -> f64 {
        numbers.iter().sum()
    }

    fn bytes(&self, bytes: Binary) -> usize {
        bytes.len()
    }

    async fn ready(&self, text: String) -> String {
        text
    }

    async fn later(&self, text: String) -> String {
        yield_now().await;
        text
    }

    #[hub(spawn)]
    async fn spawned(&self, text: String) -> String {
        text
    }

    fn fails(&self, text: String) -> Result<String, HubError> {
        Err(HubError::public(text))
    }

    fn known(&self, ctx: Context<Self>) -> usize {
        ctx.connection_id().len() + ctx.user_id().map_or(0, str::len)
    }

    fn count(&self, count: u32) -> impl Stream<Item = u32> {
        stream::iter(0..count)
    }

    async fn sum(&self, mut numbers: Upload<u32>) -> Result<u32, HubError> {
        let mut sum = 0;
        while let Some(number) = numbers.next().await {
            sum += number?;
        }
        Ok(sum)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    id: u64,
    customer: String,
    note: Option<String>,
    lines: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    product_name: String,
    count: u32,
    price: u64,
}

impl Order {
    pub(crate) fn example() -> Self {
        let line = |nth| Line { product_name: format!("product {nth}"), count: nth, price: 1999 };
        Order { id: 1234, customer: "Ann Example".to_owned(), note: None, lines: (1..=5).map(line).collect() }
    }
}

/// A filter that does nothing.
pub(crate) struct Pass;

impl HubFilter for Pass {
    async fn invoke_method(&self, call: &mut HubCall, next: Next<'_>) -> Result<Answer, HubError> {
        next.run(call).await
    }
}

/// A hub whose methods all do the same.
macro_rules! hub_of {
    ($hub:ident: $($method:ident)*) => {
        pub(crate) struct $hub;

        #[hub]
        impl $hub {
            $(fn $method(&self, text: String) -> String {
                text
            })*
        }
    };
}

hub_of! { One: send_message }
hub_of! {
    Ten:
    get_message set_message add_message remove_message list_message find_message send_message join_message update_message
    close_message
}
hub_of! {
    Hundred:
    get_user set_user add_user remove_user list_user find_user send_user join_user update_user close_user get_room
    set_room add_room remove_room list_room find_room send_room join_room update_room close_room get_message
    set_message add_message remove_message list_message find_message send_message join_message update_message
    close_message get_order set_order add_order remove_order list_order find_order send_order join_order update_order
    close_order get_game set_game add_game remove_game list_game find_game send_game join_game update_game close_game
    get_player set_player add_player remove_player list_player find_player send_player join_player update_player
    close_player get_price set_price add_price remove_price list_price find_price send_price join_price update_price
    close_price get_alert set_alert add_alert remove_alert list_alert find_alert send_alert join_alert update_alert
    close_alert get_device set_device add_device remove_device list_device find_device send_device join_device
    update_device close_device get_document set_document add_document remove_document list_document find_document
    send_document join_document update_document close_document
}
