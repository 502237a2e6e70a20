"""Bad events: every fault is answered as wire.md says, and none harms what is good beside it."""

import json

import pytest

from harness import now, track


@pytest.fixture(autouse=True)
def unharmed(running):
    """After each case the server still takes in and gives back."""
    yield
    running.take_in_and_give_back(running.shop)


# --- bodies -----------------------------------------------------------------------------------------------------------


def nested(depth: int) -> bytes:
    """An event whose properties make it `depth` deep."""
    return b'{"userId":"u1","event":"X","properties":{"a":' + b"[" * (depth - 2) + b"]" * (depth - 2) + b"}}"


MALFORMED = {
    "nothing": b"",
    "spaces": b"   \r\n",
    "no JSON": b"hello",
    "half an object": b'{"userId":"u1","event":',
    "a form": b"userId=u1&event=X",
    "two values": b'{"userId":"u1","event":"X"}{"userId":"u2","event":"X"}',
    "a comma too many": b'{"userId":"u1","event":"X",}',
    "single quotes": b"{'userId':'u1','event':'X'}",
    "a comment": b'{"userId":"u1",/* no */"event":"X"}',
    "NaN": b'{"userId":"u1","event":"X","properties":{"a":NaN}}',
    "Infinity": b'{"userId":"u1","event":"X","properties":{"a":Infinity}}',
    "a number past all bounds": b'{"userId":"u1","event":"X","properties":{"a":1e999}}',
    "a leading zero": b'{"userId":"u1","event":"X","properties":{"a":007}}',
    "a raw line feed in a string": b'{"userId":"u1","event":"X\nY"}',
    "a raw NUL in a string": b'{"userId":"u1","event":"X\0Y"}',
    "invalid UTF-8": b'{"userId":"u1","event":"X","properties":{"a":"\xff\xfe"}}',
    "overlong UTF-8": b'{"userId":"u1","event":"X","properties":{"a":"\xc0\xaf"}}',
    "a surrogate in UTF-8": b'{"userId":"u1","event":"X","properties":{"a":"\xed\xa0\x80"}}',
    "UTF-8 past Unicode": b'{"userId":"u1","event":"X","properties":{"a":"\xf4\x90\x80\x80"}}',
    "cut UTF-8": b'{"userId":"u1","event":"X","properties":{"a":"\xe2\x82',
    "UTF-16": '{"userId":"u1","event":"X"}'.encode("utf-16"),
    "a bad escape": b'{"userId":"u1","event":"\\x41"}',
    "65 deep": nested(65),
    "a million deep": nested(1_000_000),
    "a million deep, never closed": b"[" * 1_000_000,
    "an array": b"[]",
    "a string": b'"u1"',
    "a number": b"42",
    "null": b"null",
    "true": b"true",
}


@pytest.mark.parametrize("path", ["/v1/track", "/v1/t", "/v1/batch", "/v1/b", "/v1/import"])
@pytest.mark.parametrize("fault", MALFORMED)
def test_malformed_body_is_400(running, fault, path):
    answer = running.send.post(path, MALFORMED[fault])
    assert answer.status_code == 400, answer.text[:300]
    assert answer.json(), "a refusal says what was wrong"


TAKEN = {
    "64 deep": (nested(64), None),
    "a lone surrogate": (b'{"userId":"%s","event":"X","properties":{"a":"cut \\ud83d"}}',
                         {"a": "cut \N{REPLACEMENT CHARACTER}"}),
    "a surrogate pair": (b'{"userId":"%s","event":"X","properties":{"a":"\\ud83c\\udf88"}}', {"a": "🎈"}),
    "an escaped NUL": (b'{"userId":"%s","event":"X","properties":{"a":"x\\u0000y"}}', {"a": "x\0y"}),
    "an escaped NUL in a name": (b'{"userId":"%s","event":"X","properties":{"a\\u0000b":1}}', {"a\0b": 1}),
    "the largest whole number": (b'{"userId":"%s","event":"X","properties":{"a":9223372036854775807}}',
                                 {"a": 2**63 - 1}),
    "a larger whole number": (b'{"userId":"%s","event":"X","properties":{"a":18446744073709551615}}', {"a": 2**64 - 1}),
    "a huge number": (b'{"userId":"%s","event":"X","properties":{"revenue":1e300,"currency":"EUR"}}',
                      {"revenue": 1e300, "currency": "EUR"}),
    "a tiny number": (b'{"userId":"%s","event":"X","properties":{"a":1e-300}}', {"a": 1e-300}),
    "a byte order mark": (b'\xef\xbb\xbf{"userId":"%s","event":"X","properties":{"a":1}}', {"a": 1}),
    "a name twice": (b'{"userId":"%s","event":"X","properties":{"a":1,"a":2}}', {"a": 2}),
    "no properties": (b'{"userId":"%s","event":"X"}', {}),
    "null properties": (b'{"userId":"%s","event":"X","properties":null}', {}),
    "an unknown field": (b'{"userId":"%s","event":"X","novelty":[1,2],"properties":{"a":1}}', {"a": 1}),
}


@pytest.mark.parametrize("case", TAKEN)
def test_odd_but_sound_body_is_stored(running, case):
    body, properties = TAKEN[case]
    user = f"odd-{case}"
    sent = body.replace(b'"u1"', b'"%s"').replace(b"%s", user.encode())
    answer = running.send.post("/v1/track", sent)
    assert (answer.status_code, answer.json()) == (200, {"success": True}), answer.text[:300]
    stored = running.timeline(f"user_id:{user}")
    assert len(stored) == 1
    if properties is not None:
        assert stored[0]["properties"] == properties


# --- what an event must have ------------------------------------------------------------------------------------------

INCOMPLETE = {
    "nobody": {"type": "track", "event": "X"},
    "an empty user id": {"type": "track", "event": "X", "userId": ""},
    "a null user id": {"type": "track", "event": "X", "userId": None},
    "a user id that is an object": {"type": "track", "event": "X", "userId": {"id": 1}},
    "a user id that is a list": {"type": "track", "event": "X", "userId": ["u1"]},
    "a user id that is true": {"type": "track", "event": "X", "userId": True},
    "no name of the event": {"type": "track", "userId": "u1"},
    "an empty name of the event": {"type": "track", "userId": "u1", "event": ""},
    "a name of the event that is a list": {"type": "track", "userId": "u1", "event": ["X"]},
    "a messageId of 101 characters": {"type": "track", "userId": "u1", "event": "X", "messageId": "m" * 101},
    "33 KB": {"type": "track", "userId": "u1", "event": "X", "properties": {"a": "x" * 33 * 1024}},
}


@pytest.mark.parametrize("case", INCOMPLETE)
def test_single_event_that_lacks_something_is_refused(running, case):
    answer = running.send.single(INCOMPLETE[case])
    assert answer.status_code == (413 if case == "33 KB" else 400), answer.text[:300]
    assert answer.json(), "a refusal says what was wrong"


BAD_ITEMS = {
    **INCOMPLETE,
    "no type": {"userId": "u1", "event": "X"},
    "an unknown type": {"type": "telepathy", "userId": "u1"},
    "a type that is a number": {"type": 5, "userId": "u1"},
    "a string": "track",
    "a number": 17,
    "null": None,
    "a list": [{"type": "track", "userId": "u1", "event": "X"}],
}


@pytest.mark.parametrize("case", BAD_ITEMS)
def test_bad_item_of_a_batch_is_reported_and_the_others_stored(running, case):
    user = f"beside-{case}"
    answer = running.send.batch([track(user, number=1), BAD_ITEMS[case], track(user, number=2)])
    assert answer.status_code == 200, answer.text[:300]
    report = answer.json()
    assert report["success"] is True
    assert [item["index"] for item in report["rejected"]] == [1]
    assert report["rejected"][0]["reason"]
    assert sorted(item["properties"]["number"] for item in running.timeline(f"user_id:{user}")) == [1, 2]


def test_batch_of_bad_items_only_reports_each(running):
    answer = running.send.batch(list(BAD_ITEMS.values()))
    assert answer.status_code == 200, answer.text[:300]
    assert [item["index"] for item in answer.json()["rejected"]] == list(range(len(BAD_ITEMS)))


BAD_BATCHES = {
    "empty": {"batch": []},
    "missing": {"sentAt": "2026-01-01T00:00:00Z"},
    "null": {"batch": None},
    "an object": {"batch": {"type": "track", "userId": "u1", "event": "X"}},
    "a string": {"batch": "[]"},
}


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/v1/import"])
@pytest.mark.parametrize("case", BAD_BATCHES)
def test_bad_batch_is_400(running, case, path):
    assert running.send.post(path, BAD_BATCHES[case]).status_code == 400


ANYTHING = {"null": None, "true": True, "a number": -17, "a fraction": 0.5, "a huge number": 1e300, "a string": "x",
            "nothing": "", "a list": [1, [2]], "an object": {"a": {"b": 1}}, "a long string": "ä" * 5000}
FIELDS = ["type", "anonymousId", "messageId", "name", "traits", "properties", "groupId", "previousId", "context",
          "integrations", "timestamp", "originalTimestamp", "sentAt", "channel", "_metadata", "context/traits",
          "context/consent", "context/consent/categoryPreferences", "context/consentManagement",
          "context/consentManagement/allowedConsentIds", "context/device", "context/device/id", "context/page",
          "context/locale", "context/timezone", "context/ip",
          "context/externalId", "traits/email", "traits/phone", "traits/name", "traits/address",
          "traits/address/country", "properties/revenue", "properties/total", "properties/currency",
          "properties/products"]


def with_value(base: dict, path: str, value) -> dict:
    names = path.split("/")
    made = json.loads(json.dumps(base))
    place = made
    for name in names[:-1]:
        place = place.setdefault(name, {})
    place[names[-1]] = value
    return made


def wrong_events(kind: str, field: str, user: str) -> list[dict]:
    base = {"type": kind, "userId": user, "event": "Order Completed", "groupId": "g", "previousId": f"{user}-before"}
    return [with_value({**base, "messageId": f"{user}-{number}"}, field, value)
            for number, value in enumerate(ANYTHING.values())]


@pytest.mark.parametrize("field", FIELDS)
def test_wrong_type_in_any_field_harms_nothing_else(running, field):
    """A field of the wrong type is taken for absent or refuses its event alone: never the batch, never the server."""
    name = field.replace("/", ".")
    for kind in ("identify", "track", "page", "group", "alias"):
        beside, user = f"beside-{kind}-{name}", f"wrong-{kind}-{name}"
        events = wrong_events(kind, field, user)
        answer = running.send.batch([track(beside, number=1), *events, track(beside, number=2)])
        assert answer.status_code == 200, answer.text[:300]
        assert not {0, len(events) + 1} & {item["index"] for item in answer.json().get("rejected", [])}
        assert len(running.timeline(f"user_id:{beside}")) == 2
        for single in events:
            status = running.send.post(f"/v1/{kind}", single).status_code
            assert status in (200, 400), f"{single} was answered with {status}"
        for customer in running.customers(f"user_id:{user}"):
            running.read(f"/api/v1/customers/{customer['id']}")
            running.timeline_of(customer["id"])


def test_ids_that_are_numbers_are_taken_as_text(running):
    assert running.send.single({**track("x", number=1), "userId": 4242}).status_code == 200
    assert len(running.timeline("user_id:4242")) == 1


@pytest.mark.parametrize("timestamp", [
    "2099-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "99999-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z", "2026-01-01T00:00:00+99:00", "tomorrow", "12", 1e18, -1])
def test_time_of_a_broken_clock_is_clamped(running, timestamp):
    """A phone set to 2099 must not sit on top for ever; what no one can read counts as now."""
    user = f"clock-{timestamp}"
    assert running.send.single({**track(user, number=1), "timestamp": timestamp}).status_code == 200
    stored = running.timeline(f"user_id:{user}")
    assert len(stored) == 1
    assert stored[0]["occurred_at"] <= now(-1), stored[0]["occurred_at"]
