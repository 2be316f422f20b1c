//! Files of operators: what is read of them, remarked on, and refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use hatchery::{Container, Hatchery, Rule};
use serde_json::{Value, json};

fn container() -> Value {
    json!({
        "name": "Jupyter Lab <R & Python>",
        "image": "quay.io/example/notebook:1",
        "cpu-limit": "1.0",
        "memory-limit": "512Mi",
        "target-port": 8888,
        "env": {"B": "2", "A": "1"},
        "args": ["--ServerApp.shutdown_no_activity_timeout=5400", "--ServerApp.token=''"],
        "command": ["start-notebook.sh"],
        "path-rewrite": "/lw-workspace/proxy/",
        "use-tls": "false",
        "ready-probe": "/lw-workspace/proxy/",
        "user-uid": 1000,
        "fs-gid": 100,
        "user-volume-location": "/home/jovyan/pd",
        "gen3-volume-location": "/home/jovyan/.gen3",
        "friends": []
    })
}

fn with(changes: &Value) -> Value {
    let mut container = container();
    for (key, value) in changes.as_object().unwrap() {
        container[key] = value.clone();
    }
    json!({"user-namespace": "jupyter-pods", "sub-dir": "/lw-workspace", "user-volume-size": "10Gi",
           "containers": [container]})
}

fn read(file: &Value) -> (Hatchery, Vec<String>) {
    let (hatchery, remarks) = Hatchery::read(&file.to_string()).unwrap();
    (hatchery, remarks.iter().map(ToString::to_string).collect())
}

fn refused(file: &Value) -> String {
    Hatchery::read(&file.to_string()).unwrap_err().to_string()
}

fn only(file: &Value) -> Container {
    read(file).0.containers.pop().unwrap()
}

#[test]
fn a_container_is_read_with_everything_that_it_says() {
    let (hatchery, remarks) = read(&with(&json!({})));
    assert_eq!(remarks, Vec::<String>::new());
    assert_eq!(hatchery.namespace.as_deref(), Some("jupyter-pods"));
    let container = &hatchery.containers[0];
    assert_eq!((container.cpu.millis, container.memory.bytes, container.port), (1_000, 512 << 20, 8888));
    assert_eq!((container.uid, container.gid, container.fs_gid), (1_000, 0, 100));
    assert_eq!(container.idle_limit(), Some(5_400_000));
    assert_eq!(container.flavour(), "jupyter");
    assert_eq!(container.user_volume.as_deref(), Some("/home/jovyan/pd"));
}

/// Made from the text that Go's encoding/json writes of the block, by hand.
#[test]
fn the_id_is_the_digest_of_the_block_as_go_writes_it() {
    assert_eq!(only(&with(&json!({}))).id, "93d583d5bcfd5a4f14f439028003f343");
    let rule = json!({"version": 0.1, "or": [{"resource_paths": ["/a"]}, {"pay_models": ["None"]}]});
    assert_eq!(only(&with(&json!({"authz": rule}))).id, "a80a5ceacb7a2270d7a078b065b36ae2");
}

#[test]
fn what_changes_nothing_is_remarked_on_with_the_reason() {
    let mut file = with(&json!({"nextflow": {"enabled": true}, "image-name": "x"}));
    file["prisma"] = json!({"enable": true});
    file["pay-models"] = json!([]);
    let (_, remarks) = read(&file);
    assert_eq!(
        remarks,
        [
            "containers[0].nextflow: Nextflow on AWS Batch is not offered",
            "containers[0].image-name: not known, and without effect; is it misspelt?",
            "prisma: the scanner Prisma is not installed",
            "pay-models: there are no pay models: the commons pays for every workspace",
        ]
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_all_at_once() {
    let told = refused(&with(
        &json!({"cpu-limit": 1, "target-port": 0, "use-tls": true, "user-volume-location": "pd"}),
    ));
    for part in [
        "containers[0].cpu-limit: must be an amount of processors",
        "containers[0].target-port: must be the port",
        "containers[0].use-tls: must be the text \"true\" or \"false\", but is true",
        "containers[0].user-volume-location: must be a path in the container",
    ] {
        assert!(told.contains(part), "{told}");
    }
    assert!(refused(&json!([])).contains("the file: must be an object"));
    assert!(Hatchery::read("{\"a\": }").unwrap_err().to_string().starts_with("line 1, column 7"));
    let mut twice = with(&json!({}));
    twice["containers"] = json!([container(), container()]);
    assert!(refused(&twice).contains("containers[1]: this is the same as a container before it"));
    let other = json!({"sub-dir": "/hatchery", "containers": []});
    assert!(refused(&other).contains("sub-dir: the public path is /lw-workspace"));
}

#[test]
fn nothing_reaches_for_the_node() {
    let friend = json!({
        "name": "a", "image": "b", "ports": [{"hostPort": 80}], "securityContext": {"privileged": true},
        "volumeMounts": [{"name": "host", "mountPath": "/host"}]
    });
    let told = refused(&with(&json!({"friends": [friend]})));
    for part in [
        "containers[0].friends[0].securityContext: a privileged container has its node",
        "containers[0].friends[0].ports: ports of the node",
        "containers[0].friends[0].volumeMounts: the volume \"host\" is none of the workspace's",
    ] {
        assert!(told.contains(part), "{told}");
    }
    for path in ["/proc", "/", "/home/../etc", "/etc/"] {
        assert!(refused(&with(&json!({"user-volume-location": path}))).contains("must be a path"), "{path}");
    }
}

#[test]
fn a_rule_has_exactly_one_key_and_one_level() {
    let rule = |authz: Value| only(&with(&json!({"authz": authz}))).rule.unwrap();
    let paths = rule(json!({"version": 0.1, "resource_paths": ["/a", "/b"]}));
    assert_eq!(paths, Rule::Resources(vec!["/a".into(), "/b".into()]));
    let of = |text: &str| format!("containers[0].authz{text}");
    let one = "needs exactly one of";
    for (authz, told) in [
        (json!({"resource_paths": ["/a"]}), of(": has no \"version\"")),
        (json!({"version": 0.2, "resource_paths": ["/a"]}), of(".version: only version 0.1")),
        (json!({"version": 0.1}), of(&format!(": {one}"))),
        (json!({"version": 0.1, "resource_paths": []}), of(&format!(": {one}"))),
        (json!({"version": 0.1, "resource_paths": ["/a"], "pay_models": ["x"]}), of(&format!(": {one}"))),
        (json!({"version": 0.1, "or": [{"and": [{"pay_models": ["x"]}]}]}), of(".or[0]: \"or\" and \"and\"")),
        (json!({"version": 0.1, "and": [{}]}), of(&format!(".and[0]: {one}"))),
        (json!({"version": 0.1, "resource_paths": ["a"]}), of(": the resource \"a\" must begin")),
    ] {
        let refused = refused(&with(&json!({"authz": authz})));
        assert!(refused.contains(&told), "{refused} has no {told}");
    }
}

#[test]
fn a_rule_is_decided_by_what_one_may_launch() {
    let rule = |authz: Value| only(&with(&json!({"authz": authz}))).rule.unwrap();
    let may = |paths: &[String]| paths.iter().all(|path| path != "/no");
    let (yes, no) = (json!({"resource_paths": ["/yes"]}), json!({"resource_paths": ["/yes", "/no"]}));
    let (without, paid) = (json!({"pay_models": ["Trial", "None"]}), json!({"pay_models": ["Trial"]}));
    let one = |mut rule: Value| {
        rule["version"] = json!(0.1);
        rule
    };
    for (authz, wanted) in [
        (one(yes.clone()), true),
        (one(no.clone()), false),
        (one(without.clone()), true),
        (one(paid.clone()), false),
        (json!({"version": 0.1, "or": [no, without]}), true),
        (json!({"version": 0.1, "or": [no, paid]}), false),
        (json!({"version": 0.1, "and": [yes, without]}), true),
        (json!({"version": 0.1, "and": [yes, no]}), false),
    ] {
        assert_eq!(rule(authz.clone()).permits(&may), wanted, "{authz}");
    }
}
