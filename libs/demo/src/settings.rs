//! What the study is like: `dictionary/demo.toml`.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value};

const DEFAULT: &str = include_str!("../../../dictionary/demo.toml");

/// Settings of a study.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Another seed gives another study of the same kind.
    pub seed: u64,
    /// Name of the program; without a hyphen.
    pub program: String,
    /// Code of the project.
    pub project: String,
    /// More of the project record.
    #[serde(default)]
    pub project_values: Map<String, Value>,
    /// How many records of each type, and what they say.
    #[serde(default)]
    pub records: IndexMap<String, Amount>,
    /// Diseases that subjects may have.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

/// How many records of a type are made, and how they are named.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// Type of the record that each of them belongs to.
    pub per: Option<String>,
    /// How many there are in all, spread evenly over the records of `per`.
    pub total: Option<usize>,
    /// Without a total: how probable 0, 1, 2, ... records are for each record of `per`. Without both, the study's story
    /// knows, or there is one.
    #[serde(default)]
    pub each: Vec<f64>,
    /// Only records of `per` with one of these values have any.
    #[serde(default)]
    pub only: BTreeMap<String, Vec<String>>,
    /// Names are the parent's name, a hyphen, this and a number. Without it: the type and a number.
    pub suffix: Option<String>,
    /// Which record of the target type a link points to, the first being 1, for links that say what describes what.
    #[serde(default)]
    pub links: BTreeMap<String, usize>,
    /// What the first, second, ... record says.
    #[serde(default)]
    pub values: Vec<Map<String, Value>>,
}

/// A disease that subjects may have.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Its name.
    pub name: String,
    /// Its code in ICD-10.
    pub icd10: String,
    /// Where in the body it is.
    pub site: String,
    /// How many of 100 have it at 40.
    pub at_40: f64,
    /// How many of 100 have it at 80.
    pub at_80: f64,
    /// How much more often women have it than men; 1 is equally often.
    #[serde(default = "one")]
    pub women: f64,
    /// Usual stages, if it has any.
    #[serde(default)]
    pub stages: Vec<String>,
}

fn one() -> f64 {
    1.0
}

/// The settings are no TOML, or not of the right form.
#[derive(Debug, thiserror::Error)]
#[error("the settings of the demo study cannot be read: {0}")]
pub struct SettingsError(#[from] toml::de::Error);

impl Settings {
    /// Reads settings.
    ///
    /// # Errors
    /// They are no TOML, a name is unknown, or a value is of a wrong type.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        Ok(toml::from_str(text)?)
    }

    /// The settings for the default dictionary, which are part of the program.
    ///
    /// # Errors
    /// As [`Settings::parse`].
    pub fn built_in() -> Result<Self, SettingsError> {
        Self::parse(DEFAULT)
    }
}

impl Condition {
    /// How many of 100 have it at this age: an exponential through the two known points.
    pub(crate) fn prevalence(&self, age: f64, woman: bool) -> f64 {
        let growth = (self.at_80 / self.at_40).powf((age - 40.0) / 40.0);
        self.at_40 * growth * if woman { self.women } else { 1.0 }
    }
}
