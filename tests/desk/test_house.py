"""The pages of those who run the house, in a real browser: team, access tokens, sources, audit, settings. Each dialog
is opened and used, and nothing stands still."""

import re
import uuid

import pytest
from playwright.sync_api import Page, expect

from desk import PASSWORD
from harness import Source, track


def new_name() -> str:
    return f"nina-{uuid.uuid4().hex[:8]}"


def row(page: Page, name: str):
    return page.get_by_role("row").filter(has_text=name)


def act(page: Page, name: str, item: str):
    page.get_by_role("button", name=f"Aktionen für {name}").click()
    page.get_by_role("menuitem", name=item).click()


def choose(page: Page, label: str, option: str):
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


# --- team -----------------------------------------------------------------------------------------------------------

@pytest.fixture
def member(desk):
    """Somebody new in the team, added at the desk; the page is the team's."""
    name = new_name()
    page = desk.come_in_as_ada("/staff")
    page.get_by_role("button", name="Jemanden aufnehmen").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_label("Anmeldename").fill(name)
    dialog.get_by_label("Passwort", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Jemanden aufnehmen").click()
    expect(page.get_by_text(f"{name} kann sich jetzt anmelden.")).to_be_visible()
    return name


def test_member_is_added_found_and_can_sign_in(desk, open_desk, member):
    page = desk.page
    page.get_by_role("searchbox", name="Team durchsuchen").fill(member)
    expect(page.get_by_role("row")).to_have_count(2)
    expect(row(page, member)).to_contain_text("Service")
    page.get_by_role("searchbox", name="Team durchsuchen").fill("niemand-heißt-so")
    expect(page.get_by_text("Nichts passt.")).to_be_visible()
    page.get_by_role("searchbox", name="Team durchsuchen").fill("")
    page.get_by_role("columnheader", name="Name").get_by_role("button").click()
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")
    names = page.locator("tbody td:first-child").all_inner_texts()
    assert names == sorted(names, key=str.lower), names
    open_desk().sign_in(member)


def test_login_that_is_taken_is_told_beside_the_form(desk, member):
    page = desk.page
    page.get_by_role("button", name="Jemanden aufnehmen").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Noch eine")
    dialog.get_by_label("Anmeldename").fill(member)
    dialog.get_by_label("Passwort", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Jemanden aufnehmen").click()
    expect(dialog.get_by_text("Diesen Anmeldenamen gibt es schon")).to_be_visible()
    expect(dialog.get_by_label("Anmeldename")).to_have_value(member)
    assert not desk.violations()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_role_is_changed_and_taken_back(desk, member):
    page = desk.page
    act(page, member, "Rolle oder Teil ändern")
    choose(page, "Rolle", "Marketing")
    page.get_by_role("button", name="Speichern").click()
    expect(row(page, member)).to_contain_text("Marketing")
    page.get_by_role("button", name="Rückgängig").click()
    expect(row(page, member)).to_contain_text("Service")


def test_member_is_shut_out_at_once_and_let_in_again(desk, open_desk, member):
    page = desk.page
    other = open_desk().sign_in(member)
    act(page, member, "Zugang sperren")
    expect(row(page, member)).to_contain_text("Gesperrt")
    other.get_by_role("link", name="Kundschaft").first.click()
    other.reload()
    expect(other.locator("input[autocomplete=current-password]")).to_be_visible()
    page.get_by_role("button", name="Rückgängig").click()
    expect(row(page, member)).to_contain_text("Aktiv")


def test_password_is_set_for_somebody(desk, open_desk, member):
    page = desk.page
    act(page, member, "Passwort setzen")
    page.get_by_role("dialog").get_by_label("Passwort", exact=True).fill(PASSWORD[::-1])
    page.get_by_role("dialog").get_by_role("button", name="Passwort setzen").click()
    expect(page.get_by_text(f"{member} hat ein neues Passwort.")).to_be_visible()
    open_desk().sign_in(member, password=PASSWORD[::-1])


# --- access tokens --------------------------------------------------------------------------------------------------

def test_token_is_made_shown_once_and_revoked(desk):
    name = new_name()
    page = desk.come_in_as_ada("/tokens")
    page.get_by_role("button", name="Zugangsschlüssel anlegen").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Wofür").fill(name)
    choose(page, "Rolle", "Betrieb")
    dialog.get_by_role("button", name="Zugangsschlüssel anlegen").click()
    expect(dialog.locator("code").filter(has_text=re.compile("^hst_"))).to_be_visible()
    assert not desk.violations()
    dialog.get_by_role("button", name="Ich habe ihn abgelegt").click()
    expect(row(page, name)).to_contain_text("Gültig")
    expect(page.get_by_text("hst_")).to_have_count(0)
    page.get_by_role("button", name=f"„{name}“ widerrufen").click()
    page.get_by_role("dialog").get_by_role("button", name="Endgültig widerrufen").click()
    expect(row(page, name)).to_contain_text("Widerrufen")


def test_token_of_another_system_is_for_named_purposes(desk):
    name = new_name()
    page = desk.come_in_as_ada("/tokens")
    page.get_by_role("button", name="Zugangsschlüssel anlegen").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Wofür").fill(name)
    choose(page, "Rolle", "Anbindung")
    dialog.get_by_role("button", name="Zugangsschlüssel anlegen").click()
    expect(dialog.get_by_role("alert").first).to_be_visible()
    dialog.get_by_role("combobox", name="Zwecke").click()
    page.get_by_role("option").first.click()
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Zugangsschlüssel anlegen").click()
    expect(dialog.locator("code").filter(has_text=re.compile("^hst_"))).to_be_visible()


# --- sources --------------------------------------------------------------------------------------------------------

@pytest.fixture
def source(desk) -> Source:
    """A new source; the page is its own."""
    source = desk.server.house.add_source(f"laden-{uuid.uuid4().hex[:6]}")
    desk.come_in_as_ada(f"/sources/{source.id}")
    return source


def edit(page: Page, what: str):
    page.get_by_role("button", name=f"Ändern: {what}").click()


def test_plan_holds_back_what_it_does_not_name_and_says_so(desk, source):
    page = desk.page
    edit(page, "Plan")
    page.get_by_role("switch", name="Nur annehmen, was hier steht").check(force=True)
    page.get_by_label("Ereignisse und ihre Felder").fill("Lamp Lit: place")
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("Der Plan gilt ab jetzt.")).to_be_visible()
    expect(page.locator("dl").filter(has_text="Lamp Lit")).to_contain_text("place")
    sender = desk.server.sender(source)
    sender.store(track("u1", "Lamp Lit", place="hall", colour="red"))
    expect(page.get_by_role("list", name="Gerade jetzt")).to_contain_text("Lamp Lit")
    page.reload()
    expect(page.get_by_text("colour")).to_be_visible()  # what was dropped, by name


def test_words_of_consent_are_named_and_removed(desk, source):
    page = desk.page
    edit(page, "Einwilligungswörter")
    page.get_by_label("Wort", exact=True).fill("statistics")
    page.get_by_role("combobox", name="steht für").click()
    page.get_by_role("option").first.click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("Die Wörter gelten ab jetzt.")).to_be_visible()
    expect(page.locator("dt", has_text="statistics")).to_be_visible()
    edit(page, "Einwilligungswörter")
    page.get_by_role("button", name="Das Wort statistics entfernen").click()
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("Keine: Nur die Namen")).to_be_visible()


def test_quota_is_its_own_and_the_usual_again(desk, source):
    page = desk.page
    edit(page, "Menge")
    page.get_by_role("switch", name="Eine eigene Menge").check(force=True)
    page.get_by_label("Ereignisse je Sekunde").fill("250")
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("250 Ereignisse je Sekunde")).to_be_visible()
    edit(page, "Menge")
    page.get_by_role("switch", name="Eine eigene Menge").uncheck(force=True)
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("Wie die Einstellungen des Servers")).to_be_visible()


def test_key_is_rotated_with_an_overlap(desk, source):
    page = desk.page
    page.get_by_role("button", name="Neuer Schlüssel").click()
    page.get_by_role("button", name="Neuen Schlüssel machen").click()
    shown = page.get_by_role("dialog").locator("code").filter(has_text=re.compile("^hsw_"))
    expect(shown).to_be_visible()
    new = Source(source.id, shown.inner_text().strip())
    page.get_by_role("button", name="Ich habe ihn abgelegt").click()
    for key in (source, new):
        desk.server.sender(key).store(track("u2", "Lamp Lit"))


def test_source_is_switched_off_and_on(desk, source):
    page = desk.page
    page.get_by_role("switch", name="An", exact=True).click(force=True)
    expect(page.get_by_text("Die Quelle ist aus")).to_be_visible()
    assert desk.server.sender(source).single(track("u3", "Lamp Lit")).status_code != 200
    page.get_by_role("switch", name="Aus", exact=True).click(force=True)
    expect(page.get_by_text("Die Quelle ist wieder an.")).to_be_visible()
    desk.server.sender(source).store(track("u3", "Lamp Lit"))


def test_what_somebody_else_changed_meanwhile_is_not_lost(desk, open_desk, source):
    page = desk.page
    expect(page.get_by_role("heading", name="Menge")).to_be_visible()
    edit(page, "Menge")
    other = open_desk().come_in_as_ada(f"/sources/{source.id}")
    edit(other, "Menge")
    for window, quota, told in ((other, "111", "Die Menge gilt ab jetzt."), (page, "222", "Jemand anderes hat das")):
        window.get_by_role("switch", name="Eine eigene Menge").check(force=True)
        window.get_by_label("Ereignisse je Sekunde").fill(quota)
        window.get_by_role("button", name="Speichern").click()
        expect(window.get_by_text(told)).to_be_visible()
    page.reload()
    expect(page.get_by_text("111 Ereignisse je Sekunde")).to_be_visible()


# --- audit, settings ------------------------------------------------------------------------------------------------

def test_audit_is_checked_and_narrowed_to_one(desk):
    page = desk.come_in_as_ada("/audit")
    page.get_by_role("button", name="Jetzt prüfen").click()
    expect(page.get_by_text(re.compile("^Vollständig: "))).to_be_visible()
    page.get_by_role("button", name="Kommandozeile").first.click()
    expect(page).to_have_url(re.compile("principal=cli"))
    expect(page.locator("ol li").first).to_contain_text("Kommandozeile")
    page.get_by_role("button", name="Alle zeigen").click()
    expect(page).not_to_have_url(re.compile("principal"))


def test_audit_names_who_did_what_to_what(desk):
    desk.server.house.add_source("named-in-audit", more=("--name", "Stand am Hafen"))
    page = desk.come_in_as_ada("/audit")
    added = page.locator("ol li").filter(has_text="hat eine Quelle angelegt")
    expect(added.first).to_contain_text("Quelle Stand am Hafen")
    page.get_by_role("combobox", name="Wer").fill("ada t")
    page.get_by_role("option", name="Ada Thomsen").click()
    expect(page).to_have_url(re.compile("principal=staff"))
    expect(page.locator("ol li").filter(has_text="Kommandozeile")).to_have_count(0)
    expect(page.locator("ol li").first).to_contain_text("Ada Thomsen")
    page.reload()
    expect(page.get_by_role("combobox", name="Wer")).to_have_value("Ada Thomsen")
    assert not desk.violations()


def test_own_password_is_changed_and_other_sessions_end(desk, open_desk, member):
    one, other = open_desk(), open_desk()
    page, elsewhere = one.sign_in(member, "/settings"), other.sign_in(member)
    page.get_by_label("Bisheriges Passwort").fill("nicht-das-richtige")
    page.get_by_label("Neues Passwort").fill(PASSWORD[::-1])
    page.get_by_role("button", name="Passwort ändern").click()
    expect(page.get_by_text("Das bisherige Passwort stimmt nicht.")).to_be_visible()
    page.get_by_label("Bisheriges Passwort").fill(PASSWORD)
    page.get_by_label("Neues Passwort").fill(PASSWORD[::-1])
    page.get_by_role("button", name="Passwort ändern").click()
    expect(page.get_by_text("Ihr Passwort ist geändert.")).to_be_visible()
    elsewhere.reload()
    expect(elsewhere.locator("input[autocomplete=current-password]")).to_be_visible()
    page.get_by_role("button", name="Überall abmelden").click()
    expect(page.locator("input[autocomplete=current-password]")).to_be_visible()


# --- parts of the company -------------------------------------------------------------------------------------------

def test_member_of_a_branch_sees_its_part_and_is_told_so(open_desk):
    """Bea sells in the branches: of Anna she sees what the tills tell; Mia, who is not limited, sees more."""
    branch = open_desk()
    page = branch.sign_in("bea")
    expect(page.get_by_text("branches", exact=False).first).to_be_visible()
    whole = open_desk()
    whole.sign_in("mia")
    seen = []
    for desk in (branch, whole):
        desk.find("anna.petersen@de.example.org", "CustomerOrderManagement")
        desk.page.locator("main li a").first.click()
        expect(desk.page.locator("article").first).to_be_visible()
        expect(desk.page.get_by_role("heading", level=1)).to_contain_text("Anna")
        seen.append(desk.page.locator("main").inner_text())
    assert "Shop backend" not in seen[0] and "Shop backend" in seen[1]
    assert not branch.violations()


def test_unit_of_a_member_is_given_and_taken_back(desk, member):
    page = desk.page
    act(page, member, "Rolle oder Teil ändern")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Unternehmensteil").fill("branches/kiel")
    expect(page.get_by_role("menu")).to_have_count(0)
    assert not desk.violations()
    dialog.get_by_role("button", name="Speichern").click()
    expect(row(page, member)).to_contain_text("branches/kiel")
    page.get_by_role("button", name="Rückgängig").click()
    expect(row(page, member)).to_contain_text("ganzes Unternehmen")


def test_broker_needs_a_part(desk, member):
    page = desk.page
    act(page, member, "Rolle oder Teil ändern")
    choose(page, "Rolle", "Vermittlung")
    page.get_by_role("dialog").get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("eine Vermittlung braucht einen")).to_be_visible()
    page.get_by_role("dialog").get_by_label("Unternehmensteil").fill("vermittler/kai")
    page.get_by_role("dialog").get_by_role("button", name="Speichern").click()
    expect(row(page, member)).to_contain_text("vermittler/kai")


def test_source_is_given_to_another_part(desk):
    page = desk.come_in_as_ada("/sources/hotline")
    page.get_by_role("button", name="Ändern: Unternehmensteil").click()
    page.get_by_label("Unternehmensteil", exact=True).last.fill("sued/muenchen")
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("sued/muenchen")).to_be_visible()
    assert not desk.violations()
    page.get_by_role("button", name="Ändern: Unternehmensteil").click()
    page.get_by_label("Unternehmensteil", exact=True).last.fill("")
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("ganzes Unternehmen").first).to_be_visible()


def test_code_says_yes_to_what_the_source_knows(desk):
    source = desk.server.house.add_source(f"laden-{uuid.uuid4().hex[:6]}", trust="public",
                                          purposes=("ServiceUsageAnalytics:A6-1-a", "CustomerCare:A6-1-b"))
    page = desk.come_in_as_ada(f"/sources/{source.id}")
    page.get_by_role("tab", name="Segment (browser)").click()
    code = page.get_by_role("tabpanel").locator("pre").first
    expect(code).to_contain_text('"ServiceUsageAnalytics": leave.includes')
    expect(code).not_to_contain_text("CustomerCare")
