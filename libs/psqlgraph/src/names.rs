//! Names of tables, constraints and indexes, shortened as psqlgraph and gen3datamodel shorten them.
//!
//! Other programs (ETL, release tools, operators' SQL) use these names, so they are part of the interface.

use md5::{Digest, Md5};

/// Longest table name of an edge and longest index name before psqlgraph shortens it.
const SHORTEN_ABOVE: usize = 40;

/// Table of the nodes of type `id`: `node_` and the id without underscores.
pub fn node_table(id: &str) -> String {
    format!("node_{}", class_name(id))
}

/// Name of the primary key constraint of a node table.
pub(crate) fn node_primary_key(id: &str) -> String {
    format!("_{}_id_uc", class_name(id))
}

/// Table of the edges that the link with `label` makes from `source` (the child, which declares the link) to
/// `destination` (the parent). Spaces in the label do not count.
pub fn edge_table(source: &str, label: &str, destination: &str) -> String {
    let label = label.replace(' ', "");
    let plain = format!("edge_{}", format!("{source}{label}{destination}").replace('_', ""));
    if plain.chars().count() <= SHORTEN_ABOVE {
        return plain;
    }
    let initials = |words: &str, most: usize| cut(&join_cut(words, 2, ""), most);
    format!(
        "edge_{}_{}{}{}",
        short_digest(&plain),
        initials(source, 10),
        initials(&label, 7),
        initials(destination, 10)
    )
}

/// Name of the index of a node table on `what`: a property (`submitter_id`), or a property or key tuple with
/// its suffix (`submitter_id_lower`, `project_id_submitter_id_uniq`).
pub fn index_name(id: &str, what: &str) -> String {
    let table = node_table(id);
    let plain = format!("index_{table}_{what}");
    if plain.chars().count() <= SHORTEN_ABOVE {
        return plain;
    }
    let label = cut(&join_cut(id, 4, ""), 20);
    let what = cut(&join_cut(what, 8, "_"), 25);
    format!("index_{}_{label}_{what}", short_digest(&table))
}

fn class_name(id: &str) -> String {
    id.replace('_', "").to_lowercase()
}

fn short_digest(text: &str) -> String {
    hex::encode(Md5::digest(text.as_bytes()))[..8].to_owned()
}

fn join_cut(words: &str, each: usize, separator: &str) -> String {
    words.split('_').map(|word| cut(word, each)).collect::<Vec<_>>().join(separator)
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_tables_drop_underscores() {
        assert_eq!(node_table("submitted_aligned_reads"), "node_submittedalignedreads");
        assert_eq!(node_primary_key("family_history"), "_familyhistory_id_uc");
    }

    #[test]
    fn edge_tables_are_shortened_above_forty_characters() {
        let vectors = [
            ("aliquot", "derived_from", "sample", "edge_aliquotderivedfromsample"),
            ("submitted_methylation", "data_from", "aliquot", "edge_submittedmethylationdatafromaliquot"),
            ("experimental_metadata", "derived_from", "experiment", "edge_733bc25a_exmedefrex"),
            (
                "aligned_reads_index",
                "derived_from",
                "submitted_aligned_reads",
                "edge_baedf9cd_alreindefrsualre",
            ),
            ("submitted_aligned_reads", "data_from", "read_group", "edge_fcc48b51_sualredafrregr"),
            ("read_group_qc", "data_from", "submitted_unaligned_reads", "edge_8d3424a1_regrqcdafrsuunre"),
            ("submitted_unaligned_reads", "data_from", "read_group", "edge_64a2ed15_suunredafrregr"),
        ];
        for (source, label, destination, expected) in vectors {
            assert_eq!(edge_table(source, label, destination), expected);
        }
    }

    #[test]
    fn spaces_in_an_edge_label_do_not_count() {
        assert_eq!(edge_table("a", "member of", "b"), "edge_amemberofb");
    }

    #[test]
    fn index_names_are_shortened_above_forty_characters() {
        let vectors = [
            ("family_history", "submitter_id", "index_node_familyhistory_submitter_id"),
            ("family_history", "submitter_id_lower", "index_4df72441_famihist_submitte_id_lower"),
            (
                "family_history",
                "project_id_submitter_id_uniq",
                "index_4df72441_famihist_project_id_submitte_id_un",
            ),
            ("submitted_aligned_reads", "project_id", "index_1298ebb4_submaligread_project_id"),
            ("submitted_aligned_reads", "submitter_id", "index_1298ebb4_submaligread_submitte_id"),
        ];
        for (id, what, expected) in vectors {
            assert_eq!(index_name(id, what), expected);
        }
    }
}
