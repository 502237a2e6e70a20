"""Who asks: a source for pages, with what there is to tell of each category."""

import itertools
import uuid

from harness import Source

GERMAN = {
    "statistics": {
        "title": "Besuche zählen",
        "text": "Wir zählen, welche Seiten gelesen werden und wo jemand **nicht** weiterkommt.\n\n"
                "Dafür merken wir uns in Ihrem Browser eine zufällige Nummer.\n- Ihr Name gehört nicht dazu."
                "\n- Ihre Anschrift auch nicht.",
        "declaration": "Ja, Sie dürfen meine Besuche zählen.",
        "withdrawal": "Jederzeit über „Meine Entscheidung“ unten auf jeder Seite."},
    "marketing": {
        "title": "Passende Werbung",
        "text": "Wir zeigen Ihnen auf anderen Seiten, was zu dem passt, was Sie hier angesehen haben.",
        "declaration": "Ja, ich möchte Werbung sehen, die zu mir passt.",
        "withdrawal": "Jederzeit über „Meine Entscheidung“ unten auf jeder Seite."},
}
ENGLISH = {
    "statistics": {
        "title": "Counting visits", "text": "We count which pages are read, and where somebody gets **stuck**.",
        "declaration": "Yes, you may count my visits.",
        "withdrawal": "Any time by “My decision” at the foot of each page."},
    "marketing": {
        "title": "Advertising that fits", "text": "On other pages we show you what goes with what you looked at here.",
        "declaration": "Yes, I would like advertising that fits me.",
        "withdrawal": "Any time by “My decision” at the foot of each page."},
}
ENTRIES = {
    "statistics": {
        "categories": ["visits"], "retention": {"term": "14 months", "since": "collected"},
        "recipients": [{"name": "Messwerk GmbH", "country": "DE", "role": "processor"}],
        "description": {"de": "Wir zählen, welche Seiten gelesen werden und wo jemand hängen bleibt.",
                        "en": "We count which pages are read and where somebody gets stuck."},
        "benefit": {"de": "Eine Seite, auf der Sie schneller finden, was Sie suchen.",
                    "en": "A site on which you find sooner what you are looking for."}},
    "marketing": {
        "categories": ["visits"], "retention": {"term": "1 year", "since": "last_use"},
        "recipients": [{"name": "Werbehaus AG", "country": "CH", "role": "controller"},
                       {"name": "Plakat & Söhne", "country": "AT", "role": "processor"}],
        "description": {"de": "Wir wählen Werbung danach aus, was Sie hier angesehen haben.",
                        "en": "We choose advertising by what you looked at here."},
        "benefit": {"de": "Werbung für Dinge, die Sie brauchen können.", "en": "Advertising for things you can use."}},
}
PURPOSES = {"statistics": "ServiceUsageAnalytics", "marketing": "PersonalisedAdvertising"}


class Company:
    """`web` is the source of pages. Each test that changes what is told takes a source of its own."""

    def __init__(self, house, server):
        self.house = house
        self.server = server
        self._numbers = itertools.count(1)
        for category, purpose in PURPOSES.items():
            self._put(f"/api/v1/purpose-entries/{purpose}", ENTRIES[category])
            self.publish(category)
        self.web = self.add_source("web")

    def add_source(self, id: str | None = None, purposes=tuple(PURPOSES.values()), **more) -> Source:
        categories = [word for category, purpose in PURPOSES.items() if purpose in purposes
                      for word in ("--consent-category", f"{category}={purpose}")]
        return self.house.add_source(id or f"web-{uuid.uuid4().hex[:8]}", purposes=purposes, trust="public",
                                     more=tuple(categories), **more)

    def publish(self, category: str) -> int:
        """The next version of what is told of a category."""
        body = {"purposes": [PURPOSES[category]], "channels": [],
                "texts": [{"language": "de", **GERMAN[category]}, {"language": "en", **ENGLISH[category]}]}
        draft = self._put(f"/api/v1/notices/{category}/draft", body)
        path = f"/api/v1/notices/{category}/versions/{draft['version']}/publish"
        answer = self.server.session.post(self.server.url + path, json={"hash": draft["hash"]}, timeout=20)
        assert answer.status_code == 200, answer.text
        return draft["version"]

    def _put(self, path: str, body: dict) -> dict:
        answer = self.server.session.put(self.server.url + path, json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()
