//! `exporter redact`: what the redaction does, to try out.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::Path;

use anyhow::Context;
use redaction::{Policy, Settings};

use crate::config::Config;

/// A longer line is refused, so that no input takes all memory.
const LINE_BYTES: u64 = 64 * 1024 * 1024;

/// What to redact by: the `settings` alone, or those of the service's `config`, or none.
///
/// # Errors
/// A file that cannot be read, or the setting that makes no sense.
pub fn policy(settings: Option<&Path>, config: Option<&Path>) -> anyhow::Result<Policy> {
    if let Some(path) = settings {
        let name = path.display();
        let text = fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
        let settings: Settings = toml::from_str(&text).with_context(|| format!("{name} holds no such settings"))?;
        return Policy::new(settings).with_context(|| format!("{name} holds a setting that makes no sense"));
    }
    Ok(match config {
        Some(path) => Config::load(Some(path))?.redaction()?,
        None => Policy::default(),
    })
}

/// Redacts each line of `input` into a line of `output`; empty lines come out empty. Whether every line was one.
///
/// # Errors
/// When reading or writing fails.
pub fn filter(policy: &Policy, input: impl BufRead, output: impl Write, explains: bool) -> io::Result<bool> {
    let mut input = input;
    let mut output = io::BufWriter::new(output);
    // whoever types lines waits for each answer
    let is_typed = io::stdin().is_terminal();
    let (mut line, mut number, mut well) = (Vec::new(), 0_u64, true);
    loop {
        line.clear();
        if input.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            output.flush()?;
            return Ok(well);
        }
        number += 1;
        // what is no UTF-8 reads as U+FFFD
        let (answer, is_well) =
            redaction_lines::answer(policy, String::from_utf8_lossy(&line).trim(), explains, number);
        well &= is_well;
        writeln!(output, "{answer}")?;
        if is_typed {
            output.flush()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(input: &[u8]) -> (String, bool) {
        let mut output = Vec::new();
        let well = filter(&Policy::default(), input, &mut output, false).expect("memory does not fail");
        (String::from_utf8(output).expect("UTF-8"), well)
    }

    #[test]
    fn lines_correspond_whatever_is_in_them() {
        let input = b"{\"id\":1,\"context\":\"text\",\"input\":\"to jane@example.org\"}\n\nno\n\xff\n{\"id\":2,\"context\":\"text\",\"input\":\"x\"}";
        let (output, well) = filtered(input);
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!((lines.len(), well), (5, false), "{output}");
        assert_eq!((lines[0], lines[1]), (r#"{"id":1,"output":"to [email]"}"#, ""));
        assert!(lines[2].starts_with(r#"{"error":"line 3: "#), "{output}");
        assert!(lines[3].starts_with(r#"{"error":"line 4: "#), "{output}");
        assert_eq!(lines[4], r#"{"id":2,"output":"x"}"#);
        assert_eq!(filtered(b""), (String::new(), true));
    }
}
