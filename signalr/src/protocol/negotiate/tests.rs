use super::*;
use proptest::prelude::*;

fn connection(version: i32, transports: &[Transport]) -> NegotiatedConnection {
    NegotiatedConnection {
        version,
        connection_id: "ID".to_owned(),
        connection_token: (version > 0).then(|| "TOKEN".to_owned()),
        stateful_reconnect: false,
        token_lifetime: None,
        transports: transports.iter().copied().map(AvailableTransport::from).collect(),
    }
}

fn json(response: &NegotiateResponse) -> String {
    String::from_utf8(response.to_json()).unwrap()
}

#[test]
fn writes_connections() {
    assert_eq!(
        json(&NegotiateResponse::Connect(connection(1, Transport::ALL))),
        "{\"negotiateVersion\":1,\"connectionId\":\"ID\",\"connectionToken\":\"TOKEN\",\"availableTransports\":[\
         {\"transport\":\"WebSockets\",\"transferFormats\":[\"Text\",\"Binary\"]},\
         {\"transport\":\"ServerSentEvents\",\"transferFormats\":[\"Text\"]},\
         {\"transport\":\"LongPolling\",\"transferFormats\":[\"Text\",\"Binary\"]}]}"
    );
    let stateful = NegotiatedConnection { stateful_reconnect: true, ..connection(1, &[]) };
    assert_eq!(
        json(&NegotiateResponse::Connect(stateful)),
        "{\"useStatefulReconnect\":true,\"negotiateVersion\":1,\"connectionId\":\"ID\",\
         \"connectionToken\":\"TOKEN\",\"availableTransports\":[]}"
    );
    let old = NegotiatedConnection { connection_token: Some("TOKEN".to_owned()), ..connection(0, &[]) };
    assert_eq!(
        json(&NegotiateResponse::Connect(old)),
        "{\"negotiateVersion\":0,\"connectionId\":\"ID\",\"availableTransports\":[]}"
    );
}

#[test]
fn writes_errors_and_redirects() {
    assert_eq!(
        json(&VersionError::NotAnInteger.into()),
        "{\"error\":\"The client requested a non-integer protocol version.\"}"
    );
    let redirect = NegotiateResponse::Redirect { url: "https://x/\"".to_owned(), access_token: Some("t".to_owned()) };
    assert_eq!(
        json(&redirect),
        "{\"negotiateVersion\":0,\"url\":\"https://x/\\\"\",\"accessToken\":\"t\",\"availableTransports\":[]}"
    );
}

#[test]
fn skips_what_it_does_not_know() {
    let parsed = NegotiateResponse::parse(
        b"{\"connectionId\":\"ID\",\"more\":[{}],\"error\":null,\"url\":\"\",\"connectionToken\":\"unused\",\
          \"availableTransports\":[{\"transport\":\"Pigeons\",\"transferFormats\":[]},\
          {\"transferFormats\":[\"Text\",\"Smoke\"],\"transport\":\"LongPolling\",\"x\":1}]}",
    );
    let transports =
        vec![AvailableTransport { transport: Transport::LongPolling, transfer_formats: vec![TransferFormat::Text] }];
    assert_eq!(parsed, Ok(NegotiateResponse::Connect(NegotiatedConnection { transports, ..connection(0, &[]) })));
}

#[test]
fn reads_redirects_and_errors_without_the_rest() {
    let redirect = NegotiateResponse::Redirect { url: "u".to_owned(), access_token: None };
    assert_eq!(NegotiateResponse::parse(b"{\"url\":\"u\"}"), Ok(redirect));
    let error = NegotiateResponse::Error("e".to_owned());
    assert_eq!(NegotiateResponse::parse(b"{\"error\":\"e\",\"url\":\"u\"}"), Ok(error));
}

#[test]
fn refuses_incomplete_answers() {
    for (answer, name) in [
        ("{\"availableTransports\":[]}", "connectionId"),
        ("{\"connectionId\":\"ID\"}", "availableTransports"),
        ("{\"connectionId\":\"ID\",\"negotiateVersion\":1,\"availableTransports\":[]}", "connectionToken"),
    ] {
        let error = NegotiateResponse::parse(answer.as_bytes()).unwrap_err().to_string();
        assert!(error.ends_with(&format!("Missing required property '{name}'.")), "{error}");
    }
    assert!(NegotiateResponse::parse(b"<html>").is_err());
    assert!(NegotiateResponse::parse(b"{\"connectionId\":1}").is_err());
    let old = NegotiateResponse::parse(b"{\"ConnectionId\":\"x\",\"ProtocolVersion\":\"1.4\"}").unwrap_err();
    assert!(old.to_string().contains("ASP.NET SignalR"));
}

proptest! {
    #[test]
    fn reads_what_it_writes(
        version in 0..3,
        texts in any::<(String, String)>(),
        stateful_reconnect in any::<bool>(),
        token_lifetime in any::<Option<u64>>(),
        chosen in prop::sample::subsequence(Transport::ALL.to_vec(), 0..=3),
    ) {
        let connection = NegotiatedConnection {
            connection_id: texts.0,
            connection_token: (version > 0).then_some(texts.1),
            stateful_reconnect,
            token_lifetime,
            ..connection(version, &chosen)
        };
        let response = NegotiateResponse::Connect(connection);
        prop_assert_eq!(NegotiateResponse::parse(&response.to_json()), Ok(response));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = NegotiateResponse::parse(&bytes);
    }
}
