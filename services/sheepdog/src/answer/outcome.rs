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

/// Errors of a whole transaction that a client is told; the log has all of them.
const MOST_ERRORS: usize = 100;
/// Entities with errors whose messages a client is told.
const MOST_EXPLAINED: usize = 100;
/// In the answer to a refused submission of more entities only those are listed that are explained.
const MOST_LISTED: usize = 20_000;
/// What stands in place of a message that only the log has.
const IN_THE_LOG: &str = "(the message is in the transaction log)";

/// For whom an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Everything is in it.
    Log,
    /// That of a refused submission is bounded: there may be very much to say.
    Client,
}

/// Errors of a whole transaction, each a string or an object; there may be one for every document.
#[derive(Debug)]
pub(crate) struct Errors {
    count: usize,
    /// With commas between.
    text: Writer,
    /// The length of the first ones.
    told: u64,
}

impl Errors {
    pub(crate) fn new(place: Place) -> Self {
        Self { count: 0, text: Writer::new(place), told: 0 }
    }

    pub(crate) fn push(&mut self, error: &Value) {
        if self.count == MOST_ERRORS {
            self.told = self.text.len();
        }
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

    /// Adds them to `text`, with commas between.
    pub(crate) async fn add_to(&mut self, text: &mut Writer, reader: Reader) -> Result<(), Error> {
        let errors = self.text.share().await?;
        if reader == Reader::Log || self.count <= MOST_ERRORS {
            return Ok(text.append(&errors, errors.len()).await?);
        }
        text.append(&errors, self.told).await?;
        let more = format!("{} more errors are in the transaction log", self.count - MOST_ERRORS);
        text.push(format!(",{}", Value::String(more)).as_bytes());
        Ok(())
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
    reader: Reader,
    /// Entities whose errors may still be told in full.
    to_explain: usize,
    /// Whether entities that are not explained are listed.
    lists_others: bool,
}

impl Writing {
    /// Adds entities.
    pub(crate) async fn add(&mut self, entities: &[Entity], dictionary: &Dictionary) -> Result<(), Error> {
        for entity in entities {
            let is_explained = !entity.is_valid() && self.to_explain > 0;
            if is_explained {
                self.to_explain -= 1;
            } else if !self.lists_others {
                continue;
            }
            if !std::mem::take(&mut self.is_first) {
                self.text.push(b",");
            }
            let message = (!entity.is_valid() && !is_explained).then_some(IN_THE_LOG);
            let shown = Shown { entity, dictionary, message };
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

    /// Whether the client is told less than the log.
    pub(crate) fn is_bounded(&self) -> bool {
        !self.is_success()
            && (self.errors.count > MOST_ERRORS
                || self.invalid_entities() > MOST_EXPLAINED
                || self.entities.tally().entities > MOST_LISTED)
    }

    /// As `reader` gets it.
    ///
    /// # Errors
    /// When a temporary file fails.
    pub(crate) async fn answer(
        &mut self,
        place: &Place,
        dictionary: &Dictionary,
        reader: Reader,
    ) -> Result<Spool, Error> {
        let mut answer = self.begin(place, reader);
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
        self.tail(&mut text, Reader::Client).await?;
        Ok(text.finish().await?)
    }

    /// Begins the answer; its counts are those of now.
    pub(crate) fn begin(&self, place: &Place, reader: Reader) -> Writing {
        let mut text = self.head(place);
        text.push(b",\"entities\":[");
        let is_bounded = reader == Reader::Client && self.is_bounded();
        Writing {
            text,
            is_first: true,
            reader,
            to_explain: if is_bounded { MOST_EXPLAINED } else { usize::MAX },
            lists_others: !is_bounded || self.entities.tally().entities <= MOST_LISTED,
        }
    }

    /// Ends the answer.
    pub(crate) async fn end(&mut self, answer: Writing) -> Result<Spool, Error> {
        let (mut text, reader) = (answer.text, answer.reader);
        text.push(b"]");
        self.tail(&mut text, reader).await?;
        Ok(text.finish().await?)
    }

    fn head(&self, place: &Place) -> Writer {
        let mut text = Writer::new(Place { memory: MEMORY, ..place.clone() });
        let (code, created) = (self.code(), self.created());
        text.push(format!("{{\"code\":{code},\"created_entity_count\":{created}").as_bytes());
        text
    }

    async fn tail(&mut self, text: &mut Writer, reader: Reader) -> Result<(), Error> {
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
        self.errors.add_to(text, reader).await?;
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
