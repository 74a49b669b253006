//! Messages to bytes and back, and the frames of WebSockets around them.

use crate::case::Case;
use crate::server::framed;
use signalr::protocol::codec::InvocationHead;
use signalr::protocol::framing::Framing;
use signalr::protocol::websocket::{FrameDecoder, Opcode, Role, apply_mask, frame_header};
use signalr::protocol::{Message, Outcome, Protocol};
use std::hint::black_box;

/// What fits in a chat line, and a small document.
const SIZES: [(&str, usize); 2] = [("32 B", 32), ("4 KiB", 4096)];

const LIMIT: usize = 1 << 20;

type Arguments = (i32, i64, f64, bool, String, Option<u8>, Vec<u16>, String, i8, u64);

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for protocol in Protocol::ALL.iter().copied() {
        for (size, length) in SIZES {
            cases.extend([
                encoding(protocol, &format!("invocation {size}"), text(length), encode_invocation),
                encoding(protocol, &format!("completion {size}"), text(length), encode_completion),
                encoding(protocol, &format!("item {size}"), text(length), encode_item),
                decoding(protocol, &format!("invocation {size}"), text(length), encode_invocation, decode_invocation),
                decoding(protocol, &format!("completion {size}"), text(length), encode_completion, decode_completion),
                decoding(protocol, &format!("item {size}"), text(length), encode_item, decode_item),
            ]);
        }
        cases.extend(many_arguments(protocol));
    }
    cases.push(encoding(Protocol::Json, "item 4 KiB, quoted", quoted(4096), encode_item));
    cases.push(decoding(Protocol::Json, "item 4 KiB, quoted", quoted(4096), encode_item, decode_item));
    for (size, length) in SIZES {
        cases.extend(frames(size, length));
    }
    cases
}

/// What is written to, emptied each time, and what is written.
struct Writing {
    protocol: Protocol,
    out: Vec<u8>,
    text: String,
}

impl Writing {
    fn new(protocol: Protocol, text: &str) -> Self {
        Writing { protocol, out: Vec::with_capacity(2 * text.len() + 256), text: text.to_owned() }
    }
}

fn encoding(protocol: Protocol, what: &str, text: String, encode: fn(&mut Writing)) -> Case {
    let name = protocol.name();
    Case::of(format!("codec/{name}/encode {what}"), move || Writing::new(protocol, &text), encode)
}

fn decoding(protocol: Protocol, what: &str, text: String, encode: fn(&mut Writing), decode: fn(&mut Reading)) -> Case {
    let name = protocol.name();
    let reading = move || {
        let mut written = Writing::new(protocol, &text);
        encode(&mut written);
        Reading { protocol, bytes: written.out }
    };
    Case::of(format!("codec/{name}/decode {what}"), reading, decode)
}

/// Letters and blanks, of which nothing has to be escaped.
pub(crate) fn text(length: usize) -> String {
    "the quick brown fox jumps over ".chars().cycle().take(length).collect()
}

/// A document in a string: every eighth character has to be escaped.
fn quoted(length: usize) -> String {
    "{\"name\": \"a fox\", \"jumps over\": 1}".chars().cycle().take(length).collect()
}

fn encode_invocation(Writing { protocol, out, text }: &mut Writing) {
    out.clear();
    let head = InvocationHead { id: Some("42"), target: "SendMessage", ..InvocationHead::default() };
    protocol.encode_invocation(out, head, &(&*text,)).expect("it can be written");
}

fn encode_completion(Writing { protocol, out, text }: &mut Writing) {
    out.clear();
    protocol.encode_result(out, "42", text).expect("it can be written");
}

fn encode_item(Writing { protocol, out, text }: &mut Writing) {
    out.clear();
    protocol.encode_stream_item(out, "42", text).expect("it can be written");
}

/// Bytes of one message with its framing, as they come from the peer.
struct Reading {
    protocol: Protocol,
    bytes: Vec<u8>,
}

impl Reading {
    fn message(&self) -> Message<'_> {
        let frame = Framing::new(self.protocol, Some(LIMIT)).next(&self.bytes).expect("no error").expect("a message");
        self.protocol.decode(frame.body).expect("no error")
    }
}

fn decode_invocation(reading: &mut Reading) {
    let Message::Invocation(mut invocation) = reading.message() else { panic!("another message") };
    black_box(invocation.arguments.next::<String>().expect("a text"));
}

fn decode_completion(reading: &mut Reading) {
    let Message::Completion(completion) = reading.message() else { panic!("another message") };
    let Outcome::Result(value) = completion.outcome else { panic!("another outcome") };
    black_box(value.decode::<String>().expect("a text"));
}

fn decode_item(reading: &mut Reading) {
    let Message::StreamItem(item) = reading.message() else { panic!("another message") };
    black_box(item.item.decode::<String>().expect("a text"));
}

/// An invocation with ten arguments of different types.
fn many_arguments(protocol: Protocol) -> [Case; 2] {
    fn encode((protocol, out, arguments): &mut (Protocol, Vec<u8>, Arguments)) {
        out.clear();
        let head = InvocationHead { id: Some("42"), target: "Report", ..InvocationHead::default() };
        protocol.encode_invocation(out, head, &*arguments).expect("it can be written");
    }
    fn decode(reading: &mut Reading) {
        let Message::Invocation(invocation) = reading.message() else { panic!("another message") };
        let mut rest = invocation.arguments;
        let arguments: Arguments = (
            rest.next().expect("an argument"),
            rest.next().expect("an argument"),
            rest.next().expect("an argument"),
            rest.next().expect("an argument"),
            rest.next().expect("an argument"),
            rest.next().expect("an argument"),
            rest.next().expect("an argument"),
            rest.next().expect("an argument"),
            rest.next().expect("an argument"),
            rest.next().expect("an argument"),
        );
        black_box(arguments);
    }
    let writing = move || {
        let numbers = vec![1, 22, 333, 4444, 55555];
        let arguments = (-7, 1 << 40, 12.75, true, text(32), None, numbers, text(8), -1, u64::MAX);
        (protocol, Vec::with_capacity(1024), arguments)
    };
    let reading = move || {
        let mut written = writing();
        encode(&mut written);
        Reading { protocol, bytes: written.1 }
    };
    let name = protocol.name();
    [
        Case::of(format!("codec/{name}/encode 10 arguments"), writing, encode),
        Case::of(format!("codec/{name}/decode 10 arguments"), reading, decode),
    ]
}

fn frames(size: &str, length: usize) -> [Case; 3] {
    /// A frame as it came, and the buffer in which it is decoded.
    struct Received {
        frame: Vec<u8>,
        buffer: Vec<u8>,
        decoder: FrameDecoder,
    }
    fn decode(Received { frame, buffer, decoder }: &mut Received) {
        buffer.copy_from_slice(frame);
        let decoded = decoder.decode(buffer, &mut Vec::new());
        assert!(decoded.payload > 0 && decoded.end.is_none(), "the frame is refused");
    }
    fn head(length: &mut usize) {
        black_box(frame_header(Opcode::Text, *length, None));
    }
    fn mask(payload: &mut Box<[u8]>) {
        apply_mask(payload, [1, 2, 3, 4]);
    }
    let received = move || {
        let frame = framed(Protocol::Json, text(length).as_bytes());
        Received { buffer: frame.clone(), frame, decoder: FrameDecoder::new(Role::Server, LIMIT) }
    };
    [
        Case::of(format!("frame/decode masked {size}"), received, decode),
        Case::of(format!("frame/header {size}"), move || length, head),
        Case::of(format!("frame/mask {size}"), move || text(length).into_bytes().into(), mask),
    ]
}
