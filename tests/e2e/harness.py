"""Starts, stops and kills the real binary over a temporary data folder, and reads back what it keeps.

    house = House(tmp_path)
    shop = house.add_source("shop")
    with house.serve() as server:
        server.sender(shop).store(track("u1", "Order Completed"))
        server.timeline("user_id:u1")

Nothing here knows more of the server than its command line and its HTTP interface.
"""

import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

REPOSITORY = Path(__file__).resolve().parents[2]
START_SECONDS = 30
STOP_SECONDS = 30
# Of the purposes a source may name, one that rests on contract: its events are linked without consent on the wire.
CONTRACT_PURPOSE = "CustomerOrderManagement:A6-1-b"


def binary() -> Path:
    return Path(os.environ.get("HANDSCHLAG_BINARY", REPOSITORY / "build/release/handschlag"))


def shared_folder() -> Path:
    return Path(os.environ.get("HANDSCHLAG_SHARED", REPOSITORY.parent / "shared"))


def wait_until(condition, seconds: float = 10, what: str = "it"):
    """Calls `condition` until it answers something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.05)


class CommandFailed(AssertionError):
    def __init__(self, arguments, finished):
        command = " ".join(arguments)
        super().__init__(f"handschlag {command} ended with {finished.returncode}:\n{finished.stderr[-2000:]}")
        self.code = finished.returncode
        self.stderr = finished.stderr


@dataclass
class Source:
    id: str
    write_key: str


class House:
    """A data folder with its keys, its configuration and its log, and the commands on it."""

    def __init__(self, root: Path, settings: str = "", init: bool = True):
        self.root = root
        self.data = root / "data"
        self.keys = root / "data.keys"
        self.log = root / "server.log"
        self.log.touch()
        self.config = root / "handschlag.toml" if settings else None
        if self.config:
            self.config.write_text(settings)
        self._tokens: dict[str, str] = {}
        self._servers: list[Server] = []
        if init:
            self.run("init")

    def arguments(self, *words: str) -> list[str]:
        config = ["--config", str(self.config)] if self.config else []
        return [str(binary()), *words, "--data", str(self.data), *config]

    def run(self, *words: str, check: bool = True, timeout: float = 300) -> subprocess.CompletedProcess:
        """Runs a command to its end."""
        finished = subprocess.run(self.arguments(*words), capture_output=True, text=True, timeout=timeout)
        if check and finished.returncode != 0:
            raise CommandFailed(words, finished)
        return finished

    def json(self, *words: str, **options) -> dict:
        """Runs a command and reads its answer, the last line it prints."""
        finished = self.run(*words, "--format", "json", **options)
        return json.loads(finished.stdout.strip().splitlines()[-1])

    def popen(self, *words: str, **options) -> subprocess.Popen:
        return subprocess.Popen(self.arguments(*words), **options)

    def add_source(self, id: str, *, touchpoint: str = "shop", purposes=(CONTRACT_PURPOSE,), trust: str = "server",
                   country: str = "DE", more: tuple[str, ...] = ()) -> Source:
        named = [word for purpose in purposes for word in ("--purpose", purpose)]
        added = self.json("source", "add", "--id", id, "--touchpoint", touchpoint, *named, "--trust", trust,
                          "--country", country, *more)
        return Source(id, added["write_key"])

    def token(self, role: str = "admin") -> str:
        if role not in self._tokens:
            unit = ("--unit", "elsewhere") if role == "broker" else ()  # who sees the customers of one unit alone
            added = self.json("token", "add", "--role", role, "--name", f"tests-{role}", *unit)
            self._tokens[role] = added["token"]
        return self._tokens[role]

    def serve(self, port: int = 0, more: tuple[str, ...] = ()) -> "Server":
        token = self.token()
        self._servers.append(Server(self, port, more, token))
        return self._servers[-1]

    def close(self):
        """Ends what still runs: a test that failed leaves nothing behind."""
        for server in self._servers:
            if server.process.poll() is None:
                server.kill()


class Server:
    """A running server. As a context it is stopped gracefully at the end."""

    def __init__(self, house: House, port: int, more: tuple[str, ...], token: str):
        self.house = house
        self.token = token
        with tempfile.TemporaryFile("w+") as said, house.log.open("ab") as log:
            self.process = house.popen("serve", "--listen", f"127.0.0.1:{port}", "--format", "json", *more,
                                       stdout=said, stderr=log)
            self.url = self._read_address(said)
        self.port = int(self.url.rsplit(":", 1)[1])
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def _read_address(self, said) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            said.seek(0)
            found = re.search(r'^\{.*"listening".*\}\s*$', said.read(), re.MULTILINE)
            if found:
                return json.loads(found.group())["listening"].rstrip("/")
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        self.kill()
        log = self.house.log.read_text(errors="replace")
        raise AssertionError(f"the server did not start (exit code {self.process.returncode}); its log:\n{log[-3000:]}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()

    def stop(self):
        """Asks the server to finish what it accepted; it must then end with 0."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise AssertionError(f"the server did not stop within {STOP_SECONDS} s") from error
        log = self.house.log.read_text(errors="replace")
        assert code == 0, f"the server ended with {code}; its log:\n{log[-3000:]}"

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def sender(self, source: Source) -> "Sender":
        return Sender(self.url, source.write_key)

    def take_in_and_give_back(self, source: Source):
        """Whether the server still does what it is for."""
        sent = track(f"witness-{uuid.uuid4()}", number=1)
        assert self.sender(source).single(sent).status_code == 200
        assert len(self.timeline(f"user_id:{sent['userId']}")) == 1

    def assess(self, purpose: str):
        """Records that the legitimate interest in a purpose was weighed: without that nothing rests on it."""
        today = datetime.now(UTC).date()
        answer = self.session.post(self.url + "/api/v1/interest-assessments", timeout=20, json={
            "purpose": purpose, "interest": "We want to.", "necessity": "Nothing milder does.",
            "balancing": "It harms nobody.", "assessed_by": "Ada",
            "decided": str(today), "expires": str(today + timedelta(days=300))})
        assert answer.status_code == 201, answer.text

    def get(self, path: str, **query) -> requests.Response:
        return self.session.get(self.url + path, params=query, timeout=30)

    def read(self, path: str, **query) -> dict:
        answer = self.get(path, **query)
        assert answer.status_code == 200, f"GET {path} answered {answer.status_code}: {answer.text[:500]}"
        return answer.json()

    def pages(self, path: str, **query):
        """The items of a list, page after page."""
        seen = set()
        while True:
            page = self.read(path, **query)
            yield from page["items"]
            if not page.get("next"):
                return
            assert page["next"] not in seen, "a cursor came twice: the list would never end"
            seen.add(page["next"])
            query["cursor"] = page["next"]

    def customers(self, key: str) -> list[dict]:
        return list(self.pages("/api/v1/customers", key=key))

    def customers_named(self, name: str) -> list[dict]:
        return list(self.pages("/api/v1/customers", name=name))

    def timeline(self, key: str, **query) -> list[dict]:
        """Every event of every customer whom the key finds, newest first."""
        return [item for customer in self.customers(key) for item in self.timeline_of(customer["id"], **query)]

    def timeline_of(self, customer_id: str, **query) -> list[dict]:
        return list(self.pages(f"/api/v1/customers/{customer_id}/timeline", **{"limit": 200, **query}))


class Sender:
    """What a client library does: one connection, one write key."""

    def __init__(self, url: str, write_key: str):
        self.url = url
        self.write_key = write_key
        self.session = requests.Session()
        self.session.auth = (write_key, "")

    def post(self, path: str, body, timeout: float = 30, **options) -> requests.Response:
        data = body if isinstance(body, bytes) else json.dumps(body)
        return self.session.post(self.url + path, data=data, timeout=timeout, **options)

    def single(self, event: dict, timeout: float = 30) -> requests.Response:
        return self.post(f"/v1/{event['type']}", {"sentAt": now(), **event}, timeout)

    def batch(self, events: list[dict], timeout: float = 30) -> requests.Response:
        return self.post("/v1/batch", {"batch": events, "sentAt": now()}, timeout)

    def store(self, *events: dict):
        """Sends and insists on an answer without rejections."""
        answer = self.batch(list(events))
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text[:500]}"
        assert "rejected" not in answer.json(), answer.text[:500]


def now(seconds_ago: float = 0) -> str:
    moment = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event(type: str, user: str | None = None, **fields) -> dict:
    """An event as a client library would make it."""
    made = {"type": type, "messageId": str(uuid.uuid4()), "timestamp": now(), **fields}
    if user is not None:
        made["userId"] = user
    return made


def track(user: str, name: str = "Order Completed", **properties) -> dict:
    return event("track", user, event=name, properties=properties)


class Background:
    """Runs a function in a thread and hands on what it raises."""

    def __init__(self, function, *arguments):
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(function, *arguments), daemon=True)
        self._thread.start()

    def _run(self, function, *arguments):
        try:
            function(*arguments)
        except BaseException as error:  # noqa: BLE001 (raised again by join)
            self._error = error

    def join(self, seconds: float = 60):
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "a thread of the test did not end"
        if self._error:
            raise self._error
