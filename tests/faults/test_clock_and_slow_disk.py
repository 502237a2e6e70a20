"""A clock that jumps, and a disk that takes seconds to sync: slower answers, never wrong ones."""

import sqlite3
import time
from datetime import UTC, datetime

import requests

from harness import track, wait_until
from load import Load, check
from shim import serve_with, shim  # noqa: F401 (a fixture among them)

HOUR = 3600
JUMPS = {"an hour forward": HOUR, "an hour back": -HOUR,
         "2099": int((datetime(2099, 1, 1, tzinfo=UTC) - datetime.now(UTC)).total_seconds()),
         "1970": -int(time.time()) + 86_400}


def parts(server) -> dict:
    return server.session.get(f"{server.url}/readyz", timeout=10).json()["parts"]


def test_a_clock_that_jumps_loses_nothing_and_doubles_nothing(make_house, storage, shim, monkeypatch):
    house = make_house(storage)
    shop, till = house.add_source("shop"), house.add_source("till")  # the load's, whose sums are compared; all else
    load = Load(clients=3)
    again = [track("retried", "Loaded", number=number) for number in range(20)]
    with serve_with(shim, house, monkeypatch) as server:
        load.start(server, shop, until_gone=False)
        server.sender(till).store(*again)
        for name, seconds in JUMPS.items():
            shim.move_clock(seconds)
            time.sleep(1.2)
            server.take_in_and_give_back(till)
            # The same events, sent again under another clock, are the same events.
            server.sender(till).store(*again)
            assert len(server.timeline("user_id:retried")) == 20, name
            wait_until(lambda: parts(server)["clock"]["status"] == "degraded", what="the health to tell of the jump")
            assert parts(server)["clock"]["code"] == "clock_jumped"
            assert server.get("/readyz").status_code == 200
            shim.move_clock(0)
            time.sleep(0.3)
            server.take_in_and_give_back(till)
        load.stop()
        assert set(load.statuses) <= {200, 429}, load.statuses
        check(server, load, complete=True)
        assert server.read("/api/v1/audit/check")["intact"]
    # What the time under the other clocks left behind must not keep the next start from working.
    with house.serve() as server:
        check(server, load, complete=True)
        server.take_in_and_give_back(till)


def due_dates(house) -> list[float]:
    database = sqlite3.connect(f"file:{house.data}/control.db?mode=ro", uri=True)
    rows = database.execute("SELECT due_at FROM jobs_job WHERE unique_key = 'recurring'").fetchall()
    database.close()
    return [due / 1000 for (due,) in rows]


def test_recurring_jobs_do_not_wait_for_the_year_2099(make_house, shim, monkeypatch):
    """A job that ran under a clock far ahead has its next date there; it is brought back without a restart."""
    house = make_house()
    with serve_with(shim, house, monkeypatch):
        wait_until(lambda: due_dates(house), what="jobs to be there")
        shim.move_clock(JUMPS["2099"])
        wait_until(lambda: min(due_dates(house)) > time.time() + JUMPS["2099"], seconds=30,
                   what="all jobs to have run in 2099")
        shim.move_clock(0)
        wait_until(lambda: max(due_dates(house)) < time.time() + 2 * 86_400, seconds=90,
                   what="the dates to be of this time again")


def test_a_slow_disk_makes_slow_answers_and_no_wrong_ones(make_house, shim, monkeypatch):
    house = make_house()
    shop = house.add_source("shop")
    load = Load(clients=4)
    with serve_with(shim, house, monkeypatch) as server:
        load.start(server, shop, until_gone=False)
        time.sleep(0.5)
        shim.slow_disk(1.5)
        time.sleep(4)
        assert requests.get(f"{server.url}/readyz", timeout=10).status_code in (200, 503)
        assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200
        shim.slow_disk(14)
        wait_until(lambda: parts(server)["eu.writer"].get("code") == "writer_slow", seconds=40,
                   what="the health to tell of the slow writer")
        shim.slow_disk(0)
        wait_until(lambda: server.get("/readyz").status_code == 200, seconds=40, what="the server to be well again")
        load.stop()
        assert set(load.statuses) <= {200, 429, 503}, load.statuses
        load.retry(server, shop)
        check(server, load, complete=True)


def test_killed_in_the_middle_of_slow_syncs(make_house, shim, monkeypatch):
    """A long sync makes it certain that the kill meets commits that are under way."""
    house = make_house()
    shop = house.add_source("shop")
    load = Load(clients=6)
    for _ in range(3):
        server = serve_with(shim, house, monkeypatch)
        shim.slow_disk(0.3)
        load.start(server, shop)
        time.sleep(1.4)
        server.kill()
        shim.slow_disk(0)
        load.stop()
        with house.serve() as server:
            check(server, load, users=load.users_of_last_start())
            load.retry(server, shop)
            check(server, load, complete=True)
