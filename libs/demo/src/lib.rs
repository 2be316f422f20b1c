//! The demonstration study of `commons up --demo`: about 10,000 made-up records and some dozen small files.
//!
//! [`Study::generate`] makes the study for a dictionary: it is pure, and the same settings and dictionary always give
//! the same study. [`load`] brings it into a running commons through the public API, as any submitter would.
//!
//! What is generic (which types there are and in which order they come, links, choices, types, bounds, patterns)
//! follows the dictionary. What makes the study plausible (`generate/story.rs` and `dictionary/demo.toml`) is offered
//! to the dictionary value by value; what that does not take is left out and listed in [`Study::unfit`].

mod dice;
mod generate;
mod load;
mod settings;

pub use generate::{DemoFile, GenerateError, Record, Skipped, Study, Unfit, text_matching};
pub use load::{ApiKey, DemoError, Progress, Silent, Summary, TokenSource, load};
pub use settings::{Amount, Condition, Settings, SettingsError};
