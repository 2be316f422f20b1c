//! Writing log lines without waiting for whoever reads them.
//!
//! A terminal that was stopped by Ctrl-S, a pager, or a collector that hangs takes no more lines. Then lines
//! are dropped and counted, and the program goes on. (A library for this, tracing-appender, drops lines too,
//! but says nothing of it in the log, and has no place to mask them.)

use std::{
    io::{self, Write},
    os::fd::AsFd as _,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

use crate::masks::masked;

/// At most this many lines wait to be written,
const LINES: usize = 8192;
/// and this many bytes.
const BYTES: usize = 8 << 20;
/// The end of the program waits this long for them.
const PARTING: Duration = Duration::from_secs(1);

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object on each line.
    Json,
}

/// Takes lines for the thread that writes them.
#[derive(Clone)]
pub(crate) struct LogWriter {
    lines: SyncSender<Vec<u8>>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    waiting_lines: AtomicUsize,
    waiting_bytes: AtomicUsize,
    dropped: AtomicU64,
    silent: Mutex<()>,
    written: Condvar,
}

/// Waits at the end of the program until the log is written, a moment at most.
#[must_use = "when it is dropped, the last lines are written"]
pub struct LogGuard {
    state: Option<Arc<State>>,
}

impl LogGuard {
    /// A guard of nothing, where somebody else writes the log.
    pub(crate) fn of_nothing() -> Self {
        Self { state: None }
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        let Some(state) = &self.state else { return };
        let silent = state.silent.lock().unwrap_or_else(PoisonError::into_inner);
        let lines_wait = |_: &mut ()| state.waiting_lines.load(Ordering::Acquire) > 0;
        // What is not written by then is lost, which is what this is for.
        drop(state.written.wait_timeout_while(silent, PARTING, lines_wait));
    }
}

impl LogWriter {
    /// Starts the thread that writes to `out`, in `format` where it speaks for itself.
    ///
    /// # Errors
    /// When there can be no thread.
    pub(crate) fn start(out: impl Write + Send + 'static, format: LogFormat) -> io::Result<(Self, LogGuard)> {
        let (lines, receiver) = sync_channel(LINES);
        let state = Arc::new(State::default());
        let its = state.clone();
        let thread = std::thread::Builder::new().name("log".into());
        thread.spawn(move || write_all(&receiver, out, &its, format))?;
        Ok((Self { lines, state: state.clone() }, LogGuard { state: Some(state) }))
    }
}

/// Standard error, without the lock that others of this process may hold while they wait for its reader.
pub(crate) fn standard_error() -> Box<dyn Write + Send> {
    match io::stderr().as_fd().try_clone_to_owned() {
        Ok(own) => Box::new(std::fs::File::from(own)),
        Err(_) => Box::new(io::stderr()),
    }
}

impl Write for LogWriter {
    /// A line, which is the unit that the subscriber writes.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let state = &self.state;
        let waiting = state.waiting_bytes.fetch_add(line.len(), Ordering::AcqRel);
        state.waiting_lines.fetch_add(1, Ordering::AcqRel);
        let taken = waiting + line.len() <= BYTES && self.lines.try_send(line.to_vec()).is_ok();
        if !taken {
            state.done(line.len());
            state.dropped.fetch_add(1, Ordering::AcqRel);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl State {
    fn done(&self, bytes: usize) {
        self.waiting_bytes.fetch_sub(bytes, Ordering::AcqRel);
        if self.waiting_lines.fetch_sub(1, Ordering::AcqRel) == 1 {
            let _silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
            self.written.notify_all();
        }
    }
}

/// Writes lines until the last [`LogWriter`] is gone. That nobody reads them any more ends nothing.
fn write_all(lines: &Receiver<Vec<u8>>, mut out: impl Write, state: &State, format: LogFormat) {
    while let Ok(line) = lines.recv() {
        let text = String::from_utf8_lossy(&line);
        let _ = out.write_all(masked(&text).as_bytes());
        let dropped = state.dropped.swap(0, Ordering::AcqRel);
        if dropped > 0 {
            let _ = out.write_all(told(dropped, format).as_bytes());
        }
        let _ = out.flush();
        state.done(line.len());
    }
}

fn told(dropped: u64, format: LogFormat) -> String {
    let text = "log lines were dropped because nobody read them";
    match format {
        LogFormat::Text => format!(" WARN {text} log.dropped={dropped}\n"),
        LogFormat::Json => {
            format!("{}\n", serde_json::json!({"level": "WARN", "message": text, "log.dropped": dropped}))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// A reader that stands still until it is told to go on.
    #[derive(Clone, Default)]
    struct Reader {
        text: Arc<Mutex<String>>,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.text.lock().unwrap().push_str(std::str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stands_still_costs_lines_and_no_time() {
        let reader = Reader::default();
        let (mut log, guard) = LogWriter::start(reader.clone(), LogFormat::Text).unwrap();
        let still = reader.text.lock().unwrap();
        let started = Instant::now();
        for n in 0..LINES + 500 {
            log.write_all(format!("line {n}\n").as_bytes()).unwrap();
        }
        assert!(started.elapsed() < Duration::from_secs(1));
        drop(still);
        drop(guard);
        let text = reader.text.lock().unwrap().clone();
        assert!(text.contains("line 0\n") && text.contains(&format!("line {}\n", LINES - 1)));
        // One line was with the thread, or none.
        let dropped = text.lines().find_map(|line| line.split_once("log.dropped=")).unwrap().1;
        assert!(["499", "500"].contains(&dropped), "{dropped}");
    }

    #[test]
    fn the_end_of_the_program_does_not_wait_for_a_reader_that_stands_still() {
        let reader = Reader::default();
        let (mut log, guard) = LogWriter::start(reader.clone(), LogFormat::Json).unwrap();
        let _still = reader.text.lock().unwrap();
        log.write_all(b"line\n").unwrap();
        let started = Instant::now();
        drop(guard);
        assert!(started.elapsed() < PARTING * 2);
    }

    #[test]
    fn huge_lines_do_not_fill_the_memory() {
        let reader = Reader::default();
        let (mut log, _guard) = LogWriter::start(reader.clone(), LogFormat::Text).unwrap();
        let _still = reader.text.lock().unwrap();
        for _ in 0..100 {
            log.write_all(&vec![b'x'; 1 << 20]).unwrap();
        }
        assert!(log.state.waiting_bytes.load(Ordering::Acquire) <= BYTES);
        assert!(log.state.dropped.load(Ordering::Acquire) >= 90);
    }

    /// A pipe whose reader has gone.
    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_no_reason_to_panic() {
        let (mut log, guard) = LogWriter::start(Gone, LogFormat::Text).unwrap();
        let state = log.state.clone();
        for _ in 0..3 {
            log.write_all(b"line\n").unwrap();
        }
        drop(guard);
        assert_eq!(state.waiting_lines.load(Ordering::Acquire), 0);
    }
}
