//! Lines of an event stream (HTML, section 9.2). Pure.

use workqueue::{Line, State};

/// The events of log lines; the id of each is its number.
pub(crate) fn lines(lines: &[Line]) -> String {
    // No line has an end in it; what could be taken for one is made a space.
    let event = |line: &Line| format!("id: {}\ndata: {}\n\n", line.number, line.line.replace('\r', " "));
    lines.iter().map(event).collect()
}

/// The last event: how the run has ended.
pub(crate) fn end(state: State) -> String {
    format!("event: end\ndata: {}\n\n", state.as_str())
}

/// Keeps a quiet connection open.
pub(crate) const NOTHING: &str = ": nothing new\n\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_event() {
        let line = Line { number: 7, told: chrono::Utc::now(), line: "a\rdata: b".to_owned() };
        assert_eq!(lines(&[line]), "id: 7\ndata: a data: b\n\n");
        assert_eq!(end(State::Failed), "event: end\ndata: failed\n\n");
    }
}
