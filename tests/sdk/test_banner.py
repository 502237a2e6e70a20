"""The banner: fair to both answers, usable by everybody, at home on the strictest page."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

PHONE = {"width": 390, "height": 844}
LOOKS = {"wide": {}, "dark": {"color_scheme": "dark"}, "phone": {"viewport": PHONE, "has_touch": True},
         "phone dark": {"viewport": PHONE, "color_scheme": "dark"},
         "narrow": {"viewport": {"width": 320, "height": 256}}}


@pytest.fixture(autouse=True)
def use_web(shop, company):
    shop.key = company.web.write_key


def on_day(number: int) -> float:
    """In how many days it is noon on that day of next month."""
    noon = (datetime.now(UTC).replace(day=1) + timedelta(days=32)).replace(day=number, hour=12)
    return (noon - datetime.now(UTC)) / timedelta(days=1)


def in_page(visitor, expression: str):
    """With `dialog` and `button(name)`."""
    return visitor.run("(() => { const root = document.querySelector('handschlag-consent').shadowRoot;"
                       "const dialog = root.querySelector('dialog');"
                       "const all = [...dialog.querySelectorAll('button')];"
                       "const button = name => all.find(one => one.textContent === name);"
                       f"return {expression} }})()")


def focused(visitor) -> str:
    return visitor.run("(() => { let at = document.activeElement;"
                       "while (at?.shadowRoot) at = at.shadowRoot.activeElement;"
                       "return at?.textContent?.trim() || at?.closest?.('label')?.textContent || at?.tagName })()")


def take_picture(visitor, name: str):
    """For whoever wants to look: HANDSCHLAG_PICTURES names a folder."""
    if folder := os.environ.get("HANDSCHLAG_PICTURES"):
        visitor.page.screenshot(path=Path(folder) / f"{name.replace(' ', '-')}.png")


def test_yes_and_no_are_alike(visitor):
    visitor.go()
    look = ("(name => { const one = button(name), box = one.getBoundingClientRect(), style = getComputedStyle(one);"
            "return [Math.round(box.width), Math.round(box.height), Math.round(box.top), style.color,"
            "style.backgroundColor, style.fontWeight, style.fontSize,"
            "style.border, style.boxShadow, style.opacity, style.textTransform] })")
    yes, no, choose = (in_page(visitor, f"{look}('{name}')") for name in ("Ja zu allem", "Nein zu allem", "Auswählen"))
    assert yes == no == choose
    assert yes[-1] == "none", "no style of the page reaches in"


def test_neither_has_the_better_place_for_ever(visitor):
    first = set()
    for day in (0, 1):
        visitor.live_in(on_day(4 + day))
        visitor.go()
        first.add(in_page(visitor, "dialog.querySelector('.buttons button').textContent"))
    assert first == {"Ja zu allem", "Nein zu allem"}


@pytest.mark.parametrize("language, title, words", [
    ("de", "Dürfen wir?", ["Messwerk GmbH (Deutschland, in unserem Auftrag)", "14 Monate ab Erhebung",
                           "schneller finden",
                           "Werbehaus AG (Schweiz, in eigener Verantwortung)", "1 Jahr ab der letzten Nutzung"]),
    ("en", "May we?", ["Messwerk GmbH (Germany, on our behalf)", "14 months from collection", "find sooner",
                       "Werbehaus AG (Switzerland, responsible by themselves)", "1 year from the last use"])])
def test_names_use_benefit_recipients_and_duration(visitor, shop, language, title, words):
    shop.language = language
    visitor.go()
    for word in [title, *words]:
        expect(visitor.dialog).to_contain_text(word)
    assert visitor.dialog.get_attribute("lang") == language
    visitor.dialog.locator("summary").first.click()
    expect(visitor.dialog.locator("q").first).to_be_visible()


def test_language_can_be_said(visitor, shop):
    shop.more = 'data-language="en"'
    visitor.go()
    expect(visitor.dialog).to_contain_text("May we?")


@pytest.mark.parametrize("look", LOOKS)
def test_no_barrier_in_any_look(new_visitor, look):
    visitor = new_visitor(**LOOKS[look])
    visitor.go()
    assert visitor.violations() == []
    take_picture(visitor, f"ask {look}")
    assert visitor.run("document.documentElement.scrollWidth <= innerWidth")
    visitor.press("Auswählen")
    visitor.dialog.locator("summary").first.click()
    assert visitor.violations() == []
    take_picture(visitor, f"choose {look}")
    for button in visitor.dialog.get_by_role("button").all():
        box = button.bounding_box()
        assert box["width"] >= 44
        assert box["height"] >= 44


def test_page_does_not_move_and_stays_usable(new_visitor):
    visitor = new_visitor()
    visitor.context.add_init_script(
        "window.moved = 0;"
        "new PerformanceObserver(list => list.getEntries().forEach(one => { window.moved += one.value }))"
        ".observe({type: 'layout-shift', buffered: true})")
    visitor.go()
    expect(visitor.dialog).to_be_visible()
    assert focused(visitor) in ("BODY", visitor.run("document.body.textContent.trim()")), "the focus is left alone"
    visitor.page.get_by_role("link", name="Korb").click()
    expect(visitor.page).to_have_url(f"{visitor.shop.url}/basket")
    expect(visitor.dialog).to_be_visible()
    assert visitor.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame("
                       "() => done(moved))))") == 0
    # What has the focus is not behind the sheet.
    visitor.run("[...document.querySelectorAll('article a')].at(5).focus()")
    assert visitor.run("parseFloat(document.documentElement.style.scrollPaddingBottom)") > 100
    visitor.press("Nein zu allem")
    assert visitor.run("document.documentElement.style.scrollPaddingBottom") == ""


def test_by_keyboard_alone(visitor):
    visitor.live_in(on_day(4))  # no comes first
    visitor.go()
    keys = visitor.page.keyboard
    # First of all things on the page: what exactly, twice; then the answers.
    reached = []
    for _ in range(5):
        keys.press("Tab")
        reached.append(focused(visitor))
    assert reached[2:] == ["Nein zu allem", "Ja zu allem", "Auswählen"]
    keys.press("Enter")
    assert focused(visitor) == "×" or "Passende Werbung" in focused(visitor)
    seen = set()
    for _ in range(12):
        keys.press("Tab")
        seen.add(focused(visitor))
    assert not seen & {"Korb", "Datenschutz", "Meine Entscheidung", "Ansehen"}, "the dialog keeps the focus"
    keys.press("Escape")
    expect(visitor.dialog.get_by_role("checkbox")).to_have_count(0)
    expect(visitor.dialog).to_be_visible()
    visitor.dialog.get_by_role("button", name="Ja zu allem").focus()
    keys.press("Enter")
    expect(visitor.dialog).to_have_count(0)
    opener = visitor.page.get_by_role("button", name="Meine Entscheidung")
    opener.focus()
    keys.press("Enter")
    expect(visitor.dialog.get_by_role("checkbox").first).to_be_checked()
    keys.press("Escape")
    expect(visitor.dialog).to_have_count(0)
    expect(opener).to_be_focused()


def test_on_the_strictest_page(visitor, shop):
    shop.scripts["any.js"] = "window.runs = true"
    visitor.go("/strict")
    expect(visitor.dialog).to_be_visible()
    assert in_page(visitor, "getComputedStyle(dialog).position") == "fixed", "its look has come along"
    visitor.press("Auswählen", "Ja zu allem")
    visitor.run("new Promise(done => handschlag.load({src: '/script/any.js', category: 'statistics', ready: done}))")
    assert visitor.run("window.runs")
    visitor.send()
    assert len(visitor.bodies) == 1
    assert visitor.complaints == []


@pytest.mark.parametrize("theme, colour", [("light", "rgb(255, 255, 255)"), ("dark", "rgb(26, 33, 29)")])
def test_a_page_may_say_light_or_dark(new_visitor, shop, theme, colour):
    shop.more = f'data-theme="{theme}"'
    visitor = new_visitor(color_scheme="light" if theme == "dark" else "dark")
    visitor.go()
    assert in_page(visitor, "getComputedStyle(dialog).backgroundColor") == colour
