//! Who gets what. Everything here runs in one test program of its own, since `SendToAll` reaches every connection of it.

use std::collections::HashMap;

use serde_json::{Value, json};
use wire_tests::{BOTH, HubSocket, Protocol, http, unique};

/// The connections of one test, by a name each; even ones speak JSON, odd ones MessagePack.
struct Room {
    sockets: Vec<(&'static str, HubSocket)>,
    ids: HashMap<&'static str, String>,
}

impl Room {
    fn new(path: &str, names: &[&'static str]) -> Self {
        let mut sockets: Vec<_> =
            names.iter().enumerate().map(|(n, name)| (*name, HubSocket::connect(path, BOTH[n % 2]))).collect();
        let ids = sockets.iter_mut().map(|(name, socket)| (*name, socket.connection_id())).collect();
        Self { sockets, ids }
    }

    fn id(&self, name: &str) -> &str {
        &self.ids[name]
    }

    fn ids(&self, names: &[&str]) -> Value {
        names.iter().map(|name| self.id(name)).collect()
    }

    fn socket(&mut self, name: &str) -> &mut HubSocket {
        &mut self.sockets.iter_mut().find(|(known, _)| *known == name).expect("a known name").1
    }

    /// Lets `a` call a method, which sends `text`, and asserts who received it, and how often.
    fn expect(&mut self, method: &str, arguments: &[Value], expected: &[&str]) {
        let text = unique(method);
        let arguments: Vec<Value> = arguments.iter().cloned().chain([json!(text)]).collect();
        let arguments = Value::from(arguments);
        let message = json!({"type": 1, "target": "Receive", "arguments": [text]});
        let caller = self.socket("a");
        caller.invoke("send", method, arguments.clone());
        let mut own = Vec::new();
        loop {
            let received = caller.next_message();
            if received["type"] == 3 {
                assert_eq!(received, wire_tests::completion("send", Value::Null), "{method}");
                break;
            }
            own.push(received);
        }
        self.expect_received(&message, expected, own, &format!("{method}{arguments}"));
    }

    /// Asserts that exactly these received exactly this; `own` is what the caller has already read.
    fn expect_received(&mut self, message: &Value, expected: &[&str], own: Vec<Value>, what: &str) {
        let mut own = Some(own);
        for (name, socket) in &mut self.sockets {
            let mut received = if *name == "a" { own.take().unwrap_or_default() } else { Vec::new() };
            received.extend(socket.barrier());
            let times = expected.iter().filter(|wanted| *wanted == name).count();
            assert_eq!(received, vec![message.clone(); times], "{name} after {what}");
        }
    }
}

#[test]
fn each_selector_reaches_exactly_its_clients() {
    let mut room = Room::new("/conformance", &["a", "b", "c", "d"]);
    let (group, other, empty) = (unique("group"), unique("other"), unique("empty"));

    room.expect("SendToCaller", &[], &["a"]);
    room.expect("SendToOthers", &[], &["b", "c", "d"]);
    room.expect("SendToAll", &[], &["a", "b", "c", "d"]);
    room.expect("SendToAllExcept", &[room.ids(&["b", "d"])], &["a", "c"]);
    room.expect("SendToAllExcept", &[room.ids(&["a"])], &["b", "c", "d"]);
    room.expect("SendToAllExcept", &[json!([])], &["a", "b", "c", "d"]);
    room.expect("SendToAllExcept", &[json!(["nobody"])], &["a", "b", "c", "d"]);
    room.expect("SendToClient", &[json!(room.id("c"))], &["c"]);
    room.expect("SendToClient", &[json!(room.id("a"))], &["a"]);
    room.expect("SendToClient", &[json!("nobody")], &[]);
    room.expect("SendToClient", &[json!(room.id("c").to_lowercase() + "x")], &[]);
    room.expect("SendToClients", &[room.ids(&["b", "c"])], &["b", "c"]);
    room.expect("SendToClients", &[json!([room.id("b"), "nobody"])], &["b"]);
    room.expect("SendToClients", &[json!([])], &[]);

    room.socket("b").call("JoinGroup", json!([group]));
    room.expect("SendToGroup", &[json!(group)], &["b"]);
    let d = room.id("d").to_owned();
    room.socket("a").call("AddToGroup", json!([d, group]));
    room.expect("SendToGroup", &[json!(group)], &["b", "d"]);
    room.expect("SendToOthersInGroup", &[json!(group)], &["b", "d"]);
    room.socket("a").call("JoinGroup", json!([group]));
    room.expect("SendToGroup", &[json!(group)], &["a", "b", "d"]);
    room.expect("SendToOthersInGroup", &[json!(group)], &["b", "d"]);
    room.expect("SendToGroupExcept", &[json!(group), room.ids(&["a", "d"])], &["b"]);
    room.expect("SendToGroupExcept", &[json!(group), json!(["nobody"])], &["a", "b", "d"]);
    room.expect("SendToGroup", &[json!(empty)], &[]);
    room.expect("SendToOthersInGroup", &[json!(empty)], &[]);

    // Twice a member is once a member; a client in two of several groups gets it twice.
    room.socket("b").call("JoinGroup", json!([group]));
    room.expect("SendToGroup", &[json!(group)], &["a", "b", "d"]);
    room.socket("c").call("JoinGroup", json!([other]));
    room.socket("b").call("JoinGroup", json!([other]));
    room.expect("SendToGroups", &[json!([group, empty])], &["a", "b", "d"]);
    room.expect("SendToGroups", &[json!([group, other])], &["a", "b", "b", "c", "d"]);

    // Group names are compared with regard to case.
    room.expect("SendToGroup", &[json!(group.to_uppercase())], &[]);

    room.socket("b").call("LeaveGroup", json!([group]));
    room.expect("SendToGroup", &[json!(group)], &["a", "d"]);
    room.socket("b").call("LeaveGroup", json!([group]));
    room.socket("b").call("LeaveGroup", json!([empty]));
    room.expect("SendToGroups", &[json!([other])], &["b", "c"]);

    // Adding a connection that does not exist is silent.
    room.socket("a").call("AddToGroup", json!(["nobody", group]));
    room.expect("SendToGroup", &[json!(group)], &["a", "d"]);

    // From outside any hub.
    let text = unique("broadcast");
    assert_eq!(http::get(&format!("/broadcast?m={text}")).text(), "sent");
    let message = json!({"type": 1, "target": "Receive", "arguments": [text]});
    room.expect_received(&message, &["a", "b", "c", "d"], Vec::new(), "/broadcast");

    // Who has left gets nothing and is in nobody's way.
    let left = room.sockets.remove(1);
    drop(left);
    room.expect("SendToAll", &[], &["a", "c", "d"]);
    room.expect("SendToGroup", &[json!(other)], &["c"]);
}

#[test]
fn users_are_reached_on_all_their_connections() {
    let connect = |user: &str, protocol| {
        let mut socket = HubSocket::connect(&format!("/conformance-auth?access_token=user:{user}"), protocol);
        socket.expect_alive();
        socket
    };
    let (ann, bob, cid) = (unique("ann"), unique("bob"), unique("cid"));
    let mut room = Room { sockets: Vec::new(), ids: HashMap::new() };
    for (name, user, protocol) in [
        ("a", &ann, Protocol::Json),
        ("ann's other", &ann, Protocol::MessagePack),
        ("bob", &bob, Protocol::Json),
        ("cid", &cid, Protocol::MessagePack),
    ] {
        room.sockets.push((name, connect(user, protocol)));
    }
    room.expect("SendToUser", &[json!(ann)], &["a", "ann's other"]);
    room.expect("SendToUser", &[json!(bob)], &["bob"]);
    room.expect("SendToUser", &[json!(unique("nobody"))], &[]);
    room.expect("SendToUser", &[json!(bob.to_uppercase())], &[]);
    room.expect("SendToUsers", &[json!([bob, cid])], &["bob", "cid"]);
    room.expect("SendToUsers", &[json!([bob, "nobody"])], &["bob"]);
    room.expect("SendToUsers", &[json!([])], &[]);
    room.sockets.remove(1);
    room.expect("SendToUser", &[json!(ann)], &["a"]);
}

#[test]
fn hubs_do_not_hear_each_other() {
    let group = unique("group");
    let mut others = Room::new("/conformance-limits", &["a", "b"]);
    for name in ["a", "b"] {
        others.socket(name).call("JoinGroup", json!([group]));
    }
    let mut room = Room::new("/conformance-detailed", &["a", "b"]);
    for name in ["a", "b"] {
        room.socket(name).call("JoinGroup", json!([group]));
    }
    let id = others.id("b").to_owned();
    room.expect("SendToAll", &[], &["a", "b"]);
    room.expect("SendToGroup", &[json!(group)], &["a", "b"]);
    room.expect("SendToClient", &[json!(id)], &[]);
    others.expect_received(&Value::Null, &[], Vec::new(), "what the other hub sent");
}
