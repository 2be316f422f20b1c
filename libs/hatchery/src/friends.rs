//! Further containers of a workspace's pod.

use serde_json::Value;

use crate::reader::Found;

/// A further container may not reach for the node that it runs on.
pub(crate) fn check(friend: &Value, place: &str, found: &mut Found) {
    let Some(fields) = friend.as_object() else {
        found.refuse(place, "must be a container as Kubernetes writes it");
        return;
    };
    for key in ["name", "image"] {
        if !fields.get(key).is_some_and(Value::is_string) {
            found.refuse(place, format!("needs a {key:?}"));
        }
    }
    let security = &friend["securityContext"];
    if security["privileged"] == true || security["allowPrivilegeEscalation"] == true {
        found.refuse(&format!("{place}.securityContext"), "a privileged container has its node; remove this");
    }
    if security["capabilities"]["add"].as_array().is_some_and(|added| !added.is_empty()) {
        found.refuse(
            &format!("{place}.securityContext.capabilities"),
            "capabilities cannot be added; remove this",
        );
    }
    let ports = friend["ports"].as_array().into_iter().flatten();
    if ports.clone().any(|port| port.get("hostPort").is_some() || port.get("hostIP").is_some()) {
        found.refuse(
            &format!("{place}.ports"),
            "ports of the node (hostPort, hostIP) cannot be had; remove them",
        );
    }
    let known = ["shared-data", "user-data", "gen3", "dshm"];
    for mount in friend["volumeMounts"].as_array().into_iter().flatten() {
        let name = mount["name"].as_str().unwrap_or_default();
        if !known.contains(&name) {
            let text = format!(
                "the volume {name:?} is none of the workspace's, and paths of the node cannot be mounted; \
                 use shared-data, user-data or gen3"
            );
            found.refuse(&format!("{place}.volumeMounts"), text);
        }
    }
}
