//! The rules, for those who read them.

use redaction::rules::RULES;
use serde::Serialize;

#[derive(Serialize)]
struct Rule {
    name: &'static str,
    explanation: &'static str,
    redacted: &'static [(&'static str, &'static str)],
    kept: &'static [&'static str],
}

/// Every rule as JSON: `[{"name", "explanation", "redacted": [[before, after]], "kept": [text]}]`.
#[must_use]
pub fn rules_json() -> String {
    let rules: Vec<Rule> = RULES
        .iter()
        .map(|rule| Rule { name: rule.name, explanation: rule.explanation, redacted: rule.redacted, kept: rule.kept })
        .collect();
    serde_json::to_string(&rules).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// A text that stands as it is in a table of Markdown.
    fn cell(text: &str) -> String {
        format!("`{}`", text.replace('|', "\\|").replace('`', "'").replace('\n', "\\n"))
    }

    /// The rules as `docs/redaction.md` has them, a few examples of each.
    fn written() -> String {
        let mut text = String::new();
        for rule in RULES {
            let _ = writeln!(text, "### {}\n\n{}\n", rule.name, rule.explanation);
            let _ = writeln!(text, "| before | after |\n|---|---|");
            for (before, after) in rule.redacted.iter().take(6) {
                let _ = writeln!(text, "| {} | {} |", cell(before), cell(after));
            }
            for same in rule.kept.iter().take(4) {
                let _ = writeln!(text, "| {} | stays |", cell(same));
            }
            text.push('\n');
        }
        text
    }

    /// `BLESS=1 cargo test -p redaction-lines` writes the rules anew.
    #[test]
    fn the_rules_in_docs_redaction_are_those_of_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/redaction.md");
        let (begin, end) = ("<!-- begin: written by BLESS=1 cargo test -p redaction-lines -->\n\n", "<!-- end -->");
        let page = std::fs::read_to_string(path).expect("docs/redaction.md");
        let (before, rest) = page.split_once(begin).expect("the mark where the rules begin");
        let (there, after) = rest.split_once(end).expect("the mark where they end");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, format!("{before}{begin}{}{end}{after}", written()))
                .expect("docs/redaction.md is ours");
        } else {
            assert_eq!(there, written(), "BLESS=1 cargo test -p redaction-lines writes the rules anew");
        }
    }
}
