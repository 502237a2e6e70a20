"""A customer at the preference centre, over the API."""

import re

import requests

from harness import wait_until


def text_of(message) -> str:
    part = message.get_payload()[0] if message.is_multipart() else message
    return part.get_payload(decode=True).decode()


def code_of(message) -> str:
    return re.search(r"/me#(\d{8})", text_of(message)).group(1)


class Customer:
    """Somebody who reads the mailbox of `address`, in a browser of their own."""

    def __init__(self, url: str, mail, address: str):
        self.url, self.mail, self.address = f"{url}/api/v1/me", mail, address
        self.session = requests.Session()

    def ask(self) -> requests.Response:
        return self.session.post(f"{self.url}/codes", json={"address": self.address, "language": "de"}, timeout=10)

    def new_code(self) -> str:
        known = {message["Message-ID"] for message in self.mail.to(self.address)}
        assert self.ask().status_code == 202
        return code_of(wait_until(lambda: [message for message in self.mail.to(self.address)
                                           if message["Message-ID"] not in known])[0])

    def try_code(self, code: str) -> requests.Response:
        answer = self.session.post(f"{self.url}/sessions", json={"address": self.address, "code": code}, timeout=10)
        if answer.ok:
            self.session.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return answer

    def sign_in(self) -> "Customer":
        answer = self.try_code(self.new_code())
        assert answer.status_code == 201, answer.text
        return self

    def headers(self) -> dict:
        return {"Cookie": f"hs_me={self.session.cookies['hs_me']}",
                "X-CSRF-Token": self.session.headers["X-CSRF-Token"], "Authorization": None}

    def consents(self) -> dict:
        answer = self.session.get(f"{self.url}/consents", params={"language": "de"}, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def say(self, act: str, notice: dict | None = None, **more) -> requests.Response:
        body = {"purpose": "DirectMarketing", "channel": "email", "act": act, "language": "de", **more}
        return self.session.post(f"{self.url}/consents", json=body | ({"notice": notice} if notice else {}), timeout=10)


class Linker(Customer):
    """Somebody who brings together what is theirs."""

    def links(self) -> dict:
        answer = self.session.get(f"{self.url}/links", params={"language": "en"}, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask_for(self, way: str, value: str):
        return self.session.post(f"{self.url}/links/codes", json={"way": way, "value": value}, timeout=10)

    def code_for(self, way: str, value: str, mailbox: str) -> str:
        known = {message["Message-ID"] for message in self.mail.to(mailbox)}
        answer = self.ask_for(way, value)
        assert answer.status_code == 202, answer.text
        fresh = wait_until(lambda: [each for each in self.mail.to(mailbox) if each["Message-ID"] not in known])
        return re.search(r"\b\d{4} ?\d{4}\b", text_of(fresh[0])).group(0)

    def agree(self, notice: dict, code: str):
        return self.session.post(f"{self.url}/links", json={"code": code, "notice": notice}, timeout=10)

    def end(self, link: str):
        return self.session.post(f"{self.url}/links/end", json={"id": link}, timeout=10)


def state(consents: dict, purpose: str = "DirectMarketing", channel: str = "email") -> str:
    return next(line["state"] for topic in consents["topics"] if topic["purpose"] == purpose
                for line in topic["lines"] if line["channel"] == channel)
