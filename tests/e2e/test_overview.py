"""The overview: what arrived, who is new, what was refused and rejected, in numbers; live, and only while one may."""

import json

import pytest
import requests

import codes
from harness import House, event, now, track

PASSWORD = "correct-horse-battery-staple"


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.close()


class Stream:
    """Server-sent events, one after the other."""

    def __init__(self, session: requests.Session, url: str, **query):
        self.answer = session.get(f"{url}/api/v1/overview/live", params=query, stream=True, timeout=40)
        self.answer.encoding = "utf-8"
        self.lines = self.answer.iter_lines(chunk_size=1, decode_unicode=True)

    def next(self, wanted: str) -> dict:
        name = ""
        for line in self.lines:
            if line.startswith("event: ") or line.startswith("event:"):
                name = line.partition(":")[2].strip()
            if line.startswith("data:") and name == wanted:
                return json.loads(line.partition(":")[2])
        raise AssertionError(f"the stream ended before {wanted}")


def totals(overview: dict) -> dict:
    return {item["touchpoint"]: item["total"] for item in overview["touchpoints"]}


def test_numbers_of_a_day_and_that_they_outlive_a_kill(house):
    shop = house.add_source("shop")
    ads = house.add_source("ads", touchpoint="page", purposes=("PersonalisedAdvertising:A6-1-a",))
    lab = house.add_source("lab", more=("--mode", "test"))
    with house.serve() as server:
        sender = server.sender(shop)
        sender.store(track("u1"), track("u2"), event("track", event="Viewed", anonymousId="b1"))
        sender.batch([track("null"), {"type": "track", "event": "Nobody"}])
        server.sender(ads).store(track("u3"))
        server.sender(lab).store(track("made-up"))
        unknown = requests.post(f"{server.url}/v1/track", json=track("u1"), auth=("hsw_wrong", ""), timeout=10)
        assert unknown.status_code == 401
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {server.token}"
            stream = Stream(session, server.url, span="7d", zone="Europe/Berlin")
            seen = stream.next("overview")
            while seen["rejected"]["total"] < 3:
                seen = stream.next("overview")
        server.kill()
    with house.serve() as server:
        now_seen = server.read("/api/v1/overview", span="7d", zone="Europe/Berlin")
        assert now_seen == seen
        assert totals(now_seen) == {"shop": 3}
        assert now_seen["customers"]["total"] == 2, "a browser is nobody yet"
        assert now_seen["refused"]["total"] == 1
        [reason] = now_seen["refused"]["reasons"]
        assert (reason["purpose"], reason["rule"]) == ("PersonalisedAdvertising", "consent_missing")
        assert reason["events"] == 1
        assert reason["meaning"]["de"] == "es liegt keine Zustimmung vor"
        codes_seen = {(item["source"], item["code"]) for item in now_seen["rejected"]["reasons"]}
        assert codes_seen == {("shop", "identity_unusable"), ("shop", "identity_missing"), (None, "write_key_unknown")}
        assert now_seen["sources"] == 2


def test_executives_see_no_small_group_and_agents_nothing(house):
    shop = house.add_source("shop")
    with house.serve() as server:
        server.sender(shop).store(track("u1"), track("u2"))
        for role, status in (("executive", 200), ("operator", 200), ("agent", 403), ("marketer", 403)):
            answer = requests.get(f"{server.url}/api/v1/overview", timeout=10,
                                  headers={"Authorization": f"Bearer {house.token(role)}"})
            assert answer.status_code == status, role
            if role == "executive":
                assert answer.json()["touchpoints"] == [] and answer.json()["customers"]["total"] == 0


@pytest.mark.parametrize("query", [{"span": "90d"}, {"step": "minute"}, {"zone": "Mars/Olympus"},
                                   {"span": "28d", "step": "hour"}])
def test_what_is_wrong_is_named(running, query):
    for path in ("/api/v1/overview", "/api/v1/overview/live"):
        answer = running.session.get(running.url + path, params=query, timeout=10)
        assert answer.status_code == 400, answer.text


def test_stream_tells_what_changed_and_ends_with_the_session(house):
    shop = house.add_source("shop")
    password = house.root / "password"
    password.write_text(PASSWORD)
    house.run("staff", "add", "--login", "lea", "--name", "Lea", "--role", "supervisor",
              "--password-file", str(password))
    with house.serve() as server:
        session, _ = codes.sign_in(server.url, "lea", PASSWORD)
        stream = Stream(session, server.url)
        assert totals(stream.next("overview")) == {}
        server.sender(shop).store({**track("u1"), "timestamp": now()})
        assert totals(stream.next("overview")) == {"shop": 1}
        other, _ = codes.sign_in(server.url, "lea", PASSWORD)
        assert other.delete(f"{server.url}/api/v1/sessions", timeout=10).ok
        stream.next("over")


def test_windows_of_one_person_have_a_limit(house):
    house.add_source("shop")
    with house.serve() as server:
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {server.token}"
        streams = []
        while len(streams) < 20:
            stream = Stream(session, server.url)
            if stream.answer.status_code == 429:
                assert stream.answer.json()["code"] == "watchers_many"
                break
            stream.next("overview")
            streams.append(stream)
        assert 1 < len(streams) < 20
        for stream in streams:
            stream.answer.close()


def test_who_is_limited_to_a_unit_sees_what_its_sources_brought(house):
    north = house.add_source("north-shop", more=("--unit", "north"))
    south = house.add_source("south-till", touchpoint="till", more=("--unit", "south/munich"))
    token = house.json("token", "add", "--role", "supervisor", "--name", "south", "--unit", "south")["token"]
    with house.serve() as server:
        server.sender(north).store(track("u1"), track("u2"))
        server.sender(south).store(track("u3"))
        assert requests.post(f"{server.url}/v1/track", json={}, auth=("hsw_wrong", ""), timeout=10).status_code == 401
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {token}"
        for seen in (session.get(f"{server.url}/api/v1/overview", timeout=10).json(),
                     Stream(session, server.url).next("overview")):
            assert totals(seen) == {"till": 1}
            assert (seen["customers"]["total"], seen["rejected"]["total"], seen["sources"]) == (1, 0, 1)
