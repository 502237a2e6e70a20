"""A company that asks before it uses anything, a shop of another origin whose pages load its library, and visitors."""

import pytest
from playwright.sync_api import sync_playwright

from company import Company
from desk_browser import AXE, CHROMIUM
from harness import House
from pages import Shop
from visitor import Visitor


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        # As root, in a container, Chromium's own sandbox can't be made; the pages are ours.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-quic"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("company"))
    with house.serve() as server:
        yield Company(house, server)
    house.close()


@pytest.fixture
def shop(company):
    with Shop(company.server.url) as shop:
        yield shop


@pytest.fixture
def new_visitor(browser, shop):
    visitors = []

    def come(**options) -> Visitor:
        visitors.append(Visitor(browser, shop, **options))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.close()
    for visitor in visitors:
        assert not visitor.complaints, visitor.complaints
        assert not visitor.foreign, f"asked of others: {visitor.foreign}"


@pytest.fixture
def visitor(new_visitor):
    return new_visitor()


@pytest.fixture(scope="session", autouse=True)
def has_axe():
    assert AXE.exists(), "web/desk/node_modules is missing: run tools/setup"
