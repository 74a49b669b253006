//! What the server has called on a client.

use super::clock::in_time;
use crate::client::builder::HubConnectionBuilder;
use crate::client::callback::{Callback, CallbackStart, NotRun};
use crate::client::handler::Handler;
use crate::client::handlers::{Run, is_same};
use crate::client::receiver::HubClient;
use crate::hub::call::{CallArguments, FromArguments};
use crate::protocol::Protocol;
use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Records what the server calls on a client, in place of a receiver or beside it, and gives it to the test by name. Clones are
/// the same recorder.
///
/// Each call is taken once: [`next`](Self::next) waits for one by its name, [`try_next`](Self::try_next) takes one that
/// has come, [`next_call`](Self::next_call) takes whichever comes first. Names are those on the wire, in any case. What the
/// server asks is answered by [`answer`](Self::answer).
///
/// ```
/// use signalr::testing::{Recorder, TestServer};
/// use signalr::{ClientError, Context, Hub, HubConnection, HubError, hub, receiver};
///
/// #[receiver]
/// trait Client {
///     async fn confirm(&self, question: String) -> bool;
///     async fn done(&self, what: String, times: u32);
/// }
///
/// struct Desk;
///
/// #[hub(receiver = Client)]
/// impl Desk {
///     async fn run(&self, ctx: Context<Self>, what: String) -> Result<(), HubError> {
///         if ctx.clients().caller().confirm(format!("run {what}?")).await? {
///             ctx.clients().caller().done(what, 1);
///         }
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), ClientError> {
/// let server = TestServer::new(&Hub::new("Desk", Desk));
/// let told = Recorder::new().answer("Confirm", |question: String| question == "run tests?");
/// let client: HubConnection = server.client().record(&told).connect().await?;
///
/// client.invoke::<()>("Run", ("tests",)).await?;
/// client.invoke::<()>("Run", ("away",)).await?;
/// assert_eq!(told.next::<(String, u32)>("Done").await, ("tests".to_owned(), 1));
/// assert_eq!(told.next::<(String,)>("Confirm").await.0, "run tests?");
/// assert_eq!(told.next::<(String,)>("Confirm").await.0, "run away?");
/// told.assert_none();
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct Recorder {
    shared: Arc<Shared>,
    limit: Option<Duration>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Told of every call.
    called: Notify,
}

#[derive(Default)]
struct State {
    /// What was not taken yet.
    calls: VecDeque<RecordedCall>,
    answers: Vec<(String, Arc<Run>)>,
}

impl Recorder {
    /// A recorder, for [`HubConnectionBuilder::record`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long a call is waited for before the test fails. By default 10 seconds, or an hour where the clock of the runtime
    /// is paused.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Answers what the server asks by `method`, from now on: with a closure or a function as
    /// [`HubConnection::on`](crate::HubConnection::on) takes it. It replaces an earlier answer of the same name. Without
    /// any, the server is told that there is no result.
    pub fn answer<K>(self, method: impl Into<String>, answer: impl Handler<K>) -> Self {
        let method = method.into();
        let run: Arc<Run> = Arc::new(move |callback: &mut Callback<'_>| answer.call(callback));
        let mut state = self.shared.lock();
        // User code may be dropped with it.
        let replaced: Vec<_> = state.answers.extract_if(.., |(known, _)| is_same(known, &method)).collect();
        state.answers.push((method, run));
        drop(state);
        drop(replaced);
        self
    }

    /// Waits until the server calls `method`, and takes its arguments as a tuple, such as `(String, u32)`; `()` where there are
    /// none. The oldest such call is taken, and those of other names stay.
    ///
    /// # Panics
    /// When none comes in [time](Self::time_limit), and when the arguments are others.
    #[track_caller]
    pub fn next<T: FromArguments>(&self, method: &str) -> impl Future<Output = T> + Send + use<T> {
        let place = Location::caller();
        let (shared, method) = (self.shared.clone(), method.to_owned());
        let taken = self.taken(Some(method.clone()));
        let missing = move || format!("the server has not called `{method}`{}", shared.lock().others());
        let waiting = in_time(self.limit, missing, taken);
        async move { waiting.await.read(place) }
    }

    /// Waits until the server calls anything, and takes the oldest call.
    ///
    /// # Panics
    /// When none comes in [time](Self::time_limit).
    #[track_caller]
    pub fn next_call(&self) -> impl Future<Output = RecordedCall> + Send + use<> {
        in_time(self.limit, || "the server has not called anything".to_owned(), self.taken(None))
    }

    /// The next call of a name, or of any.
    fn taken(&self, method: Option<String>) -> impl Future<Output = RecordedCall> + Send + use<> {
        let shared = self.shared.clone();
        async move {
            loop {
                let mut told = std::pin::pin!(shared.called.notified());
                told.as_mut().enable();
                if let Some(call) = shared.lock().take(method.as_deref()) {
                    return call;
                }
                told.await;
            }
        }
    }

    /// Takes the arguments of the oldest call of `method`, if one has come.
    ///
    /// # Panics
    /// When the arguments are others.
    #[track_caller]
    pub fn try_next<T: FromArguments>(&self, method: &str) -> Option<T> {
        let call = self.shared.lock().take(Some(method))?;
        Some(call.read(Location::caller()))
    }

    /// Takes all calls that have come, the oldest first.
    pub fn take(&self) -> Vec<RecordedCall> {
        std::mem::take(&mut self.shared.lock().calls).into()
    }

    /// How many calls have come that were not taken.
    pub fn len(&self) -> usize {
        self.shared.lock().calls.len()
    }

    /// Whether no call has come that was not taken. One may be on its way: see [`settle`](super::settle).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Checks that no call has come that was not taken. One may be on its way: see [`settle`](super::settle).
    ///
    /// # Panics
    /// When there is one.
    #[track_caller]
    pub fn assert_none(&self) {
        let state = self.shared.lock();
        let calls: Vec<String> = state.calls.iter().map(|call| format!("\n    {call:?}")).collect();
        drop(state);
        assert!(calls.is_empty(), "nobody has asked for these calls of the server:{}", calls.concat());
    }

    /// Takes a call down, and answers it.
    fn record(&self, callback: &mut Callback<'_>) -> Result<CallbackStart, NotRun> {
        let call = RecordedCall {
            method: callback.target().to_owned(),
            arguments: CallArguments::copied(callback.arguments()),
        };
        let mut state = self.shared.lock();
        let answer = state.answers.iter().find(|(known, _)| is_same(known, &call.method));
        let answer = answer.map(|(_, run)| run.clone());
        state.calls.push_back(call);
        drop(state);
        self.shared.called.notify_waiters();
        answer.map_or_else(|| Ok(CallbackStart::done(Ok(None))), |run| run(callback))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, method: Option<&str>) -> Option<RecordedCall> {
        let is_it = |call: &RecordedCall| method.is_none_or(|method| is_same(&call.method, method));
        let place = self.calls.iter().position(is_it)?;
        self.calls.remove(place)
    }

    /// What has come instead.
    fn others(&self) -> String {
        if self.calls.is_empty() {
            return String::new();
        }
        let names: Vec<String> = self.calls.iter().map(|call| format!("`{}`", call.method)).collect();
        format!(" (but {})", names.join(", "))
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("calls", &self.shared.lock().calls).finish_non_exhaustive()
    }
}

impl<C: HubClient> HubConnectionBuilder<C> {
    /// Records everything that the server calls, whatever else handles it. For clients of any server, not only of a
    /// [`TestServer`](super::TestServer).
    ///
    /// A [receiver](Self::receiver) beside it answers what the server asks; then the recorder should have no
    /// [answer](Recorder::answer) of that name, or the server is told that there are several.
    pub fn record(self, recorder: &Recorder) -> Self {
        let recorder = recorder.clone();
        self.handlers().add_to_all(Arc::new(move |callback: &mut Callback<'_>| recorder.record(callback)));
        self
    }
}

/// A call of the server that a [`Recorder`] has taken down.
#[derive(Clone)]
pub struct RecordedCall {
    method: String,
    arguments: CallArguments,
}

impl RecordedCall {
    /// The name by which the server has called.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// What the server has sent, still encoded.
    pub fn arguments(&self) -> &CallArguments {
        &self.arguments
    }

    /// The arguments as a tuple; unlike [`CallArguments::decode`] not with some of them left over.
    ///
    /// # Panics
    /// When they are others.
    #[track_caller]
    pub fn decode<T: FromArguments>(&self) -> T {
        self.read(Location::caller())
    }

    fn read<T: FromArguments>(&self, place: &Location<'_>) -> T {
        let mut arguments = self.arguments.encoded_arguments();
        let wrong = match T::from_arguments(&mut arguments) {
            Ok(read) if arguments.is_empty() => return read,
            Ok(_) => format!("there are {}", self.arguments.len()),
            Err(error) => error.to_string(),
        };
        let wanted = std::any::type_name::<T>();
        panic!("{self:?} does not have the arguments `{wanted}`, which {place} asks for: {wrong}");
    }
}

/// With the arguments: what a test sends is no secret.
impl fmt::Debug for RecordedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.arguments.encoded_arguments().as_bytes();
        match self.arguments.codec().protocol {
            Protocol::Json => write!(f, "{}({})", self.method, String::from_utf8_lossy(bytes)),
            #[cfg(feature = "msgpack")]
            Protocol::MessagePack => write!(f, "{}({})", self.method, bytes.escape_ascii()),
        }
    }
}
