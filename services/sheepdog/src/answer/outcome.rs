//! The answer of a transaction: one form for success and failure, kept to the key.

use dictionary::Dictionary;
use psqlgraph::transactions::TransactionId;
use serde_json::Value;

use super::json::not_json;
use crate::{
    Error,
    model::entity::{Entity, Shown},
    runtime::{
        batches::{Batches, Purpose},
        spool::{Place, Spool, Writer},
    },
};

/// Bytes of an answer that stay in memory.
const MEMORY: usize = 4 << 20;

/// Errors of a whole transaction, each a string or an object; there may be one for every document.
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
    pub transaction_id: TransactionId,
    pub entities: Batches,
    /// Errors of the whole transaction.
    pub errors: Errors,
    pub statuses: Statuses,
}

/// The HTTP statuses of a transaction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statuses {
    /// A dry run tells in its answer alone what would have become of it.
    pub is_dry_run: bool,
    /// 201 for POST, 200 for PUT.
    pub success: u16,
}

impl Statuses {
    /// The status of an answer.
    pub(crate) fn of(self, is_success: bool) -> u16 {
        if self.is_dry_run {
            200
        } else if is_success {
            self.success
        } else {
            400
        }
    }
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
        self.statuses.of(self.is_success())
    }

    /// As the client gets it.
    ///
    /// # Errors
    /// When a temporary file fails.
    pub(crate) async fn answer(&mut self, place: &Place, dictionary: &Dictionary) -> Result<Spool, Error> {
        let mut answer = self.begin(place);
        let mut pass = self.entities.pass(Purpose::Look);
        while let Some((_, entities)) = pass.next().await? {
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

    /// The number of nodes that are made; zero unless it is a success.
    pub(crate) fn created(&self) -> usize {
        if self.is_success() { self.entities.tally().created } else { 0 }
    }

    /// The number of nodes that are updated; zero unless it is a success.
    pub(crate) fn updated(&self) -> usize {
        if self.is_success() { self.entities.tally().updated } else { 0 }
    }

    /// The number of entities with errors.
    pub(crate) fn invalid_entities(&self) -> usize {
        self.entities.tally().invalid
    }

    fn message(&self) -> String {
        if self.is_success() {
            let message = if self.statuses.is_dry_run {
                "Transaction would have been successful. User selected dry run option, transaction aborted, \
                 no data written to database."
            } else {
                "Transaction successful."
            };
            return message.to_owned();
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
