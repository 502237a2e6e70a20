"""Who is limited to a part of the company: nothing that another part brought reaches them, whatever they ask and with
whatever they ask it: another's handle, event id, source, cursor, key, name or order."""

import json
import sys
import time
from pathlib import Path

import pytest
import requests

from harness import House, Server, event, now, track, wait_until

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
from description import load, operations  # noqa: E402

# Of Hamburg and of head office, none of which may ever be in an answer to Munich.
SECRETS = ["Zwetschge", "zwetschge@example.org", "HH-4711", "till-hamburg", "elbe", "geheim-wert", "crm-head",
           "Weisnix", "other-anna@example.org", "HH-4712"]
ROLES = ["agent", "supervisor", "experience_manager", "marketer", "sales", "broker", "executive"]
BOTH = ("CustomerOrderManagement", "CustomerCare", "DirectMarketing:A6-1-f", "ServiceUsageAnalytics:A6-1-f")


class Branches:
    """Munich, Hamburg and head office, which share their ids. Anna is a customer of all; Zita of Hamburg alone."""

    def __init__(self, house: House, server: Server):
        self.house, self.server = house, server
        self.senders = {}
        for purpose in ("DirectMarketing", "ServiceUsageAnalytics"):
            server.assess(purpose)
        for id, unit, touchpoint in (("till-munich", "south/munich", "isar"), ("till-hamburg", "north/hamburg", "elbe"),
                                     ("crm-head", "", "crm")):
            more = ("--namespace", "company", *(("--unit", unit) if unit else ()))
            self.senders[id] = server.sender(house.add_source(id, touchpoint=touchpoint, purposes=BOTH, more=more))
        self.senders["till-hamburg"].store(
            event("identify", "zita", traits={"name": "Zita Zwetschge", "email": "zwetschge@example.org"}),
            track("zita", order_id="HH-4711", total=5, currency="EUR", note="geheim-wert"),
            event("identify", "anna", anonymousId="browser-hh",
                  traits={"name": "Weisnix", "email": "other-anna@example.org"}),
            track("anna", order_id="HH-4712", total=7, currency="EUR", note="geheim-wert"))
        self.senders["crm-head"].store(event("identify", "anna", traits={"tier": "geheim-wert"}))
        self.senders["till-munich"].store(
            event("identify", "anna", traits={"name": "Anna Vogel", "email": "anna@example.org"}),
            *({**track("anna", order_id=f"M-{n}", total=3, currency="EUR"), "timestamp": now(60 + n)}
              for n in range(5)))
        self.anna = server.customers("user_id:anna")[0]["id"]
        self.zita = server.customers("user_id:zita")[0]["id"]
        self.browser = next(identity["id"] for identity in server.read(f"/api/v1/customers/{self.anna}")["identities"]
                            if identity["kind"] == "anonymous_id")
        said = {"act": "given", "purpose": "DirectMarketing", "channel": "email", "way": "phone",
                "address": "other-anna@example.org", "declaration": "geheim-wert", "evidence": "geheim-wert"}
        path = f"{server.url}/api/v1/customers/{self.anna}/consents"
        noted = self.ask("agent", "north/hamburg").post(path, json=said, timeout=20)
        assert noted.status_code == 201, noted.text
        page = server.read(f"/api/v1/customers/{self.anna}/timeline", limit=2)
        self.cursor = page["next"]
        self.events = [item["id"] for item in server.timeline_of(self.zita)]
        self.uses_cursor = server.read(f"/api/v1/customers/{self.anna}/uses", limit=1)["next"]
        self.sources_cursor = server.read("/api/v1/sources", limit=1)["next"]

    def ask(self, role: str, unit: str = "south/munich") -> requests.Session:
        session = requests.Session()
        token = self.house.json("token", "add", "--role", role, "--name", f"{role} of {unit}", "--unit", unit)["token"]
        session.headers["Authorization"] = f"Bearer {token}"
        return session


@pytest.fixture(scope="module")
def branches(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("branches"))
    with house.serve() as server:
        yield Branches(house, server)
    house.close()


def attempts(operation, branches: Branches):
    """Requests of an operation with what belongs to others, in every place where something can stand."""
    handles = [branches.zita, branches.browser, "eu-zzzz", *branches.events]
    places = [*handles, branches.anna, "till-hamburg", "crm-head", "elbe"]
    has_id = "{id}" in operation.path
    queries = [{}, {"source": "till-hamburg"}, {"touchpoint": "elbe"}, {"cursor": branches.cursor},
               {"cursor": branches.uses_cursor}, {"cursor": branches.sources_cursor}, {"purpose": "DirectMarketing"},
               {"key": "user_id:zita"}, {"key": "email:zwetschge@example.org"}, {"key": "email:other-anna@example.org"},
               {"key": "anonymous_id:browser-hh"}, {"name": "Zwetschge"}, {"name": "Weisnix"}, {"days": 400}]
    bodies = [None]
    if operation.method.lower() in ("post", "put", "patch"):
        bodies = [{"key": "user_id:zita"}, {"name": "Zwetschge"}, {"name": "Weisnix"}, {"order": "HH-4711"},
                  {"order": "HH-4712"}]
        for other in handles:
            bodies += [{"a": branches.anna, "b": other}, {"a": other, "b": branches.anna},
                       {"a": other, "b": branches.anna, "basis": "A6-1-b", "purposes": ["CustomerCare"]},
                       {"a": branches.anna, "b": other, "basis": "A6-1-b", "purposes": ["CustomerCare"]},
                       {"identity": other, "purposes": ["CustomerCare"]}]
    for place in places if has_id else [""]:
        for query in queries if bodies == [None] else [{}]:
            for body in bodies:
                yield operation.path.replace("{id}", place), query, body


GUARDED = [operation for operation in operations()
           if operation.definition.get("x-roles") and set(ROLES) & set(operation.definition["x-roles"])]


@pytest.mark.parametrize("operation", GUARDED, ids=lambda operation: operation.id)
def test_no_operation_tells_of_others(operation, branches):
    """Every operation that a role that may be limited may call, with all that could lead to others."""
    hidden = [branches.zita, branches.browser]
    for role in set(ROLES) & set(operation.definition["x-roles"]):
        session = branches.ask(role)
        for path, query, body in attempts(operation, branches):
            with session.request(operation.method, branches.server.url + path, params=query, json=body, timeout=20,
                                 stream=True) as answer:
                assert answer.status_code < 500, (role, path, query, body)
                if answer.headers["Content-Type"].startswith("text/event-stream"):
                    assert "hamburg" not in path and "head" not in path
                    continue
                text = answer.text
            said = json.dumps({"query": query, "body": body, "path": path})
            for secret in SECRETS:
                repeated = secret in said and answer.status_code >= 400
                assert secret not in text or repeated, (role, path, query, body, text)
            if answer.status_code < 300:
                assert not any(f'"{handle}"' in text for handle in hidden), (role, path, query, body, text)


def test_somebody_elses_customer_is_answered_like_nobody(branches):
    """The same status, code and words for a handle that is hidden and for one that is not there."""
    session = branches.ask("supervisor")
    url = branches.server.url

    def problems(handle):
        told = []
        for path in ("", "/timeline", "/uses", "?purpose=DirectMarketing", "/timeline?touchpoint=isar"):
            told.append(session.get(f"{url}/api/v1/customers/{handle}{path}", timeout=20))
        link = {"basis": "A6-1-b", "purposes": ["CustomerCare"]}
        for path, body in (("links", {"a": handle, "b": branches.anna, **link}),
                           ("links", {"a": branches.anna, "b": handle, **link}),
                           ("links/end", {"a": handle, "b": branches.anna}),
                           ("links/withdraw", {"identity": handle, "purposes": ["CustomerCare"]}),
                           ("links/regrant", {"identity": handle, "purposes": ["CustomerCare"]})):
            told.append(session.post(f"{url}/api/v1/{path}", json=body, timeout=20))
        return [(answer.status_code, answer.json()["code"], answer.json()["detail"], answer.json().get("errors"))
                for answer in told]

    nobody = problems("eu-zzzz")
    assert {answer[:2] for answer in nobody} == {(404, "customer_unknown")}
    assert problems(branches.zita) == nobody
    assert problems(branches.browser) == nobody


def test_sums_and_sources_are_those_of_the_unit(branches):
    session = branches.ask("experience_manager", "south")
    read = lambda path, **query: session.get(branches.server.url + path, params=query, timeout=20)  # noqa: E731
    assert [source["id"] for source in read("/api/v1/sources").json()["items"]] == ["till-munich"]
    assert read("/api/v1/sources", limit=1).json()["next"] is None
    assert {row["source"] for row in read("/api/v1/events/totals").json()["items"]} == {"till-munich"}
    assert {row["source"] for row in read("/api/v1/events/days", days=400).json()["items"]} == {"till-munich"}
    for path in ("/api/v1/sources/till-hamburg", "/api/v1/sources/till-hamburg/live"):
        there, not_there = read(path), read(path.replace("till-hamburg", "nobody"))
        assert (there.status_code, there.json()["code"]) == (not_there.status_code, not_there.json()["code"])
        assert there.status_code == 404
    assert read("/api/v1/events/totals", source="crm-head").json() | {"instance": 0, "trace_id": 0} == \
        read("/api/v1/events/totals", source="nobody").json() | {"instance": 0, "trace_id": 0}
    assert read("/api/v1/customers/countries", source="till-munich").status_code == 200
    assert read("/api/v1/customers/countries", source="till-hamburg").status_code == 404


def test_a_branch_sees_its_part_of_a_shared_customer(branches):
    session = branches.ask("agent")
    page = session.get(f"{branches.server.url}/api/v1/customers/{branches.anna}", timeout=20).json()
    assert page["counters"]["orders"] == 5 and page["counters"]["events"] == 6
    traits = {trait["name"]: trait["value"] for trait in page["traits"]}
    assert traits == {"name": "Anna Vogel", "email": "anna@example.org"}
    assert {trait["identity"] for trait in page["traits"]} == {branches.anna}
    assert [source["id"] for source in page["sources"]] == ["till-munich"], "of others not even that they are there"
    assert len(page["identities"]) == 1
    assert {key["value"] for key in page["identities"][0]["keys"]} == {"anna", "anna@example.org"}
    found = session.post(f"{branches.server.url}/api/v1/customers/search", json={"order": "M-3"}, timeout=20).json()
    assert [item["id"] for item in found["items"]] == [branches.anna]
    # Region and company see more of the same.
    whole = branches.server.read(f"/api/v1/customers/{branches.anna}")
    assert whole["counters"]["orders"] == 6


def test_units_are_given_changed_and_checked(branches):
    admin, url = branches.server.session, branches.server.url

    def add(role, unit):
        return admin.post(url + "/api/v1/staff", timeout=20, json={
            "login": f"{role}-{time.time_ns()}", "display_name": "X", "role": role, "unit": unit,
            "password": "correct-horse-battery"})

    for role, unit in (("admin", "south"), ("operator", "south"), ("data_protection_officer", "a/b"), ("broker", ""),
                       ("agent", "South"), ("agent", "a//b"), ("agent", "/a"), ("agent", "a/b/c/d/e/f"),
                       ("agent", "a" * 41)):
        answer = add(role, unit)
        assert answer.status_code == 400, (role, unit)
        assert answer.json()["errors"][0]["pointer"] == "/unit", (role, unit, answer.text)
    answer = admin.post(url + "/api/v1/tokens", timeout=20, json={
        "name": "feed", "role": "integration", "unit": "south", "purposes": ["CustomerCare"]})
    assert answer.status_code == 400 and answer.json()["errors"][0]["pointer"] == "/unit"
    member = add("agent", "south/munich").json()
    assert member["unit"] == "south/munich"
    role = lambda **body: admin.put(f"{url}/api/v1/staff/{member['id']}/role", json=body, timeout=20)  # noqa: E731
    assert role(role="supervisor").json()["unit"] == "south/munich", "what is not said stays"
    assert role(role="admin").json()["errors"][0]["pointer"] == "/unit"
    assert role(role="sales", unit="north").json()["unit"] == "north"
    assert role(role="sales", unit="").json()["unit"] == ""
    assert role(role="broker").json()["errors"][0]["pointer"] == "/unit"
    refused = branches.house.run("token", "add", "--role", "broker", "--name", "b", check=False)
    assert refused.returncode == 1 and "unit" in refused.stderr


def test_a_change_of_unit_holds_for_the_session_that_is_open(branches):
    admin, url = branches.server.session, branches.server.url
    member = admin.post(url + "/api/v1/staff", timeout=20, json={
        "login": "moves", "display_name": "M", "role": "agent", "password": "correct-horse-battery"}).json()
    browser = requests.Session()
    opened = browser.post(url + "/api/v1/session", timeout=20,
                          json={"login": "moves", "password": "correct-horse-battery"})
    browser.headers["Cookie"] = opened.headers["Set-Cookie"].split(";")[0]
    assert browser.get(f"{url}/api/v1/customers/{branches.zita}", timeout=20).status_code == 200
    admin.put(f"{url}/api/v1/staff/{member['id']}/role", json={"role": "agent", "unit": "south"}, timeout=20)
    assert browser.get(f"{url}/api/v1/customers/{branches.zita}", timeout=20).status_code == 404
    assert browser.get(f"{url}/api/v1/session", timeout=20).json()["member"]["unit"] == "south"


def test_a_source_changes_its_unit(branches):
    branches.house.run("source", "add", "--id", "pop-up", "--touchpoint", "pop-up", "--purpose", "CustomerCare",
                       "--unit", "south/ulm")
    manager = branches.ask("experience_manager", "south/munich")
    path = branches.server.url + "/api/v1/sources/pop-up"
    wait_until(lambda: branches.server.get("/api/v1/sources/pop-up").status_code == 200)
    assert manager.get(path, timeout=20).status_code == 404
    changed = branches.server.session.put(path + "/unit", json={"unit": "south/munich/fair"}, timeout=20)
    assert changed.json()["unit"] == "south/munich/fair"
    assert manager.get(path, timeout=20).status_code == 200
    wrong = branches.server.session.put(path + "/unit", json={"unit": "South"}, timeout=20)
    assert wrong.status_code == 400 and wrong.json()["errors"][0]["pointer"] == "/unit"
    assert branches.house.json("source", "unit", "--id", "pop-up", "--unit", "")["unit"] == ""
    assert manager.get(path, timeout=20).status_code == 404


def test_who_watches_a_source_is_told_nothing_once_it_is_another_units(branches):
    branches.house.run("source", "add", "--id", "kiosk", "--touchpoint", "kiosk", "--purpose", "CustomerCare",
                       "--unit", "south/munich")
    wait_until(lambda: branches.server.get("/api/v1/sources/kiosk").status_code == 200)
    url = branches.server.url + "/api/v1/sources/kiosk"
    with branches.ask("experience_manager").get(url + "/live", stream=True, timeout=30) as stream:
        lines = stream.iter_lines(chunk_size=1)
        assert next(line for line in lines if line.startswith(b"event:")) == b"event: watching"
        branches.server.session.put(url + "/unit", json={"unit": "north"}, timeout=20).raise_for_status()
        assert next(line for line in lines if line.startswith(b"event:")) == b"event: over"


def test_every_role_is_known_here():
    roles = {role for role in load()["components"]["schemas"]["Role"]["enum"]}
    assert roles - set(ROLES) == {"admin", "operator", "data_protection_officer", "integration"}
