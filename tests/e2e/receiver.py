"""A receiver of webhooks as somebody outside would write it: checks each signature, and answers as the test says."""

import base64
import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time
from dataclasses import dataclass


@dataclass
class Received:
    id: str
    body: dict
    headers: dict
    valid: bool  # the signature holds for one of the secrets


def verify(secret: str, headers: dict, body: bytes) -> bool:
    """As docs/webhooks.md tells it."""
    if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    given = [signature.removeprefix("v1,") for signature in headers["webhook-signature"].split()]
    return any(hmac.compare_digest(expected, signature) for signature in given)


class Receiver:
    """Listens on a free port of this machine until it is closed."""

    def __init__(self, certificate=None):
        self.secrets: list[str] = []
        self.received: list[Received] = []
        self.plan: list = []  # of the next answers: a status, "close", or a number of seconds to wait (float)
        self.location = ""
        self._lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                receiver._answer(self)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "https" if certificate else "http"
        self.port = self._server.server_address[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _answer(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._lock:
            valid = any(verify(secret, headers, body) for secret in self.secrets)
            self.received.append(Received(headers["webhook-id"], json.loads(body), headers, valid))
            step = self.plan.pop(0) if self.plan else 200
        if step == "close":
            handler.close_connection = True
            handler.connection.close()
            return
        if isinstance(step, float):
            time.sleep(step)
            step = 200
        handler.send_response(step)
        if 300 <= step < 400:
            handler.send_header("Location", self.location)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def ids(self) -> list[str]:
        with self._lock:
            return [one.id for one in self.received]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
