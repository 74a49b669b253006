//! Calls through a whole connection: frame, message, hub method, answer, frame.

mod hubs;

use crate::case::{Case, Operation};
use crate::codec::text;
use crate::server::{Server, framed, options};
use hubs::{Hundred, Kinds, One, Order, Pass, Ten};
use signalr::protocol::codec::InvocationHead;
use signalr::protocol::{Binary, Protocol, WireArguments};
use signalr::{Hub, HubMethods};

/// How many items a stream has.
const ITEMS: u32 = 100;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Protocol::ALL.iter().copied().flat_map(|protocol| Calls(protocol).cases()).collect();
    let json = Calls(Protocol::Json);
    let request = || json.call("SendMessage", &(text(32),));
    cases.extend([
        json.case_of("hub of 1 method", request(), || Hub::new("One", One)),
        json.case_of("hub of 10 methods", request(), || Hub::new("Ten", Ten)),
        json.case_of("hub of 100 methods", request(), || Hub::new("Hundred", Hundred)),
    ]);
    cases
}

/// Calls in one protocol.
#[derive(Clone, Copy)]
struct Calls(Protocol);

impl Calls {
    fn cases(self) -> Vec<Case> {
        let floats: Vec<f64> = (0..100).map(|nth| f64::from(nth) / 8.0).collect();
        let texts = (text(32),);
        let filtered = self.call("Echo", &texts);
        let first = self.call("Echo", &texts);
        vec![
            self.case("text 32 B", self.call("Echo", &texts)),
            self.case("text 4 KiB", self.call("Echo", &(text(4096),))),
            self.case("text 32 B, 16 at once", self.sixteen()),
            self.case("no argument", self.call("Nothing", &())),
            self.case("4 numbers", self.call("Numbers", &(7, 1_i64 << 40, 12.75, true))),
            self.case("a struct", self.call("Order", &(Order::example(),))),
            self.case("100 floats", self.call("Floats", &(floats,))),
            self.case("bytes 1 KiB", self.call("Bytes", &(Binary::from(vec![7; 1024]),))),
            self.case("async, ready at once", self.call("Ready", &texts)),
            self.case("async, waits once", self.call("Later", &texts)),
            self.case("spawned", self.call("Spawned", &texts)),
            self.case("an error", self.call("Fails", &texts)),
            self.case("asks the context", self.call("Known", &())),
            self.case("100 items to the client", self.download()),
            self.case("100 items from the client", self.upload()),
            Case::new(self.name("behind a filter"), 500, move || {
                let server = Server::with(&Hub::new("Kinds", Kinds), options().filter(Pass));
                self.repeat(server, filtered.clone())
            }),
            Case::new(self.name("connect, call, close"), 300, move || {
                Server::new(&Hub::new("Kinds", Kinds)).repeat_connecting(self.0, first.clone())
            }),
        ]
    }

    fn name(self, what: &str) -> String {
        format!("call/{}/{what}", self.0.name())
    }

    fn case(self, what: &str, request: Vec<u8>) -> Case {
        self.case_of(what, request, || Hub::new("Kinds", Kinds))
    }

    fn case_of<H: HubMethods>(self, what: &str, request: Vec<u8>, hub: impl Fn() -> Hub<H> + Sync + 'static) -> Case {
        Case::new(self.name(what), 500, move || self.repeat(Server::new(&hub()), request.clone()))
    }

    /// Sends the request again and again on one connection.
    fn repeat(self, server: Server, request: Vec<u8>) -> Operation {
        let client = server.connect(self.0, "ann");
        server.repeat(move || client.send(&request))
    }

    fn call(self, target: &str, arguments: &impl WireArguments) -> Vec<u8> {
        self.invocation(InvocationHead { id: Some("1"), target, ..InvocationHead::default() }, arguments)
    }

    fn invocation(self, head: InvocationHead<'_>, arguments: &impl WireArguments) -> Vec<u8> {
        self.framed(|out| self.0.encode_invocation(out, head, arguments).expect("it can be written"))
    }

    fn framed(self, write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut message = Vec::new();
        write(&mut message);
        framed(self.0, &message)
    }

    fn sixteen(self) -> Vec<u8> {
        let call = |nth: u32| {
            let id = nth.to_string();
            self.invocation(InvocationHead { id: Some(&id), target: "Echo", ..InvocationHead::default() }, &(text(32),))
        };
        (1..=16).flat_map(call).collect()
    }

    fn download(self) -> Vec<u8> {
        let head = InvocationHead { streaming: true, id: Some("1"), target: "Count", ..InvocationHead::default() };
        self.invocation(head, &(ITEMS,))
    }

    fn upload(self) -> Vec<u8> {
        let head = InvocationHead { id: Some("1"), target: "Sum", stream_ids: &["2"], ..InvocationHead::default() };
        let mut bytes = self.invocation(head, &());
        for item in 0..ITEMS {
            bytes.extend(self.framed(|out| self.0.encode_stream_item(out, "2", &item).expect("it can be written")));
        }
        bytes.extend(self.framed(|out| self.0.encode_end(out, "2")));
        bytes
    }
}
