"""Random sequences of what people say, by every way, beside a model that is simple enough to be believed: a message
leaves where it says so and nowhere else.

HANDSCHLAG_MODEL_SEED and HANDSCHLAG_MODEL_STEPS choose another run, or a longer one."""

import datetime
import json
import os
import random

import pytest
import requests

from harness import Server, event
from test_outreach import OFFER, post, settings, state_of
from test_unsubscribe import link_in

MARKETING = "DirectMarketing:A6-1-a"
COUNTRIES = ("DE", "FR", "US")  # the last has no law that asks for more than a claim to advertise by mail
ALONE, SHARING = 6, 2  # people; the latter have one mailbox
NO = ("refused", "withdrawn", "objected")
SURE = ("stated", "confirmed")
STEPS = int(os.environ.get("HANDSCHLAG_MODEL_STEPS", "40"))


class Model:
    """What was said, and what follows from it."""

    def __init__(self):
        self.said: list[dict] = []

    def say(self, user: int, act: str, at: float, *, address: str = "", strength: str = "stated",
            expires: float | None = None, purpose: str = "DirectMarketing", channel: str = "email"):
        self.said.append({"user": user, "act": act, "at": at, "address": address, "strength": strength,
                          "expires": expires, "purpose": purpose, "channel": channel})

    def _touching(self):
        return [one for one in self.said if one["purpose"] == "DirectMarketing"
                and (one["channel"] == "email" or (one["channel"] == "none" and one["act"] in NO))]

    @staticmethod
    def _decides(statements: list[dict]) -> dict | None:
        """The newest; but no claim takes the place of what was said more surely and holds."""
        newest = max(statements, key=lambda one: one["at"], default=None)
        surest = max((one for one in statements if one["strength"] in SURE), key=lambda one: one["at"], default=None)
        claims = newest is not None and newest["act"] not in NO and newest["strength"] not in SURE
        if not claims or surest is None or surest["act"] in NO:
            return surest if claims and surest is not None else newest
        over = surest["expires"] is not None and surest["expires"] <= datetime.datetime.now().timestamp()
        ended = any(one["act"] in NO and one["at"] > surest["at"] for one in statements)
        return newest if over or ended else surest

    def agreed(self, people: set[int], mailbox: str) -> str:
        """How surely these, who are one person, said yes for a mailbox; "" where they did not."""
        mine = [one for one in self._touching() if one["user"] in people]
        for address in {mailbox} | {one["address"] for one in mine if one["address"]}:
            here = [one for one in mine if one["address"] == address or (one["address"] == "" and one["act"] in NO)]
            newest = self._decides(here)
            if newest is not None and newest["act"] in NO:
                return ""
            if address == mailbox:
                yes = newest
        over = yes is None or (yes["expires"] is not None and yes["expires"] <= datetime.datetime.now().timestamp())
        return "" if over else yes["strength"]


def iso(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Run:
    """One house, its people, and what happens to them."""

    def __init__(self, server: Server, mail_server, seed: int):
        self.server, self.mail_server, self.dice, self.model = server, mail_server, random.Random(seed), Model()
        self.told: list[str] = []
        start = datetime.datetime.now().timestamp() - 250 * 86_400
        self.moments = [start + minute * 60 for minute in self.dice.sample(range(240 * 1440), 4_000)]
        self.ids, self.allowed = {}, []
        for user in range(ALONE + SHARING):
            traits = {"email": self.mailbox(user), "address": {"country": self.country(user)}}
            consent = {"consent": {"categoryPreferences": {"letters": True}}}
            server.sender(server.house.crm).store(event("identify", f"u{user}", traits=traits, context=consent))
            self.ids[user] = server.customers(f"user_id:u{user}")[0]["id"]

    @staticmethod
    def mailbox(user: int) -> str:
        return f"u{user}@example.org" if user < ALONE else "both@example.org"

    @staticmethod
    def country(user: int) -> str:
        return COUNTRIES[user % len(COUNTRIES)] if user < ALONE else "DE"

    def bring(self):
        """Statements of another system, in any order of their times."""
        lines = []
        for _ in range(self.dice.randint(1, 3)):
            user, at = self.dice.randrange(ALONE + SHARING), self.moments.pop()
            act = self.dice.choice(("given", "given", "given", "renewed", *NO))
            channel = self.dice.choice(("email", "email", "none"))
            address = self.dice.choice((self.mailbox(user), self.mailbox(user), f"old{user}@example.org"))
            strength = self.dice.choice(("stated", "confirmed", "claimed"))
            purpose = self.dice.choice(("DirectMarketing", "DirectMarketing", "SatisfactionSurvey"))
            line = {"key_kind": "user_id", "key": f"u{user}", "act": act, "purpose": purpose, "channel": channel,
                    "said_at": iso(at), "strength": strength}
            if channel == "email":
                line["address"] = address
            else:
                address = ""
            if act not in NO and self.dice.random() < 0.8:
                line |= {"declaration": "Ja, gern.", "evidence": "form 7"}
            elif act not in NO:
                strength = "claimed"  # nothing proves it
            expires = None
            if act not in NO and self.dice.random() < 0.3:
                expires = at + self.dice.choice((1, 400)) * 86_400
                line["expires_at"] = iso(expires)
            lines.append(json.dumps(line))
            strength = "stated" if act in NO else strength  # a no needs no proof
            self.model.say(user, act, int(at), address=address, strength=strength, expires=expires, purpose=purpose,
                           channel=channel)
        self.told += lines
        answer = self.server.session.post(f"{self.server.url}/api/v1/consents/import", timeout=20, json={
            "source": "crm", "format": "jsonl", "text": "\n".join(lines)})
        assert answer.ok and not answer.json()["refused"], answer.text

    def take_down(self):
        """What an agent is told today."""
        user, act = self.dice.randrange(ALONE + SHARING), self.dice.choice(("given", *NO))
        channel = "email" if act == "given" else self.dice.choice(("email", "none"))
        body = {"act": act, "purpose": "DirectMarketing", "channel": channel, "way": "phone"}
        if channel == "email":
            body["address"] = self.mailbox(user)
        if act == "given":
            body |= {"declaration": "Ja, gern.", "evidence": "recording 4711"}
        self.told.append(f"u{user}: {json.dumps(body)}")
        post(self.server, f"/api/v1/customers/{self.ids[user]}/consents", body)
        self.model.say(user, act, datetime.datetime.now().timestamp(), address=body.get("address", ""), channel=channel)

    def unsubscribe(self):
        """By one click, in a mail that arrived; an old one does as well."""
        if not self.allowed:
            return
        user, message = self.dice.choice(self.allowed)
        if user >= ALONE:
            return  # whose link it was does not show in the mailbox
        arrived = self.mail_server.to(self.mailbox(user))
        if not arrived:
            return
        self.told.append(f"u{user} unsubscribes")
        link = link_in(self.server, self.dice.choice(arrived))
        answer = requests.post(link, data="List-Unsubscribe=One-Click", timeout=20,
                               headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status_code == 200, answer.text
        self.model.say(user, "withdrawn", datetime.datetime.now().timestamp(), address=self.mailbox(user))

    def write_to(self, user: int):
        decided = post(self.server, "/api/v1/messages",
                       {"customer": self.ids[user], "template": "offer", "language": "de"})
        leaves = decided["outcome"] != "denied"
        reasons = [reason["name"] for reason in decided["message"]["trace"][0]["reasons"]]
        readings = [{user}] if user < ALONE else [{user}, set(range(ALONE, ALONE + SHARING))]
        strengths = {self.model.agreed(people, self.mailbox(user)) for people in readings}
        expected = any(each in SURE or (each != "" and self.country(user) == "US") for each in strengths)
        story = "\n".join([f"u{user} ({self.country(user)}): {decided['outcome']} {reasons}", *self.told])
        if user < ALONE:
            assert leaves == expected, story
        else:
            assert expected or not leaves, story  # whether they are one person is the law's to say
        if leaves:
            self.allowed.append((user, decided["message"]))

    def settled(self) -> bool:
        return all(state_of(self.server, message)["state"] != "waiting" for _, message in self.allowed)

    def said(self, user: int) -> list[dict]:
        return self.server.read(f"/api/v1/customers/{self.ids[user]}/consents")["history"]


@pytest.mark.parametrize("seed", [int(os.environ.get("HANDSCHLAG_MODEL_SEED", "1")), 2])
def test_a_message_leaves_where_what_was_said_allows_it_and_nowhere_else(make_house, storage, mail_server, seed):
    caps = '[outreach]\nmarketing_caps = ["1000/1d"]\n'
    house = make_house(storage + settings(mail_server.port) + caps)
    house.crm = house.add_source("crm", touchpoint="branch", purposes=("CustomerCare:A6-1-b", MARKETING),
                                 more=("--consent-category", "letters=DirectMarketing"))
    with house.serve() as server:
        post(server, "/api/v1/templates", OFFER)
        run = Run(server, mail_server, seed)
        before: dict[int, set] = {user: set() for user in run.ids}
        for step in range(STEPS):
            run.dice.choices((run.bring, run.take_down, run.unsubscribe), (6, 3, 2))[0]()
            for user in run.dice.sample(range(ALONE + SHARING), 2):
                run.write_to(user)
            if step % 10 == 0:
                user = run.dice.randrange(ALONE)
                now = {each["id"] for each in run.said(user)}
                assert before[user] <= now, "what was said is never gone"
                before[user] = now
        for user in run.ids:
            run.write_to(user)
        assert any(user < ALONE for user, _ in run.allowed), "a run in which nothing leaves shows nothing"
    written = {run.mailbox(user) for user, _ in run.allowed}
    assert {message["To"].lower() for message in mail_server.messages()} <= written
