//! The settings of the study: `dictionary/demo.toml`.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value};

const DEFAULT: &str = include_str!("../../../dictionary/demo.toml");

/// Settings of a study.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The seed: another one gives another study of the same kind.
    pub seed: u64,
    /// Name of the program, without a hyphen.
    pub program: String,
    /// Code of the project.
    pub project: String,
    /// More values of the project record.
    #[serde(default)]
    pub project_values: Map<String, Value>,
    /// The number of records of each type, and their values.
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
    /// The number of all records, spread evenly over the records of `per`.
    pub total: Option<usize>,
    /// Without a total: the weights of 0, 1, 2, ... records for each record of `per`. Without both, the
    /// study's story decides, or there is one.
    #[serde(default)]
    pub each: Vec<f64>,
    /// Only records of `per` with one of these values have records of this type.
    #[serde(default)]
    pub only: BTreeMap<String, Vec<String>>,
    /// Names consist of the parent's name, a hyphen, this and a number; without it, of the type and a number.
    pub suffix: Option<String>,
    /// The record of the target type that a link points to, counted from 1, for links that say what describes
    /// what.
    #[serde(default)]
    pub links: BTreeMap<String, usize>,
    /// Values of the first, second, ... record.
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
    /// Its place in the body.
    pub site: String,
    /// Of 100 people aged 40, this many have it.
    pub at_40: f64,
    /// Of 100 people aged 80, this many have it.
    pub at_80: f64,
    /// The ratio of women to men who have it.
    #[serde(default = "one")]
    pub women: f64,
    /// Its stages, if it has any.
    #[serde(default)]
    pub stages: Vec<String>,
}

fn one() -> f64 {
    1.0
}

/// The settings are not TOML, or have the wrong form.
#[derive(Debug, thiserror::Error)]
#[error("the settings of the demo study cannot be read: {0}")]
pub struct SettingsError(#[from] toml::de::Error);

impl Settings {
    /// Reads settings.
    ///
    /// # Errors
    /// They are not TOML, a name is unknown, or a value has the wrong type.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        Ok(toml::from_str(text)?)
    }

    /// The settings for the default dictionary, which are part of the program.
    ///
    /// # Errors
    /// See [`Settings::parse`].
    pub fn built_in() -> Result<Self, SettingsError> {
        Self::parse(DEFAULT)
    }
}

impl Condition {
    /// Of 100 people of this age, this many have it: an exponential through the two known points.
    pub(crate) fn prevalence(&self, age: f64, woman: bool) -> f64 {
        let growth = (self.at_80 / self.at_40).powf((age - 40.0) / 40.0);
        self.at_40 * growth * if woman { self.women } else { 1.0 }
    }
}
