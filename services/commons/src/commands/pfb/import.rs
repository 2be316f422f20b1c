//! `commons import pfb`.

use std::{
    fs::File,
    io::{BufReader, Seek as _, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use bytes::Bytes;
use clap::Args;
use dictionary::Dictionary;
use futures_util::stream;
use pfb::{Entity, PfbError, Reader};
use psqlgraph::ids::split_project_id;
use reqwest::{
    Method, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use serde_json::{Map, Value, json};
use tokio::io::AsyncReadExt as _;

use super::{
    answer::{self, Told},
    convert::{Conversion, Converted},
    export::bar,
    order,
    place::{Place, PlaceArgs, refused},
    remote::{Remote, escaped},
    spool::{Body, Spool},
};
use crate::{
    failure::{Failure, tell as complain, warn},
    output::{remark, tell},
};

const SUBMISSION: &str = "/api/v0/submission";
/// Problems of records that are told.
const TOLD: u64 = 50;
/// What is read and sent at once.
const PIECE: usize = 256 << 10;

/// Options of `commons import pfb`.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// The file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The project of all records, as PROGRAM-CODE. Default: those that the records name.
    #[arg(long, value_name = "PROGRAM-CODE")]
    project: Option<String>,
    /// Make programs and projects that are not there, with what the file says of them.
    #[arg(long)]
    create: bool,
    /// Give the records other ids, which follow from the old ones and the project: for a copy beside the
    /// original in the same commons.
    #[arg(long)]
    new_ids: bool,
    /// Leave out properties that the dictionary of the commons does not have.
    #[arg(long)]
    leave_out: bool,
    /// Submissions of so many records each, instead of one for each project: for a commons that does not take
    /// more. What was written stays if a later one fails; the same import again goes on.
    #[arg(long, value_name = "RECORDS", value_parser = clap::value_parser!(u64).range(1..))]
    batch: Option<u64>,
    /// Check everything, and write nothing.
    #[arg(long, conflicts_with_all = ["batch", "create"])]
    dry_run: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Which commons.
    #[command(flatten)]
    place: PlaceArgs,
}

impl ImportArgs {
    /// All of `file` into the projects that it names, which are made if they are not there; in parts of so
    /// many records, if that is given.
    pub(crate) fn of_all(
        file: PathBuf,
        place: PlaceArgs,
        batch: Option<u64>,
        dry_run: bool,
        json: bool,
    ) -> Self {
        Self {
            file,
            project: None,
            create: !dry_run,
            new_ids: false,
            leave_out: false,
            batch: batch.filter(|_| !dry_run),
            dry_run,
            json,
            place,
        }
    }
}

pub(super) async fn run(args: ImportArgs) -> anyhow::Result<()> {
    let (json, dry_run) = (args.json, args.dry_run);
    let projects = submitted(args).await?;
    if json {
        tell(json!({ "dry_run": dry_run, "projects": projects }))?;
    }
    Ok(())
}

/// Submits the records of the file, and returns what was done in each project: `created`, `updated`, and
/// `nodes` with the number of each type.
///
/// # Errors
/// When something cannot be submitted.
pub(crate) async fn submitted(args: ImportArgs) -> anyhow::Result<Map<String, Value>> {
    if let Some(project) = &args.project
        && split_project_id(project).is_none()
    {
        return Err(Failure::NotInOrder(format!("{project} is no project; write PROGRAM-CODE")).into());
    }
    let shown = args.file.display().to_string();
    let file = File::open(&args.file).map_err(|error| Failure::Prerequisite(format!("{shown}: {error}")))?;
    let unreadable = |error: PfbError| Failure::NotInOrder(format!("{shown}: {error}"));
    let reader = Reader::open(BufReader::with_capacity(1 << 20, file)).map_err(unreadable)?;
    let place = args.place.open().await?;
    let dictionary = Remote::dictionary(&place).await?;
    let (mut spool, heads) = spooled(&args, reader, &dictionary)?;
    let projects = spool.projects();
    if args.create {
        for project in &projects {
            create(&place, project, &heads, args.project.is_some()).await?;
        }
    }
    let types: Vec<&str> = order::parents_first(&dictionary).iter().map(|node| node.id.as_str()).collect();
    let mut all = Map::new();
    for project in &projects {
        let counts = spool.counts(project);
        let mut sum = Told { is_success: true, ..Told::default() };
        for body in spool.bodies(project, &types, args.batch)? {
            let documents = body.documents;
            let told = submit(&args, &place, project, body).await?;
            if !told.is_success {
                return Err(failed(&args, project, &told));
            }
            sum.created += told.created;
            sum.updated += told.updated;
            if !args.json && args.batch.is_some() {
                remark(format_args!("{project}: {documents} records more"))?;
            }
        }
        if !args.json {
            let done = if args.dry_run { "would be" } else { "were" };
            let (created, updated) = (sum.created, sum.updated);
            remark(format_args!("{project}: {created} records {done} created, and {updated} updated"))?;
        }
        let told = json!({ "created": sum.created, "updated": sum.updated, "nodes": counts });
        all.insert(project.clone(), told);
    }
    Ok(all)
}

/// All documents, and the programs and projects of the file.
fn spooled(
    args: &ImportArgs,
    reader: Reader<BufReader<File>>,
    dictionary: &Dictionary,
) -> anyhow::Result<(Spool, Vec<Entity>)> {
    let conversion = Conversion {
        dictionary,
        project: args.project.as_deref(),
        new_ids: args.new_ids,
        leave_out: args.leave_out,
    };
    let (mut spool, mut heads, mut problems, mut guesses) = (Spool::new()?, Vec::new(), 0_u64, 0);
    let bar = bar(args.json);
    bar.set_message("reading");
    for (number, entity) in reader.enumerate() {
        bar.inc(1);
        let entity = match entity {
            Ok(entity) => entity,
            Err(error) => return Err(Failure::NotInOrder(format!("{}: {error}", args.file.display())).into()),
        };
        let name = entity.properties.get("submitter_id").and_then(Value::as_str).or(entity.id.as_deref());
        let name = format!("record {} ({} {})", number + 1, entity.node, name.unwrap_or("without an id"));
        match conversion.convert(entity) {
            Ok(Converted::Head(head)) => heads.push(head),
            Ok(Converted::Document { project, node, document, guessed }) => {
                guesses += guessed;
                spool.push(project, node, &document)?;
            }
            Err(reason) => {
                problems += 1;
                if problems <= TOLD {
                    complain(&format!("{name}: {reason}"));
                }
            }
        }
    }
    bar.finish_and_clear();
    if problems > 0 {
        let told =
            format!("{problems} records of {} cannot be submitted; nothing was written", args.file.display());
        return Err(Failure::NotInOrder(told).into());
    }
    if guesses > 0 {
        warn(&format!(
            "{guesses} links could be of several names, which a PFB does not have; the first of the \
             dictionary was taken"
        ));
    }
    Ok((spool, heads))
}

fn failed(args: &ImportArgs, project: &str, told: &Told) -> anyhow::Error {
    for reason in &told.reasons {
        complain(reason);
    }
    let more = if told.refused > 0 { format!(" ({} records)", told.refused) } else { String::new() };
    let written = match args.batch {
        None => format!("nothing of {project} was written"),
        Some(_) => format!("what was submitted of {project} before stays, and the same import again goes on"),
    };
    Failure::NotInOrder(format!("the commons refused the submission{more}; {written}")).into()
}

async fn submit(args: &ImportArgs, place: &Place, project: &str, body: Body) -> anyhow::Result<Told> {
    let (program, code) =
        split_project_id(project).with_context(|| format!("{project} is no id of a project"))?;
    let dry_run = if args.dry_run { "/_dry_run" } else { "" };
    let path = format!("{SUBMISSION}/{}/{}{dry_run}", escaped(program), escaped(code));
    let length = body.file.metadata()?.len();
    let content = pieces(body.file);
    let mut answer = place
        .send(Method::PUT, &path, |request| {
            let request = request.header(CONTENT_TYPE, "application/json").header(CONTENT_LENGTH, length);
            request.body(content)
        })
        .await?;
    let status = answer.status();
    let mut file = tempfile::tempfile().context("a temporary file cannot be made")?;
    while let Some(piece) =
        answer.chunk().await.with_context(|| format!("the answer of {path} was cut off"))?
    {
        file.write_all(&piece).context("a temporary file cannot be written")?;
    }
    file.rewind()?;
    if status == StatusCode::NOT_FOUND {
        let told = format!("the commons has no project {project}, or you may not see it; --create makes it");
        return Err(Failure::NotInOrder(told).into());
    }
    if !matches!(status, StatusCode::OK | StatusCode::CREATED | StatusCode::BAD_REQUEST) {
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut std::io::Read::take(file, 64 << 10), &mut text)?;
        return Err(refused(&path, status, &text));
    }
    answer::read(BufReader::with_capacity(1 << 20, file))
        .with_context(|| format!("the answer of {path} ({status}) is not understood"))
}

/// A file as the body of a request.
fn pieces(file: File) -> reqwest::Body {
    let file = tokio::fs::File::from_std(file);
    reqwest::Body::wrap_stream(stream::try_unfold(file, async |mut file| {
        let mut piece = vec![0; PIECE];
        let length = file.read(&mut piece).await?;
        piece.truncate(length);
        Ok::<_, std::io::Error>((length > 0).then(|| (Bytes::from(piece), file)))
    }))
}

/// Makes a program and a project, with what the file says of them.
async fn create(place: &Place, project: &str, heads: &[Entity], is_renamed: bool) -> anyhow::Result<()> {
    let (program, code) =
        split_project_id(project).with_context(|| format!("{project} is no id of a project"))?;
    let known = |node: &str, key: &str, name: &str| {
        let named = heads.iter().filter(|head| head.node == node);
        let own = named.clone().find(|head| head.properties.get(key).is_some_and(|value| value == name));
        let own = own.or_else(|| named.clone().next().filter(|_| is_renamed && named.count() == 1));
        own.map(|head| head.properties.clone()).unwrap_or_default()
    };
    let mut document = document("program", known("program", "name", program), &[("name", program)]);
    place.send_json(Method::POST, &format!("{SUBMISSION}/"), &document).await?;
    let names = [("code", code)];
    document = self::document("project", known("project", "code", code), &names);
    place.send_json(Method::PUT, &format!("{SUBMISSION}/{}", escaped(program)), &document).await?;
    Ok(())
}

/// The document of a program or project.
fn document(node: &str, mut properties: Map<String, Value>, names: &[(&str, &str)]) -> Value {
    const ITS_OWN: [&str; 6] =
        ["id", "project_id", "state", "released", "releasable", "intended_release_date"];
    properties.retain(|name, _| !ITS_OWN.contains(&name.as_str()) && !name.ends_with("_datetime"));
    for (name, value) in names {
        properties.insert((*name).to_owned(), json!(value));
        properties.entry("name").or_insert(json!(value));
        properties.entry("dbgap_accession_number").or_insert(json!(value));
    }
    properties.insert("type".to_owned(), json!(node));
    Value::Object(properties)
}
