//! Parameters, results and options.

use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use signalr::{
    CancellationToken, CloseReason, Context, FromInvocation, HubError, HubMethods, Invocation, PublicError, Upload, hub,
};
use std::fmt::Debug;
use std::future::Future;
use std::sync::Mutex;

#[derive(Debug, Default)]
struct Forms {
    lines: Mutex<Vec<String>>,
}

/// An error that clients may read.
#[derive(Debug)]
struct Full;

impl PublicError for Full {
    fn to_hub_error(&self) -> HubError {
        HubError::public("full")
    }
}

/// An extractor that fits every hub.
struct Caller(String);

impl<H: HubMethods> FromInvocation<H> for Caller {
    fn from_invocation(_: &mut Invocation<'_, H>) -> Result<Self, HubError> {
        Ok(Caller("somebody".into()))
    }
}

type Ctx = Context<Forms>;
type Ticks = stream::Iter<std::ops::Range<u32>>;
type Counted = Result<usize, Full>;

#[hub]
impl Forms {
    const LIMIT: usize = 3;

    async fn on_connected(&self, ctx: Context<Self>) -> Result<(), HubError> {
        drop(ctx);
        Ok(())
    }

    fn on_disconnected(&self, reason: CloseReason, ctx: Context<Self>) {
        drop((reason, ctx));
    }

    // ---- parameters ----

    fn patterns(&self, (a, b): (i32, i32), _: u32, mut c: i32, r#type: String, _unused: u8) -> i32 {
        c += a + b;
        c + i32::try_from(r#type.len()).unwrap_or_default()
    }

    fn optional(&self, first: Option<u32>, second: u32, third: Option<u32>) -> u32 {
        first.unwrap_or_default() + second + third.unwrap_or_default()
    }

    fn given(&self, line: u32, ctx: Context<Self>, token: CancellationToken) -> u32 {
        drop((ctx, token));
        line
    }

    fn injected(&self, #[inject] ctx: Ctx, #[inject] caller: Caller, line: u32) -> String {
        drop(ctx);
        format!("{} {line}", caller.0)
    }

    async fn uploads(&self, mut numbers: Upload<i64>, more: Upload<i64>) -> Result<i64, HubError> {
        drop(more);
        let mut sum = 0;
        while let Some(number) = numbers.next().await {
            sum += number?;
        }
        Ok(sum)
    }

    async fn plain_upload(&self, numbers: impl Stream<Item = i64> + Send) -> i64 {
        numbers.fold(0, |sum, number| async move { sum + number }).await
    }

    // ---- results ----

    fn nothing(&self) {}

    fn borrowed(&self, ctx: Context<Self>) -> &'static str {
        drop(ctx);
        "text"
    }

    fn aliased(&self) -> Counted {
        let lines = self.lines.lock().map_err(|_| Full)?;
        if lines.len() > Self::LIMIT { Err(Full) } else { Ok(lines.len()) }
    }

    fn io(&self) -> std::io::Result<()> {
        Ok(())
    }

    fn boxed_error(&self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }

    fn future(&self) -> impl Future<Output = usize> + Send {
        std::future::ready(Self::LIMIT)
    }

    fn stream(&self, count: u32) -> impl Stream<Item = u32> {
        stream::iter(0..count)
    }

    fn borrowing_stream(&self) -> impl Stream<Item = usize> {
        stream::iter(0..3).map(|number| number + self.lines.lock().map_or(0, |lines| lines.len()))
    }

    fn fallible_stream(&self) -> Result<impl Stream<Item = Result<u32, std::io::Error>>, Full> {
        Ok(stream::iter([Ok(1)]))
    }

    async fn awaited_stream(&self) -> Result<impl Stream<Item = Result<u32, Full>> + use<>, HubError> {
        Ok(stream::iter([Ok(1), Err(Full)]))
    }

    fn boxed_stream(&self) -> BoxStream<'static, u32> {
        stream::iter([1]).boxed()
    }

    // ---- options ----

    #[hub(stream)]
    fn aliased_stream(&self) -> Ticks {
        stream::iter(0..3)
    }

    #[hub(name = "heavy.work", spawn)]
    async fn heavy(&self) -> u32 {
        1
    }

    #[hub(blocking)]
    fn block(&self) -> u32 {
        1
    }

    #[hub(cancel = drop)]
    async fn dropped(&self, number: u8) -> Result<u8, Full> {
        Ok(number)
    }

    /// Replaced by `nothing`.
    #[deprecated]
    pub(crate) fn r#match(&self) {}

    #[cfg(any())]
    fn gone(&self, missing: Missing) {}

    #[cfg(any())]
    fn nothing(&self, missing: Missing) {}

    #[hub(skip)]
    fn new() -> Self {
        Forms::default()
    }
}

#[test]
fn the_table_says_what_a_method_is() {
    const { assert!(Forms::ON_CONNECTED.is_some() && Forms::ON_DISCONNECTED.is_some()) }
    let _ = Forms::new();
    let expected = [
        "Patterns 5..=5 arguments",
        "Optional 2..=3 arguments",
        "Given 1..=1 arguments",
        "Injected 1..=1 arguments",
        "Uploads 0..=0 arguments, 2 uploads",
        "PlainUpload 0..=0 arguments, 1 uploads",
        "Nothing 0..=0 arguments",
        "Borrowed 0..=0 arguments",
        "Aliased 0..=0 arguments",
        "Io 0..=0 arguments",
        "BoxedError 0..=0 arguments",
        "Future 0..=0 arguments",
        "Stream 1..=1 arguments, streaming",
        "BorrowingStream 0..=0 arguments, streaming",
        "FallibleStream 0..=0 arguments, streaming",
        "AwaitedStream 0..=0 arguments, streaming",
        "BoxedStream 0..=0 arguments, streaming",
        "AliasedStream 0..=0 arguments, streaming",
        "heavy.work 0..=0 arguments",
        "Block 0..=0 arguments",
        "Dropped 1..=1 arguments",
        "Match 0..=0 arguments",
    ];
    assert_eq!(table::<Forms>(), expected);
}

/// The table as its `Debug` form shows it, in short.
fn table<H: HubMethods>() -> Vec<String> {
    H::METHODS.iter().map(|method| short(method, method.name(), method.is_streaming())).collect()
}

fn short(method: &impl Debug, name: &str, streaming: bool) -> String {
    let text = format!("{method:?}");
    let field = |name: &str| {
        let rest = text.split_once(&format!("{name}: ")).map(|(_, rest)| rest).unwrap_or_default();
        rest.split([',', ' ']).next().unwrap_or_default().to_owned()
    };
    let uploads = match field("uploads") {
        none if none == "0" => String::new(),
        some => format!(", {some} uploads"),
    };
    let streaming = if streaming { ", streaming" } else { "" };
    format!("{name} {}..={} arguments{uploads}{streaming}", field("required"), field("maximum"))
}

struct Store<T, const LIMIT: usize>(Mutex<Vec<T>>);

#[hub(rename_all = "camelCase")]
impl<T: Clone, const LIMIT: usize> Store<T, LIMIT>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    fn put_one(&self, value: T) -> bool {
        let Ok(mut values) = self.0.lock() else { return false };
        values.push(value);
        values.len() <= LIMIT
    }

    #[hub(name = "All")]
    fn every(&self) -> impl Stream<Item = T> {
        stream::iter(self.0.lock().map(|values| values.clone()).unwrap_or_default())
    }

    async fn first_of(&self, values: Vec<T>) -> Result<Option<T>, HubError> {
        Ok(values.into_iter().next())
    }
}

#[test]
fn a_hub_can_be_generic() {
    let _ = Store::<u32, 3>(Mutex::default());
    let expected = ["putOne 1..=1 arguments", "All 0..=0 arguments, streaming", "firstOf 1..=1 arguments"];
    assert_eq!(table::<Store<u32, 3>>(), expected);
    assert_eq!(table::<Store<String, 3>>(), expected);
}

struct Empty;

#[hub]
impl Empty {}

#[test]
fn a_hub_can_have_no_methods() {
    let _ = Empty;
    const { assert!(Empty::METHODS.is_empty() && Empty::ON_CONNECTED.is_none() && Empty::ON_DISCONNECTED.is_none()) }
}
