//! How bodies are written.

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An object, or a list of objects.
    Json,
    /// Tab-separated values.
    Tsv,
    /// Comma-separated values.
    Csv,
}

impl Format {
    /// By the content type, compared whole and without case: anything unknown is JSON, even
    /// `text/csv; charset=utf-8`.
    pub fn of(content_type: &str) -> Self {
        match content_type.to_ascii_lowercase().as_str() {
            "text/csv" => Self::Csv,
            "text/tab-separated-values" | "text/tsv" => Self::Tsv,
            _ => Self::Json,
        }
    }

    /// By the name used in bulk transfers.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Json, Self::Tsv, Self::Csv]
            .into_iter()
            .find(|format| name.eq_ignore_ascii_case(format.as_str()))
    }

    /// The name in the transaction log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Tsv => "tsv",
            Self::Csv => "csv",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_is_compared_whole() {
        assert_eq!(Format::of("TEXT/TSV"), Format::Tsv);
        assert_eq!(Format::of("text/csv; charset=utf-8"), Format::Json);
        assert_eq!(Format::of(""), Format::Json);
    }
}
