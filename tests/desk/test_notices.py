"""Purposes and notices at the desk: what is said of each use, and what people read before they agree."""

import re

import pytest
from playwright.sync_api import Page, expect


def choose(scope, page: Page, label: str, option: str | re.Pattern):
    scope.get_by_role("combobox", name=label, exact=True).click()
    page.get_by_role("option", name=option, exact=isinstance(option, str)).click()


def row(page: Page, name: str):
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def section(page: Page, heading: str):
    return page.locator("section").filter(has=page.get_by_role("heading", name=heading, exact=True))


# --- purposes -------------------------------------------------------------------------------------------------------

def test_purposes_say_in_plain_words_what_they_rest_on(desk):
    page = desk.come_in_as_ada("/law")
    page.get_by_role("link", name="Zwecke", exact=True).click()
    newsletter = row(page, "Angebote schicken")
    expect(newsletter).to_contain_text("DirectMarketing")
    expect(newsletter).to_contain_text("Einwilligung")
    expect(newsletter).to_contain_text("2 Jahre ab der letzten Nutzung")
    expect(newsletter.get_by_role("link", name="newsletter", exact=True)).to_be_visible()
    expect(row(page, "auf die Person zugeschnittene Werbung zeigen")).to_contain_text("Genutzt, aber nicht beschrieben")
    expect(row(page, "auf Fragen antworten")).to_contain_text("Abgewogen bis")
    used = page.get_by_role("row").count()
    page.get_by_text(re.compile(r"^Alle \(\d+\)$")).click()
    expect(page).to_have_url(re.compile("show=all"))
    assert page.get_by_role("row").count() > used
    page.get_by_role("searchbox", name="Zwecke durchsuchen").fill("betrug")
    expect(page.get_by_role("row")).to_have_count(2)


def test_purpose_is_described_changed_and_taken_back(desk):
    page = desk.come_in_as_ada("/law/purposes?at=PersonalisedAdvertising")
    dialog = page.get_by_role("dialog", name="auf die Person zugeschnittene Werbung zeigen")
    expect(dialog).to_contain_text("Dazu hat hier noch niemand etwas gesagt.")
    expect(dialog).to_contain_text("Genutzt, aber nicht beschrieben")
    dialog.get_by_role("button", name="Beschreiben").click()
    dialog.get_by_role("button", name="Speichern").click()
    expect(dialog.get_by_label("Welche Daten")).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_text("Darf nicht leer sein.")).to_have_count(2)
    what = dialog.get_by_role("group", name="Was geschieht")
    what.get_by_label("Deutsch").fill("Wir zeigen Räder, die passen.")
    what.get_by_label("Englisch").fill("We show bicycles that fit.")
    dialog.get_by_label("Welche Daten").fill("Bestellungen")
    dialog.get_by_label("Welche Daten").press("Enter")
    dialog.get_by_role("button", name="Empfänger hinzufügen").click()
    recipient = dialog.get_by_role("group", name="Empfänger 1")
    recipient.get_by_label("Name").fill("Litfaß GmbH")
    recipient.get_by_role("combobox", name="Land").fill("Öster")
    page.get_by_role("option", name=re.compile("^Österreich")).click()
    assert not desk.violations()
    dialog.get_by_role("button", name="Speichern").click()
    expect(dialog).to_contain_text("Litfaß GmbH Österreich · Auftragsverarbeiter")
    expect(dialog).to_contain_text("Wir zeigen Räder, die passen.")
    dialog.get_by_role("button", name="Beschreibung ändern").click()
    dialog.get_by_label("Wie lange").fill("3")
    choose(dialog, page, "Einheit", "Monate")
    dialog.get_by_role("button", name="Speichern").click()
    expect(dialog).to_contain_text("3 Monate ab der letzten Nutzung")
    dialog.get_by_role("button", name="Beschreibung entfernen").click()
    page.get_by_role("button", name="Rückgängig").click()
    expect(dialog).to_contain_text("3 Monate ab der letzten Nutzung")
    dialog.get_by_role("button", name="Beschreibung entfernen").click()
    expect(dialog).to_contain_text("Dazu hat hier noch niemand etwas gesagt.")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_others_read_purposes_and_notices_but_change_nothing(desk):
    page = desk.sign_in("mia", path="/law/purposes?at=DirectMarketing")
    dialog = page.get_by_role("dialog", name="Angebote schicken")
    expect(dialog).to_contain_text("Brieftaube Mailversand GmbH")
    expect(dialog.get_by_role("button", name="Beschreibung ändern")).to_have_count(0)
    page.goto("/law/notices")
    expect(page.get_by_role("link", name="Wie war es bei uns?")).to_be_visible()
    expect(page.get_by_role("button", name="Neuer Hinweis")).to_have_count(0)
    expect(page.get_by_role("link", name="Verzeichnis")).to_have_count(0)
    page.goto("/law/notices/satisfaction")
    expect(page.get_by_role("article", name="So lesen es die Menschen")).to_contain_text("zwei Fragen, eine Minute")
    expect(page.get_by_role("button", name="Zurückziehen")).to_have_count(0)
    expect(page.get_by_role("button", name="Neue Fassung schreiben")).to_have_count(0)


# --- notices --------------------------------------------------------------------------------------------------------

def test_notices_are_filtered_in_the_address(desk):
    page = desk.come_in_as_ada("/law/notices")
    notices = page.get_by_role("list", name="Hinweise").get_by_role("listitem")
    expect(notices.filter(has_text="Neues von Möwe & Moos")).to_contain_text(re.compile(r"Fassung \d+ gilt"))
    choose(page, page, "Zweck", "nach der Zufriedenheit fragen")
    expect(notices).to_have_count(1)
    assert "purpose=SatisfactionSurvey" in page.url
    page.reload()
    expect(notices).to_have_count(1)
    page.goto("/law/notices?state=retired&language=fr")
    expect(page.get_by_text("Nichts passt.")).to_be_visible()


def test_notice_is_drafted_published_changed_and_retired(desk):
    page = desk.come_in_as_ada("/law/notices")
    page.get_by_role("button", name="Neuer Hinweis").click()
    dialog = page.get_by_role("dialog", name="Neuer Hinweis")
    dialog.get_by_label("Kennung").fill("newsletter")
    dialog.get_by_role("button", name="Entwurf anlegen").click()
    expect(dialog).to_contain_text("Diesen Hinweis gibt es schon.")
    dialog.get_by_label("Kennung").fill("Rückruf!")
    dialog.get_by_role("button", name="Entwurf anlegen").click()
    expect(dialog.get_by_label("Kennung")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Kennung").fill("rueckruf")
    dialog.get_by_role("button", name="Entwurf anlegen").click()
    expect(page.get_by_role("heading", name="rueckruf", level=1)).to_be_visible()
    german, english = (page.get_by_role("group", name=name) for name in ("Deutsch", "Englisch"))
    publish = page.get_by_role("dialog", name="Fassung 1 veröffentlichen?")

    # What is missing is told where it is missing.
    german.get_by_label("Titel").fill("Wir rufen zurück")
    german.get_by_label("Text", exact=True).fill("Wir rufen **einmal** an.\n\n- Nie am Sonntag.\n- Nie vor neun.")
    german.get_by_label("Wozu man Ja sagt").fill("Ja, rufen Sie mich an.")
    german.get_by_label("Wie man es zurücknimmt").fill("Jederzeit am Telefon.")
    seen = page.get_by_role("article", name="So lesen es die Menschen")
    expect(seen.get_by_role("listitem")).to_have_text(["Nie am Sonntag.", "Nie vor neun."])
    expect(seen.locator("strong")).to_have_text("einmal")
    page.get_by_role("button", name="Veröffentlichen …").click()
    expect(publish).to_contain_text("Es ist die erste Fassung")
    publish.get_by_role("button", name="Jetzt veröffentlichen").click()
    expect(page.get_by_role("alert")).to_contain_text("Es fehlt, was unten rot ist.")
    expect(english.get_by_label("Titel")).to_have_attribute("aria-invalid", "true")
    expect(german.get_by_label("Titel")).not_to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Nennen Sie mindestens einen Zweck.")).to_be_visible()
    choose(page, page, "Zwecke", "Angebote schicken")
    page.keyboard.press("Escape")
    choose(page, page, "Kanäle", "Telefon")
    page.keyboard.press("Escape")
    english.get_by_label("Titel").fill("We call back")
    english.get_by_label("Text", exact=True).fill("We call once.")
    english.get_by_label("Wozu man Ja sagt").fill("Yes, call me.")
    english.get_by_label("Wie man es zurücknimmt").fill("At any time by telephone.")
    page.get_by_role("button", name="Entwurf speichern").click()
    expect(page.get_by_text("Der Entwurf ist gespeichert.")).to_be_visible()
    assert not desk.violations()
    page.get_by_role("button", name="Veröffentlichen …").click()
    assert not desk.violations()
    publish.get_by_role("button", name="Jetzt veröffentlichen").click()
    expect(page.get_by_text("Fassung 1 gilt jetzt.")).to_be_visible()

    # The next version stands beside it, and says what is different.
    page.get_by_role("button", name="Neue Fassung schreiben").click()
    german.get_by_label("Text", exact=True).fill("Wir rufen **zweimal** an.\n\n- Nie am Sonntag.\n- Nie vor neun.")
    page.get_by_role("button", name="Veröffentlichen …").click()
    second = page.get_by_role("dialog", name="Fassung 2 veröffentlichen?")
    expect(second).to_contain_text("Wer unter Fassung 1 zugestimmt hat, dessen Zustimmung bleibt für Fassung 1")
    expect(second.locator("del")).to_have_text("**einmal**")
    expect(second.locator("ins")).to_have_text("**zweimal**")
    second.get_by_role("button", name="Jetzt veröffentlichen").click()
    expect(page.get_by_text("Fassung 2 gilt jetzt.")).to_be_visible()
    history = section(page, "Fassungen")
    history.get_by_text("Was sich gegenüber Fassung 1 geändert hat").click()
    expect(history.locator("ins")).to_have_text("**zweimal**")
    expect(history.locator("code")).to_have_count(2)
    assert re.fullmatch("[0-9a-f]{64}", history.locator("code").first.inner_text())

    page.get_by_role("button", name="Zurückziehen …").click()
    retiring = page.get_by_role("dialog", name="Fassung 2 zurückziehen?")
    expect(retiring).to_contain_text("Was unter ihr zugestimmt wurde, bleibt")
    retiring.get_by_role("button", name="Jetzt zurückziehen").click()
    expect(page.get_by_text("Fassung 2 ist zurückgezogen.")).to_be_visible()


def test_draft_that_somebody_else_changed_is_not_overwritten(desk, open_desk):
    page = desk.come_in_as_ada("/law/notices/recommendations")
    page.get_by_role("button", name="Neue Fassung schreiben").click()
    title = page.get_by_role("group", name="Deutsch").get_by_label("Titel")
    title.fill("Was gut passt")
    other = open_desk().come_in_as_ada("/law/notices/recommendations")
    other.get_by_role("group", name="Deutsch").get_by_label("Titel").fill("Was zu Ihnen passt")
    other.get_by_role("button", name="Entwurf speichern").click()
    expect(other.get_by_text("Der Entwurf ist gespeichert.")).to_be_visible()
    page.get_by_role("button", name="Entwurf speichern").click()
    expect(page.get_by_role("alert")).to_contain_text("Jemand hat den Entwurf inzwischen geändert.")
    expect(title).to_have_value("Was gut passt")
    page.get_by_role("button", name="Neu lesen").click()
    expect(title).to_have_value("Was zu Ihnen passt")
    page.get_by_role("button", name="Entwurf verwerfen").click()
    expect(page.get_by_role("button", name="Neue Fassung schreiben")).to_be_visible()
    page.get_by_role("button", name="Rückgängig").click()
    expect(title).to_have_value("Was zu Ihnen passt")
    page.get_by_role("button", name="Entwurf verwerfen").click()
    expect(page.get_by_role("button", name="Neue Fassung schreiben")).to_be_visible()


def test_notice_that_is_not_there(desk):
    page = desk.come_in_as_ada("/law/notices/nothing")
    expect(page.get_by_text("Diesen Hinweis gibt es nicht")).to_be_visible()


# --- for everybody --------------------------------------------------------------------------------------------------

def test_notices_by_keyboard_alone(desk):
    page = desk.come_in_as_ada()
    page.keyboard.press("Control+k")
    page.keyboard.type("hinweise")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Hinweise", level=1)).to_be_focused()
    page.keyboard.press("Control+k")
    page.keyboard.type("zwecke")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Zwecke", level=1)).to_be_focused()
    page.get_by_role("link", name="Angebote schicken", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Angebote schicken")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize(("scheme", "width", "locale"), [("light", 1440, "en-GB"), ("dark", 390, "de-DE"),
                                                         ("dark", 1440, "en-GB"), ("light", 390, "de-DE")])
def test_notices_shut_nobody_out(open_desk, scheme, width, locale):
    desk = open_desk(color_scheme=scheme, viewport={"width": width, "height": 844}, locale=locale,
                     reduced_motion="reduce")
    page = desk.come_in_as_ada()
    for path in ("/law/purposes", "/law/purposes?at=DirectMarketing", "/law/purposes?show=all&q=zzz", "/law/notices",
                 "/law/notices/newsletter", "/law/notices/nothing"):
        page.goto(path)
        expect(page.locator("#content h1")).to_be_visible()
        expect(page.get_by_role("status").filter(has_text=re.compile("^(Lädt|Loading)$"))).to_have_count(0)
        assert not desk.violations(), path
        assert desk.run("document.documentElement.scrollWidth") <= width, path


def test_words_of_a_page_follow_the_language(desk):
    page = desk.come_in_as_ada("/law/notices")
    expect(page.get_by_role("button", name="Neuer Hinweis")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("show in english")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="New notice")).to_be_visible()
    expect(page.get_by_role("link", name="News from Möwe & Moos")).to_be_visible()
