//! Payloads of a genuine server, in both directions.

use super::super::*;
use super::hex;
use crate::protocol::codec::InvocationHead;
use crate::protocol::{Outcome, Protocol, WireArguments};
use bytes::Bytes;

const NOBODY: &[&str] = &[];
const A: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "BBBBBBBBBBBBBBBBBBBBBB";
/// The recorded name of a server is as long.
const SERVER: &str = "vm_0123456789abcdef0123456789abcdef";

fn hex_of(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// A call of a client method in every protocol of this build, as the hub encodes it.
fn encoded<A: WireArguments>(id: Option<&str>, target: &str, arguments: &A) -> Vec<(Protocol, Bytes)> {
    let head = InvocationHead { id, target, ..InvocationHead::default() };
    let encode = |&protocol: &Protocol| {
        let mut out = Vec::new();
        protocol.encode_invocation(&mut out, head, arguments).unwrap();
        (protocol, Bytes::from(out))
    };
    Protocol::ALL.iter().map(encode).collect()
}

/// The recorded map of messages, as far as this build has the protocols.
fn messages(json: &str, msgpack: &str) -> String {
    let binary = |name: &str, message: &str| {
        format!("{:02x}{}c4{:02x}{message}", 0xa0 + name.len(), hex_of(name), message.len() / 2)
    };
    let json = binary("json", &format!("{}1e", hex_of(json)));
    if Protocol::ALL.len() == 1 {
        return format!("81{json}");
    }
    format!("82{json}{}", binary("messagepack", msgpack))
}

#[test]
fn recorded_invocation_as_a_whole() {
    let payload = hex(concat!(
        "929082a46a736f6ec4307b2274797065223a312c22746172676574223a2252656365697665222c22617267756d656e7473223a5b2278225d",
        "7d1eab6d6573736167657061636bc41110960180c0a75265636569766591a17890"
    ));
    let read = read_invocation(&payload).unwrap();
    assert_eq!(read.excluded, NOBODY);
    let json = b"{\"type\":1,\"target\":\"Receive\",\"arguments\":[\"x\"]}\x1e";
    assert_eq!(read.messages.get(Protocol::Json), Some(&json[..]));
    assert_eq!((read.latest, read.question), (None, None));
    if cfg!(feature = "msgpack") {
        assert_eq!(invocation(NOBODY, &encoded(None, "Receive", &("x",)), None, None), payload);
    }
}
