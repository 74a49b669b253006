//! `POST /hub/negotiate`.

use wire_tests::http::{self, negotiate, post, request};

const TRANSPORTS: &str = r#"[{"transport":"WebSockets","transferFormats":["Text","Binary"]},{"transport":"ServerSentEvents","transferFormats":["Text"]},{"transport":"LongPolling","transferFormats":["Text","Binary"]}]"#;

fn assert_id(id: &str) {
    assert_eq!(id.len(), 22, "{id}");
    assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'), "{id}");
}

#[test]
fn version_1_answers_compact_json_in_a_fixed_order() {
    let response = post("/conformance/negotiate?negotiateVersion=1", b"");
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("content-length"), Some(response.body.len().to_string().as_str()));
    let (id, token) = (&response.json()["connectionId"], &response.json()["connectionToken"]);
    assert_eq!(
        response.text(),
        format!(
            r#"{{"negotiateVersion":1,"connectionId":{id},"connectionToken":{token},"availableTransports":{TRANSPORTS}}}"#
        )
    );
    assert_id(id.as_str().expect("the id is text"));
    assert_id(token.as_str().expect("the token is text"));
    assert_ne!(id, token, "the token is a secret of its own");
}

#[test]
fn version_0_has_no_token() {
    for query in ["", "?negotiateVersion=0", "?other=1"] {
        let response = post(&format!("/conformance/negotiate{query}"), b"");
        let id = &response.json()["connectionId"];
        assert_eq!(
            response.text(),
            format!(r#"{{"negotiateVersion":0,"connectionId":{id},"availableTransports":{TRANSPORTS}}}"#)
        );
        assert_id(id.as_str().expect("the id is text"));
    }
}

#[test]
fn the_version_is_the_lower_of_both_sides() {
    for (asked, given) in
        [("0", 0), ("1", 1), ("2", 1), ("100", 1), ("2147483647", 1), ("%2B1", 1), ("%201%20", 1), ("01", 1)]
    {
        let answer = negotiate(&format!("/conformance?negotiateVersion={asked}"));
        assert_eq!(answer["negotiateVersion"], given, "{asked}");
        assert_eq!(answer["connectionToken"].is_string(), given > 0, "{asked}: {answer}");
    }
}

#[test]
fn a_negative_version_is_refused_with_status_200_and_nothing_but_the_error() {
    for version in ["-1", "-2147483648"] {
        let response = post(&format!("/conformance/negotiate?negotiateVersion={version}"), b"");
        assert_eq!((response.status, response.header("content-type")), (200, Some("application/json")));
        assert_eq!(
            response.text(),
            format!(
                r#"{{"error":"The client requested version '{version}', but the server does not support this version."}}"#
            )
        );
    }
}

#[test]
fn a_version_that_is_no_integer_is_refused() {
    for query in [
        "negotiateVersion=",
        "negotiateVersion=abc",
        "negotiateVersion=1.5",
        "negotiateVersion=2147483648",
        "negotiateVersion=1&negotiateVersion=1",
    ] {
        let response = post(&format!("/conformance/negotiate?{query}"), b"");
        assert_eq!(response.status, 200);
        assert_eq!(response.text(), r#"{"error":"The client requested a non-integer protocol version."}"#, "{query}");
    }
}

#[test]
fn query_keys_and_paths_ignore_case() {
    assert_eq!(negotiate("/conformance?NEGOTIATEVERSION=1")["negotiateVersion"], 1);
}

#[test]
fn the_body_is_ignored() {
    for body in [b"".as_slice(), b"{}", b"not json", &[0xff; 3000]] {
        assert_eq!(post("/conformance/negotiate?negotiateVersion=1", body).json()["negotiateVersion"], 1);
    }
}

#[test]
fn a_content_type_is_not_needed_and_not_looked_at() {
    for content_type in ["text/plain;charset=UTF-8", "application/json", "image/png"] {
        let response =
            request("POST", "/conformance/negotiate?negotiateVersion=1", &[("Content-Type", content_type)], b"");
        assert_eq!(response.status, 200);
        assert_eq!(response.header("content-type"), Some("application/json"));
    }
}

#[test]
fn any_other_method_is_405_with_an_empty_body() {
    for method in ["GET", "PUT", "DELETE", "PATCH", "HEAD"] {
        let response = request(method, "/conformance/negotiate?negotiateVersion=1", &[], b"");
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(response.header("content-type"), Some("text/plain"), "{method}");
        assert_eq!(response.header("allow"), None, "{method}");
        assert_eq!(response.text(), "", "{method}");
    }
}

#[test]
fn every_negotiation_gives_other_ids() {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..50 {
        let answer = negotiate("/conformance?negotiateVersion=1");
        assert!(seen.insert(answer["connectionId"].to_string()));
        assert!(seen.insert(answer["connectionToken"].to_string()));
    }
}

#[test]
fn stateful_reconnect_is_not_agreed_on_where_it_is_not_allowed() {
    let answer = negotiate("/conformance?negotiateVersion=1&useStatefulReconnect=true");
    assert_eq!(answer.get("useStatefulReconnect"), None);
}

#[test]
fn stateful_reconnect_comes_first_where_it_is_allowed() {
    for wanted in ["true", "True", "TRUE"] {
        let path = format!("/conformance-stateful/negotiate?negotiateVersion=1&useStatefulReconnect={wanted}");
        let response = post(&path, b"");
        assert!(
            response.text().starts_with(r#"{"useStatefulReconnect":true,"negotiateVersion":1,"#),
            "{wanted}: {}",
            response.text()
        );
    }
    for other in ["", "false", "1", "yes"] {
        let answer = negotiate(&format!("/conformance-stateful?negotiateVersion=1&useStatefulReconnect={other}"));
        assert_eq!(answer.get("useStatefulReconnect"), None, "{other}");
    }
}

#[test]
fn an_endpoint_names_only_the_transports_it_has() {
    let answer = negotiate("/conformance-sse?negotiateVersion=1");
    let expected: serde_json::Value =
        serde_json::json!([{"transport": "ServerSentEvents", "transferFormats": ["Text"]}]);
    assert_eq!(answer["availableTransports"], expected);
}

#[test]
fn a_negotiation_over_authorized_hubs_needs_a_user() {
    assert_eq!(post("/conformance-auth/negotiate?negotiateVersion=1", b"").status, 401);
    for (path, headers) in [
        ("/conformance-auth/negotiate?negotiateVersion=1", vec![("Authorization", "Bearer user:ann")]),
        ("/conformance-auth/negotiate?negotiateVersion=1&access_token=user:ann", vec![]),
    ] {
        assert_eq!(request("POST", path, &headers, b"").status, 200);
    }
}

#[test]
fn a_browser_of_another_origin_may_ask_before() {
    for path in ["/conformance", "/conformance/negotiate"] {
        let asked = [
            ("Origin", "http://example.org"),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "x-requested-with,x-signalr-user-agent"),
        ];
        let response = request("OPTIONS", path, &asked, b"");
        assert!([200, 204].contains(&response.status), "{response:?}");
        assert_eq!(response.header("access-control-allow-origin"), Some("http://example.org"));
        assert_eq!(response.header("access-control-allow-credentials"), Some("true"));
        let methods = response.header("access-control-allow-methods").expect("methods");
        assert!(methods.contains("POST"), "{methods}");
        let headers = response.header("access-control-allow-headers").expect("headers");
        assert!(headers.contains("x-requested-with") && headers.contains("x-signalr-user-agent"), "{headers}");
    }
}

#[test]
fn a_page_of_any_origin_may_open_a_websocket() {
    let upgraded = wire_tests::RawSocket::upgrade("/conformance", &[("Origin", "http://example.org")]);
    assert!(upgraded.is_ok(), "{upgraded:?}");
}

#[test]
fn a_browser_of_another_origin_may_negotiate_with_credentials() {
    let response = request("POST", "/conformance/negotiate", &[("Origin", "http://example.org")], b"");
    assert_eq!(response.header("access-control-allow-origin"), Some("http://example.org"));
    assert_eq!(response.header("access-control-allow-credentials"), Some("true"));
}

#[test]
fn the_process_id_is_a_number() {
    assert!(http::get("/pid").text().trim().parse::<u32>().is_ok());
}
