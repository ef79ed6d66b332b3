//! How far long work is, for whoever waits: on a terminal a bar with rate and time left, elsewhere a line every few seconds.

use std::io::{IsTerminal, stderr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{HumanCount, HumanDuration, MultiProgress, ProgressBar, ProgressStyle};

/// The time between two lines where there is no terminal.
const PAUSE: Duration = Duration::from_secs(10);
/// The time after which a bar is drawn again although nothing was done: the time left goes on.
const TICK: Duration = Duration::from_millis(500);
const BAR: &str = "{prefix:12} {wide_bar} {human_pos}/{human_len} rows  {per_sec}  {eta} left";

/// Where progress is told.
#[derive(Clone, Debug, Default)]
pub struct Progress(Option<Arc<Told>>);

#[derive(Debug)]
struct Told {
    bars: MultiProgress,
    is_terminal: bool,
}

/// A piece of work, with rows to do.
#[derive(Debug)]
pub struct Work {
    bar: ProgressBar,
    name: String,
    /// When the last line was written, of the time that the work has taken; none for a bar or for silence.
    last_line: Option<Mutex<Duration>>,
}

impl Progress {
    /// To nobody.
    #[must_use]
    pub fn silent() -> Self {
        Self(None)
    }

    /// To standard error.
    #[must_use]
    pub fn on_stderr() -> Self {
        Self(Some(Arc::new(Told { bars: MultiProgress::new(), is_terminal: stderr().is_terminal() })))
    }

    /// Work that has a `name` and so many `rows` to do.
    #[must_use]
    pub fn begin(&self, name: &str, rows: u64) -> Work {
        let is_terminal = self.0.as_ref().is_some_and(|told| told.is_terminal);
        let bar = match &self.0 {
            Some(told) if told.is_terminal && rows > 0 => {
                let bar = told.bars.add(ProgressBar::new(rows));
                bar.enable_steady_tick(TICK);
                bar
            }
            _ => ProgressBar::with_draw_target(Some(rows), indicatif::ProgressDrawTarget::hidden()),
        };
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        bar.set_prefix(name.to_owned());
        let has_lines = self.0.is_some() && !is_terminal;
        Work { bar, name: name.to_owned(), last_line: has_lines.then(Mutex::default) }
    }
}

impl Work {
    /// Of which nobody is told.
    #[must_use]
    pub fn silent() -> Self {
        Progress::silent().begin("", 0)
    }

    /// Says that so many more rows are done.
    pub fn advance(&self, rows: u64) {
        self.bar.inc(rows);
        self.tell();
    }

    /// How many rows are done.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.bar.position()
    }

    /// Says how many rows are done after all: more than were told of on the way, or fewer when that was in vain.
    pub fn settle(&self, rows: u64) {
        if rows != self.done() {
            self.bar.set_position(rows);
        }
        self.tell();
    }

    fn tell(&self) {
        let Some(last) = &self.last_line else { return };
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = self.bar.elapsed();
        if elapsed >= *last + PAUSE {
            *last = elapsed;
            eprintln!("{}", self.line());
        }
    }

    fn line(&self) -> String {
        let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate, for people to read")]
        let rate = HumanCount(self.bar.per_sec() as u64);
        let left = HumanDuration(self.bar.eta());
        format!("{}: {}/{} rows, {rate} rows/s, {left} left", self.name, HumanCount(done), HumanCount(all))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is() {
        let work = Progress::silent().begin("client", 12_000);
        work.advance(3000);
        let line = work.line();
        assert!(line.starts_with("client: 3,000/12,000 rows, ") && line.ends_with(" left"), "{line}");
        work.settle(2000);
        assert!(work.line().starts_with("client: 2,000/12,000 rows, "), "{}", work.line());
    }
}
