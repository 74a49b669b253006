//! What the reference server has not, so that its tests are left out there.
//!
//! Where it does something else than ours, the rule stands in [`wire_tests::differences`].

/// What the reference server has not, and what it has instead.
const LACKING: &[(&str, &str)] = &[
    ("the endpoints of Microsoft's functional tests", "it has the hubs of the conformance program only"),
    ("AdminOnly", "no such method"),
    ("a code and data of an error", "an error is a text"),
    ("a plain call with a token", "tokens are for streams; it takes the token for an argument"),
];

/// Says that a test needs what stands in the table; true when the server under test is the reference server, so that the test
/// must be left out.
///
/// # Panics
///
/// When it does not stand in the table.
#[must_use]
pub fn reference_lacks(what: &str) -> bool {
    assert!(LACKING.iter().any(|(known, _)| *known == what), "not in the table of what is lacking: {what}");
    std::env::var_os("CONFORMANCE_IS_REFERENCE").is_some()
}
