//! `commons helm convert`.

use std::{
    fs::{self, OpenOptions},
    io::{Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};

use super::gen3::{self, Converted};
use crate::{
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
    let mut values = Value::Object(serde_json::Map::new());
    for file in &args.files {
        merge(&mut values, read(file)?);
    }
    let converted = gen3::convert(&values);
    let out = args.out.clone().unwrap_or_else(|| beside(args.files.first()));
    let text = serde_yaml_ng::to_string(&converted.values)?;
    write(&out, &converted, &text, args.force)?;
    if args.json {
        return Ok(tell(shown(&converted, &out))?);
    }
    tell(text.trim_end())?;
    told(&converted, &out)
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
fn merge(values: &mut Value, later: Value) {
    match (values, later) {
        (Value::Object(values), Value::Object(later)) => {
            for (key, value) in later {
                merge(values.entry(key).or_insert(Value::Null), value);
            }
        }
        (values, later) => *values = later,
    }
}

/// Writes everything, or nothing where something is there already.
fn write(out: &Path, converted: &Converted, values: &str, force: bool) -> anyhow::Result<()> {
    let script = converted.script();
    let mut files = vec![("values.yaml", values, 0o600), ("apply.sh", script.as_str(), 0o700)];
    files.extend(converted.files.iter().map(|file| (file.name, file.text.as_str(), 0o600)));
    let there = files.iter().map(|(name, ..)| out.join(name)).find(|path| path.exists());
    if let Some(there) = there.filter(|_| !force) {
        let told =
            format!("{} is there already; --force replaces it, --out names another folder", there.display());
        return Err(Failure::Prerequisite(told).into());
    }
    let mut folder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.recursive(true).create(out).with_context(|| format!("{} cannot be made", out.display()))?;
    for (name, text, mode) in files {
        let path = out.join(name);
        // Written beside it and renamed: its mode is right from the beginning.
        let draft = out.join(format!(".{name}.draft"));
        let _ = fs::remove_file(&draft);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&draft)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        file.write_all(text.as_bytes())?;
        fs::rename(&draft, &path).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

fn shown(converted: &Converted, out: &Path) -> Value {
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
fn told(converted: &Converted, out: &Path) -> anyhow::Result<()> {
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
        write(folder.path(), &converted, "a: 1\n", false).unwrap();
        let refused = write(folder.path(), &converted, "a: 2\n", false).unwrap_err();
        assert!(refused.to_string().contains("--force"), "{refused}");
        write(folder.path(), &converted, "a: 3\n", true).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("values.yaml")).unwrap(), "a: 3\n");
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
