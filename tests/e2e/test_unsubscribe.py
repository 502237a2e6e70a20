"""What is more than service leaves with a link that ends it, by one click of a mail program or the button of a page."""

import re

import pytest
import requests

from harness import House, Server, event, wait_until
from mail_server import MailServer
from test_outreach import OFFER, post, settings, state_of

MARKETING = "DirectMarketing:A6-1-a"


@pytest.fixture
def house(make_house, storage, mail_server):
    house = make_house(storage + settings(mail_server.port))
    house.crm = house.add_source("crm", touchpoint="branch", purposes=("CustomerCare:A6-1-b", MARKETING),
                                 more=("--consent-category", "letters=DirectMarketing"))
    return house


def reader(server: Server, house: House, name: str = "anna") -> str:
    """Somebody who takes the newsletter: their id."""
    traits = {"email": f"{name}@example.org", "address": {"country": "DE"}}
    consent = {"consent": {"categoryPreferences": {"letters": True}}}
    server.sender(house.crm).store(event("identify", name, traits=traits, context=consent))
    return server.customers(f"user_id:{name}")[0]["id"]


def agree(server: Server, customer: str, name: str = "anna"):
    post(server, f"/api/v1/customers/{customer}/consents", {
        "act": "given", "purpose": "DirectMarketing", "channel": "email", "way": "phone",
        "address": f"{name}@example.org", "declaration": "Ja, gern.", "evidence": "Aufzeichnung 4711"})


def offer(server: Server, customer: str) -> dict:
    return post(server, "/api/v1/messages", {"customer": customer, "template": "offer", "language": "de"})


def mailed(server: Server, house: House, mail_server: MailServer):
    """A newsletter that arrived, and whose it is."""
    post(server, "/api/v1/templates", OFFER)
    anna = reader(server, house)
    agree(server, anna)
    decided = offer(server, anna)
    assert decided["outcome"] == "queued", decided
    wait_until(lambda: state_of(server, decided["message"])["state"] == "sent")
    [message] = mail_server.messages()
    return anna, message


def link_in(server: Server, message) -> str:
    link = message["List-Unsubscribe"].strip("<>")
    assert link.startswith("https://shop.example/u/")
    return link.replace("https://shop.example", server.url)


def said(server: Server, customer: str) -> list[tuple]:
    history = server.read(f"/api/v1/customers/{customer}/consents")["history"]
    return [(each["act"], each["way"]) for each in history]


def test_one_click_of_the_mail_program_ends_the_newsletter(house, mail_server):
    with house.serve() as server:
        assert server.read("/api/v1/messages")["links_configured"]
        anna, message = mailed(server, house, mail_server)
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        link = link_in(server, message)
        text = message.get_payload(decode=True).decode()
        assert message["List-Unsubscribe"].strip("<>") in text
        answer = requests.post(link, data="List-Unsubscribe=One-Click", timeout=20,
                               headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status_code == 200 and "Unsubscribed" in answer.text
        assert said(server, anna) == [("withdrawn", "mail_link"), ("given", "phone")]
        again = requests.post(link, files={"List-Unsubscribe": (None, "One-Click")}, timeout=20)
        assert again.status_code == 200 and again.text == answer.text
        assert len(said(server, anna)) == 2
        denied = offer(server, anna)
        assert denied["outcome"] == "denied"
        assert "consent_refused" in [reason["name"] for reason in denied["message"]["trace"][0]["reasons"]]
        agree(server, anna)  # said anew: the caps alone stand in the way now
        assert [reason["name"] for reason in offer(server, anna)["message"]["trace"][0]["reasons"]] == ["too_often"]
    assert len(mail_server.messages()) == 1
    token = link.rpartition("/")[2]
    assert token not in house.log.read_text() and "anna@" not in house.log.read_text()


def test_a_scanner_that_opens_the_link_changes_nothing(house, mail_server):
    with house.serve() as server:
        anna, message = mailed(server, house, mail_server)
        link = link_in(server, message)
        for _ in range(50):
            assert requests.head(link, timeout=20).status_code == 200
            assert requests.get(link, timeout=20).status_code == 200
        assert said(server, anna) == [("given", "phone")]
        page = requests.get(link, headers={"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}, timeout=20)
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "<html lang=\"de\">" in page.text and "Abbestellen" in page.text.replace("abbestellen", "Abbestellen")
        assert "Angebote schicken" in page.text and "Bäckerei" in page.text
        assert "anna" not in page.text and "<script" not in page.text
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-") and "frame-ancestors 'none'" in policy
        assert page.headers["Referrer-Policy"] == "no-referrer" and page.headers["Cache-Control"] == "no-store"
        assert "noindex" in page.headers["X-Robots-Tag"]
        [form] = re.findall(r"<form[^>]*>", page.text)
        assert form == '<form method="post">'
        pressed = requests.post(link, headers={"Accept-Language": "de"}, timeout=20)
        assert pressed.status_code == 200 and "Abbestellt" in pressed.text
        assert said(server, anna)[0] == ("withdrawn", "mail_link")


def test_links_that_are_made_up_are_none_of_ours(house, mail_server):
    with house.serve() as server:
        anna, message = mailed(server, house, mail_server)
        link = link_in(server, message)
        for bad in (link[:-1], link[:-2] + ("AA" if not link.endswith("AA") else "BB"), f"{server.url}/u/x",
                    f"{server.url}/u/" + "A" * 880):
            assert requests.get(bad, timeout=20).status_code == 404
            answer = requests.post(bad, timeout=20)
            assert answer.status_code == 404 and "text/html" in answer.headers["Content-Type"]
        assert said(server, anna) == [("given", "phone")]


def test_a_link_works_after_kill_9_and_a_no_holds_for_the_address_whoever_comes_with_it(house, mail_server):
    server = house.serve()
    anna, message = mailed(server, house, mail_server)
    server.kill()
    with house.serve() as server:
        answer = requests.post(link_in(server, message), data="List-Unsubscribe=One-Click", timeout=20)
        assert answer.status_code == 200 and "Unsubscribed" in answer.text
        assert said(server, anna)[0] == ("withdrawn", "mail_link")
        other = reader(server, house, "berta")
        post(server, f"/api/v1/customers/{other}/consents", {
            "act": "given", "purpose": "DirectMarketing", "channel": "email", "way": "phone",
            "address": "anna@example.org", "declaration": "Ja.", "evidence": "4712", "said_at": "2026-01-01T00:00:00Z"})
        states = server.read(f"/api/v1/customers/{other}/consents")["states"]
        marketing = next(each for each in states if (each["purpose"], each["channel"]) == ("DirectMarketing", "email"))
        assert marketing["state"] == "refused" and marketing["by_another"]


def test_without_an_address_for_links_nothing_but_service_leaves(make_house, storage, mail_server):
    text = settings(mail_server.port).replace("https://shop.example", "http://shop.example")
    house = make_house(storage + text)
    house.crm = house.add_source("crm", touchpoint="branch", purposes=("CustomerCare:A6-1-b", MARKETING),
                                 more=("--consent-category", "letters=DirectMarketing"))
    with house.serve() as server:
        assert not server.read("/api/v1/messages")["links_configured"]
        post(server, "/api/v1/templates", OFFER)
        anna = reader(server, house)
        agree(server, anna)
        decided = offer(server, anna)
        assert decided["outcome"] == "denied"
        assert "no_way_to_unsubscribe" in str(decided["message"]["trace"])
    assert mail_server.messages() == []
