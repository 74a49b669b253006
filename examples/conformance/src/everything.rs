//! A value with a member of each kind, as clients of .NET know it.

use serde::{Deserialize, Serialize};
use signalr::dotnet::{self, DateTime, Guid};
use signalr::protocol::Binary;
use std::collections::BTreeMap;

/// One member of each kind. What a client leaves out takes its default.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Everything {
    text: Option<String>,
    number: i32,
    big: i64,
    ratio: f64,
    flag: bool,
    tags: Option<Vec<String>>,
    map: Option<BTreeMap<String, i32>>,
    bytes: Option<Binary>,
    when: DateTime,
    id: Guid,
    #[serde(with = "dotnet::enumeration")]
    colour: Colour,
    inner: Option<Box<Inner>>,
}

#[derive(Default, Serialize, Deserialize)]
enum Colour {
    #[default]
    Red,
    Green,
    Blue,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Inner {
    depth: i32,
    next: Option<Box<Inner>>,
}

impl Everything {
    /// The value that clients expect of `MakeEverything`.
    pub(crate) fn make() -> Result<Self, dotnet::InvalidValue> {
        Ok(Everything {
            text: Some("text".to_owned()),
            number: -7,
            big: 9_007_199_254_740_993,
            ratio: 0.5,
            flag: true,
            tags: Some(vec!["a".to_owned(), "b".to_owned()]),
            map: Some(BTreeMap::from([("one".to_owned(), 1)])),
            bytes: Some(Binary::from([1, 2, 3])),
            when: "2000-01-02T03:04:05Z".parse()?,
            id: "00010203-0405-0607-0809-0a0b0c0d0e0f".parse()?,
            colour: Colour::Green,
            inner: Some(Box::new(Inner { depth: 1, next: None })),
        })
    }
}
