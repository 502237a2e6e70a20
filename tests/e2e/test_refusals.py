"""What people refuse is not stored of them any more, whoever says what of their consent; and what they say to a banner
is taken down."""

import json
import uuid
from datetime import datetime, timezone

import pytest

from harness import Server, event

ANALYTICS = "ServiceUsageAnalytics"
YES, NO = ({"consent": {"categoryPreferences": {"statistics": answer}}} for answer in (True, False))


@pytest.fixture
def served(make_house, storage):
    """A shop that counts by consent, over a public page and its own server, on both kinds of storage."""
    house = make_house(storage)
    category = ("--consent-category", f"statistics={ANALYTICS}", "--namespace", "shop")
    with house.serve() as server:
        page = house.add_source("page", purposes=(ANALYTICS,), trust="public", more=category)
        backend = house.add_source("backend", purposes=(ANALYTICS, "CustomerOrderManagement:A6-1-b"), more=category)
        server.page, server.backend = server.sender(page), server.sender(backend)
        yield server


def views(server: Server, key: str) -> list[str]:
    return [item["event"] for item in reversed(server.timeline(key))]


def view(name: str, user: str | None = None, context: dict = YES, **fields) -> dict:
    return event("track", user, event=name, context=context, **fields)


def say(server: Server, key: str, act: str, **more):
    customer = server.customers(key)[0]["id"]
    body = {"act": act, "purpose": ANALYTICS, "channel": "none", "way": "phone", **more}
    answer = server.session.post(f"{server.url}/api/v1/customers/{customer}/consents", json=body, timeout=10)
    assert answer.status_code == 201, answer.text


def said(server: Server, key: str) -> list[str]:
    customer = server.customers(key)[0]["id"]
    history = server.read(f"/api/v1/customers/{customer}/consents")["history"]
    return [f"{each['purpose']} {each['act']} {each['way']}" for each in reversed(history)]


def test_a_no_outweighs_what_the_source_goes_on_to_say(served):
    served.backend.store(view("before", "u1"))
    say(served, "user_id:u1", "withdrawn")
    served.backend.store(view("after", "u1"))
    [before, after] = reversed(served.timeline("user_id:u1"))
    assert ANALYTICS in before["purposes"]
    assert after["purposes"] == ["CustomerOrderManagement"], "what rests on the contract stays"
    say(served, "user_id:u1", "given", declaration="Ja, zählt mich.", evidence="recording 4711")
    served.backend.store(view("again", "u1"))
    assert ANALYTICS in served.timeline("user_id:u1")[0]["purposes"]


def test_a_no_said_to_a_banner_ends_the_storing_of_that_browser(served):
    browser = str(uuid.uuid4())
    key = f"anonymous_id:{browser}"
    answer = {"event": "Consent Preference Updated", "anonymousId": browser}
    served.page.store(event("track", context=YES, **answer), view("first", anonymousId=browser))
    assert said(served, key) == [f"{ANALYTICS} given banner"]
    served.page.store(event("track", context=NO, **answer))
    served.page.store(view("forged", anonymousId=browser))
    assert views(served, key) == ["Consent Preference Updated", "first"]
    assert said(served, key) == [f"{ANALYTICS} given banner", f"{ANALYTICS} withdrawn banner"]


def test_a_no_of_a_stranger_makes_nobody_known(served):
    browser = str(uuid.uuid4())
    served.page.store(event("track", event="Consent Preference Updated", anonymousId=browser, context=NO))
    assert served.customers(f"anonymous_id:{browser}") == []


def test_nobody_withdraws_for_another_with_a_public_key(served):
    served.backend.store(view("first", "u2"))
    served.page.store(event("track", "u2", event="Consent Preference Updated", context=NO))
    assert said(served, "user_id:u2") == []
    served.backend.store(view("second", "u2"))
    assert ANALYTICS in served.timeline("user_id:u2")[0]["purposes"]


def test_a_signal_of_the_browser_is_an_objection_taken_down_once(served):
    for name in ("one", "two"):
        sent = served.backend.post("/v1/track", view(name, "u3"), headers={"Sec-GPC": "1"})
        assert sent.ok, sent.text
    signals = [each for each in said(served, "user_id:u3") if each.endswith("objected browser_signal")]
    assert len(signals) == len(set(signals)) == 2


def test_special_categories_come_in_only_with_an_explicit_consent_on_record(served):
    house = served.house
    watch = house.add_source("watch", purposes=("ServicePersonalisation",),
                             more=("--namespace", "shop", "--data-category", "special"))
    assert served.read("/api/v1/sources/watch")["data_categories"] == ["special"]
    served.watch = served.sender(watch)
    yes = {"consent": {"categoryPreferences": {"ServicePersonalisation": True}}}
    served.watch.store(view("Run Finished", "u1", yes))
    assert served.customers("user_id:u1") == [], "nobody becomes known by what is refused"
    line = {"key_kind": "user_id", "key": "u1", "act": "given", "purpose": "ServicePersonalisation", "channel": "none",
            "said_at": "2026-01-02T08:00:00Z", "declaration": "Ja, wertet meine Läufe aus.", "evidence": "form 12",
            "explicit": True}
    bring(served, line)
    served.watch.store(view("Swim Finished", "u1", yes))
    assert views(served, "user_id:u1") == ["Swim Finished"]
    say(served, "user_id:u1", "withdrawn", purpose="ServicePersonalisation")
    served.watch.store(view("Ride Finished", "u1", yes))
    assert views(served, "user_id:u1") == [], "what was stored is withheld from then on"
    bring(served, line | {"said_at": datetime.now(timezone.utc).isoformat(), "evidence": "form 13"})
    assert views(served, "user_id:u1") == ["Swim Finished"], "the ride came without leave"


def bring(served: Server, line: dict):
    brought = served.session.post(f"{served.url}/api/v1/consents/import", timeout=10,
                                  json={"source": "watch", "format": "jsonl", "text": json.dumps(line)})
    assert brought.ok and brought.json()["taken"] == 1, brought.text
