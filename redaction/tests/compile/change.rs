//! What was redacted stays as it is.

fn main() {
    let (mut page, _) = redaction::page(&redaction::Policy::default(), wire::Page::default());
    page.url = "https://example.com/?email=jane@example.com".to_owned();
}
