"""A PostgreSQL server of its own for a test that stops, kills and freezes it."""

import importlib.machinery
import importlib.util
import os
import signal
import subprocess

import pytest

from harness import REPOSITORY, wait_until

LAUNCHER = REPOSITORY / "src" / "platform" / "db" / "testing" / "with_postgres"


def load_launcher():
    loader = importlib.machinery.SourceFileLoader("with_postgres", str(LAUNCHER))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class Postgres:
    def __init__(self, **settings: str):
        launcher = load_launcher()
        binaries = launcher.find_binaries()
        if not binaries:
            pytest.skip("PostgreSQL is not installed")
        launcher.SETTINGS.update(settings)
        self._server = launcher.Server(binaries)
        self._server.start()
        self.settings = f'[storage]\nurl = "{self._server.address}"\n'

    def sql(self, statement: str) -> str:
        done = subprocess.run(["psql", self._server.address, "-qAtc", statement], check=True, capture_output=True,
                              text=True)
        return done.stdout.strip()

    def hold_connection(self) -> subprocess.Popen:
        """One of the server's connections, in use until the process is ended: it waits for a statement."""
        return subprocess.Popen(["psql", self._server.address, "-qAt"], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def hold_made_connection(self) -> subprocess.Popen:
        """The same, and it is there already: what is asked by it is answered when there are no others left."""
        client = self.hold_connection()
        print("SELECT 'here';", file=client.stdin, flush=True)
        assert client.stdout.readline() == "here\n"
        return client

    def stop_at_once(self):
        self._server.process.send_signal(signal.SIGQUIT)
        self._server.process.wait()

    def start_again(self):
        self._server.launch()

    def freeze(self):
        self._signal_all(signal.SIGSTOP)

    def thaw(self):
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: int):
        """Each of its processes leads a group of its own."""
        for pid in [self._server.process.pid, *children(self._server.process.pid)]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def close(self):
        self.thaw()
        self._server.stop()


def children(parent: int) -> list[int]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stat:
                if int(stat.read().rsplit(")", 1)[1].split()[1]) == parent:
                    found.append(int(name))
        except (OSError, IndexError):
            continue
    return found


@pytest.fixture
def postgres():
    server = Postgres()
    yield server
    server.close()


def not_ready(server) -> dict[str, str]:
    """The parts that can't serve, with the code of what is wrong; asking must never wait for the database."""
    answer = server.session.get(f"{server.url}/readyz", timeout=10)
    return {name: told["code"] for name, told in answer.json()["parts"].items() if told["status"] == "not ready"}


def wait_for_ready(server, seconds: float = 30):
    wait_until(lambda: not not_ready(server), seconds=seconds, what="the server to be ready again")
