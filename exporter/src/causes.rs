//! An error and what caused it, in one line.

/// The messages of `error` and its causes. Many repeat what their cause says: each is told once.
#[must_use]
pub fn said_once(error: &dyn std::error::Error) -> String {
    let mut causes: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if causes.last().is_none_or(|last| !last.contains(&text)) {
            causes.push(text);
        }
        next = error.source();
    }
    causes.join(": ")
}
