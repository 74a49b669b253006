//! The table of a hub's methods: made at compile time, looked up by name.

use super::call::HubCall;
use super::invocation::{CallStart, Invocation, Rejection};
use crate::clients::target::Receiver;
use crate::hub::lifecycle::{Lifecycle, LifecycleFuture};
use crate::hub::policy::{MethodPolicy, PolicyFuture};
use crate::hub::request::Request;
use std::fmt;

/// A type whose methods clients can call. [`#[hub]`](macro@crate::hub) implements it; it is not meant to be implemented by
/// hand. It is the bound of code that is generic over hubs, such as an extractor that fits all of them
/// ([`FromInvocation`](crate::FromInvocation)).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a hub",
    label = "not a hub",
    note = "put `#[signalr::hub]` on an `impl {Self}` block"
)]
pub trait HubMethods: Sized + Send + Sync + 'static {
    /// What the hub may call on its clients: `dyn Trait` of a `#[receiver]` trait, or [`NoReceiver`](crate::NoReceiver).
    type Receiver: Receiver + ?Sized;
    /// All methods, in the order of the source.
    const METHODS: &'static [Method<Self>];
    /// Who may connect.
    const AUTHORIZE: Option<fn(Request) -> PolicyFuture> = None;
    /// Runs when a client has connected.
    const ON_CONNECTED: Option<fn(Lifecycle<Self>) -> LifecycleFuture> = None;
    /// Runs after a client's connection has ended.
    const ON_DISCONNECTED: Option<fn(Lifecycle<Self>) -> LifecycleFuture> = None;
    /// Runs after a client's authentication was renewed.
    const ON_AUTHENTICATION_REFRESHED: Option<fn(Lifecycle<Self>) -> LifecycleFuture> = None;
}

/// Decodes the arguments, calls the method and answers.
type CallFn<H> = fn(&mut Invocation<'_, H>) -> Result<CallStart, Rejection>;

/// One method of a hub, as clients see it.
pub struct Method<H: HubMethods> {
    name: &'static str,
    call: CallFn<H>,
    required: usize,
    maximum: usize,
    uploads: usize,
    streaming: bool,
    cancel_by_drop: bool,
    policy: Option<MethodPolicy>,
}

/// The methods of a hub. Only this names their constant: each function that does may get all of their code once more.
#[inline(never)]
pub(crate) fn methods<H: HubMethods>() -> &'static [Method<H>] {
    H::METHODS
}

impl<H: HubMethods> Method<H> {
    /// A method without arguments and streams.
    #[doc(hidden)]
    pub const fn new(name: &'static str, call: CallFn<H>) -> Self {
        Method {
            name,
            call,
            required: 0,
            maximum: 0,
            uploads: 0,
            streaming: false,
            cancel_by_drop: false,
            policy: None,
        }
    }

    /// One entry per argument on the wire: whether its type is an `Option`. Trailing ones may be missing.
    #[doc(hidden)]
    #[must_use]
    pub const fn arguments(mut self, optional: &[bool]) -> Self {
        self.maximum = optional.len();
        self.required = optional.len();
        while self.required > 0 && optional[self.required - 1] {
            self.required -= 1;
        }
        self
    }

    /// How many streams the client sends with the call.
    #[doc(hidden)]
    #[must_use]
    pub const fn uploads(mut self, count: usize) -> Self {
        self.uploads = count;
        self
    }

    /// The method answers with a stream.
    #[doc(hidden)]
    #[must_use]
    pub const fn streaming(mut self) -> Self {
        self.streaming = true;
        self
    }

    /// The method's future is dropped when the call is cancelled.
    #[doc(hidden)]
    #[must_use]
    pub const fn cancel_by_drop(mut self) -> Self {
        self.cancel_by_drop = true;
        self
    }

    /// Who may call the method.
    #[doc(hidden)]
    #[must_use]
    pub const fn authorize(mut self, policy: fn(HubCall) -> PolicyFuture) -> Self {
        self.policy = Some(policy);
        self
    }

    /// The name on the wire.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the method answers with a stream.
    pub const fn is_streaming(&self) -> bool {
        self.streaming
    }

    pub(crate) fn start(&self, invocation: &mut Invocation<'_, H>) -> Result<CallStart, Rejection> {
        (self.call)(invocation)
    }

    pub(crate) fn policy(&self) -> Option<MethodPolicy> {
        self.policy
    }

    pub(crate) fn upload_count(&self) -> usize {
        self.uploads
    }

    /// Whether cancellation drops the future of the call.
    pub(crate) fn drops_on_cancel(&self) -> bool {
        self.streaming || self.cancel_by_drop
    }

    /// The number of arguments that is missing something or too much, if it does not fit.
    pub(crate) fn misfit(&self, count: usize) -> Option<usize> {
        (count < self.required || count > self.maximum).then_some(self.maximum)
    }
}

impl<H: HubMethods> fmt::Debug for Method<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Method")
            .field("name", &self.name)
            .field("required", &self.required)
            .field("maximum", &self.maximum)
            .field("uploads", &self.uploads)
            .field("streaming", &self.streaming)
            .finish_non_exhaustive()
    }
}

/// Fails the compilation when two methods have the same name for clients, who may write it in any case and with or
/// without underscores.
pub const fn checked<H: HubMethods>(methods: &'static [Method<H>]) -> &'static [Method<H>] {
    let mut first = 0;
    while first < methods.len() {
        let mut second = first + 1;
        while second < methods.len() {
            assert!(
                !same_name(methods[first].name.as_bytes(), methods[second].name.as_bytes()),
                "two methods of this hub have the same name on the wire (case and underscores do not count)"
            );
            second += 1;
        }
        first += 1;
    }
    methods
}

const fn same_name(left: &[u8], right: &[u8]) -> bool {
    let (mut l, mut r) = (0, 0);
    loop {
        while l < left.len() && left[l] == b'_' {
            l += 1;
        }
        while r < right.len() && right[r] == b'_' {
            r += 1;
        }
        if l == left.len() || r == right.len() {
            return l == left.len() && r == right.len();
        }
        if !left[l].eq_ignore_ascii_case(&right[r]) {
            return false;
        }
        l += 1;
        r += 1;
    }
}

/// Finds methods by name.
pub(crate) struct Table<H: HubMethods> {
    /// By the length of their exact names, which are what clients nearly always send.
    by_length: Vec<Vec<(&'static str, &'static Method<H>)>>,
    /// Sorted by the name in lower case and without underscores.
    loose: Vec<(String, &'static Method<H>)>,
}

impl<H: HubMethods> Table<H> {
    pub(crate) fn new() -> Self {
        let all = methods::<H>();
        let longest = all.iter().map(|method| method.name.len()).max().unwrap_or_default();
        let with_length = |length| {
            let methods = all.iter().filter(|method| method.name.len() == length);
            methods.map(|method| (method.name, method)).collect()
        };
        let by_length = (0..=longest).map(with_length).collect();
        let mut loose: Vec<_> = all.iter().map(|method| (loosened(method.name), method)).collect();
        loose.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        Table { by_length, loose }
    }

    /// The method that a client means by `target`.
    pub(crate) fn find(&self, target: &str) -> Option<&'static Method<H>> {
        let same_length = self.by_length.get(target.len()).map(Vec::as_slice).unwrap_or_default();
        if let Some((_, method)) = same_length.iter().find(|(name, _)| *name == target) {
            return Some(method);
        }
        let target = loosened(target);
        let place = self.loose.binary_search_by(|(name, _)| name.as_str().cmp(&target)).ok()?;
        self.loose.get(place).map(|(_, method)| *method)
    }
}

fn loosened(name: &str) -> String {
    name.chars().filter(|letter| *letter != '_').flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_underscores_do_not_count_in_names() {
        for (left, right, same) in [
            ("SendMessage", "send_message", true),
            ("SendMessage", "sendmessage_", true),
            ("Send", "SendAll", false),
            ("__", "", true),
            ("Größe", "größe", true),
        ] {
            assert_eq!(same_name(left.as_bytes(), right.as_bytes()), same, "{left} {right}");
            assert_eq!(loosened(left) == loosened(right), same, "{left} {right}");
        }
    }
}
