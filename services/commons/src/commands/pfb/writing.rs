//! Writing a PFB of what is read: by a command, or for a run of an operation.

use std::{collections::HashSet, io::Write};

use dictionary::{Dictionary, NodeType};
use indexmap::IndexMap;
use pfb::{Misfit, Model, Relation, Writer};

use super::{cohort::Cohort, order, record::Record, source::Reading, told::Told};
use crate::failure::Failure;

/// Values that are left out, of which a message tells.
const TOLD: u64 = 20;

/// Records of one type by their names (ids, GUIDs or submitter_ids).
pub(crate) struct Named<'d> {
    pub(crate) root: &'d NodeType,
    pub(crate) names: HashSet<String>,
}

/// What becomes of stored values that the dictionary does not allow any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misfits {
    /// They end the export.
    End,
    /// They are left out.
    LeaveOut,
}

/// Changes a record before it is written; `None` leaves it out.
pub(crate) type Change<'a> = Box<dyn FnMut(&NodeType, Record) -> anyhow::Result<Option<Record>> + Send + 'a>;

/// What becomes of records on their way.
pub(crate) struct Way<'a> {
    pub(crate) misfits: Misfits,
    /// Without it they stay as they are.
    pub(crate) change: Option<Change<'a>>,
}

impl From<Misfits> for Way<'_> {
    fn from(misfits: Misfits) -> Self {
        Self { misfits, change: None }
    }
}

/// What was written.
pub(crate) struct Written {
    /// Records of each type.
    pub(crate) nodes: IndexMap<String, u64>,
    /// Values that were left out.
    pub(crate) left_out: u64,
}

/// The node type of this name, if it has records in projects.
///
/// # Errors
/// There is none.
pub(crate) fn root<'d>(dictionary: &'d Dictionary, node: &str) -> anyhow::Result<&'d NodeType> {
    let found = dictionary.nodes.get(node).filter(|node| order::is_in_projects(node));
    Ok(found
        .ok_or_else(|| Failure::NotInOrder(format!("the dictionary has no node type {node} in projects")))?)
}

/// Writes all that is read, or of it a cohort: the named records, all below them, and all that these link to.
///
/// # Errors
/// When something cannot be read or written, or no record is found.
pub(crate) async fn write<W: Write + Send>(
    reading: &mut Reading,
    dictionary: &Dictionary,
    cohort: Option<Named<'_>>,
    way: impl Into<Way<'_>>,
    output: W,
    told: &dyn Told,
) -> anyhow::Result<(W, Written)> {
    let model = Model::of(dictionary)?;
    let cohort = match cohort {
        Some(Named { root, names }) => {
            told.stage("looking for the cohort");
            Some(Cohort::find(reading, dictionary, root, names, told).await?)
        }
        None => None,
    };
    let mut export = Export {
        writer: Writer::begin(&model, output)?,
        cohort,
        way: way.into(),
        written: Written { nodes: IndexMap::new(), left_out: 0 },
        told,
    };
    for node in order::parents_first(dictionary) {
        told.stage(&node.id);
        reading.each(node, &mut |record| export.record(node, record)).await?;
    }
    let Export { writer, written, .. } = export;
    Ok((writer.finish()?, written))
}

/// An export on its way.
struct Export<'m, W: Write> {
    writer: Writer<'m, W>,
    cohort: Option<Cohort>,
    way: Way<'m>,
    written: Written,
    told: &'m dyn Told,
}

impl<W: Write> Export<'_, W> {
    fn record(&mut self, node: &NodeType, record: Record) -> anyhow::Result<()> {
        if self.cohort.as_ref().is_some_and(|cohort| !cohort.has(&record.id)) {
            return Ok(());
        }
        let changed = match &mut self.way.change {
            Some(change) => change(node, record)?,
            None => Some(record),
        };
        let Some(record) = changed else { return Ok(()) };
        let mut relations = Vec::new();
        for (link, targets) in node.all_links().iter().zip(record.targets) {
            relations.extend(targets.into_iter().map(|id| Relation { id, name: link.target_type.clone() }));
        }
        let (leaves_out, id) = (self.way.misfits == Misfits::LeaveOut, &record.id);
        let (left_out, told) = (&mut self.written.left_out, self.told);
        let misfit = |misfit: &Misfit| {
            *left_out += u64::from(leaves_out);
            if leaves_out && *left_out <= TOLD {
                told.warn(&format!("{} {id}: {misfit}; it is left out", node.id));
            }
            leaves_out
        };
        self.writer.write(&node.id, id, &record.properties, &relations, misfit).map_err(|error| {
            let remedy = match error {
                pfb::PfbError::Misfit(_) => "; correct the record, or use --leave-out",
                _ => "",
            };
            Failure::NotInOrder(format!("{} {id}: {error}{remedy}", node.id))
        })?;
        *self.written.nodes.entry(node.id.clone()).or_default() += 1;
        self.told.record();
        Ok(())
    }
}
