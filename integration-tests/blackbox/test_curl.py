"""The main job with curl alone."""

import pathlib
import subprocess

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "curl" / "main-job.sh"


def test_the_main_job_works_with_curl_alone(target):
    done = subprocess.run([str(SCRIPT), target.url, str(target.api_key_file)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
