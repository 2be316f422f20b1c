"""An S3 endpoint for replays: objects in memory, whole or in parts, under any signature."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import threading
import urllib.parse
import uuid


class Store(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Store

    def answer(self, status: int, body: bytes | str = b"", headers: dict[str, str] | None = None) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        # The answer to HEAD says only how long that to GET would be.
        if self.command != "HEAD":
            self.wfile.write(content)

    def refuse(self, status: int, code: str) -> None:
        self.answer(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>")

    def asked(self) -> tuple[str, dict[str, str]]:
        address = urllib.parse.urlsplit(self.path)
        return urllib.parse.unquote(address.path), dict(urllib.parse.parse_qsl(address.query, keep_blank_values=True))

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_PUT(self) -> None:
        (key, query), content = self.asked(), self.body()
        if "uploadId" in query:
            parts = self.server.uploads.get(query["uploadId"])
            if parts is None:
                return self.refuse(404, "NoSuchUpload")
            parts[int(query["partNumber"])] = content
        else:
            self.server.objects[key] = content
        self.answer(200, headers={"ETag": f'"{hashlib.md5(content).hexdigest()}"'})

    def do_POST(self) -> None:
        (key, query), _ = self.asked(), self.body()
        if "uploads" in query:
            upload = uuid.uuid4().hex
            self.server.uploads[upload] = {}
            return self.answer(200, f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId>"
                                    "</InitiateMultipartUploadResult>")
        parts = self.server.uploads.pop(query.get("uploadId", ""), None)
        if parts is None:
            return self.refuse(404, "NoSuchUpload")
        self.server.objects[key] = b"".join(parts[number] for number in sorted(parts))
        self.answer(200, "<CompleteMultipartUploadResult/>")

    def do_GET(self) -> None:
        content = self.server.objects.get(self.asked()[0])
        if content is None:
            return self.refuse(404, "NoSuchKey")
        self.answer(200, content)

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        self.server.objects.pop(self.asked()[0], None)
        self.answer(204)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def object_store():
    """Runs the endpoint; yields its address."""
    with Store() as store:
        threading.Thread(target=store.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{store.server_address[1]}"
        finally:
            store.shutdown()
