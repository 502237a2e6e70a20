"""A full disk: what is said, what goes on, that nothing acknowledged is lost, that it mends itself."""

import subprocess

import pytest

from disk import small_disk  # noqa: F401 (a fixture)
from harness import House, Server, wait_until
from load import Load, check, totals
from test_kills import Import

RESERVE = 24 << 20


def part(server: Server, name: str) -> dict:
    answer = server.get("/readyz")
    assert (answer.status_code == 503) == (answer.json()["status"] == "not ready")
    return answer.json()["parts"][name]


def ready(server: Server) -> bool:
    return server.get("/readyz").status_code == 200


@pytest.fixture
def house(small_disk, tmp_path):
    """A house whose data lie on the small disk, and whose log does not."""
    made = House(tmp_path, f"[storage]\nreserve_mb = {RESERVE >> 20}\n", init=False)
    made.data, made.keys = small_disk.path / "data", small_disk.path / "data.keys"
    made.run("init")
    yield made
    made.close()


def test_below_the_reserve_events_are_refused_and_the_rest_goes_on(house, small_disk):
    shop = house.add_source("shop")
    till = Import(house)
    revocable = house.json("token", "add", "--role", "agent", "--name", "gone-soon")
    load = Load(clients=2)
    with house.serve() as server:
        load.run_until(100, server, shop)
        assert part(server, "disk") == {"status": "ready"}

        small_disk.fill(leave=RESERVE - (4 << 20))
        wait_until(lambda: not ready(server), what="the disk to be found nearly full")
        told = part(server, "disk")
        assert told["code"] == "disk_nearly_full" and "GiB" in told["reason"]
        wait_until(lambda: 'handschlag_part_ready{part="disk"} 0' in server.get("/metrics").text, what="the gauge")
        doctor = house.run("doctor", check=False)
        assert doctor.returncode == 1 and "BAD  disk" in doctor.stdout

        before = load.statuses[200]
        load.start(server, shop)
        wait_until(lambda: load.statuses[503] > 5, what="answers")
        load.stop()
        assert load.statuses[200] == before
        assert set(load.problems) == {"disk_nearly_full"}
        imported = house.run(*till.command(), check=False)
        assert imported.returncode == 1 and "disk is nearly full" in imported.stderr

        # What does not add to the data, or takes away from it.
        check(server, load)
        assert server.session.delete(f"{server.url}/api/v1/tokens/{revocable['id']}", timeout=30).status_code < 300
        assert server.get("/healthz").status_code == 200

        small_disk.make_room()
        wait_until(lambda: ready(server), what="the server to find that there is room")
        load.retry(server, shop)
        check(server, load, complete=True)
        till.finish(server)
    assert "the disk is nearly full" in house.log.read_text()


def test_a_disk_that_is_really_full_loses_nothing(house, small_disk, request):
    """Without a reserve, so that SQLite itself meets the end of the disk, in the middle of transactions."""
    house.config.write_text("[storage]\nreserve_mb = 0\n")
    shop = house.add_source("shop")
    load = Load(clients=4, filling=20_000)  # files have room of their own, which is used up first
    with house.serve() as server:
        for _ in range(3 if request.config.getoption("--kills") else 1):
            load.start(server, shop, until_gone=False)
            served = load.statuses[200]
            wait_until(lambda: load.statuses[200] > served + 3, what="events to be taken in")
            small_disk.fill()
            wait_until(lambda: not ready(server), seconds=60, what="a part to be not ready")
            codes = {name: told["code"] for name, told in server.get("/readyz").json()["parts"].items()
                     if told["status"] == "not ready"}
            assert codes.keys() & {"eu.data", "eu.vault"}, codes
            assert set(codes.values()) <= {"disk_full", "disk_failed"}, codes
            assert server.get("/healthz").status_code == 200
            load.stop()  # which would soon fill the little disk again
            small_disk.make_room()
            wait_until(lambda: ready(server), seconds=20, what="the server to mend itself")
        assert set(load.statuses) <= {200, 429, 503}, load.statuses
        assert set(load.problems) <= {"disk_full", "disk_failed", "writer_busy"}, load.problems
        assert load.statuses[503] > 0
        load.retry(server, shop)
        check(server, load, complete=True)
    assert str(house.data / "regions" / "eu") in house.log.read_text(), "the log names the file"


def test_killed_on_a_full_disk_it_starts_again(house, small_disk):
    house.config.write_text("[storage]\nreserve_mb = 0\n")
    shop = house.add_source("shop")
    load = Load(clients=2, filling=20_000)
    server = house.serve()
    load.start(server, shop, until_gone=False)
    wait_until(lambda: load.statuses[200] > 3, what="events to be taken in")
    small_disk.fill()
    wait_until(lambda: load.statuses[503] > 0, seconds=60, what="the disk to be full")
    server.kill()
    load.stop()
    # Reading needs a few pages of room for SQLite's shared memory; where there are none, it says so and ends.
    started = house.popen("serve", "--listen", "127.0.0.1:0", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        _, said = started.communicate(timeout=3)
        assert started.returncode == 1 and "disk" in said.lower(), said
    except subprocess.TimeoutExpired:
        started.kill()
        started.communicate()
    small_disk.make_room()
    with house.serve() as server:
        check(server, load)
        load.retry(server, shop)
        check(server, load, complete=True)


def test_a_first_start_on_a_full_disk_says_so_and_can_be_repeated(small_disk, tmp_path):
    house = House(tmp_path, "[storage]\nreserve_mb = 0\n", init=False)
    house.data, house.keys = small_disk.path / "data", small_disk.path / "data.keys"
    small_disk.fill(leave=64 << 10)
    made = house.run("init", check=False)
    assert made.returncode == 1
    assert str(small_disk.path) in made.stderr, made.stderr
    small_disk.make_room()
    house.run("init")
    shop = house.add_source("shop")
    with house.serve() as server:
        server.take_in_and_give_back(shop)


def test_a_read_only_disk_is_said_with_its_path(house, small_disk):
    house.add_source("shop")
    house.token()
    small_disk.remount("ro")
    try:
        served = house.run("serve", "--listen", "127.0.0.1:0", check=False, timeout=30)
    finally:
        small_disk.remount("rw")
    assert served.returncode == 1
    assert str(house.data) in served.stderr, served.stderr


def test_a_log_that_cannot_be_written_stops_nothing(make_house):
    house = make_house(settings='[log]\nlevel = "debug"\n')
    shop = house.add_source("shop")
    house.token()
    house.log.unlink()
    house.log.symlink_to("/dev/full")
    with house.serve() as server:
        for _ in range(20):
            server.take_in_and_give_back(shop)
        assert totals(server, "shop")["events"] == 20
        house.log.unlink()
        house.log.touch()
