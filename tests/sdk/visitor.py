"""Somebody who visits the shop, in a browser of their own; everything that their browser asks for is seen."""

import json

from playwright.sync_api import Browser, Locator, Page, expect

from desk_browser import AXE
from harness import wait_until

expect.set_options(timeout=15_000)

# A page without it, or without its texts, fails the test instead of keeping it waiting.
READY = """Promise.race([
  new Promise(done => {
    const wait = () => window.handschlag?.consent ? handschlag.consent.on(done) : setTimeout(wait, 5);
    wait();
  }),
  new Promise((_, fail) => setTimeout(fail, 15000, 'the library did not come'))])"""
SIGNAL = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"


class Visitor:
    def __init__(self, browser: Browser, shop, signal: bool = False, state=None, **options):
        options = {"locale": "de-DE", "viewport": {"width": 1280, "height": 860}, "reduced_motion": "reduce", **options}
        self.shop = shop
        self.context = browser.new_context(base_url=shop.url, storage_state=state, **options)
        self.context.add_init_script(path=AXE)
        if signal:
            self.context.add_init_script(SIGNAL)
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.asked: list[str] = []
        self.bodies: list[dict] = []  # of batches that were sent
        self.others: list[str] = []  # what other clients sent
        self.context.on("request", self._see)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.context.on("console", self._hear)
        self.page: Page = self.context.new_page()

    def _hear(self, message):
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _see(self, request):
        if not request.url.startswith((self.shop.url, self.shop.server)):
            self.foreign.append(request.url)
        if request.url.startswith(self.shop.server):
            self.asked.append(request.url.removeprefix(self.shop.server).partition("?")[0])
        if request.url.startswith(self.shop.server + "/v1/batch"):
            self.bodies.append(json.loads(request.post_data))
        elif request.method == "POST":
            self.others.append(request.post_data or "")

    def go(self, path: str = "/", page: Page | None = None) -> Page:
        page = page or self.page
        page.goto(path)
        # Its texts have come: whoever listens is called.
        self.run(READY, page)
        return page

    def live_in(self, days: float):
        """Pages that are opened from now on believe that it is so much later."""
        self.context.add_init_script("{const Real = globalThis.RealDate ??= Date, later = %d;"
                                     "globalThis.Date = class extends Real {"
                                     "constructor(...at) { at.length ? super(...at) : super(Real.now() + later) }"
                                     "static now() { return Real.now() + later }}}" % (days * 86_400_000))

    def run(self, expression: str, page: Page | None = None):
        """The value of an expression. By the debugger, since a page's policy may evaluate no text."""
        session = self.context.new_cdp_session(page or self.page)
        answer = session.send("Runtime.evaluate", {"expression": expression, "awaitPromise": True,
                                                   "returnByValue": True})
        session.detach()
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_until(self, condition, seconds: float = 20):
        """As of the harness; the browser's events are heard meanwhile, which sleeping would not."""
        def heard():
            self.page.wait_for_timeout(10)
            return condition()
        return wait_until(heard, seconds)

    def send(self):
        """Sends what waits, and waits until it was taken."""
        self.run("handschlag.flush()")

    @property
    def dialog(self) -> Locator:
        return self.page.locator("handschlag-consent dialog")

    def press(self, *names: str):
        for name in names:
            self.dialog.get_by_role("button", name=name, exact=True).click()

    def stored(self) -> dict:
        """All that the browser keeps of the shop."""
        return {"local": self.run("({...localStorage})"), "session": self.run("({...sessionStorage})"),
                "cookies": {one["name"]: one["value"] for one in self.context.cookies()},
                "databases": self.run("indexedDB.databases().then(all => all.length)"),
                "caches": self.run("caches.keys().then(all => all.length)")}

    def answer(self) -> dict:
        """What the library keeps; it is alone."""
        local = self.stored()["local"]
        assert len(local) == 1, local
        return json.loads(next(iter(local.values())))

    def events(self) -> list[dict]:
        return [event for body in self.bodies for event in body["batch"]]

    def violations(self) -> list[str]:
        """What axe finds wrong with the banner (WCAG 2.2 AA), once nothing moves."""
        self.run("Promise.all(document.getAnimations().map(each => each.finished)).then(() => null)")
        found = self.run("axe.run('handschlag-consent', {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', "
                         "'wcag22aa', 'best-practice']})")
        return [f"{one['id']}: {one['help']}: {node['target']} {node['failureSummary'][:300]}"
                for one in found["violations"] for node in one["nodes"]]

    def close(self):
        self.context.close()
