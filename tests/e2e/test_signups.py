"""Double opt-in: somebody agrees on a website, and it counts once they confirmed it from their mailbox."""

import re

import pytest
import requests

from harness import House, Server, wait_until
from mail_server import MailServer
from test_consents import publish
from test_outreach import OFFER, post, settings, state_of

MARKETING = "DirectMarketing:A6-1-a"
ANNA = "anna@example.org"


@pytest.fixture
def house(make_house, storage, mail_server):
    house = make_house(storage + settings(mail_server.port))
    house.site = house.add_source("site", purposes=(MARKETING,), trust="public")
    house.till = house.add_source("till", purposes=(MARKETING,), trust="public")
    return house


def put_up(server: Server, text: str = "Once a month.") -> dict:
    return publish(server, "newsletter", {
        "purposes": ["DirectMarketing"], "channels": ["email"], "explicit_consent": False, "names_recipients": False,
        "quiet_hours": False, "validity": "2 years",
        "texts": [{"language": language, "title": "Rundbrief", "text": text, "declaration": yes,
                   "withdrawal": "Ein Klick genügt."} for language, yes in (("de", "Ja, schickt mir Angebote."),
                                                                            ("en", "Yes, send me offers."))]})


def sign_up(server: Server, house: House, address: str = ANNA, **more) -> requests.Response:
    body = {"purpose": "DirectMarketing", "address": address, "notice": {"id": "newsletter"}, "language": "de",
            "page": "https://shop.example/rundbrief", **more}
    return requests.post(f"{server.url}/v1/signups", json=body, auth=(house.site.write_key, ""), timeout=20)


def text_of(message) -> str:
    return message.get_payload()[0].get_payload(decode=True).decode()


def mail(mail_server: MailServer, count: int = 1):
    """The mails once there are so many, and no more."""
    wait_until(lambda: len(mail_server.messages()) >= count, 20)
    messages = mail_server.messages()
    assert len(messages) == count
    return messages[-1]


def link_in(server: Server, message) -> str:
    return re.search(r"https://shop\.example/confirm/[\w-]+", text_of(message))[0].replace("https://shop.example",
                                                                                          server.url)


def code_in(message) -> str:
    return re.search(r"\b\d{4} \d{4}\b", text_of(message))[0]


def known(server: Server, address: str = ANNA) -> list[dict]:
    return server.customers(f"email:{address}")


def history(server: Server, address: str = ANNA) -> list[dict]:
    [customer] = known(server, address)
    return server.read(f"/api/v1/customers/{customer['id']}/consents")["history"]


def test_who_confirmed_gets_what_they_asked_for_until_they_end_it(house, mail_server):
    with house.serve() as server:
        shown = put_up(server)
        post(server, "/api/v1/templates", OFFER)
        answer = sign_up(server, house)
        assert (answer.status_code, answer.json()) == (202, {"accepted": True})
        message = mail(mail_server)
        assert message["To"] == ANNA and "Ja, schickt mir Angebote." in text_of(message)
        assert known(server) == []
        link = link_in(server, message)
        # Scanners open links, many times.
        for _ in range(50):
            assert requests.head(link, timeout=20).status_code == 200
        page = requests.get(link, timeout=20)
        assert page.status_code == 200 and "<html lang=\"de\">" in page.text
        assert "Ja, schickt mir Angebote." in page.text and "Once a month." in page.text
        assert "anna" not in page.text and "<script" not in page.text and "Bäckerei" in page.text
        assert page.headers["Cache-Control"] == "no-store" and "noindex" in page.headers["X-Robots-Tag"]
        assert "form-action 'self'" in page.headers["Content-Security-Policy"]
        assert known(server) == []
        first = requests.post(link, timeout=20)
        assert first.status_code == 200 and "Bestätigt" in first.text
        again = requests.post(link, timeout=20)
        assert (again.status_code, again.text) == (first.status_code, first.text)
        given, requested = history(server)
        assert (given["act"], given["strength"], given["way"]) == ("given", "confirmed", "mail_link")
        assert given["notice"]["hash"] == shown["hash"] and given["address"] == ANNA
        assert "https://shop.example/rundbrief" in given["evidence"]
        assert requested["act"] == "requested"
        # And so the newsletter leaves, with a link that ends it.
        [customer] = known(server)
        offer = {"customer": customer["id"], "template": "offer", "language": "de"}
        decided = post(server, "/api/v1/messages", offer)
        assert decided["outcome"] == "queued", decided
        wait_until(lambda: state_of(server, decided["message"])["state"] == "sent")
        [letter] = [each for each in mail_server.messages() if each["List-Unsubscribe"]]
        ends = letter["List-Unsubscribe"].strip("<>").replace("https://shop.example", server.url)
        assert requests.post(ends, data="List-Unsubscribe=One-Click", timeout=20).status_code == 200
        assert [each["act"] for each in history(server)] == ["withdrawn", "given", "requested"]
        # The old confirmation does not bring it back.
        requests.post(link, timeout=20)
        assert history(server)[0]["act"] == "withdrawn"
    log = house.log.read_text()
    assert link.rpartition("/")[2] not in log and "anna@" not in log


def test_the_code_is_the_other_way_and_guessing_ends_it(house, mail_server):
    with house.serve() as server:
        put_up(server)

        def confirm(code: str, source, address: str = ANNA) -> bool:
            answer = requests.post(f"{server.url}/v1/signups/confirm", json={"address": address, "code": code},
                                   auth=(source.write_key, ""), timeout=20)
            assert answer.status_code == 200, answer.text
            return answer.json()["confirmed"]

        sign_up(server, house)
        code = code_in(mail(mail_server))
        assert not confirm(code, house.till), "of another website"
        assert not confirm(code, house.site, "berta@example.org"), "swapped"
        assert confirm(code.replace(" ", ""), house.site)
        assert confirm(code, house.site), "the same answer again"
        assert [each["act"] for each in history(server)] == ["given", "requested"]
        sign_up(server, house, "berta@example.org")
        hers = code_in(mail(mail_server, 2))
        for _ in range(5):
            assert not confirm("00000000", house.site, "berta@example.org")
        assert not confirm(hers, house.site, "berta@example.org")
        assert known(server, "berta@example.org") == []


def test_every_address_gets_the_same_answer_and_nobody_is_bombed(house, mail_server):
    with house.serve() as server:
        put_up(server)
        crm = house.add_source("crm", touchpoint="branch", purposes=("CustomerCare:A6-1-b",))
        server.sender(crm).store({"type": "identify", "userId": "berta", "traits": {"email": "berta@example.org"}})
        answers = [sign_up(server, house, address) for address in ("berta@example.org", "carla@example.org")]
        answers += [sign_up(server, house, "carla@example.org") for _ in range(10)]
        assert {(answer.status_code, answer.text) for answer in answers} == {(202, answers[0].text)}
        same = {tuple(sorted(set(answer.headers) - {"Date"})) for answer in answers}
        assert len(same) == 1
        wait_until(lambda: len(mail_server.messages()) >= 2, 20)
        # What waits is asked: none of the others was written to.
        waiting = server.read("/api/v1/messages", state="waiting")["items"]
        assert waiting == [] and sorted(each["To"] for each in mail_server.messages()) == [
            "berta@example.org", "carla@example.org"]


def test_kill_9_between_the_request_and_its_confirmation_loses_nothing(house, mail_server):
    server = house.serve()
    put_up(server)
    assert sign_up(server, house).status_code == 202
    message = mail(mail_server)
    server.kill()
    with house.serve() as server:
        assert requests.post(link_in(server, message), timeout=20).status_code == 200
        assert [each["act"] for each in history(server)] == ["given", "requested"]


def test_made_up_links_and_a_text_that_is_gone_confirm_nothing(house, mail_server):
    with house.serve() as server:
        shown = put_up(server)
        sign_up(server, house)
        link = link_in(server, mail(mail_server))
        for bad in (link[:-1], link + "A", f"{server.url}/confirm/x"):
            assert requests.get(bad, timeout=20).status_code == 404
            assert requests.post(bad, timeout=20).status_code == 404
        answer = server.session.post(f"{server.url}/api/v1/notices/newsletter/versions/{shown['version']}/retire",
                                     timeout=20)
        assert answer.ok, answer.text
        refused = requests.post(link, timeout=20)
        assert refused.status_code == 409 and "geändert" in refused.text
        assert known(server) == []


def test_who_may_sign_people_up(house):
    with house.serve() as server:
        put_up(server)
        url = f"{server.url}/v1/signups"
        body = {"purpose": "DirectMarketing", "address": ANNA, "notice": {"id": "newsletter"}}
        assert requests.post(url, json=body, timeout=20).status_code == 401
        assert requests.post(url, json=body, auth=("hsw_wrong", ""), timeout=20).status_code == 401
        wrong = requests.post(url, json={**body, "purpose": "SatisfactionSurvey"}, auth=(house.site.write_key, ""),
                              timeout=20)
        assert wrong.status_code == 400 and wrong.json()["errors"][0]["pointer"] == "/purpose", wrong.text
        preflight = requests.options(url, timeout=20, headers={
            "Origin": "https://shop.example", "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type"})
        assert preflight.headers["Access-Control-Allow-Origin"] == "https://shop.example"
