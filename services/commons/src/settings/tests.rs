//! Precedence of the sources, and what a file may say. Variables belong to the whole process, so they are
//! tested with the built program (`tests/it/settings.rs`).

use std::{ffi::OsString, fs, path::Path};

use super::{Origins, Refusal, Settings, Source, effective, read, remember};
use crate::{
    cli::{Cli, Command},
    state::State,
    up::UpArgs,
};

fn line(words: &str) -> Vec<OsString> {
    words.split_whitespace().map(OsString::from).collect()
}

/// Reads `commons WORDS --settings FILE --state FOLDER/state`, the file with this text.
fn with_file(folder: &Path, text: &str, words: &str) -> Result<Settings, Refusal> {
    let (file, state) = (folder.join("commons.toml"), folder.join("state"));
    fs::write(&file, text).unwrap();
    let words = format!("commons {words} --settings {} --state {}", file.display(), state.display());
    read(&line(&words))
}

fn up(settings: &Settings) -> &UpArgs {
    let Cli { command: Command::Up(up), .. } = &settings.cli else { panic!("not up") };
    up
}

fn source(origins: &Origins, name: &str) -> Source {
    origins.options.iter().find(|option| option.name == name).unwrap().source.clone()
}

const FILE: &str = "
[up]
port = 9000
no-development-login = true
dictionary = 'schemas'
public-url = 'https://commons.example.org'
";

#[test]
fn a_number_below_zero_is_a_wrong_value_and_no_unknown_option() {
    let folder = tempfile::tempdir().unwrap();
    for words in ["up --dictionary-refresh -1", "up --port -1", "serve sheepdog --threads -1"] {
        let refused = with_file(folder.path(), "", words).err().unwrap().to_string();
        assert!(refused.contains("invalid value '-1'"), "{words}: {refused}");
    }
}

#[test]
fn the_command_line_has_precedence_over_the_file_and_the_file_over_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let settings = with_file(folder.path(), FILE, "up --port 9001 --no-development-login=false").unwrap();
    let args = up(&settings);
    assert_eq!((args.port, args.no_development_login, args.demo), (9001, false, false));
    assert_eq!(args.dictionary.as_deref(), Some(folder.path().join("schemas").to_str().unwrap()));
    assert_eq!(source(&settings.origins, "port"), Source::CommandLine);
    assert_eq!(source(&settings.origins, "dictionary"), Source::File(folder.path().join("commons.toml")));
    assert_eq!(source(&settings.origins, "host"), Source::Default);
    assert!(up(&with_file(folder.path(), FILE, "up").unwrap()).no_development_login);
}

#[test]
fn a_start_remembers_what_decides_on_records_and_what_was_said_but_not_what_is_about_one_start() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(&folder.path().join("state")).unwrap();
    let words = "up --host 127.0.0.2 --demo --yes --database-url postgres://a:secret@b/c";
    let first = with_file(folder.path(), FILE, words).unwrap();
    remember(&state, &first.origins).unwrap();

    let again = with_file(folder.path(), "", "up").unwrap();
    let args = up(&again);
    assert_eq!((args.demo, args.yes, args.host.to_string().as_str()), (false, false, "127.0.0.2"));
    // The port is the file's, which says so no more.
    assert_eq!(args.port, 8080);
    assert_eq!(args.database_url.as_deref(), Some("postgres://a:secret@b/c"));
    assert_eq!(args.dictionary.as_deref(), Some(folder.path().join("schemas").to_str().unwrap()));
    assert!(matches!(source(&again.origins, "host"), Source::Remembered(_)));
    let shown = again.origins.options.iter().find(|option| option.name == "database-url").unwrap().shown();
    assert_eq!(shown, "postgres://a:***@b/c");

    let forgotten = with_file(folder.path(), "", "up --forget").unwrap();
    assert_eq!((up(&forgotten).dictionary.as_deref(), up(&forgotten).database_url.as_deref()), (None, None));
    let other = with_file(folder.path(), "", "up --dictionary built-in --database-url private").unwrap();
    remember(&state, &other.origins).unwrap();
    assert_eq!(up(&with_file(folder.path(), "", "up").unwrap()).dictionary.as_deref(), Some("built-in"));
}

#[test]
fn port_0_is_not_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(&folder.path().join("state")).unwrap();
    remember(&state, &with_file(folder.path(), "", "up --port 0").unwrap().origins).unwrap();
    assert_eq!(up(&with_file(folder.path(), "", "up").unwrap()).port, 8080);
}

#[test]
fn the_file_names_the_state_folder_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("commons.toml");
    fs::write(&file, "state = 'here'").unwrap();
    let read = |words: &str| read(&line(&format!("commons {words} --settings {}", file.display()))).unwrap();
    assert_eq!(up(&read("up")).state.folder, folder.path().join("here"));
    let Command::User(crate::commands::user::UserCommand::List(args)) = read("user list").cli.command else {
        panic!("not user list")
    };
    assert_eq!(args.target.state.folder, folder.path().join("here"));
    assert_eq!(up(&read("up --state there")).state.folder, Path::new("there"));
}

#[test]
fn services_have_a_section_each_and_one_together() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("commons.toml");
    fs::write(
        &file,
        "[serve]\nthreads = 3\nissuer = ['a', 'b']\n[serve.sheepdog]\nthreads = 4\ndictionary-refresh = 60\n\
         [serve.fence]\nconfig = 'fence.yaml'",
    )
    .unwrap();
    let settings = [OsString::from("--settings"), file.clone().into()];
    let of = |service: &str| effective(&["serve", service], &settings).unwrap();
    let value = |origins: &Origins, name: &str| {
        let found = origins.options.iter().find(|option| option.name == name).unwrap();
        found.values.clone()
    };
    let (sheepdog, fence) = (of("sheepdog"), of("fence"));
    assert_eq!(value(&sheepdog, "threads"), ["4"]);
    assert_eq!(value(&sheepdog, "dictionary-refresh"), ["60"]);
    assert_eq!(value(&sheepdog, "issuer"), ["a", "b"]);
    assert_eq!(value(&fence, "threads"), ["3"]);
    assert_eq!(value(&fence, "config"), [folder.path().join("fence.yaml").to_str().unwrap()]);
    // What must be given may be given there.
    let command = line(&format!("commons serve fence --settings {}", file.display()));
    assert!(read(&command).is_ok());
}

#[test]
fn what_the_program_does_not_have_is_refused_and_what_it_has_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("[up]\nprot = 1", "[up] has no option `prot`; there are"),
        ("[serve]\nprot = 1", "[serve] has no option `prot`"),
        ("[serve.nothing]\nport = 1", "[serve] has no option `nothing`"),
        ("port = 1", "`port` is not known"),
        ("[up]\nport = [1]", "`port` takes one value"),
        ("[up]\nport = 1979-05-27", "must be a text, a number"),
        ("state = 1", "`state` must be a text"),
        ("up = 1", "must be a section"),
        ("[up", "TOML parse error"),
    ];
    for (text, wanted) in cases {
        let Err(Refusal::Settings(told)) = with_file(folder.path(), text, "up") else { panic!("{text}") };
        assert!(told.contains(wanted) && told.contains("commons.toml"), "{text}: {told}");
    }
}

#[test]
fn a_value_that_does_not_fit_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let Err(Refusal::CommandLine(error, note)) = with_file(folder.path(), "[up]\nport = 'frog'", "up") else {
        panic!("a frog is no port")
    };
    assert!(error.to_string().contains("frog"), "{error}");
    assert!(note.is_some_and(|note| note.contains("commons.toml")));
    let Err(Refusal::CommandLine(_, note)) = with_file(folder.path(), "[up]\nport = 1", "up --port frog")
    else {
        panic!("a frog is no port")
    };
    assert_eq!(note, None);
}

#[test]
fn help_is_the_plain_one() {
    let Err(Refusal::CommandLine(error, None)) = read(&line("commons up --help")) else { panic!("no help") };
    let help = error.to_string();
    assert!(help.contains("--demo\n") && help.contains("--forget"), "{help}");
}
