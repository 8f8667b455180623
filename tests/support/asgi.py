"""One request straight into an application, without sockets."""

from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message


@dataclass
class Answer:
    """Status, headers and body of an answer."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


async def ask(
    application: ASGIApp,
    path: str,
    headers: dict[str, str],
    *pieces: bytes,
    method: str = "POST",
    query: str = "",
) -> Answer:
    """One request to an ASGI application; the body in pieces as they would arrive."""
    answer, todo = Answer(), list(pieces or (b"",))
    raw = [(k.lower().encode(), v.encode("latin-1", "replace")) for k, v in headers.items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "root_path": "", "headers": raw, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip

    async def receive() -> Message:
        piece = todo.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(todo)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    await application(scope, receive, send)
    return answer
