"""One person at the desk, in a browser of their own."""

import os

from playwright.sync_api import Browser, Page, expect

from codes import code_of
from harness import REPOSITORY

PASSWORD = "moewe-und-moos"
SESSION_COOKIE = "hs_session"
CHROMIUM = os.environ.get("HANDSCHLAG_CHROMIUM", "/usr/bin/chromium")
AXE = REPOSITORY / "web/desk/node_modules/axe-core/axe.min.js"

expect.set_options(timeout=15_000)


class Desk:
    """One person at the desk. Whatever the browser complains about (its policy, an exception) fails the test."""

    def __init__(self, browser: Browser, server, **options):
        options = {"locale": "de-DE", "viewport": {"width": 1280, "height": 860}, **options}
        self.server = server
        self.context = browser.new_context(base_url=server.url, **options)
        self.context.add_init_script(path=AXE)
        self.page: Page = self.context.new_page()
        self._debugger = self.context.new_cdp_session(self.page)
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: self._hear(message))
        self.page.on("request", lambda request: self._see(request.url))

    def _hear(self, message):
        # That a request was refused is told by the page itself, and is part of some tests.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _see(self, url: str):
        if not url.startswith(self.server.url):
            self.foreign.append(url)

    def sign_in(self, login: str = "mia", path: str = "/", password: str = PASSWORD) -> Page:
        page = self.page
        page.goto(path)
        page.locator("input[autocomplete=username]").fill(login)
        page.locator("input[autocomplete=current-password]").fill(password)
        page.locator("button[type=submit]").click()
        if login in self.server.secrets:
            page.locator("input[autocomplete=one-time-code]").fill(code_of(self.server.secrets[login]))
            page.locator("button[type=submit]").click()
        expect(page.locator("main nav, nav").first).to_be_attached()
        expect(page.locator("#content h1")).to_be_visible()
        return page

    def come_in_as_ada(self, path: str = "/") -> Page:
        """As the admin, in a session that has begun already."""
        self.context.add_cookies([{"name": SESSION_COOKIE, "value": self.server.cookie, "url": self.server.url,
                                   "httpOnly": True, "sameSite": "Strict"}])
        self.page.goto(path)
        expect(self.page.locator("#content h1")).to_be_visible()
        return self.page

    def find(self, wanted: str, purpose: str = "CustomerCare") -> Page:
        page = self.page
        page.goto(f"/customers?purpose={purpose}")
        field = page.locator("main input[type=search]")
        field.fill(wanted)
        field.press("Enter")
        return page

    def open_customer(self, wanted: str) -> Page:
        page = self.find(wanted)
        page.locator("main li a").first.click()
        expect(page.locator("article").first).to_be_visible()
        return page

    def run(self, expression: str):
        """The value of an expression of JavaScript. By the debugger: the page's policy evaluates no text."""
        answer = self._debugger.send("Runtime.evaluate", {"expression": expression, "awaitPromise": True,
                                                          "returnByValue": True})
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def violations(self) -> list[str]:
        """What axe finds wrong for people with disabilities (WCAG 2.2 AA) on the page as it is, once nothing fades."""
        self.run("Promise.allSettled(document.getAnimations().filter(each => each.playState === 'running' && "
                 "each.effect?.getComputedTiming().endTime !== Infinity).map(each => each.finished)).then(() => null)")
        found = self.run(
            "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})")
        return [f"{one['id']}: {one['help']}: {node['target']} {node['failureSummary'][:300]}"
                for one in found["violations"] for node in one["nodes"]]

    def close(self):
        self.context.close()
