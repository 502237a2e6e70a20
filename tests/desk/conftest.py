"""A server with the demo's company, and Debian's browser in front of it."""

import pytest
from playwright.sync_api import sync_playwright

from codes import set_up_factor, sign_in
from desk import AXE, CHROMIUM, PASSWORD, SESSION_COOKIE, Desk
from harness import House

PEOPLE = 150  # beside those written by hand


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        # As root, in a container, Chromium's own sandbox can't be made; the pages are ours.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-quic"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The demo's company, served. `demo.secrets`: of the authenticator apps, by login: that of its admin, `ada`.
    `demo.cookie`: of a session of hers, since a code is good once and each takes half a minute to come."""
    root = tmp_path_factory.mktemp("demo")
    house = House(root, init=False)
    house.run("demo", "--no-serve", "--people", str(PEOPLE))
    password = root / "password"
    password.write_text(PASSWORD)
    for login, name, role in (("ada", "Ada Thomsen", "admin"), ("otto", "Otto Wirth", "operator"),
                              ("mara", "Mara Kern", "marketer")):
        house.run("staff", "add", "--login", login, "--name", name, "--role", role, "--password-file", str(password))
    with house.serve() as server:
        session, _ = sign_in(server.url, "ada", PASSWORD)
        server.secrets = {"ada": set_up_factor(session, server.url)}
        server.cookie = session.cookies[SESSION_COOKIE]
        yield server
    house.close()


@pytest.fixture
def two_admins(tmp_path):
    """A company with four eyes: two admins, `ada` and `bela`, with passwords of their own, and `mia`, an agent."""
    house = House(tmp_path, settings="[security]\nfour_eyes = true\n")
    given, own = tmp_path / "given", tmp_path / "own"
    given.write_text(PASSWORD[::-1])
    own.write_text(PASSWORD)
    for login, role in (("ada", "admin"), ("bela", "admin"), ("mia", "agent")):
        house.run("staff", "add", "--login", login, "--name", login.title(), "--role", role, "--password-file",
                  str(given))
    with house.serve() as server:
        server.secrets = {}
        for login in ("ada", "bela"):
            session, _ = sign_in(server.url, login, PASSWORD[::-1])
            server.secrets[login] = set_up_factor(session, server.url)
            changed = session.put(f"{server.url}/api/v1/session/password", timeout=30,
                                  json={"current": PASSWORD[::-1], "password": PASSWORD})
            assert changed.status_code == 200, changed.text
        yield server
    house.close()


@pytest.fixture
def open_desk(browser, demo):
    desks = []

    def open(server=demo, **options) -> Desk:
        desks.append(Desk(browser, server, **options))
        return desks[-1]

    yield open
    for desk in desks:
        desk.close()
    for desk in desks:
        assert not desk.complaints, desk.complaints
        assert not desk.foreign, f"asked of others: {desk.foreign}"


@pytest.fixture
def desk(open_desk):
    return open_desk()


@pytest.fixture(scope="session", autouse=True)
def has_axe():
    assert AXE.exists(), "web/desk/node_modules is missing: run tools/setup"
