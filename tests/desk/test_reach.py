"""Reach at the desk: how many people may be contacted, what keeps the others, and by which law."""

import re

from playwright.sync_api import expect

COUNTED = 60_000  # milliseconds, for a demo's people on a busy machine


def counted(page):
    expect(page.get_by_role("list", name="E-Mail", exact=True)).to_be_visible(timeout=COUNTED)


def test_bars_say_how_many_and_what_keeps_the_others(desk):
    page = desk.come_in_as_ada("/law/reach")
    counted(page)
    germans = page.get_by_role("list", name="E-Mail", exact=True).get_by_role("listitem").filter(has_text="Deutschland")
    expect(germans.get_by_role("img")).to_have_attribute("aria-label", re.compile(r"Deutschland: .*von \d+"))
    germans.get_by_text("Was bei den übrigen dagegen spricht").click()
    link = germans.get_by_role("link", name="Nachsehen, nach welchem Recht")
    expect(link).to_be_visible()
    numbers = [int(re.match(r"[\d.]+", text).group().replace(".", ""))
               for text in germans.locator("details li").all_inner_texts()]
    assert numbers and min(numbers) >= 10, numbers
    link.click()
    expect(page).to_have_url(re.compile(r"/law/try\?.*channel=email.*"))


def test_it_is_counted_anew_when_asked_for(desk):
    page = desk.come_in_as_ada("/law/reach")
    counted(page)
    again = page.get_by_role("button", name="Neu zählen")
    expect(again).to_be_enabled(timeout=COUNTED)
    with page.expect_response("**/api/v1/reach/count") as answer:
        again.click()
    assert answer.value.status == 202
    expect(again).to_be_enabled(timeout=COUNTED)
    counted(page)


def test_agents_do_not_see_it(desk):
    page = desk.sign_in("mia", path="/law")
    expect(page.get_by_role("link", name="Reichweite")).to_have_count(0)
    page.goto("/law/reach")
    expect(page.get_by_text("Nicht für Ihre Rolle")).to_be_visible()


def test_a_failure_says_so_and_is_tried_again(desk):
    desk.page.route("**/api/v1/reach?*", lambda route: route.abort())
    page = desk.come_in_as_ada("/law")
    page.get_by_role("link", name="Reichweite").click()
    expect(page.get_by_role("alert")).to_be_visible(timeout=COUNTED)
    page.unroute("**/api/v1/reach?*")
    page.get_by_role("button", name=re.compile("Erneut|Noch einmal")).click()
    counted(page)


def test_a_rule_of_ones_own_says_beforehand_whom_it_concerns(desk):
    page = desk.come_in_as_ada("/law/reach")
    counted(page)
    page.goto("/law/own")
    page.get_by_role("button", name="Regel aufnehmen").click()
    dialog = page.get_by_role("dialog")
    for field, option in (("Wo", re.compile("^Deutschland")), ("Kanäle", "E-Mail")):
        dialog.get_by_role("combobox", name=field, exact=True).click()
        page.get_by_role("option", name=option, exact=isinstance(option, str)).click()
    for field in ("Ein Satz auf Deutsch", "Ein Satz auf Englisch", "Warum es diese Regel gibt"):
        dialog.get_by_label(field).fill("Nie wieder.")
    dialog.get_by_label("Kennung").fill("own.never_again")
    dialog.get_by_role("button", name="Sehen, was sich ändert").click()
    changes = dialog.get_by_role("region", name="Was sich ändern würde")
    expect(changes).to_contain_text(re.compile(r"Deutschland\. [\d.]+ Menschen dort sind hier bekannt\. "
                                               r"Heute dürfen angesprochen werden: [\d.]+ \(E-Mail\)\."))
    changes.get_by_role("button", name="Zählen, wen es betrifft").click()
    expect(changes.get_by_text("Niemand käme dazu, und niemand fiele weg.")).to_be_visible(timeout=COUNTED)


def test_whom_a_change_takes_away_is_told_by_purpose_channel_and_country(desk):
    page = desk.come_in_as_ada("/law/reach")
    page.route("**/api/v1/law/changes*", lambda route: route.fulfill(json={"items": [a_change(page)], "next": None}))
    page.route("**/api/v1/law/effect", lambda route: route.fulfill(json=an_effect(route)))
    page.goto("/law")
    page.get_by_role("button", name="Zählen, wen es betrifft").click()
    told = page.get_by_role("list", name="Wen die Änderung betrifft")
    expect(told.get_by_role("listitem")).to_have_count(1)
    expect(told).to_contain_text("E-Mail")
    expect(told).to_contain_text("Deutschland: 1.200 Menschen fielen weg; 30 bleiben erreichbar.")
    expect(told).to_contain_text("Österreich: was unter 10 liegt, wird nicht gesagt.")


def posts(route) -> bool:
    return route.request.method == "POST"


def an_effect(route) -> dict:
    """What the server answers to a count of a law, and to the question what came of it."""
    if posts(route):
        return {"rule_set": 1, "day": "2030-01-01"}
    groups = [{"country": "DE", "several": False, "people": 2000, "kept": 30, "lost": 1200, "gained": 0},
              {"country": "AT", "several": False, "people": 11, "kept": None, "lost": None, "gained": 0},
              {"country": "FR", "several": False, "people": 40, "kept": 20, "lost": 0, "gained": 0}]
    return some_effect() | {"purposes": [{"purpose": "DirectMarketing", "channels": [
        {"channel": "email", "groups": groups}, {"channel": "post", "groups": groups[2:]}]}]}


def test_what_somebody_else_counted_meanwhile_is_not_taken_for_ones_own(desk):
    page = desk.come_in_as_ada("/law/reach")
    counted(page)
    page.route("**/api/v1/law/effect", lambda route: route.fulfill(json=some_effect()) if route.request.method == "GET"
               else route.continue_())
    page.route("**/api/v1/law/changes*", lambda route: route.fulfill(json={"items": [a_change(page)], "next": None}))
    page.goto("/law")
    page.get_by_role("button", name="Zählen, wen es betrifft").first.click()
    expect(page.get_by_text("Inzwischen wurde etwas anderes gezählt.")).to_be_visible()
    page.unroute("**/api/v1/law/effect")
    page.get_by_role("button", name="Zählen, wen es betrifft").first.click()
    expect(page.get_by_text("Niemand käme dazu, und niemand fiele weg.")).to_be_visible(timeout=COUNTED)


def some_effect() -> dict:
    return {"rule_set": 1, "day": "2030-01-01", "counting": False, "people": 1, "counted_at": "2026-01-01T00:00:00Z",
            "smallest": 10, "purposes": []}


def a_change(page) -> dict:
    """Of a rule that is there, as if it began tomorrow; so that it changes nothing."""
    rule = page.evaluate("fetch('/api/v1/law/jurisdictions/DE').then(answer => answer.json())")["rules"][0]
    day = page.evaluate("new Date(Date.now() + 86400000).toISOString().slice(0, 10)")
    return {"day": day, "change": "begins", "rule": rule}
