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

hub_of! { One: a0 }
hub_of! { Ten: a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 }
hub_of! {
    Hundred:
    a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 b0 b1 b2 b3 b4 b5 b6 b7 b8 b9 c0 c1 c2 c3 c4 c5 c6 c7 c8 c9 d0 d1 d2 d3 d4 d5 d6 d7 d8 d9
    e0 e1 e2 e3 e4 e5 e6 e7 e8 e9 f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 g0 g1 g2 g3 g4 g5 g6 g7 g8 g9 h0 h1 h2 h3 h4 h5 h6 h7 h8 h9
    i0 i1 i2 i3 i4 i5 i6 i7 i8 i9 j0 j1 j2 j3 j4 j5 j6 j7 j8 j9
}
