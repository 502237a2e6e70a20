"""Every operation of api/openapi.json succeeds when it is asked as it should be, and answers as described.

An operation without a case here fails the test: what is described is shown to work, not only to refuse properly.
"""

import pytest
import schemathesis

from description import is_stream, load, operations, security_of
from seeding import seed

schema = schemathesis.openapi.from_dict(load())


@pytest.fixture(scope="module")
def seeded(running):
    return seed(running)


def person(seeded):
    return {"path": {"id": seeded.customer}}


# operationId → what is sent: path, query, body, headers; or a function of what was seeded.
CASES: dict[str, object] = {}


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.id)
def test_operation_succeeds_and_answers_as_described(operation, seeded):
    assert operation.id in CASES, f"{operation.id} has no case in this file: nothing shows that it works"
    sent = CASES[operation.id]
    sent = sent(seeded) if callable(sent) else sent
    path = operation.path.format(**sent.get("path", {}))
    headers = dict(sent.get("headers", {}))
    schemes = security_of(operation.definition)
    authentication = (seeded.write_key, "") if "writeKey" in schemes else None
    if schemes and not authentication:
        headers["Authorization"] = f"Bearer {seeded.server.token}"
    answer = seeded.server.anonymous.request(
        operation.method, seeded.url + path, params=sent.get("query"), json=sent.get("body"), data=sent.get("text"),
        headers=headers, auth=authentication, stream=is_stream(operation.definition), timeout=20)
    assert answer.status_code in range(200, 300), f"{answer.status_code}: {answer.text[:500]}"
    if is_stream(operation.definition):
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        answer.close()
    else:
        schema[operation.path][operation.method].validate_response(answer)


def test_no_case_is_of_an_operation_that_is_gone():
    assert set(CASES) <= {operation.id for operation in operations()}
