//! Which request of which trace this work belongs to, as W3C Trace Context has it
//! (<https://www.w3.org/TR/trace-context/>), and telling it to the services that are asked on the way.
//!
//! A server begins with [`TraceContext::received`] and does its work [`within`] it. From there on log lines
//! find it by [`current`], calls of neighbours carry it on by [`Traced`], and tasks that are started for the
//! request take it along by [`carried`].

mod context;

use std::sync::Arc;

use reqwest::RequestBuilder;

pub use context::TraceContext;

/// The header that names a trace and the request in it.
pub const TRACEPARENT: &str = "traceparent";
/// The header in which systems that record traces keep what is theirs.
pub const TRACESTATE: &str = "tracestate";

tokio::task_local! {
    static CURRENT: Arc<TraceContext>;
}

/// Does `work` for the request of this context.
pub async fn within<T>(context: Arc<TraceContext>, work: impl Future<Output = T>) -> T {
    CURRENT.scope(context, work).await
}

/// The context of the request for which this task works, if it does.
pub fn current() -> Option<Arc<TraceContext>> {
    CURRENT.try_with(Clone::clone).ok()
}

/// `work` in the context in which this is called, also when it becomes a task of its own.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let context = current();
    async move {
        match context {
            Some(context) => within(context, work).await,
            None => work.await,
        }
    }
}

/// A call of another service of the commons. What belongs to somebody else is not told whose request it is.
pub trait Traced {
    /// With the context of the request for which it is made, if there is one.
    #[must_use]
    fn traced(self) -> Self;
}

impl Traced for RequestBuilder {
    fn traced(self) -> Self {
        let Some(context) = current() else { return self };
        let parent = self.header(TRACEPARENT, context.traceparent());
        match context.tracestate() {
            Some(state) => parent.header(TRACESTATE, state),
            None => parent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(request: RequestBuilder) -> Option<String> {
        let request = request.traced().build().unwrap();
        Some(request.headers().get(TRACEPARENT)?.to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn calls_carry_the_context_also_from_tasks_and_nothing_outside_of_a_request() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let get = || client.get("http://127.0.0.1:1/");
        assert_eq!(sent(get()), None);
        let context = Arc::new(TraceContext::received(&[], &[]));
        let expected = Some(context.traceparent());
        let (here, in_task) = within(context, async {
            let request = get();
            let task = tokio::spawn(carried(async move { sent(request) }));
            (sent(get()), task.await.unwrap())
        })
        .await;
        assert_eq!((&here, &in_task), (&expected, &expected));
    }
}
