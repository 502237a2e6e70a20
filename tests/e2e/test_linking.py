"""Customers bring together what is theirs: by a proof of control, a notice and a yes, and apart again by one no."""

import uuid

import pytest

from harness import Server, event
from mail_server import MailServer
from portal import Linker


@pytest.fixture
def served(make_house, storage, tmp_path):
    """A shop and a hotline that know people apart, on both kinds of storage."""
    mail = MailServer(tmp_path / "mailbox")
    house = make_house(storage + mail.settings())
    house.shop = house.add_source("shop", more=("--namespace", "shop"))
    with house.serve() as server:
        server.mail = mail
        yield server
    mail.close()


def publish(server: Server) -> dict:
    draft = {"purposes": ["IdentityLinking"], "channels": [],
             "texts": [{"language": language, "title": "One account", "text": "What it means.", "declaration": "Yes.",
                        "withdrawal": "Any time."} for language in ("de", "en")]}
    drafted = server.session.put(f"{server.url}/api/v1/notices/one-account/draft", json=draft, timeout=10)
    assert drafted.ok, drafted.text
    path = f"{server.url}/api/v1/notices/one-account/versions/{drafted.json()['version']}/publish"
    published = server.session.post(path, json={"hash": drafted.json()["hash"]}, timeout=10)
    assert published.ok, published.text
    return {"id": "one-account", "version": published.json()["version"]}


def known(server: Server, name: str) -> str:
    """Somebody with an address of their own; answers it."""
    address = f"{name}@example.org"
    server.sender(server.house.shop).store(event("identify", name, traits={"email": address}))
    return address


def identities(server: Server, name: str) -> int:
    customer = server.customers(f"user_id:{name}")[0]["id"]
    return len(server.read(f"/api/v1/customers/{customer}")["identities"])


def signed_in(server: Server, address: str) -> Linker:
    return Linker(server.url, server.mail, address).sign_in()


def test_two_become_one_by_a_code_and_a_yes_and_two_again_by_a_no(served):
    notice = publish(served)
    home, work = known(served, "home"), known(served, "work")
    anna = signed_in(served, home)
    assert anna.links()["links"] == [] and anna.links()["notice"]["id"] == "one-account"
    code = anna.code_for("email", work, work)
    assert identities(served, "home") == 1, "a code joins nobody"
    joined = anna.agree(notice, code)
    assert joined.status_code == 200, joined.text
    [link] = joined.json()["links"]
    assert link["by_leave"] and link["statement"]
    assert identities(served, "home") == identities(served, "work") == 2
    assert anna.agree(notice, code).status_code == 400, "once"
    ended = anna.end(link["id"])
    assert ended.status_code == 200 and ended.json()["links"] == []
    assert identities(served, "home") == identities(served, "work") == 1
    assert [each["act"] for each in anna.links()["history"]][:1] == ["withdrawn"]


def test_a_customer_number_is_proven_by_the_address_on_file(served):
    notice = publish(served)
    home, _ = known(served, "home"), known(served, "4711")
    anna = signed_in(served, home)
    code = anna.code_for("customer_number", "4711", "4711@example.org")
    joined = anna.agree(notice, code)
    assert joined.status_code == 200 and "4711" not in joined.text, "neither number nor address is told"
    assert identities(served, "home") == 2


def test_without_a_proof_nothing_is_joined(served):
    notice = publish(served)
    home, work = known(served, "home"), known(served, "work")
    anna, mallory = signed_in(served, home), signed_in(served, known(served, "mallory"))
    code = anna.code_for("email", work, work)
    assert mallory.agree(notice, code).status_code == 400, "it is good in the session that asked"
    wrong = "00000000" if code.replace(" ", "") != "00000000" else "11111111"
    for _ in range(5):
        assert anna.agree(notice, wrong).status_code == 400
    assert anna.agree(notice, code).json()["code"] == "code_used_up"
    assert anna.agree({**notice, "version": 9}, code).status_code == 409
    del anna.session.headers["X-CSRF-Token"]
    assert anna.agree(notice, code).status_code == 403
    assert identities(served, "home") == identities(served, "work") == identities(served, "mallory") == 1


def test_the_same_answer_for_who_is_known_and_who_is_not(served):
    publish(served)
    anna = signed_in(served, known(served, "home"))
    stranger = f"{uuid.uuid4().hex}@example.org"
    answers = {(anna.ask_for("email", stranger).text), anna.ask_for("customer_number", "no-such-number").text}
    assert len(answers) == 1


def test_without_a_notice_nothing_is_offered(served):
    anna = signed_in(served, known(served, "home"))
    assert anna.links()["notice"] is None
    assert anna.ask_for("email", "other@example.org").json()["code"] == "notice_missing"
