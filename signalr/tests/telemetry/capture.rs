//! Keeps all spans and events of this process, at every level.

use crate::support::soon;
use std::collections::BTreeMap;
use std::fmt::{Debug, Write};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use tokio::sync::Notify;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry, SpanRef};

/// Fields as text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(pub(crate) BTreeMap<&'static str, String>);

impl Fields {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

#[derive(Debug, Clone)]
pub(crate) struct SpanSeen {
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    pub(crate) fields: Fields,
    pub(crate) parent: Option<usize>,
    pub(crate) links: Vec<usize>,
    pub(crate) was_entered: bool,
    pub(crate) is_closed: bool,
    /// As an exporter of traces has it, see [`set_parent`].
    pub(crate) remote_parent: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct EventSeen {
    pub(crate) target: &'static str,
    pub(crate) level: Level,
    pub(crate) fields: Fields,
    /// The spans around it, the innermost first.
    pub(crate) scope: Vec<usize>,
}

impl EventSeen {
    pub(crate) fn message(&self) -> &str {
        self.fields.get("message").unwrap_or_default()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) spans: Vec<SpanSeen>,
    pub(crate) events: Vec<EventSeen>,
}

impl Seen {
    /// The spans of that name that belong to a hub.
    pub(crate) fn of_hub(&self, name: &str, hub: &str) -> Vec<(usize, &SpanSeen)> {
        let field = if name == "connection" { "signalr.hub" } else { "rpc.service" };
        let spans = self.spans.iter().enumerate();
        spans.filter(|(_, span)| span.name == name && span.fields.get(field) == Some(hub)).collect()
    }

    /// The last span of a call of that method.
    pub(crate) fn call(&self, hub: &str, method: &str) -> Option<(usize, &SpanSeen)> {
        self.of_hub("invocation", hub).into_iter().rfind(|(_, span)| span.fields.get("rpc.method") == Some(method))
    }

    /// The event that ended a connection of the hub.
    pub(crate) fn end(&self, hub: &str) -> Option<&EventSeen> {
        let (connection, _) = *self.of_hub("connection", hub).first()?;
        let mut ends = self.events.iter().filter(|event| event.message() == "connection ended");
        ends.find(|event| event.scope.contains(&connection))
    }

    /// Everything as one text.
    pub(crate) fn text(&self, hub: &str) -> String {
        let mut text = String::new();
        let mut add =
            |fields: &Fields| fields.0.iter().for_each(|(name, value)| writeln!(text, "{name}={value}").unwrap());
        let of_library = |target: &str| target.starts_with("signalr");
        self.spans.iter().filter(|span| of_library(span.target)).for_each(|span| add(&span.fields));
        self.events.iter().filter(|event| of_library(event.target)).for_each(|event| add(&event.fields));
        assert!(text.contains(hub));
        text
    }
}

#[derive(Debug, Default)]
struct Shared {
    seen: Mutex<Seen>,
    changed: Notify,
}

/// The layer of this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Capture(Arc<Shared>);

static CAPTURE: LazyLock<Capture> = LazyLock::new(|| {
    let capture = Capture::default();
    tracing::subscriber::set_global_default(Registry::default().with(capture.clone())).expect("the only subscriber");
    capture
});

/// Begins to keep what happens, if it was not begun already.
pub(crate) fn capture() -> Capture {
    CAPTURE.clone()
}

/// What an exporter's `set_parent` does: it has to be called before the span begins its work.
pub(crate) fn set_parent(span: &tracing::Span, parent: &str) {
    span.with_subscriber(|(id, dispatch)| {
        let registry = dispatch.downcast_ref::<Registry>().expect("the registry");
        let Number(number) = *registry.span(id).expect("the span").extensions().get().expect("its number");
        let mut seen = CAPTURE.lock();
        assert!(!seen.spans[number].was_entered, "too late for a parent");
        seen.spans[number].remote_parent = Some(parent.to_owned());
    });
}

#[derive(Debug, Clone, Copy)]
struct Number(usize);

fn number<'a, R: LookupSpan<'a>>(span: &SpanRef<'a, R>) -> usize {
    span.extensions().get::<Number>().expect("spans have numbers").0
}

impl Capture {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().expect("no test panics in here")
    }

    /// Waits until something was seen.
    pub(crate) async fn until<R>(&self, find: impl Fn(&Seen) -> Option<R>) -> R {
        soon(async {
            loop {
                let mut changed = std::pin::pin!(self.0.changed.notified());
                changed.as_mut().enable();
                if let Some(found) = find(&self.lock()) {
                    return found;
                }
                changed.await;
            }
        })
        .await
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.lock());
        self.0.changed.notify_waiters();
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Capture {
    fn enabled(&self, _metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        true
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).expect("the span");
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let parent = span.parent().map(|parent| number(&parent));
        let (name, target) = (attributes.metadata().name(), attributes.metadata().target());
        self.change(|seen| {
            span.extensions_mut().insert(Number(seen.spans.len()));
            seen.spans.push(SpanSeen {
                name,
                target,
                fields,
                parent,
                links: Vec::new(),
                was_entered: false,
                is_closed: false,
                remote_parent: None,
            });
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let number = number(&context.span(id).expect("the span"));
        self.change(|seen| values.record(&mut seen.spans[number].fields));
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, S>) {
        let (of, to) = (context.span(id).expect("the span"), context.span(follows).expect("the other"));
        self.change(|seen| seen.spans[number(&of)].links.push(number(&to)));
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let number = number(&context.span(id).expect("the span"));
        self.change(|seen| seen.spans[number].was_entered = true);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let number = number(&context.span(&id).expect("the span"));
        self.change(|seen| seen.spans[number].is_closed = true);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let scope = context.event_scope(event).into_iter().flatten().map(|span| number(&span)).collect();
        let (target, level) = (event.metadata().target(), *event.metadata().level());
        self.change(|seen| seen.events.push(EventSeen { target, level, fields, scope }));
    }
}
