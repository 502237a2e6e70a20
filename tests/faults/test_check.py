"""The checker itself: it notices one event that is gone, one that is there twice, one sum that is off by one.

Without this, all other tests here might pass because nothing is compared.
"""

import sqlite3

import pytest

from load import Load, check


@pytest.fixture
def stored(make_house):
    """A house with acknowledged events, its load, and a connection to its events while nobody else has them open."""
    house = make_house()
    shop = house.add_source("shop")
    load = Load(clients=2)
    with house.serve() as server:
        load.run_until(100, server, shop)
        check(server, load, complete=True)
    database = sqlite3.connect(house.data / "regions" / "eu" / "data.db")
    yield house, load, database
    database.close()


def assert_noticed(house, load, what: str):
    with house.serve() as server, pytest.raises(AssertionError, match=what):
        check(server, load, complete=True)


def change(database: sqlite3.Connection, statement: str):
    assert database.execute(statement).rowcount == 1
    database.commit()


def test_one_lost_event_is_noticed(stored):
    house, load, database = stored
    change(database, "DELETE FROM events_event WHERE seq = (SELECT max(seq) FROM events_event)")
    assert_noticed(house, load, "acknowledged events are lost")


def test_one_doubled_event_is_noticed(stored):
    house, load, database = stored
    acknowledged, doubled = next((book.acknowledged, book) for book in load.users().values() if book.acknowledged)
    doubled.acknowledged = acknowledged - {min(acknowledged)}  # as if it had been sent once and never before
    assert_noticed(house, load, "nobody sent")


def test_a_wrong_sum_is_noticed(stored):
    house, load, database = stored
    change(database, "UPDATE events_total SET events = events + 1 WHERE rowid = (SELECT min(rowid) FROM events_total)")
    with house.serve() as server, pytest.raises(AssertionError):
        check(server, load, complete=True)
