"""Runs the public compliance suite (GA4GH's `drs-compliance-suite` from PyPI) and reads its report.

The suite needs old versions of common libraries and has therefore an environment of its own.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"


@dataclasses.dataclass
class Case:
    test: str
    name: str
    status: str
    message: str


def environment() -> pathlib.Path:
    """The folder of the suite's programs; made when it is missing or out of date."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[1] / "target"))
    venv = target / "drs-compliance-venv"
    stamp = venv / ".made-of"
    wanted = REQUIREMENTS.read_text()
    if not stamp.is_file() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        pip = [str(venv / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
        subprocess.run(pip, check=True)
        stamp.write_text(wanted)
    return venv / "bin"


def run(base_url: str, config: dict, folder: pathlib.Path) -> list[Case]:
    """Everything that the suite has checked at `base_url` with the objects of `config`."""
    (folder / "config.json").write_text(json.dumps(config))
    report = folder / "report.json"
    command = [
        str(environment() / "drs-compliance-suite"), "--server_base_url", base_url, "--platform_name", "commons",
        "--platform_description", "a commons", "--drs_version", "1.2.0", "--config_file", str(folder / "config.json"),
        "--report_path", str(report)]
    # It says by its exit status only whether it ran.
    done = subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(HERE / "missing")},
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    phases = json.loads(report.read_text())["phases"]
    return [
        Case(test["test_name"], case["case_name"], case["status"], case["message"])
        for phase in phases for test in phase["tests"] for case in test["cases"]
    ]
