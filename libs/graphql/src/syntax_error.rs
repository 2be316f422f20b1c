//! How a syntax error is told.

/// The error in graphql-core's form: position, reason, the line with its neighbours and a mark below the
/// place.
pub(crate) fn syntax_error(source: &str, at: usize, message: &str) -> String {
    let lines: Vec<&str> = split_lines(source);
    let before = split_lines_keeping_last(&source[..at]);
    let (line, column) = (before.len(), before.last().map_or(0, |last| last.chars().count()) + 1);
    let width = (line + 1).to_string().len();
    let shown = |number: usize| format!("{number:>width$}: {}\n", lines[number - 1]);
    let mut text = format!("Syntax Error GraphQL ({line}:{column}) {message}\n\n");
    if line >= 2 && line - 1 <= lines.len() {
        text += &shown(line - 1);
    }
    if line <= lines.len() {
        text += &shown(line);
        text += &" ".repeat(1 + width + column);
        text += "^\n";
    }
    if line < lines.len() {
        text += &shown(line + 1);
    }
    text
}

fn split_lines_keeping_last(text: &str) -> Vec<&str> {
    text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect()
}

fn split_lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}
