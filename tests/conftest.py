"""Fixtures of the end-to-end tests: houses to live in, on both kinds of storage."""

import os
import subprocess
import uuid

import pytest

from harness import House, binary
from mail_server import MailServer


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, default=20, help="rounds of kill -9 (default 20)")
    parser.addoption("--kills", type=int, default=0, help="rounds of kill -9 in tests/faults (default: a few)")
    parser.addoption("--seed", type=int, default=20101201, help="seed of everything random in a test")


class PostgresDatabase:
    """A database of its own on the server that HANDSCHLAG_TEST_POSTGRES names, dropped at the end."""

    def __init__(self, server_url: str):
        self.name = f"handschlag_e2e_{uuid.uuid4().hex[:12]}"
        self._server_url = server_url
        self._sql(f"CREATE DATABASE {self.name}")
        address, _, parameters = server_url.partition("?")
        self.url = f"{address.rsplit('/', 1)[0]}/{self.name}?{parameters}".rstrip("?")

    def _sql(self, statement: str):
        subprocess.run(["psql", self._server_url, "-qc", statement], check=True, capture_output=True, text=True)

    def drop(self):
        self._sql(f"DROP DATABASE {self.name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request):
    """The settings of a storage: once the default, once PostgreSQL where the environment names one."""
    if request.param == "sqlite":
        yield ""
        return
    server_url = os.environ.get("HANDSCHLAG_TEST_POSTGRES")
    if not server_url:
        pytest.skip("HANDSCHLAG_TEST_POSTGRES names no PostgreSQL server")
    database = PostgresDatabase(server_url)
    yield f'[storage]\nurl = "{database.url}"\n'
    database.drop()


def need_binary():
    if not binary().exists():
        pytest.fail(f"there is no binary at {binary()}: run `make release` or set HANDSCHLAG_BINARY")


@pytest.fixture
def make_house(tmp_path):
    """Makes houses; what still runs in them at the end of the test is killed."""
    need_binary()
    houses = []

    def make(settings: str = "", name: str = "house", **options) -> House:
        root = tmp_path / f"{name}-{len(houses)}"
        root.mkdir()
        houses.append(House(root, settings, **options))
        return houses[-1]

    yield make
    for house in houses:
        house.close()


@pytest.fixture
def mail_server(tmp_path):
    server = MailServer(tmp_path / "mailbox")
    yield server
    server.close()


@pytest.fixture
def house(make_house):
    return make_house()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """One server for all cases of a module: whatever came before must not matter. `running.shop` is a source of it,
    `running.send` a client of that source, `running.mail` the mail server that it sends by."""
    need_binary()
    root = tmp_path_factory.mktemp("running")
    mail = MailServer(root / "mailbox")
    house = House(root, settings="[security]\nfour_eyes = false\n" + mail.settings())
    shop = house.add_source("shop")
    with house.serve() as server:
        server.shop = shop
        server.send = server.sender(shop)
        server.mail = mail
        yield server
    house.close()
    mail.close()
