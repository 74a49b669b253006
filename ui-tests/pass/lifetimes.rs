//! Lifetimes may be named, and results may borrow from the hub.

use futures_util::{Stream, StreamExt, stream};
use signalr::{Context, HubError, HubMethods};
use std::borrow::Cow;

struct Library {
    titles: Vec<String>,
}

#[signalr::hub]
impl Library {
    fn first(&self) -> Option<&str> {
        self.titles.first().map(String::as_str)
    }

    fn all<'a>(&'a self) -> Result<&'a [String], HubError> {
        Ok(&self.titles)
    }

    async fn longest(self: &Self, ctx: Context<Self>) -> Cow<'_, str> {
        drop(ctx);
        self.titles.iter().max_by_key(|title| title.len()).map_or_else(|| "none".into(), |title| title.into())
    }

    fn each<'a>(&'a self) -> impl Stream<Item = Result<&'a str, HubError>> + 'a {
        stream::iter(&self.titles).map(|title| Ok(title.as_str()))
    }

    async fn upper(&self, titles: impl Stream<Item = String> + Send + Unpin + 'static) -> Vec<String> {
        titles.map(|title| title.to_uppercase()).collect().await
    }
}

fn main() {
    let library = Library { titles: Vec::new() };
    assert!(library.first().is_none());
    assert_eq!(Library::METHODS.len(), 5);
}
