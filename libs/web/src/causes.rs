//! What JSON log lines say beside the fields of their event: the causes of errors, and the trace.

use std::{error::Error, fmt};

use serde_json::json;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// Adds the causes of each error of an event to its JSON line, as `<field>.sources`, and `trace_id` and
/// `span_id` (W3C Trace Context) of the request for which the task works.
///
/// The JSON formatter of tracing-subscriber 0.3 writes the outermost error only, its text formatter all of
/// them.
pub(crate) struct WithCauses<F>(pub(crate) F);

impl<S, N, F> FormatEvent<S, N> for WithCauses<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut causes = Causes::default();
        event.record(&mut causes);
        let trace = tracecontext::current();
        if causes.0.is_empty() && trace.is_none() {
            return self.0.format_event(context, writer, event);
        }
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        let Some(members) = line.trim_end().strip_suffix('}') else { return writer.write_str(&line) };
        writer.write_str(members)?;
        for (field, texts) in causes.0 {
            write!(writer, ",{}:{}", json!(format!("{field}.sources")), json!(texts))?;
        }
        if let Some(trace) = trace {
            write!(writer, r#","trace_id":"{}","span_id":"{}""#, trace.trace_id(), trace.span_id())?;
        }
        writer.write_str("}\n")
    }
}

/// The fields of an event that are errors with causes, and what those say.
#[derive(Default)]
struct Causes(Vec<(&'static str, Vec<String>)>);

impl Visit for Causes {
    fn record_error(&mut self, field: &Field, error: &(dyn Error + 'static)) {
        let mut texts = Vec::new();
        let mut cause = error.source();
        while let Some(error) = cause {
            texts.push(error.to_string());
            cause = error.source();
        }
        if !texts.is_empty() {
            self.0.push((field.name(), texts));
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use serde_json::Value;

    use super::*;
    use crate::Failure;

    /// What was written to the log.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(log: impl FnOnce()) -> Vec<Value> {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .json()
            .flatten_event(true)
            .map_event_format(WithCauses)
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_json_line_has_all_causes_of_an_error() {
        let refused = io::Error::other("connection \"refused\"");
        let failure = Failure::internal("reading the graph", sqlx::Error::Decode(refused.into()));
        let lines = logged(|| failure.log());
        let [line] = &lines[..] else { panic!("one line: {lines:?}") };
        assert_eq!(line["message"], "the request failed");
        assert_eq!(line["error"], "failed while reading the graph");
        let causes = line["error.sources"].as_array().unwrap();
        assert!(causes.last().unwrap().as_str().unwrap().contains("connection \"refused\""), "{causes:?}");
    }

    #[tokio::test]
    async fn a_json_line_names_the_trace_of_its_request() {
        let context = Arc::new(tracecontext::TraceContext::received(&[], &[]));
        let lines = tracecontext::within(context.clone(), async { logged(|| tracing::info!("in it")) }).await;
        assert_eq!(lines[0]["trace_id"], context.trace_id());
        assert_eq!(lines[0]["span_id"], context.span_id());
        assert_eq!(lines[0]["message"], "in it");
    }

    #[test]
    fn a_json_line_without_an_error_or_without_causes_is_as_it_was() {
        let lines = logged(|| {
            tracing::info!(port = 1, "serving");
            tracing::warn!(error = &io::Error::other("alone") as &dyn Error, "failed");
        });
        assert_eq!((&lines[0]["message"], &lines[0]["port"]), (&"serving".into(), &1.into()));
        assert_eq!(lines[1]["error"], "alone");
        assert!(lines.iter().all(|line| line.get("error.sources").is_none()));
    }
}
