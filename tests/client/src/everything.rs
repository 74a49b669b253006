//! A value with a member of each kind.

use serde::{Deserialize, Serialize};
use signalr::dotnet::{self, DateTime, Guid};
use signalr::protocol::Binary;
use std::collections::BTreeMap;

/// One member of each kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they mean nothing")]
pub struct Everything {
    pub text: Option<String>,
    pub number: i32,
    pub big: i64,
    pub ratio: f64,
    pub flag: bool,
    pub tags: Option<Vec<String>>,
    pub map: Option<BTreeMap<String, i32>>,
    pub bytes: Option<Binary>,
    pub when: DateTime,
    pub id: Guid,
    #[serde(with = "dotnet::enumeration")]
    pub colour: Colour,
    pub inner: Option<Box<Inner>>,
}

/// An enumeration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they mean nothing")]
pub enum Colour {
    #[default]
    Red,
    Green,
    Blue,
}

/// A value within a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they mean nothing")]
pub struct Inner {
    pub depth: i32,
    pub next: Option<Box<Inner>>,
}

impl Everything {
    /// What `MakeEverything` returns.
    ///
    /// # Panics
    ///
    /// Never: the texts are right.
    #[must_use]
    pub fn made() -> Self {
        Everything {
            text: Some("text".to_owned()),
            number: -7,
            big: 9_007_199_254_740_993,
            ratio: 0.5,
            flag: true,
            tags: Some(vec!["a".to_owned(), "b".to_owned()]),
            map: Some(BTreeMap::from([("one".to_owned(), 1)])),
            bytes: Some(Binary::from([1, 2, 3])),
            when: "2000-01-02T03:04:05Z".parse().expect("a time"),
            id: "00010203-0405-0607-0809-0a0b0c0d0e0f".parse().expect("an id"),
            colour: Colour::Green,
            inner: Some(Box::new(Inner { depth: 1, next: None })),
        }
    }
}
