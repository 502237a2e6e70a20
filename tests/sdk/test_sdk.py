"""The browser library in a real browser, against the real binary: nothing before the answer, and then what was said."""

import re

import pytest
import requests
from playwright.sync_api import expect

from harness import REPOSITORY, Source, wait_until
from pages import Shop
from visitor import READY

MOST_BYTES = 6_000
CLIENTS = REPOSITORY / "tests/clients/node_modules"
NOTHING = {"local": {}, "session": {}, "cookies": {}, "databases": 0, "caches": 0}
ANSWERED = "Consent Preference Updated"


@pytest.fixture(autouse=True)
def use_web(shop: Shop, company):
    shop.key = company.web.write_key


def named(events: list[dict]) -> list[str]:
    return [event.get("event") or event["type"] for event in events]


def timeline(company, anonymous_id: str, wanted: int) -> list[dict]:
    def seen():
        events = company.server.timeline(f"anonymous_id:{anonymous_id}")
        return events if len(events) >= wanted else None
    return wait_until(seen, 10, f"{wanted} events of {anonymous_id}")


# --- before the answer ------------------------------------------------------------------------------------------------

def test_before_the_answer_nothing_is_kept_and_nothing_sent(visitor, shop):
    shop.more = "data-page"
    visitor.go()
    expect(visitor.dialog).to_be_visible()
    visitor.run("handschlag.track('Product Viewed', {name: 'Lantern'}); handschlag.identify('u1')")
    visitor.send()
    assert sorted(set(visitor.asked)) == ["/sdk.js", f"/v1/projects/{shop.key}/banner"]
    assert visitor.stored() == NOTHING
    visitor.page.goto("/elsewhere")
    assert not visitor.bodies, "whoever leaves without an answer was never here"


def test_what_waited_goes_with_the_answer(visitor, company, shop):
    shop.more = "data-page"
    visitor.go("/?utm_source=letter&mail=anna@example.org#private")
    visitor.run("handschlag.track('Product Viewed', {name: 'Lantern'})")
    visitor.press("Ja zu allem")
    expect(visitor.dialog).to_have_count(0)
    visitor.send()
    assert named(visitor.events()) == ["page", "Product Viewed", ANSWERED]
    assert {body["context"]["consent"]["categoryPreferences"]["statistics"] for body in visitor.bodies} == {True}
    answer = visitor.answer()
    stored = timeline(company, answer["id"], 3)
    assert sorted(named(stored)) == sorted(["page", "Product Viewed", ANSWERED])
    context = next(event for event in visitor.events() if event["type"] == "page")["context"]
    assert context["page"]["url"] == f"{shop.url}/", "neither query nor fragment"
    assert context["campaign"] == {"source": "letter"}


# --- yes, no, some ----------------------------------------------------------------------------------------------------

def test_yes_is_one_person_over_pages(visitor, company):
    visitor.go()
    visitor.press("Ja zu allem")
    visitor.go("/basket")
    expect(visitor.dialog).to_have_count(0)
    visitor.run("handschlag.track('Basket Viewed')")
    visitor.send()
    answer = visitor.answer()
    assert set(answer["yes"]) == {"statistics", "marketing"}
    assert answer["no"] == []
    assert {event["anonymousId"] for event in visitor.events()} == {answer["id"]}
    assert len(company.server.customers(f"anonymous_id:{answer['id']}")) == 1
    assert sorted(named(timeline(company, answer["id"], 2))) == ["Basket Viewed", ANSWERED]
    told = next(event for event in visitor.events() if event.get("event") == ANSWERED)["properties"]
    assert told["categories"] == {"statistics": True, "marketing": True}
    assert [one["id"] for one in told["notices"]["statistics"]] == ["statistics"]
    assert told["notices"]["statistics"][0]["version"] >= 1
    assert told["language"] == "de"


def test_no_keeps_the_no_alone_and_each_page_is_a_stranger(visitor, company):
    visitor.go()
    visitor.press("Nein zu allem")
    visitor.run("handschlag.track('Product Viewed')")
    visitor.send()
    visitor.go("/basket")
    expect(visitor.dialog).to_have_count(0)
    visitor.run("handschlag.track('Basket Viewed')")
    visitor.send()
    assert visitor.answer() == {"day": visitor.answer()["day"], "yes": {}, "no": ["marketing", "statistics"]}
    assert isinstance(visitor.answer()["day"], int)
    assert visitor.stored() == {**NOTHING, "local": visitor.stored()["local"]}
    ids = [event["anonymousId"] for event in visitor.events() if event.get("event") != ANSWERED]
    assert len(set(ids)) == 2
    for one in ids:
        assert company.server.customers(f"anonymous_id:{one}") == []
    contexts = [event["context"] for event in visitor.events()]
    assert {"page": {"path": "/basket"}} in contexts, "nothing of the browser goes along"
    assert {tuple(context) for context in contexts} == {("page",)}
    for body in visitor.bodies:
        assert body["context"]["consent"]["categoryPreferences"] == {"statistics": False, "marketing": False}


def test_some_is_some(visitor):
    visitor.go()
    visitor.press("Auswählen")
    boxes = visitor.dialog.get_by_role("checkbox")
    assert [box.is_checked() for box in boxes.all()] == [False, False]
    visitor.dialog.get_by_role("checkbox", name="Besuche zählen").check()
    visitor.press("Auswahl speichern")
    assert visitor.run("handschlag.consent.get()") == {
        "categoryPreferences": {"statistics": True, "marketing": False},
        "allowedConsentIds": ["statistics"], "deniedConsentIds": ["marketing"]}
    visitor.page.get_by_role("button", name="Meine Entscheidung").click()
    assert visitor.dialog.get_by_role("checkbox", name="Besuche zählen").is_checked()
    assert not visitor.dialog.get_by_role("checkbox", name="Passende Werbung").is_checked()
    visitor.press("Schließen")
    expect(visitor.dialog).to_have_count(0)


def test_withdrawing_takes_as_long_as_agreeing_and_forgets(visitor, company):
    visitor.go()
    visitor.press("Ja zu allem")
    visitor.run("handschlag.identify('anna')")
    visitor.send()
    known = visitor.answer()["id"]
    visitor.page.get_by_role("button", name="Meine Entscheidung").click()
    visitor.press("Nein zu allem")
    visitor.run("handschlag.track('Product Viewed')")
    visitor.send()
    assert "id" not in visitor.answer()
    assert known not in str(visitor.stored())
    *_, withdrawn, viewed = visitor.events()
    assert (withdrawn["event"], withdrawn["anonymousId"]) == (ANSWERED, known), "whose leave ends, is said"
    assert viewed["anonymousId"] != known
    assert "userId" not in viewed
    assert "Product Viewed" not in named(company.server.timeline(f"anonymous_id:{known}"))
    visitor.go("/basket")
    assert visitor.run("handschlag.consent.get().allowedConsentIds") == []


def test_a_page_can_withdraw_and_not_agree(visitor):
    visitor.go()
    visitor.run("handschlag.consent.withdraw()")
    expect(visitor.dialog).to_have_count(0)
    assert visitor.answer()["yes"] == {}
    assert sorted(visitor.run("Object.keys(handschlag.consent)")) == ["get", "on", "open", "withdraw"]


def test_who_signs_out_is_somebody_else(visitor):
    visitor.go()
    visitor.press("Ja zu allem")
    before = visitor.answer()["id"]
    visitor.run("handschlag.identify('anna', {email: 'anna@example.org'}); handschlag.track('A'); handschlag.reset(); "
                "handschlag.track('B')")
    visitor.send()
    first, second = [event for event in visitor.events() if event.get("event") in ("A", "B")]
    assert first["userId"] == "anna"
    assert "userId" not in second
    assert visitor.answer()["id"] != before


def test_what_is_said_in_one_tab_holds_in_the_other(visitor):
    visitor.go()
    other = visitor.go("/basket", visitor.context.new_page())
    expect(other.locator("handschlag-consent dialog")).to_be_visible()
    visitor.press("Ja zu allem")
    expect(other.locator("handschlag-consent dialog")).to_have_count(0)
    assert visitor.run("handschlag.consent.get().allowedConsentIds.length", other) == 2
    visitor.run("handschlag.consent.withdraw()")
    wait_until(lambda: visitor.run("handschlag.consent.get().allowedConsentIds.length", other) == 0, 5)


# --- asking again -----------------------------------------------------------------------------------------------------

def banner_of(company, language="de", source: Source | None = None) -> dict:
    source = source or company.web
    answer = requests.get(f"{company.server.url}/v1/projects/{source.write_key}/banner", params={"language": language},
                          timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_newer_notice_asks_who_agreed_and_leaves_who_refused_alone(new_visitor, company):
    agreed, refused = new_visitor(), new_visitor()
    for visitor, word in ((agreed, "Ja zu allem"), (refused, "Nein zu allem")):
        visitor.go()
        visitor.press(word)
        visitor.send()
    company.publish("marketing")
    # As the same people with an empty cache of pages.
    again = new_visitor(state=agreed.context.storage_state())
    again.go()
    expect(again.dialog).to_be_visible()
    assert again.run("handschlag.consent.get().categoryPreferences") == {"statistics": True}, "what changed is no yes"
    left = new_visitor(state=refused.context.storage_state())
    left.go()
    assert left.run("handschlag.consent.get().deniedConsentIds.length") == 2
    expect(left.dialog).to_have_count(0)


def test_a_no_is_asked_again_after_its_pause_and_a_yes_when_it_ends(new_visitor, company):
    texts = banner_of(company)
    refused, agreed = new_visitor(), new_visitor()
    for visitor, word in ((agreed, "Ja zu allem"), (refused, "Nein zu allem")):
        visitor.go()
        visitor.press(word)

    def in_days(visitor, days: int):
        visitor.live_in(days)
        visitor.go()

    in_days(refused, texts["ask_again_days"] - 1)
    expect(refused.dialog).to_have_count(0)
    in_days(refused, texts["ask_again_days"] + 1)
    expect(refused.dialog).to_be_visible()
    assert refused.run("handschlag.consent.get().deniedConsentIds.length") == 2, "until then it is a no"
    life = min(category["valid_days"] for category in texts["categories"])
    in_days(agreed, life - 1)
    expect(agreed.dialog).to_have_count(0)
    in_days(agreed, life + 1)
    expect(agreed.dialog).to_be_visible()
    assert agreed.run("handschlag.consent.get().allowedConsentIds") == []


def test_nothing_to_ask_is_not_asked(visitor, company, shop):
    shop.key = company.add_source(purposes=("CustomerOrderManagement:A6-1-b",)).write_key
    visitor.go()
    visitor.run("handschlag.track('Order Completed', {order_id: 'A-1'})")
    visitor.send()
    expect(visitor.dialog).to_have_count(0)
    assert named(visitor.events()) == ["Order Completed"]
    assert visitor.stored() == NOTHING
    visitor.run("handschlag.consent.open()")
    expect(visitor.dialog).to_have_count(0)


# --- Global Privacy Control -------------------------------------------------------------------------------------------

def test_browser_that_says_no_is_not_nagged(new_visitor):
    visitor = new_visitor(signal=True)
    visitor.go()
    visitor.run("handschlag.track('Product Viewed')")
    visitor.send()
    expect(visitor.dialog).to_have_count(0)
    assert visitor.stored() == NOTHING
    assert visitor.bodies[0]["context"]["consent"]["categoryPreferences"] == {"marketing": False}
    visitor.page.get_by_role("button", name="Meine Entscheidung").click()
    expect(visitor.dialog.get_by_text("Global Privacy Control")).to_be_visible()
    expect(visitor.dialog.get_by_role("checkbox", name="Passende Werbung")).to_be_disabled()
    visitor.press("Ja zu allem")
    assert visitor.run("handschlag.consent.get().categoryPreferences") == {"statistics": True, "marketing": False}
    assert "marketing" not in visitor.answer()["no"], "the browser said it, not the visitor"


# --- beside the official clients --------------------------------------------------------------------------------------

RUDDER = """
handschlag.load({src: '%(shop)s/script/rudder.js', category: 'statistics', clears: ['rl_', 'rudder_'], ready: told => {
  window.client = new rudderanalytics.RudderAnalytics();
  client.load('%(key)s', '%(server)s', {configUrl: '%(server)s', polyfillIfRequired: false, logLevel: 'NONE',
    consentManagement: {enabled: true, provider: 'custom', ...told}});
  client.track('From Rudder');
}})"""
SEGMENT = """
window.analytics = Object.assign([], {_writeKey: '%(key)s', _cdn: '%(server)s', _loadOptions: {
  integrations: {'Segment.io': {apiHost: '%(host)s/v1', protocol: 'http'}}}});
for (const call of ['addSourceMiddleware', 'track']) analytics[call] = (...values) => analytics.push([call, ...values]);
analytics.addSourceMiddleware(({payload, next}) => {
  payload.obj.context.consent = handschlag.consent.get();
  next(payload);
});
analytics.track('From Segment');
handschlag.load({src: '%(shop)s/script/segment.js', category: 'statistics', clears: ['ajs_']})"""
OFFICIAL = {
    "rudder": (RUDDER, CLIENTS / "@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js",
               "From Rudder", "rl_"),
    "segment": (SEGMENT, CLIENTS / "@segment/analytics-next/dist/umd/standalone.js", "From Segment", "ajs_"),
}


@pytest.mark.parametrize("client", OFFICIAL)
def test_official_client_comes_with_leave_and_goes_with_it(visitor, company, shop, client):
    told, script, event, prefix = OFFICIAL[client]
    shop.scripts[f"{client}.js"] = script
    loading = told % {"shop": shop.url, "server": company.server.url, "key": shop.key,
                      "host": company.server.url.removeprefix("http://")}
    loads = []
    visitor.page.on("request", lambda request: loads.append(request.url) if "/script/" in request.url else None)

    def kept() -> list[str]:
        stored = visitor.stored()
        return [name for name in (*stored["local"], *stored["cookies"]) if name.startswith(prefix)]

    visitor.go()
    visitor.run(loading)
    assert not loads
    visitor.press("Ja zu allem")
    visitor.wait_until(lambda: event in str(visitor.others), 40)
    told = next(body for body in visitor.others if event in body)
    assert '"statistics"' in told, "with what was agreed to"
    assert len(loads) == 1
    visitor.wait_until(kept)
    visitor.page.get_by_role("button", name="Meine Entscheidung").click()
    with visitor.page.expect_navigation():  # what runs already can't be taken back
        visitor.press("Nein zu allem")
    visitor.run(READY)
    visitor.run(loading)
    assert len(loads) == 1
    assert kept() == []


def test_client_that_can_stop_is_told_to(visitor, shop):
    shop.scripts["any.js"] = "window.runs = true"
    visitor.go()
    visitor.press("Ja zu allem")
    visitor.run("new Promise(done => handschlag.load({src: '/script/any.js', category: 'statistics', ready: done, "
                "stop: told => { window.stopped = told.deniedConsentIds.length }}))")
    assert visitor.run("window.runs")
    visitor.run("handschlag.consent.withdraw()")
    assert visitor.run("window.stopped") == 2


# --- the network ------------------------------------------------------------------------------------------------------

def test_events_outlive_a_network_that_fails(visitor, company):
    visitor.go()
    answers = [lambda route: route.abort(), lambda route: route.fulfill(status=503, headers={"Retry-After": "1"})]
    visitor.page.route("**/v1/batch", lambda route: answers.pop(0)(route) if answers else route.continue_())
    visitor.press("Ja zu allem")
    id = visitor.answer()["id"]
    visitor.wait_until(lambda: not answers and len(visitor.bodies) == 3)
    assert named(timeline(company, id, 1)) == [ANSWERED]
    assert len({event["messageId"] for event in visitor.events()}) == 1
    visitor.complaints = [one for one in visitor.complaints if "CORS" not in one]


def test_what_the_page_says_at_its_end_arrives(visitor, company):
    visitor.go()
    visitor.press("Ja zu allem")
    visitor.send()
    id = visitor.answer()["id"]
    visitor.run("handschlag.track('Left')")
    visitor.page.goto("/elsewhere")
    assert "Left" in named(timeline(company, id, 2))


def test_queue_has_an_end(visitor, company):
    visitor.go()
    visitor.run("for (let i = 0; i < 700; ++i) handschlag.track('Scrolled', {i}); "
                "handschlag.track('Huge', {text: 'x'.repeat(40000)})")
    visitor.press("Ja zu allem")
    visitor.wait_until(lambda: ANSWERED in named(visitor.events()))
    assert len({event["messageId"] for event in visitor.events()}) == 501, "the answer is never dropped"
    assert all(len(str(body)) < 64_000 for body in visitor.bodies)
    assert visitor.events()[0]["properties"] == {"i": 0}
    assert all("dropped" in one for one in visitor.complaints)
    visitor.complaints.clear()


def test_calls_before_the_script_are_made_up_for(visitor):
    visitor.context.add_init_script("(window.handschlag ??= []).push(['track', 'Early', {x: 1}])")
    visitor.go()
    visitor.press("Ja zu allem")
    visitor.send()
    assert named(visitor.events()) == ["Early", ANSWERED]


def test_unknown_key_asks_nothing_and_sends_nothing(visitor, shop):
    shop.key = "hsw_nobody"
    visitor.page.goto("/")
    visitor.wait_until(lambda: visitor.complaints)
    assert "no banner 401" in visitor.complaints.pop()
    visitor.run("handschlag.track('A')")
    visitor.send()
    assert not visitor.bodies


# --- as it is served --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_library_is_small(company, coding):
    answer = requests.get(f"{company.server.url}/sdk.js", headers={"Accept-Encoding": coding}, stream=True, timeout=10)
    assert answer.headers["Content-Encoding"] == coding
    assert int(answer.headers["Content-Length"]) <= MOST_BYTES


def test_library_may_be_loaded_by_any_page_and_kept(company):
    answer = requests.get(f"{company.server.url}/sdk.js", headers={"Origin": "https://shop.example"}, timeout=10)
    head = answer.headers
    assert head["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert head["X-Content-Type-Options"] == "nosniff"
    assert head["Content-Type"].startswith("text/javascript")
    assert head["Access-Control-Allow-Origin"] == "https://shop.example", "integrity needs it"
    assert "Set-Cookie" not in head
    assert re.fullmatch(r"public, max-age=\d+", head["Cache-Control"])
    pinned = requests.get(company.server.url + head["Content-Location"], timeout=10)
    assert pinned.content == answer.content
    assert "immutable" in pinned.headers["Cache-Control"]
    assert requests.get(f"{company.server.url}/sdk/other.js", timeout=10).status_code == 404


def test_texts_are_for_everybody_and_for_the_pages_of_the_source(company):
    url = f"{company.server.url}/v1/projects/{company.web.write_key}/banner"
    first = requests.get(url, timeout=10)
    assert first.headers["Cache-Control"] == "public, max-age=300"
    again = requests.get(url, headers={"If-None-Match": first.headers["ETag"]}, timeout=10)
    assert again.status_code == 304
    made = company.server.session.post(f"{company.server.url}/api/v1/sources", timeout=10, json={
        "id": "picky", "touchpoint": "shop", "purposes": ["ServiceUsageAnalytics"],
        "cors_origins": ["https://shop.example"]}).json()
    url = f"{company.server.url}/v1/projects/{made['write_key']}/banner"
    assert requests.get(url, headers={"Origin": "https://shop.example"}, timeout=10).status_code == 200
    other = requests.get(url, headers={"Origin": "https://other.example"}, timeout=10)
    assert (other.status_code, other.json()["code"]) == (403, "origin_not_listed")
    assert company.server.session.put(f"{company.server.url}/api/v1/sources/picky/state", json={"enabled": False},
                                      timeout=10).status_code == 200
    assert requests.get(url, timeout=10).json()["code"] == "source_disabled"
    assert banner_of(company, "fr")["language"] == "en"
