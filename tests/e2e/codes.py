"""One-time codes as an authenticator app makes them (RFC 6238): for members of staff who sign in with one."""

import base64
import hashlib
import hmac
import struct
import time

import requests

STEP_SECONDS = 30

_last_steps: dict[str, int] = {}  # by secret: a code is good once, and never after a later one


def code_of(secret: str) -> str:
    """The next code that is good; `secret` in base32, without padding. The server takes one step before and after its
    own clock, so three can be had at once; then this waits."""
    now = int(time.time()) // STEP_SECONDS
    step = max(now - 1, _last_steps.get(secret, 0) + 1)
    if step > now + 1:
        time.sleep((step - 1) * STEP_SECONDS - time.time())
    _last_steps[secret] = step
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    place = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[place:place + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def set_up_factor(session: requests.Session, url: str) -> str:
    """Sets an authenticator app up for who is signed in with this session, which goes on with a new cookie. Answers the
    secret."""
    offer = session.post(f"{url}/api/v1/session/second-factor", timeout=10)
    assert offer.status_code == 200, offer.text
    secret = offer.json()["secret"]
    answer = session.put(f"{url}/api/v1/session/second-factor", timeout=10,
                         json={"ticket": offer.json()["ticket"], "code": code_of(secret)})
    assert answer.status_code == 200, answer.text
    session.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return secret


def sign_in(url: str, login: str, password: str, secret: str | None = None) -> tuple[requests.Session, dict]:
    """Signs a member in, with a code where they have an app. Answers the session, and what the server said."""
    session = requests.Session()
    body = {"login": login, "password": password, **({"code": code_of(secret)} if secret else {})}
    answer = session.post(f"{url}/api/v1/session", json=body, timeout=30)
    assert answer.status_code == 201, answer.text
    session.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return session, answer.json()
