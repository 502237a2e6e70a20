"""The law at the desk: countries, one of them on a day, what counsel said, own rules, and the gate asked by hand."""

import json
import re
import uuid

import pytest
from playwright.sync_api import Page, expect

HONG_KONG = "/law/HK?at=request_deadline"
UNVERIFIED = "hk.request_deadline.answer"


def choose(scope, page: Page, label: str, option: str | re.Pattern):
    scope.get_by_role("combobox", name=label, exact=True).click()
    page.get_by_role("option", name=option, exact=isinstance(option, str)).click()


def country(page: Page, name: str):
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


# --- countries ------------------------------------------------------------------------------------------------------

def test_countries_say_at_a_glance_what_may_be_done(desk):
    page = desk.sign_in("mia", path="/law")
    expect(page.get_by_role("note")).to_contain_text("keine Rechtsberatung")
    expect(country(page, "Deutschland")).to_contain_text("Braucht Zustimmung; Kunden ausgenommen")
    expect(country(page, "Deutschland")).to_contain_text(re.compile(r"\d+ von \d+ nicht geprüft"))
    last = page.get_by_role("row").last
    expect(last).to_contain_text("Überall sonst")
    expect(last).to_contain_text("Verboten")
    search = page.get_by_role("searchbox", name="Länder durchsuchen")
    search.fill("schw")
    expect(page.get_by_role("row")).to_have_count(3)  # its head, Schweden, Schweiz
    assert "q=schw" in page.url
    search.fill("US-CA")
    expect(country(page, "Kalifornien")).to_contain_text("Vereinigte Staaten")


def test_overview_of_the_law_is_one_request(desk):
    page = desk.come_in_as_ada()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v1/law" in request.url else None)
    page.get_by_role("link", name="Recht", exact=True).click()
    expect(country(page, "Deutschland")).to_be_visible()
    expect(page.get_by_role("heading", name="Was sich ändern wird")).to_be_visible()
    assert sorted(url.split("/api/v1/")[1] for url in asked) == ["law", "law/changes"], asked


def test_change_to_come_opens_the_country_on_its_day(desk, demo):
    page = desk.come_in_as_ada("/law")
    changes = page.locator("section").filter(has=page.get_by_role("heading", name="Was sich ändern wird"))
    items = demo_changes(desk)
    if not items:
        expect(changes.get_by_text("Keine Änderung ist bekannt.")).to_be_visible()
        return
    day = items[0]["day"]
    changes.locator("summary").first.click()
    expect(changes.locator("details li").first).to_be_visible()
    changes.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(rf"/law/[^/]+\?day={day}$"))
    expect(page.get_by_text(re.compile(r"^Das gilt am "))).to_be_visible()
    page.get_by_role("button", name="Heute").click()
    expect(page.get_by_text(re.compile(r"^Das gilt am "))).to_have_count(0)


def demo_changes(desk) -> list:
    return json.loads(desk.run("fetch('/api/v1/law/changes').then(answer => answer.text())"))["items"]


# --- a country ------------------------------------------------------------------------------------------------------

def test_answer_opens_the_rules_it_comes_from(desk):
    page = desk.come_in_as_ada("/law/DE")
    page.get_by_role("button", name="Werbung, E-Mail: Braucht Zustimmung; Kunden ausgenommen").click()
    dialog = page.get_by_role("dialog", name="Werbung, E-Mail")
    rule = dialog.get_by_role("article", name="de.advertising.mail")
    expect(rule).to_contain_text("Das entscheidet")
    expect(rule).to_contain_text("Geprüft")
    expect(rule).to_contain_text("die Adresse aus einem Kauf")
    link = rule.get_by_role("link")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("href", re.compile("^https://"))
    assert page.url.endswith("/law/DE?at=advertising.email")
    page.reload()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert page.url.endswith("/law/DE")


def test_day_before_and_after_a_change_differ(desk):
    page = desk.come_in_as_ada("/law/FR?day=2026-08-10")
    phone = page.get_by_role("button", name=re.compile("^Werbung, Telefon: "))
    expect(phone).to_contain_text("Bis jemand widerspricht")
    page.get_by_label("An welchem Tag").fill("2026-08-11")
    expect(phone).to_contain_text("Braucht Zustimmung")
    assert "day=2026-08-11" in page.url


def test_place_that_is_not_there_and_a_day_that_is_none(desk):
    page = desk.come_in_as_ada("/law/XX")
    expect(page.get_by_role("alert")).to_be_visible()
    page.goto("/law/DE?day=tomorrow&at=nothing")
    expect(page.get_by_role("heading", name="Wer wie angesprochen werden darf")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_counsel_said_is_seen_first_recorded_and_taken_back(desk):
    page = desk.come_in_as_ada(HONG_KONG)
    rules = page.get_by_role("dialog", name="Eine Anfrage beantworten binnen")
    confirm = rules.get_by_role("button", name=f"Festhalten, was der Anwalt sagt: {UNVERIFIED}")
    confirm.click()
    dialog = page.get_by_role("dialog", name="Festhalten, was der Anwalt sagt")
    expect(dialog.get_by_role("region", name="Was sich ändern würde")).to_contain_text("Hongkong")
    dialog.get_by_label("Wer es bestätigt hat").fill("Dr. Wong, Wong & Partner")
    dialog.get_by_label("Wann").fill("2026-11-20")
    dialog.get_by_label("Worauf es beruht").fill("PDPO s. 19")
    assert not desk.violations()
    dialog.get_by_role("button", name="Festhalten", exact=True).click()
    expect(page.get_by_text("Festgehalten. Die Regel gilt als bekannt.")).to_be_visible()
    card = rules.get_by_role("article", name=UNVERIFIED)
    expect(card).to_contain_text("Anwaltlich bestätigt")
    expect(card).to_contain_text("Dr. Wong, Wong & Partner")
    page.get_by_role("button", name="Rückgängig").click()
    expect(page.get_by_text("Die Regel ist wieder ungeprüft.")).to_be_visible()
    expect(confirm).to_be_visible()


def test_confirmation_is_withdrawn_where_it_stands(desk):
    page = desk.come_in_as_ada("/law/JP")
    unverified = page.locator("section").filter(has=page.get_by_role("heading", name="Noch nicht geprüft"))
    rule = "jp.age_of_consent.years"
    unverified.get_by_role("button", name=f"Festhalten, was der Anwalt sagt: {rule}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Wer es bestätigt hat").fill("Mori")
    dialog.get_by_label("Worauf es beruht").fill("Schreiben vom selben Tag")
    dialog.get_by_role("button", name="Festhalten", exact=True).click()
    expect(unverified.get_by_role("article", name=rule)).to_have_count(0)
    page.goto("/law/JP?at=age_of_consent")
    withdraw = page.get_by_role("dialog").get_by_role("button", name=f"Die Bestätigung zurücknehmen: {rule}")
    withdraw.click()
    expect(withdraw).to_have_count(0)
    expect(page.get_by_role("article", name=rule).first).to_contain_text("Nicht geprüft")


def test_confirmation_that_does_not_fit_says_so(desk):
    page = desk.come_in_as_ada("/law/SG")
    page.get_by_role("button", name="Festhalten, was der Anwalt sagt: sg.advertising.email", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("Sie passt nicht zu dem, was schon gilt.")


def test_who_may_not_confirm_sees_no_button(desk):
    page = desk.sign_in("mia", path=HONG_KONG)
    expect(page.get_by_role("dialog").get_by_role("article", name=UNVERIFIED)).to_contain_text("Nicht geprüft")
    expect(page.get_by_role("button", name=re.compile("Festhalten"))).to_have_count(0)
    page.goto("/law")
    expect(country(page, "Deutschland")).to_be_visible()
    expect(page.get_by_role("link", name="Eigene Regeln")).to_have_count(0)
    page.goto("/law/own")
    expect(page.get_by_text("Nicht für Ihre Rolle")).to_be_visible()


# --- own rules ------------------------------------------------------------------------------------------------------

@pytest.fixture
def own_rule(desk):
    """A rule of one's own is written, and what it would change is seen; the page is the own rules'."""
    rule = f"own.no_calls_{uuid.uuid4().hex[:8]}"
    page = desk.come_in_as_ada("/law/own")
    page.get_by_role("button", name="Regel aufnehmen").click()
    dialog = page.get_by_role("dialog")
    choose(dialog, page, "Wo", re.compile("^Deutschland"))
    dialog.get_by_role("combobox", name="Kanäle").click()
    page.get_by_role("option", name="Post", exact=True).click()
    dialog.get_by_label("Ein Satz auf Deutsch").fill("Wir werben nicht per Post.")
    dialog.get_by_label("Ein Satz auf Englisch").fill("We do not advertise by post.")
    dialog.get_by_label("Warum es diese Regel gibt").fill("Beschluss der Leitung")
    dialog.get_by_label("Kennung").fill(rule)
    assert not desk.violations()
    dialog.get_by_role("button", name="Sehen, was sich ändert").click()
    return rule


def test_own_rule_shows_what_it_changes_is_added_and_ended(desk, own_rule):
    page = desk.page
    dialog = page.get_by_role("dialog")
    changes = dialog.get_by_role("region", name="Was sich ändern würde")
    expect(changes).to_contain_text("bisher Bis jemand widerspricht, dann Verboten")
    expect(changes).to_contain_text("Deutschland")
    dialog.get_by_role("button", name="Zurück").click()
    expect(dialog.get_by_label("Kennung")).to_have_value(own_rule)
    dialog.get_by_role("button", name="Sehen, was sich ändert").click()
    dialog.get_by_role("button", name="Regel aufnehmen").click()
    expect(dialog).to_have_count(0)
    item = page.get_by_role("listitem").filter(has_text=own_rule)
    expect(item).to_contain_text("Werbung (Post): Verboten")
    page.goto("/law/DE")
    page.get_by_role("button", name="Werbung, Post: Verboten").click()
    expect(page.get_by_role("dialog").get_by_role("article", name=own_rule)).to_contain_text("Ihre eigene Regel")
    page.goto("/law/own")
    page.get_by_role("button", name=f"Die Regel {own_rule} beenden").click()
    expect(page.get_by_role("dialog")).to_contain_text("zählt von jetzt an nicht mehr")
    assert not desk.violations()
    page.get_by_role("dialog").get_by_role("button", name="Beenden", exact=True).click()
    ended = page.locator("section").filter(has=page.get_by_role("heading", name="Beendet"))
    expect(ended).to_contain_text(own_rule)
    page.goto("/law/DE")
    expect(page.get_by_role("button", name="Werbung, Post: Bis jemand widerspricht")).to_be_visible()


def test_own_rule_with_a_wrong_id_is_told_beside_the_field(desk):
    page = desk.come_in_as_ada("/law/own")
    page.get_by_role("button", name="Regel aufnehmen").click()
    dialog = page.get_by_role("dialog")
    choose(dialog, page, "Worum es geht", "Alter, ab dem man selbst zustimmen kann")
    dialog.get_by_label("Ein Satz auf Deutsch").fill("Ab achtzehn.")
    dialog.get_by_label("Ein Satz auf Englisch").fill("From eighteen.")
    dialog.get_by_label("Warum es diese Regel gibt").fill("Beschluss")
    dialog.get_by_label("Kennung").fill("mine.age")
    dialog.get_by_role("button", name="Sehen, was sich ändert").click()
    expect(dialog.get_by_label("Kennung")).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_label("Ein Satz auf Deutsch")).to_have_value("Ab achtzehn.")
    assert not desk.violations()


# --- the gate, asked by hand ----------------------------------------------------------------------------------------

def test_simple_question_takes_four_fields_and_can_be_shared(desk, open_desk):
    page = desk.sign_in("mia", path="/law/try")
    main = page.locator("main")
    choose(main, page, "Wofür", "Angebote schicken")
    choose(main, page, "Auf welchem Weg", "E-Mail")
    choose(main, page, "Wo die Person lebt", re.compile("^Deutschland"))
    expect(main.get_by_text("Nicht erlaubt", exact=True)).to_be_visible()
    expect(main.get_by_role("article", name="de.advertising.mail")).to_be_visible()
    expect(main.get_by_text("Die Person um Zustimmung bitten, auf einem erlaubten Weg.")).to_be_visible()
    choose(main, page, "Was sie gesagt hat", "Zugestimmt")
    expect(main.get_by_text("Erlaubt", exact=True)).to_be_visible()
    expect(main.get_by_text("Den Nachweis aufbewahren")).to_be_visible()
    other = open_desk().sign_in("karim", path=page.url.replace(desk.server.url, ""))
    expect(other.locator("main").get_by_text("Erlaubt", exact=True)).to_be_visible()


def test_request_to_copy_gets_the_same_answer(desk):
    page = desk.come_in_as_ada("/law/try?purpose=DirectMarketing&channel=phone&country=US-CA&state=refused&age=30"
                               "&flags=business_relationship,tells_objection&zone=America/Los_Angeles")
    expect(page.locator("main").get_by_text("Nicht erlaubt", exact=True)).to_be_visible()
    request = json.loads(page.locator("main pre").inner_text())
    question = request["questions"][0]
    assert question["consent"]["state"] == "refused"
    assert question["person"] == {"country": "US-CA", "age": 30, "time_zone": "America/Los_Angeles"}
    assert question["sale"] == {"business_relationship": True} and question["tells_objection"] is True


def test_customers_are_compared_side_by_side(desk):
    page = desk.come_in_as_ada("/law/try?purpose=DirectMarketing&channel=email&country=DE")
    page.get_by_role("button", name="Mit jemand anderem vergleichen").click()
    second = page.get_by_role("group", name="Zweite Person")
    second.locator("summary").click()
    today = desk.run("new Date().toISOString().slice(0, 10)")
    second.get_by_label("Letzter Kauf").fill(today)
    for box in ("Die Adresse stammt aus einem Kauf", "Es geht um eigene ähnliche Waren",
                "Damals wurde gesagt, dass man widersprechen kann", "Die Nachricht sagt, wie man widerspricht",
                "Das berechtigte Interesse ist abgewogen"):
        second.get_by_role("checkbox", name=box).check()
    expect(second.get_by_text("Erlaubt", exact=True)).to_be_visible()
    expect(page.get_by_role("group", name="Erste Person").get_by_text("Nicht erlaubt", exact=True)).to_be_visible()
    assert not desk.violations()
    page.get_by_role("button", name="Nicht mehr vergleichen").click()
    expect(second).to_have_count(0)
    assert "b_" not in page.url


@pytest.mark.parametrize("use", ["store", "view", "decide", "link", "export", "train"])
def test_every_use_gets_an_answer(desk, use):
    page = desk.come_in_as_ada(f"/law/try?purpose=CustomerCare&country=DE&use={use}&to=US&flags=reviewed")
    expect(page.get_by_role("heading", name="Antwort")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text=re.compile("rlaubt"))).to_be_visible()


def test_nonsense_in_the_address_is_told_and_can_be_mended(desk):
    page = desk.come_in_as_ada("/law/try?purpose=World+Domination&channel=telepathy&at=soon")
    expect(page.get_by_role("alert")).to_be_visible()
    page.goto("/law/try?state=maybe&flags=all,of,it&age=old")
    expect(page.get_by_text("Wählen Sie, wofür; die Antwort kommt sofort.")).to_be_visible()


# --- for everybody --------------------------------------------------------------------------------------------------

def test_law_by_keyboard_alone(desk):
    page = desk.sign_in("mia")
    page.keyboard.press("Control+k")
    page.keyboard.type("recht: aus")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ausprobieren")).to_be_focused()
    page.goto("/law/DE")
    page.get_by_role("button", name=re.compile("^Werbung, E-Mail: ")).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Werbung, SMS")).to_be_visible()
    expect(page.locator("[role=dialog]:focus-within")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=re.compile("^Werbung, SMS: "))).to_be_focused()


@pytest.mark.parametrize(("scheme", "width", "locale"), [("light", 1440, "en-GB"), ("dark", 390, "de-DE"),
                                                         ("dark", 1440, "en-GB"), ("light", 390, "de-DE")])
def test_law_shuts_nobody_out(open_desk, scheme, width, locale):
    desk = open_desk(color_scheme=scheme, viewport={"width": width, "height": 844}, locale=locale,
                     reduced_motion="reduce")
    page = desk.come_in_as_ada()
    for path in ("/law", "/law/US", HONG_KONG, "/law/own", "/law/try?purpose=DirectMarketing&channel=sms&age=12",
                 "/law/try?purpose=DirectMarketing&channel=email&b_purpose=DirectMarketing&b_state=given"):
        page.goto(path)
        expect(page.locator("#content h1")).to_be_visible()
        expect(page.get_by_role("status").filter(has_text=re.compile("^(Lädt|Loading)$"))).to_have_count(0)
        assert not desk.violations(), path
        assert desk.run("document.documentElement.scrollWidth") <= width, path


def test_law_speaks_english_too(open_desk):
    page = open_desk(locale="en-GB").sign_in("mia", path="/law/DE")
    expect(page.get_by_role("heading", name="Germany")).to_be_visible()
    page.get_by_role("button", name="Advertising, E-mail: Needs consent; customers excepted").click()
    expect(page.get_by_role("dialog")).to_contain_text("Advertising by e-mail or text message needs prior express")


# --- interests, and the register ------------------------------------------------------------------------------------

def test_interest_is_weighed_read_and_revoked(desk):
    page = desk.come_in_as_ada("/law/interests")
    page.get_by_role("button", name="Abwägung festhalten").first.click()
    dialog = page.get_by_role("dialog", name="Abwägung festhalten")
    choose(dialog, page, "Wofür", "verstehen, wie der Dienst genutzt wird")
    dialog.get_by_label("Das Interesse").fill("Wir möchten wissen, wo der Shop klemmt.")
    dialog.get_by_label("Die Erforderlichkeit").fill("Ohne zu zählen erfahren wir es nicht.")
    dialog.get_by_label("Die Abwägung").fill("Wir zählen Seiten, nicht Menschen.")
    dialog.get_by_label("Wer abgewogen hat").fill("Dr. Petersen")
    dialog.get_by_label("Entschieden am").fill("2026-01-02")
    dialog.get_by_label(re.compile("^Gilt bis")).fill("2031-01-02")
    dialog.get_by_role("button", name="Abwägung festhalten").click()
    expect(dialog.get_by_label(re.compile("^Gilt bis"))).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label(re.compile("^Gilt bis")).fill("2029-01-02")
    dialog.get_by_role("button", name="Abwägung festhalten").click()
    item = page.get_by_role("listitem").filter(has_text="Dr. Petersen · 2. Jan. 2026")
    item.get_by_text("Die Abwägung lesen").click()
    expect(item).to_contain_text("Wir zählen Seiten, nicht Menschen.")
    item.get_by_role("button", name="Widerrufen: verstehen, wie der Dienst genutzt wird").click()
    revoking = page.get_by_role("dialog", name="Abwägung widerrufen")
    revoking.get_by_label("Warum").fill("Wir fragen jetzt um Zustimmung.")
    revoking.get_by_role("button", name="Abwägung widerrufen").click()
    former = page.locator("section").filter(has=page.get_by_role("heading", name="Gilt nicht mehr"))
    expect(former).to_contain_text("Wir fragen jetzt um Zustimmung.")


def test_register_says_what_differs_and_is_a_file(desk):
    page = desk.come_in_as_ada("/law")
    page.get_by_role("link", name="Verzeichnis").click()
    heading = page.get_by_role("heading", name="auf die Person zugeschnittene Werbung zeigen")
    section = page.locator("section").filter(has=heading)
    expect(section).to_contain_text("Genutzt, aber nicht beschrieben")
    with page.expect_download() as download:
        page.get_by_role("link", name="Als Tabelle herunterladen").click()
    assert "genutzt, aber nicht beschrieben" in download.value.path().read_text()
