//! What all servers of a fleet know together.

use crate::backplane::node::Asked;
use crate::backplane::registry::HubCore;
use crate::backplane::wire::{Answer, AnswerKind, AskKind};
use crate::session::keepalive::LONGEST;
use tokio::time::{Instant, timeout_at};

/// What the servers of a fleet know together: the members of a group, or whether a user is there.
///
/// Only servers that use this crate answer such questions; ASP.NET Core's do not. Without a [backplane](crate::Backplane) this
/// server knows everything.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FleetAnswer<T> {
    /// What is known.
    pub value: T,
    /// How many servers have told what they know, this one among them.
    pub servers: usize,
    /// How many servers are there that did not: they did not answer in
    /// [time](crate::BackplaneOptions::answer_timeout), are of another make, or could not be asked. `None` if nobody knows how
    /// many servers there are.
    pub missing: Option<usize>,
}

impl<T> FleetAnswer<T> {
    /// Whether all servers have told what they know, so that the value is the whole truth.
    pub fn is_complete(&self) -> bool {
        self.missing == Some(0)
    }

    fn map<U>(self, change: impl FnOnce(T) -> U) -> FleetAnswer<U> {
        FleetAnswer { value: change(self.value), servers: self.servers, missing: self.missing }
    }
}

/// Adds what other servers know to what this one knows.
async fn gather<T>(
    core: &HubCore,
    question: AskKind<'_>,
    own: T,
    mut add: impl FnMut(&mut T, AnswerKind<'_>),
) -> FleetAnswer<T> {
    let mut gathered = FleetAnswer { value: own, servers: 1, missing: Some(0) };
    let Some(node) = core.node() else { return gathered };
    let deadline = Instant::now() + node.options().answer_timeout.min(LONGEST);
    let Asked { reached, mut answers, awaited: _awaited } = node.ask(question);
    // Those who have the question answer it. There may be others, who know something but do not answer.
    let reached = match reached {
        Ok(told) => timeout_at(deadline, told).await,
        Err(away) => Ok(Err(away)),
    };
    let Ok(Ok(reached)) = reached else {
        gathered.missing = None;
        return gathered;
    };
    let all = timeout_at(deadline, node.servers()).await.ok().and_then(Result::ok).flatten();
    let mut awaited = reached.map(|reached| reached.saturating_sub(1));
    while awaited != Some(0) {
        let Ok(Some(answer)) = timeout_at(deadline, answers.recv()).await else { break };
        let Ok(Answer { kind, .. }) = Answer::read(&answer) else { continue };
        add(&mut gathered.value, kind);
        gathered.servers += 1;
        awaited = awaited.map(|awaited| awaited - 1);
    }
    gathered.missing = all.or(reached).map(|all| all.saturating_sub(gathered.servers));
    gathered
}

fn add_count(sum: &mut u64, answer: AnswerKind<'_>) {
    if let AnswerKind::Count(count) = answer {
        *sum = sum.saturating_add(count);
    }
}

fn to_usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// The ids of the members of a group.
pub(super) async fn members(core: &HubCore, group: &str) -> FleetAnswer<Vec<String>> {
    let own = core.registry.members(group);
    let all = gather(core, AskKind::Members { group }, own, |all, answer| {
        if let AnswerKind::Members(members) = answer {
            all.extend(members.into_iter().map(Into::into));
        }
    });
    all.await.map(|ids| ids.into_iter().map(String::from).collect())
}

/// How many members a group has.
pub(super) async fn member_count(core: &HubCore, group: &str) -> FleetAnswer<usize> {
    let own = core.registry.member_count(group) as u64;
    gather(core, AskKind::Count { group }, own, add_count).await.map(to_usize)
}

/// How many connections a user has.
pub(super) async fn user_connections(core: &HubCore, user: &str) -> FleetAnswer<usize> {
    let own = core.registry.user_connections(user) as u64;
    gather(core, AskKind::User { user }, own, add_count).await.map(to_usize)
}
