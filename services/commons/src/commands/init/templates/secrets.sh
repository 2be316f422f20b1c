#!/usr/bin/env bash
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
