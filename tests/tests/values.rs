//! Values as arguments and results, in the spelling of each protocol.

use rmpv::Value as Pack;
use serde_json::{Value, json};
use wire_tests::{HubSocket, Protocol, completion, message::frame_pack};

fn everything() -> Value {
    json!({
        "text": "text",
        "number": -7,
        "big": 9_007_199_254_740_993_i64,
        "ratio": 0.5,
        "flag": true,
        "tags": ["a", "b"],
        "map": {"one": 1},
        "bytes": "AQID",
        "when": "2000-01-02T03:04:05Z",
        "id": "00010203-0405-0607-0809-0a0b0c0d0e0f",
        "colour": 1,
        "inner": {"depth": 1, "next": null},
    })
}

fn defaults() -> Value {
    json!({
        "text": null,
        "number": 0,
        "big": 0,
        "ratio": 0,
        "flag": false,
        "tags": null,
        "map": null,
        "bytes": null,
        "when": "0001-01-01T00:00:00",
        "id": "00000000-0000-0000-0000-000000000000",
        "colour": 0,
        "inner": null,
    })
}

#[test]
fn json_objects_have_camel_case_names_and_numbers_for_enums() {
    let mut socket = HubSocket::json("/conformance");
    socket.invoke("1", "MakeEverything", json!([]));
    let text = socket.next_text();
    assert!(text.contains(r#""big":9007199254740993,"#), "a number of 64 bits loses nothing: {text}");
    let names = ["text", "number", "big", "ratio", "flag", "tags", "map", "bytes", "when", "id", "colour", "inner"];
    let places = names.map(|name| text.find(&format!("\"{name}\":")).expect("each member is there"));
    assert!(places.is_sorted(), "in the order of their declaration: {text}");
    let message: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(message, completion("1", everything()));
}

#[test]
fn json_objects_come_back_as_they_were_sent() {
    let mut socket = HubSocket::json("/conformance");
    assert_eq!(socket.call("EchoEverything", json!([everything()])), everything());
}

#[test]
fn json_property_names_are_read_in_any_case() {
    let mut socket = HubSocket::json("/conformance");
    for change in [str::to_uppercase, str::to_lowercase] {
        let fields = everything();
        let fields = fields.as_object().expect("an object").iter();
        let spelled: serde_json::Map<_, _> = fields.map(|(name, value)| (change(name), value.clone())).collect();
        assert_eq!(socket.call("EchoEverything", json!([spelled])), everything());
    }
}

#[test]
fn json_properties_that_are_absent_take_their_default_and_unknown_ones_are_skipped() {
    let mut socket = HubSocket::json("/conformance");
    for argument in [json!({}), json!({"more": [1, {"x": null}]})] {
        let mut echo = socket.call("EchoEverything", json!([argument]));
        // 0 and 0.0 are the same number, and the year 1 may or may not say that it is UTC.
        assert_eq!(echo["ratio"].as_f64(), Some(0.0));
        echo["ratio"] = json!(0);
        let when = echo["when"].as_str().expect("a time").trim_end_matches('Z').to_owned();
        echo["when"] = json!(when);
        assert_eq!(echo, defaults());
    }
}

#[test]
fn json_times_keep_their_fractions() {
    let mut socket = HubSocket::json("/conformance");
    for time in ["2024-02-29T23:59:59.5Z", "1999-12-31T00:00:00.1234567Z", "2000-01-02T03:04:05Z"] {
        assert_eq!(socket.call("EchoEverything", json!([{"when": time}]))["when"], time);
    }
}

#[test]
fn json_values_of_another_type_are_no_arguments() {
    let mut socket = HubSocket::json("/conformance");
    #[rustfmt::skip]
    let rows = [
        json!({"number": "7"}), json!({"number": 1.5}), json!({"number": null}), json!({"text": 5}), json!({"flag": 1}),
        json!({"tags": "a"}), json!({"tags": [1]}), json!({"map": []}), json!({"map": {"one": "1"}}), json!({"bytes": "?"}),
        json!({"bytes": [1, 2]}), json!({"when": "yesterday"}), json!({"id": "5"}), json!({"colour": "Green"}),
        json!({"inner": [1]}), json!([]), json!("x"), json!(5),
    ];
    for row in rows {
        socket.invoke("1", "EchoEverything", json!([row]));
        let text = "Failed to invoke 'EchoEverything' due to an error on the server.";
        assert_eq!(socket.next_message()["error"], text, "{row}");
    }
    socket.expect_alive();
}

#[test]
fn json_bytes_are_base64() {
    let mut socket = HubSocket::json("/conformance");
    for bytes in ["", "AA==", "AAE=", "AAEC", "+/+/"] {
        assert_eq!(socket.call("EchoBytes", json!([bytes])), bytes);
    }
    for bad in [json!("A"), json!("A==="), json!("*AAA"), json!([1, 2])] {
        socket.invoke("1", "EchoBytes", json!([bad]));
        assert!(socket.next_message()["error"].is_string(), "{bad}");
    }
}

#[test]
fn json_whole_numbers_are_read_as_floating_point_and_written_without_a_point() {
    let mut socket = HubSocket::json("/conformance");
    for (one, two, text) in
        [("1", "2", "0.5"), ("6", "2", "3"), ("1.0", "-4.0", "-0.25"), ("0", "5", "0"), ("1e3", "1", "1000")]
    {
        socket.send_text(&format!(r#"{{"type":1,"invocationId":"1","target":"Divide","arguments":[{one},{two}]}}"#));
        let answer = socket.next_text();
        let result: f64 = serde_json::from_str::<Value>(&answer).expect("JSON")["result"].as_f64().expect("a number");
        assert_eq!(result.to_string(), text, "{answer}");
    }
}

fn pack(fields: &[(&str, Pack)]) -> Pack {
    Pack::Map(fields.iter().map(|(name, value)| (Pack::from(*name), value.clone())).collect())
}

/// The value as .NET clients send it: names as in C#, the enum by its name.
fn everything_pack() -> Pack {
    pack(&[
        ("Text", Pack::from("text")),
        ("Number", Pack::from(-7)),
        ("Big", Pack::from(9_007_199_254_740_993_i64)),
        ("Ratio", Pack::from(0.5)),
        ("Flag", Pack::from(true)),
        ("Tags", Pack::from(vec![Pack::from("a"), Pack::from("b")])),
        ("Map", pack(&[("one", Pack::from(1))])),
        ("Bytes", Pack::Binary(vec![1, 2, 3])),
        ("When", Pack::Ext(-1, 946_782_245_u32.to_be_bytes().to_vec())),
        ("Id", Pack::from("00010203-0405-0607-0809-0a0b0c0d0e0f")),
        ("Colour", Pack::from("Green")),
        ("Inner", pack(&[("Depth", Pack::from(1)), ("Next", Pack::Nil)])),
    ])
}

/// The result of a call, without a detour over JSON.
fn call_pack(socket: &mut HubSocket, method: &str, arguments: Vec<Pack>) -> Pack {
    let items = vec![
        Pack::from(1),
        Pack::Map(Vec::new()),
        Pack::from("1"),
        Pack::from(method),
        Pack::from(arguments),
        Pack::Array(Vec::new()),
    ];
    socket.send_bytes(&frame_pack(&Pack::from(items)));
    let bytes = socket.next_bytes();
    let answer = rmpv::decode::read_value(&mut bytes.as_slice()).expect("MessagePack");
    assert_eq!(answer[3], Pack::from(3), "{method} has a result: {answer}");
    answer[4].clone()
}

/// The fields of a map by name, since their order means nothing.
fn fields(value: &Pack) -> std::collections::BTreeMap<String, Pack> {
    let entries = value.as_map().unwrap_or_else(|| panic!("a map: {value}")).iter();
    entries.map(|(name, value)| (name.as_str().expect("a name").to_owned(), value.clone())).collect()
}

#[test]
fn messagepack_objects_have_pascal_case_names_and_names_for_enums() {
    let mut socket = HubSocket::connect("/conformance", Protocol::MessagePack);
    let made = call_pack(&mut socket, "MakeEverything", Vec::new());
    assert_eq!(fields(&made), fields(&everything_pack()));
    let echo = call_pack(&mut socket, "EchoEverything", vec![everything_pack()]);
    assert_eq!(fields(&echo), fields(&everything_pack()));
}

#[test]
fn messagepack_properties_that_are_absent_take_their_default_and_unknown_ones_are_skipped() {
    let mut socket = HubSocket::connect("/conformance", Protocol::MessagePack);
    for argument in [pack(&[]), pack(&[("More", everything_pack()), ("text", Pack::from("another name"))])] {
        let echo = fields(&call_pack(&mut socket, "EchoEverything", vec![argument]));
        for name in ["Text", "Tags", "Map", "Bytes", "Inner"] {
            assert_eq!(echo[name], Pack::Nil, "{name}");
        }
        assert_eq!((echo["Number"].as_i64(), echo["Ratio"].as_f64()), (Some(0), Some(0.0)));
        assert_eq!((&echo["Flag"], &echo["Colour"]), (&Pack::from(false), &Pack::from("Red")));
        assert_eq!(echo["Id"], Pack::from("00000000-0000-0000-0000-000000000000"));
        assert!(matches!(&echo["When"], Pack::Ext(-1, data) if data.len() == 12), "{}", echo["When"]);
    }
}

#[test]
fn messagepack_objects_are_written_to_the_last_byte_alike() {
    let mut socket = HubSocket::connect("/conformance", Protocol::MessagePack);
    socket.invoke("1", "MakeEverything", json!([]));
    let made = b"\x8c\xa4Text\xa4text\xa6Number\xf9\xa3Big\xcf\0\x20\0\0\0\0\0\x01\xa5Ratio\xcb\x3f\xe0\0\0\0\0\0\0\xa4Flag\xc3\
        \xa4Tags\x92\xa1a\xa1b\xa3Map\x81\xa3one\x01\xa5Bytes\xc4\x03\x01\x02\x03\xa4When\xd6\xff\x38\x6e\xc0\x25\
        \xa2Id\xd9\x2400010203-0405-0607-0809-0a0b0c0d0e0f\xa6Colour\xa5Green\xa5Inner\x82\xa5Depth\x01\xa4Next\xc0";
    assert_eq!(socket.next_bytes(), [b"\x95\x03\x80\xa11\x03".as_slice(), made].concat());
}

#[test]
fn messagepack_members_of_another_type_are_no_arguments() {
    let mut socket = HubSocket::connect("/conformance", Protocol::MessagePack);
    let timestamp_of_another_type = Pack::Ext(1, vec![0; 4]);
    #[rustfmt::skip]
    let rows = [
        pack(&[("Colour", Pack::from(1))]), pack(&[("Colour", Pack::from("Pink"))]), pack(&[("Colour", Pack::Nil)]),
        pack(&[("When", Pack::from("2000-01-02"))]), pack(&[("When", timestamp_of_another_type)]), pack(&[("When", Pack::Nil)]),
        pack(&[("Id", Pack::from("5"))]), pack(&[("Number", Pack::Nil)]), pack(&[("Number", Pack::from(0.5))]),
        pack(&[("Flag", Pack::from("true"))]), pack(&[("Tags", Pack::from("a"))]), pack(&[("Inner", Pack::from(1))]),
        Pack::from(vec![Pack::from("text")]), Pack::from("x"), Pack::from(5),
    ];
    for row in rows {
        let arguments = Pack::from(vec![row.clone()]);
        let call = [Pack::from(1), Pack::Map(Vec::new()), Pack::from("1"), Pack::from("EchoEverything"), arguments];
        socket.send_bytes(&frame_pack(&Pack::from([&call[..], &[Pack::Array(Vec::new())]].concat())));
        let text = "Failed to invoke 'EchoEverything' due to an error on the server.";
        assert_eq!(socket.next_message()["error"], text, "{row}");
    }
    socket.expect_alive();
}

#[test]
fn messagepack_bytes_are_binary() {
    let mut socket = HubSocket::connect("/conformance", Protocol::MessagePack);
    for bytes in [vec![], vec![0], vec![0xff; 300]] {
        let bytes = Pack::Binary(bytes);
        assert_eq!(call_pack(&mut socket, "EchoBytes", vec![bytes.clone()]), bytes);
    }
}

#[test]
fn messagepack_times_keep_their_fractions() {
    let mut socket = HubSocket::connect("/conformance", Protocol::MessagePack);
    // 32 bits: whole seconds; 64 bits: nanoseconds above 34 bits of seconds.
    let half = (500_000_000_u64 << 34) | 946_782_245;
    for data in [946_782_245_u32.to_be_bytes().to_vec(), half.to_be_bytes().to_vec()] {
        let time = Pack::Ext(-1, data);
        let echo = call_pack(&mut socket, "EchoEverything", vec![pack(&[("When", time.clone())])]);
        assert_eq!(fields(&echo)["When"], time);
    }
}

#[test]
fn messagepack_values_of_another_type_are_no_arguments() {
    let mut socket = HubSocket::connect("/conformance", Protocol::MessagePack);
    let head = b"\x96\x01\x80\xa11";
    for call in [b"\xa4Echo\x91\x01\x90".as_slice(), b"\xa3Add\x92\xca\x3f\x80\0\0\x01\x90"] {
        socket.send_bytes(&wire_tests::message::frame_bytes(&[head, call].concat()));
        assert!(socket.next_message()["error"].is_string(), "{call:?}");
    }
    socket.expect_alive();
}

#[test]
fn messagepack_numbers_are_written_in_the_smallest_form() {
    let mut socket = HubSocket::connect("/conformance", Protocol::MessagePack);
    #[rustfmt::skip]
    let rows: [(i64, &[u8]); 11] = [
        (0, b"\x00"), (127, b"\x7f"), (128, b"\xcc\x80"), (256, b"\xcd\x01\x00"), (65_536, b"\xce\x00\x01\x00\x00"), (-1, b"\xff"),
        (-32, b"\xe0"), (-33, b"\xd0\xdf"), (-129, b"\xd1\xff\x7f"), (-32_769, b"\xd2\xff\xff\x7f\xff"),
        (i64::from(i32::MIN), b"\xd2\x80\x00\x00\x00"),
    ];
    for (number, written) in rows {
        socket.invoke("1", "Add", json!([number, 0]));
        assert_eq!(socket.next_bytes(), [b"\x95\x03\x80\xa11\x03".as_slice(), written].concat(), "{number}");
    }
}
