"""The desk in a real browser, against the real binary: what staff do there, by mouse and by keyboard alone."""

import json
import re
import subprocess
import uuid

import pytest
from playwright.sync_api import Page, expect

from desk import PASSWORD, Desk
from harness import House, Source, event, track
from shop import Shop

ANNA = "anna.petersen@de.example.org"
BRANDTS = "familie.brandt@de.example.org"
FIRST_LOAD_BYTES = 300_000
PAGES = {"overview": "/", "customers": "/customers", "sources": "/sources", "new source": "/sources/new",
         "source": "/sources/shop", "law": "/law", "country": "/law/DE", "group": "/law/EU", "elsewhere": "/law/*",
         "rules of a norm": "/law/FR?at=advertising.phone", "own rules": "/law/own",
         "try": "/law/try?purpose=DirectMarketing&channel=email&country=DE", "reach": "/law/reach",
         "statements": "/law/statements?act=given", "import of consents": "/law/statements/import",
         "staff": "/staff", "tokens": "/tokens", "approvals": "/approvals", "audit": "/audit",
         "settings": "/settings", "nowhere": "/nowhere"}


def settle(page: Page):
    """Until nothing is loading any more."""
    expect(page.locator("#content h1")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text=re.compile("^(Lädt|Loading)$"))).to_have_count(0)


# --- signing in -----------------------------------------------------------------------------------------------------

def test_signs_in_and_out(desk):
    page = desk.sign_in("mia")
    expect(page.locator("#content h1")).to_contain_text("Mia")
    page.get_by_role("button", name=re.compile("Mia Brandt")).click()
    page.get_by_role("menuitem", name="Abmelden").click()
    expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()


def test_nothing_of_who_signed_out_is_left_for_the_next(desk):
    page = desk.sign_in("mia")
    desk.find(ANNA, "CustomerClaimsManagement")
    expect(page.locator("main li a").first).to_be_visible()
    page.get_by_role("button", name=re.compile("Mia Brandt")).click()
    page.get_by_role("menuitem", name="Abmelden").click()
    expect(page.locator("input[autocomplete=current-password]")).to_be_visible()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page = desk.sign_in("jonas", page.url)
    page.get_by_role("link", name="Kundschaft").first.click()
    expect(page.get_by_text("Wofür")).not_to_have_count(0)
    expect(page.locator("main input[type=search]")).to_have_value("")
    assert desk.run("sessionStorage.getItem('handschlag.purpose')") is None
    assert not [url for url in asked if "/api/" in url and "search" in url]


def test_wrong_password_is_told_and_nothing_else(desk):
    page = desk.page
    page.goto("/")
    page.get_by_label("E-Mail oder Anmeldename").fill(f"nobody-{uuid.uuid4().hex}")
    page.locator("input[type=password]").fill("a wrong password")
    page.locator("button[type=submit]").click()
    expect(page.get_by_role("alert")).to_contain_text("stimmt nicht")
    expect(page.locator("input[type=password]")).to_have_value("")


def test_admin_signs_in_with_a_code_and_not_without(desk):
    page = desk.page
    page.goto("/")
    page.locator("input[autocomplete=username]").fill("ada")
    page.locator("input[autocomplete=current-password]").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    code = page.locator("input[autocomplete=one-time-code]")
    expect(code).to_be_focused()
    code.fill("000000")
    page.locator("button[type=submit]").click()
    expect(page.get_by_role("alert")).to_contain_text("Code")
    expect(page.locator("nav")).to_have_count(0)


def test_session_that_ended_is_taken_up_where_it_was(desk):
    page = desk.sign_in("mia", "/customers?purpose=CustomerCare")
    field = page.locator("main input[type=search]")
    field.fill(ANNA)
    desk.context.clear_cookies()
    field.press("Enter")
    dialog = page.get_by_role("dialog", name="Ihre Sitzung ist abgelaufen")
    dialog.locator("input[autocomplete=current-password]").fill(PASSWORD)
    dialog.locator("button[type=submit]").click()
    expect(dialog).to_have_count(0)
    expect(field).to_have_value(ANNA)
    expect(page.locator("main li a").first).to_contain_text("Anna Petersen")


# --- customers ------------------------------------------------------------------------------------------------------

def test_purpose_is_asked_before_anybody_is_looked_up(desk):
    page = desk.sign_in("mia", "/customers")
    question = page.get_by_role("heading", name="Wofür sehen Sie nach?")
    expect(question).to_be_visible()
    page.locator("main input[type=search]").fill(ANNA)
    page.keyboard.press("Enter")
    expect(question).to_be_visible()
    expect(page.locator("main li a")).to_have_count(0)
    page.locator("main section button").first.click()
    expect(page.locator("main li a").first).to_contain_text("Anna Petersen")


def test_found_by_address_name_and_order(desk):
    page = desk.sign_in("mia")
    desk.find(ANNA)
    first = page.locator("main li a").first
    expect(first).to_contain_text("Anna Petersen")
    page.locator("main li a").first.click()
    order = page.locator("article").filter(has_text=re.compile(r"MM\d{7}")).first
    expect(order).to_be_visible()
    number = re.search(r"MM\d{7}", order.inner_text()).group()
    desk.find(number)
    expect(page.locator("main li a").first).to_contain_text("Anna Petersen")
    desk.find("Petersen Anna")
    expect(page.locator("main li a").first).to_contain_text("Anna Petersen")
    assert ANNA not in page.url and number not in page.url, "what is looked for never stands in an address"


def test_customer_page_says_who_what_and_why(desk):
    page = desk.sign_in("jonas")
    desk.open_customer(ANNA)
    expect(page.locator("#content h1")).to_have_text("Anna Petersen")
    expect(page.get_by_role("heading", name="Auf einen Blick")).to_be_visible()
    expect(page.locator("article")).not_to_have_count(0)
    before = page.locator("article").count()
    page.get_by_role("combobox", name="Berührungspunkt").click()
    page.get_by_role("option", name="Hotline").click()
    expect(page).to_have_url(re.compile("touchpoint=hotline"))
    expect(page.locator("article").first).to_contain_text("Hotline")
    assert page.locator("article").count() <= before
    page.get_by_role("tab", name=re.compile("^Wer \\d|^Wer$|Wer\\s+\\d")).click()
    expect(page.get_by_text("Warum das eine Person ist")).to_be_visible()
    page.get_by_role("tab", name="Wer hat was genutzt?").click()
    expect(page.locator("main ol li").first).to_contain_text("Serviceleitung")


def test_link_is_taken_apart_and_put_back(desk):
    page = desk.sign_in("jonas")
    desk.open_customer(BRANDTS)
    page.get_by_role("tab", name=re.compile(r"^Wer\s*\d")).click()
    identities = page.get_by_role("list", name="Wer", exact=True).locator("> li")
    expect(identities).not_to_have_count(0)
    together = identities.count()
    assert together > 1
    page.get_by_role("button", name=re.compile("trennen$")).first.click()
    expect(page.get_by_text(re.compile("^Getrennt\\. Jede Hälfte"))).to_be_visible()
    expect(identities).not_to_have_count(together)
    page.get_by_role("button", name="Rückgängig").click()
    expect(page.get_by_text("Wieder verknüpft.")).to_be_visible()
    expect(identities).to_have_count(together)


def test_two_names_on_one_customer_are_said_and_taken_apart(desk):
    adding = desk.server.house.add_source
    till = desk.server.sender(adding("names-till", touchpoint="till", purposes=("CustomerCare:A6-1-b",),
                                     more=("--name", "Till of Altona")))
    shop = desk.server.sender(adding("names-shop", purposes=("CustomerCare:A6-1-b",)))
    till.store(event("identify", "ole-1", traits={"name": "Dr. Ole Müller", "email": "ole.mueller@example.org"}))
    shop.store(event("identify", "ole-2", traits={"name": "Mueller, O.", "email": "ole.mueller@example.org"}))
    page = desk.sign_in("jonas")
    warning = page.get_by_role("heading", name=re.compile("^Diese Identitäten tragen verschiedene Namen"))
    desk.open_customer("ole.mueller@example.org")
    expect(warning).to_have_count(0)
    shop.store(event("identify", "ida-1", traits={"name": "Ida Sommer", "email": "ole.mueller@example.org"}))
    desk.open_customer("ole.mueller@example.org")
    expect(warning).to_be_visible()
    expect(page.locator("#content")).to_contain_text("laut Till of Altona (Kundennummer")
    assert not desk.violations()
    page.get_by_role("link", name="Ansehen, warum das eine Person ist").click()
    cards = page.get_by_role("list", name="Wer", exact=True).locator("> li")
    expect(cards.filter(has_text="Ida Sommer")).to_contain_text("Anderer Name")
    expect(cards).to_have_count(3)
    # The address joined her with each of his two: no single link parts them.
    warned = page.locator("section").filter(has=warning)
    warned.get_by_role("button", name=re.compile("von den anderen trennen$")).first.click()
    expect(page.get_by_text(re.compile("^Getrennt\\.")).first).to_be_visible()
    expect(warning).to_have_count(0)
    page.get_by_role("button", name="Rückgängig").click()
    expect(warning).to_be_visible()


def test_leave_to_be_one_person_is_taken_back_and_given_again(desk):
    page = desk.sign_in("jonas")
    desk.open_customer(BRANDTS)
    page.get_by_role("tab", name="Einwilligungen").click()
    leaves = page.get_by_role("list", name="Erlaubnis, als eine Person gezeigt zu werden").locator("> li")
    expect(leaves).not_to_have_count(0)
    together = leaves.count()
    assert together > 1
    leaves.first.get_by_role("button", name=re.compile("zurücknehmen$")).click()
    expect(page.get_by_text("Zurückgenommen. Das wird jetzt getrennt gezeigt.")).to_be_visible()
    page.get_by_role("button", name="Rückgängig").click()
    expect(page.get_by_text("Wieder erteilt.")).to_be_visible()
    expect(leaves).to_have_count(together)


def test_what_somebody_said_is_taken_down_and_holds(desk):
    page = desk.sign_in("jonas")
    desk.open_customer(ANNA)
    page.get_by_role("tab", name="Einwilligungen").click()
    states = page.get_by_role("list", name="Werbung, Umfragen und Ähnliches").locator("> li")
    mail = states.filter(has_text="Angebote schicken: E-Mail")
    expect(mail).to_contain_text("Keine Nachricht.")
    mail.get_by_role("button", name="Ja notieren für Angebote schicken: E-Mail").click()
    dialog = page.get_by_role("dialog", name="Aussage notieren")
    expect(dialog.get_by_label("Für welche Adresse oder Nummer")).to_have_value(ANNA)
    assert not desk.violations()
    dialog.get_by_label("Wie es sich belegen lässt").fill("Aufzeichnung 4711")
    words = dialog.get_by_label("Wozu genau Ja gesagt wurde")
    if words.count():
        words.fill("Ja, Angebote per E-Mail sind mir recht.")
    dialog.get_by_role("button", name="Notieren").click()
    expect(page.get_by_text("Notiert. Es gilt ab sofort.")).to_be_visible()
    expect(mail).to_contain_text("Ja")
    history = page.get_by_role("list", name="Was gesagt wurde").locator("> li")
    expect(history).to_have_count(1)
    history.first.locator("summary").click()
    expect(history.first).to_contain_text("Aufzeichnung 4711")
    with page.expect_download() as receipt:
        history.first.get_by_role("button", name="Beleg herunterladen").click()
    assert json.loads(receipt.value.path().read_text())["events"][0]["event_type"] == "given"
    mail.get_by_role("button", name="Nein notieren für Angebote schicken: E-Mail").click()
    dialog.get_by_role("button", name="Notieren").click()
    expect(mail).to_contain_text("Zurückgenommen")
    expect(history).to_have_count(2)
    page.reload()  # and so without what fades in
    expect(history).to_have_count(2)
    assert not desk.violations()


@pytest.mark.parametrize(("locale", "names"), [
    ("de-DE", ["Anliegen", "Rückmeldungen", "Nächster Schritt"]),
    ("en-GB", ["Cases", "Feedback", "Next step"])])
def test_places_for_what_is_to_come_say_so_and_what_to_do_now(open_desk, locale, names):
    desk = open_desk(locale=locale, viewport={"width": 390, "height": 844})
    page = desk.sign_in("mia")
    desk.open_customer(ANNA)
    assert page.title() == ("Kundenseite – Handschlag" if locale == "de-DE" else "Customer – Handschlag")
    page.get_by_role("tab").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    for name in names:
        page.keyboard.press("ArrowRight")
        tab = page.get_by_role("tab", name=name)
        expect(tab).to_be_focused()
        expect(tab).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("tabpanel")).to_contain_text(re.compile("noch|Bis dahin|yet|Until then"))
        assert not desk.violations(), name
    assert desk.run("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name=re.compile("^(Zum Zeitverlauf|To the timeline)$")).click()
    expect(page.locator("article").first).to_be_visible()


def number_of(desk, wanted: str) -> str:
    page = desk.open_customer(wanted)
    page.get_by_role("tab", name=re.compile(r"^Wer\s*\d")).click()
    return re.search(r"\+49\d+", page.get_by_text(re.compile(r"\+49\d+")).first.inner_text()).group()


def test_strangers_are_shown_before_they_are_linked(desk):
    page = desk.sign_in("jonas")
    desk.open_customer("claire.fontaine@fr.example.net")
    claire = re.search(r"/customers/([\w-]+)", page.url).group(1)
    desk.open_customer(ANNA)
    page.get_by_role("tab", name=re.compile(r"^Wer\s*\d")).click()
    page.get_by_role("button", name="Verknüpfen").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("ist dieselbe Person wie").fill("eu-zzzzzzzz")
    dialog.get_by_role("button", name="Nachsehen, wer das ist").click()
    expect(dialog.get_by_text("niemand zu sehen")).to_be_visible()
    dialog.get_by_label("ist dieselbe Person wie").fill(claire)
    dialog.get_by_role("button", name="Nachsehen, wer das ist").click()
    expect(dialog.get_by_role("status")).to_contain_text("Claire Fontaine")
    expect(dialog.get_by_role("button", name="Mit Claire Fontaine verknüpfen")).to_be_visible()
    assert not desk.violations()
    page.keyboard.press("Escape")


def test_telephone_opens_the_customer_and_the_number_leaves_the_address(desk):
    page = desk.sign_in("mia", "/customers")
    number = number_of(desk, ANNA)
    desk.run("sessionStorage.clear()")
    page.goto(f"/customers?phone={number}")
    expect(page.locator("#content h1")).to_have_text("Anna Petersen")
    because = page.get_by_role("button", name=re.compile("weil jemand anruft"))
    expect(because).to_be_visible()
    expect(page).to_have_url(re.compile("purpose=CustomerCare&because=call"))
    assert number.removeprefix("+") not in page.url
    because.click()
    page.get_by_role("menuitem").last.click()
    expect(page.get_by_role("button", name=re.compile("weil jemand anruft"))).to_have_count(0)


def test_emergency_number_is_nobodys(desk):
    page = desk.sign_in("mia", "/customers?phone=112")
    expect(page.get_by_text("Das ist eine Notruf- oder Servicenummer").or_(
        page.get_by_text("Sie ist eine Notruf- oder Servicenummer")).first).to_be_visible()
    expect(page.get_by_role("button", name="Anruf notieren")).to_have_count(0)
    assert "112" not in page.url


def test_telephone_lets_one_choose_between_several(desk):
    source = desk.server.house.add_source(f"form-{uuid.uuid4().hex[:6]}", touchpoint="form", trust="public",
                                          purposes=("CustomerCare:A6-1-b",))
    for name in ("Twin One", "Twin Two"):
        desk.server.sender(source).store(event("identify", name, traits={"phone": "+493012345671", "name": name}))
    page = desk.sign_in("mia", "/customers?phone=+493012345671")
    expect(page.get_by_role("status").filter(has_text="Wer ruft an?")).to_be_visible()
    expect(page.locator("main li a")).to_have_count(2)
    page.locator("main li a").first.click()
    expect(page.get_by_role("button", name=re.compile("weil jemand anruft"))).to_be_visible()


def test_unknown_number_can_be_noted_and_is_known_then(open_desk):
    desk = open_desk(reduced_motion="reduce", color_scheme="dark")
    page = desk.sign_in("mia", "/customers?phone=+493023125999")
    expect(page.get_by_text("Unter dieser Nummer ist niemand bekannt")).to_be_visible()
    assert desk.violations() == []
    page.get_by_role("button", name="Anruf notieren").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Nicht geprüft").check()
    expect(dialog.get_by_text("Geben Sie nichts über die Person heraus")).to_be_visible()
    assert desk.violations() == []
    dialog.get_by_label("Worum ging es?").fill("Will wissen, wann wir offen haben")
    dialog.get_by_role("button", name="Notiz sichern").click()
    expect(page.locator("#content h1")).to_have_text(re.compile(r"^Kund"))
    note = page.locator("article").filter(has_text="wann wir offen haben")
    expect(note).to_contain_text("Nicht geprüft")


def test_call_is_noted_by_keyboard_and_stands_in_the_timeline(open_desk):
    desk = open_desk(reduced_motion="reduce")  # colours while something fades in are none
    page = desk.sign_in("mia")
    desk.open_customer(ANNA)
    page.get_by_role("button", name="Anruf notieren").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Anruf notieren")
    expect(dialog.get_by_label("Worum ging es?")).to_be_visible()
    assert desk.violations() == []
    words = f"Fragt nach ihrer Laterne {uuid.uuid4().hex[:6]}"
    dialog.get_by_label("Worum ging es?").fill(words)
    dialog.get_by_role("button", name="Notiz sichern").click()
    expect(dialog.get_by_text("auch „Nicht geprüft“ ist eine Antwort")).to_be_visible()
    dialog.get_by_role("radio", name="Nicht geprüft").focus()
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("radio", name="Rückruf unter hinterlegter Nummer")).to_be_checked()
    dialog.get_by_role("button", name="Notiz sichern").focus()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    note = page.locator("article").filter(has_text=words)
    expect(note).to_contain_text("Hat angerufen")
    expect(note).to_contain_text("Rückruf unter hinterlegter Nummer")
    assert desk.violations() == []


def test_order_brings_its_purpose_along(desk):
    page = desk.sign_in("mia")
    desk.open_customer(ANNA)
    order = page.locator("article").filter(has_text=re.compile(r"MM\d{7}")).first
    number = re.search(r"MM\d{7}", order.inner_text()).group()
    desk.run("sessionStorage.clear()")
    page.goto("/customers")
    page.locator("main input[type=search]").fill(number)
    page.keyboard.press("Enter")
    page.locator("main li a").first.click()
    expect(page.locator("#content h1")).to_have_text("Anna Petersen")
    expect(page.get_by_role("button", name=re.compile(f"wegen Bestellung {number}"))).to_be_visible()
    expect(page).to_have_url(re.compile("purpose=CustomerOrderManagement"))
    assert number not in page.url


def test_role_that_may_not_care_is_asked_for_the_purpose_of_a_call(desk):
    page = desk.sign_in("mara", "/customers?phone=+493023125999")
    expect(page.get_by_role("heading", name="Wofür sehen Sie nach?")).to_be_visible()


# --- overview -------------------------------------------------------------------------------------------------------

def test_overview_is_live(desk):
    page = desk.sign_in("lea")
    state = page.get_by_role("status").filter(has_text=re.compile("^Live$"))
    expect(state).to_be_visible()
    page.locator("label", has_text="Heute").click()
    touchpoint = f"kiosk-{uuid.uuid4().hex[:6]}"
    source = desk.server.house.add_source(touchpoint, touchpoint=touchpoint)
    sender = desk.server.sender(source)
    sender.store(track("u1"), track("u2"))
    expect(page.get_by_role("listitem").filter(has_text=touchpoint)).to_contain_text("2")
    sender.store(track("u3"))
    expect(page.get_by_role("listitem").filter(has_text=touchpoint)).to_contain_text("3")
    sender.batch([{"type": "track", "event": "Nobody"}])
    expect(page.get_by_text("Die Felder userId und anonymousId fehlen")).to_be_visible()
    assert desk.violations() == []
    page.locator("label", has_text="7 Tage").click()
    expect(page.get_by_role("heading", name="Ereignisse am Tag, nach Berührungspunkt")).to_be_visible()
    page.locator("label", has_text="Nach Stunden").click()
    expect(page.get_by_role("heading", name="Ereignisse in der Stunde, nach Berührungspunkt")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(7 * 24 + 1)


def test_overview_asks_for_sales_once_until_something_arrives(desk):
    page = desk.page
    page.clock.install()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/events/days" in request.url else None)
    desk.sign_in("lea")
    expect(page.get_by_text("Bestellungen", exact=True).first).to_be_visible()
    page.clock.run_for(20_000)
    settle(page)
    assert len(asked) == 1, asked


def test_overview_says_when_it_is_not_live_and_is_again(desk):
    page = desk.page
    page.route("**/api/v1/overview/live*", lambda route: route.abort())
    desk.sign_in("lea")
    expect(page.get_by_role("status").filter(has_text="wieder aufgenommen")).to_be_visible()
    expect(page.get_by_role("heading", name="Was wir nicht behalten haben, und warum")).to_be_visible()
    page.unroute("**/api/v1/overview/live*")
    expect(page.get_by_role("status").filter(has_text=re.compile("^Live$"))).to_be_visible()


def test_overview_ends_with_the_session(desk):
    page = desk.sign_in("lea")
    expect(page.get_by_role("status").filter(has_text=re.compile("^Live$"))).to_be_visible()
    desk.run("""fetch('/api/v1/session').then(answer => answer.json()).then(({csrf_token}) =>
                fetch('/api/v1/session', {method: 'DELETE', headers: {'X-CSRF-Token': csrf_token}}))""")
    expect(page.get_by_role("dialog", name="Ihre Sitzung ist abgelaufen")).to_be_visible()


def test_house_without_sources_says_what_comes_first(browser, tmp_path):
    house = House(tmp_path)
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    house.run("staff", "add", "--login", "ole", "--name", "Ole Ohm", "--role", "supervisor",
              "--password-file", str(password))
    with house.serve() as server:
        server.secrets = {}
        desk = Desk(browser, server)
        page = desk.sign_in("ole")
        expect(page.get_by_role("heading", name="Die ersten Ereignisse hereinlassen")).to_be_visible()
        assert desk.violations() == []
        source = house.add_source("shop")
        server.sender(source).store(track("u1"))
        expect(page.get_by_role("listitem").filter(has_text=re.compile("^Onlineshop"))).to_be_visible()
        desk.close()
    house.close()


# --- sources --------------------------------------------------------------------------------------------------------

def test_source_is_added_and_its_event_shows_at_once(desk):
    page = desk.come_in_as_ada("/sources/new")
    name = f"laden-{uuid.uuid4().hex[:6]}"
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Kurzname").fill(name)
    page.get_by_label(re.compile("^Berührungspunkt")).fill("shop")
    page.get_by_role("combobox", name="Land").fill("Deutsch")
    page.get_by_role("option", name="Deutschland (DE)").click()
    page.get_by_role("radio", name=re.compile("Eigener Server")).check()
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Quelle anlegen").click()
    key = page.locator("code").filter(has_text=re.compile("^hsw_")).first
    expect(key).to_be_visible()
    write_key = key.inner_text().strip()
    page.get_by_role("link", name=re.compile("öffnen")).click()
    expect(page.get_by_text("Wir hören zu")).to_be_visible()
    sender = desk.server.sender(Source(name, write_key))
    sender.store(track("u1", "Lantern Lit", secret="never shown"))
    live = page.get_by_role("list", name="Gerade jetzt")
    expect(live).to_contain_text("Lantern Lit")
    sender.batch([{"type": "track", "event": "No Person"}])
    expect(live).to_contain_text("Abgewiesen")
    expect(live).to_contain_text("Die Felder userId und anonymousId fehlen")
    expect(page.get_by_text("never shown")).to_have_count(0)
    # The sums beside it follow, without a reload.
    kept = page.locator("section").filter(has=page.get_by_role("heading", name="Was behalten wurde"))
    expect(kept.locator("dd").first).to_have_text("1")
    sender.store(track("u2", "Lantern Lit"), track("u3", "Lantern Lit"))
    expect(kept.locator("dd").first).to_have_text("3")


def test_code_for_a_page_is_tried_out_with_curl(desk):
    source = desk.server.house.add_source(f"laden-{uuid.uuid4().hex[:6]}", trust="public",
                                          purposes=("ServiceUsageAnalytics:A6-1-a",),
                                          more=("--consent-category", "analytics=ServiceUsageAnalytics"))
    page = desk.come_in_as_ada(f"/sources/{source.id}")
    expect(page.get_by_text("Wir hören zu")).to_be_visible()
    page.get_by_role("tab", name="curl").click()
    pasted = page.get_by_role("tabpanel", name="curl").locator("pre").inner_text()
    answer = subprocess.run(["sh", "-c", pasted.replace("WRITE_KEY", source.write_key)], capture_output=True, text=True,
                            timeout=30, check=True).stdout
    assert "success" in answer, answer
    live = page.get_by_role("list", name="Gerade jetzt")
    expect(live).to_contain_text("Product Viewed")
    expect(live.get_by_text("Gespeichert", exact=True)).to_be_visible()


@pytest.mark.parametrize("tab", ["Segment (browser)", "RudderStack (browser)"])
def test_code_from_the_desk_in_a_shop_sends_only_after_leave(desk, browser, tmp_path, tab):
    source = desk.server.house.add_source(f"laden-{uuid.uuid4().hex[:6]}", trust="public",
                                          purposes=("ServiceUsageAnalytics:A6-1-a",),
                                          more=("--consent-category", "analytics=ServiceUsageAnalytics"))
    page = desk.come_in_as_ada(f"/sources/{source.id}")
    expect(page.get_by_text("Wir hören zu")).to_be_visible()
    page.get_by_role("tab", name=tab).click()
    pasted = page.get_by_role("tabpanel", name=tab).locator("pre").inner_text()
    assert "WRITE_KEY" in pasted
    live = page.get_by_role("list", name="Gerade jetzt")
    with Shop(tmp_path / "shop", pasted.replace("WRITE_KEY", source.write_key)) as shop:
        visitor = browser.new_context()
        visit = visitor.new_page()
        asked = []
        visit.on("request", lambda request: asked.append(request.url))
        visit.goto(shop.url, wait_until="networkidle")
        assert all(url.startswith(shop.url) for url in asked), asked
        with visit.expect_response(lambda response: response.request.method == "POST") as sent:
            visit.get_by_role("button", name="I agree").click()
        assert sent.value.ok
        expect(live).to_contain_text("Seite")
        expect(live).to_contain_text("Gespeichert")
        assert all(url.startswith((shop.url, desk.server.url)) for url in asked), asked
        visitor.close()


# --- roles ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("login", "seen"), {
    "mia": {"Überblick", "Kundschaft", "Nachrichten", "Recht"},
    "jonas": {"Überblick", "Kundschaft", "Nachrichten", "Recht"},
    "lea": {"Überblick", "Kundschaft", "Nachrichten", "Quellen", "Recht"},
    "karim": {"Überblick", "Recht"},
    "otto": {"Überblick", "Quellen", "Recht", "Freigaben"},
    "mara": {"Überblick", "Kundschaft", "Nachrichten", "Recht"},
    "ada": {"Überblick", "Kundschaft", "Nachrichten", "Quellen", "Recht", "Team", "Zugangsschlüssel", "Freigaben",
            "Protokoll"},
}.items(), ids=lambda value: value if isinstance(value, str) else "")
def test_role_sees_its_pages_and_no_other(desk, login, seen):
    page = desk.come_in_as_ada() if login == "ada" else desk.sign_in(login)
    names = page.get_by_role("navigation").first.get_by_role("link").all_inner_texts()
    assert {name.strip() for name in names} == seen
    if "Team" not in seen:
        page.goto("/staff")
        expect(page.get_by_text("Nicht für Ihre Rolle")).to_be_visible()


def test_marketer_does_not_see_what_was_stored_for_orders(desk):
    page = desk.sign_in("mara")
    desk.find("claire.fontaine@fr.example.net", "DirectMarketing")
    expect(page.get_by_text("Darunter ist niemand bekannt")).to_be_visible()


def test_without_four_eyes_nobody_is_offered_to_ask(desk):
    page = desk.come_in_as_ada("/approvals")
    expect(page.get_by_text("Hier braucht nichts zwei Personen")).to_be_visible()
    expect(page.get_by_role("button", name="Um eine Freigabe bitten")).to_have_count(0)


def test_admin_is_made_by_two(open_desk, two_admins):
    asks, decides = open_desk(two_admins), open_desk(two_admins)
    page = asks.sign_in("ada", "/staff")
    page.get_by_role("button", name="Aktionen für Mia").click()
    page.get_by_role("menuitem", name="Rolle oder Teil ändern").click()
    page.get_by_role("combobox", name="Rolle").click()
    page.get_by_role("option", name="Verwaltung").click()
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("Diese Rolle vergeben zwei Personen")).to_be_visible()
    page.get_by_label("Warum").fill("Vertritt Bela im Sommer")
    page.get_by_role("button", name="Um Freigabe bitten").click()
    expect(page.get_by_text("Darum ist gebeten")).to_be_visible()
    page.goto("/approvals")
    expect(page.get_by_text("Ihre Bitte")).to_be_visible()
    expect(page.get_by_role("button", name="Freigeben")).to_have_count(0)
    assert not asks.violations()

    page = decides.sign_in("bela", "/approvals")
    expect(page.get_by_text("Vertritt Bela im Sommer")).to_be_visible()
    page.get_by_role("button", name="Freigeben").click()
    page.get_by_label("Warum").fill("So besprochen")
    page.get_by_role("dialog").get_by_role("button", name="Freigeben").click()
    expect(page.get_by_text("Getan")).to_be_visible()
    page.goto("/staff")
    expect(page.get_by_role("row", name=re.compile("Mia"))).to_contain_text("Verwaltung")


# --- language, colours, keyboard ------------------------------------------------------------------------------------

def test_language_is_the_browsers_and_can_be_changed(open_desk):
    english = open_desk(locale="en-GB")
    page = english.sign_in("mia")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("link", name="Customers").first).to_be_visible()
    page.goto("/settings")
    page.locator("label", has_text="Deutsch").first.click()
    expect(page.locator("#content h1")).to_have_text("Einstellungen")
    page.reload()
    expect(page.locator("#content h1")).to_have_text("Einstellungen")


def test_dark_is_the_systems_and_can_be_changed(open_desk):
    page = open_desk(color_scheme="dark").sign_in("mia")
    scheme = page.locator("html")
    expect(scheme).to_have_attribute("data-mantine-color-scheme", "dark")
    page.goto("/settings")
    page.locator("label", has_text="Hell").first.click()
    expect(scheme).to_have_attribute("data-mantine-color-scheme", "light")


def test_all_of_a_look_by_keyboard_alone(desk):
    page = desk.sign_in("mia")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Tasten")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page.locator("#content h1")).to_have_text("Kundschaft")
    expect(page.locator("main section button").first).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if desk.run("document.activeElement === document.querySelector('main section button')"):
            break
    page.keyboard.press("Enter")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.type(ANNA)
    page.keyboard.press("Enter")
    found = page.locator("main li a").first
    expect(found).to_contain_text("Anna Petersen")
    found.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#content h1")).to_have_text("Anna Petersen")
    expect(page.locator("#content h1")).to_be_focused()


def test_a_letter_alone_leads_nowhere(desk):
    page = desk.come_in_as_ada("/staff")
    page.keyboard.press("o")
    page.keyboard.press("Control+k")
    page.keyboard.type("mess")
    expect(page.get_by_role("combobox", name="Gehen zu oder tun")).to_have_value("mess")
    assert page.url.endswith("/staff")


# --- for everybody --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_shuts_anybody_out(open_desk, scheme):
    desk = open_desk(color_scheme=scheme, reduced_motion="reduce")  # colours while something fades in are none
    page = desk.page
    page.goto("/")
    expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()
    found = {"sign in": desk.violations()}
    desk.come_in_as_ada()
    for name, path in PAGES.items():
        page.goto(path)
        settle(page)
        found[name] = desk.violations()
    desk.open_customer(ANNA)
    for tab in ("timeline", "identities", "uses"):
        page.goto(re.sub(r"\?.*", "", page.url) + f"?purpose=CustomerCare&tab={tab}")
        settle(page)
        found[f"customer, {tab}"] = desk.violations()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()
    found["palette"] = desk.violations()
    wrong = {name: violations for name, violations in found.items() if violations}
    assert not wrong, "\n".join(f"{name}: {line}" for name, lines in wrong.items() for line in lines)


@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_is_wider_than_the_window(open_desk, width):
    desk = open_desk(viewport={"width": width, "height": 844})
    page = desk.come_in_as_ada()
    for name, path in PAGES.items():
        page.goto(path)
        settle(page)
        assert desk.run("document.documentElement.scrollWidth") <= width, name


# --- security and size ----------------------------------------------------------------------------------------------

def test_policy_of_the_page_allows_nothing_of_others(demo):
    headers = demo.get("/").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy and "http" not in policy


def test_first_load_is_small(open_desk):
    """As it crosses the network, compressed: of the first page that somebody sees after they signed in."""
    desk = open_desk()
    desk.sign_in("lea")
    fresh = desk.context.browser.new_context(base_url=desk.server.url, storage_state=desk.context.storage_state())
    page = fresh.new_page()
    session = fresh.new_cdp_session(page)
    session.send("Network.enable")
    received = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto("/")
    settle(page)
    fresh.close()
    assert sum(received) < FIRST_LOAD_BYTES, f"{sum(received)} bytes in {len(received)} requests"
