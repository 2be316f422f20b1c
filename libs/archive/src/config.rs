//! The tiers of an archive, as a file says them. Pure.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::Deserialize;
use storage::{Bucket, Kind, Location};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// All tiers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TiersConfig {
    /// By name.
    pub tiers: IndexMap<String, TierConfig>,
    /// The tier of who names none; the first one, if this names none either.
    #[serde(default)]
    pub default: Option<String>,
}

/// How objects are kept in a tier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Each by itself, under its GUID.
    #[default]
    Objects,
    /// Many in one tar file, beside which stands an index.
    Packed,
}

/// Where a tier is, and what it is like.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierConfig {
    /// `s3://bucket/prefix`, `gs://bucket/prefix`, `az://host/container/prefix` or `file:///folder`.
    pub url: String,
    /// The storage class of S3 that objects get once they have been read back.
    #[serde(default)]
    pub storage_class: Option<String>,
    /// How objects are kept.
    #[serde(default)]
    pub mode: Mode,
    /// Size of a tar file, in MiB.
    #[serde(default = "block_mib")]
    pub block_mib: u64,
    /// Days between the copy and the deletion of its source, where that is asked for.
    #[serde(default = "grace_days")]
    pub grace_days: u16,
    /// Most that it keeps, in GiB; a folder has what its disk has.
    #[serde(default)]
    pub capacity_gib: Option<u64>,
    /// What is left free on the disk of a folder, in MiB.
    #[serde(default = "reserve_mib")]
    pub reserve_mib: u64,
    /// How soon objects of a class for archives are wanted: `Expedited`, `Standard` or `Bulk`.
    #[serde(default = "speed")]
    pub restore_speed: String,
    /// Days for which the store keeps what it was asked for readable.
    #[serde(default = "restore_days")]
    pub restore_days: u16,
    /// Seconds between two looks whether it can be read.
    #[serde(default = "poll_seconds")]
    pub restore_poll_seconds: u64,
}

fn block_mib() -> u64 {
    10 * 1024
}

fn grace_days() -> u16 {
    7
}

fn reserve_mib() -> u64 {
    1024
}

fn speed() -> String {
    "Standard".to_owned()
}

fn restore_days() -> u16 {
    7
}

fn poll_seconds() -> u64 {
    60
}

/// What is wrong with the tiers.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// It is no document of tiers.
    #[error("the tiers cannot be read: {0}")]
    Document(String),
    /// There is none.
    #[error("tiers: there is none")]
    None,
    /// The name of a tier.
    #[error("tiers: {0:?} is no name; use letters, digits, - and _, at most 40")]
    Name(String),
    /// The default names none.
    #[error("default: there is no tier {0:?}")]
    Default(String),
    /// The address of a tier.
    #[error("tiers.{tier}.url: {told}")]
    Url {
        /// Which.
        tier: String,
        /// What is wrong.
        told: &'static str,
    },
    /// Two tiers keep the same objects.
    #[error("tiers.{0} and tiers.{1} are at the same place, or one within the other")]
    SamePlace(String, String),
    /// A number of a tier.
    #[error("tiers.{tier}.{told}")]
    Value {
        /// Which.
        tier: String,
        /// What is wrong.
        told: &'static str,
    },
}

/// A tier, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// Its name.
    pub name: String,
    pub(crate) bucket: Bucket,
    /// Empty, or with a slash at its end.
    pub(crate) prefix: String,
    pub(crate) config: TierConfig,
}

/// All tiers, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiers {
    all: Vec<Tier>,
    default: usize,
}

impl Tiers {
    /// The tiers of a document with `tiers` and, if wanted, `default`.
    ///
    /// # Errors
    /// For what cannot work.
    pub fn from_document(document: serde_json::Value) -> Result<Self, ConfigError> {
        let config: TiersConfig =
            serde_json::from_value(document).map_err(|error| ConfigError::Document(error.to_string()))?;
        Self::new(config)
    }

    /// Checks them.
    ///
    /// # Errors
    /// For what cannot work.
    pub fn new(config: TiersConfig) -> Result<Self, ConfigError> {
        let all: Vec<Tier> =
            config.tiers.into_iter().map(|(name, tier)| Tier::new(name, tier)).collect::<Result<_, _>>()?;
        if all.is_empty() {
            return Err(ConfigError::None);
        }
        for (place, one) in all.iter().enumerate() {
            let shared = all.iter().skip(place + 1).find(|other| {
                let within = other.prefix.starts_with(&one.prefix) || one.prefix.starts_with(&other.prefix);
                other.bucket == one.bucket && within
            });
            if let Some(other) = shared {
                return Err(ConfigError::SamePlace(one.name.clone(), other.name.clone()));
            }
        }
        let default = match &config.default {
            None => 0,
            Some(name) => all
                .iter()
                .position(|tier| tier.name == *name)
                .ok_or_else(|| ConfigError::Default(name.clone()))?,
        };
        Ok(Self { all, default })
    }

    /// The one of this name; the default without one.
    pub fn get(&self, name: Option<&str>) -> Option<&Tier> {
        match name {
            None => self.all.get(self.default),
            Some(name) => self.all.iter().find(|tier| tier.name == name),
        }
    }

    /// Their names.
    pub fn names(&self) -> Vec<&str> {
        self.all.iter().map(|tier| tier.name.as_str()).collect()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Tier> {
        self.all.iter()
    }
}

impl Tier {
    fn new(name: String, config: TierConfig) -> Result<Self, ConfigError> {
        let is_name = (1..=40).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !is_name {
            return Err(ConfigError::Name(name));
        }
        let wrong = |told| ConfigError::Url { tier: name.clone(), told };
        let split = Bucket::split(&config.url);
        let (bucket, prefix) =
            split.ok_or_else(|| wrong("it is like s3://bucket/prefix, gs://…, az://… or file:///folder"))?;
        let prefix = prefix.trim_matches('/');
        if bucket.name().is_empty() != (bucket.kind() == Kind::Folder) {
            return Err(wrong("it names no bucket"));
        }
        if bucket.kind() == Kind::Folder && prefix.is_empty() {
            return Err(wrong("it names no folder"));
        }
        if !prefix.is_empty() && Location::within(bucket.clone(), prefix).is_err() {
            return Err(wrong("it has a segment . or .."));
        }
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let tier = Self { bucket, prefix, config, name: name.clone() };
        match tier.wrong_value() {
            Some(told) => Err(ConfigError::Value { tier: name, told }),
            None => Ok(tier),
        }
    }

    fn wrong_value(&self) -> Option<&'static str> {
        let config = &self.config;
        if config.storage_class.is_some() && self.bucket.kind() != Kind::S3 {
            return Some("storage_class: only S3 has classes of single objects; use the class of the bucket");
        }
        if !(1..=1024 * 1024).contains(&config.block_mib) {
            return Some("block_mib: it is between 1 and 1048576");
        }
        if !(1..=3600).contains(&config.restore_poll_seconds) {
            return Some("restore_poll_seconds: it is between 1 and 3600");
        }
        if config.restore_days == 0 {
            return Some("restore_days: it is at least 1");
        }
        None
    }

    /// What objects become once they have been read back: `GLACIER` and the like.
    pub(crate) fn class(&self) -> Option<&str> {
        self.config.storage_class.as_deref()
    }

    /// What holds its objects.
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// How the keys of its objects begin: empty, or with a slash at its end.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The folder that it is, if it is one.
    pub fn folder(&self) -> Option<PathBuf> {
        (self.bucket.kind() == Kind::Folder).then(|| Path::new("/").join(&self.prefix))
    }

    /// As records tell how it is kept.
    pub fn told_class(&self) -> &str {
        match self.bucket.kind() {
            Kind::Folder => "folder",
            _ => self.class().unwrap_or("STANDARD"),
        }
    }

    /// Size of a tar file, in bytes.
    pub(crate) fn block_size(&self) -> u64 {
        self.config.block_mib.saturating_mul(MIB)
    }

    /// Most that it keeps, in bytes, where that is said.
    pub fn capacity(&self) -> Option<u64> {
        self.config.capacity_gib.map(|gib| gib.saturating_mul(GIB))
    }

    /// What is left free on the disk of a folder, in bytes.
    pub fn reserve(&self) -> u64 {
        self.config.reserve_mib.saturating_mul(MIB)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tiers_are_read_with_their_defaults() {
        let tiers = Tiers::from_document(json!({
            "tiers": {
                "cold": {"url": "s3://b/archive/", "storage_class": "GLACIER"},
                "tape": {"url": "file:///mnt/tape", "mode": "packed", "block_mib": 200_000, "grace_days": 0},
            },
            "default": "tape",
        }))
        .unwrap();
        assert_eq!(tiers.names(), ["cold", "tape"]);
        let tape = tiers.get(None).unwrap();
        assert_eq!((tape.name.as_str(), tape.prefix.as_str()), ("tape", "mnt/tape/"));
        assert_eq!((tape.told_class(), tape.block_size()), ("folder", 200_000 << 20));
        let cold = tiers.get(Some("cold")).unwrap();
        assert_eq!(
            (cold.class(), cold.config.grace_days, cold.prefix.as_str()),
            (Some("GLACIER"), 7, "archive/")
        );
        assert!(tiers.get(Some("warm")).is_none());
    }

    #[test]
    fn what_cannot_work_is_refused_with_its_place() {
        for (document, told) in [
            (json!({"tiers": {}}), "there is none"),
            (json!({"tiers": {"a b": {"url": "s3://b/"}}}), "is no name"),
            (json!({"tiers": {"a": {"url": "s3://b/"}}, "default": "c"}), "no tier \"c\""),
            (json!({"tiers": {"a": {"url": "https://b/"}}}), "tiers.a.url: it is like"),
            (json!({"tiers": {"a": {"url": "s3:///k"}}}), "names no bucket"),
            (json!({"tiers": {"a": {"url": "file:///"}}}), "names no folder"),
            (json!({"tiers": {"a": {"url": "file:///mnt/../etc"}}}), "segment"),
            (
                json!({"tiers": {"a": {"url": "s3://b/x"}, "c": {"url": "s3://b/x/y"}}}),
                "one within the other",
            ),
            (json!({"tiers": {"a": {"url": "gs://b/x", "storage_class": "ARCHIVE"}}}), "only S3"),
            (json!({"tiers": {"a": {"url": "s3://b/x", "block_mib": 0}}}), "block_mib"),
            (json!({"tiers": {"a": {"url": "s3://b/x", "class": "x"}}}), "class"),
        ] {
            let error = Tiers::from_document(document.clone()).unwrap_err().to_string();
            assert!(error.contains(told), "{document}: {error}");
        }
    }
}
