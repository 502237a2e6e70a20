"""A customer moves to another region: over HTTP and by command, killed in the middle, with nothing readable left."""

import random
import sqlite3
import threading
import time
from collections import Counter

import pytest
import requests

from harness import CommandFailed, House, Server, Source, event, track, wait_until
from test_backup import restore

USER = "mover-4711"
NAME = "Quirina Wanderfalke"


def fill(server: Server, shop: Source, orders: int) -> list[dict]:
    sender = server.sender(shop)
    sent = [event("identify", USER, traits={"name": NAME}, anonymousId="browser-1")]
    sent += [track(USER, number=number, total=1.5, currency="EUR") for number in range(orders)]
    for at in range(0, len(sent), 200):
        sender.store(*sent[at:at + 200])
    sender.store(track("stays-0815", number=0))
    return sent


def numbers(server: Server, user: str = USER) -> Counter:
    """How often each numbered event of a person is there. A cursor ends when the person moves: then from the start."""
    while True:
        try:
            found = server.timeline(f"user_id:{user}", type="track")
        except AssertionError as error:
            if "cursor_invalid" not in str(error):
                raise
            continue
        return Counter(item["properties"]["number"] for item in found)


def handle_of(server: Server) -> str:
    found = server.customers(f"user_id:{USER}")
    assert len(found) == 1
    return found[0]["id"]


def ask(server: Server, handle: str, **wish) -> requests.Response:
    body = {"region": "us", "country": "US", "purpose": "RightsFulfilment", **wish}
    return server.session.post(f"{server.url}/api/v1/customers/{handle}/move", json=body, timeout=30)


def wait_for(server: Server, move: int, *states: str) -> dict:
    def done():
        answer = server.read(f"/api/v1/moves/{move}")
        return answer if answer["state"] in states else None
    return wait_until(done, 60, f"move {move} to be {states}")


def wrapped_keys(house: House, region: str) -> dict[int, bytes]:
    with sqlite3.connect(house.data / "regions" / region / "vault.db") as vault:
        return dict(vault.execute("SELECT identity, wrapped FROM vault_key"))


def test_everything_moves_and_nothing_readable_is_left(make_house):
    house = make_house()
    shop = house.add_source("shop")
    with house.serve() as server:
        sent = fill(server, shop, 300)
        before = handle_of(server)
        page = server.read(f"/api/v1/customers/{before}")
        wrapped = wrapped_keys(house, "eu")
        keys = {identity["id"]: wrapped[int(identity["id"][3:], 36)] for identity in page["identities"]}
        assert len(keys) == 2

        assert ask(server, before, country="DE").status_code == 403, "their data belongs elsewhere"
        assert ask(server, before, purpose="DirectMarketing").status_code in (400, 403)
        assert ask(server, before, region="mars").status_code == 400
        answer = ask(server, before)
        assert answer.status_code == 202, answer.text
        move = wait_for(server, answer.json()["id"], "moved", "done")
        assert move["events"] == 301 and move["identities"] == 2
        after = move["now"]
        assert after.startswith("us-") and handle_of(server) == after

        moved = server.read(f"/api/v1/customers/{before}")
        assert moved["id"] == after and moved["region"] == "us"
        assert {key: moved["counters"][key] for key in ("events", "orders", "revenue")} == {
            key: page["counters"][key] for key in ("events", "orders", "revenue")}
        assert {trait["name"]: trait["value"] for trait in moved["traits"]} == {"name": NAME}
        assert [found["id"] for found in server.customers_named("Quirina")] == [after]
        assert numbers(server) == Counter(range(300))
        uses = server.read(f"/api/v1/customers/{after}/uses", limit=200)["items"]
        rulings = [(use["decision"], use["to_region"]) for use in uses if use["use"] == "move"]
        assert Counter(rulings)["allow", "us"] == 2 and Counter(rulings)["deny", "us"] >= 2
        server.sender(shop).store(*sent[:200])
        assert numbers(server) == Counter(range(300)), "a retry changes nothing"

        wait_for(server, move["id"], "done")
        assert [item["id"] for item in server.read("/api/v1/moves")["items"]] == [move["id"]]
        assert len(server.timeline("user_id:stays-0815")) == 1
    for file in (house.data / "regions" / "eu").iterdir():
        for handle, key in keys.items():
            assert key not in file.read_bytes(), f"the key of {handle} is still in {file.name}"
    with sqlite3.connect(house.data / "regions" / "eu" / "data.db") as data:
        for identity in keys:
            number = int(identity[3:], 36)
            assert data.execute("SELECT count(*) FROM events_event WHERE identity = ?", (number,)).fetchone() == (0,)
            assert data.execute("SELECT sealed, purposes FROM identity_key WHERE identity = ?",
                                (number,)).fetchall() == [(b"", 0)]
        assert data.execute("SELECT count(*) FROM events_event").fetchone() == (1,)


def test_by_command_without_and_beside_a_server(make_house, storage):
    house = make_house(storage)
    shop = house.add_source("shop")
    with house.serve() as server:
        fill(server, shop, 20)
        before = handle_of(server)
    moved = house.json("move", "--customer", before, "--to", "us", "--country", "US")
    assert moved["state"] == "done" and moved["events"] == 21
    with house.serve() as server:
        assert numbers(server) == Counter(range(20))
        with pytest.raises(CommandFailed):
            house.run("move", "--customer", before, "--to", "us", "--country", "US")
        back = house.json("move", "--customer", before, "--to", "eu", "--country", "DE", "--purpose", "LegalCompliance")
        assert back["state"] in ("moved", "done") and back["now"] == handle_of(server)
        assert numbers(server) == Counter(range(20))
        assert [item["customer"] for item in house.json("moves")["items"]] == [moved["now"], before]


def test_kill_9_in_the_middle_of_moves(make_house, storage, request):
    """To and fro, while events come in and the server is killed at random moments: each event is there once."""
    chance = random.Random(request.config.getoption("--seed"))
    house = make_house(storage)
    shop = house.add_source("shop")
    server = house.serve()
    fill(server, shop, 500)
    acknowledged, doubtful, count = set(range(500)), [], 500
    towards = [("us", "US"), ("eu", "DE")]
    for round_number in range(max(2, request.config.getoption("--rounds") // 10)):
        region, country = towards[round_number % 2]
        stop = threading.Event()

        def load(url=server.url):
            nonlocal count
            sender = Server.sender(server, shop)
            while not stop.is_set():
                one = track(USER, number=count)
                count += 1
                try:
                    answer = sender.single(one)
                except requests.RequestException:
                    doubtful.append(one)
                    return
                if answer.status_code == 200:
                    acknowledged.add(one["properties"]["number"])
                else:
                    doubtful.append(one)

        loader = threading.Thread(target=load)
        loader.start()
        asked = ask(server, handle_of(server), region=region, country=country)
        assert asked.status_code in (202, 409), asked.text
        time.sleep(chance.uniform(0, 0.3))
        server.kill()
        stop.set()
        loader.join()
        server = house.serve(server.port)
        seen = numbers(server)
        assert not [number for number, times in seen.items() if times > 1]
        assert not acknowledged - seen.keys(), "acknowledged events are lost"
        sender = server.sender(shop)
        for one in doubtful:
            assert sender.single(one).status_code == 200
            acknowledged.add(one["properties"]["number"])
        doubtful.clear()
        if asked.status_code == 202:
            wait_for(server, asked.json()["id"], "done", "ended")
        assert numbers(server) == Counter(acknowledged)
    server.stop()


def test_a_backup_taken_beside_moves_has_everybody_once(make_house, tmp_path):
    """The regions of a backup are of moments some seconds apart, and people are on their way to and fro meanwhile."""
    house = make_house()
    shop = house.add_source("shop")
    people = {"to-us": ("DE", "us", "US"), "to-eu": ("US", "eu", "DE")}

    with house.serve() as server:
        for user, (country, _, _) in people.items():
            server.sender(shop).store(event("identify", user, context={"location": {"country": country}}))
            for first in range(0, 2_000, 500):
                server.sender(shop).store(*(track(user, number=first + number) for number in range(500)))
        handles = {user: server.customers(f"user_id:{user}")[0]["id"] for user in people}
        assert [handle[:2] for handle in handles.values()] == ["eu", "us"]
        asked = [ask(server, handles[user], region=region, country=country).json()["id"]
                 for user, (_, region, country) in people.items()]
        wait_until(lambda: house.run("backup", "--to", str(tmp_path / "backup"), check=False).returncode == 0,
                   what="a backup between two changes")
        for move in asked:
            wait_for(server, move, "done")
        for user in people:
            assert numbers(server, user) == Counter(range(2_000))
    other = restore(house, tmp_path / "backup", tmp_path / "other")
    with other.serve() as again:
        for user in people:
            assert numbers(again, user) == Counter(range(2_000))
            again.sender(shop).store(track(user, number=2_000))
        for move in asked:
            wait_for(again, move, "done")
        for user, (_, region, _) in people.items():
            assert numbers(again, user) == Counter(range(2_001))
            assert [found["region"] for found in again.customers(f"user_id:{user}")] == [region]
