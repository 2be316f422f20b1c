//! The chart: values, fence's configuration, and a script that makes the Secrets that both name.

use serde_json::Value;

use super::{
    answers::{Answers, Users},
    choices::{Preset, StartingPoint},
    logins, names,
    plan::{File, Kind, Place, Plan, filled, origin, without_git},
};
use crate::version::VERSION;

/// The values of the site.
const VALUES: &str = "site.yaml";
const FENCE: &str = "fence-config.yaml";
const USERS: &str = "user.yaml";
const SCRIPT: &str = "secrets.sh";
/// The services of the chart that have a database in each commons.
const DATABASES: &str = "fence arborist indexd sheepdog audit requestor library metadata";

/// # Errors
/// When users are where no pod reaches them.
pub(super) fn plan(answers: &Answers, place: &Place<'_>) -> anyhow::Result<Plan> {
    let mut plan = Plan::default();
    let is_together = answers.preset == Preset::Minimum;
    let source = answers.users.as_ref().map(without_git).transpose()?;
    plan.file(
        VALUES,
        Kind::Values,
        values(answers, place, source.as_ref().map(|(source, _)| source.as_str())),
    );
    if is_together {
        plan.files.extend(logins::file(answers).map(|text| File {
            name: logins::FILE,
            text,
            kind: Kind::Logins,
        }));
    } else {
        plan.file(FENCE, Kind::Fence, fence_config(answers));
        if let Some(text) = users(answers)? {
            plan.file(USERS, Kind::Users, text);
        }
    }
    let has_secrets = !is_together || answers.has_provider();
    if has_secrets {
        plan.file(SCRIPT, Kind::Script, script(answers, place));
    }
    steps(answers, place, &mut plan, has_secrets, source);
    Ok(plan)
}

fn steps(
    answers: &Answers,
    place: &Place<'_>,
    plan: &mut Plan,
    has_secrets: bool,
    source: Option<(String, String)>,
) {
    let is_together = answers.preset == Preset::Minimum;
    let target = if is_together { " --target together" } else { "" };
    let image = format!("{}:{VERSION}", answers.image);
    let handed_over = if answers.path == StartingPoint::K3s && !answers.image.contains('/') {
        format!("docker save {image} | sudo k3s ctr images import -")
    } else {
        format!("docker push {image}")
    };
    plan.step("build the image, in a clone of the repository", {
        format!("docker build -f docker/Dockerfile{target} -t {image} . && {handed_over}")
    });
    let namespace = names::quoted(&answers.namespace);
    let mut made = format!("kubectl create namespace {namespace}");
    // OpenShift lets nothing else in by itself.
    if answers.path != StartingPoint::Openshift {
        let label = "pod-security.kubernetes.io/enforce=restricted";
        made.push_str(&format!(" && kubectl label namespace {namespace} {label}"));
    }
    if has_secrets {
        let asking = if answers.has_provider() { format!("{} && ", logins::asking()) } else { String::new() };
        let script = place.path(SCRIPT);
        // A file without a folder is no command.
        let script = if script.contains('/') { script } else { format!("./{script}") };
        let what = if is_together {
            "make the namespace and the Secret of logins"
        } else {
            "make the namespace, the databases and the Secrets"
        };
        plan.step(what, format!("{asking}{made} && {script} {namespace}"));
    } else {
        plan.step("make the namespace", made);
    }
    plan.step("install it, and ask whether everything answers", {
        format!(
            "helm install commons helm/commons --namespace {namespace} -f helm/commons/presets/{}.yaml -f {} \
             --wait --timeout 15m && helm test commons --namespace {namespace}",
            answers.preset.name(),
            place.path(VALUES)
        )
    });
    match (is_together, source) {
        (true, Some((source, input))) => plan.step("load users and rights", {
            let source = names::quoted(&source);
            let interactive = if input.is_empty() { "" } else { " -i" };
            format!(
                "kubectl exec{interactive} --namespace {namespace} deploy/commons -- commons user sync \
                 {source}{input}"
            )
        }),
        (true, None) => {}
        (false, _) => plan.step("load users and rights; afterwards they are loaded every half an hour", {
            format!(
                "kubectl create job --namespace {namespace} --from=cronjob/commons-usersync first && kubectl \
                 wait --namespace {namespace} --for=condition=complete --timeout=10m job/first"
            )
        }),
    }
    if answers.keeps_passwords() {
        let pod = if is_together { "commons" } else { "commons-fence" };
        plan.step("make the link by which the administrator sets a password", {
            format!("kubectl exec --namespace {namespace} deploy/{pod} -- commons user invite admin")
        });
    }
}

fn values(answers: &Answers, place: &Place<'_>, source: Option<&str>) -> String {
    let own = [
        ("ORIGIN", &*origin(answers)),
        ("PRESET", answers.preset.name()),
        ("HOST", &answers.host),
        ("IMAGE", &answers.image),
    ];
    let mut text = filled(include_str!("templates/site.yaml"), &own);
    text.push_str(&match answers.preset {
        Preset::Minimum => together(answers),
        Preset::SingleNode | Preset::Ha => apart(answers, place, source),
    });
    text.push_str(&match answers.path {
        StartingPoint::Openshift => include_str!("templates/ingress-openshift.yaml").to_owned(),
        path => {
            let class = if path == StartingPoint::K3s { "traefik" } else { "nginx" };
            filled(include_str!("templates/ingress.yaml"), &[("CLASS", class), ("HOST", &answers.host)])
        }
    });
    text
}

fn together(answers: &Answers) -> String {
    let passwords = answers.keeps_passwords().to_string();
    let mut text = filled(include_str!("templates/site-together.yaml"), &[("PASSWORDS", &passwords)]);
    if answers.path == StartingPoint::Openshift {
        text.push_str("  # OpenShift chooses users and groups of volumes itself.\n  fsGroup: null\n");
    }
    if answers.has_provider() {
        text.push_str(
            "  # Where users log in; secrets.sh makes it.\n  loginProvidersSecret: commons-logins\n",
        );
    }
    if answers.has_provider() || matches!(answers.users, Some(Users::Elsewhere(_))) {
        text.push_str(include_str!("templates/egress.yaml"));
    }
    text
}

fn apart(answers: &Answers, place: &Place<'_>, source: Option<&str>) -> String {
    let users = match (&answers.users, source) {
        (Some(Users::Elsewhere(_)), Some(source)) => format!("  source: {}", Value::from(source)),
        _ => "  secret: commons-users".to_owned(),
    };
    filled(include_str!("templates/site-apart.yaml"), &[("TODAY", place.today), ("USERS", &users)])
}

fn fence_config(answers: &Answers) -> String {
    let mut logins = String::new();
    if answers.keeps_passwords() {
        logins.push_str("# Users log in by passwords that fence keeps.\nLOCAL_ACCOUNTS:\n  enabled: true\n");
    }
    if let Some(section) = logins::section(answers) {
        logins.push_str("# Where users log in (docs/identity-providers.md).\n");
        logins.push_str(&section);
    }
    let values = [("ORIGIN", &*origin(answers)), ("HOST", &answers.host), ("LOGINS", &logins)];
    filled(include_str!("templates/fence-config.yaml"), &values)
}

/// The user.yaml that the Secret is made of: the given file, or one with the administrator alone.
fn users(answers: &Answers) -> anyhow::Result<Option<String>> {
    match &answers.users {
        None => {
            let built_in = crate::up::ADMINISTRATOR_YAML.lines().filter(|line| !line.starts_with('#'));
            let built_in: Vec<&str> = built_in.collect();
            Ok(Some(format!(
                "# Who may do what (docs/users-and-access.md): the administrator alone, with every right. \
                 Add yours.\n{}\n",
                built_in.join("\n")
            )))
        }
        Some(Users::Here(file)) => Ok(Some(std::fs::read_to_string(file)?)),
        Some(Users::Elsewhere(_)) => Ok(None),
    }
}

fn script(answers: &Answers, place: &Place<'_>) -> String {
    let mut text = include_str!("templates/secrets.sh").to_owned();
    if answers.has_provider() {
        text.push_str(include_str!("templates/secrets-logins.sh"));
    }
    if answers.preset == Preset::Minimum {
        let file = logins::FILE;
        text.push_str(&format!("filled {file}\nput commons-logins --from-file=\"$work/{file}\"\n"));
        return text;
    }
    let values = [("DATABASES", DATABASES), ("TODAY", place.today)];
    text.push_str(&filled(include_str!("templates/secrets-apart.sh"), &values));
    if answers.has_provider() {
        text.push_str(&format!("filled {FENCE}\nput commons-fence-config --from-file=\"$work/{FENCE}\"\n"));
    } else {
        text.push_str(&format!("put commons-fence-config --from-file={FENCE}\n"));
    }
    if !matches!(answers.users, Some(Users::Elsewhere(_))) {
        text.push_str(&format!("put commons-users --from-file={USERS}\n"));
    }
    text
}
