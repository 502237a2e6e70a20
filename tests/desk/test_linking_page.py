"""On their own page customers bring together what is theirs and take it apart; the desk follows."""

import re
import uuid

import pytest
from playwright.sync_api import expect

from desk import PASSWORD
from harness import event, wait_until
from portal import code_of, text_of

DECLARATION = "Ja, führen Sie beides zusammen."
BENEFIT = "Sie erzählen nichts zweimal."


@pytest.fixture(scope="module")
def company(running, tmp_path_factory):
    """With a notice on linking, a source for service (`company.care` sends for it), and `mia` at the desk."""
    running.care = running.sender(running.house.add_source("care", purposes=("CustomerCare:A6-1-b",)))
    password = tmp_path_factory.mktemp("linking") / "password"
    password.write_text(PASSWORD)
    running.house.run("staff", "add", "--login", "mia", "--name", "Mia", "--role", "agent", "--password-file",
                      str(password))
    running.secrets = {}
    said = running.session.put(f"{running.url}/api/v1/purpose-entries/IdentityLinking", timeout=10,
                               json={"categories": ["Konto"], "retention": {"term": "2 years", "since": "consent_end"},
                                     "benefit": {"de": BENEFIT, "en": "You tell nothing twice."},
                                     "description": {"de": "Wir verbinden Konten.", "en": "We join accounts."}})
    assert said.ok, said.text
    publish(running)
    return running


def publish(server):
    notices = f"{server.url}/api/v1/notices/one-account"
    draft = {"purposes": ["IdentityLinking"], "channels": [],
             "texts": [{"language": "de", "title": "Alles an einem Ort", "text": "Alles an **einem** Ort.",
                        "declaration": DECLARATION, "withdrawal": "Jederzeit auf dieser Seite."},
                       {"language": "en", "title": "Everything in one place", "text": "All in **one** place.",
                        "declaration": "Yes, join both.", "withdrawal": "At any time on this page."}]}
    drafted = server.session.put(f"{notices}/draft", json=draft, timeout=10).json()
    published = server.session.post(f"{notices}/versions/{drafted['version']}/publish", timeout=10,
                                    json={"hash": drafted["hash"]})
    assert published.ok, published.text


def known(company) -> str:
    """Somebody with a mailbox of their own, whose customer number is what stands before the @."""
    name = uuid.uuid4().hex
    company.care.store(event("identify", name, traits={"email": f"{name}@example.org"}))
    return f"{name}@example.org"


class Visit:
    """Somebody on their own page, who reads other mailboxes too."""

    def __init__(self, desk, company):
        self.desk, self.page, self.company = desk, desk.page, company
        self.address = known(company)
        self.read: set[str] = set()

    def sign_in(self) -> "Visit":
        self.page.goto("/me")
        self.page.locator("input[type=email]").fill(self.address)
        self.page.locator("button[type=submit]").click()
        expect(self.page.locator("#code")).to_be_visible()
        self.page.locator("#code").fill(code_of(wait_until(lambda: self.company.mail.to(self.address))[-1]))
        self.page.locator("button[type=submit]").click()
        expect(self.section.get_by_text("Mit dieser Adresse ist nichts zusammengeführt.")).to_be_visible()
        return self

    @property
    def section(self):
        return self.page.get_by_role("region", name="Was zusammengehört")

    @property
    def links(self):
        return self.section.get_by_role("list", name="Mit dieser Adresse zusammengeführt").locator("> li")

    def ask(self, value: str, way: str = "Ein anderes Postfach", field: str = "Die andere E-Mail-Adresse",
            add: str = "Etwas zusammenführen"):
        self.section.get_by_role("button", name=add).click()
        self.section.get_by_role("radio", name=way).check()
        self.section.get_by_label(field).fill(value)
        self.section.get_by_role("checkbox", name=DECLARATION).check()
        self.section.get_by_role("button", name="Einverstanden, Code schicken").click()
        expect(self.section.get_by_label("Code", exact=True)).to_be_visible()

    def code(self, mailbox: str) -> str:
        """Of the message to that mailbox that was not read yet."""
        fresh = wait_until(lambda: [each for each in self.company.mail.to(mailbox)
                                    if each["Message-ID"] not in self.read])
        self.read.add(fresh[0]["Message-ID"])
        return re.search(r"\b\d{4} \d{4}\b", text_of(fresh[0])).group()

    def enter(self, code: str):
        self.section.get_by_label("Code", exact=True).fill(code)
        self.section.get_by_role("button", name="Zusammenführen", exact=True).click()

    def join(self, mailbox: str) -> "Visit":
        self.ask(mailbox)
        self.enter(self.code(mailbox))
        expect(self.links).to_have_count(1)
        return self


@pytest.fixture
def visit(open_desk, company):
    return Visit(open_desk(company), company).sign_in()


class AtTheDesk:
    """What an agent sees of somebody, in a browser of their own."""

    def __init__(self, desk):
        self.desk, self.page = desk, desk.page
        desk.sign_in()

    def identities(self, address: str):
        self.desk.open_customer(address)
        self.page.get_by_role("tab", name=re.compile(r"^Wer\s*\d")).click()
        return self.page.get_by_role("list", name="Wer", exact=True).locator("> li")


def told(visit, text: str):
    return visit.page.get_by_role("status").filter(has_text=text)


def test_a_second_mailbox_becomes_one_with_the_first_and_is_apart_again(visit, open_desk, company):
    other = known(company)
    visit.section.get_by_role("button", name="Etwas zusammenführen").click()
    for said in ("Wir verbinden Konten.", BENEFIT, "Jederzeit auf dieser Seite."):
        expect(visit.section.get_by_text(said)).to_be_visible()
    visit.section.get_by_role("button", name="Abbrechen").click()
    visit.ask(other)
    expect(visit.section.get_by_role("heading", name="Schauen Sie in das andere Postfach")).to_be_focused()
    expect(visit.section.get_by_text(DECLARATION)).to_be_visible()
    desk = AtTheDesk(open_desk(company))
    expect(desk.identities(other)).to_have_count(1)

    visit.enter(visit.code(other))
    expect(told(visit, "Zusammengeführt.")).to_be_visible()
    expect(visit.section.get_by_role("heading", name="Was zusammengehört")).to_be_focused()
    expect(visit.links).to_have_count(1)
    expect(visit.links).to_contain_text("Mit Ihrer Einwilligung, seit")
    for mailbox in (visit.address, other):
        expect(desk.identities(mailbox)).to_have_count(2)
    expect(desk.page.get_by_text("Mit Einwilligung der Kundin oder des Kunden")).to_be_visible()
    desk.page.get_by_text("Die Einwilligung und ihr Beleg").click()
    expect(desk.page.get_by_text("one-account, Fassung")).to_be_visible()
    with desk.page.expect_download() as receipt:
        desk.page.get_by_role("button", name="Beleg herunterladen").click()
    assert receipt.value.suggested_filename.endswith(".json")

    visit.links.get_by_role("button", name=re.compile("^Zurücknehmen")).click()
    expect(told(visit, "Ab sofort sehen und nutzen wir beides wieder einzeln")).to_be_visible()
    expect(visit.links).to_have_count(0)
    expect(visit.section.get_by_role("heading", name="Was zusammengehört")).to_be_focused()
    for mailbox in (visit.address, other):
        expect(desk.identities(mailbox)).to_have_count(1)


def test_a_customer_number_is_shown_by_the_mailbox_on_file(visit, company):
    other = known(company)
    visit.ask(other.split("@")[0], "Eine Kundennummer", "Die Kundennummer")
    expect(visit.section.get_by_text("Welche Adresse das ist, sagen wir hier nicht.")).to_be_visible()
    visit.enter(visit.code(other))
    expect(visit.links).to_contain_text("Ein Kundenkonto")
    assert other not in visit.section.inner_text()


def test_the_visits_in_this_browser(visit, company):
    browser = uuid.uuid4().hex
    company.care.store({"type": "page", "anonymousId": browser, "messageId": uuid.uuid4().hex})
    add = visit.section.get_by_role("button", name="Etwas zusammenführen")
    add.click()
    expect(visit.section.get_by_role("radio")).to_have_count(2)
    visit.desk.run(f"localStorage['handschlag.care'] = JSON.stringify({{day: 1, yes: {{}}, no: [], id: '{browser}'}})")
    visit.section.get_by_role("button", name="Abbrechen").click()
    expect(add).to_be_focused()
    add.click()
    visit.section.get_by_role("radio", name="Die Besuche in diesem Browser").check()
    visit.section.get_by_role("checkbox", name=DECLARATION).check()
    visit.section.get_by_role("button", name="Einverstanden, zusammenführen").click()
    expect(visit.links).to_contain_text("Besuche in einem Browser")


def test_without_a_yes_no_code_is_sent(visit, company):
    other = known(company)
    section = visit.section
    section.get_by_role("button", name="Etwas zusammenführen").click()
    send = section.get_by_role("button", name="Einverstanden, Code schicken")
    send.click()
    expect(section.get_by_role("alert")).to_contain_text("Nennen Sie eine andere E-Mail-Adresse")
    section.get_by_label("Die andere E-Mail-Adresse").fill(other)
    send.click()
    expect(section.get_by_role("alert")).to_contain_text("Ohne Ihr Ja wird nichts zusammengeführt")
    expect(section.get_by_role("checkbox")).to_be_focused()
    section.get_by_role("checkbox").check()
    section.get_by_label("Die andere E-Mail-Adresse").fill(visit.address)
    send.click()
    expect(section.get_by_role("alert")).to_contain_text("Nennen Sie eine andere E-Mail-Adresse")
    assert not company.mail.to(other)


def test_a_wrong_code_says_what_to_do(visit, company):
    other = known(company)
    visit.ask(other)
    code = visit.code(other)
    for _ in range(5):
        visit.enter("0000 0000" if code != "0000 0000" else "1111 1111")
        expect(visit.section.get_by_role("alert")).to_contain_text("nicht der Code der neuesten Nachricht")
        expect(visit.section.get_by_label("Code", exact=True)).to_be_focused()
    visit.enter(code)
    expect(visit.section.get_by_role("alert")).to_contain_text("zu oft versucht")
    visit.section.get_by_role("button", name="Neuen Code schicken").click()
    expect(visit.section.get_by_role("status")).to_contain_text("Ein neuer Code ist unterwegs")
    visit.enter(visit.code(other))
    expect(visit.links).to_have_count(1)


def test_a_stranger_is_answered_like_everybody_until_the_code(visit):
    stranger = f"{uuid.uuid4().hex}@example.org"
    visit.ask(stranger)
    visit.enter(visit.code(stranger))
    expect(visit.section.get_by_role("alert")).to_contain_text("Dazu ist bei uns nichts gespeichert")
    expect(visit.section.get_by_role("heading", name="Was gehört Ihnen noch?")).to_be_focused()


def test_what_belongs_together_already_is_said(visit, company):
    other = known(company)
    visit.join(other)
    visit.ask(other, add="Noch etwas zusammenführen")
    visit.enter(visit.code(other))
    expect(visit.section.get_by_role("alert")).to_contain_text("Das gehört schon zusammen")


def test_a_changed_text_is_agreed_to_anew(visit, company):
    other = known(company)
    visit.ask(other)
    code = visit.code(other)
    publish(company)
    visit.enter(code)
    expect(visit.section.get_by_role("alert")).to_contain_text("Der Text wurde inzwischen geändert")
    expect(visit.section.get_by_role("checkbox")).not_to_be_checked()
    expect(visit.links).to_have_count(0)


def test_without_a_connection_nothing_is_claimed(visit, company):
    visit.join(known(company))
    visit.desk.context.set_offline(True)
    visit.links.get_by_role("button", name=re.compile("^Zurücknehmen")).click()
    expect(visit.section.get_by_role("alert")).to_contain_text("Keine Verbindung")
    expect(visit.links).to_have_count(1)


def test_with_the_keyboard_alone(visit, company):
    other, page, section = known(company), visit.page, visit.section
    add = section.get_by_role("button", name="Etwas zusammenführen")
    while not add.evaluate("each => each === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(section.get_by_role("heading", name="Was gehört Ihnen noch?")).to_be_focused()
    page.keyboard.press("Tab")
    expect(section.get_by_role("radio", name="Ein anderes Postfach")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type(other)
    page.keyboard.press("Tab")  # who receives data, and for how long
    page.keyboard.press("Tab")
    expect(section.get_by_role("checkbox")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(section.get_by_role("heading", name="Schauen Sie in das andere Postfach")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type(visit.code(other))
    page.keyboard.press("Enter")
    expect(visit.links).to_have_count(1)
    expect(section.get_by_role("heading", name="Was zusammengehört")).to_be_focused()
    page.keyboard.press("Tab")  # the receipt
    page.keyboard.press("Tab")
    expect(visit.links.get_by_role("button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(visit.links).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(open_desk, company, scheme):
    desk = open_desk(company, color_scheme=scheme, reduced_motion="reduce", viewport={"width": 360, "height": 740})
    visit = Visit(desk, company).sign_in()
    other = known(company)
    found = {"closed": desk.violations()}
    visit.section.get_by_role("button", name="Etwas zusammenführen").click()
    visit.section.get_by_role("button", name="Einverstanden, Code schicken").click()
    expect(visit.section.get_by_role("alert")).to_be_visible()
    found["asking"] = desk.violations()
    visit.section.get_by_label("Die andere E-Mail-Adresse").fill(other)
    visit.section.get_by_role("checkbox").check()
    visit.section.get_by_role("button", name="Einverstanden, Code schicken").click()
    code = visit.code(other)
    found["code"] = desk.violations()
    visit.enter(code)
    expect(visit.links).to_have_count(1)
    visit.section.locator("summary").click()
    found["joined"] = desk.violations()
    assert not any(found.values()), found
    assert desk.run("document.documentElement.scrollWidth <= innerWidth")
    desk.page.get_by_role("button", name="EN English").click()
    expect(desk.page.get_by_role("heading", name="What belongs together")).to_be_visible()
    expect(desk.page.get_by_text("By your leave, since")).to_be_visible()
