"""A tunnel through a proxy of HTTP (CONNECT), for who does not speak HTTP.

In:  the proxy, and where to. Out: a connected socket. Retry("unreachable") and OSError both mean
     that nobody there was spoken to: a proxy that fails or refuses is a fault of ours.
Before: an adapter is to send. After: the adapter's own protocol, TLS included, over the socket.
Document: RFC 9110, 9.3.6. The caller's deadline holds.
"""

import asyncio
import re
import socket

import aiohttp
from yarl import URL

from services.runtime.errors import Retry

LONGEST_HEAD = 16_384
_OPEN = re.compile(rb"HTTP/1\.[01] 2\d\d[ \r]")


async def open_tunnel(proxy: str, host: str, port: int) -> socket.socket:
    """A tunnel to `host:port`; the caller closes it. A login stands in the proxy's address."""
    address = URL(proxy)
    sock = await _connected(address.host or "", address.port or 80)
    try:
        await asyncio.get_running_loop().sock_sendall(sock, _asked(address, host, port))
        head = await _head(sock)
        if not _OPEN.match(head):
            raise Retry("unreachable", f"the proxy opens no tunnel: {_code(head)}")
    except BaseException:
        sock.close()
        raise
    return sock


def _asked(proxy: URL, host: str, port: int) -> bytes:
    to = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    login = aiohttp.BasicAuth.from_url(proxy)
    told = f"Proxy-Authorization: {login.encode()}\r\n" if login else ""
    return f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{told}\r\n".encode()


async def _connected(host: str, port: int) -> socket.socket:
    """By the first of its addresses that takes the connection. Raises OSError when none does."""
    loop, refused = asyncio.get_running_loop(), OSError("the proxy has no address")
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, there in found:
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            await loop.sock_connect(sock, there)
        except OSError as error:
            sock.close()
            refused = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise refused


async def _head(sock: socket.socket) -> bytes:
    """The proxy's answer and not a byte more: what follows is the destination's."""
    head, loop = bytearray(), asyncio.get_running_loop()
    while not head.endswith(b"\r\n\r\n"):
        byte = await loop.sock_recv(sock, 1)
        if not byte or len(head) == LONGEST_HEAD:
            raise ConnectionResetError
        head += byte
    return bytes(head)


def _code(head: bytes) -> str:
    """The three digits of its answer: its words may be anything."""
    code = head[9:12].decode("ascii", "replace")
    return code if code.isdigit() else "no answer of HTTP"
