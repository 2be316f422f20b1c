//! The answer of a transaction: one form for success and failure, kept to the key.

use dictionary::Dictionary;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::{
    Error,
    batches::Batches,
    entity::{Entity, Shown},
    spool::{Place, Spool, Writer},
};

/// An answer, written once and used as it is for the client and the log.
pub(crate) type Answer = Box<RawValue>;

/// `value` as an answer.
///
/// # Errors
/// Never for values that are JSON.
pub(crate) fn written(value: &impl Serialize) -> Result<Answer, Error> {
    serde_json::value::to_raw_value(value).map_err(not_json)
}

impl From<Answer> for Spool {
    fn from(answer: Answer) -> Self {
        let text: Box<str> = answer.into();
        text.into_string().into()
    }
}

/// Bytes of an answer that stay in memory.
pub(crate) const MEMORY: usize = 4 << 20;

/// The text of a spool that holds JSON.
///
/// # Errors
/// When the file fails.
pub(crate) async fn raw(spool: &Spool) -> Result<Answer, Error> {
    let text = String::from_utf8(spool.whole().await?.into()).map_err(not_json)?;
    RawValue::from_string(text).map_err(not_json)
}

fn not_json(error: impl std::fmt::Display) -> Error {
    Error::Corrupt(error.to_string())
}

/// Errors of a whole transaction, texts or objects; there may be one for every document.
#[derive(Debug)]
pub(crate) struct Errors {
    count: usize,
    /// With commas between.
    text: Writer,
}

impl Errors {
    pub(crate) fn new(place: Place) -> Self {
        Self { count: 0, text: Writer::new(place) }
    }

    pub(crate) fn push(&mut self, error: &Value) {
        if self.count > 0 {
            self.text.push(b",");
        }
        self.text.push(error.to_string().as_bytes());
        self.count += 1;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Moves what is too much for memory away.
    pub(crate) async fn relieve(&mut self) -> Result<(), Error> {
        Ok(self.text.relieve().await?)
    }

    /// With commas between.
    pub(crate) async fn text(&mut self) -> Result<Spool, Error> {
        Ok(self.text.share().await?)
    }
}

/// What a submission came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub transaction_id: i32,
    pub entities: Batches,
    /// Errors of the whole transaction.
    pub errors: Errors,
    pub is_dry_run: bool,
    /// Status of a success: 201 for POST, 200 for PUT.
    pub success_code: u16,
}

/// An answer that is being written, entity by entity.
pub(crate) struct Writing {
    text: Writer,
    is_first: bool,
}

impl Writing {
    /// Adds entities.
    pub(crate) async fn add(&mut self, entities: &[Entity], dictionary: &Dictionary) -> Result<(), Error> {
        for entity in entities {
            if !std::mem::take(&mut self.is_first) {
                self.text.push(b",");
            }
            let shown = Shown { entity, dictionary };
            serde_json::to_writer(self.text.buffer(), &shown).map_err(not_json)?;
        }
        Ok(self.text.relieve().await?)
    }
}

impl Outcome {
    /// Whether everything is (or in a dry run: would be) written.
    pub(crate) fn is_success(&self) -> bool {
        self.errors.is_empty() && self.invalid_entities() == 0
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
    /// When a temporary file fails.
    pub(crate) async fn answer(&mut self, place: &Place, dictionary: &Dictionary) -> Result<Spool, Error> {
        let mut answer = self.begin(place);
        self.entities.begin(false);
        while let Some((_, entities)) = self.entities.next().await? {
            answer.add(entities, dictionary).await?;
        }
        self.end(answer).await
    }

    /// As the log keeps it: without entities where they are too many for one `jsonb`.
    ///
    /// # Errors
    /// See [`Outcome::answer`].
    pub(crate) async fn summary(&mut self, place: &Place) -> Result<Spool, Error> {
        let mut text = self.head(place);
        self.tail(&mut text).await?;
        Ok(text.finish().await?)
    }

    /// Begins the answer; its counts are those of now.
    pub(crate) fn begin(&self, place: &Place) -> Writing {
        let mut text = self.head(place);
        text.push(b",\"entities\":[");
        Writing { text, is_first: true }
    }

    /// Ends the answer.
    pub(crate) async fn end(&mut self, answer: Writing) -> Result<Spool, Error> {
        let mut text = answer.text;
        text.push(b"]");
        self.tail(&mut text).await?;
        Ok(text.finish().await?)
    }

    fn head(&self, place: &Place) -> Writer {
        let mut text = Writer::new(Place { memory: MEMORY, ..place.clone() });
        let (code, created) = (self.code(), self.created());
        text.push(format!("{{\"code\":{code},\"created_entity_count\":{created}").as_bytes());
        text
    }

    async fn tail(&mut self, text: &mut Writer) -> Result<(), Error> {
        let head = format!(
            ",\"entity_error_count\":{},\"message\":{},\"success\":{},\"transaction_id\":{},\
             \"transactional_error_count\":{},\"transactional_errors\":[",
            self.invalid_entities(),
            Value::String(self.message()),
            self.is_success(),
            self.transaction_id,
            self.errors.count,
        );
        text.push(head.as_bytes());
        let errors = self.errors.text().await?;
        let mut at = 0;
        while at < errors.len() {
            let piece = errors.piece(at, MEMORY).await?;
            text.push(&piece);
            text.relieve().await?;
            at += piece.len() as u64;
        }
        text.push(format!("],\"updated_entity_count\":{}}}", self.updated()).as_bytes());
        Ok(())
    }

    /// How many nodes are made; none unless it is a success.
    pub(crate) fn created(&self) -> usize {
        if self.is_success() { self.entities.tally().created } else { 0 }
    }

    /// How many nodes are updated; none unless it is a success.
    pub(crate) fn updated(&self) -> usize {
        if self.is_success() { self.entities.tally().updated } else { 0 }
    }

    /// How many entities have errors.
    pub(crate) fn invalid_entities(&self) -> usize {
        self.entities.tally().invalid
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
        aborted(self.invalid_entities(), self.errors.count)
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
