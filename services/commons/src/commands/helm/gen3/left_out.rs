//! What has no place in our values, and why.

use super::{converted::Converted, given::Given, services::CHARTS};

/// Keys of any chart.
const EVERYWHERE: [(&[&str], &str); 13] = [
    (
        &["gitops"],
        "logo and styles of the portal are keys of the ConfigMap of portal.configMap, beside gitops.json",
    ),
    (&["image", "imagePullSecrets"], "the image is another one: image.repository, image.pullSecrets"),
    (
        &["resources", "initResources", "requests", "limits"],
        "measured for another program; defaults.resources and services.NAME.resources say ours",
    ),
    (
        &["env", "initEnv", "args", "command", "initContainerName", "debug", "arboristUrl"],
        "variables and commands of another program",
    ),
    (
        &["volumes", "volumeMounts", "initVolumeMounts", "extraImages"],
        "files of another program; see the Secrets that values.yaml names",
    ),
    (
        &[
            "strategy",
            "revisionHistoryLimit",
            "terminationGracePeriodSeconds",
            "service",
            "serviceAnnotations",
        ],
        "the chart says this itself",
    ),
    (
        &["podSecurityContext", "securityContext", "automountServiceAccountToken", "serviceAccount"],
        "pods run as any user but root, without a token of the cluster; cloudIdentity has what clouds want",
    ),
    (
        &[
            "labels",
            "selectorLabels",
            "commonLabels",
            "release",
            "criticalService",
            "partOf",
            "nameOverride",
            "fullnameOverride",
        ],
        "names and labels are those of the release",
    ),
    (
        &["externalSecrets", "secrets", "slackWebhook"],
        "Secrets are made by you or by an operator of yours; see apply.sh",
    ),
    (&["netPolicy"], "policies of the network deny what networkPolicy does not allow"),
    (&["postgres", "postgresql", "elasticsearch"], "databases and search engines are not part of the chart"),
    (&["dataDog", "metricsEnabled"], "figures are at a port of their own: metrics"),
    (
        &["affinity", "autoscaling", "global", "ingress"],
        "the chart spreads and scales pods itself; see defaults",
    ),
];

/// Values below `global`.
const GLOBALS: [(&str, &str); 16] = [
    ("postgres", "no service needs the superuser; databases are there already"),
    ("aws", "who pods are to Amazon is said by cloudIdentity.annotations, without keys"),
    ("gcp", "who pods are to Google is said by cloudIdentity.annotations"),
    ("crossplane", "buckets and roles are not made by the chart"),
    ("externalSecrets", "Secrets are made by you or by an operator of yours; see apply.sh"),
    ("environment", "names are those of the release"),
    ("revproxyArn", "there is no load balancer of Amazon in these values"),
    ("portalApp", "the portal has one form"),
    ("topologySpread", "replicas are always spread; see defaults.topologySpread"),
    ("autoscaling", "see defaults.autoscaling"),
    ("maintenanceMode", "there is none"),
    ("logoutInactiveUsers", "sessions end as fence-config.yaml says (SESSION_TIMEOUT)"),
    ("workspaceTimeoutInMinutes", "there are no workspaces yet"),
    ("dispatcherJobNum", "fence fills the records of uploads itself (UPLOAD_INDEXING)"),
    ("manifestGlobalExtraValues", "nothing reads manifest-global"),
    ("frontendRoot", "the portal is at /"),
];

/// Charts that have no counterpart.
const CHARTS_WITHOUT: [(&str, &str); 18] = [
    ("ambassador", "it only led to workspaces"),
    (
        "hatchery",
        "workspaces want a Secret and a database first (workspace.secret, workspace.databaseKey); \
         then workspace.hatchery takes the object of hatchery.json",
    ),
    ("argo-wrapper", "there are no workflows of GWAS"),
    ("aws-es-proxy", "search engines are reached with a login or through a proxy of yours"),
    ("frontend-framework", "keep its chart and give it rows in gateway.routes"),
    ("ssjdispatcher", "fence fills the records of uploads itself (UPLOAD_INDEXING, fence.uploadQueues)"),
    ("pidgin", "core metadata is answered by peregrine and sheepdog"),
    ("gen3-workflow", "there is no TES yet"),
    ("funnel", "there is no TES yet"),
    ("postgresql", "databases are not part of the chart"),
    ("elasticsearch", "search engines are not part of the chart"),
    ("neuvector", "policies of NeuVector are yours"),
    ("mutatingWebhook", "nothing of the cluster is changed"),
    ("cohort-middleware", "it is not part of the commons; keep its chart and give it rows in gateway.routes"),
    ("dashboard", "keep its chart and give it rows in gateway.routes"),
    ("secrets", "Secrets are made by you or by an operator of yours; see apply.sh"),
    ("tests", "see helm test"),
    ("auroraRdsCopyJob", "databases are not copied"),
];

pub(super) fn convert(given: &Given<'_>, to: &mut Converted) {
    for (chart, why) in CHARTS_WITHOUT {
        if given.flag(&[chart, "enabled"]) == Some(true) {
            to.leave_out(chart, why);
        }
    }
    for path in given.rest() {
        let (chart, key) = (path.first().map_or("", String::as_str), path.get(1).map_or("", String::as_str));
        let why = why(chart, key);
        // One line for a whole chart that has no counterpart.
        let shown = if is_without(chart) { chart.to_owned() } else { path.join(".") };
        if !to.left_out.iter().any(|left| left.key == shown) {
            to.leave_out(shown, why);
        }
    }
    for chart in given.keys(&[]) {
        let off = given.flag(&[chart, "enabled"]) == Some(false);
        let ours = CHARTS.iter().find(|(theirs, service)| {
            *theirs == chart && !["manifests", "operations", "wts"].contains(service)
        });
        if let Some((_, service)) = ours.filter(|_| off) {
            to.leave_out(format!("{chart}.enabled"), format!("the chart always runs {service}"));
        }
    }
}

fn is_without(chart: &str) -> bool {
    CHARTS_WITHOUT.iter().any(|(known, _)| *known == chart)
}

fn why(chart: &str, key: &str) -> &'static str {
    let everywhere = || EVERYWHERE.iter().find(|(keys, _)| keys.contains(&key)).map(|(_, why)| *why);
    let of_chart = || CHARTS_WITHOUT.iter().find(|(known, _)| *known == chart).map(|(_, why)| *why);
    let known = if chart == "global" {
        GLOBALS.iter().find(|(known, _)| *known == key).map(|(_, why)| *why)
    } else if is_without(chart) {
        of_chart()
    } else {
        everywhere()
    };
    known.unwrap_or("nothing is known of this value")
}
