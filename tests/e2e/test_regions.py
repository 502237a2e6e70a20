"""Data stays home: nothing of one region's people is in another's files, and no other region's key opens them."""

import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from harness import Background, CommandFailed, House, Server, Source, event, track

# Countries of people → the region of a new installation in which they belong.
PEOPLE = {"eu": ["DE", "FR", "AT", "DE", "CH"], "uk": ["GB", "JE", "GB"], "us": ["US", "PR"]}
REGIONS = list(PEOPLE)


def user_of(region: str, number: int) -> str:
    return f"person-{region}-{number}"


def fill(server: Server, shop: Source):
    """Each person: an identify that says the country, by traits or by location, then two orders that do not."""
    for region, countries in PEOPLE.items():
        for number, country in enumerate(countries):
            user = user_of(region, number)
            said = {"traits": {"email": f"{user}@example.org", "address": {"country": country}}}
            if number % 2:
                said = {"context": {"location": {"country": country}}}
            server.sender(shop).store(event("identify", user, **said))
            server.sender(shop).store(track(user, number=1), track(user, number=2))


@pytest.fixture
def filled(make_house) -> House:
    house = make_house()
    shop = house.add_source("shop")
    with house.serve() as server:
        fill(server, shop)
    return house


def rows(database: Path, query: str) -> list[tuple]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def data_file(house: House, region: str) -> Path:
    return house.data / "regions" / region / "data.db"


def readable_people(server: Server) -> dict[str, int]:
    """How many people of each region are found and their three events read."""
    found = dict.fromkeys(REGIONS, 0)
    for region, countries in PEOPLE.items():
        for number in range(len(countries)):
            answer = server.get("/api/v1/customers", key=f"user_id:{user_of(region, number)}")
            customers = answer.json().get("items", []) if answer.status_code == 200 else []
            for customer in customers:
                timeline = server.get(f"/api/v1/customers/{customer['id']}/timeline")
                if timeline.status_code == 200 and len(timeline.json()["items"]) == 3:
                    found[region] += 1
    return found


def test_each_person_is_in_the_files_of_one_region_only(filled):
    for region, countries in PEOPLE.items():
        stored = rows(data_file(filled, region), "SELECT country FROM identity_identity ORDER BY country")
        assert [country for (country,) in stored] == sorted(countries)
        assert rows(data_file(filled, region), "SELECT count(*) FROM events_event") == [(3 * len(countries),)]
        keys = rows(filled.data / "regions" / region / "vault.db", "SELECT count(DISTINCT identity) FROM vault_key")
        assert keys == [(len(countries),)]


def test_the_control_database_holds_no_people(filled):
    """Outside the regions' folders no file knows an identity: no table has a column for one."""
    outside = [path for path in filled.data.rglob("*.db") if "regions" not in path.parts]
    assert outside, "there is a control database"
    for database in outside:
        for (table,) in rows(database, "SELECT name FROM sqlite_master WHERE type = 'table'"):
            columns = {name for (_, name, *_) in rows(database, f"PRAGMA table_info({table})")}
            assert not columns & {"identity", "identity_id", "customer", "event_id"}, f"{database.name}: {table}"


@pytest.mark.parametrize("gone", REGIONS)
def test_without_the_files_of_a_region_only_its_people_are_unknown(filled, gone):
    shutil.move(filled.data / "regions" / gone, filled.root / f"{gone}-elsewhere")
    with pytest.raises((AssertionError, CommandFailed)):
        filled.serve()  # a region is never made anew in silence
    with pytest.raises(CommandFailed):
        filled.run("init")
    (filled.keys / f"{gone}.key").rename(filled.root / f"{gone}.key")  # who wants it anew says so
    filled.run("init")
    with filled.serve() as server:
        expected = {region: 0 if region == gone else len(countries) for region, countries in PEOPLE.items()}
        assert readable_people(server) == expected


@pytest.mark.parametrize(("region", "other"), [("eu", "uk"), ("uk", "us"), ("us", "eu")])
def test_the_key_of_another_region_opens_nothing(filled, region, other):
    """With the wrong key the server refuses to start, or at least opens none of the region's people."""
    shutil.copy(filled.keys / f"{other}.key", filled.keys / f"{region}.key")
    try:
        server = filled.serve()
    except (AssertionError, CommandFailed):
        return
    with server:
        assert readable_people(server)[region] == 0


def test_files_of_a_region_under_another_name_open_nothing(filled):
    """Someone copies the files of eu over those of uk: the key of uk does not open them."""
    for name in ("data.db", "vault.db", "ledger.db"):
        shutil.copy(filled.data / "regions" / "eu" / name, filled.data / "regions" / "uk" / name)
    for leftover in (filled.data / "regions" / "uk").glob("*.db-*"):
        leftover.unlink()
    (filled.data / "regions" / "eu").rename(filled.root / "eu-elsewhere")
    try:
        server = filled.serve()
    except AssertionError:
        return
    with server:
        assert readable_people(server) == {"eu": 0, "uk": 0, "us": len(PEOPLE["us"])}


def test_a_person_stays_in_the_region_where_it_was_first_seen(make_house):
    """Moving is an explicit job; a later event that names another country does not take the person across."""
    house = make_house()
    shop = house.add_source("shop")
    with house.serve() as server:
        server.sender(shop).store(event("identify", "traveller", traits={"address": {"country": "DE"}}))
        server.sender(shop).store(event("identify", "traveller", traits={"address": {"country": "US"}}))
        server.sender(shop).store(track("traveller", number=1))
        assert len(server.timeline("user_id:traveller")) == 3
        assert len(server.customers("user_id:traveller")) == 1
    assert rows(data_file(house, "us"), "SELECT count(*) FROM identity_identity") == [(0,)]


def test_a_person_first_seen_twice_at_once_is_in_one_region(make_house):
    """Two clients, at the same moment, say different countries of somebody new: one of them is first, for both."""
    house = make_house()
    shop = house.add_source("shop")
    people, together = 200, threading.Barrier(2)

    def send(server, country):
        sender = server.sender(shop)
        for number in range(people):
            together.wait(30)
            sender.store(event("identify", f"twice-{number}", traits={"address": {"country": country}}))

    with house.serve() as server:
        senders = [Background(send, server, country) for country in ("DE", "US")]
        for sender in senders:
            sender.join()
        for number in range(people):
            assert len(server.customers(f"user_id:twice-{number}")) == 1
    stored = [rows(data_file(house, region), "SELECT count(*) FROM identity_identity")[0][0] for region in ("eu", "us")]
    assert sum(stored) == people


def test_regions_of_ones_own(make_house):
    house = make_house("""
[regions]
home = "north"

[[regions.list]]
id = "north"
countries = ["DE", "DK"]

[[regions.list]]
id = "south"
countries = ["IT", "ES"]
""")
    shop = house.add_source("shop", country="IT")
    with house.serve() as server:
        send = server.sender(shop)
        send.store(event("identify", "a", traits={"address": {"country": "DK"}}))
        send.store(track("b", number=1))  # the source's country
        send.store(event("identify", "c", traits={"address": {"country": "JP"}}))  # of no region: the home region
        for user in "abc":
            assert len(server.timeline(f"user_id:{user}")) == 1
    assert rows(data_file(house, "north"), "SELECT count(*) FROM identity_identity") == [(2,)]
    assert rows(data_file(house, "south"), "SELECT count(*) FROM identity_identity") == [(1,)]
