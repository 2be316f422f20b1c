//! `commons helm convert`.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use super::gen3::{self, Converted};
use crate::{
    commands::placed::{self, Overwrite, Placed},
    failure::Failure,
    output::{remark, tell},
};

/// Largest file of values in bytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Options of `commons helm convert`.
#[derive(Debug, Clone, Args)]
pub struct ConvertArgs {
    /// Values of gen3-helm. Of several files the later ones go before, as with helm.
    #[arg(value_name = "VALUES.yaml", required = true)]
    files: Vec<PathBuf>,
    /// The folder for values.yaml, the files of Secrets and ConfigMaps, and apply.sh. It and what is in it
    /// can be read by you only. Default: `commons-values` beside the first file.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace files that are there.
    #[arg(long, short = 'f')]
    force: bool,
    /// Print values, names of files and what is left out as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ConvertArgs) -> anyhow::Result<()> {
    let converted = translated(&args.files)?;
    let out = args.out.clone().unwrap_or_else(|| beside(args.files.first()));
    write(&out, &converted, if args.force { Overwrite::Allowed } else { Overwrite::Refused })?;
    if args.json {
        return Ok(tell(shown(&converted, &out))?);
    }
    tell(serde_yaml_ng::to_string(&converted.values)?.trim_end())?;
    told(&converted, &out)
}

/// What becomes of values of gen3-helm, the later files of which go before.
///
/// # Errors
/// When a file cannot be read, or has no values.
pub(crate) fn translated(files: &[PathBuf]) -> anyhow::Result<Converted> {
    let mut values = Value::Object(serde_json::Map::new());
    for file in files {
        merge(&mut values, read(file)?);
    }
    Ok(gen3::convert(&values))
}

fn beside(file: Option<&PathBuf>) -> PathBuf {
    file.and_then(|file| file.parent()).unwrap_or(Path::new("")).join("commons-values")
}

/// # Errors
/// The file cannot be read, is too large, or is not a mapping in YAML.
fn read(path: &Path) -> anyhow::Result<Value> {
    let shown = path.display();
    let missing = |error| Failure::Prerequisite(format!("cannot read {shown}: {error}"));
    let mut text = String::new();
    let file = fs::File::open(path).map_err(missing)?;
    let bytes = file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(missing)?;
    if u64::try_from(bytes).is_ok_and(|bytes| bytes > MAX_BYTES) {
        bail!("{shown} has more than {} MiB: those are no values of a chart", MAX_BYTES >> 20);
    }
    match yaml::parse(&text) {
        Ok(Value::Null) => Ok(json!({})),
        Ok(values @ Value::Object(_)) => Ok(values),
        Ok(_) => {
            Err(Failure::NotInOrder(format!("{shown} is not a mapping, as values of a chart are")).into())
        }
        Err(error) => Err(Failure::NotInOrder(format!("{shown}: {error}")).into()),
    }
}

/// Values that come later go before, as helm merges them: mappings by their keys, everything else as a whole.
pub(crate) fn merge(values: &mut Value, later: Value) {
    match (values, later) {
        (Value::Object(values), Value::Object(later)) => {
            for (key, value) in later {
                merge(values.entry(key).or_insert(Value::Null), value);
            }
        }
        (values, later) => *values = later,
    }
}

/// Writes values.yaml, apply.sh and the files that it makes Secrets and ConfigMaps of, for their owner only.
///
/// # Errors
/// When a file is there and may not be replaced, or cannot be written.
pub(crate) fn write(out: &Path, converted: &Converted, overwrite: Overwrite) -> anyhow::Result<()> {
    let (script, values) = (converted.script(), serde_yaml_ng::to_string(&converted.values)?);
    let mut files = vec![
        Placed { name: "values.yaml", text: &values, mode: 0o600 },
        Placed { name: "apply.sh", text: &script, mode: 0o700 },
    ];
    for file in &converted.files {
        files.push(Placed { name: file.name, text: &file.text, mode: 0o600 });
    }
    placed::write(out, 0o700, &files, overwrite)
}

/// What became of the values, for programs.
pub(crate) fn shown(converted: &Converted, out: &Path) -> Value {
    let files = converted.files.iter().map(|file| json!({ "name": file.name, "becomes": file.becomes() }));
    let left_out = converted.left_out.iter().map(|left| json!({ "key": left.key, "why": left.why }));
    json!({
        "values": converted.values,
        "folder": out,
        "files": files.collect::<Vec<_>>(),
        "left_out": left_out.collect::<Vec<_>>(),
        "to_do": converted.to_do,
    })
}

/// For people, on standard error: standard output has the values.
#[expect(clippy::print_stderr, reason = "standard output has the values")]
pub(crate) fn told(converted: &Converted, out: &Path) -> anyhow::Result<()> {
    remark("")?;
    eprintln!("{} has values.yaml, and files that apply.sh makes Secrets and ConfigMaps of:", out.display());
    for file in &converted.files {
        eprintln!("  {:28} {}", file.name, file.becomes());
    }
    if !converted.to_do.is_empty() {
        eprintln!("What you have to do:");
    }
    for what in &converted.to_do {
        eprintln!("  - {what}");
    }
    if !converted.left_out.is_empty() {
        eprintln!("Left out:");
    }
    for left in &converted.left_out {
        eprintln!("  {}: {}", left.key, left.why);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_values_go_before() {
        let mut values = json!({"a": {"b": 1, "c": [1, 2]}, "d": 1});
        merge(&mut values, json!({"a": {"c": [3]}, "d": {"e": 2}}));
        assert_eq!(values, json!({"a": {"b": 1, "c": [3]}, "d": {"e": 2}}));
    }

    #[test]
    fn what_is_there_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let converted = gen3::convert(&json!({}));
        write(folder.path(), &converted, Overwrite::Refused).unwrap();
        let values = folder.path().join("values.yaml");
        fs::write(&values, "mine").unwrap();
        let refused = write(folder.path(), &converted, Overwrite::Refused).unwrap_err();
        assert!(refused.to_string().contains("--force"), "{refused}");
        assert_eq!(fs::read_to_string(&values).unwrap(), "mine");
        write(folder.path(), &converted, Overwrite::Allowed).unwrap();
        assert_ne!(fs::read_to_string(&values).unwrap(), "mine");
        let mode = |name: &str| {
            use std::os::unix::fs::PermissionsExt as _;
            fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777
        };
        assert_eq!((mode("values.yaml"), mode("apply.sh")), (0o600, 0o700));
    }

    #[test]
    fn what_is_no_mapping_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("values.yaml");
        for (text, told) in [("- a", "not a mapping"), ("a: [", "values.yaml")] {
            fs::write(&path, text).unwrap();
            let refused = read(&path).unwrap_err();
            assert!(refused.to_string().contains(told), "{refused}");
        }
        fs::write(&path, "").unwrap();
        assert_eq!(read(&path).unwrap(), json!({}));
    }
}
