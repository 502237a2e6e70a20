"""kill -9 at random moments of everything that writes: load, imports, new sources, staff, the start itself.

`--rounds` says how often (default: a few, for `make test`; `make faults` runs 200 on each kind of storage).
"""

import csv
import random
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests

from harness import CONTRACT_PURPOSE, House, Server, wait_until
from load import Load, check, totals

SHORT_ROUNDS = 6
DOCUMENTS = 20_000  # of one import: it takes about a second
MAPPING = """
name = "till"
[file]
delimiter = ";"
[group]
by = ["receipt"]
[[event]]
name = "Order Completed"
[time]
column = "at"
format = "%Y-%m-%dT%H:%M:%SZ"
zone = "UTC"
[[identity]]
column = "card"
kind = "card_number"
[money]
currency = "EUR"
[products]
sku = "sku"
quantity = "quantity"
price = "price"
[properties]
order_id = {column = "receipt"}
[source]
id = "till"
touchpoint = "shop"
purposes = ["CustomerOrderManagement"]
"""


class Import:
    """An import that is run again until it has come through, as its manual says."""

    def __init__(self, house: House):
        self.house = house
        self.file = house.root / "till.csv"
        self.mapping = house.root / "till.toml"
        self.mapping.write_text(MAPPING)
        self.expected = self._write_table()

    def _write_table(self) -> dict:
        cents = 0
        with self.file.open("w", newline="") as opened:
            writer = csv.writer(opened, delimiter=";")
            writer.writerow(["receipt", "at", "card", "sku", "quantity", "price"])
            for number in range(DOCUMENTS):
                price = 100 + number % 900
                cents += 2 * price
                writer.writerow([f"R{number}", f"2025-03-01T10:{number // 60 % 60:02}:{number % 60:02}Z",
                                 f"card-{number % 50}", "S1", 2, f"{price // 100}.{price % 100:02}"])
        return {"events": DOCUMENTS, "orders": DOCUMENTS, "cents": cents}

    def command(self) -> tuple[str, ...]:
        return ("import", "csv", str(self.file), "--mapping", str(self.mapping))

    def begin(self) -> subprocess.Popen:
        return self.house.popen(*self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def finish(self, server: Server):
        """To its end, and once more: the second time adds nothing."""
        for _ in range(2):
            self.house.run(*self.command())
            assert totals(server, "till") == self.expected


class Office:
    """Adds sources and members of staff one after the other, and remembers which were acknowledged."""

    def __init__(self):
        self.sources: dict[str, str] = {}  # to the write key
        self.members: set[str] = set()
        self.tried: set[str] = set()
        self.refused: list[str] = []
        self._number = 0

    def run(self, server: Server, stop: threading.Event):
        session = requests.Session()
        session.headers.update(server.session.headers)
        try:
            while not stop.is_set():
                self._add_source(server.url, session)
                self._add_member(server.url, session)
        except requests.RequestException:
            return  # the server is gone

    def _post(self, url: str, session: requests.Session, path: str, body: dict) -> dict | None:
        answer = session.post(url + path, json=body, timeout=60)
        if answer.status_code == 201:
            return answer.json()
        if answer.status_code != 503:
            self.refused.append(f"{answer.status_code} {answer.text[:300]}")
        return None

    def _add_source(self, url: str, session: requests.Session):
        self._number += 1
        id = f"source-{self._number}"
        self.tried.add(id)
        made = self._post(url, session, "/api/v1/sources", {
            "id": id, "touchpoint": "shop", "trust": "server", "country": "DE",
            "purposes": [CONTRACT_PURPOSE]})
        if made:
            self.sources[id] = made["write_key"]

    def _add_member(self, url: str, session: requests.Session):
        login = f"member-{self._number}"
        self.tried.add(login)
        if self._post(url, session, "/api/v1/staff", {"login": login, "display_name": "Somebody", "role": "agent",
                                                      "password": f"a long enough password {self._number}"}):
            self.members.add(login)

    def check(self, server: Server):
        assert not self.refused, self.refused[:3]
        sources = [item["id"] for item in server.pages("/api/v1/sources") if item["id"].startswith("source-")]
        members = [item["login"] for item in server.pages("/api/v1/staff") if item["login"].startswith("member-")]
        for kept, acknowledged in ((sources, self.sources.keys()), (members, self.members)):
            assert len(set(kept)) == len(kept)
            assert acknowledged <= set(kept) <= self.tried
        if self.sources:
            key = list(self.sources.values())[-1]
            assert requests.get(f"{server.url}/v1/projects/{key}/settings", timeout=30).status_code == 200
        assert server.read("/api/v1/audit/check")["broken_at"] is None


def start_and_kill(house: House, chance: random.Random, port: int):
    """kill -9 in the middle of a start, and of the recovery that belongs to it."""
    starting = house.popen("serve", "--listen", f"127.0.0.1:{port}", stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    time.sleep(chance.uniform(0, 0.25))
    starting.kill()
    starting.wait()


def test_kill_9_at_random_moments_under_load(make_house, storage, request):
    rounds = request.config.getoption("--kills") or SHORT_ROUNDS
    seed = request.config.getoption("--seed")
    chance = random.Random(seed)
    house = make_house(storage)
    shop = house.add_source("shop")
    load, office, till = Load(clients=4, seed=seed), Office(), Import(house)
    server = house.serve()
    killed_starts = 0
    for _ in range(rounds):
        stop = threading.Event()
        writing = threading.Thread(target=office.run, args=(server, stop), daemon=True)
        importing = till.begin() if chance.random() < 0.5 else None
        load.start(server, shop)
        writing.start()
        time.sleep(chance.uniform(0.02, 1.5))
        server.kill()
        stop.set()
        load.stop()
        writing.join(60)
        if importing:
            importing.wait(60)
        while chance.random() < 0.3:
            start_and_kill(house, chance, server.port)
            killed_starts += 1
        server = house.serve(server.port)
        check(server, load, users=load.users_of_last_start())
        load.retry(server, shop)
        check(server, load, users=load.users_of_last_start(), complete=True)
        office.check(server)
    till.finish(server)
    old = dict(chance.sample(sorted(load.users().items(), key=lambda pair: pair[0]), min(60, len(load.users()))))
    check(server, load, users=old, complete=True)
    server.stop()
    print(f"\n{rounds} kills under load, {killed_starts} during a start: {load.acknowledged} events, "
          f"{len(office.sources)} sources and {len(office.members)} members acknowledged; none lost, none doubled")
    assert load.acknowledged > 20 * rounds, "the load was too light to prove anything"


def test_an_import_that_is_killed_goes_on_and_doubles_nothing(make_house, storage, request):
    """The server is killed beneath it, and the import itself is killed where it works without a server."""
    rounds = max(2, (request.config.getoption("--kills") or SHORT_ROUNDS) // 10)
    chance = random.Random(request.config.getoption("--seed"))
    house = make_house(storage)
    house.token()
    till = Import(house)
    cut_short = 0
    for _ in range(rounds):
        alone = till.begin()  # opens the folder itself
        time.sleep(chance.uniform(0.05, 0.5))
        alone.kill()
        cut_short += alone.wait() != 0
        server = house.serve()
        beside = till.begin()
        time.sleep(chance.uniform(0.05, 0.3))
        server.kill()
        cut_short += beside.wait(60) != 0
    with house.serve() as server:
        so_far = totals(server, "till") if cut_short else till.expected
        assert so_far["events"] <= DOCUMENTS
        till.finish(server)
    print(f"\n{cut_short} of {2 * rounds} imports were cut short")


def recurring_jobs(house: House, statement: str) -> list[tuple]:
    database = sqlite3.connect(house.data / "control.db")
    rows = database.execute(statement).fetchall()
    database.commit()
    database.close()
    return rows


def test_what_a_killed_server_was_at_is_done_at_once_by_the_next(make_house):
    """Embedded, where nobody else can hold a lease: nobody waits 30 s for one to run out."""
    house = make_house()
    with house.serve():
        pass
    lease_ends = int(time.time() * 1000) + 28_000
    recurring_jobs(house, f"UPDATE jobs_job SET state = 'running', token = token + 1, due_at = {lease_ends}")
    server = house.serve()
    wait_until(lambda: not recurring_jobs(house, "SELECT 1 FROM jobs_job WHERE state = 'running'"), seconds=15,
               what="the jobs to be done")
    server.stop()


def test_a_first_start_that_is_killed_can_be_run_again(tmp_path, storage, request):
    """`init` makes keys, folders, databases and their tables: killed anywhere, the next `init` completes it."""
    rounds = request.config.getoption("--kills") or SHORT_ROUNDS
    chance = random.Random(request.config.getoption("--seed"))
    root = tmp_path / "house"
    root.mkdir()
    house = House(root, storage, init=False)
    keys = {}
    for _ in range(rounds):
        making = house.popen("init", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, 0.12))
        making.kill()
        making.wait()
        for path, text in keys.items():
            assert path.read_text() == text, "a key was overwritten: what it sealed is lost"
        keys = {path: path.read_text() for path in Path(house.keys).glob("*.key")}
    house.run("init")
    shop = house.add_source("shop")
    with house.serve() as server:
        server.take_in_and_give_back(shop)
        assert house.run("doctor", check=False).returncode == 0
