//! The answer of a transaction: one form for success and failure, kept to the key.

use dictionary::Dictionary;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::{
    Error,
    entity::{Action, Entity, Shown},
};

/// An answer, written once and used as it is for the client and the log.
pub(crate) type Answer = Box<RawValue>;

/// `value` as an answer.
///
/// # Errors
/// Never for values that are JSON.
pub(crate) fn written(value: &impl Serialize) -> Result<Answer, Error> {
    serde_json::value::to_raw_value(value).map_err(|error| Error::Corrupt(error.to_string()))
}

#[derive(Serialize)]
struct Written<'a> {
    code: u16,
    created_entity_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    entities: Option<Vec<Shown<'a>>>,
    entity_error_count: usize,
    message: String,
    success: bool,
    transaction_id: i32,
    transactional_error_count: usize,
    transactional_errors: &'a [Value],
    updated_entity_count: usize,
}

/// What a submission came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub transaction_id: i32,
    pub entities: Vec<Entity>,
    /// Errors of the whole transaction: texts or objects.
    pub transactional_errors: Vec<Value>,
    pub is_dry_run: bool,
    /// Status of a success: 201 for POST, 200 for PUT.
    pub success_code: u16,
}

impl Outcome {
    /// Whether everything is (or in a dry run: would be) written.
    pub(crate) fn is_success(&self) -> bool {
        self.transactional_errors.is_empty() && self.invalid_entities() == 0
    }

    /// The HTTP status, which is also `code`.
    pub(crate) fn code(&self) -> u16 {
        match (self.is_dry_run, self.is_success()) {
            (true, _) => 200,
            (false, true) => self.success_code,
            (false, false) => 400,
        }
    }

    /// As the client gets it.
    ///
    /// # Errors
    /// Never, in fact: everything in it can be written as JSON.
    pub(crate) fn answer(&self, dictionary: &Dictionary) -> Result<Answer, Error> {
        self.write(Some(self.entities.iter().map(|entity| Shown { entity, dictionary }).collect()))
    }

    /// As the log keeps it: without entities where they are too many for one `jsonb`.
    ///
    /// # Errors
    /// See [`Outcome::answer`].
    pub(crate) fn summary(&self) -> Result<Answer, Error> {
        self.write(None)
    }

    fn write(&self, entities: Option<Vec<Shown<'_>>>) -> Result<Answer, Error> {
        written(&Written {
            code: self.code(),
            created_entity_count: self.created(),
            entities,
            entity_error_count: self.invalid_entities(),
            message: self.message(),
            success: self.is_success(),
            transaction_id: self.transaction_id,
            transactional_error_count: self.transactional_errors.len(),
            transactional_errors: &self.transactional_errors,
            updated_entity_count: self.updated(),
        })
    }

    /// How many nodes are made; none unless it is a success.
    pub(crate) fn created(&self) -> usize {
        self.count(Action::Create)
    }

    /// How many nodes are updated; none unless it is a success.
    pub(crate) fn updated(&self) -> usize {
        self.count(Action::Update)
    }

    /// How many entities have errors.
    pub(crate) fn invalid_entities(&self) -> usize {
        self.entities.iter().filter(|entity| !entity.is_valid()).count()
    }

    fn count(&self, action: Action) -> usize {
        if !self.is_success() {
            return 0;
        }
        let actions = self.entities.iter().filter_map(|entity| entity.node.as_ref());
        actions.filter(|node| node.action == action).count()
    }

    fn message(&self) -> String {
        if self.is_success() {
            return match self.is_dry_run {
                false => "Transaction successful.".to_owned(),
                true => "Transaction would have been successful. User selected dry run option, transaction \
                         aborted, no data written to database."
                    .to_owned(),
            };
        }
        aborted(self.invalid_entities(), self.transactional_errors.len())
    }
}

fn aborted(invalid: usize, transactional: usize) -> String {
    let entities = match invalid {
        0 => None,
        1 => Some("1 invalid entity".to_owned()),
        many => Some(format!("{many} invalid entities")),
    };
    let transactional = (transactional > 0).then(|| format!("{transactional} transactional error(s)"));
    let reasons: Vec<String> = [entities, transactional].into_iter().flatten().collect();
    format!("Transaction aborted due to {}.", reasons.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_counts_both_kinds_of_errors() {
        assert_eq!(aborted(1, 0), "Transaction aborted due to 1 invalid entity.");
        assert_eq!(
            aborted(2, 1),
            "Transaction aborted due to 2 invalid entities and 1 transactional error(s)."
        );
    }
}
