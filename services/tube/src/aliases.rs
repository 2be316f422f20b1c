//! Names that guppy is told. Pure.

/// The alias that all array configurations of a commons share, which guppy's `config_index` names.
pub fn shared_config(name: &str) -> String {
    format!("{}_array-config", name.split('_').next().unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::shared_config;

    #[test]
    fn what_is_before_the_first_line_is_shared() {
        assert_eq!(shared_config("dev_case_file"), "dev_array-config");
        assert_eq!(shared_config("cases"), "cases_array-config");
    }
}
