"""Bad requests: bodies too large or badly packed, bad keys, what is no HTTP or half of it, slow senders. Every fault is
answered as wire.md says, and none leaves the server worse."""

import base64
import gzip
import json
import zlib

import pytest

import raw
from harness import track, wait_until

MEGABYTE = 1024 * 1024
LARGEST_BODY = 4 * MEGABYTE
LARGEST_BATCH = 2_500
EVENT = b'{"type":"track","userId":"u1","event":"X","messageId":"m-%d"}'


@pytest.fixture(autouse=True)
def unharmed(running):
    """After each case the server still takes in and gives back."""
    yield
    running.take_in_and_give_back(running.shop)


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


# --- sizes ------------------------------------------------------------------------------------------------------------

def batch_of(count: int, size_bytes: int = 0, name: str = "sized") -> bytes:
    events = [{"type": "track", "userId": name, "event": "X", "messageId": f"{name}-{number}"}
              for number in range(count)]
    body = json.dumps({"batch": events}).encode()
    return body[:-1] + b" " * (size_bytes - len(body)) + b"}"


SIZES = {
    "4 MB": (batch_of(10, LARGEST_BODY), 200),
    "4 MB + 1": (batch_of(10, LARGEST_BODY + 1), 413),
    "40 MB": (batch_of(10, 40 * MEGABYTE), 413),
    "2,500 events": (batch_of(LARGEST_BATCH, name="many"), 200),
    "2,501 events": (batch_of(LARGEST_BATCH + 1, name="many"), 413),
}


@pytest.mark.parametrize("case", SIZES)
def test_size_of_a_body(running, case):
    body, status = SIZES[case]
    answer = raw.exchange(running.url, raw.request_bytes("POST", "/v1/batch", body, basic(running.shop.write_key)))
    assert answer.status in ({413, None} if status == 413 and len(body) > LARGEST_BODY else {status}), answer


@pytest.mark.parametrize("case", ["4 MB", "4 MB + 1", "2,501 events"])
def test_size_of_a_compressed_body_is_that_of_the_inflated(running, case):
    body, status = SIZES[case]
    answer = running.send.post("/v1/batch", gzip.compress(body), headers={"Content-Encoding": "gzip"})
    assert answer.status_code == status, answer.text[:300]


def gzip_bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * MEGABYTE) for _ in range(megabytes)) + packer.flush()


ENCODED = {
    "gzip": ("gzip", gzip.compress(EVENT % 1), 200),
    "GZIP": ("GZIP", gzip.compress(EVENT % 2), 200),
    "x-gzip": ("x-gzip", gzip.compress(EVENT % 3), 200),
    "deflate": ("deflate", zlib.compress(EVENT % 4), 200),
    "raw deflate": ("deflate", zlib.compress(EVENT % 5, wbits=-15), 200),
    "identity": ("identity", EVENT % 6, 200),
    "two members": ("gzip", gzip.compress((EVENT % 7)[:20]) + gzip.compress((EVENT % 7)[20:]), 200),
    "not gzip at all": ("gzip", EVENT % 8, 400),
    "cut gzip": ("gzip", gzip.compress(EVENT % 9)[:-9], 400),
    "gzip with a wrong checksum": ("gzip", gzip.compress(EVENT % 10)[:-8] + b"\0\0\0\0\0\0\0\0", 400),
    "gzip with a tail": ("gzip", gzip.compress(EVENT % 11) + b"tail", 400),
    "an empty gzip": ("gzip", b"", 400),
    "a bomb of 200 MB": ("gzip", gzip_bomb(200), 413),
    "a bomb in a bomb": ("gzip", gzip.compress(gzip_bomb(200)), 400),
    "an unknown encoding": ("br", EVENT % 12, 415),
    "two encodings": ("gzip, gzip", gzip.compress(gzip.compress(EVENT % 13)), 415),
}


@pytest.mark.parametrize("case", ENCODED)
def test_content_encoding(running, case):
    encoding, body, status = ENCODED[case]
    answer = running.send.post("/v1/track", body, headers={"Content-Encoding": encoding})
    assert answer.status_code == status, answer.text[:300]


# --- keys -------------------------------------------------------------------------------------------------------------

BAD_KEYS = {
    "none": {},
    "unknown": basic("wrong"),
    "empty": basic(""),
    "a very long one": basic("k" * 8000),
    "not base64": {"Authorization": "Basic !!!"},
    "no colon": {"Authorization": "Basic " + base64.b64encode(b"key").decode()},
    "nothing after Basic": {"Authorization": "Basic"},
    "another scheme": {"Authorization": "Digest username=x"},
    "a quote": basic("' OR 1=1 --"),
    "bytes": {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe\0:").decode()},
}


@pytest.mark.parametrize("path", ["/v1/track", "/v1/t", "/v1/batch", "/v1/import"])
@pytest.mark.parametrize("case", BAD_KEYS)
def test_bad_key_is_401(running, case, path):
    body = batch_of(1) if path in ("/v1/batch", "/v1/import") else EVENT % 20
    answer = raw.exchange(running.url, raw.request_bytes("POST", path, body, BAD_KEYS[case]))
    assert answer.status == 401, answer


def test_wrong_key_in_the_body_is_401(running):
    for key in (b'"wrong"', b'{"a":1}', b"null", b'""'):
        body = EVENT[:-1] % 21 + b',"writeKey":' + key + b"}"
        assert raw.exchange(running.url, raw.request_bytes("POST", "/v1/track", body)).status == 401


def test_bad_key_tells_before_a_bad_body(running):
    answer = raw.exchange(running.url, raw.request_bytes("POST", "/v1/track", b'{"half', basic("wrong")))
    assert answer.status == 401


@pytest.mark.parametrize("query", ["", "writeKey=wrong", "data=%21%21", "data=e30", "properties=%7B"])
def test_pixel_answers_a_gif_whatever_is_asked(running, query):
    for kind in ("track", "page"):
        answer = running.session.get(f"{running.url}/pixel/v1/{kind}?{query}", timeout=10)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "image/gif"
        assert answer.content[:6] in (b"GIF87a", b"GIF89a")


def test_beacon_with_a_bad_key_is_401(running):
    answer = raw.exchange(running.url, raw.request_bytes("POST", "/beacon/v1/batch?writeKey=wrong", batch_of(1)))
    assert answer.status == 401


# --- what is no HTTP, or only half of it ------------------------------------------------------------------------------

def good(running, path="/v1/track", number=30) -> bytes:
    return raw.request_bytes("POST", path, EVENT % number, basic(running.shop.write_key))


NOT_HTTP = {
    "noise": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "nothing of HTTP": b"hello\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "HTTP/9.9": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost\r\n\r\n",
    "a negative length": b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "a length that is no number": b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n",
    "a length past 64 bits": b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "two lengths": b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    "a length and chunks": b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
                           b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a bad chunk": b"POST /v1/track HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "17 KB of headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Filling: " + b"x" * 17_000 + b"\r\n\r\n",
    "three thousand headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: 1234567890\r\n" * 3000 + b"\r\n",
    "17 KB of path": b"GET /" + b"x" * 17_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a NUL in the path": b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n",
    "headers without end": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: 1234567890\r\n" * 5000,
}


@pytest.mark.parametrize("case", NOT_HTTP)
def test_what_is_no_http_is_refused_or_hung_up_on(running, case):
    answer = raw.exchange(running.url, NOT_HTTP[case])
    refusals = {None, 505} if case == "HTTP/9.9" else {None, *range(400, 500)}
    assert answer.status in refusals, answer


@pytest.mark.parametrize("encoded", ["%", "%zz", "%ff", "%00", "%2e%2e%2f%2e%2e%2fetc", "..%2f", "a%0d%0aX-Injected:1"])
def test_odd_paths_are_no_route(running, encoded):
    for path in (f"/{encoded}", f"/api/v1/customers/{encoded}", f"/v1/projects/{encoded}/settings",
                 f"/api/v1/customers?key={encoded}"):
        request = raw.request_bytes("GET", path, headers={"Authorization": f"Bearer {running.token}"})
        answer = raw.exchange(running.url, request)
        assert answer.status is not None and 400 <= answer.status < 500, (path, answer)
        assert "x-injected" not in answer.headers


def test_request_cut_at_any_place_stores_nothing(running):
    user = "cut-off"
    body = json.dumps({"userId": user, "event": "X", "messageId": "cut-off"}).encode()
    whole = raw.request_bytes("POST", "/v1/track", body, basic(running.shop.write_key))
    for length in range(1, len(whole), 7):
        raw.hang_up_after(running.url, whole[:length])
    assert running.send.single(track("after-the-cuts")).status_code == 200
    assert running.timeline(f"user_id:{user}") == []


def test_whole_request_and_a_hang_up_is_stored_once_at_most(running):
    user = "gone-early"
    for number in range(20):
        body = json.dumps({"userId": user, "event": "X", "messageId": f"gone-{number % 10}",
                           "timestamp": "2026-01-01T00:00:00Z", "properties": {"number": number % 10}}).encode()
        raw.hang_up_after(running.url, raw.request_bytes("POST", "/v1/track", body, basic(running.shop.write_key)))
    running.send.store(*[{**track(user, number=number), "event": "X", "messageId": f"gone-{number}",
                          "timestamp": "2026-01-01T00:00:00Z"} for number in range(10)])
    stored = [item["properties"]["number"] for item in running.timeline(f"user_id:{user}")]
    assert sorted(stored) == list(range(10))


def test_pipelined_requests_are_answered_in_order(running):
    one = good(running, number=40).replace(b"Connection: close\r\n", b"")
    bad = raw.request_bytes("POST", "/v1/track", b"{", basic(running.shop.write_key))
    bad = bad.replace(b"Connection: close\r\n", b"")
    with raw.connect(running.url) as connection:
        connection.sendall(one + bad + good(running, number=41))
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    assert [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]] == [200, 400, 200]


# --- the rest of the interface ----------------------------------------------------------------------------------------

BAD_READS = {
    "no key": ("/api/v1/customers", {}, 400),
    "a key without kind": ("/api/v1/customers", {"key": "u1"}, 400),
    "an unknown kind": ("/api/v1/customers", {"key": "shoe_size:42"}, 400),
    "an empty value": ("/api/v1/customers", {"key": "user_id:"}, 400),
    "an e-mail that is none": ("/api/v1/customers", {"key": "email:no"}, 400),
    "an unknown customer": ("/api/v1/customers/c-nobody", {}, 404),
    "a timeline of nobody": ("/api/v1/customers/c-nobody/timeline", {}, 404),
    "a key and a name": ("/api/v1/customers", {"key": "user_id:u1", "name": "Quirin"}, 400),
    "an unknown purpose": ("/api/v1/customers", {"key": "user_id:u1", "purpose": "Curiosity"}, 400),
    "a forged cursor": ("/api/v1/customers/CUSTOMER/timeline", {"cursor": "AAAA"}, 400),
    "a limit of 0": ("/api/v1/customers/CUSTOMER/timeline", {"limit": 0}, 400),
    "a huge limit": ("/api/v1/customers/CUSTOMER/timeline", {"limit": 10**9}, 400),
    "a limit in words": ("/api/v1/customers/CUSTOMER/timeline", {"limit": "ten"}, 400),
    "an unknown type": ("/api/v1/customers/CUSTOMER/timeline", {"type": "telepathy"}, 400),
    "no such route": ("/api/v1/nonsense", {}, 404),
}


@pytest.mark.parametrize("case", BAD_READS)
def test_bad_read_is_a_problem(running, case):
    path, query, status = BAD_READS[case]
    running.send.store(track("reader", number=1))
    customer = running.customers("user_id:reader")[0]["id"]
    answer = running.get(path.replace("CUSTOMER", customer), **query)
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["status"] == status


@pytest.mark.parametrize("token", [None, "", "wrong", "x" * 5000, "\u00ff"])
def test_bad_token_is_401(running, token):
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    request = raw.request_bytes("GET", "/api/v1/customers?key=user_id:u1", headers=headers)
    answer = raw.exchange(running.url, request)
    assert answer.status == 401
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_write_key_is_no_token(running):
    answer = running.session.get(f"{running.url}/api/v1/customers", params={"key": "user_id:u1"}, timeout=10,
                                 headers={"Authorization": f"Bearer {running.shop.write_key}"})
    assert answer.status_code == 401


def test_wrong_method_is_405_and_names_the_right_ones(running):
    answer = running.session.delete(f"{running.url}/v1/track", timeout=10)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


# --- settings of their own --------------------------------------------------------------------------------------------

def test_disabled_source_is_404(make_house):
    house = make_house()
    shop = house.add_source("shop")
    house.run("source", "disable", "--id", "shop")
    with house.serve() as server:
        for answer in (server.sender(shop).single(track("u1")), server.sender(shop).batch([track("u1")])):
            assert answer.status_code == 404, answer.text[:300]


def test_slow_sender_is_hung_up_on_and_holds_nobody_up(make_house):
    house = make_house("[server]\nheader_timeout_seconds = 1\nbody_timeout_seconds = 1\n")
    shop = house.add_source("shop")
    with house.serve() as server:
        request = raw.request_bytes("POST", "/v1/track", b"x" * 1000, basic(shop.write_key))
        answer, seconds = raw.drip(server.url, request, seconds_between=0.2, at_most_seconds=10)
        assert answer is not None and answer.status in (None, 408), f"{answer} after {seconds} s"
        head_length = request.index(b"\r\n\r\n") + 4
        with raw.connect(server.url, timeout=10) as connection:
            connection.sendall(request[:head_length + 10])
            assert raw.read_answer(connection).status in (None, 408)
        idle = [raw.connect(server.url) for _ in range(300)]
        server.sender(shop).store(track("u1", number=1))
        assert wait_until(lambda: server.timeline("user_id:u1"))
        for connection in idle:
            connection.close()
