"""Fills a server so that each operation has something to answer with."""

import re
from dataclasses import dataclass, field

from harness import Server, event, now, track


@dataclass
class Seeded:
    server: Server
    url: str
    write_key: str
    customer: str  # the id of a customer with a timeline
    known: dict[str, dict]  # path → its parameters, of something that is there
    asset: str  # a file that the desk's document names
    four_eyes: bool = False  # as the settings say now
    customers: list = field(default_factory=list)  # at the preference centre

    def post(self, path: str, body: dict) -> dict:
        """Makes something that an operation needs."""
        answer = self.server.session.post(self.url + path, json=body, timeout=20)
        assert answer.status_code == 201, f"{answer.status_code}: {answer.text[:500]}"
        return answer.json()

    def set_four_eyes(self, on: bool):
        """Nobody alone makes an admin with them, and nobody asks for anything without."""
        if on == self.four_eyes:
            return
        self.four_eyes = on
        house = self.server.house
        house.config.write_text(re.sub(r"four_eyes = \w+", f"four_eyes = {str(on).lower()}", house.config.read_text()))
        house.run("reload")


def seed(server: Server) -> Seeded:
    user = "seeded-person"
    traits = {"email": "seeded@example.org", "phone": "+4915123456789", "firstName": "Quirinella",
              "lastName": "Zwetschge", "address": {"country": "DE"}}
    events = [event("identify", user, anonymousId="seeded-browser", traits=traits)]
    for number in range(60):
        order = {"order_id": f"o-{number}", "revenue": 19.99, "currency": "EUR", "number": number}
        events.append({**track(user, **order), "timestamp": now(3600 - number)})
    server.sender(server.shop).store(*events)
    customer = server.customers(f"user_id:{user}")[0]["id"]
    asset = re.search(r'"/assets/([^"]+)"', server.get("/").text).group(1)
    seeded = Seeded(server, server.url, server.shop.write_key, customer, {}, asset)
    server.house.add_source("generated")
    member = seeded.post("/api/v1/staff", {"login": "generated", "display_name": "G", "role": "agent",
                                           "password": "correct-horse-battery-staple"})
    seeded.post("/api/v1/webhooks", {"id": "generated", "url": "https://localhost/hook", "region": "eu",
                                     "purpose": "CustomerOrderManagement"})
    seeded.known = {"/api/v1/customers/": {"id": customer}, "/api/v1/sources/": {"id": "generated"},
                    "/api/v1/webhooks/": {"id": "generated"},
                    "/api/v1/staff/": {"id": member["id"]}, "/v1/projects/": {"writeKey": server.shop.write_key}}
    return seeded
