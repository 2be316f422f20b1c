//! The two headers.

use uuid::Uuid;

/// Version, trace, request and flags with their hyphens (§3.2).
const LENGTH: usize = 55;
/// Longer states need not be passed on (§3.3.1.5).
const LONGEST_STATE: usize = 512;

/// A request of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    flags: u8,
    state: Option<String>,
}

impl TraceContext {
    /// That of a request with these headers (each with all of its values): another step of the trace that
    /// they name, or the first one of a new trace if they name none as the standard wants it.
    pub fn received(parents: &[&[u8]], states: &[&[u8]]) -> Self {
        let span = Uuid::new_v4().as_u64_pair().1;
        let known = match parents {
            [parent] => parsed(parent),
            _ => None,
        };
        match known {
            Some((trace, flags)) => Self { trace, span, flags, state: joined(states) },
            // Nobody has decided to record it.
            None => Self { trace: Uuid::new_v4().as_u128(), span, flags: 0, state: None },
        }
    }

    /// The trace, as log lines and headers have it.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }

    /// The work for this request in this process.
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span)
    }

    /// The header for those that are asked for this request.
    pub fn traceparent(&self) -> String {
        format!("00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }

    /// The other header, as it came.
    pub fn tracestate(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

/// The trace and the flags of a `traceparent`. Of later versions only what this one has is read (§4).
fn parsed(header: &[u8]) -> Option<(u128, u8)> {
    let known = header.get(..LENGTH)?;
    let version = hex(&known[..2])?;
    let ends = header.len() == LENGTH || (version > 0 && header[LENGTH] == b'-');
    let hyphens = [2, 35, 52].into_iter().all(|place| known[place] == b'-');
    if version == 0xff || !ends || !hyphens {
        return None;
    }
    let (trace, span) = (hex(&known[3..35])?, hex(&known[36..52])?);
    let flags = u8::try_from(hex(&known[53..])?).ok()?;
    // The bits that this version does not define are not passed on.
    (trace != 0 && span != 0).then_some((trace, flags & 1))
}

/// A number of hexadecimal digits, which are small letters.
fn hex(digits: &[u8]) -> Option<u128> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let text = std::str::from_utf8(digits).ok().filter(|_| digits.iter().all(is_digit))?;
    u128::from_str_radix(text, 16).ok()
}

/// Several headers are one list (§3.3.1).
fn joined(states: &[&[u8]]) -> Option<String> {
    let is_text = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~');
    let joined = states.join(&b","[..]);
    let text = String::from_utf8(joined).ok().filter(|text| text.as_bytes().iter().all(is_text))?;
    (!text.trim().is_empty() && text.len() <= LONGEST_STATE).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn received(parent: &str) -> TraceContext {
        TraceContext::received(&[parent.as_bytes()], &[b"a=1", b"b=2"])
    }

    #[test]
    fn a_valid_parent_is_gone_on_with_and_each_step_has_a_number_of_its_own() {
        for parent in [
            format!("00-{TRACE}-00f067aa0ba902b7-01"),
            format!("cc-{TRACE}-00f067aa0ba902b7-01"),
            format!("cc-{TRACE}-00f067aa0ba902b7-01-what-later-versions-have"),
            format!("00-{TRACE}-00f067aa0ba902b7-ff"),
        ] {
            let context = received(&parent);
            assert_eq!(context.trace_id(), TRACE, "{parent}");
            assert_eq!(context.tracestate(), Some("a=1,b=2"));
            let span = context.span_id();
            assert!(span != "00f067aa0ba902b7" && span.len() == 16);
            assert_eq!(context.traceparent(), format!("00-{TRACE}-{span}-01"));
        }
    }

    #[test]
    fn what_is_no_valid_parent_begins_a_new_trace_without_its_state() {
        let upper = TRACE.to_uppercase();
        for parent in [
            String::new(),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("cc-{TRACE}-00f067aa0ba902b7-01.more"),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{upper}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{TRACE}-+0f067aa0ba902b7-01"),
            format!("00_{TRACE}-00f067aa0ba902b7-01"),
        ] {
            let context = received(&parent);
            assert_ne!(context.trace_id(), TRACE, "{parent}");
            assert_eq!((context.tracestate(), context.trace_id().len()), (None, 32), "{parent}");
        }
        let twice = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let context = TraceContext::received(&[twice.as_bytes(), twice.as_bytes()], &[]);
        assert_ne!(context.trace_id(), TRACE);
    }

    #[test]
    fn a_state_that_is_too_long_or_no_text_is_left_out() {
        let parent = format!("00-{TRACE}-00f067aa0ba902b7-00");
        for state in [&b""[..], &[b'a'; 513], b"a=\x80", b"a=\r\nb"] {
            assert_eq!(TraceContext::received(&[parent.as_bytes()], &[state]).tracestate(), None);
        }
    }
}
