"""Events leave as they should: by cursor and by signed webhook, through receivers and servers that fail."""

import contextlib
import subprocess
import threading
import time

import pytest
import requests

from harness import House, Server, track, wait_until
from receiver import Receiver

CARE = "CustomerCare:A6-1-b"
LOOPBACK = '[outbound]\ninternal_networks = ["127.0.0.1"]\n'


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def care_house(make_house, storage) -> House:
    house = make_house(storage + LOOPBACK)
    house.hotline = house.add_source("hotline", touchpoint="hotline", purposes=(CARE,))
    return house


def add_webhook(house: House, receiver: Receiver, *more: str):
    added = house.json("webhook", "add", "--id", "crm", "--url", receiver.url, "--region", "eu",
                       "--purpose", "CustomerCare", *more)
    receiver.secrets.append(added["secret"])


def integration(house: House, server: Server, *purposes: str) -> requests.Session:
    words = [word for purpose in purposes for word in ("--purpose", purpose)]
    token = house.json("token", "add", "--role", "integration", "--name", "crm", *words)["token"]
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    session.base = f"{server.url}/api/v1/events/feed"
    return session


def read_feed(session: requests.Session, **query) -> dict:
    answer = session.get(session.base, params={"region": "eu", "purpose": "CustomerCare", **query}, timeout=40)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_feed_gives_every_event_once_while_others_write(care_house):
    with care_house.serve() as server:
        session = integration(care_house, server, "CustomerCare")
        sender = server.sender(care_house.hotline)
        writer = threading.Thread(target=lambda: [
            sender.store(*[track(f"u{batch % 7}", number=batch * 10 + i) for i in range(10)]) for batch in range(50)])
        writer.start()
        seen, cursor = [], ""
        while True:
            finished = not writer.is_alive()
            page = read_feed(session, cursor=cursor, limit=37)
            seen += [item["properties"]["number"] for item in page["items"]]
            cursor = page["next"]
            if finished and not page["more"]:
                break
        assert sorted(seen) == list(range(500))
        customer = server.customers("user_id:u1")[0]["id"]
        uses = server.read(f"/api/v1/customers/{customer}/uses")["items"]
        assert any(use["use"] == "export" and use["operation"] == "readFeed" for use in uses)


def test_the_feed_waits_for_events_and_names_its_terms(care_house):
    with care_house.serve() as server:
        session = integration(care_house, server, "CustomerCare")
        start = read_feed(session, **{"from": "now"})
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(read_feed(session, cursor=start["next"], wait=20)))
        waiting.start()
        begin = time.monotonic()
        server.sender(care_house.hotline).store(track("u1", number=1))
        waiting.join(30)
        assert [item["properties"]["number"] for item in answers[0]["items"]] == [1]
        assert time.monotonic() - begin < 15, "the answer came with the end of the wait, not with the event"
        other = session.get(session.base, params={"region": "eu", "purpose": "DirectMarketing"})
        assert (other.status_code, other.json()["code"]) == (403, "use_denied")
        bound = session.get(session.base, params={"region": "uk", "purpose": "CustomerCare", "cursor": start["next"]})
        assert bound.json()["code"] == "cursor_invalid"
        unknown = session.get(session.base, params={"region": "eu", "purpose": "CustomerCare", "source": "nobody"})
        assert [error["pointer"] for error in unknown.json()["errors"]] == ["source"]
        assert server.get("/api/v1/events/feed", region="eu", purpose="CustomerCare").status_code == 403


def test_a_token_that_is_revoked_while_it_waits_in_the_feed_gets_nothing_more(care_house):
    with care_house.serve() as server:
        session = integration(care_house, server, "CustomerCare")
        query = {"region": "eu", "purpose": "CustomerCare", "from": "now", "wait": 5}
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(session.get(session.base, params=query, timeout=40)))
        waiting.start()
        number = next(token["id"] for token in server.read("/api/v1/tokens?limit=200")["items"]
                      if token["name"] == "crm")
        care_house.run("token", "revoke", "--id", str(number))
        server.sender(care_house.hotline).store(track("u1", number=1))
        waiting.join(30)
        assert answers[0].status_code == 401, answers[0].text


def test_a_change_to_a_webhook_meets_only_what_was_seen(care_house, receiver):
    with care_house.serve() as server:
        add_webhook(care_house, receiver)
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {server.token}"
        url = f"{server.url}/api/v1/webhooks/crm"
        seen = session.get(url).headers["ETag"]
        changed = session.patch(url, json={"rate": 5}, headers={"If-Match": seen})
        assert changed.status_code == 200, changed.text
        assert changed.headers["ETag"] == session.get(url).headers["ETag"] != seen
        for answer in (session.patch(url, json={"rate": 6}, headers={"If-Match": seen}),
                       session.delete(url, headers={"If-Match": seen})):
            assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
        assert session.get(url).json()["rate"] == 5
        assert session.delete(url, headers={"If-Match": changed.headers["ETag"]}).status_code == 204


def test_events_arrive_signed_in_order_and_slim(care_house, receiver):
    add_webhook(care_house, receiver)
    with care_house.serve() as server:
        server.sender(care_house.hotline).store(*[track("anna", number=i) for i in range(20)])
        wait_until(lambda: len(receiver.received) == 20, 30, "20 deliveries")
        assert all(one.valid for one in receiver.received)
        numbers = [int(one.id.split("-e")[1], 36) for one in receiver.received]
        assert numbers == sorted(numbers)
        assert all("properties" not in one.body["data"] for one in receiver.received)
        attempts = wait_until(lambda: server.read("/api/v1/webhooks/crm/attempts")["items"], 10, "the log")
        assert {one["outcome"] for one in attempts} == {"delivered"}


def test_a_receiver_that_fails_closes_and_redirects_gets_all_in_the_end(care_house, receiver):
    other = Receiver()
    receiver.location = other.url
    receiver.plan = [500, "close"]
    add_webhook(care_house, receiver, "--order", "any")
    with care_house.serve() as server:
        server.sender(care_house.hotline).store(*[track("anna", number=i) for i in range(5)])
        wait_until(lambda: len(set(receiver.ids())) == 5 and len(receiver.ids()) == 7, 40, "the second attempts")
        receiver.plan = [302]
        server.sender(care_house.hotline).store(track("anna", number=5))
        wait_until(lambda: len(receiver.ids()) == 9, 40, "the attempt after the redirect")
        log = wait_until(lambda: [one for one in server.read("/api/v1/webhooks/crm/attempts")["items"]
                                  if one["error"] == "status_302"], 10, "the log of the redirect")
        assert log[0]["outcome"] == "failed"
    assert other.received == [], "a redirect was followed"
    other.close()


def test_kill_9_loses_nothing_and_repeats_ids(care_house, receiver):
    add_webhook(care_house, receiver)
    server = care_house.serve()
    sent = 0
    for _ in range(4):
        receiver.plan = [0.05] * 1000  # slow, so that the end comes in the middle
        server.sender(care_house.hotline).store(*[track("anna", number=sent + i) for i in range(40)])
        sent += 40
        before = len(receiver.ids())
        wait_until(lambda: len(receiver.ids()) > before + 3, 40, "some deliveries")
        server.kill()
        server = care_house.serve()
    receiver.plan = []
    wait_until(lambda: len(set(receiver.ids())) == sent, 90, "all events")
    first_seen = list(dict.fromkeys(receiver.ids()))
    numbers = [int(one.split("-e")[1], 36) for one in first_seen]
    assert numbers == sorted(numbers), "an event overtook the one before it"
    assert all(one.valid for one in receiver.received)
    server.stop()


def test_secrets_rotate_with_an_overlap(care_house, receiver):
    add_webhook(care_house, receiver)
    old = receiver.secrets[0]
    new = care_house.json("webhook", "rotate", "--id", "crm")["secret"]
    with care_house.serve() as server:
        for secret in (old, new):
            receiver.secrets = [secret]
            before = len(receiver.received)
            server.sender(care_house.hotline).store(track("anna"))
            wait_until(lambda: len(receiver.received) > before, 30, "a delivery")
            assert receiver.received[-1].valid
        newest = care_house.json("webhook", "rotate", "--id", "crm", "--overlap-hours", "0")["secret"]
        before = len(receiver.received)
        receiver.secrets = [newest]
        assert care_house.json("webhook", "test", "--id", "crm")["delivered"]
        assert receiver.received[-1].valid
        assert len(receiver.received[-1].headers["webhook-signature"].split()) == 1
        assert len(receiver.received) == before + 1


def test_what_leads_inwards_is_refused(make_house, receiver):
    house = make_house()  # without outbound.internal_networks
    with house.serve() as server:
        def create(url):
            return server.session.post(f"{server.url}/api/v1/webhooks", timeout=10, json={
                "id": "crm", "url": url, "region": "eu", "purpose": "CustomerCare"})
        for url in ("https://127.0.0.1/hook", "https://169.254.169.254/latest/meta-data", "https://[::1]/",
                    "https://10.1/", "https://[::ffff:192.168.0.1]/", f"https://crm.example:{receiver.port}/",
                    receiver.url):
            answer = create(url)
            assert answer.status_code == 400, url
            assert answer.json()["errors"][0]["pointer"] == "/url"
        assert create("https://localhost/hook").status_code == 201  # a name is looked up when it is used
        tried = server.session.post(f"{server.url}/api/v1/webhooks/crm/test", timeout=30).json()
        assert (tried["outcome"], tried["error"]) == ("failed", "address_refused")
    assert receiver.received == []


def make_certificate(folder):
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return certificate, key


def test_a_certificate_that_nobody_vouches_for_is_refused(make_house, tmp_path):
    certificate = make_certificate(tmp_path)
    receiver = Receiver(certificate)
    for settings, delivered in ((LOOPBACK, False), (f'{LOOPBACK}ca_file = "{certificate[0]}"\n', True)):
        house = make_house(settings)
        add_webhook(house, receiver)
        with house.serve():
            answer = house.run("webhook", "test", "--id", "crm", check=False)
            assert (answer.returncode == 0) == delivered, answer.stdout
            assert delivered or "tls_failed" in answer.stdout
    receiver.close()


def test_a_stop_does_not_wait_for_slow_receivers(care_house, receiver):
    add_webhook(care_house, receiver)
    receiver.plan = [14.0]
    server = care_house.serve()
    session = integration(care_house, server, "CustomerCare")

    def wait_for_events():
        with contextlib.suppress(requests.ConnectionError):  # where the stop came before the request
            read_feed(session, **{"from": "now", "wait": 20})

    waiting = threading.Thread(target=wait_for_events)
    server.sender(care_house.hotline).store(track("anna"))
    wait_until(lambda: receiver.received, 30, "a delivery")
    waiting.start()
    begin = time.monotonic()
    server.stop()
    assert time.monotonic() - begin < 10
    waiting.join(30)
