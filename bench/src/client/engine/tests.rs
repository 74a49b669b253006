//! Clients of a server that says what the test wants.

use super::*;
use crate::client::web_socket::{CONTINUATION, TEXT};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::{JoinHandle, spawn};

fn frame(head: u8, payload: &str) -> Vec<u8> {
    [&[head, payload.len() as u8], payload.as_bytes()].concat()
}

/// Takes one client, answers its handshake and sends that too, then waits for its end.
fn server(bytes: Vec<u8>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut received = vec![0; 1024];
        let _upgrade = socket.read(&mut received).unwrap();
        socket.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").unwrap();
        let _handshake = socket.read(&mut received).unwrap();
        socket.write_all(&[frame(0x80 | TEXT, "{}\x1e"), bytes].concat()).unwrap();
        while socket.read(&mut received).is_ok_and(|length| length > 0) {}
    });
    (address, thread)
}

/// What the client of such a server says when it expects nothing.
fn outcome(bytes: Vec<u8>) -> String {
    let (address, thread) = server(bytes);
    let mut engine = Engine::new(address, "/bench", Protocol::Json).unwrap();
    let outcome = engine.open_all(1).and_then(|()| engine.expect_nothing(Duration::from_secs(60)));
    drop(engine);
    thread.join().unwrap();
    outcome.unwrap_err().to_string()
}

#[test]
fn what_is_not_expected_is_an_error_also_in_several_frames() {
    let message = "{\"type\":1,\"target\":\"receive\",\"arguments\":[\"abc\"]}\x1e";
    let expected = "connection 0: an invocation that was not expected: [\\\"abc\\\"]";
    assert_eq!(outcome(frame(0x80 | TEXT, message)), expected);
    let (begin, end) = message.split_at(20);
    let ping = frame(0x89, "");
    assert_eq!(outcome([frame(TEXT, begin), ping, frame(0x80 | CONTINUATION, end)].concat()), expected);
}

#[test]
fn the_end_of_a_connection_is_an_error() {
    let close = frame(0x80 | TEXT, "{\"type\":7,\"error\":\"enough\"}\x1e");
    assert_eq!(outcome(close), "connection 0: the server tells an error: enough");
    assert_eq!(outcome(frame(0x88, "\x03")), "connection 0: the server has closed the WebSocket: ");
}
