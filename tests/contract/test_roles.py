"""Every role against every operation: who is not named by the description is refused, who is named is not."""

import pytest
import requests

from description import load, operations, security_of

OPERATIONS = operations()
GUARDED = [operation for operation in OPERATIONS if operation.definition.get("x-roles")]
ROLES = sorted(load()["components"]["schemas"]["Role"]["enum"])
# Who runs the server, and who sees sums only: never a person's data.
WITHOUT_PEOPLE = {"operator", "executive"}
WITHOUT_UNIT = {"admin", "operator", "data_protection_officer", "integration"}  # they act on the whole company
SUMS_ONLY = {"countCustomers", "listPurposes"}  # of the operations tagged as customers'
WITHOUT_ROLES = {operation.id for operation in OPERATIONS
                 if "token" in security_of(operation.definition) and not operation.definition.get("x-roles")}


def ask(server, operation, headers) -> tuple[int, str]:
    """The operation about something that is not there, without a body: it is refused for the role, or for that."""
    path = operation.path
    for parameter in operation.definition.get("parameters", []):
        name = parameter.get("name") or resolved(parameter)["name"]
        path = path.replace("{" + name + "}", "0")
    answer = requests.request(operation.method, server.url + path, headers=headers, timeout=20, stream=True)
    with answer:
        is_problem = answer.headers.get("Content-Type", "").startswith("application/problem+json")
        return answer.status_code, answer.json().get("code", "") if is_problem else ""


def resolved(parameter: dict) -> dict:
    return load()["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[1]]


def test_every_role_that_there_is_is_walked(running):
    assert {role["name"] for role in running.read("/api/v1/roles")["items"]} == set(ROLES)


def walk(running, role: str, *more: str) -> list[tuple]:
    """What is answered otherwise than the description says."""
    token = running.house.json("token", "add", "--role", role, "--name", f"walks as {role}", *more)["token"]
    headers = {"Authorization": f"Bearer {token}"}
    wrong = []
    for operation in GUARDED:
        allowed = role in operation.definition["x-roles"]
        status, code = ask(running, operation, headers)
        refused = status == 403 and code in ("role_missing", "unit_bound")
        if status == 401 or status >= 500 or refused == allowed:
            wrong.append((operation.id, allowed, status, code))
    return wrong


@pytest.mark.parametrize("role", [role for role in ROLES if role != "broker"])
def test_role_may_what_the_description_says_and_nothing_else(role, running):
    assert not walk(running, role, *(("--purpose", "CustomerCare") if role == "integration" else ()))


@pytest.mark.parametrize("role", [role for role in ROLES if role not in WITHOUT_UNIT])
def test_limited_to_a_unit_a_role_may_the_same(role, running):
    """With what it may see there; an operation that does not know units is refused, and so named here."""
    assert not walk(running, role, "--unit", "south/munich")


def test_roles_say_whether_they_may_be_limited(running):
    units = {role["name"]: role["unit"] for role in running.read("/api/v1/roles")["items"]}
    assert {role for role, unit in units.items() if unit == "none"} == WITHOUT_UNIT
    assert [role for role, unit in units.items() if unit == "required"] == ["broker"]


def test_nobody_without_a_token_or_with_a_wrong_one(running):
    for headers in ({}, {"Authorization": "Bearer hs_nobody"}, {"Cookie": "handschlag_session=nobody"}):
        wrong = {operation.id: status for operation in OPERATIONS
                 if security_of(operation.definition) and not {"writeKey"} & security_of(operation.definition)
                 and (status := ask(running, operation, headers)[0]) != 401}
        assert not wrong


def test_roles_without_customer_data_have_none():
    for operation in GUARDED:
        if "customers" in operation.definition.get("tags", []) and operation.id not in SUMS_ONLY:
            assert not WITHOUT_PEOPLE & set(operation.definition["x-roles"]), operation.id


def test_what_is_open_to_every_role_is_known():
    """An operation without roles is a decision, not an oversight: these are about the caller alone, or no secret."""
    assert WITHOUT_ROLES == {"listRoles", "listPurposes", "getLaw", "getJurisdiction", "listLawChanges", "askRulings",
                             "listPurposeEntries", "getPurposeEntry", "listNotices", "getNoticeVersion",
                             "getSession", "deleteSession", "deleteSessions",
                             "setOwnPassword", "offerSecondFactor", "setSecondFactor"}
