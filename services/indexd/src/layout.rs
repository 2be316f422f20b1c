//! The two layouts of the original's tables.

/// In which tables the records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// `index_record`, with a table for each of the lists and maps of a record.
    Multi,
    /// `record`, a row for each record (`USE_SINGLE_TABLE` of the original).
    Single,
}

impl Layout {
    /// Its name in settings and in our note.
    pub fn name(self) -> &'static str {
        match self {
            Self::Multi => "multi",
            Self::Single => "single",
        }
    }

    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Multi => Self::Single,
            Self::Single => Self::Multi,
        }
    }
}

impl std::fmt::Display for Layout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Multi => "multi-table (index_record)",
            Self::Single => "single-table (record)",
        })
    }
}
