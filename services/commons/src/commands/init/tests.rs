//! What is written for each path, as golden files; questions and refusals.

use std::{fmt::Write as _, fs, io::Cursor, path::Path};

use clap::{Parser as _, ValueEnum as _};

use super::{
    InitArgs,
    answers::{Answers, Asked, Users, gather_from},
    check,
    choices::{Integration, Preset, StartingPoint},
    plan::{Kind, Place, Plan},
    planned as plan,
};
use crate::cli::{Cli, Command};

/// The most steps that a path has.
const MOST_STEPS: usize = 5;
const SOURCE: &str = "git+https://github.com/lab/users#main:user.yaml";

fn args(line: &str) -> InitArgs {
    let words = ["commons", "init"].into_iter().chain(line.split_whitespace());
    let Command::Init(args) = Cli::try_parse_from(words).unwrap().command else { panic!("not init") };
    *args
}

/// What a line answers where nobody is asked.
fn given(line: &str) -> Result<Answers, String> {
    gather_from(&args(line), &mut Asked::NobodyForDefaults).map_err(|error| error.to_string())
}

fn planned(answers: &Answers) -> Plan {
    let place = Place {
        folder: Path::new("/srv/commons"),
        variables: "POSTGRES_PASSWORD=kept\n",
        secret: &|| "made".to_owned(),
        today: "2026-01-31",
    };
    plan(answers, &place).unwrap()
}

#[test]
fn what_is_written_is_as_in_the_golden_files_and_is_accepted() {
    let cases = [
        ("laptop", ""),
        ("laptop-github", "--path laptop --integration github --users lab/users"),
        ("linux-vm", "--path linux-vm --hostname commons.example.org"),
        (
            "linux-vm-enterprise",
            "--path vm --hostname commons.example.org --integration enterprise \
             --issuer https://l.example.org/r --users https://example.org/user.yaml",
        ),
        ("compose", "--path compose --hostname commons.example.org"),
        ("compose-enterprise", "--path compose --integration enterprise --issuer https://l.example.org/r"),
        ("k3s", "--path k3s --hostname commons.example.org"),
        (
            "managed-kubernetes-enterprise",
            "--path kubernetes --hostname commons.example.org --image registry.example.org/commons \
             --integration enterprise --issuer https://l.example.org/r",
        ),
        (
            "openshift-github",
            "--path openshift --hostname commons.example.org --image registry.example.org/commons \
             --integration github --users lab/users",
        ),
    ];
    for (name, line) in cases {
        let answers = given(line).unwrap();
        let plan = planned(&answers);
        // Ports of the machine that tests run on are looked at by the tests of the program.
        let without_ports = Plan {
            files: plan.files.iter().filter(|file| file.kind != Kind::Settings).cloned().collect(),
            ..Plan::default()
        };
        check::check(&without_ports, &answers).unwrap_or_else(|error| panic!("{name}: {error:#}"));
        let mut text = String::new();
        for file in &plan.files {
            writeln!(text, "=== {} {:o}\n{}", file.name, file.kind.mode(), file.text).unwrap();
        }
        for step in &plan.steps {
            writeln!(text, "# {}\n$ {}", step.what, step.command).unwrap();
        }
        let golden =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/commands/init/golden/{name}.txt"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &text).unwrap();
        }
        let wanted = fs::read_to_string(&golden).unwrap();
        assert_eq!(text, wanted, "{name}: UPDATE_GOLDEN=1 writes it anew");
    }
}

#[test]
fn every_path_has_at_most_five_steps_whatever_is_wanted() {
    let sources =
        [None, Some(Users::Elsewhere(SOURCE.to_owned())), Some(Users::Here("/srv/user.yaml".into()))];
    for path in StartingPoint::value_variants().iter().filter(|path| **path != StartingPoint::Adopt) {
        for integration in Integration::value_variants() {
            for users in &sources {
                let answers = Answers {
                    path: *path,
                    integration: *integration,
                    host: "commons.example.org".to_owned(),
                    port: 8080,
                    users: users.clone(),
                    dbgap: None,
                    issuer: Some("https://login.example.org".to_owned()),
                    image: "registry.example.org/commons".to_owned(),
                    preset: path.preset().unwrap_or(Preset::Minimum),
                    namespace: "commons".to_owned(),
                    state: None,
                };
                // What such a file has is read by the chart's path only where it is one.
                if matches!(users, Some(Users::Here(_))) && answers.preset != Preset::Minimum {
                    continue;
                }
                let steps = planned(&answers).steps;
                assert!(
                    (2..=MOST_STEPS).contains(&steps.len()),
                    "{path:?} {integration:?} {users:?}: {steps:?}"
                );
            }
        }
    }
}

#[test]
fn whoever_is_asked_may_take_defaults_and_is_asked_again_after_a_wrong_answer() {
    let line = "linux-vm\nenterprise\nhttps://x\ncommons.example.org\n\nhttps://login.example.org/\n";
    let (mut line, mut told) = (Cursor::new(line), Vec::new());
    let answers = gather_from(&args(""), &mut Asked::Somebody(&mut line, &mut told)).unwrap();
    assert_eq!((answers.path, answers.integration), (StartingPoint::LinuxVm, Integration::Enterprise));
    assert_eq!((answers.host.as_str(), answers.port), ("commons.example.org", 8080));
    assert_eq!(answers.issuer.as_deref(), Some("https://login.example.org"));
    let told = String::from_utf8(told).unwrap();
    assert!(told.contains("[laptop]: ") && told.contains("the name alone"), "{told}");

    let mut ended = Cursor::new("laptop\n");
    let refused = gather_from(&args(""), &mut Asked::Somebody(&mut ended, &mut Vec::new())).unwrap_err();
    assert!(refused.to_string().contains("nothing is written"), "{refused}");
}

#[test]
fn what_is_missing_is_named_where_nobody_is_asked() {
    let line = "--path linux-vm --integration enterprise";
    let refused = gather_from(&args(line), &mut Asked::Nobody(Vec::new())).unwrap_err().to_string();
    assert!(
        refused.contains("--hostname") && refused.contains("--issuer") && refused.contains("8080 with --yes"),
        "{refused}"
    );
    assert!(!refused.contains("--path ("), "{refused}");
    let refused = given("--path linux-vm").unwrap_err();
    assert!(refused.contains("--hostname"), "{refused}");
}

#[test]
fn what_does_not_go_together_is_refused_with_the_remedy() {
    for (line, told) in [
        ("--hostname commons.example.org", "--path linux-vm"),
        ("--path k3s --hostname localhost", "name of its own"),
        ("--preset ha", "about the chart"),
        ("--issuer https://l.example.org", "--integration enterprise"),
        ("--path compose --state x", "a volume"),
        ("--values x.yaml", "--path adopt"),
        ("--users nothing-here.yaml", "no such file"),
        ("--dbgap nothing-here", "no such file"),
        ("--path compose --dbgap /", "laptop and linux-vm"),
        ("--integration github", "--users"),
    ] {
        let refused = given(line).unwrap_err();
        assert!(refused.contains(told), "{line}: {refused}");
    }
    let elsewhere =
        given("--path k3s --hostname c.example.org --users git+https://gitlab.example/x").unwrap();
    let place = Place { folder: Path::new("."), variables: "", secret: &String::new, today: "2026-01-31" };
    assert!(plan(&elsewhere, &place).unwrap_err().to_string().contains("no git"));
}

#[test]
fn no_secret_of_a_provider_is_written() {
    let line = "--path kubernetes --hostname c.example.org --image r.example.org/c --integration enterprise \
                --issuer https://l.example.org";
    let plan = planned(&given(line).unwrap());
    let fence = plan.files.iter().find(|file| file.kind == Kind::Fence).unwrap();
    assert!(fence.text.contains("client_secret: '${LOGIN_CLIENT_SECRET}'"), "{}", fence.text);
}
