"""Text messages leave by a gateway: signed, ruled on like all others, tried again, never to a number that is gone."""

import base64
import secrets

import pytest

from harness import House, Server, event, wait_until
from receiver import Receiver

TEMPLATE = {"id": "ready", "purpose": "CustomerCare", "parameters": ["what"],
            "texts": {"de": {"subject": "Fertig", "text": "Ihr {{what}} ist fertig."},
                      "en": {"subject": "Ready", "text": "Your {{what}} is ready."}}}
NUMBER = "+491701234567"


@pytest.fixture
def gateway():
    receiver = Receiver()
    receiver.secrets = ["whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()]
    yield receiver
    receiver.close()


def settings(gateway, tmp_path, more: str = "") -> str:
    file = tmp_path / "gateway-secret"
    file.write_text(gateway.secrets[0] + "\n")
    return (f'[outbound]\ninternal_networks = ["127.0.0.1"]\n[gateway]\nurl = "{gateway.url}"\n'
            f'secret_file = "{file}"\n{more}')


def company(make_house, text: str) -> House:
    house = make_house(text)
    house.hotline = house.add_source("hotline", touchpoint="hotline", purposes=("CustomerCare:A6-1-b",))
    return house


def anna_of(server: Server, house: House) -> str:
    traits = {"email": "anna@example.org", "phone": "0170 1234567", "address": {"country": "DE"}}
    server.sender(house.hotline).store(event("identify", "anna", traits=traits))
    answer = server.session.post(f"{server.url}/api/v1/templates", json=TEMPLATE, timeout=20)
    assert answer.status_code == 201, answer.text
    return server.customers("user_id:anna")[0]["id"]


def propose(server: Server, customer: str, **more):
    return server.session.post(f"{server.url}/api/v1/messages", timeout=20,
                               json={"customer": customer, "template": "ready", "language": "de", "channel": "sms",
                                     "parameters": {"what": "Rad"}, **more})


def state(server: Server, message: dict) -> str:
    return server.read(f"/api/v1/messages/{message['id']}")["state"]


def test_a_text_message_is_handed_over_once_and_signed(make_house, storage, gateway, tmp_path):
    house = company(make_house, storage + settings(gateway, tmp_path))
    with house.serve() as server:
        anna = anna_of(server, house)
        gateway.plan = [400]
        proposed = propose(server, anna)
        assert proposed.status_code == 201, proposed.text
        message = proposed.json()["message"]
        assert message["channel"] == "sms" and proposed.json()["outcome"] == "queued"
        wait_until(lambda: state(server, message) == "dead")
        trace = server.read(f"/api/v1/messages/{message['id']}")["trace"]
        assert trace[-1]["answer_code"] == 400 and trace[-1]["what"] == "dead"
        answer = server.session.post(f"{server.url}/api/v1/messages/{message['id']}/revive", timeout=20)
        assert answer.ok, answer.text
        wait_until(lambda: state(server, message) == "sent")
        first, second = gateway.received
        assert first.valid and second.valid and first.id == second.id == second.body["id"]
        assert second.body == {"type": "message", "id": first.id, "channel": "sms", "to": NUMBER, "language": "de",
                               "purpose": "CustomerCare", "text": "Ihr Rad ist fertig."}
        uses = server.read(f"/api/v1/customers/{anna}/uses")["items"]
        assert any(use["operation"] == "sendMessage" and use["decision"] == "allow" for use in uses)


def test_a_number_that_is_gone_is_left_alone(make_house, storage, gateway, tmp_path):
    house = company(make_house, storage + settings(gateway, tmp_path))
    with house.serve() as server:
        anna = anna_of(server, house)
        gateway.plan = [410]
        message = propose(server, anna).json()["message"]
        wait_until(lambda: state(server, message) == "dead")
        again = propose(server, anna).json()
        assert again["outcome"] == "denied"
        assert again["message"]["trace"][0]["reasons"][0]["name"] == "unreachable"
        assert len(gateway.received) == 1


def test_without_a_gateway_it_says_what_to_do(make_house, storage):
    house = company(make_house, storage)
    with house.serve() as server:
        refused = propose(server, anna_of(server, house))
        assert (refused.status_code, refused.json()["code"]) == (409, "channel_closed")
        assert "[gateway]" in refused.json()["detail"]
        unknown = propose(server, server.customers("user_id:anna")[0]["id"], channel="pigeon")
        assert unknown.status_code == 400


@pytest.mark.parametrize("wrong, field", [
    ('url = "https://sms.example/in"', "/gateway/secret_file"), ('url = "ftp://sms.example"', "/gateway/url"),
    ('channels = ["fax"]', "/gateway/channels")])
def test_settings_that_can_not_work_are_told_at_the_start(make_house, wrong, field):
    house = make_house(f"[gateway]\n{wrong}\n", init=False)
    failed = house.run("doctor", check=False)
    assert failed.returncode != 0
    assert field in failed.stdout + failed.stderr
