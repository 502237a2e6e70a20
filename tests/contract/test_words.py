"""What the desk calls things: whatever may stand in the audit or the ledger has a name in each language."""

import re

import pytest

from description import load, operations, security_of
from harness import REPOSITORY

WORDS = REPOSITORY / "web/desk/src/i18n"
SOURCES = REPOSITORY / "src"
CHANGES = {"post", "put", "patch", "delete"}
# A question in a body: nothing is done, so nothing is written down.
ONLY_ASKS = {"askRulings", "previewLaw", "previewTemplate"}


def words(language: str, opening: str, closing: str) -> set[str]:
    """The names in one room of a language's texts."""
    text = (WORDS / language / "house.ts").read_text()
    room = text[text.index(opening):]
    return set(re.findall(r"^\s+'?([\w ]+?)'?: '[^']", room[:room.index(closing)], re.MULTILINE))


def named(language: str) -> set[str]:
    return words(language, "\n  operations: {\n", "\n  },\n")


def schema(name: str) -> set[str]:
    return set(load()["components"]["schemas"][name]["enum"])


def audited() -> set[str]:
    """What changes something and is done by somebody; what sources send is counted, not audited."""
    return {operation.id for operation in operations()
            if operation.method.lower() in CHANGES and "writeKey" not in security_of(operation.definition)
            and operation.path.startswith("/api/") and operation.id not in ONLY_ASKS}


def of_the_program() -> set[str]:
    """What the program itself writes into the audit: by the command line, and by itself."""
    found = set()
    for path in SOURCES.rglob("*.cc"):
        if path.name.endswith("_test.cc"):
            continue
        text = path.read_text()
        found |= set(re.findall(r'audited\(app, "([^"]+)"\)', text))
        found |= set(re.findall(r'record\(\w*,? ?\{(?:"cli"|actor\.principal), "([^"]+)"', text))
        found |= set(re.findall(r'\.?operation = "(\w+)"', text))
        found |= set(re.findall(r'constexpr std::string_view kO(?:n|ff) = "(\w+)"', text))
    return found


def test_there_is_something_to_walk():
    assert {"setSourceUnit", "createFirstAdmin", "noteCall", "testWebhook"} <= audited()
    assert {"source add", "staff link", "keys rotated", "backup", "switchFourEyesOn", "deliverWebhook",
            "move"} <= of_the_program()


@pytest.mark.parametrize("language", ["de", "en"])
def test_everything_that_is_audited_has_a_name(language):
    missing = (audited() | of_the_program()) - named(language)
    assert not missing, f"name them under operations in web/desk/src/i18n/{language}/house.ts: {sorted(missing)}"


@pytest.mark.parametrize("language", ["de", "en"])
def test_everything_that_takes_two_people_has_a_name(language):
    missing = schema("ApprovalOperation") - words(language, "\n  approvals: {\n", "\n  audit: {\n")
    assert not missing, f"name them under approvals in web/desk/src/i18n/{language}/house.ts: {sorted(missing)}"


def test_what_the_desk_says_about_a_refused_line_is_what_the_server_says():
    page = (REPOSITORY / "web/desk/src/features/statements/import-reasons.ts").read_text()
    starts = re.findall(r"^  \[(['\"])(.*)\1, '\w+'\],$", page, re.MULTILINE)
    folders = ("consent_imports", "imports")
    said = "".join(path.read_text() for folder in folders for path in (SOURCES / "features" / folder).glob("*.cc"))
    assert len(starts) > 20
    unknown = [start for _, start in starts if f'"{start}' not in said]
    assert not unknown, f"no reason begins so any more: {unknown}"
