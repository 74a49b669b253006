//! Everything that may be the error of a method.

use futures_util::{Stream, stream};
use signalr::{HubError, HubMethods, PublicError};
use std::fmt;

/// Clients may read it, though it is an ordinary error too.
#[derive(Debug)]
struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("full")
    }
}

impl std::error::Error for Full {}

impl PublicError for Full {
    fn to_hub_error(&self) -> HubError {
        HubError::public("full")
    }
}

type Checked<T = ()> = Result<T, Full>;

struct Errors;

#[signalr::hub]
impl Errors {
    async fn on_connected(&self) -> Checked {
        Ok(())
    }

    async fn on_disconnected(&self) -> anyhow::Result<()> {
        Ok(())
    }

    fn hub_error(&self) -> Result<(), HubError> {
        Ok("3".parse::<u32>().map(drop)?)
    }

    fn public(&self) -> Checked<u32> {
        Err(Full)
    }

    fn standard(&self) -> Result<u32, std::num::ParseIntError> {
        "3".parse()
    }

    fn anyhow(&self) -> anyhow::Result<u32> {
        Ok("3".parse()?)
    }

    fn boxed(&self) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
        Ok("3".parse()?)
    }

    fn items(&self) -> Result<impl Stream<Item = anyhow::Result<u32>>, Full> {
        Ok(stream::iter([Ok(1)]))
    }

    fn public_items(&self) -> impl Stream<Item = Checked<u32>> {
        stream::iter([Ok(1)])
    }
}

fn main() {
    let _ = Errors;
    assert_eq!(Errors::METHODS.len(), 7);
}
