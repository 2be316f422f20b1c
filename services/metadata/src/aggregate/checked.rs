//! A configuration with which everything can be done that it says. Pure.

use super::{
    config::{SyncConfig, SyncConfigError},
    mapping::Mapping,
};

/// Reads and checks a configuration, with the paths and filters of its mappings.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(text: &str) -> Result<SyncConfig, SyncConfigError> {
    let config = SyncConfig::read(text)?;
    for (name, commons) in &config.adapter_commons {
        Mapping::of(commons, config.schema())
            .map_err(|reason| SyncConfigError::Commons { commons: name.clone(), reason })?;
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_that_cannot_work_is_refused_with_the_name_of_its_commons() {
        let text = r#"{"adapter_commons": {"B": {"mds_url": "http://b", "commons_url": "b", "adapter": "gen3",
                       "field_mappings": {"a": "path:[["}}}}"#;
        let told = parse(text).unwrap_err().to_string();
        assert!(told.starts_with("B: field_mappings, a: "), "{told}");
    }
}
