//! What clients and the hub send to each other.

#![expect(missing_docs, reason = "the fields say what they are")]

use serde::{Deserialize, Serialize};
use signalr::{HubError, PublicError};
use std::collections::BTreeMap;
use std::fmt;

/// What everything is known by.
pub type Id = u64;

/// There is nothing of that name.
#[derive(Debug)]
pub struct Missing;

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is nothing of that name")
    }
}

impl std::error::Error for Missing {}

impl PublicError for Missing {
    fn to_hub_error(&self) -> HubError {
        HubError::public("there is nothing of that name")
    }
}

/// A board, which has lists, which have cards.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Board {
    pub id: Id,
    pub title: String,
    pub lists: Vec<Id>,
    pub settings: Settings,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    pub is_public: bool,
    pub background: Color,
    pub card_limit: Option<u32>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct List {
    pub id: Id,
    pub title: String,
    pub cards: Vec<Card>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    pub id: Id,
    pub title: String,
    pub text: Option<String>,
    pub labels: Vec<Label>,
    pub due: Option<u64>,
    pub estimate: f64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Label {
    pub name: String,
    pub color: Color,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Color {
    #[default]
    Grey,
    Red,
    Green,
    Blue,
}

/// Where something goes.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    pub list: Id,
    pub position: u32,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    pub id: Id,
    pub author: String,
    pub text: String,
    pub at: u64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    pub id: Id,
    pub name: String,
    pub email: Option<String>,
    pub role: Role,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    #[default]
    Guest,
    Member,
    Owner,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    pub text: String,
    pub is_done: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    pub id: Id,
    pub name: String,
    pub size: u64,
    pub media_type: String,
}

/// What to look for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    pub text: Option<String>,
    pub labels: Vec<String>,
    pub members: Vec<Id>,
    pub until: Option<u64>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hits {
    pub cards: Vec<Card>,
    pub total: usize,
}

/// Where a member's pointer is.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Pointer {
    pub x: f32,
    pub y: f32,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    pub at: u64,
    pub who: String,
    pub what: Change,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Change {
    #[default]
    Opened,
    Added {
        card: Id,
    },
    Moved {
        card: Id,
        to: Place,
    },
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub cards_by_member: BTreeMap<String, u32>,
    pub hours: Vec<(String, f64)>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    pub url: String,
    pub secret: Option<String>,
    pub events: Vec<String>,
}
