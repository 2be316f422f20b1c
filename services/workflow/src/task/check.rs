//! Whether a document is a task that can be run.

use sandbox::InsidePath;
use serde_json::Value;

use super::{
    document::{FileKind, Task, TaskInput},
    places::{Places, below_top, path},
    source::{Destination, Source, Sources},
};

/// The largest document.
pub const LARGEST_BODY: usize = 8 << 20;
/// Files in a folder that is read or kept.
pub const MOST_FILES: usize = 10_000;
/// The standard asks for 128 KiB at least.
const LARGEST_CONTENT: usize = 1 << 20;
const MOST_PUTS: usize = 1_000;
const MOST_EXECUTORS: usize = 100;
const MOST_VOLUMES: usize = 100;
const MOST_TAGS: usize = 100;
const MOST_VARIABLES: usize = 1_000;
const LONGEST_NAME: usize = 1_024;
const LONGEST_DESCRIPTION: usize = 64 << 10;
const LONGEST_TAG: usize = 4_096;
/// Linux takes no argument of 128 KiB (`MAX_ARG_STRLEN`).
const LONGEST_ARGUMENT: usize = 120 << 10;
/// Linux takes 2 MiB of arguments and variables for the usual limit of the stack.
const LARGEST_COMMAND: usize = 1 << 20;
/// Tags that mean something to the original, in any letter case.
const RESERVED: [&str; 5] =
    ["_AUTHZ", "_FUNNEL_WORKER_ROLE_ARN", "_WORKER_SA", "_NODE_SELECTOR", "_TOLERATIONS"];
const PULL_POLICY: &str = "_IMAGE_PULL_POLICY";

/// A task that can be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The document.
    pub task: Task,
    /// Its inputs, each in its place.
    pub inputs: Vec<Input>,
    /// Its outputs, each in its place.
    pub outputs: Vec<Output>,
}

/// An input.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Where commands find it.
    pub path: InsidePath,
    /// Where it comes from.
    pub source: Source,
    /// File or folder.
    pub kind: FileKind,
}

/// An output.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Where commands leave it.
    pub path: InsidePath,
    /// Where it goes.
    pub destination: Destination,
    /// File or folder.
    pub kind: FileKind,
}

/// The task of `document` for a user of these `sources`, on a machine of so many processors and gigabytes.
///
/// # Errors
/// With the first thing in it that is wrong.
pub fn check(document: &[u8], sources: &Sources<'_>, machine: (u32, f64)) -> Result<Checked, String> {
    let document: Value =
        serde_json::from_slice(document).map_err(|error| format!("Invalid JSON in request body: {error}"))?;
    let document = without_nulls(document);
    if !document.is_object() {
        return Err("the body is no object".into());
    }
    if document.get("tags").is_some_and(|tags| !tags.is_object()) {
        return Err("tags must be a map of texts".into());
    }
    let task = Task::deserialize(document)?;
    Checked::of(task, sources, machine)
}

impl Task {
    fn deserialize(document: Value) -> Result<Self, String> {
        serde_json::from_value(document).map_err(|error| format!("the body is no task: {error}"))
    }
}

/// Many clients write fields that have no value.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

fn most(what: &str, count: usize, most: usize) -> Result<(), String> {
    if count > most { Err(format!("there are {count} {what}, and {most} at most are taken")) } else { Ok(()) }
}

fn text(what: &str, text: &str, longest: usize) -> Result<(), String> {
    if text.len() > longest {
        return Err(format!("{what} is longer than {longest} bytes"));
    }
    if text.contains('\0') { Err(format!("{what} has a character that no text has")) } else { Ok(()) }
}

impl Checked {
    /// The task of a document that was checked before.
    ///
    /// # Errors
    /// As [`check`].
    pub fn of(mut task: Task, sources: &Sources<'_>, machine: (u32, f64)) -> Result<Self, String> {
        text("name", task.name.as_deref().unwrap_or_default(), LONGEST_NAME)?;
        text("description", task.description.as_deref().unwrap_or_default(), LONGEST_DESCRIPTION)?;
        tags(&task)?;
        resources(&mut task, machine)?;
        let mut places = Places::default();
        executors(&task, &mut places)?;
        most("volumes", task.volumes.len(), MOST_VOLUMES)?;
        for volume in &task.volumes {
            places.add_folder(path("a volume", volume)?);
        }
        most("inputs", task.inputs.len(), MOST_PUTS)?;
        let number = |list: &str, at: usize| format!("{list}[{at}]");
        let mut inputs = Vec::new();
        for (at, given) in task.inputs.iter().enumerate() {
            let input =
                input(given, sources).map_err(|error| format!("{}: {error}", number("inputs", at)))?;
            match input.kind {
                FileKind::File => places.add_file(input.path.clone())?,
                FileKind::Directory => places.add_folder(input.path.clone()),
            }
            inputs.push(input);
        }
        places.check()?;
        most("outputs", task.outputs.len(), MOST_PUTS)?;
        let mut outputs = Vec::new();
        for (at, given) in task.outputs.iter().enumerate() {
            let told = |error: String| format!("{}: {error}", number("outputs", at));
            if given.path.contains(['*', '?', '[']) {
                return Err(told("patterns are not taken; name a folder with the type DIRECTORY".into()));
            }
            let path = path("an output", &given.path).map_err(told)?;
            below_top(&path).map_err(told)?;
            let destination = sources.destination(&given.url).map_err(|error| told(error.to_string()))?;
            outputs.push(Output { path, destination, kind: given.kind });
        }
        Ok(Self { task, inputs, outputs })
    }

    /// Every folder that commands find: volumes, where they begin, and where inputs and outputs are.
    pub fn folders(&self) -> Vec<InsidePath> {
        let parse = |text: &String| InsidePath::parse(text).ok();
        let executors = &self.task.executors;
        let begun = executors.iter().filter_map(|executor| executor.workdir.as_ref().and_then(parse));
        let said = executors.iter().flat_map(|executor| [&executor.stdout, &executor.stderr]);
        let said = said.filter_map(|path| path.as_ref().and_then(parse)).filter_map(|path| path.parent());
        let kept = self.outputs.iter().filter_map(|output| output.path.parent());
        let read = self.inputs.iter().filter(|input| input.kind == FileKind::Directory);
        let volumes = self.task.volumes.iter().filter_map(parse);
        volumes.chain(begun).chain(said).chain(kept).chain(read.map(|input| input.path.clone())).collect()
    }
}

fn tags(task: &Task) -> Result<(), String> {
    most("tags", task.tags.len(), MOST_TAGS)?;
    for (key, value) in &task.tags {
        text("the name of a tag", key, LONGEST_TAG)?;
        text("the value of a tag", value, LONGEST_TAG)?;
        if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(key)) {
            return Err(format!("Tags {{'{key}'}} are reserved for internal use only and cannot be used."));
        }
        if key.eq_ignore_ascii_case(PULL_POLICY) && !["Always", "IfNotPresent"].contains(&value.as_str()) {
            return Err(format!("the tag {PULL_POLICY} is Always or IfNotPresent"));
        }
    }
    Ok(())
}

fn resources(task: &mut Task, (cores, gigabytes): (u32, f64)) -> Result<(), String> {
    let Some(resources) = &mut task.resources else { return Ok(()) };
    let asked = resources.cpu_cores.map(u32::try_from);
    if asked.is_some_and(|asked| !asked.is_ok_and(|asked| asked <= cores)) {
        return Err(format!("resources.cpu_cores is no number from 0 to {cores}, which there are"));
    }
    let is_amount =
        |amount: Option<f64>, most: f64| amount.is_none_or(|amount| (0.0..=most).contains(&amount));
    if !is_amount(resources.ram_gb, gigabytes) {
        return Err(format!("resources.ram_gb is no number from 0 to {gigabytes:.1}, which there are"));
    }
    if !is_amount(resources.disk_gb, 1e6) {
        return Err("resources.disk_gb is no number from 0 to 1000000".into());
    }
    let strict = resources.backend_parameters_strict == Some(true);
    if let Some(unknown) = resources.backend_parameters.keys().next().filter(|_| strict) {
        return Err(format!("resources.backend_parameters.{unknown} is not known, and they are strict"));
    }
    most("zones", resources.zones.len(), MOST_TAGS)
}

fn executors(task: &Task, places: &mut Places) -> Result<(), String> {
    if task.executors.is_empty() {
        return Err("executors has no command".into());
    }
    most("executors", task.executors.len(), MOST_EXECUTORS)?;
    for (at, executor) in task.executors.iter().enumerate() {
        let told = |error: String| format!("executors[{at}]: {error}");
        text("image", &executor.image, LONGEST_NAME).map_err(told)?;
        if executor.image.is_empty() {
            return Err(told("image is missing".into()));
        }
        match executor.command.first() {
            None => return Err(told("command is empty".into())),
            Some(program) if program.is_empty() || program.contains('=') => {
                return Err(told("command[0] is the name of no program".into()));
            }
            Some(_) => {}
        }
        most("variables", executor.env.len(), MOST_VARIABLES).map_err(told)?;
        let mut size = 0;
        for argument in executor.command.iter().chain(executor.env.values()) {
            text("an argument or variable", argument, LONGEST_ARGUMENT).map_err(told)?;
            size += argument.len() + 64;
        }
        if size > LARGEST_COMMAND {
            return Err(told(format!("command and env are larger than {LARGEST_COMMAND} bytes")));
        }
        if let Some(name) = executor.env.keys().find(|name| !is_variable(name)) {
            return Err(told(format!("env has {name:?}, which is the name of no variable")));
        }
        if let Some(workdir) = executor.workdir.as_deref().filter(|workdir| *workdir != "/") {
            places.add_folder(path("workdir", workdir).map_err(told)?);
        }
        for (what, file) in
            [("stdin", &executor.stdin), ("stdout", &executor.stdout), ("stderr", &executor.stderr)]
        {
            if let Some(file) = file {
                below_top(&path(what, file).map_err(told)?).map_err(told)?;
            }
        }
    }
    Ok(())
}

fn is_variable(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty()
        && name.len() <= 256
        && name.bytes().all(is_plain)
        && !name.as_bytes()[0].is_ascii_digit()
}

fn input(given: &TaskInput, sources: &Sources<'_>) -> Result<Input, String> {
    let path = path("an input", &given.path)?;
    text("description", given.description.as_deref().unwrap_or_default(), LONGEST_DESCRIPTION)?;
    let content = given.content.as_ref().filter(|content| !content.is_empty());
    let source = match (content, given.url.as_deref().filter(|url| !url.is_empty())) {
        (Some(content), _) if content.len() > LARGEST_CONTENT => {
            return Err(format!("content is larger than {LARGEST_CONTENT} bytes"));
        }
        (Some(content), _) => Source::Content(content.clone()),
        (None, Some(url)) => sources.source(url).map_err(|error| error.to_string())?,
        // An empty file is written as empty content.
        (None, None) if given.content.is_some() => Source::Content(String::new()),
        (None, None) => return Err("it has neither url nor content".into()),
    };
    match (given.kind, &source) {
        (FileKind::File, _) => below_top(&path)?,
        (FileKind::Directory, Source::Object(_)) => {}
        (FileKind::Directory, _) => return Err("only a url of s3:// is a DIRECTORY".into()),
    }
    Ok(Input { path, source, kind: given.kind })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use url::Url;

    use super::*;

    fn checked(document: &Value) -> Result<Checked, String> {
        let public = Url::parse("https://commons.example").unwrap();
        let sources = Sources { bucket: Some("tasks"), user: "7", public_url: &public, store_url: None };
        check(document.to_string().as_bytes(), &sources, (4, 16.0))
    }

    fn with(more: Value) -> Value {
        let mut document = json!({ "executors": [{ "image": "i", "command": ["true"] }] });
        for (key, value) in more.as_object().unwrap().clone() {
            document[key.as_str()] = value;
        }
        document
    }

    #[test]
    fn a_task_of_every_part_is_one() {
        let task = with(json!({
            "id": "mine", "state": "COMPLETE", "name": "n", "description": null, "unknown": [1],
            "inputs": [
                {"path": "/data/a", "content": "x"}, {"path": "/data/b", "url": "drs://dg.1/x"},
                {"path": "/data/c", "url": "s3://tasks/7/c", "type": "DIRECTORY"},
                {"path": "/data/d", "content": ""},
            ],
            "outputs": [{"path": "/out/a", "url": "s3://tasks/7/a"}],
            "volumes": ["/vol/A/", "/vol/A/B"],
            "resources": {"cpu_cores": 4, "ram_gb": 1.5, "backend_parameters": {"VmSize": "x"}},
            "tags": {"WORKFLOW": "w", "_IMAGE_PULL_POLICY": "Always"},
        }));
        let checked = checked(&task).unwrap();
        let folders: Vec<String> = checked.folders().iter().map(|path| path.as_str().to_owned()).collect();
        assert_eq!(folders, ["/vol/A", "/vol/A/B", "/out", "/data/c"]);
        let kept = serde_json::to_value(&checked.task).unwrap();
        assert!(kept.get("id").is_none() && kept["resources"].get("backend_parameters").is_none(), "{kept}");
    }

    #[test]
    fn what_cannot_be_run_is_refused_with_its_place() {
        let input = |input: Value| with(json!({ "inputs": [input] }));
        let executor = |executor: Value| json!({ "executors": [executor] });
        let many = |count: usize| -> Vec<Value> {
            (0..count).map(|n| json!({"path": format!("/data/{n}"), "content": "x"})).collect()
        };
        for (document, told) in [
            (json!([]), "no object"),
            (json!({}), "executors has no command"),
            (with(json!({"tags": ["a"]})), "tags must be a map"),
            (with(json!({"tags": {"a": 1}})), "no task"),
            (with(json!({"tags": {"_authz": "x"}})), "reserved"),
            (with(json!({"tags": {"_IMAGE_PULL_POLICY": "Never"}})), "IfNotPresent"),
            (with(json!({"name": "a\0"})), "character"),
            (executor(json!({"image": "i", "command": []})), "executors[0]: command is empty"),
            (executor(json!({"image": "i", "command": ["a=b"]})), "no program"),
            (executor(json!({"command": ["a"]})), "image is missing"),
            (executor(json!({"image": "i", "command": "true"})), "no task"),
            (executor(json!({"image": "i", "command": ["a"], "env": {"A-B": ""}})), "no variable"),
            (executor(json!({"image": "i", "command": ["a"], "env": {"A=B": ""}})), "no variable"),
            (executor(json!({"image": "i", "command": ["a"], "workdir": "/../x"})), "workdir"),
            (executor(json!({"image": "i", "command": ["a"], "stdout": "/etc/passwd"})), "stdout"),
            (executor(json!({"image": "i", "command": ["a"], "stdout": "/log"})), "not in a folder"),
            (executor(json!({"image": "i", "command": ["a".repeat(200_000)]})), "longer"),
            (with(json!({"inputs": many(10_000)})), "10000 inputs"),
            (input(json!({"path": "/data/a"})), "inputs[0]: it has neither"),
            (input(json!({"path": "data/a", "content": "x"})), "not absolute"),
            (input(json!({"path": "/data/../../a", "content": "x"})), "`..`"),
            (input(json!({"path": "/usr/a", "content": "x"})), "folder of the machine"),
            (input(json!({"path": "/a", "content": "x"})), "not in a folder"),
            (input(json!({"path": "/data/a", "url": "https://evil.example/a"})), "leads out"),
            (input(json!({"path": "/data/a", "content": "x", "type": "DIRECTORY"})), "DIRECTORY"),
            (with(json!({"volumes": ["/vol/../etc"]})), "a volume"),
            (with(json!({"volumes": ["/"]})), "the root"),
            (with(json!({"volumes": ["/data/a"], "inputs": many(0), "tags": null})), ""),
            (with(json!({"volumes": ["/data/0/x"], "inputs": many(1)})), "/data/0 is a file and a folder"),
            (
                with(
                    json!({"inputs": [{"path": "/d/a", "content": "x"}, {"path": "/d/a/b", "content": "x"}]}),
                ),
                "/d/a is a file and a folder",
            ),
            (
                with(
                    json!({"inputs": [{"path": "/d/a", "content": "x"}, {"path": "/d/a/", "content": "x"}]}),
                ),
                "two inputs",
            ),
            (with(json!({"outputs": [{"path": "/out/*", "url": "s3://tasks/7/a"}]})), "patterns"),
            (with(json!({"outputs": [{"path": "/out/a", "url": "s3://tasks/8/a"}]})), "outputs[0]: its url"),
            (with(json!({"resources": {"cpu_cores": 5}})), "from 0 to 4"),
            (with(json!({"resources": {"cpu_cores": -1}})), "from 0 to 4"),
            (with(json!({"resources": {"ram_gb": 1e9}})), "from 0 to 16"),
            (
                with(json!({"resources": {
                    "backend_parameters": {"A": "b"}, "backend_parameters_strict": true
                }})),
                "strict",
            ),
        ] {
            match checked(&document) {
                Ok(_) => assert_eq!(told, "", "{document}"),
                Err(error) => assert!(!told.is_empty() && error.contains(told), "{error}: {told}"),
            }
        }
        assert!(
            check(
                b"{",
                &Sources {
                    bucket: None,
                    user: "7",
                    public_url: &Url::parse("http://a").unwrap(),
                    store_url: None
                },
                (1, 1.0)
            )
            .unwrap_err()
            .contains("Invalid JSON")
        );
    }
}
