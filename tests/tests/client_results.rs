//! What the server asks of clients.

use std::{collections::HashSet, thread};

use serde_json::{Value, json};
use wire_tests::{
    BOTH, HubSocket, Protocol, close, completion, ended, failed,
    http::{self, Response},
    invocation, ours_differs, unique,
};

const ASK_FAILED: &str = "An unexpected error occurred invoking 'AskClient' on the server.";

/// Reads the server's question and returns its id.
fn question(socket: &mut HubSocket, text: &str) -> String {
    let message = socket.next_message();
    let id = message["invocationId"].as_str().unwrap_or_else(|| panic!("no question: {message}")).to_owned();
    assert!(!id.is_empty());
    assert_eq!(message, invocation(&id, "Answer", json!([text])));
    id
}

/// Two connections, and the id of the second one.
fn pair(path: &str, protocol: Protocol) -> (HubSocket, HubSocket, String) {
    let asker = HubSocket::connect(path, protocol);
    let mut asked = HubSocket::connect(path, protocol);
    let id = asked.connection_id();
    (asker, asked, id)
}

/// Asks with `AskClient`, lets the other answer with these messages, and returns what the asker gets.
fn ask(path: &str, protocol: Protocol, answer: impl Fn(&str) -> Vec<Value>) -> Value {
    let (mut asker, mut asked, id) = pair(path, protocol);
    asker.invoke("1", "AskClient", json!([id, "why"]));
    let question = question(&mut asked, "why");
    asked.send_all(&answer(&question));
    let result = asker.next_message();
    asker.expect_alive();
    asked.expect_alive();
    result
}

#[test]
fn the_answer_reaches_the_asker() {
    for protocol in BOTH {
        for text in ["because", "", "é🦀"] {
            assert_eq!(
                ask("/conformance", protocol, |id| vec![completion(id, json!(text))]),
                completion("1", json!(text))
            );
        }
    }
}

#[test]
fn both_ends_may_speak_different_protocols() {
    for (one, two) in [(BOTH[0], BOTH[1]), (BOTH[1], BOTH[0])] {
        let mut asker = HubSocket::connect("/conformance", one);
        let mut asked = HubSocket::connect("/conformance", two);
        let id = asked.connection_id();
        asker.invoke("1", "AskClient", json!([id, "why"]));
        let question = question(&mut asked, "why");
        asked.send(&completion(&question, json!("so")));
        assert_eq!(asker.next_message(), completion("1", json!("so")));
    }
}

#[test]
fn a_method_may_ask_its_own_caller() {
    for protocol in BOTH {
        for path in ["/conformance", "/conformance-detailed"] {
            let mut socket = HubSocket::connect(path, protocol);
            let id = socket.connection_id();
            socket.invoke("1", "AskClient", json!([id, "why"]));
            let question = question(&mut socket, "why");
            socket.send(&completion(&question, json!("so")));
            assert_eq!(socket.next_message(), completion("1", json!("so")));
        }
    }
}

#[test]
fn an_error_of_the_client_is_shown_to_the_asker() {
    for protocol in BOTH {
        for path in ["/conformance", "/conformance-detailed"] {
            let result = ask(path, protocol, |id| vec![failed(id, "I do not know")]);
            assert_eq!(result, failed("1", &format!("{ASK_FAILED} HubException: I do not know")));
        }
    }
}

fn assert_wrong_type(protocol: Protocol, wrong: &Value) {
    let result = ask("/conformance", protocol, |id| vec![completion(id, wrong.clone())]);
    let text = result["error"].as_str().unwrap_or_else(|| panic!("{wrong}: {result}"));
    let start = format!("{ASK_FAILED} HubException: Error trying to deserialize result to String.");
    assert!(text.starts_with(&start), "{wrong}: {text}");
}

#[test]
fn an_answer_of_another_type_is_an_error_of_the_asker() {
    for protocol in BOTH {
        for wrong in [json!(5), json!(true), json!(["x"])] {
            assert_wrong_type(protocol, &wrong);
        }
    }
    assert_wrong_type(Protocol::MessagePack, &json!({"a": 1}));
}

#[test]
fn an_object_of_another_type_is_an_error_of_the_asker() {
    if ours_differs("a client result that is an object of another type fails only the question") {
        return;
    }
    for wrong in [json!({"a": 1}), json!({"a": {"b": [{}]}}), json!([{"a": []}])] {
        assert_wrong_type(Protocol::Json, &wrong);
    }
}

#[test]
fn an_answer_without_a_result_is_an_error_of_the_asker() {
    for protocol in BOTH {
        let result = ask("/conformance", protocol, |id| vec![ended(id)]);
        let text = result["error"].as_str().unwrap_or_else(|| panic!("{result}"));
        assert!(text.starts_with(ASK_FAILED), "{text}");
    }
}

#[test]
fn only_the_first_answer_counts_and_late_ones_are_ignored() {
    for protocol in BOTH {
        let result = ask("/conformance", protocol, |id| {
            vec![
                completion(id, json!("first")),
                completion(id, json!("second")),
                failed(id, "third"),
                completion(id, json!(4)),
            ]
        });
        assert_eq!(result, completion("1", json!("first")));
    }
}

#[test]
fn an_answer_to_nothing_is_ignored() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.send_all(&[
            completion("s99999999", json!("x")),
            failed("never asked", "x"),
            ended("0"),
            completion("z", json!({"deep": [[1]]})),
        ]);
        socket.expect_alive();
    }
}

/// Asserts that a failed question is explained by this text, behind the name of any type.
fn assert_explained(answer: &Value, text: &str) {
    let error = answer["error"].as_str().unwrap_or_else(|| panic!("{answer}"));
    let details = error.strip_prefix(ASK_FAILED).unwrap_or_else(|| panic!("{error}"));
    assert_eq!(details.split_once(": ").map(|(_, text)| text), Some(text), "{error}");
}

#[test]
fn an_unknown_connection_cannot_be_asked() {
    let id = unique("nobody");
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        socket.invoke("1", "AskClient", json!([id, "why"]));
        assert_eq!(socket.next_message(), failed("1", ASK_FAILED));
        let mut socket = HubSocket::connect("/conformance-detailed", protocol);
        socket.invoke("1", "AskClient", json!([id, "why"]));
        assert_explained(&socket.next_message(), &format!("Connection '{id}' does not exist."));
    }
}

#[test]
fn a_connection_of_another_hub_cannot_be_asked() {
    let (mut asker, mut other) = (HubSocket::json("/conformance-detailed"), HubSocket::json("/conformance"));
    let id = other.connection_id();
    asker.invoke("1", "AskClient", json!([id, "why"]));
    assert_explained(&asker.next_message(), &format!("Connection '{id}' does not exist."));
    other.expect_alive();
}

#[test]
fn a_client_that_leaves_is_an_error_of_the_asker() {
    for protocol in BOTH {
        let (mut asker, mut asked, id) = pair("/conformance-detailed", protocol);
        asker.invoke("1", "AskClient", json!([id, "why"]));
        question(&mut asked, "why");
        asked.send(&json!({"type": 7}));
        asked.expect_close(&close(None, false));
        assert_explained(&asker.next_message(), &format!("Connection '{id}' disconnected."));
        asker.expect_alive();
    }
}

#[test]
fn an_asker_that_leaves_harms_nobody() {
    let (mut asker, mut asked, id) = pair("/conformance", Protocol::Json);
    let mut watcher = HubSocket::json("/conformance?watch");
    let asker_id = asker.connection_id();
    asker.invoke("1", "AskClient", json!([id, "why"]));
    let question = question(&mut asked, "why");
    asker.raw.end_of_input();
    // The call may end with its connection, or keep it until it is answered.
    asked.send(&completion(&question, json!("too late")));
    while watcher.next_message()["arguments"][0] != asker_id.as_str() {}
    asked.expect_alive();
}

#[test]
fn another_connection_that_answers_is_closed_and_the_question_stays_open() {
    for protocol in BOTH {
        let (mut asker, mut asked, id) = pair("/conformance-detailed", protocol);
        let mut stranger = HubSocket::connect("/conformance-detailed", protocol);
        let stranger_id = stranger.connection_id();
        asker.invoke("1", "AskClient", json!([id, "why"]));
        let question = question(&mut asked, "why");
        stranger.send(&completion(&question, json!("false")));
        let text = format!(
            "Connection closed with an error. InvalidOperationException: \
             Connection ID '{stranger_id}' is not valid for invocation ID '{question}'."
        );
        stranger.expect_close(&close(Some(&text), true));
        asked.send(&completion(&question, json!("true")));
        assert_eq!(asker.next_message(), completion("1", json!("true")));
    }
}

#[test]
fn questions_have_different_ids_and_may_be_answered_in_any_order() {
    let mut asked = HubSocket::json("/conformance");
    let id = asked.connection_id();
    let mut askers: Vec<HubSocket> = (0..5).map(|n| HubSocket::connect("/conformance", BOTH[n % 2])).collect();
    let mut questions = Vec::new();
    for (n, asker) in askers.iter_mut().enumerate() {
        asker.invoke("1", "AskClient", json!([id, n.to_string()]));
        questions.push(question(&mut asked, &n.to_string()));
    }
    assert_eq!(questions.iter().collect::<HashSet<_>>().len(), 5);
    for (n, asker) in askers.iter_mut().enumerate().rev() {
        asked.send(&completion(&questions[n], json!(n.to_string())));
        assert_eq!(asker.next_message(), completion("1", json!(n.to_string())));
    }
}

#[test]
fn a_client_may_call_before_it_answers() {
    let (mut asker, mut asked, id) = pair("/conformance", Protocol::Json);
    asker.invoke("1", "AskClient", json!([id, "why"]));
    let question = question(&mut asked, "why");
    asked.expect_alive();
    asked.send(&completion(&question, json!("so")));
    assert_eq!(asker.next_message(), completion("1", json!("so")));
}

/// `GET /result/{id}` in a thread of its own, since it waits for the answer.
fn get_result(id: &str) -> thread::JoinHandle<Response> {
    let path = format!("/result/{id}");
    thread::spawn(move || http::get(&path))
}

#[test]
fn the_application_may_ask_from_outside_any_hub() {
    for protocol in BOTH {
        let mut socket = HubSocket::connect("/conformance", protocol);
        let id = socket.connection_id();
        let request = get_result(&id);
        let question = question(&mut socket, "outside");
        socket.send(&completion(&question, json!("inside")));
        assert_eq!(request.join().expect("no panic").text(), "inside");

        let request = get_result(&id);
        let question = self::question(&mut socket, "outside");
        socket.send(&failed(&question, "not now"));
        assert!(request.join().expect("no panic").text().ends_with("not now"));
    }
}

#[test]
fn asking_from_outside_fails_with_the_reason() {
    // The kind of error may stand in front of its text.
    let answer = http::get("/result/nobody");
    assert!(answer.text().ends_with("Connection 'nobody' does not exist."), "{answer:?}");

    let mut socket = HubSocket::json("/conformance");
    let id = socket.connection_id();
    let request = get_result(&id);
    question(&mut socket, "outside");
    socket.send(&json!({"type": 7}));
    socket.expect_close(&close(None, false));
    let answer = request.join().expect("no panic");
    assert!(answer.text().ends_with(&format!("Connection '{id}' disconnected.")), "{answer:?}");
}
