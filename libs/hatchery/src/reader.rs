//! Taking values out of JSON, with the place of what is wrong.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use crate::{
    quantity::{Cpu, Memory},
    remark::Remark,
};

/// What was noticed while reading.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) problems: Vec<Remark>,
    pub(crate) remarks: Vec<Remark>,
}

impl Found {
    pub(crate) fn refuse(&mut self, place: &str, text: impl Into<String>) {
        self.problems.push(Remark { place: place.to_owned(), text: text.into() });
    }

    pub(crate) fn remark(&mut self, place: &str, text: impl Into<String>) {
        self.remarks.push(Remark { place: place.to_owned(), text: text.into() });
    }
}

/// An object of which keys are taken; those that are left at its end are remarked on. As in Go's JSON, `null`
/// is the same as a key that is missing.
pub(crate) struct Object<'v> {
    map: &'v Map<String, Value>,
    place: String,
    taken: HashSet<&'static str>,
}

impl<'v> Object<'v> {
    pub(crate) fn of(value: &'v Value, place: &str, found: &mut Found) -> Option<Self> {
        let Some(map) = value.as_object() else {
            found.refuse(if place.is_empty() { "the file" } else { place }, "must be an object");
            return None;
        };
        Some(Self { map, place: place.to_owned(), taken: HashSet::new() })
    }

    pub(crate) fn at(&self, key: &str) -> String {
        if self.place.is_empty() { key.to_owned() } else { format!("{}.{key}", self.place) }
    }

    pub(crate) fn take(&mut self, key: &'static str) -> Option<&'v Value> {
        self.taken.insert(key);
        self.map.get(key).filter(|value| !value.is_null())
    }

    fn typed<T>(
        &mut self,
        key: &'static str,
        kind: &str,
        found: &mut Found,
        read: impl FnOnce(&'v Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(key)?;
        let read = read(value);
        if read.is_none() {
            found.refuse(&self.at(key), format!("must be {kind}, but is {value}"));
        }
        read
    }

    pub(crate) fn text(&mut self, key: &'static str, found: &mut Found) -> Option<String> {
        self.typed(key, "a text", found, |value| value.as_str().map(str::to_owned))
    }

    pub(crate) fn flag(&mut self, key: &'static str, found: &mut Found) -> bool {
        self.typed(key, "true or false", found, Value::as_bool).unwrap_or_default()
    }

    /// `"true"` or `"false"`, as the original has some of its switches.
    pub(crate) fn word(&mut self, key: &'static str, found: &mut Found) -> bool {
        let read = |value: &Value| match value.as_str()? {
            "true" => Some(true),
            "false" | "" => Some(false),
            _ => None,
        };
        self.typed(key, "the text \"true\" or \"false\"", found, read).unwrap_or_default()
    }

    pub(crate) fn number(&mut self, key: &'static str, found: &mut Found) -> u32 {
        let read = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
        self.typed(key, "a whole number of 0 to 4294967295", found, read).unwrap_or_default()
    }

    pub(crate) fn price(&mut self, key: &'static str, found: &mut Found) -> f64 {
        let read = |value: &Value| value.as_f64().filter(|price| price.is_finite() && *price >= 0.0);
        self.typed(key, "a number of 0 or more", found, read).unwrap_or_default()
    }

    pub(crate) fn list(&mut self, key: &'static str, found: &mut Found) -> &'v [Value] {
        self.typed(key, "a list", found, Value::as_array).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn texts(&mut self, key: &'static str, found: &mut Found) -> Option<Vec<String>> {
        let read = |value: &Value| {
            value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>()
        };
        self.typed(key, "a list of texts", found, read)
    }

    pub(crate) fn variables(
        &mut self,
        key: &'static str,
        found: &mut Found,
    ) -> Option<BTreeMap<String, String>> {
        let read = |value: &Value| {
            let pairs = value.as_object()?.iter();
            pairs.map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect::<Option<_>>()
        };
        self.typed(key, "an object of texts", found, read)
    }

    pub(crate) fn cpu(&mut self, key: &'static str, found: &mut Found) -> Option<Cpu> {
        self.typed(key, "an amount of processors such as \"1.5\" or \"500m\"", found, |value| {
            Cpu::parse(value.as_str()?)
        })
    }

    pub(crate) fn memory(&mut self, key: &'static str, found: &mut Found) -> Option<Memory> {
        self.typed(key, "an amount of bytes such as \"512Mi\" or \"2Gi\"", found, |value| {
            Memory::parse(value.as_str()?)
        })
    }

    /// Remarks on the keys that nobody took; `known` are those that change nothing here, with the reason.
    pub(crate) fn finish(self, known: &[(&str, &str)], found: &mut Found) {
        for (key, value) in self.map {
            if self.taken.contains(key.as_str()) || value.is_null() {
                continue;
            }
            let reason = known.iter().find(|(name, _)| name == key).map(|(_, reason)| *reason);
            found.remark(&self.at(key), reason.unwrap_or("not known, and without effect; is it misspelt?"));
        }
    }
}
