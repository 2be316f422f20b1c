//! The demonstration study of `commons up --demo`: about 10,000 made-up records and a few dozen small files.
//!
//! [`Study::generate`] makes the study for a dictionary: it is pure, and the same settings and dictionary
//! always give the same study. [`load`] brings it into a running commons through the public API, as any
//! submitter would.
//!
//! The types and their order, links, choices, bounds and patterns follow the dictionary. The values that make
//! the study plausible come from `generate/story.rs` and `dictionary/demo.toml`; those that the dictionary
//! does not take are left out and listed in [`Study::unfit`].

mod dice;
mod generate;
mod load;
mod settings;

pub use generate::{DemoFile, GenerateError, Record, Skipped, Study, Unfit, text_matching};
pub use load::{ApiKey, DemoError, Progress, Silent, Summary, TokenSource, load, load_through};
pub use settings::{Amount, Condition, Settings, SettingsError};
