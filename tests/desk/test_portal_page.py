"""The customers' own page, in a real browser, with a real mailbox."""

import re
import uuid

import pytest
from playwright.sync_api import expect

from harness import event, wait_until
from portal import code_of

FIRST_LOAD_BYTES = 150_000


@pytest.fixture(scope="module")
def company(running):
    """With a newsletter by e-mail and by letter."""
    draft = {"purposes": ["DirectMarketing"], "channels": ["email", "post"], "validity": "2 years",
             "texts": [{"language": language, "title": title, "text": "Einmal im Monat:\n\n- ein **Rezept**",
                        "declaration": "Ja, gern.", "withdrawal": "Ein Wort genügt."}
                       for language, title in (("de", "Rundbrief"), ("en", "Letter"))]}
    drafted = running.session.put(f"{running.url}/api/v1/notices/letter/draft", json=draft, timeout=10)
    published = running.session.post(f"{running.url}/api/v1/notices/letter/versions/1/publish", timeout=10,
                                     json={"hash": drafted.json()["hash"]})
    assert published.ok, published.text
    return running


class Visit:
    def __init__(self, desk, company, known: bool = True):
        self.desk, self.page, self.company = desk, desk.page, company
        self.address = f"{uuid.uuid4().hex}@example.org"
        if known:
            company.send.store(event("identify", uuid.uuid4().hex, traits={"email": self.address}))

    def ask(self, path: str = "/me") -> str:
        """Asks for a code, and reads it in the mailbox."""
        self.page.goto(path)
        self.page.locator("input[type=email]").fill(self.address)
        self.page.locator("button[type=submit]").click()
        expect(self.page.locator("#code")).to_be_visible()
        return code_of(wait_until(lambda: self.company.mail.to(self.address))[-1])

    def enter(self, code: str):
        self.page.locator("#code").fill(code)
        self.page.locator("button[type=submit]").click()

    def sign_in(self) -> "Visit":
        self.enter(self.ask())
        expect(self.page.get_by_text(self.address)).to_be_visible()
        return self

    @property
    def switch(self):
        return self.page.get_by_role("switch", name="Angebote schicken: Per E-Mail")


def test_agrees_undoes_and_takes_back(open_desk, company):
    visit = Visit(open_desk(company), company).sign_in()
    page = visit.page
    expect(visit.switch).to_have_attribute("aria-checked", "false")
    expect(page.get_by_text("Das haben Sie nie erlaubt").first).to_be_visible()
    visit.switch.press("Space")
    told = page.get_by_role("status").filter(has_text="ist jetzt an")
    expect(told).to_be_visible()
    expect(visit.switch).to_have_attribute("aria-checked", "true")
    told.get_by_role("button", name="Rückgängig").click()
    expect(visit.switch).to_have_attribute("aria-checked", "false")
    visit.switch.click()
    expect(visit.switch).to_have_attribute("aria-checked", "true")
    visit.switch.click()
    expect(page.get_by_role("status").filter(has_text="ist jetzt aus")).to_be_visible()
    expect(page.locator(".history li")).to_have_count(4)
    page.get_by_role("button", name="Abmelden").click()
    expect(page.locator("input[type=email]")).to_be_visible()
    page.reload()
    expect(page.locator("input[type=email]")).to_be_visible()


def test_a_receipt_opens_to_be_printed(open_desk, company):
    visit = Visit(open_desk(company), company).sign_in()
    visit.switch.click()
    with visit.desk.context.expect_page() as opened:
        visit.page.locator(".told-card a").click()
    receipt = opened.value
    expect(receipt.get_by_role("heading", name="Ihre Einwilligung")).to_be_visible()
    expect(receipt.get_by_text("Ja, gern.")).to_be_visible()
    expect(receipt.locator("main")).to_have_css("max-width", "704px")  # its style applies


def test_everything_is_off_at_once(open_desk, company):
    visit = Visit(open_desk(company), company).sign_in()
    visit.switch.click()
    expect(visit.switch).to_have_attribute("aria-checked", "true")
    visit.page.get_by_role("button", name="Alle Werbung beenden").click()
    expect(visit.page.get_by_text("Sie haben alle Werbung beendet")).to_be_visible()
    expect(visit.switch).to_have_attribute("aria-checked", "false")


def test_a_wrong_code_says_what_to_do(open_desk, company):
    visit = Visit(open_desk(company), company)
    code = visit.ask()
    wrong = "00000000" if code != "00000000" else "11111111"
    for _ in range(5):
        visit.enter(wrong)
        expect(visit.page.get_by_role("alert")).to_contain_text("neuen schicken")
    visit.enter(code)
    expect(visit.page.get_by_role("alert")).to_contain_text("zu oft versucht")


def test_the_link_in_the_mail_only_fills_in(open_desk, company):
    visit = Visit(open_desk(company), company)
    code = visit.ask()
    page = visit.page
    page.goto("about:blank")
    page.goto(f"/me#{code}")
    expect(page.locator("#code")).to_have_value(code)
    assert "#" not in page.url
    page.locator("input[type=email]").fill(visit.address)
    page.locator("button[type=submit]").click()
    expect(visit.switch).to_be_visible()


def test_a_stranger_can_say_no(open_desk, company):
    visit = Visit(open_desk(company), company, known=False).sign_in()
    expect(visit.page.get_by_role("heading", name="Unter dieser Adresse ist nichts gespeichert")).to_be_visible()
    visit.page.get_by_role("button", name="Alle Werbung beenden").click()
    expect(visit.page.get_by_text("Diese Adresse bekommt keine Werbung")).to_be_visible()


def test_without_a_connection_nothing_is_claimed(open_desk, company):
    visit = Visit(open_desk(company), company).sign_in()
    expect(visit.switch).to_be_visible()
    visit.desk.context.set_offline(True)
    visit.switch.click()
    expect(visit.page.get_by_role("alert").first).to_contain_text("Keine Verbindung")
    expect(visit.switch).to_have_attribute("aria-checked", "false")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(open_desk, company, scheme):
    desk = open_desk(company, color_scheme=scheme, viewport={"width": 390, "height": 844})
    visit = Visit(desk, company)
    code = visit.ask()
    assert not desk.violations()
    visit.enter(code)
    visit.switch.click()
    expect(desk.page.locator(".told-card")).to_be_visible()
    for summary in desk.page.locator("summary").all():
        summary.click()
    assert not desk.violations()
    assert desk.run("document.documentElement.scrollWidth <= innerWidth")
    desk.page.get_by_role("button", name="EN English").click()
    expect(desk.page.get_by_role("heading", name="Your choice")).to_be_visible()
    assert desk.run("document.documentElement.lang") == "en"


def test_the_page_is_small_and_its_own(open_desk, company):
    desk = open_desk(company)
    session = desk.context.new_cdp_session(desk.page)
    session.send("Network.enable")
    received = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    answer = desk.page.goto("/me")
    expect(desk.page.locator("input[type=email]")).to_be_visible()
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and re.search(r"frame-ancestors 'none'", policy)
    assert sum(received) < FIRST_LOAD_BYTES, f"{sum(received)} bytes in {len(received)} requests"
