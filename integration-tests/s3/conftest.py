"""The embedded object store alone, as `commons objects serve` serves a folder."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess

import boto3
import botocore.config
import pytest

from harness.commons import free_port, program, wait_for_answer

KEY, SECRET, BUCKET = "AKTEST", "a-secret-of-the-tests", "files"


@dataclasses.dataclass
class Endpoint:
    """A running endpoint, which can be stopped and started again on its folder."""

    folder: pathlib.Path
    port: int
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [program(), "objects", "serve", str(self.folder), "--listen", f"127.0.0.1:{self.port}", "--bucket", BUCKET]
        keys = {"COMMONS_OBJECTS_ACCESS_KEY": KEY, "COMMONS_OBJECTS_SECRET_KEY": SECRET}
        self.process = subprocess.Popen(command, env=os.environ | keys, stdout=subprocess.DEVNULL)
        wait_for_answer(self.port, self.process)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=60)
            self.process = None

    def client(self, secret: str = SECRET, **config):
        settings = botocore.config.Config(
            s3={"addressing_style": "path"}, signature_version="s3v4", retries={"max_attempts": 0}, **config)
        return boto3.client("s3", endpoint_url=self.url, region_name="us-east-1", config=settings,
                            aws_access_key_id=KEY, aws_secret_access_key=secret)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    endpoint = Endpoint(tmp_path_factory.mktemp("objects"), free_port())
    endpoint.start()
    yield endpoint
    endpoint.stop()
