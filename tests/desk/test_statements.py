"""Searching what people said, at the desk."""

import re

from playwright.sync_api import expect


NOTE = """(async () => {
  const {csrf_token} = await (await fetch('/api/v1/session')).json();
  const {items: [anna]} = await (await fetch('/api/v1/customers?key=email:anna.petersen@de.example.org')).json();
  const said = {act: 'refused', purpose: 'LocationOffers', channel: 'none', way: 'in_person'};
  const headers = {'Content-Type': 'application/json', 'X-CSRF-Token': csrf_token};
  const body = JSON.stringify(said);
  const answer = await fetch(`/api/v1/customers/${anna.id}/consents`, {method: 'POST', headers, body});
  return answer.status;
})()"""


def choose(page, label: str, option: str):
    page.get_by_role("combobox", name=label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_statements_are_found_when_the_button_is_pressed_and_lead_to_the_person(desk):
    page = desk.come_in_as_ada("/law")
    assert desk.run(NOTE) == 201
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v1/consents?" in request.url else None)
    page.get_by_role("link", name="Aussagen", exact=True).click()
    choose(page, "Antwort", "Nein")
    choose(page, "Wie es gesagt wurde", "Persönlich")
    expect(page).to_have_url(re.compile("act=refused.*way=in_person"))
    assert asked == [], "whoever is found was looked at"
    page.get_by_role("form").get_by_role("button", name="Suchen").click()
    found = page.get_by_role("region", name="Gefundene Aussagen")
    expect(found.get_by_role("status")).to_contain_text(re.compile(r"^\d+ Aussagen?\."))
    first = found.get_by_role("listitem").first
    expect(first).to_contain_text("Alle Wege")
    assert len(asked) == 1
    assert not desk.violations()
    first.get_by_role("link", name="Zur Person").click()
    expect(page).to_have_url(re.compile(r"/customers/[a-z]+-\w+\?.*tab=consents"))


def test_nothing_found_says_so_and_days_in_the_wrong_order_are_not_searched(desk):
    page = desk.come_in_as_ada("/law/statements?from=2001-01-01&until=2001-01-31")
    page.get_by_role("form").get_by_role("button", name="Suchen").click()
    expect(page.get_by_text("Nichts passt.")).to_be_visible()
    page.get_by_label("bis").fill("2000-12-31")
    expect(page.get_by_text("Darf nicht vor dem ersten Tag liegen.")).to_be_visible()
    page.get_by_role("button", name="Zurücksetzen").click()
    expect(page.get_by_label("bis")).to_have_value("")


def test_marketers_do_not_search(desk):
    page = desk.sign_in("lea", path="/law")
    expect(page.get_by_role("link", name="Aussagen", exact=True)).to_have_count(0)
