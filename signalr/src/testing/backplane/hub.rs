//! The hub of the cases: it sends to whom it is told, and does what a hub can do with groups and clients.

use crate::clients::handle::HubHandle;
use crate::clients::results::ClientResult;
use crate::clients::sent::Sent;
use crate::clients::target::Single;
use crate::clients::{Clients, ProxyOf};
use crate::hub::context::Context;
use crate::hub::error::HubError;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};

/// The method that clients are told by.
pub(super) const TOLD: &str = "Told";
/// The method that clients are asked by.
pub(super) const ASKED: &str = "Asked";

/// Whom a message is for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct To {
    select: String,
    names: Vec<String>,
    except: Vec<String>,
}

fn texts<T: AsRef<str>>(list: &[T]) -> Vec<String> {
    list.iter().map(|text| text.as_ref().to_owned()).collect()
}

impl To {
    fn new(select: &str, names: &[impl AsRef<str>], except: &[impl AsRef<str>]) -> Self {
        To { select: select.to_owned(), names: texts(names), except: texts(except) }
    }

    pub(super) fn all() -> Self {
        Self::new("all", &[""; 0], &[""; 0])
    }

    pub(super) fn all_except(except: &[impl AsRef<str>]) -> Self {
        Self::new("all", &[""; 0], except)
    }

    pub(super) fn client(id: &str) -> Self {
        Self::new("client", &[id], &[""; 0])
    }

    pub(super) fn clients(ids: &[impl AsRef<str>]) -> Self {
        Self::new("clients", ids, &[""; 0])
    }

    pub(super) fn group(name: &str) -> Self {
        Self::new("group", &[name], &[""; 0])
    }

    pub(super) fn group_except(name: &str, except: &[impl AsRef<str>]) -> Self {
        Self::new("group", &[name], except)
    }

    pub(super) fn groups(names: &[impl AsRef<str>]) -> Self {
        Self::new("groups", names, &[""; 0])
    }

    pub(super) fn user(name: &str) -> Self {
        Self::new("user", &[name], &[""; 0])
    }

    pub(super) fn users(names: &[impl AsRef<str>]) -> Self {
        Self::new("users", names, &[""; 0])
    }

    /// The caller, for hub methods only.
    pub(super) fn caller() -> Self {
        Self::new("caller", &[""; 0], &[""; 0])
    }

    /// Everybody but the caller, for hub methods only.
    pub(super) fn others() -> Self {
        Self::new("others", &[""; 0], &[""; 0])
    }

    /// The members of a group but the caller, for hub methods only.
    pub(super) fn others_in_group(name: &str) -> Self {
        Self::new("others in group", &[name], &[""; 0])
    }

    /// Whether it takes more than one payload.
    pub(super) fn is_of_several(&self) -> bool {
        self.names.len() > 1
    }

    fn name(&self) -> &str {
        self.names.first().map(String::as_str).unwrap_or_default()
    }

    /// Tells them a text, from outside of the hub.
    pub(super) fn tell(&self, handle: &HubHandle<SuiteHub>, text: &str) -> Sent {
        let To { names, except, .. } = self;
        let to = match &*self.select {
            "all" if except.is_empty() => handle.all(),
            "all" => handle.all_except(except),
            "client" => return handle.client(self.name()).send(TOLD, (text,)),
            "clients" => handle.clients(names),
            "group" if except.is_empty() => handle.group(self.name()),
            "group" => handle.group_except(self.name(), except),
            "groups" => handle.groups(names),
            "user" => handle.user(self.name()),
            "users" => handle.users(names),
            other => panic!("only a hub method can select '{other}'"),
        };
        to.send(TOLD, (text,))
    }

    /// Tells them a text, from a hub method.
    fn tell_by(&self, clients: &Clients<SuiteHub>, text: &str) -> Sent {
        let To { names, except, .. } = self;
        let to = match &*self.select {
            "all" if except.is_empty() => clients.all(),
            "all" => clients.all_except(except),
            "caller" => return clients.caller().send(TOLD, (text,)),
            "client" => return clients.client(self.name()).send(TOLD, (text,)),
            "clients" => clients.clients(names),
            "group" if except.is_empty() => clients.group(self.name()),
            "group" => clients.group_except(self.name(), except),
            "groups" => clients.groups(names),
            "others" => clients.others(),
            "others in group" => clients.others_in_group(self.name()),
            "user" => clients.user(self.name()),
            "users" => clients.users(names),
            other => panic!("nobody knows what '{other}' selects"),
        };
        to.send(TOLD, (text,))
    }
}

/// The hub.
#[derive(Default)]
pub(super) struct SuiteHub {
    /// What the last call of `keep` has left, for use when its connection has ended.
    pub(super) kept: Arc<Mutex<Option<Context<SuiteHub>>>>,
}

fn failed(error: impl std::fmt::Display) -> HubError {
    HubError::public(error.to_string())
}

#[crate::hub(crate = crate)]
impl SuiteHub {
    /// Tells a text to whom it is for.
    async fn tell(&self, ctx: Context<Self>, to: To, text: String) -> Result<(), HubError> {
        to.tell_by(&ctx.clients(), &text).await.into_result().map(drop).map_err(failed)
    }

    async fn join(&self, ctx: Context<Self>, group: String) -> Result<bool, HubError> {
        ctx.join(group)?.await.map_err(failed)
    }

    fn keep(&self, ctx: Context<Self>) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(ctx);
    }

    fn leave(&self, ctx: Context<Self>, group: String) {
        ctx.leave(group);
    }

    /// Joins, and tells the group at once.
    async fn join_and_tell(&self, ctx: Context<Self>, group: String, text: String) -> Result<(), HubError> {
        let _ = ctx.join(&group)?;
        let _ = ctx.clients().group(group).send(TOLD, (text,));
        Ok(())
    }

    async fn add(&self, ctx: Context<Self>, id: String, group: String) -> Result<bool, HubError> {
        ctx.groups().add(id, group)?.await.map_err(failed)
    }

    async fn remove(&self, ctx: Context<Self>, id: String, group: String) -> Result<bool, HubError> {
        ctx.groups().remove(id, group).await.map_err(failed)
    }

    /// Asks a client for a text.
    async fn ask(&self, ctx: Context<Self>, id: String, question: String) -> Result<String, HubError> {
        let to: ProxyOf<Self, Single> = ctx.clients().client(id);
        let asked: ClientResult<String> = to.invoke(ASKED, (question,));
        Ok(asked.await?)
    }
}
