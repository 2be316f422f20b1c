//! A commons of gen3-helm that is there: its values become ours.

use std::path::Path;

use serde_json::json;

use super::{args::InitArgs, names, plan::Step, report::told};
use crate::{
    commands::helm::{self, Overwrite},
    failure::Failure,
    output::tell,
};

/// # Errors
/// When the values cannot be read, or files are there already.
pub(super) fn run(args: &InitArgs) -> anyhow::Result<()> {
    if args.values.is_empty() {
        let told = "--path adopt needs --values FILE, which `helm get values RELEASE` prints";
        return Err(Failure::Prerequisite(told.to_owned()).into());
    }
    let converted = helm::translated(&args.values)?;
    if !args.dry_run {
        let overwrite = if args.force { Overwrite::Allowed } else { Overwrite::Refused };
        helm::write(&args.into, &converted, overwrite)?;
    }
    let steps = steps(&args.into, args.namespace.as_deref().unwrap_or("gen3"));
    if args.json {
        let mut shown = helm::shown(&converted, &args.into);
        shown["path"] = "adopt".into();
        shown["written"] = json!(!args.dry_run);
        shown["steps"] = json!(steps);
        return Ok(tell(shown)?);
    }
    if args.dry_run {
        tell(serde_yaml_ng::to_string(&converted.values)?.trim_end())?;
    }
    helm::told(&converted, &args.into)?;
    told(&steps)
}

fn steps(folder: &Path, namespace: &str) -> Vec<Step> {
    let path = |name: &str| {
        let path = folder.join(name);
        names::quoted(&path.to_string_lossy())
    };
    let namespace = names::quoted(namespace);
    vec![
        Step::new(
            "make Secrets and ConfigMaps, after what is told above",
            format!("{} --namespace {namespace}", path("apply.sh")),
        ),
        Step::new(
            "stop what writes; the way back is to start it again",
            format!("kubectl scale deployment --all --replicas=0 --namespace {namespace}"),
        ),
        Step::new(
            "install beside it",
            format!(
                "helm install commons helm/commons --namespace {namespace} -f \
                 helm/commons/presets/single-node.yaml -f {} --wait --timeout 15m",
                path("values.yaml")
            ),
        ),
        Step::new(
            "ask whether everything answers; then let the ingress lead to commons-gateway",
            format!("helm test commons --namespace {namespace}"),
        ),
    ]
}
