//! What must not compile: each of these would be a way around the rules.

#[test]
fn there_is_no_way_around_the_rules() {
    trybuild::TestCases::new().compile_fail("tests/compile/*.rs");
}
