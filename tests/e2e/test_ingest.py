"""The ingest conventions: each route, each authentication and each form of body, and what is kept of them."""

import base64
import gzip
import json
import zlib

import pytest
import requests

from harness import Source, event, now, shared_folder, track

LONG = {"identify": "i", "track": "t", "page": "p", "screen": "s", "group": "g", "alias": "a"}


def of_type(kind: str, user: str) -> dict:
    more = {"track": {"event": "Viewed"}, "group": {"groupId": "g1"}, "alias": {"previousId": f"{user}-before"},
            "page": {"name": "Home"}, "screen": {"name": "Basket"}, "identify": {}}
    return {"messageId": f"{kind}-{user}", "userId": user, "timestamp": now(3), "sentAt": now(), **more[kind]}


def is_success(answer: requests.Response) -> bool:
    return answer.status_code == 200 and answer.json() == {"success": True}


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("kind", LONG)
def test_single_event_routes(running, kind, short):
    user = f"single-{kind}-{short}"
    assert is_success(running.send.post(f"/v1/{LONG[kind] if short else kind}", of_type(kind, user)))
    assert [item["type"] for item in running.timeline(f"user_id:{user}")] == [kind]


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/v1/import"])
def test_batch_routes(running, path):
    user = f"batch-{path}"
    events = [{"type": kind, **of_type(kind, user)} for kind in LONG]
    assert is_success(running.send.post(path, {"batch": events, "sentAt": now()}))
    assert sorted(item["type"] for item in running.timeline(f"user_id:{user}")) == sorted(LONG)


@pytest.mark.parametrize("path", ["/v1/m", "/rsaMetrics"])
def test_telemetry_of_the_clients_is_accepted_and_dropped(running, path):
    answer = requests.post(running.url + path, data='{"series":[{"type":"Counter","metric":"x"}]}', timeout=10)
    assert answer.status_code == 200


def authentications(key: str) -> dict[str, tuple[dict, dict, str]]:
    """Name → headers, what is added to the body, the query."""
    basic = base64.b64encode(f"{key}:".encode()).decode()
    password = base64.b64encode(f"{key}:x".encode()).decode()
    return {"Basic": ({"Authorization": f"Basic {basic}"}, {}, ""),
            "Basic with a password": ({"Authorization": f"Basic {password}"}, {}, ""),
            "basic in small letters": ({"Authorization": f"basic {basic}"}, {}, ""),
            "body": ({}, {"writeKey": key}, ""),
            "Bearer and body": ({"Authorization": "Bearer anything"}, {"writeKey": key}, ""),
            "query": ({}, {}, f"?writeKey={key}")}


@pytest.mark.parametrize("way", authentications(""))
def test_authentication(running, way):
    headers, more, query = authentications(running.shop.write_key)[way]
    user = f"key-{way}"
    answer = requests.post(f"{running.url}/v1/track{query}", timeout=10, headers=headers,
                           data=json.dumps({**of_type("track", user), **more}))
    assert is_success(answer), answer.text
    assert len(running.timeline(f"user_id:{user}")) == 1


BODIES = {
    "JSON": ("application/json", None, lambda body: body),
    "JSON as text": ("text/plain", None, lambda body: body),
    "gzip called a form": ("application/x-www-form-urlencoded", "gzip", gzip.compress),
    "gzip as text": ("text/plain", "gzip", gzip.compress),
    "deflate": ("application/json", "deflate", zlib.compress),
    "of no type": (None, None, lambda body: body),
    "of a nonsensical type": ("image/png", None, lambda body: body),
    "in chunks": ("text/plain", "gzip", lambda body: iter([gzip.compress(body)[:20], gzip.compress(body)[20:]])),
}


@pytest.mark.parametrize("form", BODIES)
def test_content_type_is_not_trusted(running, form):
    content_type, encoding, pack = BODIES[form]
    headers = {"Content-Type": content_type, "Content-Encoding": encoding}
    user = f"form-{form}"
    body = json.dumps(of_type("track", user)).encode()
    answer = running.send.session.post(f"{running.url}/v1/track", data=pack(body), headers=headers, timeout=10)
    assert is_success(answer), answer.text
    assert len(running.timeline(f"user_id:{user}")) == 1


def test_beacon(running):
    user = "beacon"
    body = json.dumps({"batch": [{"type": "track", **of_type("track", user)}]})
    answer = requests.post(f"{running.url}/beacon/v1/batch?writeKey={running.shop.write_key}", data=body, timeout=10,
                           headers={"Content-Type": "text/plain"})
    assert answer.status_code == 200
    assert len(running.timeline(f"user_id:{user}")) == 1


@pytest.mark.parametrize("kind", ["track", "page"])
def test_pixel_stores_and_answers_a_gif(running, kind):
    user = f"pixel-{kind}"
    query = {"writeKey": running.shop.write_key, "userId": user, "anonymousId": f"a-{user}", "event": "Letter Opened",
             "name": "Letter", "properties": json.dumps({"letter": 7})}
    answer = requests.get(f"{running.url}/pixel/v1/{kind}", params=query, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"], answer.content[:3]) == (200, "image/gif", b"GIF")
    assert [item["type"] for item in running.timeline(f"user_id:{user}")] == [kind]


def test_settings_for_segment(running):
    answer = requests.get(f"{running.url}/v1/projects/{running.shop.write_key}/settings", timeout=10)
    host = running.url.removeprefix("http://")
    settings = answer.json()
    assert answer.status_code == 200
    assert settings["integrations"]["Segment.io"]["apiKey"] == running.shop.write_key
    assert settings["integrations"]["Segment.io"]["apiHost"] == f"{host}/v1"
    assert set(settings["consentSettings"]) == {"allCategories", "hasUnmappedDestinations"}


@pytest.mark.parametrize("by", ["query", "basic"])
def test_configuration_for_rudderstack(running, by):
    key = running.shop.write_key
    answer = requests.get(f"{running.url}/sourceConfig/", timeout=10, auth=(key, "") if by == "basic" else None,
                          params={"writeKey": key} if by == "query" else {})
    source = answer.json()["source"]
    assert answer.status_code == 200
    assert (source["writeKey"], source["enabled"], source["destinations"]) == (key, True, [])


def test_settings_of_an_unknown_key_are_refused(running):
    assert requests.get(f"{running.url}/v1/projects/wrong/settings", timeout=10).status_code in (401, 404)
    assert requests.get(f"{running.url}/sourceConfig/", params={"writeKey": "wrong"}, timeout=10).status_code == 401


def test_cors(running):
    asked = "Authorization, AnonymousId, SentAt, X-Retry-Count, Rsa-Source"
    answer = requests.options(f"{running.url}/v1/track", timeout=10, headers={
        "Origin": "https://shop.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": asked})
    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Access-Control-Max-Age"] == "900"
    allowed = {name.strip().lower() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert {name.strip().lower() for name in asked.split(",")} <= allowed
    sent = running.send.session.post(f"{running.url}/v1/track", data=json.dumps(of_type("track", "cors")), timeout=10,
                                     headers={"Origin": "https://shop.example"})
    assert sent.headers["Access-Control-Allow-Origin"] == "https://shop.example"


def test_no_cors_for_the_desk(running):
    answer = running.session.get(f"{running.url}/api/v1/customers", params={"key": "user_id:u1"}, timeout=10,
                                 headers={"Origin": "https://shop.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_global_privacy_control_is_declared(running):
    answer = requests.get(f"{running.url}/.well-known/gpc.json", timeout=10)
    assert answer.status_code == 200
    assert answer.json()["gpc"] is True
    assert len(answer.json()["lastUpdate"]) == len("2026-01-01")


def test_context_and_sent_at_of_the_batch_hold_for_its_items(running):
    """The client's clock is a day behind; its sentAt says so, and the time is set right."""
    user = "merged"
    item = {"type": "track", "userId": user, "event": "X", "messageId": "merged-1", "timestamp": now(86_400 + 60),
            "context": {"locale": "de-DE"}}
    body = {"batch": [item], "sentAt": now(86_400), "context": {"locale": "en-GB", "timezone": "Europe/Berlin"}}
    assert is_success(running.send.post("/v1/batch", body))
    stored = running.timeline(f"user_id:{user}")
    assert now(70) < stored[0]["occurred_at"] < now(50)
    assert stored[0]["context"]["locale"] == "de-DE"
    assert stored[0]["context"]["timezone"] == "Europe/Berlin"


def test_alias_of_oneself_changes_nothing(running):
    user = "oneself"
    assert is_success(running.send.single({"type": "alias", **of_type("alias", user), "previousId": user}))
    assert len(running.customers(f"user_id:{user}")) == 1


def test_an_event_shows_within_a_second(running):
    for number in range(5):
        running.send.store(track("prompt", number=number))
        assert len(running.timeline("user_id:prompt")) == number + 1  # at once: the answer came after the commit


def test_timeline_is_newest_first_and_paged_without_gaps(running):
    sent = [{**track("paged", number=number), "timestamp": now(1000 - number)} for number in range(120)]
    running.send.store(*sent[60:])
    running.send.store(*sent[:60])
    for limit in (7, 50, 200):
        numbers = [item["properties"]["number"] for item in running.timeline("user_id:paged", limit=limit)]
        assert numbers == list(range(119, -1, -1))


# --- consent on the wire ---------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def analytics(running) -> Source:
    """A source whose only purpose rests on consent."""
    return running.house.add_source("analytics", purposes=("ServiceUsageAnalytics",),
                                    more=("--consent-category", "Analytics=ServiceUsageAnalytics"))


def segment_consent(**categories) -> dict:
    return {"consent": {"categoryPreferences": categories}}


def rudder_consent(allowed: list, denied: list) -> dict:
    return {"consentManagement": {"provider": "custom", "allowedConsentIds": allowed, "deniedConsentIds": denied}}


CONSENTS = {
    "given": (segment_consent(Analytics=True), True),
    "given by the purpose's own name": (segment_consent(ServiceUsageAnalytics=True), True),
    "given, the RudderStack way": (rudder_consent(["Analytics"], ["Ads"]), True),
    "absent": ({}, False),
    "refused": (segment_consent(Analytics=False), False),
    "denied, the RudderStack way": (rudder_consent([], ["Analytics"]), False),
    "allowed and denied": (rudder_consent(["Analytics"], ["Analytics"]), False),
    "for something else": (segment_consent(Ads=True), False),
    "malformed: a word": (segment_consent(Analytics="true"), False),
    "malformed: a number": (segment_consent(Analytics=1), False),
    "malformed: a list": ({"consent": {"categoryPreferences": ["Analytics"]}}, False),
    "malformed: not a list": (rudder_consent("Analytics", None), False),
}


@pytest.mark.parametrize("case", CONSENTS)
def test_consent_decides_whether_an_event_is_tied_to_the_person(running, analytics, case):
    context, linked = CONSENTS[case]
    user = f"consent-{case}"
    sender = running.sender(analytics)
    sent = event("track", user, event="Viewed", context=context)
    assert is_success(sender.single(sent)), "a refusal by policy is a success too, or clients would drop events"
    assert is_success(sender.single(sent)), "and so is its retry"
    assert len(running.timeline(f"user_id:{user}")) == (1 if linked else 0)


# --- requests as they were recorded ----------------------------------------------------------------------------------

RECORDINGS = ["segment-node", "segment-browser", "rudderstack-node", "rudderstack-browser"]


@pytest.mark.parametrize("name", RECORDINGS)
def test_recorded_requests_are_answered_and_their_events_stored_once(running, name):
    recording = shared_folder() / "data" / "wire" / f"{name}.jsonl"
    if not recording.exists():
        pytest.skip(f"{recording} is missing; set HANDSCHLAG_SHARED")
    source = running.house.add_source(f"recorded-{name}", more=("--namespace", f"recorded-{name}"))
    key, wanted = source.write_key, set()
    for _ in range(2):  # the second time everything is a retry
        for line in recording.read_text().splitlines():
            recorded = json.loads(line)
            body = base64.b64decode(recorded.get("body_base64", "")) or recorded.get("body", "").encode()
            wanted |= replay(running, recorded, body, key)
    stored = [item for item in running.timeline("user_id:u1")
              if item["source"] == source.id]
    assert len(stored) == len(wanted)


def replay(running, recorded: dict, body: bytes, key: str) -> set[str]:
    """Sends one recorded request with our key for theirs, and answers the messageIds of the events in it."""
    dropped = ("content-length", "host", "connection")
    headers = {name: value for name, value in recorded["headers"].items() if name not in dropped}
    if "authorization" in headers:
        headers["authorization"] = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
    path = recorded["path"].replace("writeKey=wk", f"writeKey={key}").replace("/projects/wk/", f"/projects/{key}/")
    answer = requests.request(recorded["method"], running.url + path, data=body, headers=headers, timeout=10)
    assert answer.status_code in (200, 204), f"{recorded['method']} {path}: {answer.status_code} {answer.text[:300]}"
    if recorded["method"] != "POST":
        return set()
    sent = json.loads(gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body)
    return {item["messageId"] for item in sent.get("batch", [sent])}
