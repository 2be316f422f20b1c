//! Colour and weight of what people read; plain where nobody sees them, or nobody wants them (`NO_COLOR`).

use std::{
    env,
    fmt::{self, Display},
    io::{self, IsTerminal as _},
};

use clap::builder::styling::{AnsiColor, Style};

/// Where text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Output,
    Error,
}

impl Stream {
    /// Whether it is a terminal that shows colours, and nobody has asked for none (<https://no-color.org>).
    fn has_style(self) -> bool {
        let is_terminal = match self {
            Self::Output => io::stdout().is_terminal(),
            Self::Error => io::stderr().is_terminal(),
        };
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        is_terminal && !is_set("NO_COLOR") && env::var_os("TERM").is_none_or(|term| term != "dumb")
    }
}

/// A text in a style.
pub(crate) struct Styled<T> {
    text: T,
    style: Style,
}

impl<T: Display> Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.style.render(), self.text, self.style.render_reset())
    }
}

/// What one looks for: an address.
pub(crate) fn bold<T: Display>(stream: Stream, text: T) -> Styled<T> {
    styled(stream, text, Style::new().bold())
}

/// What went wrong.
pub(crate) fn red<T: Display>(stream: Stream, text: T) -> Styled<T> {
    styled(stream, text, AnsiColor::Red.on_default().bold())
}

/// What one should look at.
pub(crate) fn yellow<T: Display>(stream: Stream, text: T) -> Styled<T> {
    styled(stream, text, AnsiColor::Yellow.on_default().bold())
}

/// What is well.
pub(crate) fn green<T: Display>(stream: Stream, text: T) -> Styled<T> {
    styled(stream, text, AnsiColor::Green.on_default())
}

fn styled<T: Display>(stream: Stream, text: T, style: Style) -> Styled<T> {
    Styled { text, style: if stream.has_style() { style } else { Style::new() } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_style_the_text_stands_alone() {
        assert_eq!(Styled { text: "x", style: Style::new() }.to_string(), "x");
        assert_eq!(Styled { text: "x", style: Style::new().bold() }.to_string(), "\u{1b}[1mx\u{1b}[0m");
    }
}
