"""What is broken on the disk itself: damaged files, missing and wrong keys, a migration that was cut short."""

import random
import sqlite3
import subprocess
import time

import pytest

from harness import House, track, wait_until

FILES = ("control.db", "regions/eu/data.db", "regions/eu/vault.db", "regions/eu/ledger.db", "regions/uk/data.db")


@pytest.fixture
def filled(make_house) -> tuple[House, object]:
    house = make_house()
    shop = house.add_source("shop")
    with house.serve() as server:
        for first in range(0, 3_000, 1_000):
            server.sender(shop).store(*[track(f"u{number % 100}", "Loaded", number=number, filling="x" * 300)
                                        for number in range(first, first + 1_000)])
        assert len(server.timeline("user_id:u1")) == 30
    return house, shop


def refuses_to_start(house: House) -> str:
    served = house.run("serve", "--listen", "127.0.0.1:0", check=False, timeout=30)
    assert served.returncode == 1, "it started"
    return served.stderr


def overwrite(path, at: int, count: int):
    with path.open("r+b") as opened:
        opened.seek(at)
        opened.write(random.Random(at).randbytes(count))


def damage_tables(path, like: str):
    """Every page below the roots of these tables and their indexes."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    pages = [number for (number,) in database.execute(
        "SELECT pageno FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name LIKE ?) "
        "AND path <> '/'", (like,))]
    database.close()
    assert len(pages) > 10
    for page in pages:
        overwrite(path, (page - 1) * 4096, 200)


@pytest.mark.parametrize("name", FILES)
def test_a_file_whose_head_is_damaged_is_named(filled, name):
    house, _ = filled
    overwrite(house.data / name, 0, 100)
    assert str(house.data / name) in refuses_to_start(house)


@pytest.mark.parametrize("name", FILES)
def test_a_file_whose_schema_is_damaged_is_named(filled, name):
    house, _ = filled
    overwrite(house.data / name, 100, 3_000)
    assert str(house.data / name) in refuses_to_start(house)


def test_damage_in_the_middle_is_told_when_it_is_met_and_other_regions_go_on(filled):
    """Looking through whole files at each start would take minutes; what is read is checked by SQLite."""
    house, shop = filled
    path = house.data / "regions/eu/data.db"
    damage_tables(path, "events_event%")
    with house.serve() as server:
        customers = [customer for number in range(20) for customer in server.customers(f"user_id:u{number}")]
        met = [server.get(f"/api/v1/customers/{customer['id']}/timeline").status_code for customer in customers]
        assert 500 in met or 503 in met, met
        told = wait_until(lambda: (parts := server.get("/readyz").json()["parts"])["eu.data"]["status"] == "not ready"
                          and parts, what="the health to tell of the damage")
        assert told["eu.data"]["code"] == "database_corrupt"
        assert "backup" in told["eu.data"]["reason"] and str(house.data) not in str(told)
        assert told["uk.data"]["status"] == told["control"]["status"] == "ready"
        assert server.get("/healthz").status_code == 200
        sent = {**track("briton"), "context": {"location": {"country": "GB"}}}
        assert server.sender(shop).single(sent).status_code in (200, 500, 503)
        server.kill()
    assert str(path) in house.log.read_text(), "the log names the file"


def test_a_missing_wrong_or_malformed_key_is_said(filled):
    house, shop = filled
    key = house.keys / "eu.key"
    good = key.read_text()
    key.unlink()
    assert str(key) in refuses_to_start(house)
    key.write_text("not a key\n")
    assert "'eu'" in refuses_to_start(house)
    key.write_text((house.keys / "uk.key").read_text())
    assert "key" in refuses_to_start(house).lower()
    key.write_text(good)
    with house.serve() as server:
        server.take_in_and_give_back(shop)


def undo_last_migrations(house: House) -> int:
    """Makes the words of names of customers as if their slice had not been there yet."""
    undone = 0
    for region in ("eu", "uk", "us"):
        database = sqlite3.connect(house.data / "regions" / region / "data.db")
        tables = [name for (name,) in database.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'customers_%'")]
        for table in tables:
            database.execute(f"DROP TABLE {table}")
        undone += database.execute("DELETE FROM schema_migration WHERE slice = 'customers'").rowcount
        database.commit()
        database.close()
    return undone


def test_a_migration_that_is_cut_short_is_completed_by_the_next_start(filled, request):
    house, shop = filled
    chance = random.Random(request.config.getoption("--seed"))
    for _ in range(request.config.getoption("--kills") // 5 or 4):
        assert undo_last_migrations(house) >= 3
        starting = house.popen("serve", "--listen", "127.0.0.1:0", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, 0.12))
        starting.kill()
        starting.wait()
        with house.serve() as server:
            assert len(server.timeline("user_id:u1")) == 30
            server.take_in_and_give_back(shop)
