//! Compiles the programs in `fail` and `pass`. The messages are those of the pinned toolchain; after a change of one, look
//! at it as somebody who made the mistake would, then write it down with `TRYBUILD=overwrite cargo test -p ui-tests`.

#[test]
fn ui() {
    let tests = trybuild::TestCases::new();
    tests.pass("pass/*.rs");
    tests.compile_fail("fail/*/*.rs");
}
