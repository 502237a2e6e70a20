"""What sources send is anything: the desk shows it as text, and goes on."""

import uuid

from playwright.sync_api import expect

from harness import now, track

SCRIPT = "<img src=x onerror=\"window.broken=1\"><script>window.broken=1</script>"
ODD = (
    {"total": "NaN", "currency": "EURO", "order_id": {"deep": [1, 2]}},
    {"total": 1e308, "currency": "eur", "products": [None, 7, "lamp", {"name": None}, {"name": SCRIPT}]},
    {"revenue": "12,50", "currency": 978, "products": {"name": "no list"}},
    {"value": -0.0, "currency": "", "text": SCRIPT, "summary": ["x"], "topic": 5},
    {"text": "\u202egnidaer\u202c \u200b\ufeff" + "lang" * 800, "name": "\U0001f9e6" * 200},
    {f"field_{number}": {"a": {"b": {"c": {"d": [None, True, "x" * 50]}}}} for number in range(200)},
    {"__proto__": {"polluted": 1}, "constructor": "x", "toString": "y", "": "no name"},
    {},
)
ODD_TIMES = ("1970-01-01T00:00:00Z", "1999-12-31T23:59:59.999Z", "2024-02-29T12:00:00+14:00")


def test_odd_data_is_shown_as_text_and_nothing_breaks(desk):
    source = desk.server.house.add_source(f"laden-{uuid.uuid4().hex[:6]}",
                                          purposes=("CustomerCare:A6-1-b", "CustomerOrderManagement:A6-1-b"))
    sender = desk.server.sender(source)
    person = f"odd-{uuid.uuid4().hex[:8]}"
    sender.store({"type": "identify", "userId": person, "timestamp": now(),
                  "traits": {"firstName": SCRIPT, "lastName": "O’Neil-\u202eabc", "email": f"{person}@example.org",
                             "birthday": "not a day", "address": {"country": "XX", "city": None}, "phone": 491}})
    for properties in ODD:
        sender.store({**track(person, SCRIPT[:90]), "properties": properties})
    for at in ODD_TIMES:
        sender.store({**track(person, "Order Completed", total="3", currency="XTS"), "timestamp": at})
    page = desk.sign_in("jonas")
    desk.open_customer(f"{person}@example.org")
    closed = page.locator("article button[aria-expanded=false]")
    expect(closed).not_to_have_count(0)
    for _ in range(len(ODD) + len(ODD_TIMES)):
        if closed.count():
            closed.first.click()
    expect(page.locator("article button[aria-expanded=true]").first).to_be_visible()
    assert desk.run("window.broken") is None
    assert desk.run("({}).polluted") is None
    assert desk.run("document.documentElement.scrollWidth <= window.innerWidth")
    assert not desk.violations()
    page.get_by_role("tab", name="Wer hat was genutzt?").click()
    expect(page.locator("main ol li").first).to_be_visible()
