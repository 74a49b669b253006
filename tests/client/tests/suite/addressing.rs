//! Who hears what.

use crate::support::next;
use client_tests::conformance::ConformanceHubClient;
use client_tests::{Combination, Heard, Recorder};
use tokio::sync::mpsc::UnboundedReceiver;
use wire_tests::unique;

struct Member {
    hub: ConformanceHubClient,
    heard: UnboundedReceiver<Heard>,
    id: String,
}

impl Member {
    async fn new(with: Combination, path: &str) -> Self {
        let (hub, heard) = with.recorded(path).await;
        let id = hub.get_connection_id().await.unwrap();
        Member { hub, heard, id }
    }

    /// All that was heard up to a message of its own; other tests speak to everybody.
    async fn heard(&mut self, prefix: &str) -> Vec<String> {
        let end = unique("end");
        self.hub.send_to_caller(&*end).await.unwrap();
        let mut texts = Vec::new();
        loop {
            match next(&mut self.heard).await {
                Heard::Receive(text) if text == end => return texts,
                Heard::Receive(text) => texts.extend(text.strip_prefix(prefix).map(str::to_owned)),
                _ => {}
            }
        }
    }
}

async fn three(with: Combination) -> [Member; 3] {
    let path = "/conformance";
    [Member::new(with, path).await, Member::new(with, path).await, Member::new(with, path).await]
}

pub(crate) async fn some_clients(with: Combination) {
    let [mut a, mut b, mut c] = three(with).await;
    let prefix = unique("some");
    a.hub.send_to_client(&*b.id, format!("{prefix}1")).await.unwrap();
    a.hub.send_to_clients([a.id.clone(), c.id.clone()], format!("{prefix}2")).await.unwrap();
    a.hub.send_to_others(format!("{prefix}3")).await.unwrap();
    a.hub.send_to_all_except([c.id.clone()], format!("{prefix}4")).await.unwrap();
    assert_eq!(a.heard(&prefix).await, ["2", "4"]);
    assert_eq!(b.heard(&prefix).await, ["1", "3", "4"]);
    assert_eq!(c.heard(&prefix).await, ["2", "3"]);
}

pub(crate) async fn groups(with: Combination) {
    let [mut a, mut b, mut c] = three(with).await;
    let (prefix, group) = (unique("groups"), unique("group"));
    a.hub.join_group(&*group).await.unwrap();
    a.hub.add_to_group(&*b.id, &*group).await.unwrap();
    c.hub.send_to_group(&*group, format!("{prefix}1")).await.unwrap();
    c.hub.send_to_group_except(&*group, [a.id.clone()], format!("{prefix}2")).await.unwrap();
    b.hub.send_to_others_in_group(&*group, format!("{prefix}3")).await.unwrap();
    b.hub.leave_group(&*group).await.unwrap();
    c.hub.send_to_group(&*group, format!("{prefix}4")).await.unwrap();
    assert_eq!(a.heard(&prefix).await, ["1", "3", "4"]);
    assert_eq!(b.heard(&prefix).await, ["1", "2"]);
    assert!(c.heard(&prefix).await.is_empty());
}

pub(crate) async fn groups_at_connecting(with: Combination) {
    let (prefix, group) = (unique("at"), unique("group"));
    let mut member = Member::new(with, &format!("/conformance?group={group}")).await;
    let [other, ..] = three(with).await;
    other.hub.send_to_group(&*group, format!("{prefix}1")).await.unwrap();
    assert_eq!(member.heard(&prefix).await, ["1"]);
}

pub(crate) async fn users(with: Combination) {
    let (ann, bob, prefix) = (unique("ann"), unique("bob"), unique("users"));
    let member = async |user: &str| {
        let token = format!("user:{user}");
        let (recorder, heard) = Recorder::new();
        let builder = with.builder::<ConformanceHubClient>("/conformance-auth").receiver(recorder);
        let builder = builder.access_token(move || {
            let token = token.clone();
            async { Ok::<_, std::io::Error>(Some(token)) }
        });
        let hub = builder.connect().await.unwrap();
        let id = hub.get_connection_id().await.unwrap();
        Member { hub, heard, id }
    };
    let (mut one, mut two, mut other) = (member(&ann).await, member(&ann).await, member(&bob).await);
    assert_eq!(one.hub.get_user_identifier().await.unwrap(), Some(ann.clone()));
    other.hub.send_to_user(&*ann, format!("{prefix}1")).await.unwrap();
    assert_eq!(one.heard(&prefix).await, ["1"]);
    assert_eq!(two.heard(&prefix).await, ["1"]);
    assert!(other.heard(&prefix).await.is_empty());
}
