"""Every operation of api/openapi.json, asked with generated sense and nonsense: each answer is as described, none is a
fault of the server. Always the same cases: the seed is fixed."""

import functools
import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings, strategies
from schemathesis.checks import (content_type_conformance, ignored_auth, not_a_server_error,
                                 response_headers_conformance, response_schema_conformance, status_code_conformance,
                                 unsupported_method)

from description import is_ingest, is_stream, load, security_of
from seeding import seed

EXAMPLES = int(os.environ.get("HANDSCHLAG_CONTRACT_EXAMPLES", "40"))
CONFORMANCE = [not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
               response_schema_conformance]
# Of the interface under /api/ more is asked: no method beside the described ones, nothing without leave. The ingest
# routes follow clients that take liberties.
STRICT = [*CONFORMANCE, unsupported_method, ignored_auth]

schema = schemathesis.openapi.from_dict(load())


@pytest.fixture(scope="module")
def seeded(running):
    return seed(running)


@pytest.fixture
def fresh_token(running):
    """A token for one operation: what it revokes is its own."""
    added = running.house.json("token", "add", "--role", "admin", "--name", "generated")
    return added["token"]


@schema.parametrize()
@schema.given(of_something_known=strategies.booleans())
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
          phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_described(case, seeded, fresh_token, of_something_known):
    operation = case.operation.definition.raw
    if of_something_known:
        # Generated ids name nothing that is there: half of the cases ask for something that is.
        known = next((ids for path, ids in seeded.known.items() if case.operation.path.startswith(path)), {})
        case.path_parameters |= {name: value for name, value in known.items() if name in case.path_parameters}
    if is_stream(operation):
        pytest.skip("an endless answer; see test_operations.py")
    send = functools.partial(case.call_and_validate, base_url=seeded.url, timeout=20)
    if is_ingest(operation):
        send(checks=CONFORMANCE, auth=(seeded.write_key, ""))
    elif security_of(operation):
        send(checks=STRICT, headers={"Authorization": f"Bearer {fresh_token}"})
    else:
        send(checks=CONFORMANCE)


def test_the_server_is_unharmed(running, seeded, fresh_token):
    running.session.headers["Authorization"] = f"Bearer {fresh_token}"  # the first was among what could be revoked
    running.take_in_and_give_back(running.shop)
