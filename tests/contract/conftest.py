"""What holds for all tests of the interface."""

import pytest


@pytest.fixture(autouse=True)
def without_four_eyes_afterwards(request):
    yield
    if "seeded" in request.fixturenames:
        request.getfixturevalue("seeded").set_four_eyes(False)
