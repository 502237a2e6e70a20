"""Consents that are brought along by the command, on a stopped company's databases and beside a running server."""

import csv
import json

import pytest

from harness import CommandFailed, House

HEADER = "key_kind;key;act;purpose;channel;said_at;declaration;evidence;strength\n"
YES = "email;{}@example.org;given;DirectMarketing;email;2025-03-01;\"Ja, \nAngebote\";Formular 12;confirmed\n"
MARKETING = "DirectMarketing:A6-1-a"


@pytest.fixture
def company(make_house, storage) -> House:
    house = make_house(storage)
    house.add_source("crm", touchpoint="crm", purposes=(MARKETING,))
    return house


def lines(count: int) -> str:
    return "".join(YES.format(f"p{number}") for number in range(count))


def states(server, address: str) -> list[str]:
    found = server.read("/api/v1/customers", key=f"email:{address}", purpose="DirectMarketing")["items"]
    return [said["act"] for each in found
            for said in server.read(f"/api/v1/customers/{each['id']}/consents")["history"]]


def test_a_file_is_brought_along_once_and_what_was_refused_is_listed(company, tmp_path):
    file = tmp_path / "crm.csv"
    file.write_text(HEADER + lines(120) + "email;gregor@example.org;perhaps;DirectMarketing;email;;;;\n"
                    + YES.format("last"))
    told = company.run("import", "consents", str(file), "--source", "crm", "--dry-run")
    assert told.stdout.startswith("Nothing was taken; this would become of it. 122 statements in ")
    assert ": 121 taken, 0 known already, 1 refused.\n" in told.stdout
    first = company.json("import", "consents", str(file), "--source", "crm")
    assert {name: first[name] for name in ("lines", "taken", "there_already", "refused", "made", "proof_gaps")} == {
        "lines": 122, "taken": 121, "there_already": 0, "refused": 1, "made": 121, "proof_gaps": 0}
    assert first["reasons"] == {"act": 1} and first["report"] == f"{file}.rejected.csv"
    with open(first["report"], newline="") as opened:
        assert list(csv.reader(opened)) == [
            ["line", "reason"], ["242", "act: must be given, renewed, refused, withdrawn or objected"]]
    again = company.json("import", "consents", str(file), "--source", "crm")
    assert (again["taken"], again["there_already"], again["refused"]) == (0, 121, 1)


def test_beside_a_server_it_holds_at_once_and_stands_in_the_audit(company, tmp_path):
    file = tmp_path / "said.jsonl"
    said = {"key_kind": "email", "key": "anna@example.org", "act": "given", "purpose": "DirectMarketing",
            "channel": "email", "said_at": "2025-03-01", "declaration": "Ja", "evidence": "Formular 12"}
    file.write_text(json.dumps(said) + "\n" + json.dumps({**said, "act": "withdrawn", "said_at": "2025-04-01"}) + "\n")
    with company.serve() as server:
        assert states(server, "anna@example.org") == []
        company.run("import", "consents", str(file), "--source", "crm", "--dry-run")
        assert states(server, "anna@example.org") == []
        taken = company.json("import", "consents", str(file), "--source", "crm", "--report", str(tmp_path / "refused"))
        assert (taken["taken"], taken["made"], taken["reasons"]) == (2, 1, {})
        assert (tmp_path / "refused").read_text() == "line,reason\n"
        assert states(server, "anna@example.org") == ["withdrawn", "given"]
        records = server.read("/api/v1/audit", limit=20)["items"]
        brought = [each for each in records if "consents" in each["operation"]]
        assert [(each["principal"], each["operation"], each["target"], each["outcome"]) for each in brought] == [
            ("cli", "import consents", "source:crm", "ok"), ("cli", "consents checked", "source:crm", "ok")]
        told = company.run("import", "consents", str(file), "--source", "crm")
        assert ": 0 taken, 2 known already, 0 refused.\n" in told.stdout


@pytest.mark.parametrize("text, source, code", [
    ("key_kind,key,colour\n", "crm", "fields_invalid"), ("", "crm", "fields_invalid"),
    (HEADER, "nobody", "source_unknown"), (None, "crm", "file_not_found")])
def test_what_can_not_be_read_is_told_by_its_code(make_house, tmp_path, text, source, code):
    house = make_house()
    house.add_source("crm", touchpoint="crm", purposes=(MARKETING,))
    file = tmp_path / "crm.csv"
    if text is not None:
        file.write_text(text)
    with pytest.raises(CommandFailed) as failed:
        house.run("import", "consents", str(file), "--source", source, "--format", "json")
    assert failed.value.code == 1
    assert json.loads(failed.value.stderr.strip().splitlines()[-1])["error"]["code"] == code
