#!/usr/bin/env python3
"""Looks at a rendering of the chart: policy.py check FILE says what no pod may lack, policy.py outline FILE what is in it.

check   every container runs as any user but root, cannot gain privileges, has a read-only root, drops all capabilities, asks
        for processor time and memory and has a limit of memory; what runs on and on has three probes; no pod gets a token of
        the cluster but one that says why (workflows of Argo); every pod is under a policy of the network that denies by
        default; what has more than one replica may be on more than one node. Exit status 1 with a line for each that fails.
outline one line for each object and container, in a stable order, for a comparison with what was there before.
"""
import json
import sys

import yaml

LASTING = {"Deployment", "StatefulSet", "DaemonSet"}


def pods(thing):
    """The pods of an object, each as (labels, spec)."""
    kind, spec = thing["kind"], thing.get("spec") or {}
    if kind == "Pod":
        return [(thing["metadata"]["labels"], spec)]
    if kind == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    if kind == "WorkflowTemplate":
        containers = [dict(template["container"], name=template["name"]) for template in spec["templates"]]
        return [(spec["podMetadata"]["labels"], dict(spec, containers=containers))]
    if "template" in spec and "spec" in spec["template"]:
        return [(spec["template"]["metadata"]["labels"], spec["template"]["spec"])]
    return []


def containers(spec):
    return spec.get("initContainers", []) + spec["containers"]


def lacks(kind, container):
    """What a container lacks."""
    security, resources = container.get("securityContext") or {}, container.get("resources") or {}
    wanted = {
        "runAsNonRoot": security.get("runAsNonRoot") is True,
        "a read-only root": security.get("readOnlyRootFilesystem") is True,
        "allowPrivilegeEscalation: false": security.get("allowPrivilegeEscalation") is False,
        "capabilities: drop: [ALL]": (security.get("capabilities") or {}).get("drop") == ["ALL"],
        "a request for processor time": "cpu" in resources.get("requests", {}),
        "a request for memory": "memory" in resources.get("requests", {}),
        "a limit of memory": "memory" in resources.get("limits", {}),
    }
    if kind in LASTING:
        wanted |= {probe: probe in container for probe in ("startupProbe", "readinessProbe", "livenessProbe")}
    return [what for what, there in wanted.items() if not there]


def selects(selector, labels):
    pairs = (selector.get("matchLabels") or {}).items()
    return all(labels.get(key) == value for key, value in pairs) and not selector.get("matchExpressions")


def check(things):
    denying = [
        thing["spec"]["podSelector"]
        for thing in things
        if thing["kind"] == "NetworkPolicy"
        and set(thing["spec"]["policyTypes"]) == {"Ingress", "Egress"}
        and not thing["spec"].get("ingress") and not thing["spec"].get("egress")
    ]
    for thing in things:
        kind, name = thing["kind"], thing["metadata"]["name"]
        for labels, spec in pods(thing):
            where = f"{kind} {name}"
            if not any(selects(selector, labels) for selector in denying):
                yield f"{where}: no policy of the network denies by default"
            security = spec.get("securityContext") or {}
            if security.get("runAsNonRoot") is not True or (security.get("seccompProfile") or {}).get("type") != "RuntimeDefault":
                yield f"{where}: lacks runAsNonRoot or seccompProfile"
            # Workflows report to Argo, and the service of workspaces makes pods in their namespace.
            needs_token = kind == "WorkflowTemplate" or labels.get("app.kubernetes.io/component") == "workspace"
            if not needs_token and spec.get("automountServiceAccountToken") is not False:
                yield f"{where}: has a token of the cluster"
            if any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")) or any("hostPath" in v for v in spec.get("volumes", [])):
                yield f"{where}: uses the host"
            if kind in LASTING and thing["spec"].get("replicas") != 1 and not spec.get("topologySpreadConstraints"):
                yield f"{where}: its replicas may all be on one node"
            for container in containers(spec):
                for what in lacks(kind, container):
                    yield f"{where}, container {container['name']}: lacks {what}"


def outline(things):
    for thing in sorted(things, key=lambda thing: (thing["kind"], thing["metadata"]["name"])):
        kind, name, spec = thing["kind"], thing["metadata"]["name"], thing.get("spec") or {}
        told = {key: spec[key] for key in ("replicas", "schedule", "schedules", "minReplicas", "maxReplicas", "maxUnavailable", "type") if key in spec}
        if kind == "NetworkPolicy":
            told = {key: spec[key] for key in ("policyTypes", "ingress", "egress") if key in spec}
            told["component"] = spec["podSelector"]["matchLabels"].get("app.kubernetes.io/component", "all")
        if kind == "Service":
            told |= {"component": spec["selector"]["app.kubernetes.io/component"], "ports": [port["port"] for port in spec["ports"]]}
        if "strategy" in spec:
            told["strategy"] = spec["strategy"]["type"]
        if "data" in thing:
            told["keys"] = sorted(thing["data"])
        yield f"{kind} {name} {json.dumps(told, sort_keys=True)}"
        for _, pod in pods(thing):
            for container in containers(pod):
                resources = container.get("resources", {})
                parts = {
                    "args": container.get("args"),
                    "env": sorted(variable["name"] for variable in container.get("env", [])),
                    "mounts": sorted(mount["mountPath"] for mount in container.get("volumeMounts", [])),
                    "requests": resources.get("requests"),
                    "limits": resources.get("limits"),
                    "probes": {probe: (container[probe].get("httpGet") or {}).get("path", "tcp") for probe in container if probe.endswith("Probe")},
                }
                yield f"  {container['name']} " + json.dumps({key: part for key, part in parts.items() if part}, sort_keys=True)


def main():
    command, file = sys.argv[1:]
    with open(file) as text:
        things = [thing for thing in yaml.safe_load_all(text) if thing]
    lines = list({"check": check, "outline": outline}[command](things))
    print("\n".join(lines))
    return 1 if command == "check" and lines else 0


if __name__ == "__main__":
    sys.exit(main())
