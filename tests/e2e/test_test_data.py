"""What test sources made up goes as a whole: by command and over the API, through kill -9, and nothing live goes with
it."""

import pytest

import byte_scan
from harness import event, track, wait_until

MORE = ("--mode", "test")


@pytest.fixture
def houses(make_house, storage):
    house = make_house(storage)
    house.shop = house.add_source("shop")
    house.trial = house.add_source("trial", more=MORE)
    return house


def person(user: str, **traits) -> dict:
    return event("identify", user, traits={"email": f"{user}@example.org", "firstName": "Quirinella", **traits})


def finished(server) -> bool:
    items = server.read("/api/v1/test-data")["items"]
    return bool(items) and all(item["finished_at"] for item in items)


def sums(server, source: str) -> int:
    return sum(item["events"] for item in server.read("/api/v1/events/totals", source=source)["items"]
               if item["measure"] == "events")


def test_the_api_deletes_test_data_through_kill_9(houses):
    with houses.serve() as server:
        server.sender(houses.shop).store(person("anna"), track("anna", number=1))
        trial = server.sender(houses.trial)
        for batch in range(20):
            trial.store(*[one for i in range(15) for one in (
                person(f"made-up-{batch}-{i}"), *[track(f"made-up-{batch}-{i}", number=n) for n in range(4)])])
        before = sums(server, "shop")
        answer = server.session.delete(f"{server.url}/api/v1/test-data", timeout=30)
        assert answer.status_code == 202, answer.text
        assert sums(server, "trial") == 0
        server.kill()
    for _ in range(3):
        with houses.serve() as server:
            server.kill()
    with houses.serve() as server:
        wait_until(lambda: finished(server), 90, "the end of the deletion")
        assert server.customers("email:made-up-3-3@example.org") == []
        found = server.read("/api/v1/customers", key="email:made-up-3-3@example.org", mode="test")
        assert found["items"] == []
        [item] = [item for item in server.read("/api/v1/test-data")["items"] if item["events"]]  # one a region
        assert (item["events"], item["people"]) == (1500, 300)
        assert sums(server, "shop") == before == 2
        assert len(server.timeline("user_id:anna")) == 2
        trial = server.sender(houses.trial)
        trial.store(track("made-up-3-3", number=9))
        assert sums(server, "trial") == 1
        assert server.read("/api/v1/customers", key="user_id:made-up-3-3", mode="test")["items"]


def test_the_command_deletes_alone_and_beside_a_server_and_says_how_much(houses):
    secret = "kunstperson-4711-quirinella"
    with houses.serve() as server:
        server.sender(houses.trial).store(person(secret), track(secret, note="Gartenzaun-0815"))
        done = houses.json("test-data", "delete")
        assert [(item["events"], item["people"]) for item in done["items"] if item["events"]] == [(2, 1)]
        server.sender(houses.trial).store(track("u1", number=1))
        server.sender(houses.shop).store(track("u1", number=1))
    assert "1 events, 1 identities" in houses.run("test-data", "delete").stdout
    with houses.serve() as server:
        assert len(server.timeline("user_id:u1")) == 1
    assert byte_scan.scan([houses.root], {"user": secret, "note": "Gartenzaun-0815"}) == []


def test_an_agent_may_not_delete(houses):
    with houses.serve() as server:
        server.session.headers["Authorization"] = f"Bearer {houses.token('agent')}"
        assert server.session.delete(f"{server.url}/api/v1/test-data", timeout=10).status_code == 403
