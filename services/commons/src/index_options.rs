//! How the file index answers: options of `commons up` and `commons serve indexd`.

use clap::{Args, ValueEnum};
use indexd::{Config, ConfigError, Layout};

/// How the file index answers.
#[derive(Debug, Clone, Default, Args)]
pub struct IndexArgs {
    /// In which form DRS documents are: that which the clients of Gen3 read, or that of the standard (DRS
    /// 1.2) with nothing added, which other clients may insist on.
    #[arg(long, value_name = "FORM", env = "DRS_FORM", value_enum, default_value_t)]
    pub drs_form: DrsForm,
}

/// In which form DRS documents are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum DrsForm {
    /// As every Gen3 commons has them.
    #[default]
    Gen3,
    /// As the standard has them.
    Strict,
}

impl IndexArgs {
    /// `config` with what was given.
    pub(crate) fn applied(&self, config: Config) -> Config {
        let drs_form = match self.drs_form {
            DrsForm::Gen3 => indexd::DrsForm::Gen3,
            DrsForm::Strict => indexd::DrsForm::Strict,
        };
        Config { drs_form, ..config }
    }
}

/// What `USE_SINGLE_TABLE` says of the database of the index at `url`. It says nothing of that of the state
/// folder, which has no url: `commons up` does not heed it either, as its databases are its own.
///
/// # Errors
/// When it says neither true nor false.
pub(crate) fn layout_setting(url: Option<&str>) -> Result<Option<Layout>, ConfigError> {
    match url {
        Some(_) => Config::layout_from_env(|name| std::env::var(name).ok()),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        index: IndexArgs,
    }

    #[test]
    fn documents_are_those_of_gen3_unless_the_strict_form_is_asked_for() {
        let form = |line: &[&str]| {
            let line = Line::try_parse_from([&["commons"], line].concat())?;
            Ok::<_, clap::Error>(line.index.applied(Config::default()).drs_form)
        };
        assert_eq!(form(&[]).unwrap(), indexd::DrsForm::Gen3);
        assert_eq!(form(&["--drs-form", "strict"]).unwrap(), indexd::DrsForm::Strict);
        assert!(form(&["--drs-form", "loose"]).is_err());
    }
}
