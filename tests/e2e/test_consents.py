"""What people said, taken down by staff: what holds follows from all of it, and goes where the person goes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import requests

from harness import Server, event, wait_until

LETTER = {"id": "newsletter"}


@pytest.fixture(scope="module")
def company(running) -> Server:
    prepare(running)
    return running


def prepare(server: Server):
    draft = {
        "purposes": ["DirectMarketing"], "channels": ["email", "phone"], "explicit_consent": False,
        "names_recipients": False, "quiet_hours": False, "validity": "2 years",
        "texts": [{"language": language, "title": title, "text": "Once a month.", "declaration": title + "!",
                   "withdrawal": "One word is enough."} for language, title in (("de", "Rundbrief"), ("en", "Letter"))]}
    publish(server, "newsletter", draft)


def publish(server: Server, notice: str, draft: dict) -> dict:
    answer = server.session.put(f"{server.url}/api/v1/notices/{notice}/draft", json=draft, timeout=10)
    assert answer.ok, answer.text
    drafted = answer.json()
    answer = server.session.post(f"{server.url}/api/v1/notices/{notice}/versions/{drafted['version']}/publish",
                                 json={"hash": drafted["hash"]}, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def person(server: Server, name: str, **more) -> str:
    server.send.store(event("identify", name, traits={"email": f"{name}@example.org", "name": name.title(), **more}))
    return server.customers(f"user_id:{name}")[0]["id"]


def say(server: Server, customer: str, act: str, *, channel: str = "email", **more) -> dict:
    yes = act in ("given", "renewed")
    body = {"act": act, "purpose": "DirectMarketing", "channel": channel, "way": "phone",
            **({"notice": LETTER, "evidence": "Aufzeichnung 4711"} if yes else {}), **more}
    body = {key: value for key, value in body.items() if value is not None}
    answer = server.session.post(f"{server.url}/api/v1/customers/{customer}/consents", json=body, timeout=10)
    assert answer.status_code == 201, answer.text
    return answer.json()


def consents(server: Server, customer: str) -> dict:
    return server.read(f"/api/v1/customers/{customer}/consents")


def state(server: Server, customer: str, channel: str = "email") -> dict:
    return next(each for each in consents(server, customer)["states"]
                if (each["purpose"], each["channel"]) == ("DirectMarketing", channel))


def test_nothing_said_is_no_and_says_what_would_change_it(company):
    anna = person(company, "anna")
    before = state(company, anna)
    assert (before["state"], before["spoken_of"], before["ruling"]["decision"]) == ("unknown", False, "deny")
    assert before["ruling"]["law"] and any(remedy["name"] for remedy in before["ruling"]["remedies"])
    assert consents(company, anna)["history"] == []


def test_yes_is_kept_with_what_was_agreed_to_and_a_no_ends_it(company):
    berta = person(company, "berta")
    said = say(company, berta, "given", address="Berta@Example.org")
    assert said["address"] == "berta@example.org"
    assert said["declaration"].startswith("Rundbrief") and said["evidence"] == "Aufzeichnung 4711"
    assert said["notice"]["version"] == 1 and said["strength"] == "stated"
    assert said["expires_at"] > said["said_at"]
    assert state(company, berta)["state"] == "given"
    receipt = company.read(f"/api/v1/consents/{said['id']}/receipt")
    assert receipt["schema_version"] == "ISO/IEC TS 27560:2023"
    assert receipt["events"][0]["event_state"].endswith("#ConsentGiven")
    assert receipt["processing"]["privacy_notice"]["hash"] == said["notice"]["hash"]
    say(company, berta, "withdrawn", address="berta@example.org")
    after = state(company, berta)
    assert (after["state"], after["act"], after["ruling"]["decision"]) == ("refused", "withdrawn", "deny")
    assert [each["act"] for each in consents(company, berta)["history"]] == ["withdrawn", "given"]


def test_no_that_was_said_first_stays_a_no_for_a_yes_that_arrives_later(company):
    clara = person(company, "clara")
    say(company, clara, "withdrawn", address="clara@example.org")
    say(company, clara, "given", address="clara@example.org", said_at="2026-01-05T10:00:00Z", notice=None,
        declaration="Ja, gerne.")
    assert state(company, clara)["state"] == "refused"


def test_after_a_no_it_is_said_until_when_nobody_asks_them(company):
    said = (datetime.now(UTC).replace(day=1) - timedelta(days=40)).replace(day=1)
    paused = person(company, "paula")
    assert state(company, paused)["ask_again_at"] is None
    say(company, paused, "refused", said_at=said.strftime("%Y-%m-%dT10:00:00Z"))
    assert state(company, paused)["ask_again_at"] == said.replace(year=said.year + 1).strftime("%Y-%m-%dT10:00:00.000Z")
    assert state(company, paused, "phone")["ask_again_at"] is None, "that was not asked"
    say(company, paused, "given", address="paula@example.org")  # by themselves: nobody had to ask
    assert state(company, paused)["state"] == "given" and state(company, paused)["ask_again_at"] is None
    over = person(company, "pavel")
    say(company, over, "refused", said_at=said.replace(year=said.year - 2).strftime("%Y-%m-%dT10:00:00Z"))
    assert state(company, over)["state"] == "refused" and state(company, over)["ask_again_at"] is None


def test_objection_of_the_person_holds_for_every_channel(company):
    dora = person(company, "dora")
    say(company, dora, "given", address="dora@example.org")
    say(company, dora, "objected", channel="none")
    assert state(company, dora)["state"] == "refused"
    assert state(company, dora, "post")["state"] == "refused"


@pytest.mark.parametrize(("wrong", "field"), [
    ({"act": "requested"}, "/act"), ({"act": "expired"}, "/act"), ({"purpose": "Spam"}, "/purpose"),
    ({"channel": "fax"}, "/channel"), ({"way": "imported"}, "/way"), ({"strength": "confirmed"}, "/strength"),
    ({"address": "nobody"}, "/address"), ({"address": None}, "/address"), ({"evidence": None}, "/evidence"),
    ({"said_at": "2099-01-01T00:00:00Z"}, "/said_at"), ({"said_at": "yesterday"}, "/said_at"),
    ({"notice": None}, "/declaration"), ({"language": "fr"}, None), ({"identity": "eu-1"}, "/identity"),
    ({"channel": "none"}, "/address"), ({"notice": {"id": "newsletter", "version": 9}}, None),
    ({"purpose": "SatisfactionSurvey"}, "/notice"), ({"said_at": "2020-01-01T00:00:00Z"}, "/said_at")])
def test_what_is_wrong_is_named(company, wrong, field):
    emil = person(company, "emil")
    body = {"act": "given", "purpose": "DirectMarketing", "channel": "email", "way": "phone", "notice": LETTER,
            "evidence": "note", "address": "emil@example.org", **wrong}
    body = {key: value for key, value in body.items() if value is not None}
    answer = company.session.post(f"{company.url}/api/v1/customers/{emil}/consents", json=body, timeout=10)
    if wrong == {"language": "fr"}:
        assert answer.status_code == 201, "what was shown was English"
        assert answer.json()["language"] == "en"
        return
    assert answer.status_code in (400, 404), answer.text
    if field:
        assert field in {each["pointer"] for each in answer.json()["errors"]}, answer.text


def test_receipts_are_for_those_who_may_look(company):
    frida = person(company, "frida")
    said = say(company, frida, "given", address="frida@example.org")
    for wrong in ("eu-c999999", "xx-c1", "eu-1", "eu-c-1", "eu-c", "eu-c1x"):
        answer = company.session.get(f"{company.url}/api/v1/consents/{wrong}/receipt", timeout=10)
        assert answer.status_code == 404, answer.text
    token = company.house.token("executive")
    answer = requests.get(f"{company.url}/api/v1/consents/{said['id']}/receipt", timeout=10,
                          headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


def test_looking_and_taking_down_are_in_the_ledger(company):
    gerda = person(company, "gerda")
    say(company, gerda, "given", address="gerda@example.org")
    consents(company, gerda)
    used = {entry["operation"] for entry in company.read(f"/api/v1/customers/{gerda}/uses")["items"]}
    assert {"recordConsent", "listConsents"} <= used


def test_many_at_once_are_all_kept(company):
    hanna = person(company, "hanna")
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda each: say(company, hanna, "given" if each % 2 else "withdrawn",
                                              address="hanna@example.org", declaration=f"No. {each}"), range(24)))
    assert len({each["id"] for each in done}) == 24
    assert len(consents(company, hanna)["history"]) == 24


def test_statements_survive_a_kill_and_move_along(make_house, storage):
    house = make_house(storage + "[security]\nfour_eyes = false\n")
    source = house.add_source("shop")
    with house.serve() as server:
        server.send = server.sender(source)
        prepare(server)
        ida = person(server, "ida", address={"country": "DE"})
        say(server, ida, "given", address="ida@example.org")
        say(server, ida, "withdrawn", channel="phone")
        server.kill()
    with house.serve() as server:
        assert len(consents(server, ida)["history"]) == 2
        moved = server.session.post(f"{server.url}/api/v1/customers/{ida}/move", timeout=30, json={
            "region": "uk", "country": "GB", "purpose": "RightsFulfilment"})
        assert moved.status_code == 202, moved.text
        move = f"/api/v1/moves/{moved.json()['id']}"
        wait_until(lambda: server.read(move)["state"] in ("moved", "done"), 60, "the move")
        after = consents(server, ida)
        assert after["customer"] == server.read(move)["now"] and after["customer"].startswith("uk-")
        assert [each["act"] for each in after["history"]] == ["withdrawn", "given"]
        assert after["history"][1]["evidence"] == "Aufzeichnung 4711"
        assert state(server, ida)["state"] == "given"
        assert state(server, ida)["country"] == "GB"


def test_nothing_of_it_lies_open(company):
    jana = person(company, "jana")
    said = say(company, jana, "given", address="jana.kanarienvogel@example.org", declaration="Kanarienvogelzwitschern",
               evidence="Zettel unter dem Käfig")
    assert said["address"] == "jana.kanarienvogel@example.org"
    for path in company.house.data.rglob("*"):
        if path.is_file():
            content = path.read_bytes().lower()
            assert b"kanarienvogel" not in content and "käfig".encode() not in content, path


def search(server: Server, **query) -> list[dict]:
    return list(server.pages("/api/v1/consents", **query))


def test_statements_are_searched_over_everybody_and_each_shown_can_read_so(company):
    wanda, wilma = person(company, "wanda"), person(company, "wilma")
    yes = say(company, wanda, "given", address="wanda@example.org")
    no = say(company, wilma, "withdrawn", channel="phone")
    uses = len(company.read(f"/api/v1/customers/{wilma}/uses")["items"])
    found = search(company, about="DirectMarketing", act="withdrawn", channel="phone", limit=1)
    assert no["id"] in [each["id"] for each in found] and all(each["act"] == "withdrawn" for each in found)
    assert [each["customer"] for each in found if each["id"] == no["id"]] == [wilma]
    assert not {"address", "declaration", "evidence"} & set(found[0])
    seen = company.read(f"/api/v1/customers/{wilma}/uses")["items"]
    assert len(seen) > uses + 1, "the search, and the look at the uses before it"
    under = search(company, notice="newsletter", version=1, **{"from": yes["said_at"]})
    assert yes["id"] in [each["id"] for each in under]
    assert search(company, notice="newsletter", version=9) == []
    assert search(company, until="2001-01-01T00:00:00Z") == []


@pytest.mark.parametrize("query, field", [
    ({"act": "maybe"}, "act"), ({"about": "Everything"}, "about"), ({"channel": "smoke"}, "channel"),
    ({"way": "dream"}, "way"), ({"version": "2"}, "notice"), ({"from": "yesterday"}, "from"),
    ({"from": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "until")])
def test_what_a_search_does_not_understand_is_named(company, query, field):
    answer = company.session.get(f"{company.url}/api/v1/consents", params=query, timeout=10)
    assert answer.status_code == 400, answer.text
    assert field in str(answer.json()["errors"])


def test_people_whom_a_test_made_up_are_apart(company):
    trial = company.house.add_source("trial", more=("--mode", "test"))
    company.sender(trial).store(event("identify", "tilda", traits={"email": "tilda@example.org"}))
    tilda = company.read("/api/v1/customers", key="user_id:tilda", mode="test")["items"][0]["id"]
    said = say(company, tilda, "objected", channel="none", way="paper")
    assert said["id"] not in [each["id"] for each in search(company, way="paper")]
    assert [each["id"] for each in search(company, way="paper", mode="test")] == [said["id"]]


def test_a_cursor_of_another_search_is_refused(company):
    for name in ("xenia", "xaver"):
        say(company, person(company, name), "refused", channel="none")
    page = company.read("/api/v1/consents", limit=1)
    answer = company.session.get(f"{company.url}/api/v1/consents", timeout=10,
                                 params={"cursor": page["next"], "act": "given"})
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")


def test_a_yes_without_proof_takes_back_no_objection(company):
    viola = person(company, "viola")
    say(company, viola, "objected", address="viola@example.org")
    said = ('{"key_kind": "user_id", "key": "viola", "act": "given", "purpose": "DirectMarketing", "channel": "email", '
            '"address": "viola@example.org", "said_at": "%s"}')
    later = consents(company, viola)["history"][0]["recorded_at"]
    taken = company.session.post(f"{company.url}/api/v1/consents/import", timeout=10,
                                 json={"source": "shop", "format": "jsonl", "text": said % later})
    assert taken.ok and taken.json()["proof_gaps"] == 1, taken.text
    assert state(company, viola)["state"] == "refused"
    assert len(consents(company, viola)["history"]) == 2
