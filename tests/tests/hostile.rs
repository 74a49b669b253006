//! Input that is meant to harm. Whatever happens to its connection, the server goes on.

use std::io::{Read, Write};

use serde_json::json;
use wire_tests::{
    Event, Frame, HubSocket, Protocol, RawSocket, item,
    message::frame_bytes,
    ours_differs, server,
    websocket::{CONTINUATION, PING},
};

fn assert_server_goes_on() {
    HubSocket::json("/conformance").expect_alive();
}

/// Sends these bytes of one message: the call or the connection must fail, and nothing else.
fn expect_refusal(what: &str, protocol: Protocol, bytes: &[u8]) {
    let mut socket = HubSocket::connect("/bench", protocol);
    socket.send_bytes(bytes);
    let answer = socket.next_message();
    assert!(answer["error"].is_string(), "{what}: {answer}");
    if answer["type"] == 7 {
        socket.expect_end();
    } else {
        socket.expect_alive();
    }
    assert_server_goes_on();
}

/// Sends these bytes of one message that may be ignored or close the connection.
fn expect_no_harm(what: &str, protocol: Protocol, bytes: &[u8]) {
    let mut socket = HubSocket::connect("/bench", protocol);
    socket.send_bytes(bytes);
    socket.send(&wire_tests::invocation("1", "Echo", json!(["x"])));
    match socket.event() {
        Event::Message(message) if message["type"] == 7 => socket.expect_end(),
        Event::Message(message) => assert_eq!(message["result"], "x", "{what}"),
        other => panic!("{what}: {other:?}"),
    }
    assert_server_goes_on();
}

#[test]
fn deep_json_is_refused() {
    for depth in [65, 129, 1000, 100_000, 400_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            if depth * (open.len() + close.len()) > 1_000_000 {
                continue;
            }
            let middle = if open == "[" { "" } else { "0" };
            let deep = format!("{}{middle}{}", open.repeat(depth), close.repeat(depth));
            let what = format!("{depth} times {open}");
            let call =
                format!("{{\"type\":1,\"invocationId\":\"1\",\"target\":\"Echo\",\"arguments\":[{deep}]}}\u{1e}");
            expect_refusal(&what, Protocol::Json, call.as_bytes());
            for message in [
                format!("{{\"type\":6,\"more\":{deep}}}\u{1e}"),
                format!("{{\"more\":{deep},\"type\":6}}\u{1e}"),
                format!("{{\"type\":2,\"invocationId\":\"unknown\",\"item\":{deep}}}\u{1e}"),
                format!("{{\"type\":3,\"invocationId\":\"unknown\",\"result\":{deep}}}\u{1e}"),
                format!("{{\"type\":1,\"target\":\"Unknown\",\"arguments\":[{deep}]}}\u{1e}"),
                format!("{{\"type\":1,\"target\":\"Echo\",\"headers\":{deep},\"arguments\":[\"x\"]}}\u{1e}"),
            ] {
                expect_no_harm(&what, Protocol::Json, message.as_bytes());
            }
        }
    }
}

#[test]
fn deep_json_that_never_closes_is_refused() {
    for open in ["[", "{\"a\":"] {
        let deep = open.repeat(100_000);
        let call = format!("{{\"type\":1,\"invocationId\":\"1\",\"target\":\"Echo\",\"arguments\":[{deep}\u{1e}");
        expect_refusal(open, Protocol::Json, call.as_bytes());
        expect_refusal(open, Protocol::Json, format!("{deep}\u{1e}").as_bytes());
    }
}

#[test]
fn deep_json_in_the_handshake_is_refused() {
    for path in ["/conformance", "/bench"] {
        let mut raw = RawSocket::open(path);
        let deep = "[".repeat(15_000);
        raw.send(&Frame::text(format!("{{\"more\":{deep}\u{1e}")));
        assert!(raw.read_message().is_some());
        raw.read_close();
        assert_server_goes_on();
    }
}

#[test]
fn deep_messagepack_is_refused() {
    for depth in [501, 1025, 100_000, 900_000] {
        let arrays = [vec![0x91; depth], vec![0x90]].concat();
        let maps = [[0x81, 0x00].repeat(depth / 2), vec![0x80]].concat();
        for deep in [arrays, maps] {
            let what = format!("{depth} times {:x}", deep[0]);
            let call = [b"\x96\x01\x80\xa11\xa4Echo\x91".as_slice(), &deep, b"\x90"].concat();
            expect_refusal(&what, Protocol::MessagePack, &frame_bytes(&call));
            for message in [
                [b"\x92\x06".as_slice(), &deep].concat(),
                [b"\x94\x02\x80\xa1u".as_slice(), &deep].concat(),
                [b"\x95\x03\x80\xa1u\x03".as_slice(), &deep].concat(),
                [b"\x97\x01\x80\xc0\xa4Echo\x91\xa1x\x90".as_slice(), &deep].concat(),
                [b"\x96\x01\x80\xc0\xa7Unknown\x91".as_slice(), &deep, b"\x90"].concat(),
                [b"\x96\x01\x81\xa1a".as_slice(), &deep, b"\xc0\xa4Echo\x91\xa1x\x90"].concat(),
                deep.clone(),
            ] {
                expect_no_harm(&what, Protocol::MessagePack, &frame_bytes(&message));
            }
        }
    }
}

#[test]
fn frames_that_claim_to_be_huge_are_refused_or_waited_for_without_memory() {
    for length in [1 << 31, 1 << 40, (1 << 62) + 1, i64::MAX as u64] {
        let mut socket = HubSocket::json("/conformance");
        socket.raw.write(&Frame::text("{").to_bytes_with_length(length));
        assert_server_goes_on();
        if !ours_differs("a frame above the frame limit closes with 1009") {
            assert_eq!(socket.raw.read_close().map(|(code, _)| code), Some(1009), "{length}");
        }
    }
}

#[test]
fn a_frame_length_of_64_bits_is_refused() {
    for length in [1 << 63, u64::MAX] {
        let mut socket = HubSocket::json("/conformance");
        socket.raw.write(&Frame::text("{").to_bytes_with_length(length));
        assert_eq!(socket.raw.read_close().map(|(code, _)| code), Some(1002), "{length}");
        assert_server_goes_on();
    }
}

#[test]
fn endless_empty_fragments_and_pings_harm_nobody() {
    let mut socket = HubSocket::json("/conformance");
    socket.raw.send(&Frame::text("").unfinished());
    let empty = Frame::new(CONTINUATION, "").unfinished().to_bytes().repeat(20_000);
    socket.raw.write(&empty);
    socket.raw.send(&Frame::new(CONTINUATION, Protocol::Json.encode(&json!({"type": 6}))));
    socket.expect_alive();

    // Nobody reads the pongs; the server must not keep them all.
    let mut writer = socket.raw.writer();
    let pings = Frame::new(PING, [b'x'; 125]).to_bytes().repeat(2000);
    let writing = std::thread::spawn(move || writer.try_write(&pings));
    assert_server_goes_on();
    socket.expect_alive();
    writing.join().expect("no panic");
}

#[test]
fn bytes_that_are_not_utf_8_harm_nobody() {
    // In binary frames, since text frames end the connection by themselves.
    let mut socket = HubSocket::json("/conformance");
    socket
        .raw
        .send(&Frame::binary(b"{\"type\":1,\"invocationId\":\"1\",\"target\":\"Ec\xffho\",\"arguments\":[]}\x1e"));
    assert!(socket.next_message()["error"].is_string());
    let mut socket = HubSocket::json("/conformance");
    socket
        .raw
        .send(&Frame::binary(b"{\"type\":1,\"invocationId\":\"1\",\"target\":\"Echo\",\"arguments\":[\"\xff\"]}\x1e"));
    assert!(socket.next_message()["error"].is_string());

    for body in [b"\x96\x01\x80\xa1\xff\xa4Echo\x91\xa1x\x90".as_slice(), b"\x96\x01\x80\xa11\xa4Ec\xffo\x91\xa1x\x90"]
    {
        let mut socket = HubSocket::connect("/conformance", Protocol::MessagePack);
        socket.send_bytes(&frame_bytes(body));
        assert_eq!(socket.next_message()["type"].as_i64().map(|kind| kind == 3 || kind == 7), Some(true));
    }
    assert_server_goes_on();
}

#[test]
fn very_long_names_and_ids_harm_nobody() {
    let mut socket = HubSocket::json("/bench");
    let long = "x".repeat(500_000);
    socket.invoke(&long, "Echo", json!(["x"]));
    assert_eq!(socket.next_message(), wire_tests::completion(&long, json!("x")));
    socket.invoke("1", &long, json!([]));
    assert!(socket.next_message()["error"].is_string());
    socket.send(&item(&long, json!(1)));
    socket.send(&wire_tests::cancel(&long));
    socket.call("JoinGroup", json!([long]));
    socket.expect_alive();
}

#[test]
fn very_many_arguments_and_streams_harm_nobody() {
    let mut socket = HubSocket::json("/bench");
    let many: Vec<u32> = vec![0; 300_000];
    socket.invoke("1", "Add", json!(many));
    assert!(socket.next_message()["error"].is_string());
    let streams: Vec<String> = (0..50_000).map(|n| n.to_string()).collect();
    let mut call = wire_tests::invocation("2", "Sum", json!([]));
    call["streamIds"] = json!(streams);
    socket.send(&call);
    assert!(socket.next_message()["error"].is_string());
    socket.expect_alive();
}

#[test]
fn what_is_no_http_is_refused_and_harms_nobody() {
    for bytes in [
        b"\x00\x01\x02\x03\r\n\r\n".as_slice(),
        b"HELLO\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01",
    ] {
        let mut stream = server().tcp();
        stream.write_all(bytes).expect("the server reads");
        stream.shutdown(std::net::Shutdown::Write).expect("the connection is open");
        let mut answer = Vec::new();
        // A reset is an answer as well.
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    }
    assert_server_goes_on();
}
