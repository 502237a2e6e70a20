"""The official client libraries, unmodified, against the real binary: what they send is read back from the timeline,
once each, also where the network or the server failed and the library had to send again."""

import json
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from gateway import Fault, Gateway
from harness import REPOSITORY, wait_until

CLIENTS_FOLDER = REPOSITORY / "tests" / "clients"
# How long a library may take until it tries again; analytics-next backs off up to this long.
RETRY_SECONDS = 60

COMMON = {"identify", "track", "page", "group", "alias"}
LIBRARIES = {
    "segment_node": COMMON | {"screen"},
    "segment_next": COMMON | {"screen"},
    "rudder_node": COMMON | {"screen"},
    "rudder_browser": COMMON,  # this library has no call for screens
}
IN_BROWSERS = ("segment_next", "rudder_browser")
FAULTS = {
    "none": [],
    "unavailable": [Fault.UNAVAILABLE],
    "hang-up": [Fault.HANG_UP],
    "answer lost": [Fault.ANSWER_LOST],
    "all of them": [Fault.ANSWER_LOST, Fault.UNAVAILABLE, Fault.HANG_UP],
}


class Client:
    """A running client script. It stays, so that its library can retry, until it is closed."""

    def __init__(self, library: str, endpoint: str, write_key: str, run: str):
        told = {"endpoint": endpoint, "writeKey": write_key, "run": run}
        self.process = subprocess.Popen(["node", f"{library}.mjs", json.dumps(told)], cwd=CLIENTS_FOLDER, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, error_type, *_):
        if error_type is not None:
            self.process.kill()
        _, errors = self.process.communicate(timeout=30)
        if error_type is None:
            assert self.process.returncode == 0, f"the client script failed:\n{errors}"

    def still_runs(self) -> bool:
        return self.process.poll() is None


@pytest.fixture(autouse=True, scope="module")
def libraries():
    if not (CLIENTS_FOLDER / "node_modules").is_dir():
        pytest.fail(f"the client libraries are not installed: npm ci --prefix {CLIENTS_FOLDER} (tools/setup does it)")


@pytest.fixture
def shop_house(make_house, library):
    """The key of a library in pages and apps is known to all, so its source is public; on a server it is not."""
    house = make_house()
    return house, house.add_source("shop", trust="public" if library in IN_BROWSERS else "server")


def wait_for_types(client: Client, types: set[str], seen):
    """Until each type was seen; `seen` answers the events that arrived."""
    wait_until(lambda: types <= {kind_of(event) for event in seen()} or not client.still_runs(), RETRY_SECONDS,
               f"{sorted(types)}")


def kind_of(item: dict) -> str:
    return item["type"]


@pytest.mark.parametrize("library", LIBRARIES)
def test_client_script_sends_each_call(library):
    """The scripts themselves, without the server: what they are said to send, they send."""
    with Gateway() as gateway, Client(library, gateway.url, "a-key", "r1") as client:
        wait_for_types(client, LIBRARIES[library], gateway.events)
    sent = gateway.events()
    assert len(sent) == len(LIBRARIES[library])
    assert {event.get("userId") for event in sent} == {"user-r1"}
    assert [event["properties"]["order_id"] for event in sent if event["type"] == "track"] == ["order-r1"]


def check_stored(server, types: set[str], run: str, started: datetime):
    stored = server.timeline(f"user_id:user-{run}")
    assert sorted(kind_of(item) for item in stored) == sorted(types), "each call is there once"
    by_type = {kind_of(item): item for item in stored}
    order = by_type["track"]
    assert order["event"] == "Order Completed"
    assert order["properties"]["order_id"] == f"order-{run}"
    assert order["properties"]["revenue"] == 129.95
    assert order["properties"]["coupon"] == "Grüße aus Köln 🎈"
    assert order["properties"]["products"] == [{"sku": "A-1", "name": "Lantern", "price": 64.975, "quantity": 2}]
    assert by_type["page"]["properties"]["path"] == "/pricing"
    for item in stored:
        occurred = datetime.fromisoformat(item["occurred_at"].replace("Z", "+00:00"))
        assert started - timedelta(seconds=2) <= occurred <= datetime.now(UTC) + timedelta(seconds=2), item


def check_customer(server, run: str, claimed: bool):
    """One customer, found by each key that the client told. What a public source says of a link is a claim that joins
    nothing until a server source or a proof confirms it."""
    assert len(server.customers(f"user_id:user-{run}")) == 1
    if claimed:
        return
    keys = (f"user_id:user-{run}", f"anonymous_id:anonymous-{run}", f"user_id:previous-{run}")
    found = {key: {customer["id"] for customer in server.customers(key)} for key in keys}
    assert len(set.union(*found.values())) == 1, f"user, anonymous and previous id are one customer: {found}"
    assert all(found.values()), found


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_events_of_the_library_are_read_back_once_each(shop_house, library, fault):
    house, shop = shop_house
    started, types, run = datetime.now(UTC), LIBRARIES[library], f"{library}-run"
    with house.serve() as server, Gateway(server.url) as gateway:
        gateway.faults = list(FAULTS[fault])
        with Client(library, gateway.url, shop.write_key, run) as client:
            wait_for_types(client, types, gateway.events)
        assert not gateway.faults, "the library did not retry as often as it was made to"
        wait_until(lambda: types <= {kind_of(item) for item in server.timeline(f"user_id:user-{run}")}, 5, "the events")
        check_stored(server, types, run, started)
        check_customer(server, run, claimed=library in IN_BROWSERS)


@pytest.mark.parametrize("library", LIBRARIES)
def test_server_killed_and_restarted_while_the_library_sends(shop_house, library):
    house, shop = shop_house
    started, types, run = datetime.now(UTC), LIBRARIES[library], f"{library}-restart"
    server = house.serve()
    with Gateway(server.url) as gateway:
        gateway.faults = [Fault.ANSWER_LOST]
        with Client(library, gateway.url, shop.write_key, run) as client:
            wait_until(lambda: gateway.events(answered=False), 20, "the first request")
            server.kill()
            time.sleep(0.5)
            server = house.serve(server.port)
            wait_for_types(client, types, gateway.events)
        check_stored(server, types, run, started)
    server.stop()


def test_all_libraries_at_once_are_one_customer_where_the_source_shares_ids(make_house):
    """Four libraries of four sources with one namespace and one user: one customer with the events of all."""
    house = make_house()
    sources = {library: house.add_source(library.replace("_", "-"), more=("--namespace", "shop"))
               for library in LIBRARIES}
    with house.serve() as server:
        threads = [threading.Thread(target=run_to_end, args=(server, library, source.write_key))
                   for library, source in sources.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wanted = sorted(kind for types in LIBRARIES.values() for kind in types)
        assert sorted(kind_of(item) for item in server.timeline("user_id:user-shared")) == wanted
        check_customer(server, "shared", claimed=False)


def run_to_end(server, library: str, write_key: str):
    with Gateway(server.url) as gateway, Client(library, gateway.url, write_key, "shared") as client:
        wait_for_types(client, LIBRARIES[library], gateway.events)
