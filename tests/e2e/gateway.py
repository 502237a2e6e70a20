"""A small HTTP server between a client library and the server under test, which fails as networks and servers do.

    with Gateway(target=server.url) as gateway:
        gateway.faults = [Fault.UNAVAILABLE, Fault.ANSWER_LOST]   # for the next two POSTs
        ... point the client at gateway.url ...
        gateway.requests                                          # what was asked, and what was answered

Without a target it answers by itself as wire.md says; so client scripts can be tried without the server.
"""

import base64
import enum
import gzip
import http.client
import json
import socket
import threading
import urllib.parse
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Fault(enum.Enum):
    UNAVAILABLE = "503 with Retry-After before the server has seen the request"
    HANG_UP = "the connection is closed before the server has seen the request"
    ANSWER_LOST = "the server stores and answers, the client never learns of it"


@dataclass
class Seen:
    method: str
    path: str
    headers: dict
    body: bytes
    status: int | None  # None: the client got no answer

    def json(self):
        packed = self.headers.get("content-encoding") == "gzip"
        return json.loads(gzip.decompress(self.body) if packed else self.body)

    def events(self):
        """The events in the body, in order, whatever the form of the request."""
        body = self.json()
        if "batch" in body:
            return body["batch"]
        kinds = {"i": "identify", "t": "track", "p": "page", "s": "screen", "g": "group", "a": "alias"}
        kind = self.path.split("?")[0].rsplit("/", 1)[-1]
        return [{"type": kinds.get(kind, kind), **body}]


class Gateway:
    def __init__(self, target: str | None = None):
        self.target = target
        self.faults: list[Fault] = []
        self.requests: list[Seen] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler_class())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def events(self, answered: bool = True) -> list[dict]:
        """The events that clients sent by POST; with `answered` only those that were answered with 200."""
        with self._lock:
            posts = [seen for seen in self.requests if seen.method == "POST" and "/v1/" in seen.path]
        return [event for seen in posts if seen.status == 200 or not answered for event in seen.events()]

    def _next_fault(self, method: str) -> Fault | None:
        with self._lock:
            return self.faults.pop(0) if method == "POST" and self.faults else None

    def _note(self, seen: Seen):
        with self._lock:
            self.requests.append(seen)

    def _forward(self, method: str, path: str, headers: dict, body: bytes):
        address = urllib.parse.urlsplit(self.target)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        try:
            kept = {name: value for name, value in headers.items() if name not in ("host", "connection")}
            connection.request(method, path, body=body or None, headers=kept)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _handler_class(gateway):  # noqa: N805 (the handler's own `self` is another)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except (ConnectionError, TimeoutError):
                    self.close_connection = True

            def _answer(self):
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers.get("content-length", "0")))
                fault = gateway._next_fault(self.command)
                seen = Seen(self.command, self.path, headers, body, None)
                if fault is Fault.HANG_UP:
                    gateway._note(seen)
                    return self._hang_up()
                if fault is Fault.UNAVAILABLE:
                    seen.status = 503
                    gateway._note(seen)
                    return self._send(503, [("Retry-After", "1"), *cors(headers)], b'{"success":false}')
                try:
                    status, answer_headers, answer = gateway._answer_of(seen)
                except OSError:
                    gateway._note(seen)
                    return self._hang_up()
                if fault is Fault.ANSWER_LOST:
                    gateway._note(seen)
                    return self._hang_up()
                seen.status = status
                gateway._note(seen)
                self._send(status, answer_headers, answer)

            do_GET = do_POST = do_OPTIONS = do_PUT = do_DELETE = _answer

            def _hang_up(self):
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

            def _send(self, status, headers, body):
                self.send_response(status)
                skipped = ("content-length", "connection", "transfer-encoding", "date", "server", "keep-alive")
                for name, value in headers:
                    if name.lower() not in skipped:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler

    def _answer_of(self, seen: Seen):
        if self.target is not None:
            return self._forward(seen.method, seen.path, seen.headers, seen.body)
        return own_answer(seen, self.url)


def cors(headers: dict) -> list[tuple[str, str]]:
    return [("Access-Control-Allow-Origin", headers.get("origin", "*")),
            ("Access-Control-Allow-Credentials", "true"),
            ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
            ("Access-Control-Allow-Headers", headers.get("access-control-request-headers", "*")),
            ("Access-Control-Max-Age", "900")]


def own_answer(seen: Seen, url: str):
    """What wire.md wants a server to say."""
    answer: dict = {"success": True}
    if seen.method == "GET" and seen.path.endswith("/settings"):
        key = seen.path.split("/")[-2]
        answer = {"integrations": {"Segment.io": {"apiKey": key, "apiHost": f"{url.split('//')[1]}/v1"}},
                  "consentSettings": {"allCategories": [], "hasUnmappedDestinations": False}}
    elif seen.path.startswith("/sourceConfig"):
        key = base64.b64decode(seen.headers.get("authorization", "Basic Og==").split()[1]).decode().split(":")[0]
        answer = {"source": {"id": "shop", "name": "shop", "writeKey": key, "enabled": True, "workspaceId": "w",
                             "config": {}, "destinations": []}}
    headers = [("Content-Type", "application/json"), *cors(seen.headers)]
    return 200, headers, b"" if seen.method == "OPTIONS" else json.dumps(answer).encode()
