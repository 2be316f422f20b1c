//! The operation `etl`.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};
use workqueue::{Failed, Form, Kind, Parameter, Work};

use super::params::{flag, only};
use crate::{
    explorer::{Ask, Asking},
    failure::message,
};

/// Makes the explorer's documents anew. In `commons up` the task does it that keeps them, so that there are
/// never two at once.
pub(crate) struct Etl(pub(crate) Asking);

#[async_trait]
impl Kind for Etl {
    fn name(&self) -> &'static str {
        "etl"
    }

    fn purpose(&self) -> &'static str {
        "Make all documents of the data explorer from the graph, beside those that are served"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::optional(
                    "verify",
                    Form::Flag,
                    "Compare the documents with the graph, and make none",
                ),
                Parameter::optional("force", Form::Flag, "Make them even if there is nothing new"),
            ]
        }
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        only(params, &["force", "verify"])?;
        flag(params, "force").and(flag(params, "verify")).map(drop)
    }

    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        let is_set = |name| flag(work.params(), name).unwrap_or(false);
        let ask = if is_set("verify") { Ask::Verify } else { Ask::Run { force: is_set("force") } };
        work.progress(0, None, "making documents");
        let answer = self.0.ask(ask).await;
        answer.map_err(|error| Failed::Passing(message(&error)))
    }
}
