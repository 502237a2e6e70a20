"""Customers at the preference centre, over the API: codes by mail, what they see, what they say."""

import re

import pytest
import requests

from harness import Server, event, wait_until
from mail_server import MailServer
from portal import Customer, code_of, state, text_of

PURPOSES = ("CustomerCare:A6-1-b", "DirectMarketing:A6-1-a")
ANNA = "anna@example.org"


@pytest.fixture
def mail(tmp_path):
    server = MailServer(tmp_path / "mailbox")
    yield server
    server.close()


@pytest.fixture
def served(make_house, storage, mail):
    """A company with a newsletter, on both kinds of storage; `served.mail` is its mail server."""
    house = make_house(storage + mail.settings())
    house.shop = house.add_source("shop", purposes=PURPOSES)
    with house.serve() as server:
        server.mail = mail
        publish(server)
        yield server


def publish(server: Server, title: str = "Rundbrief") -> dict:
    draft = {"purposes": ["DirectMarketing"], "channels": ["email"], "validity": "2 years",
             "texts": [{"language": language, "title": title, "text": "Einmal im Monat.", "declaration": "Ja, gern.",
                        "withdrawal": "Ein Wort genügt."} for language in ("de", "en")]}
    drafted = server.session.put(f"{server.url}/api/v1/notices/letter/draft", json=draft, timeout=10)
    assert drafted.ok, drafted.text
    path = f"{server.url}/api/v1/notices/letter/versions/{drafted.json()['version']}/publish"
    published = server.session.post(path, json={"hash": drafted.json()["hash"]}, timeout=10)
    assert published.ok, published.text
    return {"id": "letter", "version": published.json()["version"]}


def known(server: Server, address: str = ANNA, user: str = "anna") -> str:
    server.sender(server.house.shop).store(event("identify", user, traits={"email": address}))
    return server.customers(f"user_id:{user}")[0]["id"]


def customer(server: Server, address: str = ANNA) -> Customer:
    return Customer(server.url, server.mail, address)


def test_somebody_agrees_and_takes_it_back(served):
    handle = known(served)
    anna = customer(served).sign_in()
    seen = anna.consents()
    assert seen["known"] and seen["address"] == ANNA and state(seen) == "unknown"
    [topic] = seen["topics"]
    notice = topic["lines"][0]["notice"]
    assert notice["declaration"] == "Ja, gern."
    shown = {"id": notice["id"], "version": notice["version"]}
    assert state(anna.say("given", shown).json()) == "given"
    # What staff see is the same.
    [line] = [one for one in served.read(f"/api/v1/customers/{handle}/consents")["states"]
              if (one["purpose"], one["channel"]) == ("DirectMarketing", "email")]
    assert (line["state"], line["strength"]) == ("given", "confirmed")
    assert state(anna.say("withdrawn").json()) == "refused"
    history = anna.consents()["history"]
    assert [said["act"] for said in history] == ["withdrawn", "given"]
    assert all(said["way"] == "preference_centre" for said in history)
    uses = served.read(f"/api/v1/customers/{handle}/uses")["items"]
    assert any(use["role"] == "customer" and use["operation"] == "listOwnConsents" for use in uses)


def test_a_receipt_is_a_page_and_a_record(served):
    known(served)
    anna = customer(served).sign_in()
    said = anna.say("given", {"id": "letter", "version": 1}).json()["history"][0]
    path = f"{anna.url}/consents/{said['id']}/receipt"
    record = anna.session.get(path, timeout=10).json()
    assert record["schema_version"].startswith("ISO/IEC TS 27560") and record["address"] == ANNA
    page = anna.session.get(path, headers={"Accept": "text/html", "Accept-Language": "de"}, timeout=10)
    assert page.headers["Content-Type"].startswith("text/html") and "Ihre Einwilligung" in page.text
    assert "<script" not in page.text and "unsafe" not in page.headers["Content-Security-Policy"]
    # Staff get the same page of the same statement.
    of_staff = served.session.get(f"{served.url}/api/v1/consents/{said['id']}/receipt", params={"language": "en"},
                                  headers={"Accept": "text/html"}, timeout=10)
    assert "Your consent" in of_staff.text
    other = customer(served, "ben@example.org").sign_in()
    assert other.session.get(f"{other.url}/consents/{said['id']}/receipt", timeout=10).status_code == 404


def test_nobody_learns_who_is_known(served):
    known(served)
    anna, stranger = customer(served), customer(served, "stranger@example.org")
    answers = [one.ask() for one in (anna, stranger)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, answers[0].text)}
    assert set(answers[0].headers) == set(answers[1].headers)
    wait_until(lambda: len(served.mail.messages()) == 2)
    letters = [served.mail.to(one.address)[0] for one in (anna, stranger)]
    assert letters[0]["Subject"] == letters[1]["Subject"]
    assert len({re.sub(r"\d", "0", text_of(letter)) for letter in letters}) == 1
    assert {one.try_code("00000000").json()["code"] for one in (anna, stranger)} == {"code_wrong"}
    # Only who reads the mailbox learns it.
    assert stranger.try_code(code_of(letters[1])).status_code == 201
    seen = stranger.consents()
    assert not seen["known"] and seen["history"] == []
    assert stranger.say("given", {"id": "letter", "version": 1}).json()["code"] == "nobody_known"
    assert state(stranger.say("objected").json()) == "refused"


def test_nobody_is_bombed(served):
    anna = customer(served)
    for _ in range(6):
        assert anna.ask().status_code == 202
    last = customer(served, "last@example.org")
    last.new_code()  # messages leave in their order
    assert len(served.mail.to(ANNA)) == 4


def test_a_wrong_code_ends_a_code(served):
    anna = customer(served)
    code = anna.new_code()
    wrong = "0" * 8 if code != "0" * 8 else "1" * 8
    assert [anna.try_code(wrong).json()["code"] for _ in range(5)] == ["code_wrong"] * 5
    assert anna.try_code(code).json()["code"] == "code_used_up"
    assert anna.try_code(anna.new_code()).status_code == 201


def test_a_cookie_alone_changes_nothing(served):
    known(served)
    anna = customer(served).sign_in()
    del anna.session.headers["X-CSRF-Token"]
    assert anna.say("objected").json()["code"] == "csrf_invalid"
    assert anna.session.delete(f"{anna.url}/sessions", timeout=10).status_code == 403
    assert anna.session.post(f"{anna.url}/objections", json={}, timeout=10).status_code == 403
    form = requests.post(f"{anna.url}/sessions", data={"address": ANNA, "code": "1"}, timeout=10)
    assert form.json()["code"] == "content_type_invalid"
    assert anna.consents()["history"] == []


def test_the_session_opens_nothing_of_the_desk_and_the_other_way_round(served):
    handle = known(served)
    anna = customer(served).sign_in()
    for path in (f"/api/v1/customers/{handle}", "/api/v1/messages", "/api/v1/session"):
        assert requests.get(served.url + path, headers=anna.headers(), timeout=10).status_code == 401
    assert served.session.get(f"{served.url}/api/v1/me/consents", timeout=10).status_code == 401
    assert anna.session.delete(f"{anna.url}/sessions", timeout=10).status_code == 204
    assert anna.session.get(f"{anna.url}/consents", timeout=10).status_code == 401


def test_a_text_that_was_changed_is_shown_anew(served):
    known(served)
    anna = customer(served).sign_in()
    shown = anna.consents()["topics"][0]["lines"][0]["notice"]
    publish(served, "Neuer Rundbrief")
    refused = anna.say("given", {"id": shown["id"], "version": shown["version"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "notice_changed")
    more = anna.say("given", {"id": "letter", "version": 2}, strength="confirmed")
    assert more.status_code == 400, "nobody sets what is not theirs to say"
    assert anna.say("given", {"id": "letter", "version": 2}).status_code == 200


def test_two_people_share_a_mailbox(served):
    for user in ("anna", "ben"):
        known(served, user=user)
    handle = known(served, "private@example.org", "carla")
    served.session.post(f"{served.url}/api/v1/customers/{handle}/consents", timeout=10, json={
        "act": "objected", "purpose": "DirectMarketing", "channel": "email", "way": "phone",
        "address": "private@example.org"}).raise_for_status()
    anna = customer(served).sign_in()
    assert state(anna.say("given", {"id": "letter", "version": 1}).json()) == "given"
    for user in ("anna", "ben"):
        found = served.customers(f"user_id:{user}")[0]["id"]
        said = served.read(f"/api/v1/customers/{found}/consents")["history"]
        assert said and {one["act"] for one in said} == {"given"}
    assert "private" not in str(anna.consents())


def test_everything_is_off_at_once(served):
    known(served)
    anna = customer(served).sign_in()
    anna.say("given", {"id": "letter", "version": 1})
    ended = anna.session.post(f"{anna.url}/objections", json={"language": "de"}, timeout=10).json()
    assert ended["advertising"] == "ended" and state(ended) == "refused"


def test_without_a_mail_server_it_says_so(make_house):
    with make_house().serve() as server:
        answer = requests.post(f"{server.url}/api/v1/me/codes", json={"address": ANNA}, timeout=10)
        assert (answer.status_code, answer.json()["code"]) == (503, "mail_missing")


def test_logs_name_nobody(served):
    known(served)
    anna = customer(served).sign_in()
    anna.say("objected")
    log = served.house.log.read_text()
    assert "anna" not in log.lower() and anna.session.cookies["hs_me"] not in log
    audit = str(served.read("/api/v1/audit", limit=50))
    assert "anna" not in audit.lower() and "recordOwnConsent" in audit

