//! What a pod says of itself. Pure.

use executor::{Condition, ContainerState, Seen};
use serde_json::Value;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// As hatchery reads a pod.
pub(crate) fn of_pod(pod: &Value) -> Seen {
    if pod["metadata"]["deletionTimestamp"].is_string() {
        return Seen::Leaving;
    }
    let status = &pod["status"];
    let phase = status["phase"].as_str().unwrap_or("Pending");
    if matches!(phase, "Failed" | "Succeeded" | "Unknown") {
        return Seen::Ended;
    }
    let list = |key: &str| status[key].as_array().cloned().unwrap_or_default();
    let conditions: Vec<Condition> = list("conditions")
        .iter()
        .map(|condition| Condition { kind: text(&condition["type"]), status: text(&condition["status"]) })
        .collect();
    let waits = |condition: &Condition| {
        matches!(condition.kind.as_str(), "Ready" | "PodScheduled") && condition.status != "True"
    };
    let says_ready = conditions.iter().any(|condition| condition.kind == "Ready");
    if phase == "Running" && says_ready && !conditions.iter().any(waits) {
        return Seen::Ready;
    }
    let containers = list("containerStatuses")
        .iter()
        .map(|container| ContainerState {
            name: text(&container["name"]),
            state: container["state"].clone(),
            ready: container["ready"] == true,
        })
        .collect();
    Seen::Starting { conditions, containers }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(phase: &str, ready: &str) -> Value {
        json!({
            "metadata": {},
            "status": {
                "phase": phase,
                "conditions": [
                    {"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": ready},
                ],
                "containerStatuses": [
                    {"name": "hatchery-container", "ready": false, "state": {"waiting": {}}},
                ],
            }
        })
    }

    #[test]
    fn a_pod_is_read_as_the_original_does() {
        assert_eq!(of_pod(&pod("Running", "True")), Seen::Ready);
        assert!(matches!(of_pod(&pod("Running", "False")), Seen::Starting { .. }));
        assert!(matches!(of_pod(&json!({ "metadata": {}, "status": {} })), Seen::Starting { .. }));
        for phase in ["Failed", "Succeeded", "Unknown"] {
            assert_eq!(of_pod(&pod(phase, "False")), Seen::Ended, "{phase}");
        }
        let mut leaving = pod("Running", "True");
        leaving["metadata"]["deletionTimestamp"] = json!("2030-01-01T00:00:00Z");
        assert_eq!(of_pod(&leaving), Seen::Leaving);
        let Seen::Starting { conditions, containers } = of_pod(&pod("Pending", "False")) else { panic!() };
        assert_eq!((conditions.len(), containers[0].name.as_str()), (2, "hatchery-container"));
    }
}
