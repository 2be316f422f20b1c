//! The chart: values, fence's configuration, and a script that makes the Secrets that both name.

use super::{
    answers::{Answers, Users},
    choices::{Preset, StartingPoint},
    logins,
    machine::LOGINS,
    names,
    plan::{Kind, Place, Plan, origin, without_git},
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
        plan.files.extend(logins::file(answers).map(|text| super::plan::File {
            name: LOGINS,
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
    let preset = answers.preset.name();
    let mut text = format!(
        "# Values of the chart for this commons, written by\n# {}.\n# They stand beside \
         helm/commons/presets/{preset}.yaml; helm/commons/values.yaml says what all values mean.\n\n# Where \
         users reach it. Tokens are issued in its name.\npublicUrl: https://{}\nimage:\n  # Its tag is the \
         version of the chart. A digest cannot be moved as a tag can: digest: sha256:...\n  repository: {}\n",
        origin(answers),
        answers.host,
        answers.image,
    );
    if answers.preset == Preset::Minimum {
        text.push_str(&together(answers));
    } else {
        text.push_str(&apart(answers, place, source));
    }
    text.push_str(&ingress(answers));
    text
}

fn together(answers: &Answers) -> String {
    let mut text = "together:\n  # Of the volume with databases, files and indices, which stays when the \
                    release is removed.\n  storage: 50Gi\n"
        .to_owned();
    if answers.path == StartingPoint::Openshift {
        text.push_str("  # OpenShift chooses users and groups of volumes itself.\n  fsGroup: null\n");
    }
    text.push_str("  # Whether users may log in by passwords that the commons keeps.\n");
    text.push_str(&format!("  localAccounts: {}\n", answers.keeps_passwords()));
    if answers.has_provider() {
        text.push_str(
            "  # Where users log in; secrets.sh makes it.\n  loginProvidersSecret: commons-logins\n",
        );
    }
    if answers.has_provider() || matches!(answers.users, Some(Users::Elsewhere(_))) {
        text.push_str(
            "networkPolicy:\n  egress:\n    # The login provider, or where user.yaml is. Narrow it to their \
             networks.\n    - { cidr: 0.0.0.0/0, except: [169.254.169.254/32], ports: [443] }\n",
        );
    }
    text
}

fn apart(answers: &Answers, place: &Place<'_>, source: Option<&str>) -> String {
    let today = place.today;
    let users = match (&answers.users, source) {
        (Some(Users::Elsewhere(_)), Some(source)) => {
            format!("  source: {}\n", serde_json::Value::from(source.trim_matches('\'')))
        }
        _ => "  secret: commons-users\n".to_owned(),
    };
    format!(
        "# The Secrets are made by secrets.sh.\ndatabases:\n  secret: commons-databases\nindexd:\n  \
         loginSecret: commons-indexd-login\nfence:\n  # fence-config.yaml: logins, buckets.\n  configSecret: \
         commons-fence-config\n  # The newest signs; helm/rotate-key makes newer ones.\n  signingKeys:\n    - \
         {{ name: \"{today}\", secret: commons-key-{today} }}\n# Loads user.yaml every half an \
         hour.\nusersync:\n  enabled: true\n{users}# The data explorer's search engine, and what the documents \
         are made of (docs/etl.md).\n# guppy: {{ esEndpoint: http://opensearch:9200 }}\n# What pods reach \
         outside. Without it: everything at ports 443 and 5432. Narrow it to the networks of PostgreSQL,\n# \
         buckets and login providers.\n# networkPolicy:\n#   egress:\n#     - {{ cidr: 10.20.0.0/24, ports: \
         [5432] }}\n"
    )
}

fn ingress(answers: &Answers) -> String {
    let host = &answers.host;
    match answers.path {
        StartingPoint::Openshift => {
            "ingress:\n  enabled: true\n  className: openshift-default\n  # The router \
                                     makes a Route of it, with its own certificate.\n  annotations:\n    \
                                     route.openshift.io/termination: edge\n"
                .to_owned()
        }
        path => {
            let class = if path == StartingPoint::K3s { "traefik" } else { "nginx" };
            format!(
                "ingress:\n  enabled: true\n  className: {class}\n  # A Secret of type kubernetes.io/tls for \
                 {host}. cert-manager makes it with an annotation:\n  # annotations: {{ \
                 cert-manager.io/cluster-issuer: letsencrypt }}\n  tlsSecret: commons-tls\n"
            )
        }
    }
}

fn fence_config(answers: &Answers) -> String {
    let passwords = if answers.keeps_passwords() {
        "# Users log in by passwords that fence keeps.\nLOCAL_ACCOUNTS:\n  enabled: true\n"
    } else {
        ""
    };
    let logins = logins::section(answers).unwrap_or_default();
    let told = if logins.is_empty() { "" } else { "# Where users log in (docs/identity-providers.md).\n" };
    format!(
        "# fence's configuration, in the words of the original, written by\n# {}.\n# publicUrl of site.yaml, with \
         /user.\nBASE_URL: 'https://{}/user'\nAPP_NAME: 'Gen3 Data Commons'\n{passwords}{told}{logins}# \
         Buckets (docs/operator/install.md); their keys had better be those of the pods (cloudIdentity of the \
         chart).\n# S3_BUCKETS:\n#   our-uploads: {{ cred: '*', region: us-east-1 }}\n# DATA_UPLOAD_BUCKET: \
         our-uploads\n",
        origin(answers),
        answers.host,
    )
}

/// The user.yaml that the Secret is made of: the given file, or one with the administrator alone.
fn users(answers: &Answers) -> anyhow::Result<Option<String>> {
    match &answers.users {
        None => {
            let built_in = crate::up::ADMINISTRATOR_YAML.lines().filter(|line| !line.starts_with('#'));
            let built_in: Vec<&str> = built_in.collect();
            Ok(Some(format!(
                "# Who may do what (docs/users-and-access.md): the administrator alone, with every right. Add \
                 yours.\n{}\n",
                built_in.join("\n")
            )))
        }
        Some(Users::Here(file)) => Ok(Some(std::fs::read_to_string(file)?)),
        Some(Users::Elsewhere(_)) => Ok(None),
    }
}

fn script(answers: &Answers, place: &Place<'_>) -> String {
    let today = place.today;
    let mut text = SCRIPT_HEAD.to_owned();
    if answers.has_provider() {
        let [id, secret] = logins::VARIABLES;
        text.push_str(&SCRIPT_LOGINS.replace("ID_NAME", id).replace("SECRET_NAME", secret));
    }
    if answers.preset == Preset::Minimum {
        text.push_str(&format!("filled {LOGINS}\nput commons-logins --from-file=\"$work/{LOGINS}\"\n"));
        return text;
    }
    text.push_str(&SCRIPT_DATABASES.replace("DATABASES", DATABASES).replace("TODAY", today));
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

const SCRIPT_HEAD: &str = r#"#!/usr/bin/env bash
# secrets.sh NAMESPACE: makes the Secrets that site.yaml names. What is there is kept, so it may run again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
namespace=${1:?give the namespace}
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
there() { kubectl get secret "$1" --namespace "$namespace" --output=name >/dev/null 2>&1; }
put() { # NAME OPTION...
    if there "$1"; then
        echo "the Secret $1 is there already; kubectl delete secret $1 makes way for another one"
    else
        kubectl create secret generic "$@" --namespace "$namespace"
    fi
}
"#;

const SCRIPT_LOGINS: &str = r#"
# Who the commons is at the login provider: it goes from variables into a Secret, and into no file that stays.
: "${ID_NAME:?export ID_NAME, the identifier of the client at the provider}"
: "${SECRET_NAME:?export SECRET_NAME, the secret of the client at the provider}"
case $ID_NAME$SECRET_NAME in *"'"*) echo "ID_NAME and SECRET_NAME must not have a quote" >&2 && exit 1 ;; esac
shopt -u patsub_replacement 2>/dev/null || true
filled() { # FILE
    local text
    text=$(cat "$1")
    text=${text//'${ID_NAME}'/$ID_NAME}
    text=${text//'${SECRET_NAME}'/$SECRET_NAME}
    printf '%s\n' "$text" >"$work/$1"
}
"#;

const SCRIPT_DATABASES: &str = r#"
# Each service owns a database. psql takes the server and who may make databases there from PGHOST, PGPORT, PGUSER and
# PGPASSWORD.
if ! there commons-databases; then
    : "${PGHOST:?export PGHOST (and PGPORT, PGUSER, PGPASSWORD) of the PostgreSQL server}"
    mkdir "$work/databases"
    for name in DATABASES; do
        password=$(openssl rand -hex 24)
        export password
        psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=name="$name" --dbname=postgres <<'SQL'
\set password `printf %s "$password"`
select format('create role %I login', :'name') where not exists (select from pg_roles where rolname = :'name') \gexec
alter role :"name" password :'password';
grant :"name" to current_user;
select format('create database %I owner %I', :'name', :'name')
where not exists (select from pg_database where datname = :'name') \gexec
SQL
        printf %s "postgresql://$name:$password@$PGHOST:${PGPORT:-5432}/$name" >"$work/databases/$name"
    done
    put commons-databases --from-file="$work/databases"
fi
if ! there commons-indexd-login; then
    openssl rand -hex 24 | tr -d '\n' >"$work/password"
    put commons-indexd-login --from-literal=username=commons --from-file="$work/password"
fi
if ! there commons-key-TODAY; then
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/jwt_private_key.pem"
    openssl pkey -in "$work/jwt_private_key.pem" -pubout -out "$work/jwt_public_key.pem"
    put commons-key-TODAY --from-file="$work/jwt_private_key.pem" --from-file="$work/jwt_public_key.pem"
fi
"#;
