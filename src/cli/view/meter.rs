//! One line that tells how far something is, shown only when it takes long and a person looks.

use std::io::Write;
use std::time::Duration;

use crate::io::clock::Stopwatch;

/// What takes less than this is not worth a word.
const QUIET: Duration = Duration::from_millis(600);
/// How often the line changes.
const EVERY: Duration = Duration::from_millis(100);

/// A line that tells how far something is.
pub struct Meter {
    out: Option<Box<dyn Write + Send>>,
    started: Stopwatch,
    shown: Option<Stopwatch>,
}

impl Meter {
    /// Returns a meter that writes to `out`; without it, nothing is shown.
    #[must_use]
    pub fn new(out: Option<Box<dyn Write + Send>>) -> Self {
        Self { out, started: Stopwatch::start(), shown: None }
    }

    /// Shows what is done, how much of it, and of how much; 0 means that nobody knows.
    pub fn show(&mut self, what: &str, done: usize, of: usize) {
        let is_due = self.started.elapsed() >= QUIET && self.shown.is_none_or(|shown| shown.elapsed() >= EVERY);
        let Some(out) = self.out.as_mut().filter(|_| is_due) else { return };
        let of = if of == 0 { String::new() } else { format!(" of {of}") };
        // A line that can not be shown is no reason to stop.
        let _shown = write!(out, "\r\u{1b}[K{what}: {done}{of}").and_then(|()| out.flush());
        self.shown = Some(Stopwatch::start());
    }

    /// Takes the line away.
    pub fn clear(&mut self) {
        if let (Some(out), Some(_)) = (self.out.as_mut(), self.shown.take()) {
            let _cleared = write!(out, "\r\u{1b}[K").and_then(|()| out.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_quick_is_not_worth_a_word() {
        let text = Arc::new(Mutex::new(Vec::new()));
        let mut meter = Meter::new(Some(Box::new(Shared(Arc::clone(&text)))));
        meter.show("entries", 1, 0);
        meter.clear();
        assert!(text.lock().unwrap().is_empty());
        while meter.started.elapsed() < QUIET {
            std::thread::yield_now();
        }
        meter.show("patches", 2, 3);
        meter.clear();
        assert_eq!(String::from_utf8(text.lock().unwrap().clone()).unwrap(), "\r\u{1b}[Kpatches: 2 of 3\r\u{1b}[K");
    }
}
