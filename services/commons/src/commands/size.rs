//! `commons size`.

use clap::{Args, ValueEnum};
use comfy_table::{Table, presets::NOTHING};
use serde_json::json;
use sizing::{Load, Mode, Needs, Service, amount, gibibytes};

use crate::output::tell;

const MIB: u64 = 1 << 20;

/// The chart's presets.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Preset {
    /// Everything in one process or pod
    Minimum,
    /// Two replicas of each service on one machine
    SingleNode,
    /// Three replicas and more on several machines
    Ha,
}

/// Options of `commons size`. Numbers may be written as 5000, 5k, 10M or 1.5G.
#[derive(Debug, Clone, Args)]
pub struct SizeArgs {
    /// Records of the graph.
    #[arg(long, value_name = "NUMBER", value_parser = amount, default_value = "100k")]
    records: u64,
    /// Records of the file index.
    #[arg(long, value_name = "NUMBER", value_parser = amount, default_value = "100k")]
    files: u64,
    /// Documents of the explorer, of all indices. Default: as many as records of the graph.
    #[arg(long, value_name = "NUMBER", value_parser = amount)]
    documents: Option<u64>,
    /// People who are at work at the same time.
    #[arg(long, value_name = "NUMBER", value_parser = amount, default_value = "20")]
    concurrent: u64,
    /// Requests that one of them causes in a minute.
    #[arg(long, value_name = "NUMBER", value_parser = amount, default_value = "60")]
    requests: u64,
    /// One way to run it. Default: all three.
    #[arg(long)]
    preset: Option<Preset>,
    /// Print values for the chart instead of a table; needs --preset.
    #[arg(long, requires = "preset", conflicts_with = "json")]
    values: bool,
    /// As JSON, in bytes and thousandths of a processor.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &SizeArgs) -> anyhow::Result<()> {
    let load = Load {
        records: args.records,
        files: args.files,
        documents: args.documents.unwrap_or(args.records),
        concurrent: args.concurrent,
        requests: args.requests,
    };
    let modes = match args.preset {
        None => Mode::ALL.to_vec(),
        Some(Preset::Minimum) => vec![Mode::Minimum],
        Some(Preset::SingleNode) => vec![Mode::SingleNode],
        Some(Preset::Ha) => vec![Mode::Ha],
    };
    let needs: Vec<Needs> = modes.into_iter().map(|mode| Needs::of(&load, mode)).collect();
    if args.json {
        return Ok(tell(json!({ "load": load, "needs": needs }))?);
    }
    match needs.as_slice() {
        [one] if args.values => Ok(tell(values(one).trim_end())?),
        all => Ok(tell(table(all))?),
    }
}

fn table(all: &[Needs]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header([
        "preset",
        "processors",
        "memory of services",
        "PostgreSQL",
        "its disk",
        "search",
        "its disk",
    ]);
    for needs in all {
        let memory: u64 = needs.services.iter().map(|one| one.memory.saturating_mul(one.replicas)).sum();
        let gib = |bytes: u64| format!("{} GiB", gibibytes(bytes));
        let within = |bytes: u64| {
            if needs.mode == Mode::Minimum { "in the same".to_owned() } else { gib(bytes) }
        };
        table.add_row([
            needs.mode.name().to_owned(),
            format!("{:.1}", as_f64(needs.cpu) / 1000.0),
            gib(memory),
            within(needs.database.memory),
            gib(needs.database.disk),
            within(needs.search.memory),
            gib(needs.search.disk),
        ]);
    }
    format!("{table}\n\nFiles themselves are not counted. docs/sizing.md says what this rests on.")
}

/// A number of thousandths is far below what such a number can hold exactly.
#[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
fn as_f64(number: u64) -> f64 {
    number as f64
}

/// Values for the chart, beside a preset.
fn values(needs: &Needs) -> String {
    let head = format!("# Beside presets/{}.yaml.", needs.mode.name());
    if needs.mode == Mode::Minimum {
        let storage = gibibytes(needs.database.disk.saturating_add(needs.search.disk)) + 10;
        let own: String = needs.services.iter().map(|one| resources(one, 2)).collect();
        return format!(
            "{head} The volume has 10 GiB for files; add what you expect.\ntogether:\n  storage: \
             {storage}Gi\n{own}"
        );
    }
    let (memory, disk) = (gibibytes(needs.database.memory), gibibytes(needs.database.disk));
    let mut text = format!(
        "{head} PostgreSQL wants {memory} GiB of memory and {disk} GiB of disk,\n# the search engine {} GiB \
         of disk.\n",
        gibibytes(needs.search.disk)
    );
    if let Some(first) = needs.services.first() {
        let replicas = format!("  replicas: {}\n", first.replicas);
        text += &["defaults:\n", &replicas, &resources(first, 2), "services:\n"].concat();
        for one in needs.services.iter().filter(|one| one.memory_limit != first.memory_limit) {
            text += &format!("  {}:\n{}", one.name, resources(one, 4));
        }
    }
    text
}

/// What one replica asks for, as lines of YAML behind so many blanks.
fn resources(one: &Service, blanks: usize) -> String {
    let (cpu, memory, limit) = (one.cpu, one.memory / MIB, one.memory_limit / MIB);
    let lines = [
        "resources:".to_owned(),
        format!("  requests: {{ cpu: {cpu}m, memory: {memory}Mi }}"),
        format!("  limits: {{ memory: {limit}Mi }}"),
    ];
    lines.iter().map(|line| format!("{:blanks$}{line}\n", "")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_yaml_that_the_chart_has() {
        let load = Load { records: 1_000_000, files: 1, documents: 1, concurrent: 5_000, requests: 60 };
        for mode in Mode::ALL {
            let text = values(&Needs::of(&load, mode));
            let read: serde_json::Value = serde_yaml_ng::from_str(&text).unwrap();
            let resources = match mode {
                Mode::Minimum => &read["together"]["resources"],
                _ => &read["services"]["sheepdog"]["resources"],
            };
            assert!(resources["limits"]["memory"].as_str().unwrap().ends_with("Mi"), "{text}");
        }
    }
}
