"""Messages reach a real mailbox, or do not, and say why."""

import email.header
import ssl
import subprocess

import pytest

from harness import House, Server, event, wait_until
from mail_server import MailServer

CARE = "CustomerCare:A6-1-b"
TEMPLATE = {"id": "parcel", "purpose": "CustomerCare", "parameters": ["name"],
            "texts": {"de": {"subject": "Grüße an {{name}}", "text": "Hallo {{name}}, Ihr Päckchen ist da.",
                             "html": "<p>Hallo {{name}}</p>"},
                      "en": {"subject": "Hello {{name}}", "text": "Hello {{name}}, it is here."}}}
OFFER = {"id": "offer", "purpose": "DirectMarketing",
         "texts": {"de": {"subject": "Angebot", "text": "{{unsubscribe}}"},
                   "en": {"subject": "Offer", "text": "{{unsubscribe}}"}}}


def settings(port: int, more: str = 'security = "none"\n') -> str:
    return (f'[outbound]\ninternal_networks = ["127.0.0.1"]\n[mail]\nhost = "localhost"\nport = {port}\n'
            'sender_name = "Bäckerei"\nsender_address = "shop@example.com"\nbase_url = "https://shop.example"\n' + more)


def house_with(make_house, text: str) -> House:
    house = make_house(text)
    house.hotline = house.add_source("hotline", touchpoint="hotline", purposes=(CARE, "DirectMarketing:A6-1-a"))
    return house


def post(server: Server, path: str, body: dict | None = None, status: int = 201) -> dict:
    answer = server.session.post(server.url + path, json=body, timeout=20)
    assert answer.status_code == status, answer.text
    return answer.json()


def customer(server: Server, house: House, user: str, address: str) -> str:
    traits = {"email": address, "address": {"country": "DE"}}
    server.sender(house.hotline).store(event("identify", user, traits=traits))
    return server.customers(f"user_id:{user}")[0]["id"]


def state_of(server: Server, message: dict) -> dict:
    return server.read(f"/api/v1/messages/{message['id']}")


def test_a_message_reaches_the_mailbox(make_house, storage, mail_server):
    house = house_with(make_house, storage + settings(mail_server.port))
    with house.serve() as server:
        post(server, "/api/v1/templates", TEMPLATE)
        anna = customer(server, house, "anna", "Anna@Example.org")
        decided = post(server, "/api/v1/messages", {"customer": anna, "template": "parcel", "language": "de",
                                                    "parameters": {"name": "Änne <b>"}, "not_twice": "parcel 17"})
        assert decided["outcome"] == "queued", decided
        wait_until(lambda: state_of(server, decided["message"])["state"] == "sent")
        again = post(server, "/api/v1/messages", {"customer": anna, "template": "parcel",
                                                  "parameters": {"name": "Änne"}, "not_twice": "parcel 17"})
        assert again["outcome"] == "denied"
        assert again["message"]["trace"][0]["reasons"][0]["name"] == "said_before"
        uses = server.read(f"/api/v1/customers/{anna}/uses")["items"]
        assert any(use["operation"] == "sendMessage" and use["decision"] == "allow" for use in uses)
    [message] = mail_server.messages()
    assert str(email.header.make_header(email.header.decode_header(message["Subject"]))) == "Grüße an Änne <b>"
    assert message["To"].lower() == "anna@example.org"
    assert "Bäckerei" in str(email.header.make_header(email.header.decode_header(message["From"])))
    assert message["Message-ID"].endswith("@example.com>")
    text, html = (part.get_payload(decode=True).decode() for part in message.get_payload())
    assert "Hallo Änne <b>, Ihr Päckchen ist da." in text
    assert "<p>Hallo Änne &lt;b&gt;</p>" in html
    assert "Anna" not in house.log.read_text() and "anna@" not in house.log.read_text()


def test_another_cap_is_a_setting_and_the_trace_names_it(make_house, storage, mail_server):
    caps = '[outreach]\nservice_caps = ["2/36h"]\n'
    house = house_with(make_house, storage + settings(mail_server.port) + caps)
    with house.serve() as server:
        post(server, "/api/v1/templates", TEMPLATE)
        anna = customer(server, house, "anna", "anna@example.org")
        parcel = {"customer": anna, "template": "parcel", "language": "en", "parameters": {"name": "Anna"}}
        decided = [post(server, "/api/v1/messages", parcel) for _ in range(3)]
        assert [each["outcome"] for each in decided] == ["queued", "queued", "denied"]
        [step] = decided[2]["message"]["trace"]
        assert [reason["name"] for reason in step["reasons"]] == ["too_often"]
        assert step["cap"] == {"count": 2, "within_seconds": 36 * 3600}
        assert decided[0]["message"]["trace"][0]["cap"] is None
        assert state_of(server, decided[2]["message"])["trace"] == [step]


def test_a_wrong_cap_is_named_before_anything_starts(make_house):
    house = make_house('[outreach]\nmarketing_caps = ["3/14d", "often"]\n', init=False)
    refused = house.run("init", check=False)
    assert refused.returncode != 0
    assert "/outreach/marketing_caps" in refused.stdout + refused.stderr
    assert "'often'" in refused.stdout + refused.stderr


def test_without_consent_nothing_is_sold(make_house, storage, mail_server):
    house = house_with(make_house, storage + settings(mail_server.port))
    with house.serve() as server:
        post(server, "/api/v1/templates", OFFER)
        anna = customer(server, house, "anna", "anna@example.org")
        answer = server.session.post(server.url + "/api/v1/messages", json={"customer": anna, "template": "offer"},
                                     timeout=20)
        if answer.status_code == 201:
            assert answer.json()["outcome"] == "denied"
        else:
            assert answer.json()["code"] in ("address_missing", "use_denied"), answer.text
    assert mail_server.messages() == []


def test_an_address_that_is_refused_is_given_up_and_can_be_tried_again(make_house, storage, mail_server):
    mail_server.refusals["anna@example.org"] = "550 5.7.1 not today"
    house = house_with(make_house, storage + settings(mail_server.port))
    with house.serve() as server:
        post(server, "/api/v1/templates", TEMPLATE)
        anna = customer(server, house, "anna", "anna@example.org")
        sent = post(server, "/api/v1/messages", {"customer": anna, "template": "parcel", "parameters": {"name": "A"}})
        wait_until(lambda: state_of(server, sent["message"])["state"] == "dead")
        step = state_of(server, sent["message"])["trace"][-1]
        assert (step["answer_code"], step["answer_status"]) == (550, "5.7.1")
        mail_server.refusals.clear()
        post(server, f"/api/v1/messages/{sent['message']['id']}/revive", status=200)
        wait_until(lambda: state_of(server, sent["message"])["state"] == "sent")
    assert len(mail_server.messages()) == 1


def test_mail_goes_over_tls_to_a_server_that_is_vouched_for(make_house, storage, tmp_path, monkeypatch):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    mail_server = MailServer(tmp_path / "mailbox", tls=context, login=("shop", "se cret"))
    monkeypatch.setenv("HANDSCHLAG_MAIL_PASSWORD", "se cret")
    try:
        text = settings(mail_server.port, 'user = "shop"\n').replace(
            "[mail]", f'ca_file = "{certificate}"\n[mail]')
        house = house_with(make_house, storage + text)
        with house.serve() as server:
            post(server, "/api/v1/templates", TEMPLATE)
            anna = customer(server, house, "anna", "anna@example.org")
            sent = post(server, "/api/v1/messages", {"customer": anna, "template": "parcel",
                                                     "parameters": {"name": "A"}})
            wait_until(lambda: state_of(server, sent["message"])["state"] == "sent")
    finally:
        mail_server.close()
    assert len(mail_server.messages()) == 1


def test_without_a_mail_server_messages_wait_and_can_be_held_back(make_house, storage):
    house = house_with(make_house, storage)
    with house.serve() as server:
        post(server, "/api/v1/templates", TEMPLATE)
        anna = customer(server, house, "anna", "anna@example.org")
        sent = post(server, "/api/v1/messages", {"customer": anna, "template": "parcel", "parameters": {"name": "A"}})
        page = server.read("/api/v1/messages", state="waiting")
        assert not page["mail_configured"] and [item["id"] for item in page["items"]] == [sent["message"]["id"]]
        post(server, f"/api/v1/messages/{sent['message']['id']}/cancel", status=200)
        assert state_of(server, sent["message"])["state"] == "cancelled"
