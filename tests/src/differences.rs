//! Where our server deliberately does better than the reference server.

/// The rules that the ASP.NET Core server does not keep, and what it does instead.
#[rustfmt::skip]
pub const DIFFERENCES: &[(&str, &str)] = &[
    ("a client result that is an object of another type fails only the question", "closes the answering connection (JSON)"),
    ("a client that does not read is disconnected and its senders go on", "lets the senders wait"),
    ("a frame above the frame limit closes with 1009", "waits for the frame"),
    ("a frame without mask and payload is refused at once", "waits for the bytes of the mask"),
    ("a second socket of a live connection with stateful reconnect takes the place of the first", "closes the first and refuses the second"),
    ("a token opens only the endpoint that gave it", "looks tokens up in one table for all endpoints"),
    ("a server that ends tells its clients to come back", "ends its sockets without a word"),
    ("another user's requests to a connection are refused", "serves them (up to 10)"),
    ("a poll that waits during DELETE gets 204", "may answer it with a Close message first"),
    ("an answer to a poll that breaks off is given to the next poll", "forgets it"),
    ("a POST whose connection ends is answered at once", "goes on to read its body"),
    ("a refused reuse of an id leaves the running stream cancellable", "forgets the running stream"),
    ("a result that cannot be serialised is the error of its call", "aborts the connection"),
    ("a stream item whose item comes before its unknown id is ignored", "closes the connection"),
    ("a MessagePack message above the limit is refused when its length is known", "waits until the limit has come"),
    ("a trailing argument that may be null may be missing", "fails the call"),
    ("an upload that nobody reads does not stop the connection", "reads nothing when ten items wait"),
    ("CancelInvocation fires the token of a plain call too", "ignores it (up to 10)"),
    ("no call hangs because another one took over the name of its stream", "lets the first call wait for ever"),
    ("reading goes on while calls wait for the running one", "reads nothing while a call waits for its turn"),
    ("unknown message types are skipped", "is stuck: nothing behind such a message is answered"),
];

/// Says that a test asserts one of the [`DIFFERENCES`]; true when the server under test is the reference server, so that
/// the test must leave the assertion out.
///
/// # Panics
///
/// When the rule does not stand in the table.
#[must_use]
pub fn ours_differs(rule: &str) -> bool {
    assert!(DIFFERENCES.iter().any(|(known, _)| *known == rule), "not in the table of differences: {rule}");
    std::env::var_os("CONFORMANCE_IS_REFERENCE").is_some()
}
