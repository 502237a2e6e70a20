"""The main job: one customer out of many identities; found by any key, shown on one page, taken apart again."""

from decimal import Decimal

import pytest
import requests

from harness import Background, Server, event, now, track


@pytest.fixture(scope="module")
def company(running) -> Server:
    """A web shop and a till with the same ids, a CRM with ids of its own, a web page whose key is public."""
    add = running.house.add_source
    running.web = running.sender(add("web", touchpoint="shop", more=("--namespace", "house")))
    running.till = running.sender(add("till", touchpoint="till", more=("--namespace", "house")))
    running.crm = running.sender(add("crm", touchpoint="hotline", purposes=("CustomerCare:A6-1-b",
                                                                           "CustomerOrderManagement:A6-1-b")))
    running.page = running.sender(add("page", touchpoint="page", trust="public", more=("--namespace", "house")))
    return running


def page_of(server: Server, key: str) -> dict:
    found = server.customers(key)
    assert len(found) == 1, found
    return server.read(f"/api/v1/customers/{found[0]['id']}")


def test_what_one_source_tells_of_two_who_were_joined_stays_apart(company):
    company.web.store(event("identify", "joined-1", traits={"name": "Ida Sommer"}),
                      event("identify", "joined-2", traits={"name": "Ole Winter"}))
    one, two = (company.customers(f"user_id:{user}")[0]["id"] for user in ("joined-1", "joined-2"))
    ends = {"a": one, "b": two}
    linked = company.session.post(f"{company.url}/api/v1/links", timeout=20, json={
        **ends, "basis": "A6-1-b", "purposes": ["CustomerOrderManagement"]})
    assert linked.status_code == 204, linked.text
    page = page_of(company, "user_id:joined-1")
    assert {trait["identity"]: trait["value"] for trait in page["traits"]} == {one: "Ida Sommer", two: "Ole Winter"}


def handles(server: Server, *keys: str) -> set[str]:
    return {customer["id"] for key in keys for customer in server.customers(key)}


def test_one_customer_of_web_shop_till_and_hotline(company):
    """The shop and the till share ids; the CRM has its own, and the confirmed address shows who it is."""
    anna = {"email": "Anna.Weiß@Example.ORG", "phone": "0151 23456789", "firstName": "Anna"}
    company.web.store(event("identify", "anna", anonymousId="browser-1", traits=anna),
                      track("anna", "Order Completed", revenue=20.10, currency="EUR"),
                      event("track", event="Viewed", anonymousId="browser-1"))
    company.till.store(track("anna", "Order Completed", total="5.05", currency="EUR"),
                       track("anna", "Order Cancelled", total=-5.05, currency="EUR"))
    company.crm.store(event("identify", "crm-77", traits={"email": "anna.weiß@example.org", "lastName": "Weiß"}),
                      track("crm-77", "Called"))
    keys = ("user_id:anna", "user_id:crm-77", "anonymous_id:browser-1", "email:anna.weiß@EXAMPLE.org",
            "phone:+4915123456789")
    found = {key: handles(company, key) for key in keys}
    assert len(set.union(*found.values())) == 1 and all(found.values()), found
    page = page_of(company, "user_id:anna")
    assert {identity["source"] for identity in page["identities"]} == {"web", "crm"}
    assert {source["id"]: source["touchpoint"] for source in page["sources"]} == {
        "web": "shop", "till": "till", "crm": "hotline"}
    traits = {(trait["name"], trait["source"]) for trait in page["traits"]}
    assert traits >= {("firstName", "web"), ("lastName", "crm")}
    counters = page["counters"]
    assert (counters["orders"], counters["cancellations"], counters["events"]) == (2, 1, 7)
    assert {entry["touchpoint"]: entry["events"] for entry in counters["touchpoints"]} == {
        "shop": 3, "till": 2, "hotline": 2}
    money = {entry["currency"]: entry for entry in counters["revenue"]}["EUR"]
    assert Decimal(money["ordered"]) == Decimal("25.15")
    assert abs(Decimal(money["cancelled"])) == Decimal("5.05")
    assert [item["touchpoint"] for item in company.timeline("user_id:crm-77", touchpoint="till")] == ["till", "till"]


def test_same_id_of_another_namespace_is_another_person(company):
    company.web.store(track("42", number=1))
    company.crm.store(track("42", number=2))
    assert len(company.customers("user_id:42")) == 2
    assert sorted(item["properties"]["number"] for item in company.timeline("user_id:42")) == [1, 2]


def test_claim_of_a_public_source_joins_nobody(company):
    """Whoever knows an address may type it into a page; that alone gives no sight of the other's data."""
    company.web.store(event("identify", "victim", traits={"email": "victim@example.org"}), track("victim", secret="x"))
    company.page.store(event("identify", "attacker", traits={"email": "victim@example.org"}),
                       track("attacker", number=1), event("alias", "attacker", previousId="victim"))
    assert not handles(company, "user_id:attacker") & handles(company, "user_id:victim")
    seen = company.timeline("user_id:attacker")
    assert all("secret" not in item["properties"] for item in seen)


@pytest.mark.parametrize("value", ["null", "undefined", "0", "guest", "N/A"])
def test_placeholder_is_nobody(company, value):
    answer = company.web.batch([track(value, number=1), track("somebody", number=2)])
    assert [item["index"] for item in answer.json().get("rejected", [])] == [0]


def test_shared_address_glues_no_crowd_together(company):
    people = [f"family-{number}" for number in range(60)]
    for person in people:
        company.crm.store(event("identify", person, traits={"email": "info@big-company.example"}))
    largest = max(len(page_of(company, f"user_id:{person}")["identities"]) for person in people[:5] + people[-5:])
    assert largest <= 20, f"{largest} people are one customer, only since they share an address"
    refused = company.read("/api/v1/links/refused")["items"]
    assert refused, "what was not joined is told"


def test_linked_by_staff_and_taken_apart_again(company):
    company.web.store(track("left", number=1))
    company.crm.store(track("right", number=2))
    a, b = (company.customers(f"user_id:{name}")[0]["id"] for name in ("left", "right"))
    link = {"a": a, "b": b, "basis": "A6-1-b", "purposes": ["CustomerOrderManagement"]}
    for _ in range(2):  # linking what is linked is no fault
        assert company.session.post(f"{company.url}/api/v1/links", json=link, timeout=10).status_code == 204
    assert len(handles(company, "user_id:left", "user_id:right")) == 1
    assert len(company.timeline("user_id:right")) == 2
    for _ in range(2):
        ended = company.session.post(f"{company.url}/api/v1/links/end", json={"a": a, "b": b}, timeout=10)
        assert ended.status_code == 204
    assert len(handles(company, "user_id:left", "user_id:right")) == 2
    assert [item["properties"]["number"] for item in company.timeline("user_id:right")] == [2]


def test_found_by_words_of_the_name(company):
    company.web.store(event("identify", "name-1", traits={"firstName": "Jean-Luc", "lastName": "Müller-Lüdenscheidt"}),
                      event("identify", "name-2", traits={"name": "Jean Picard"}))
    first, second = handles(company, "user_id:name-1"), handles(company, "user_id:name-2")
    for words, people in {"jean": first | second, "Jean Luc": first, "müll": first, "MÜLLER": first,
                          "picard jean": second, "Jean Müller": first, "Kirk": set(), "jean kirk": set()}.items():
        found = {customer["id"] for customer in company.customers_named(words)}
        assert found == people, words


def test_role_sees_only_what_its_purposes_allow(company):
    """Orders are kept for the order's sake: who does marketing has no business with them."""
    company.web.store(event("identify", "private", traits={"email": "private@example.org"}), track("private", number=1))
    handle = company.customers("user_id:private")[0]["id"]
    headers = {"Authorization": f"Bearer {company.house.token('marketer')}"}
    for path in ("", "/timeline"):
        answer = requests.get(f"{company.url}/api/v1/customers/{handle}{path}", headers=headers, timeout=10)
        assert answer.status_code in (403, 404), answer.text[:300]
        assert "private@example.org" not in answer.text


def test_token_of_one_region_sees_no_other(company):
    company.web.store(event("identify", "abroad", traits={"address": {"country": "US"}}), track("at-home"))
    token = company.house.json("token", "add", "--role", "agent", "--name", "eu", "--region", "eu")["token"]
    headers = {"Authorization": f"Bearer {token}"}
    for user, seen in {"at-home": 1, "abroad": 0}.items():
        found = requests.get(f"{company.url}/api/v1/customers", params={"key": f"user_id:{user}"}, headers=headers,
                             timeout=10)
        assert len(found.json().get("items", [])) == seen
    handle = company.customers("user_id:abroad")[0]["id"]
    for path in ("", "/timeline", "/uses"):
        answer = requests.get(f"{company.url}/api/v1/customers/{handle}{path}", headers=headers, timeout=10)
        assert answer.status_code in (403, 404), path


def test_every_look_is_in_the_ledger(company):
    company.web.store(track("watched"))
    handle = company.customers("user_id:watched")[0]["id"]
    before = len(company.read(f"/api/v1/customers/{handle}/uses", limit=200)["items"])
    company.read(f"/api/v1/customers/{handle}")
    company.timeline_of(handle)
    uses = company.read(f"/api/v1/customers/{handle}/uses", limit=200)["items"]
    assert {"getCustomer", "getTimeline"} <= {use["operation"] for use in uses[:len(uses) - before]}
    assert all(use["decision"] == "allow" for use in uses)


def test_paging_misses_nothing_while_events_come_in(company):
    """New events, old and future ones, may appear or not; what was there when the reading began is read once."""
    company.web.store(*[{**track("reader", number=number), "timestamp": now(5000 - number)}
                        for number in range(400)])

    def go_on():
        for number in range(400, 700):
            company.web.store({**track("reader", number=number), "timestamp": now(number * 7 % 6000)})

    writer = Background(go_on)
    for _ in range(5):
        numbers = [item["properties"]["number"] for item in company.timeline("user_id:reader", limit=13)]
        assert len(numbers) == len(set(numbers)), "an event came twice"
        assert set(range(400)) <= set(numbers), "an event was missed"
    writer.join(120)


def test_overload_is_told_and_nothing_is_lost(company):
    """More than the server holds at once: each answer is 200, or 429 or 503 with the time to wait; a retry stores."""
    batches = [[track(f"flood-{number % 20}", number=number * 2_500 + place) for place in range(2_500)]
               for number in range(24)]

    def send(batch):
        sender = company.sender(company.shop)
        for _ in range(100):
            answer = sender.batch(batch, timeout=120)
            if answer.status_code == 200:
                return
            assert answer.status_code in (429, 503), answer.text[:300]
            assert answer.headers["Retry-After"].isdigit()
        raise AssertionError("refused a hundred times")

    for sender in [Background(send, batch) for batch in batches]:
        sender.join(300)
    read = [item["properties"]["number"]
            for number in range(20) for item in company.timeline(f"user_id:flood-{number}")]
    assert sorted(read) == list(range(24 * 2_500))
