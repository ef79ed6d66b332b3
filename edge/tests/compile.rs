//! What must not compile: forwarding what was not redacted.

#[test]
fn only_what_is_redacted_is_forwarded() {
    trybuild::TestCases::new().compile_fail("tests/compile/*.rs");
}
