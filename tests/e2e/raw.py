"""HTTP as bytes on a socket, for what a well-behaved client library never sends."""

import contextlib
import socket
import time
import urllib.parse
from dataclasses import dataclass, field


@dataclass
class Answer:
    status: int | None  # None: the connection was closed without an answer
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def connect(url: str, timeout: float = 20) -> socket.socket:
    address = urllib.parse.urlsplit(url)
    return socket.create_connection((address.hostname, address.port), timeout)


def request_bytes(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None,
                  content_length: int | str | None = None) -> bytes:
    length = len(body) if content_length is None else content_length
    lines = [f"{method} {path} HTTP/1.1", "Host: handschlag", f"Content-Length: {length}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape") + body


def read_answer(connection: socket.socket) -> Answer:
    """Everything until the server closes; the first answer in it."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while chunk := connection.recv(65536):
            received += chunk
    if not received:
        return Answer(None)
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    return Answer(int(lines[0].split()[1]), {name.lower(): value for name, value in headers.items()}, body)


def exchange(url: str, data: bytes, timeout: float = 20) -> Answer:
    """Sends the bytes, whatever they are, and reads what comes back until the server closes the connection."""
    with connect(url, timeout) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
        return read_answer(connection)


def drip(url: str, data: bytes, seconds_between: float, at_most_seconds: float) -> tuple[Answer | None, float]:
    """Sends a byte at a time until the server has had enough. What it says (None: it still listens), and after how many
    seconds."""
    begun = time.monotonic()
    with connect(url, seconds_between) as connection:
        for at in range(len(data)):
            if time.monotonic() - begun > at_most_seconds:
                return None, time.monotonic() - begun
            try:
                connection.sendall(data[at:at + 1])
                connection.recv(1, socket.MSG_PEEK)  # returns only where the server has answered or hung up
                break
            except TimeoutError:
                continue
            except ConnectionError:
                return Answer(None), time.monotonic() - begun
        connection.settimeout(at_most_seconds)
        return read_answer(connection), time.monotonic() - begun


def hang_up_after(url: str, data: bytes):
    """Sends the bytes and is gone, without waiting for anything; the connection is reset."""
    with connect(url) as connection:
        connection.sendall(data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
