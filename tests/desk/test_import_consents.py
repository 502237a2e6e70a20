"""Consents of another system, brought along at the desk."""

import csv
import json
import re

import pytest
from playwright.sync_api import expect

PATH = "/law/statements/import"
HEADER = "key_kind;key;act;purpose;channel;said_at;declaration;evidence"
SOURCE = "shop"


def no(address: str) -> str:
    return f"email;{address}@brought.example;refused;DirectMarketing;email;2025-05-12;;"


def file_of(lines: list[str], name: str = "crm.csv") -> dict:
    return {"name": name, "mimeType": "text/csv", "buffer": "\r\n".join([HEADER, *lines, ""]).encode()}


def choose_file(page, file: dict):
    page.locator("input[type=file]").set_input_files(files=file)


def choose_source(page, label: str = "Wessen Kundennummern es sind"):
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=re.compile(rf"\({SOURCE}\)|^{SOURCE}$")).click()


def sums(page, title: str) -> dict[str, int]:
    """The figures of a run that has ended."""
    section = page.locator("section").filter(has=page.get_by_role("heading", name=title, exact=True))
    expect(section.get_by_role("status")).not_to_be_empty()
    told = zip(section.locator("dt").all_text_contents(), section.locator("dd").all_text_contents(), strict=True)
    return {name: int(re.sub(r"\D", "", figure)) for name, figure in told}


def test_a_file_is_looked_at_checked_and_brought_along(desk, tmp_path):
    page = desk.come_in_as_ada("/law/statements")
    page.get_by_role("link", name="Einwilligungen mitbringen").click()
    lines = [no(f"a{number}") for number in range(700)]
    lines[300] = 'email;a300@brought.example;refused;DirectMarketing;email;2025-05-12;"Nein;\r\n\r\ndanke";""'
    lines[650] = no("a650").replace("refused", "perhaps")
    lines[651] = no("")
    choose_file(page, file_of(lines))
    expect(page.get_by_role("status").filter(has_text="crm.csv: 700 Aussagen")).to_be_visible()
    read = page.get_by_role("region", name="Erste Zeilen").get_by_role("row")
    expect(read.filter(has=page.get_by_role("rowheader", name="act"))).to_contain_text("Was gesagt wurde")
    expect(read.filter(has=page.get_by_role("rowheader", name="key", exact=True))).to_contain_text("a1@brought.example")
    asked = []
    page.on("request", lambda request: asked.append(request.post_data_json) if "import" in request.url and
            request.method == "POST" else None)
    expect(page.get_by_role("button", name="Übernehmen")).to_be_disabled()
    choose_source(page)
    page.get_by_role("button", name="Prüfen").click()
    told = sums(page, "Geprüft; noch ist nichts übernommen")
    assert (told["Würden übernommen"], told["Schon bekannt"], told["Abgelehnt"]) == (698, 0, 2)
    assert [each["dry_run"] for each in asked] == [True]
    page.get_by_role("button", name="Übernehmen").click()
    told = sums(page, "Übernommen")
    assert (told["Übernommen"], told["Schon bekannt"], told["Abgelehnt"]) == (698, 0, 2)
    assert len(asked) == 3 and all(each["text"].startswith(HEADER) for each in asked)
    refused = page.get_by_role("table", name="Was abgelehnt wurde, und warum").get_by_role("row")
    expect(refused.nth(1)).to_contain_text("654")
    expect(refused.nth(1)).to_contain_text("Muss given, renewed, refused, withdrawn oder objected sein.")
    expect(refused.nth(2)).to_contain_text("655")
    assert not desk.violations()
    with page.expect_download() as download:
        page.get_by_role("button", name="Liste herunterladen").click()
    download.value.save_as(tmp_path / "result.csv")
    with (tmp_path / "result.csv").open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == 700 and [row["line"] for row in rows if row["outcome"] == "refused"] == ["654", "655"]
    assert "brought.example" not in (tmp_path / "result.csv").read_text()
    page.get_by_role("button", name="Übernehmen").click()
    expect(page.get_by_role("status").filter(has_text="Schon bekannt 698")).to_be_attached()


def test_what_is_cut_short_goes_on_where_it_was(desk):
    page = desk.come_in_as_ada(PATH)
    choose_file(page, file_of([no(f"b{number}") for number in range(1_100)]))
    choose_source(page)
    sent = []

    def second_fails(route):
        sent.append(route.request)
        route.abort() if len(sent) == 2 else route.continue_()

    page.route("**/api/v1/consents/import", second_fails)
    page.get_by_role("button", name="Übernehmen").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_text("500 von 1.100")).to_be_visible()
    page.get_by_role("button", name="Fortfahren").click()
    told = sums(page, "Übernommen")
    assert (told["Übernommen"], told["Schon bekannt"], told["Abgelehnt"]) == (1_100, 0, 0)
    assert len(sent) == 4


def test_a_line_that_is_too_long_keeps_the_others_not_out(desk):
    page = desk.come_in_as_ada(PATH)
    choose_file(page, file_of([no("f1"), no("f2") + "x" * 3_500_000, no("f3")]))
    choose_source(page)
    page.get_by_role("button", name="Übernehmen").click()
    told = sums(page, "Übernommen")
    assert (told["Übernommen"], told["Abgelehnt"]) == (2, 1)
    refused = page.get_by_role("table", name="Was abgelehnt wurde, und warum").get_by_role("row")
    expect(refused.nth(1)).to_have_text("3ganze ZeileIst zu lang.")


def test_the_sample_is_a_file_that_is_understood(desk, tmp_path):
    page = desk.come_in_as_ada(PATH)
    expect(page.get_by_role("region", name="Spalten einer Datei").get_by_role("row")).to_have_count(17)
    with page.expect_download() as download:
        page.get_by_role("button", name="Beispiel herunterladen").click()
    download.value.save_as(tmp_path / "sample.csv")
    choose_file(page, {"name": "sample.csv", "mimeType": "text/csv", "buffer": (tmp_path / "sample.csv").read_bytes()})
    choose_source(page)
    page.get_by_role("button", name="Prüfen").click()
    told = sums(page, "Geprüft; noch ist nichts übernommen")
    assert (told["Würden übernommen"], told["Abgelehnt"]) == (3, 0)


@pytest.mark.parametrize(("content", "said"), [
    (HEADER.encode() + b";colour\n", "Diese Spalten gibt es nicht: colour."),
    (b"key_kind,key,act,purpose\nemail,a@b.de,refused,DirectMarketing\n", "Diese Spalten fehlen: channel."),
    (b"key_kind,key,act,purpose,channel,key\n", "Diese Spalten stehen doppelt darin: key."),
    (HEADER.encode() + b"\nemail;J\xfcrgen\n", "Sie ist nicht in UTF-8."),
    (b"\r\n \n", "Es steht keine Aussage darin."),
    (HEADER.encode(), "Es steht keine Aussage darin.")])
def test_a_file_that_is_not_understood_says_what_to_do(desk, content, said):
    page = desk.come_in_as_ada(PATH)
    choose_file(page, {"name": "file.csv", "mimeType": "text/csv", "buffer": content})
    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(page.get_by_role("button", name="Prüfen")).to_have_count(0)
    expect(page.get_by_role("heading", name="So sieht eine Datei aus")).to_be_visible()


def test_json_lines_are_read_and_a_field_that_is_none_is_told(desk):
    page = desk.come_in_as_ada(PATH)
    said = {"key_kind": "email", "key": "c@brought.example", "act": "refused", "purpose": "DirectMarketing",
            "channel": "email"}
    text = "\ufeff" + json.dumps(said) + "\n\n" + json.dumps({**said, "farbe": "rot"}) + "\n{\n"
    choose_file(page, {"name": "said.jsonl", "mimeType": "application/json", "buffer": text.encode()})
    row = page.get_by_role("region", name="Erste Zeilen").get_by_role("row").filter(has_text="farbe")
    expect(row).to_contain_text("Keine Zeile mit diesem Feld wird übernommen")
    choose_source(page)
    page.get_by_role("button", name="Übernehmen").click()
    told = sums(page, "Übernommen")
    assert (told["Übernommen"], told["Abgelehnt"]) == (1, 2)
    refused = page.get_by_role("table", name="Was abgelehnt wurde, und warum").get_by_role("row")
    expect(refused.nth(1)).to_have_text(re.compile("^3farbeIst kein Feld einer Aussage.$"))
    expect(refused.nth(2)).to_have_text(re.compile("^4ganze ZeileMuss ein JSON-Objekt sein.$"))


def test_who_may_not_bring_consents_along_is_told(desk):
    page = desk.sign_in("mara")
    page.goto(PATH)
    expect(page.get_by_text("Nicht für Ihre Rolle")).to_be_visible()
    expect(page.locator("input[type=file]")).to_have_count(0)


@pytest.mark.parametrize(("scheme", "width", "locale"), [("light", 390, "en-GB"), ("dark", 1440, "de-DE")])
def test_bringing_along_shuts_nobody_out(open_desk, scheme, width, locale):
    desk = open_desk(color_scheme=scheme, viewport={"width": width, "height": 844}, locale=locale,
                     reduced_motion="reduce")
    page = desk.come_in_as_ada(PATH)
    german = locale == "de-DE"

    def nothing_is_wrong():
        assert not desk.violations()
        assert desk.run("document.documentElement.scrollWidth") <= width

    nothing_is_wrong()
    file = file_of([no("d"), "email;;perhaps", no("d").replace("email;d", "colour;d")])
    page.on("filechooser", lambda chooser: chooser.set_files(files=file))
    page.get_by_role("button", name="Datei wählen" if german else "Choose a file").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="crm.csv")).to_be_visible()
    choose_source(page, "Wessen Kundennummern es sind" if german else "Whose customer numbers these are")
    nothing_is_wrong()
    page.get_by_role("button", name="Prüfen" if german else "Check", exact=True).focus()
    page.keyboard.press("Enter")
    told = sums(page, "Geprüft; noch ist nichts übernommen" if german else "Checked; nothing was brought along yet")
    assert told["Abgelehnt" if german else "Refused"] == 2
    nothing_is_wrong()
