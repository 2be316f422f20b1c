//! `commons up --demo`: the demonstration study, loaded as any submitter would do it, with a progress bar.

use std::path::Path;

use demo::{ApiKey, Progress, Summary};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const TEMPLATE: &str = "demonstration study {wide_bar} {pos}/{len} {msg}";

/// A progress bar; hidden where nobody looks at it (no terminal, or `--json`).
struct Bar(ProgressBar);

impl Bar {
    fn new(visible: bool) -> Self {
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        Self(bar.with_style(
            ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar()),
        ))
    }
}

impl Progress for Bar {
    fn total(&self, steps: u64) {
        self.0.set_length(steps);
    }

    fn advance(&self, steps: u64) {
        self.0.inc(steps);
    }

    fn message(&self, text: &str) {
        self.0.set_message(text.to_owned());
    }
}

/// Loads the study into the commons at `local`, which others know as `public`, as the owner of the API key.
///
/// # Errors
/// When the commons refuses something.
pub(crate) async fn load(
    local: &str,
    public: &str,
    api_key_file: &Path,
    visible: bool,
) -> anyhow::Result<Summary> {
    let bar = Bar::new(visible);
    let summary = demo::load_through(local, public, ApiKey::read(api_key_file)?, &bar).await?;
    bar.0.finish_and_clear();
    Ok(summary)
}
