#!/usr/bin/env python3
"""schemas.py DIR VERSION...: strict schemas of Kubernetes for kubeconform, out of the package kubernetes-validate of PyPI.

KUBE_SCHEMAS=DIR helm/test uses them.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "kubernetes-validate==1.37.0"
BEGINNING = "kubernetes_validate/kubernetes-json-schema/"


def main():
    out, versions = pathlib.Path(sys.argv[1]), sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE], check=True)
        with zipfile.ZipFile(next(pathlib.Path(folder).glob("*.whl"))) as wheel:
            for name in wheel.namelist():
                rest = name.removeprefix(BEGINNING)
                if rest != name and rest.endswith(".json") and any(rest.startswith(f"{version}-local") for version in versions):
                    write(out / rest, wheel.read(name).decode())


def write(path, text):
    """Writes a schema whose references lead to files beside it and not to the web."""
    schema = json.loads(text.replace('"/api/_definitions.json#', '"_definitions.json#'))
    schema.pop("$id", None)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(schema, separators=(",", ":")))


if __name__ == "__main__":
    main()
