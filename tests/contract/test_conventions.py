"""What holds for the whole interface, and not for one operation: retries, tags, pages, traces, limits."""

import re
import threading
import uuid
from urllib.parse import urlencode

import pytest
import requests

from description import is_ingest, operations
from harness import Background, track, wait_until
from seeding import seed
from test_operations import CASES, new_source

POSTS = [operation for operation in operations()
         if operation.method == "POST" and operation.path.startswith("/api/v1/")]
IDEMPOTENT = [operation for operation in POSTS if operation.definition["x-idempotency"]]
# These read, or have no principal; the description says so.
WITHOUT_KEY = {"searchCustomers", "createSession"}


@pytest.fixture(scope="module")
def seeded(running):
    return seed(running)


def sent_to(operation, seeded) -> tuple[str, dict, dict]:
    """Address, body, headers."""
    case = CASES[operation.id]
    case = case(seeded) if callable(case) else case
    query = f"?{urlencode(case['query'])}" if "query" in case else ""
    url = seeded.url + operation.path.format(**case.get("path", {})) + query
    return url, case.get("body"), case.get("headers", {})


def let_finish(operation, url: str, server):
    """What an approval has the server do is in the audit too, a little later."""
    if operation.id == "approveApproval":
        request = url.removeprefix(server.url).removesuffix("/approve")
        wait_until(lambda: server.read(request)["state"] in ("done", "failed"), 30)


# --- Idempotency-Key --------------------------------------------------------------------------------------------------

def test_every_post_takes_a_key_or_says_why_not():
    without = {operation.id for operation in POSTS} - {operation.id for operation in IDEMPOTENT}
    assert WITHOUT_KEY <= without
    for operation in operations():
        takes = any(parameter.get("$ref", "").endswith("/idempotencyKey")
                    for parameter in operation.definition.get("parameters", []))
        assert takes == operation.definition.get("x-idempotency", False), operation.id
        assert not (is_ingest(operation.definition) and takes)


@pytest.mark.parametrize("operation", IDEMPOTENT, ids=lambda operation: operation.id)
def test_a_retry_gets_the_first_answer_and_does_nothing(operation, seeded):
    url, body, more = sent_to(operation, seeded)
    session = seeded.server.session
    headers = {"Idempotency-Key": str(uuid.uuid4()), **more}
    first = session.post(url, json=body, headers=headers, timeout=20)
    assert first.status_code in range(200, 300), first.text
    let_finish(operation, url, seeded.server)
    assert "Idempotency-Replayed" not in first.headers
    audited = len(list(seeded.server.pages("/api/v1/audit", limit=200)))
    again = session.post(url, json=body, headers=headers, timeout=20)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers.get("Content-Type") == first.headers.get("Content-Type")
    assert len(list(seeded.server.pages("/api/v1/audit", limit=200))) == audited
    other = session.post(url, json={**(body or {}), "unknown": 1}, headers=headers, timeout=20)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_keys_of_one_caller_are_none_of_another(seeded):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    url, body = seeded.url + "/api/v1/tokens", {"name": "one", "role": "agent"}
    mine = seeded.server.session.post(url, json=body, headers=key, timeout=20)
    other = seeded.post("/api/v1/tokens", {"name": "admin", "role": "admin"})["token"]
    theirs = requests.post(url, json=body, headers={**key, "Authorization": f"Bearer {other}"}, timeout=20)
    assert theirs.status_code == 201
    assert theirs.json()["token"] != mine.json()["token"]


def test_a_retry_needs_the_right_to_ask(seeded):
    token = seeded.post("/api/v1/tokens", {"name": "short", "role": "admin"})
    headers = {"Idempotency-Key": "k", "Authorization": f"Bearer {token['token']}"}
    url, body = seeded.url + "/api/v1/tokens", {"name": "made", "role": "agent"}
    assert requests.post(url, json=body, headers=headers, timeout=20).status_code == 201
    seeded.server.session.delete(f"{seeded.url}/api/v1/tokens/{token['id']}", timeout=20)
    assert requests.post(url, json=body, headers=headers, timeout=20).status_code == 401


def test_many_retries_at_once_make_one(seeded):
    url, body = seeded.url + "/api/v1/tokens", {"name": f"many-{uuid.uuid4()}", "role": "agent"}
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Authorization": f"Bearer {seeded.server.token}"}
    answers, barrier = [], threading.Barrier(8)

    def ask():
        barrier.wait()
        answers.append(requests.post(url, json=body, headers=headers, timeout=20))

    for thread in [Background(ask) for _ in range(8)]:
        thread.join()
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert all(answer.headers.get("Retry-After") for answer in answers if answer.status_code == 409)
    assert len({answer.json()["token"] for answer in answers if answer.status_code == 201}) == 1
    made = [token for token in seeded.server.pages("/api/v1/tokens", limit=200) if token["name"] == body["name"]]
    assert len(made) == 1


def test_answers_outlive_kill_9(make_house):
    house = make_house()
    server = house.serve()
    headers = {"Idempotency-Key": "once"}
    body = {"name": "kept", "role": "agent"}
    first = server.session.post(f"{server.url}/api/v1/tokens", json=body, headers=headers, timeout=20).json()
    server.kill()
    for path in house.data.rglob("*"):
        assert not path.is_file() or first["token"].encode() not in path.read_bytes(), path
    with house.serve() as server:
        again = server.session.post(f"{server.url}/api/v1/tokens", json=body, headers=headers, timeout=20)
        assert again.json() == first
        assert again.headers["Idempotency-Replayed"] == "true"


# --- ETag -------------------------------------------------------------------------------------------------------------

@pytest.fixture
def source(seeded):
    made = seeded.post("/api/v1/sources", new_source()["body"])["source"]
    return f"{seeded.url}/api/v1/sources/{made['id']}"


def test_what_is_known_is_not_sent_again(seeded, source):
    session = seeded.server.session
    first = session.get(source, timeout=20)
    again = session.get(source, headers={"If-None-Match": first.headers["ETag"]}, timeout=20)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    session.put(f"{source}/state", json={"enabled": False}, timeout=20)
    changed = session.get(source, headers={"If-None-Match": first.headers["ETag"]}, timeout=20)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_compressed_and_plain_answers_have_tags_of_their_own(seeded, source):
    session = seeded.server.session
    events = {f"Event {number}": ["total", "currency"] for number in range(100)}
    assert session.put(f"{source}/plan", json={"events": events}, timeout=20).status_code == 200
    tags = {coding: session.get(source, headers={"Accept-Encoding": coding}, timeout=20).headers["ETag"]
            for coding in ("gzip", "identity")}
    assert tags["gzip"] != tags["identity"]
    for tag in tags.values():
        assert session.get(source, headers={"If-None-Match": tag}, timeout=20).status_code == 304
    answer = session.put(f"{source}/state", json={"enabled": True}, headers={"If-Match": tags["gzip"]}, timeout=20)
    assert answer.status_code == 200


def test_of_two_who_change_the_same_state_one_does(seeded, source):
    session = seeded.server.session
    tag = session.get(source, timeout=20).headers["ETag"]
    answers, barrier = [], threading.Barrier(6)

    def change(number):
        barrier.wait()
        headers = {"If-Match": tag, "Authorization": f"Bearer {seeded.server.token}"}
        answers.append(requests.put(f"{source}/quota", json={"events_per_second": number}, headers=headers, timeout=20))

    for thread in [Background(change, number + 1) for number in range(6)]:
        thread.join()
    done = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 412]
    assert (len(done), len(refused)) == (1, 5)
    assert {answer.json()["code"] for answer in refused} == {"precondition_failed"}
    now = session.get(source, timeout=20)
    assert now.json()["quota"] == done[0].json()["quota"]
    assert now.headers["ETag"] == done[0].headers["ETag"]


# --- pages ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("path", ["/api/v1/tokens", "/api/v1/staff", "/api/v1/sources", "/api/v1/audit"])
def test_pages_give_the_whole_list_once(seeded, path):
    for number in range(3):
        name = f"{path[-3:]}{number}-{uuid.uuid4().hex[:6]}"
        seeded.post("/api/v1/staff", {"login": name, "display_name": "P", "role": "agent", "password": "x" * 12})
        seeded.post("/api/v1/tokens", {"name": name, "role": "agent"})
        seeded.post("/api/v1/sources", new_source()["body"])
    ids = [item["id"] for item in seeded.server.pages(path, limit=200)]
    assert len(ids) == len(set(ids)) >= 3
    assert [item["id"] for item in seeded.server.pages(path, limit=2)] == ids
    for limit in ("0", "201", "x", "-1"):
        assert seeded.server.get(path, limit=limit).status_code == 400
    assert seeded.server.get(path, cursor="nonsense").json()["code"] == "cursor_invalid"


# --- traces -----------------------------------------------------------------------------------------------------------

def test_a_trace_goes_through(seeded):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    answer = seeded.server.session.get(seeded.url + "/api/v1/sources/none", headers=headers, timeout=20)
    assert answer.json()["trace_id"] == answer.headers["X-Request-Id"] == trace
    fresh = seeded.server.get("/api/v1/sources/none").json()["trace_id"]
    assert re.fullmatch("[0-9a-f]{32}", fresh)
    assert fresh != trace
    name = str(uuid.uuid4())
    made = seeded.server.session.post(seeded.url + "/api/v1/tokens", json={"name": name, "role": "agent"},
                                      headers=headers, timeout=20).json()
    audited = next(record for record in seeded.server.pages("/api/v1/audit")
                   if record["target"] == f"token:{made['id']}")
    assert audited["trace_id"] == trace


# --- limits -----------------------------------------------------------------------------------------------------------

def test_a_source_over_its_quota_waits_and_no_other_does(running):
    house = running.house
    slow, other = house.add_source("slow"), house.add_source("other")
    house.run("source", "quota", "--id", "slow", "--events-per-second", "1", "--burst", "5")
    answers = [running.sender(slow).batch([track("u1") for _ in range(15)]) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].json()["code"] == "source_over_quota"
    assert int(answers[1].headers["Retry-After"]) >= 1
    assert answers[1].headers["RateLimit"].startswith('"source_over_quota";r=0;t=')
    assert running.sender(other).batch([track("u1") for _ in range(50)]).status_code == 200
    wait_until(lambda: running.sender(slow).single(track("u1")).status_code == 200, 30, "the quota to fill again")
    house.run("source", "quota", "--id", "slow", "--events-per-second", "0")
    assert running.sender(slow).batch([track("u1") for _ in range(500)]).status_code == 200


def test_who_asks_too_often_is_told_to_wait(make_house):
    house = make_house("[limits]\nrequests_per_second = 1\nrequests_burst = 3\n"
                       "refusals_per_second = 1\nrefusals_burst = 3\n")
    with house.serve() as server:
        statuses = [server.get("/api/v1/roles").status_code for _ in range(5)]
        assert statuses[:3] == [200, 200, 200]
        assert 429 in statuses[3:]
        answers = [requests.get(f"{server.url}/api/v1/roles", timeout=10) for _ in range(5)]
        assert [answer.status_code for answer in answers[:3]] == [401, 401, 401]
        limited = next(answer for answer in answers if answer.status_code == 429)
        assert limited.json()["code"] == "refusals_too_many"
        assert int(limited.headers["Retry-After"]) >= 1
        assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200
