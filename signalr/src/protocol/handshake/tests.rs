use super::*;
use proptest::prelude::*;

const MALFORMED: &str = "An unexpected error occurred during connection handshake.";

fn request(text: &str) -> Result<Option<(HandshakeRequest<'_>, usize)>, HandshakeError> {
    HandshakeRequest::parse(text.as_bytes(), Some(1024))
}

fn accepted(text: &str) -> (String, i32) {
    let (request, _) = request(text).unwrap().unwrap();
    (request.protocol.into_owned(), request.version)
}

fn details(text: &[u8]) -> String {
    let error = HandshakeRequest::parse(text, None).unwrap_err();
    assert_eq!(error.client_text(false), MALFORMED);
    error.client_text(true).strip_prefix(MALFORMED).unwrap().trim_start().to_owned()
}

#[test]
fn reads_requests() {
    let (parsed, consumed) = request("{\"protocol\":\"json\",\"version\":1}\x1e{\"type\":6}\x1e").unwrap().unwrap();
    assert_eq!(parsed, HandshakeRequest { protocol: "json".into(), version: 1, error_info: false });
    assert!(matches!(parsed.protocol, Cow::Borrowed(_)));
    assert_eq!(consumed, 32);
    assert_eq!(accepted("{\"version\":-5,\"x\":[{}],\"protocol\":\"JSON\"}\x1e"), ("JSON".to_owned(), -5));
    assert_eq!(accepted(" {\"pro\\u0074ocol\":\"a\",\"version\":0}xyz\x1e"), ("a".to_owned(), 0));
    assert_eq!(accepted("{\"protocol\":\"a\",\"version\":1,\"protocol\":\"b\"}\x1e"), ("b".to_owned(), 1));
}

#[test]
fn a_client_may_ask_for_what_stands_beside_errors() {
    let asks = |value: &str| {
        let text = format!("{{\"errorInfo\":{value},\"protocol\":\"json\",\"version\":1}}\x1e");
        let (parsed, _) = request(&text).unwrap().unwrap();
        parsed.error_info
    };
    assert!(asks("true"));
    // Others may mean something else by it.
    for value in ["false", "null", "1", "\"true\"", "[true]", "{\"errorInfo\":true}"] {
        assert!(!asks(value), "{value}");
    }
    let mut out = Vec::new();
    HandshakeRequest { protocol: "json".into(), version: 1, error_info: true }.write(&mut out);
    assert_eq!(out, b"{\"protocol\":\"json\",\"version\":1,\"errorInfo\":true}\x1e");
}

#[test]
fn waits_for_the_separator_up_to_the_limit() {
    assert_eq!(request(""), Ok(None));
    assert_eq!(request("nonsense"), Ok(None));
    assert_eq!(request(&" ".repeat(1023)), Ok(None));
    let too_large = request(&" ".repeat(1024)).unwrap_err();
    assert_eq!(too_large, HandshakeError::TooLarge);
    assert_eq!(too_large.client_text(true), "Handshake was canceled.");
    assert_eq!(HandshakeError::TimedOut.client_text(true), "Handshake was canceled.");
}

#[test]
fn names_what_is_wrong_with_a_request() {
    for (text, expected) in [
        ("{}", "InvalidDataException: Missing required property 'protocol'. Message content: {}"),
        (
            "{\"protocol\":\"json\",\"version\":null}",
            "InvalidDataException: Missing required property 'version'. Message content: {\"protocol\":\"json\",\"version\":null}",
        ),
        ("{\"a\":1}}", "InvalidDataException: Missing required property 'protocol'. Message content: {\"a\":1}}"),
        (
            "{\"Protocol\":\"json\",\"version\":1}",
            "InvalidDataException: Missing required property 'protocol'. Message content: {\"Protocol\":\"json\",\"version\":1}",
        ),
        ("[]", "InvalidDataException: Unexpected JSON Token Type 'Array'. Expected a JSON Object."),
        ("1", "InvalidDataException: Unexpected JSON Token Type 'Number'. Expected a JSON Object."),
        ("\"a\"", "InvalidDataException: Unexpected JSON Token Type 'String'. Expected a JSON Object."),
        ("true", "InvalidDataException: Unexpected JSON Token Type 'True'. Expected a JSON Object."),
        ("null", "InvalidDataException: Unexpected JSON Token Type 'Null'. Expected a JSON Object."),
        ("{\"protocol\":1,\"version\":1}", "InvalidDataException: Expected 'protocol' to be of type String."),
        ("{\"protocol\":null,\"version\":1}", "InvalidDataException: Expected 'protocol' to be of type String."),
        ("{\"protocol\":{},\"version\":true", "InvalidDataException: Expected 'protocol' to be of type String."),
        ("{\"protocol\":\"json\",\"version\":\"1\"}", "InvalidDataException: Expected 'version' to be of type Number."),
        (
            "{\"protocol\":\"json\",\"version\":\"x\" x",
            "InvalidDataException: Expected 'version' to be of type Number.",
        ),
        (
            "{\"protocol\":\"json\",\"version\":1.0}",
            "FormatException: Either the JSON value is not in a supported format, or is out of bounds for an Int32.",
        ),
        (
            "{\"version\":99999999999}",
            "FormatException: Either the JSON value is not in a supported format, or is out of bounds for an Int32.",
        ),
        ("x", "JsonReaderException: Found 'x' where a value was expected. LineNumber: 0 | BytePositionInLine: 0."),
        ("", "JsonReaderException: Found the end where a value was expected. LineNumber: 0 | BytePositionInLine: 0."),
        (
            "{\"version\":\n 1,\n\"protocol\":\u{feff}}",
            "JsonReaderException: Found '0xEF' where a value was expected. LineNumber: 2 | BytePositionInLine: 11.",
        ),
        (
            "{\"version\":tru}",
            "JsonReaderException: Found '}' where a literal was expected. LineNumber: 0 | BytePositionInLine: 14.",
        ),
    ] {
        assert_eq!(details(format!("{text}\x1e").as_bytes()), expected, "{text}");
    }
    assert_eq!(
        details(b"{\"protocol\":\"\xff\",\"version\":1}\x1e"),
        "InvalidOperationException: Cannot transcode invalid UTF-8 JSON text to UTF-16 string."
    );
}

#[test]
fn selects_a_protocol() {
    let select = |protocol: &'static str, version, supported: &[Protocol]| {
        let request = HandshakeRequest { protocol: protocol.into(), version, error_info: false };
        request.select(supported, true).map_err(|error| error.client_text(true))
    };
    assert_eq!(select("json", 1, Protocol::ALL), Ok(Protocol::Json));
    assert_eq!(select("JsOn", i32::MIN, Protocol::ALL), Ok(Protocol::Json));
    assert_eq!(select("json", 2, Protocol::ALL), Ok(Protocol::Json));
    let unsupported = "The server does not support version 9001 of the 'JsOn' protocol.";
    assert_eq!(select("JsOn", 9001, Protocol::ALL), Err(unsupported.to_owned()));
    assert_eq!(select("Nope", 9001, Protocol::ALL), Err("The protocol 'Nope' is not supported.".to_owned()));
    assert_eq!(select("json", 1, &[]), Err("The protocol 'json' is not supported.".to_owned()));
}

#[cfg(feature = "msgpack")]
#[test]
fn refuses_a_binary_protocol_on_a_text_transport() {
    let request = HandshakeRequest { protocol: "MessagePack".into(), version: 1, error_info: false };
    assert_eq!(request.select(Protocol::ALL, true), Ok(Protocol::MessagePack));
    assert_eq!(
        request.select(Protocol::ALL, false).unwrap_err().to_string(),
        "Cannot use the 'messagepack' protocol on the current transport. \
         The transport does not support 'Binary' transfer format."
    );
}

#[test]
fn writes_responses() {
    let written = |response: HandshakeResponse<'_>| {
        let mut out = Vec::new();
        response.write(&mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(written(HandshakeResponse::ACCEPTED), "{}\x1e");
    assert_eq!(written(HandshakeResponse::refused("no \"x\"")), "{\"error\":\"no \\\"x\\\"\"}\x1e");
}

#[test]
fn takes_no_other_message_for_a_response() {
    let parse = |text: &'static [u8]| HandshakeResponse::parse(text, None);
    assert_eq!(parse(b"{}\x1e{\"type\":6}\x1e"), Ok(Some((HandshakeResponse::ACCEPTED, 3))));
    assert_eq!(parse(b"{\"minorVersion\":0}"), Ok(None));
    let error = parse(b"{\"type\":6}\x1e").unwrap_err();
    assert!(error.client_text(true).ends_with("Expected a handshake response from the server."));
}

proptest! {
    #[test]
    fn reads_what_it_writes(
        protocol in any::<String>(),
        version in any::<i32>(),
        error_info in any::<bool>(),
        error in any::<Option<String>>(),
    ) {
        let mut out = Vec::new();
        let request = HandshakeRequest { protocol: protocol.into(), version, error_info };
        request.write(&mut out);
        prop_assert_eq!(HandshakeRequest::parse(&out, None), Ok(Some((request, out.len()))));
        let mut out = Vec::new();
        let response = HandshakeResponse { error: error.map(Cow::Owned) };
        response.write(&mut out);
        prop_assert_eq!(HandshakeResponse::parse(&out, None), Ok(Some((response, out.len()))));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut framed = bytes;
        let _ = HandshakeRequest::parse(&framed, Some(32));
        framed.push(SEPARATOR);
        let _ = HandshakeRequest::parse(&framed, Some(32));
        let _ = HandshakeResponse::parse(&framed, Some(32));
    }
}
