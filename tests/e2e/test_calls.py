"""Notes of calls: on the way of every other event, by whom is in the audit alone."""

import hashlib
import uuid

import pytest
import requests

from byte_scan import scan
from harness import House, Server, event, now

NOTE = {"direction": "inbound", "verification": "callback", "summary": "Asked where her lantern is"}
CARE = "CustomerCare:A6-1-b"
ORDERS = "CustomerOrderManagement:A6-1-b"


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.close()


def note(server: Server, body: dict, role: str = "agent", key: str | None = None) -> requests.Response:
    headers = {"Authorization": f"Bearer {server.house.token(role)}"}
    if key:
        headers["Idempotency-Key"] = key
    return requests.post(f"{server.url}/api/v1/calls", json={**NOTE, **body}, headers=headers, timeout=20)


def noted(server: Server, customer: str) -> list[dict]:
    return [item for item in server.timeline_of(customer) if item["event"] == "Phone Call Noted"]


def anna(server: Server, source, user: str = "anna") -> str:
    server.sender(source).store(event("identify", user, traits={"email": f"{user}@example.org"}))
    return server.customers(f"user_id:{user}")[0]["id"]


def test_note_stands_in_the_timeline_and_names_the_team_alone(house):
    shop = house.add_source("shop", purposes=(ORDERS, CARE))
    house.add_source("phone", touchpoint="phone", purposes=(CARE,))
    with house.serve() as server:
        customer = anna(server, shop)
        at = now(600)
        answer = note(server, {"customer": customer, "at": at})
        assert answer.status_code == 201, answer.text
        [seen] = noted(server, customer)
        assert seen["properties"] == {**NOTE, "team": "agent"}
        assert (seen["touchpoint"], seen["source"], seen["identity"]) == ("phone", "phone", customer)
        assert seen["occurred_at"][:19] == at[:19]
        assert seen["purposes"] == ["CustomerCare"]
        [entry] = [entry for entry in server.read("/api/v1/audit")["items"] if entry["operation"] == "noteCall"]
        assert entry["principal"].startswith("token:")
        assert entry["target"] == f"call:{answer.json()['id']} customer:{customer}"
        assert "token:" not in str(seen), "who noted it is in the audit alone"
        uses = server.read(f"/api/v1/customers/{customer}/uses")["items"]
        assert ("noteCall", "agent") in {(use["operation"], use["role"]) for use in uses}
        assert len(server.read(f"/api/v1/customers/{customer}")["identities"]) == 1, "a note makes nobody new"


def test_retry_notes_once_and_another_note_is_another(house):
    shop = house.add_source("shop", purposes=(ORDERS, CARE))
    house.add_source("phone", touchpoint="phone", purposes=(CARE,))
    with house.serve() as server:
        customer = anna(server, shop)
        key = uuid.uuid4().hex
        first, second = (note(server, {"customer": customer, "at": now(60)[:19] + "Z"}, key=key) for _ in range(2))
        if second.status_code == 201:
            assert second.json() == first.json()
        assert len(noted(server, customer)) == 1
        entry = next(entry for entry in server.read("/api/v1/audit")["items"] if entry["operation"] == "noteCall")
        guess = hashlib.blake2b(f"call|{entry['principal']}|{key}".encode(), digest_size=32).hexdigest()
        assert not guess.startswith(first.json()["id"]), "who reads the id can't try out who noted the call"
        assert note(server, {"customer": customer}).status_code == 201
        assert len(noted(server, customer)) == 2


def test_note_outlives_a_kill_and_is_plain_nowhere(house):
    shop = house.add_source("shop", purposes=(ORDERS, CARE))
    house.add_source("phone", touchpoint="phone", purposes=(CARE,))
    secret = "xylophonspieler-" + uuid.uuid4().hex
    with house.serve() as server:
        customer = anna(server, shop)
        assert note(server, {"customer": customer, "summary": secret}, key="k1").status_code == 201
        server.kill()
    with house.serve() as server:
        assert [item["properties"]["summary"] for item in noted(server, customer)] == [secret]
    assert not scan([house.root], {"note": secret})


def test_unknown_number_is_kept_with_the_note_and_found_by_it(house):
    house.add_source("hotline", touchpoint="hotline", purposes=(CARE,))
    with house.serve() as server:
        assert server.customers("phone:+4915123456780") == []
        assert note(server, {"phone": "0151 23456780"}).status_code == 201
        [found] = server.customers("phone:+4915123456780")
        assert len(noted(server, found["id"])) == 1
        for number in ("112", "110", "+49 116117"):
            nobodys = note(server, {"phone": number})
            assert (nobodys.status_code, nobodys.json()["code"]) == (400, "phone_short"), number
            assert nobodys.json()["errors"][0]["pointer"] == "/phone"
            looked_up = server.session.post(f"{server.url}/api/v1/customers/search", json={"key": f"phone:{number}"},
                                            timeout=20)
            assert (looked_up.status_code, looked_up.json()["code"]) == (400, "phone_short"), number
        refused = note(server, {"phone": "anonymous"})
        assert refused.status_code == 400 and refused.json()["errors"][0]["pointer"] == "/phone"
        audit = server.read("/api/v1/audit")["items"]
        assert "4915123456780" not in str(audit), "the audit names nobody's number"


def test_source_is_declared_for_it_or_the_way_out_is_told(house):
    shop = house.add_source("shop", purposes=(ORDERS, CARE))
    house.add_source("by-consent", touchpoint="phone", purposes=("CustomerCare:A6-1-a",))
    house.add_source("in-pages", touchpoint="phone", purposes=(CARE,), trust="public")
    house.add_source("for-orders", touchpoint="hotline", purposes=(ORDERS,))
    with house.serve() as server:
        customer = anna(server, shop)
        none = note(server, {"customer": customer})
        assert (none.status_code, none.json()["code"]) == (409, "call_source_missing")
        assert "touchpoint phone" in none.json()["detail"]
        assert server.read("/api/v1/calls/sources")["items"] == []
        for name in ("calls", "other-calls"):
            house.add_source(name, touchpoint="phone", purposes=(CARE,))
        assert {one["id"] for one in server.read("/api/v1/calls/sources")["items"]} == {"calls", "other-calls"}
        both = note(server, {"customer": customer})
        assert (both.status_code, both.json()["code"]) == (409, "call_source_ambiguous")
        assert note(server, {"customer": customer, "source": "calls"}).status_code == 201
        assert note(server, {"customer": customer, "source": "shop"}).json()["errors"][0]["pointer"] == "/source"
        plan = server.session.put(f"{server.url}/api/v1/sources/calls/plan", json={"events": {"Called": ["topic"]}},
                                  timeout=10)
        assert plan.ok, plan.text
        assert note(server, {"customer": customer}).json()["source"] == "other-calls", "a plan without it takes none"


@pytest.mark.parametrize(("body", "pointer"), [
    ({"summary": " \n"}, "/summary"), ({"summary": "\u00a0\u200b\u3000"}, "/summary"),
    ({"summary": "x" * 4001}, "/summary"), ({"direction": "sideways"}, "/direction"),
    ({"verification": "felt right"}, "/verification"), ({"at": "2020-01-01T00:00:00Z"}, "/at"),
    ({"at": "2100-01-01T00:00:00Z"}, "/at"), ({"phone": "+4915123456789"}, "/customer")])
def test_what_is_wrong_is_named(running, body, pointer):
    if not running.read("/api/v1/calls/sources")["items"]:
        running.house.add_source("notes", touchpoint="phone", purposes=(CARE,))
    answer = note(running, {"customer": "eu-1", **body})
    assert answer.status_code == 400, answer.text
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}


def test_role_without_customers_notes_nothing(house):
    shop = house.add_source("shop", purposes=(ORDERS, CARE))
    house.add_source("phone", touchpoint="phone", purposes=(CARE,))
    with house.serve() as server:
        customer = anna(server, shop)
        for role in ("operator", "executive", "marketer"):
            assert note(server, {"customer": customer}, role=role).status_code == 403, role
        assert note(server, {"customer": "eu-999999"}).status_code == 404
        assert noted(server, customer) == []


def test_customer_of_whom_only_marketing_is_stored_is_not_the_agents(house):
    letters = house.add_source("letters", purposes=("DirectMarketing:A6-1-f",))
    house.add_source("phone", touchpoint="phone", purposes=(CARE,))
    with house.serve() as server:
        server.assess("DirectMarketing")
        customer = anna(server, letters, "otto")
        answer = note(server, {"customer": customer})
        assert (answer.status_code, answer.json()["code"]) == (403, "use_denied")
        assert noted(server, customer) == []


def test_who_is_limited_to_a_unit_notes_with_its_sources_and_of_its_customers(house):
    north = house.add_source("north-shop", purposes=(ORDERS, CARE), more=("--unit", "north"))
    south = house.add_source("south-shop", purposes=(ORDERS, CARE), more=("--unit", "south"))
    house.add_source("north-phone", touchpoint="phone", purposes=(CARE,), more=("--unit", "north"))
    house.add_source("south-phone", touchpoint="phone", purposes=(CARE,), more=("--unit", "south"))
    token = house.json("token", "add", "--role", "agent", "--name", "south", "--unit", "south")["token"]
    with house.serve() as server:
        theirs, others = anna(server, south, "sue"), anna(server, north, "nora")
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {token}"

        def limited(customer: str, **more) -> requests.Response:
            return session.post(f"{server.url}/api/v1/calls", json={**NOTE, "customer": customer, **more}, timeout=20)

        answer = limited(theirs)
        assert (answer.status_code, answer.json().get("source")) == (201, "south-phone"), answer.text
        assert limited(others).status_code == 404
        assert limited(theirs, source="north-phone").status_code == 400
        listed = session.get(f"{server.url}/api/v1/calls/sources", timeout=10).json()["items"]
        assert [one["id"] for one in listed] == ["south-phone"]
        assert len(noted(server, theirs)) == 1 and noted(server, others) == []
