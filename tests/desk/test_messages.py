"""The outbox and the templates at the desk: what left, what waits, what was not allowed, why; what messages say."""

import re
import uuid

import pytest
from playwright.sync_api import Page, expect

PARCEL = {
    "de": {"subject": "Ihr Päckchen, {{name}}", "text": "Guten Tag {{name}},\n\nes ist da."},
    "en": {"subject": "Your parcel, {{name}}", "text": "Hello {{name}},\n\nit is here."},
}
OFFERS = {
    "de": {"subject": "Neu bei uns", "text": "Neue Räder.\n\n{{unsubscribe}}"},
    "en": {"subject": "New with us", "text": "New bicycles.\n\n{{unsubscribe}}"},
}


def choose(scope, page: Page, label: str, option: str | re.Pattern):
    scope.get_by_role("combobox", name=label, exact=True).click()
    page.get_by_role("option", name=option, exact=isinstance(option, str)).click()


def post(demo, path: str, body: dict) -> dict:
    answer = demo.session.post(f"{demo.url}/api/v1/{path}", json=body, timeout=30)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def template(demo, purpose: str, texts: dict, parameters=()) -> str:
    name = f"t_{uuid.uuid4().hex[:10]}"
    post(demo, "templates", {"id": name, "purpose": purpose, "parameters": list(parameters), "texts": texts})
    return name


@pytest.fixture(scope="module")
def anna(demo) -> str:
    return demo.customers("email:anna.petersen@de.example.org")[0]["id"]


@pytest.fixture(scope="module")
def parcel(demo) -> str:
    return template(demo, "CustomerOrderManagement", PARCEL, ["name"])


@pytest.fixture(scope="module")
def waiting(demo, anna, parcel) -> dict:
    """A message that waits: there is no mail server. One for all tests, since a person gets five an hour at most."""
    decided = post(demo, "messages", {"customer": anna, "template": parcel, "language": "de",
                                      "parameters": {"name": "Anna"}, "reason": "shipping"})
    assert decided["outcome"] in ("queued", "later"), decided
    return decided["message"]


@pytest.fixture(scope="module")
def denied(demo) -> dict:
    """Advertising to somebody who never agreed to it."""
    brandts = demo.customers("email:familie.brandt@de.example.org")[0]["id"]
    decided = post(demo, "messages", {"customer": brandts, "reason": "spring",
                                      "template": template(demo, "DirectMarketing", OFFERS)})
    assert decided["outcome"] == "denied", decided
    return decided["message"]


def item(page: Page, message: dict):
    return page.get_by_role("listitem").filter(has=page.get_by_role("button", name=f"Öffnen: {message['id']}",
                                                                    exact=True))


# --- the outbox -----------------------------------------------------------------------------------------------------

def test_outbox_tells_that_no_mail_server_is_there_and_what_to_do(desk, waiting):
    page = desk.come_in_as_ada()
    page.get_by_role("link", name="Nachrichten", exact=True).click()
    expect(page.get_by_text("Kein Mailserver ist eingerichtet")).to_be_visible()
    expect(page.get_by_role("region", name="handschlag.toml")).to_contain_text("[mail]")
    expect(page.get_by_role("status").filter(has_text=re.compile(r"^\d+ Nachricht(en)? warte(t|n)\.$"))).to_be_visible()


def test_message_that_waits_is_held_back_and_that_is_taken_back(desk, waiting):
    page = desk.come_in_as_ada("/messages")
    one = item(page, waiting)
    expect(one).to_contain_text("Wartet")
    one.get_by_role("button", name=f"Öffnen: {waiting['id']}").click()
    expect(page).to_have_url(re.compile(f"at={waiting['id']}"))
    expect(one).to_contain_text("Angenommen: Sie darf hinaus")
    expect(one).to_contain_text("shipping")
    assert not desk.violations()
    one.get_by_role("button", name=f"Zurückhalten: {waiting['id']}").click()
    expect(page.get_by_text("Die Nachricht geht nicht hinaus.")).to_be_visible()
    expect(one).to_contain_text("Zurückgehalten")
    page.get_by_role("button", name="Rückgängig").click()
    expect(one).to_contain_text("Von Hand wieder auf den Weg gebracht")
    one.get_by_role("button", name=f"Zurückhalten: {waiting['id']}").click()
    one.get_by_role("button", name=f"Noch einmal versuchen: {waiting['id']}").click()
    expect(page.get_by_text("Die Nachricht wartet wieder; vor dem Senden wird neu geprüft.").first).to_be_visible()


def test_denial_says_why_and_what_alone_would_change_it(desk, denied):
    page = desk.come_in_as_ada(f"/messages?state=denied&at={denied['id']}")
    one = item(page, denied)
    reason = denied["trace"][-1]["reasons"][0]
    expect(one.locator("ol")).to_contain_text(reason["name"])
    expect(one.locator("ol")).to_contain_text(reason["de"][1:])
    expect(one.get_by_role("button", name="Zurückhalten")).to_have_count(0)
    one.get_by_role("button", name="Was allein das ändern würde").click()
    expect(one).to_contain_text("Sie darf nicht angeschrieben werden.")
    expect(one).to_contain_text("um Zustimmung bitten")
    assert not desk.violations()


def test_outbox_is_filtered_in_the_address(desk, waiting, denied):
    page = desk.come_in_as_ada("/messages")
    expect(item(page, denied)).to_be_visible()
    choose(page, page, "Stand", "Wartet")
    expect(item(page, waiting)).to_be_visible()
    expect(item(page, denied)).to_have_count(0)
    assert "state=waiting" in page.url
    page.get_by_role("button", name="Filter leeren").click()
    choose(page, page, "Zweck", "Angebote schicken")
    expect(item(page, denied)).to_be_visible()
    expect(item(page, waiting)).to_have_count(0)
    page.goto("/messages")
    field = page.get_by_role("textbox", name="Kundin oder Kunde")
    field.fill(waiting["customer"])
    field.press("Enter")
    expect(page).to_have_url(re.compile(f"customer={waiting['customer']}"))
    expect(item(page, waiting)).to_be_visible()
    expect(item(page, denied)).to_have_count(0)
    page.goto("/messages?state=dead")
    expect(page.get_by_text("Nichts passt.")).to_be_visible()
    page.goto("/messages?customer=nobody")
    expect(page.get_by_role("alert")).to_be_visible()


def test_message_of_an_address_is_shown_where_the_list_lacks_it(desk, denied):
    page = desk.come_in_as_ada(f"/messages?state=waiting&at={denied['id']}")
    expect(item(page, denied)).to_contain_text("Nicht erlaubt")
    page.goto("/messages?at=eu-mzzzz")
    expect(page.get_by_role("alert").filter(has_text="Diese Nachricht gibt es nicht")).to_be_visible()


def test_role_sees_what_it_may(desk, open_desk, waiting):
    page = desk.sign_in("mia", path=f"/messages?at={waiting['id']}")
    expect(item(page, waiting)).to_be_visible()
    expect(page.get_by_role("button", name=f"Zurückhalten: {waiting['id']}")).to_have_count(0)
    page.goto("/messages/templates")
    expect(page.get_by_role("link", name="Neue Vorlage")).to_have_count(0)
    other = open_desk().sign_in("otto")
    expect(other.get_by_role("link", name="Nachrichten", exact=True)).to_have_count(0)
    other.goto("/messages")
    expect(other.get_by_text("Nicht für Ihre Rolle")).to_be_visible()


# --- templates ------------------------------------------------------------------------------------------------------

def test_template_is_written_seen_published_and_written_anew(desk):
    name = f"t_{uuid.uuid4().hex[:10]}"
    page = desk.come_in_as_ada("/messages/templates")
    page.get_by_role("link", name="Neue Vorlage").click()
    page.get_by_role("button", name="Veröffentlichen").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Kennung").fill(name)
    choose(page, page, "Zweck", "Angebote schicken")
    german, english = (page.get_by_role("group", name=language) for language in ("Deutsch", "Englisch"))
    german.get_by_label("Betreff").fill("Neu, {{nme}}")
    german.get_by_label("Text", exact=True).fill("Neue Räder.")
    english.get_by_label("Betreff").fill("New, {{name}}")
    english.get_by_label("Text", exact=True).fill("New bicycles. {{unsubscribe}}")
    page.get_by_role("combobox", name="Platzhalter").fill("name")
    page.get_by_role("combobox", name="Platzhalter").press("Enter")
    expect(german.get_by_text("„nme“ ist keiner der Platzhalter.")).to_be_visible()
    expect(german.get_by_text("Muss sagen, wie man solche Nachrichten beendet")).to_be_visible()
    expect(page.get_by_text("Die Vorschau erscheint, sobald")).to_be_visible()
    german.get_by_label("Betreff").fill("Neu, {{name}}")
    german.get_by_label("Text", exact=True).fill("Neue Räder. {{unsubscribe}}")
    mail = page.get_by_role("article", name="So kommt sie an")
    expect(mail).to_contain_text("Neu, [name]")
    page.get_by_role("group", name="Zum Ausprobieren").get_by_label("name").fill("<b>Anna</b>")
    expect(mail).to_contain_text("Neu, <b>Anna</b>")
    page.get_by_role("radiogroup", name="Sprache der Vorschau").get_by_text("Englisch").click()
    expect(mail).to_contain_text("New bicycles.")
    assert not desk.violations()
    page.get_by_role("button", name="Veröffentlichen").click()
    expect(page.get_by_text("Fassung 1 ist veröffentlicht.")).to_be_visible()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    german.get_by_label("Text", exact=True).fill("Neue Zelte. {{unsubscribe}}")
    page.get_by_role("button", name="Veröffentlichen").click()
    expect(page.get_by_text("Fassung 2 ist veröffentlicht.")).to_be_visible()
    page.get_by_role("combobox", name="Fassung").click()
    page.get_by_role("option", name="Fassung 1", exact=True).click()
    expect(page).to_have_url(re.compile("version=1"))
    expect(page.get_by_text("Das ist nicht die neueste Fassung.")).to_be_visible()
    expect(mail.first).to_contain_text("Neue Räder.")
    page.get_by_role("button", name="Als Grundlage der nächsten nehmen").click()
    expect(german.get_by_label("Text", exact=True)).to_have_value("Neue Räder. {{unsubscribe}}")


def test_html_of_a_mail_is_drawn_not_run(desk, demo):
    texts = {language: {"subject": "Hallo", "text": "Hallo",
                        "html": '<p>Guten <strong>Tag</strong> &amp; <a href="{{link}}">hier</a></p>'
                                '<section>x</section>'}
             for language in ("de", "en")}
    name = template(demo, "CustomerCare", texts, ["link"])
    page = desk.come_in_as_ada(f"/messages/templates/{name}")
    mail = page.get_by_role("article", name="So kommt sie an").first
    expect(mail.locator("strong")).to_have_text("Tag")
    expect(mail).to_contain_text("Guten Tag & hier")
    expect(mail.locator("u")).to_have_attribute("title", "https://example.org/")
    expect(mail.locator("section, a")).to_have_count(0)


def test_templates_of_the_program_are_read_only(desk):
    page = desk.come_in_as_ada("/messages/templates")
    page.get_by_role("searchbox", name="Vorlagen durchsuchen").fill("access_code")
    page.get_by_role("link", name="access_code").click()
    expect(page.get_by_text("Diese Vorlage gehört zum Programm")).to_be_visible()
    expect(page.get_by_role("article", name="So kommt sie an")).to_contain_text("Ihr Zugangscode")
    expect(page.get_by_role("button", name="Veröffentlichen")).to_have_count(0)
    page.goto("/messages/templates/nothing")
    expect(page.get_by_text("Diese Vorlage, oder diese Fassung, gibt es nicht")).to_be_visible()


# --- for everybody --------------------------------------------------------------------------------------------------

def test_messages_by_keyboard_alone(desk, waiting):
    page = desk.come_in_as_ada()
    page.keyboard.press("g")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Nachrichten", level=1)).to_be_focused()
    opener = page.get_by_role("button", name=f"Öffnen: {waiting['id']}", exact=True)
    opener.focus()
    page.keyboard.press("Enter")
    expect(opener).to_have_attribute("aria-expanded", "true")
    expect(opener).to_be_focused()
    page.keyboard.press("Control+k")
    page.keyboard.type("vorlagen")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Vorlagen", level=1)).to_be_focused()


@pytest.mark.parametrize(("scheme", "width", "locale"), [("light", 1440, "en-GB"), ("dark", 390, "de-DE"),
                                                         ("dark", 1440, "en-GB"), ("light", 390, "de-DE")])
def test_messages_shut_nobody_out(open_desk, waiting, denied, parcel, scheme, width, locale):
    desk = open_desk(color_scheme=scheme, viewport={"width": width, "height": 844}, locale=locale,
                     reduced_motion="reduce")
    page = desk.come_in_as_ada()
    for path in ("/messages", f"/messages?at={waiting['id']}", f"/messages?at={denied['id']}", "/messages?state=dead",
                 "/messages/templates", f"/messages/templates/{parcel}", "/messages/templates/access_code",
                 "/messages/new-template"):
        page.goto(path)
        expect(page.locator("#content h1")).to_be_visible()
        expect(page.get_by_role("status").filter(has_text=re.compile("^(Lädt|Loading)$"))).to_have_count(0)
        assert not desk.violations(), path
        assert desk.run("document.documentElement.scrollWidth") <= width, path
