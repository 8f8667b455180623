"""A stand-in for a container engine: it answers like one and keeps what it was asked to create.

In:  calls of a Docker client over TCP. Out: the bodies of `create`, by image. It starts nothing, so
     it shows what would be started and not that this works.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LOG = b"Kafka Server started\n"
PORTS = {"5432/tcp": [{"HostIp": "0.0.0.0", "HostPort": "54321"}]}
ANSWERS: dict[str, Any] = {
    "/version": {"ApiVersion": "1.44", "MinAPIVersion": "1.24", "Components": []},
    "/images/": {"Id": "sha256:1", "RepoTags": []},
    "/containers/create": {"Id": "one", "Warnings": []},
    "/containers/one/exec": {"Id": "asked"},
    "/exec/asked/json": {"ExitCode": 0},
    "/containers/one/logs": b"\x01\0\0\0" + len(LOG).to_bytes(4, "big") + LOG,
    "/containers/one/json": {
        "Id": "one", "Name": "/one", "Image": "sha256:1", "State": {"Status": "running"},
        "Config": {"Tty": False, "Image": "sha256:1", "Labels": {}},
        "NetworkSettings": {"Ports": PORTS, "Networks": {}},
        "HostConfig": {"NetworkMode": "bridge"},
    },
}  # fmt: skip


@contextmanager
def engine() -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """Its address, and what it was asked to create so far."""
    created: dict[str, dict[str, Any]] = {}

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = re.sub(r"^/v[\d.]+", "", self.path)
            if path.startswith("/containers/create"):
                body = json.loads(asked)
                created[body["Image"]] = body
            found = next((a for start, a in ANSWERS.items() if path.startswith(start)), b"")
            content = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - names of the library

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.server_port}", created
        finally:
            server.shutdown()
            thread.join()
