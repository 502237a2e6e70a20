"""PostgreSQL goes away and comes back, stands still, cuts connections, has none left: the server says so, answers 503
at once where it can't serve, goes on by itself, and nothing that was acknowledged is lost.
"""

import os
import random
import subprocess
import time

import pytest
import requests

from harness import wait_until
from load import Load, check
from postgres import Postgres, not_ready, postgres, wait_for_ready  # noqa: F401 (a fixture among them)

WORKERS = 4


@pytest.fixture
def loaded(make_house, postgres):
    """A house on a PostgreSQL of its own, and four clients that go on sending whatever happens."""
    house = make_house(postgres.settings + f"[server]\nworker_threads = {WORKERS}\n")
    shop = house.add_source("shop")
    load = Load(clients=4)
    with house.serve() as server:
        load.start(server, shop, until_gone=False)
        time.sleep(0.7)
        yield house, shop, server, load
        load.stop()


def finish(shop, server, load):
    """After the fault: all is well by itself."""
    wait_for_ready(server)
    served = load.statuses[200]
    wait_until(lambda: load.statuses[200] > served + 20, seconds=30, what="events to be taken in again")
    load.stop()
    assert set(load.statuses) <= {200, 429, 503}, load.statuses
    load.retry(server, shop)
    check(server, load, complete=True)


def answers_at_once(server) -> bool:
    """Whether a request that needs the database is refused instead of waiting."""
    try:
        refused = requests.get(f"{server.url}/api/v1/roles", timeout=5, headers=server.session.headers)
    except requests.ReadTimeout:
        return False
    assert refused.status_code == 503 and refused.json()["code"] == "database_gone", refused.text[:300]
    return int(refused.headers["Retry-After"]) > 0


def test_stopped_at_once_and_started_again(loaded, postgres):
    house, shop, server, load = loaded
    for pause in (0, 4, 0.5):
        postgres.stop_at_once()
        if pause:
            codes = wait_until(lambda: not_ready(server), what="the health to say so")
            assert set(codes.values()) <= {"database_gone", "no_answer"}, codes
            assert server.get("/healthz").status_code == 200
        time.sleep(pause)
        postgres.start_again()
        wait_for_ready(server)
        time.sleep(0.5)
    assert load.problems["database_gone"] > 0
    finish(shop, server, load)


def test_standing_still_it_is_told_and_waited_for(loaded, postgres, request):
    """SIGSTOP: connections stay open and nobody answers. Long enough (`--kills`), the server gives them up."""
    house, shop, server, load = loaded
    seconds = 55 if request.config.getoption("--kills") else 13
    postgres.freeze()
    frozen = time.monotonic()
    for _ in range(WORKERS):  # all of them wait for the database now, and still others are refused at once
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{server.url}/api/v1/roles", timeout=0.2, headers=server.session.headers)
    codes = wait_until(lambda: not_ready(server), seconds=15, what="the health to say so")
    assert set(codes.values()) <= {"no_answer", "writer_slow", "database_gone"}, codes
    wait_until(lambda: answers_at_once(server), seconds=15, what="requests to be refused at once")
    while time.monotonic() - frozen < seconds:
        assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200
        assert answers_at_once(server)
        time.sleep(0.5)
    postgres.thaw()
    finish(shop, server, load)


def test_connections_that_are_cut_are_made_again(loaded, postgres):
    house, shop, server, load = loaded
    chance = random.Random(1)
    for _ in range(20):
        postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                     "WHERE application_name = 'handschlag' AND random() < 0.5")
        time.sleep(chance.uniform(0, 0.2))
    finish(shop, server, load)


def test_without_connections_left_it_waits_for_some(make_house):
    postgres = Postgres(max_connections="30", superuser_reserved_connections="1")
    held = []
    try:
        house = make_house(postgres.settings)
        shop = house.add_source("shop")
        load = Load(clients=4)
        cutter = postgres.hold_made_connection()  # the server may have taken all that are left for others
        held.append(cutter)
        with house.serve() as server:
            load.start(server, shop, until_gone=False)
            # Its own are cut, and others take their places at once.
            cutter.communicate("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                               "WHERE application_name = 'handschlag';")
            assert cutter.returncode == 0
            held += [postgres.hold_connection() for _ in range(60)]
            time.sleep(5)
            for client in held:
                client.kill()
                client.wait()
            finish(shop, server, load)
    finally:
        for client in held:
            client.kill()
            client.wait()
        postgres.close()


def test_a_start_without_the_database_says_what_is_wrong(make_house, postgres):
    house = make_house(postgres.settings)
    house.token()
    postgres.stop_at_once()
    served = house.run("serve", "--listen", "127.0.0.1:0", check=False, timeout=60)
    assert served.returncode == 1
    assert "database cannot be reached" in served.stderr, served.stderr
    postgres.start_again()
    with house.serve() as server:
        wait_for_ready(server)


def undo_last_migrations(postgres):
    """Makes the words of names of customers as if their slice had not been there yet, in every region."""
    tables = postgres.sql("SELECT schemaname || '.' || tablename FROM pg_tables WHERE tablename LIKE 'customers\\_%'")
    schemas = {table.split(".")[0] for table in tables.split()}
    assert len(schemas) == 3, tables
    postgres.sql("".join(f"DROP TABLE {table} CASCADE;" for table in tables.split())
                 + "".join(f"DELETE FROM {schema}.schema_migration WHERE slice = 'customers';" for schema in schemas))


@pytest.mark.parametrize("killed", ["server", "database"])
def test_a_migration_that_is_cut_short_is_completed_by_the_next_start(make_house, postgres, request, killed):
    house = make_house(postgres.settings)
    shop = house.add_source("shop")
    house.token()
    chance = random.Random(request.config.getoption("--seed"))
    start = time.monotonic()
    with house.serve() as server:
        took = time.monotonic() - start
    for _ in range(request.config.getoption("--kills") // 10 or 2):
        undo_last_migrations(postgres)
        starting = house.popen("serve", "--listen", "127.0.0.1:0", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(took / 4, took * 1.2))
        if killed == "database":
            postgres.stop_at_once()
        starting.kill()
        starting.wait()
        if killed == "database":
            postgres.start_again()
        with house.serve() as server:
            wait_for_ready(server)
            server.take_in_and_give_back(shop)


def test_two_servers_of_which_one_is_killed_and_one_stands_still(make_house, postgres):
    """Both take in at once; whatever becomes of one, the other goes on, and takes over its jobs."""
    first = make_house(postgres.settings)
    second = make_house(postgres.settings + f'key_folder = "{first.keys}"\n', name="second")
    shop = first.add_source("shop")
    one, other = first.serve(), second.serve()
    for server in (one, other):
        server.take_in_and_give_back(shop)
    doomed, lasting = Load(clients=3, seed=1), Load(clients=3, seed=2, users=4)
    for number, client in enumerate(lasting.clients):
        client.number = 100 + number  # users of its own
    lasting.start(other, shop, until_gone=False)
    for _ in range(5):
        doomed.start(one, shop)
        time.sleep(random.uniform(0.2, 1.0))
        one.kill()
        doomed.stop()
        doomed.retry(other, shop)
        one = first.serve()
    # It stands still, perhaps in the middle of a transaction: the database ends that, and the other goes on.
    doomed.start(one, shop)
    time.sleep(0.5)
    os.kill(one.process.pid, 19)
    served = lasting.statuses[200]
    wait_until(lambda: lasting.statuses[200] > served + 50, seconds=45, what="the other to go on")
    # A job that the first holds and does not renew is taken over.
    postgres.sql("UPDATE handschlag_control.jobs_job SET state = 'running', token = token + 1, due_at = "
                 "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + 1000 WHERE unique_key = 'recurring'")
    wait_until(lambda: postgres.sql("SELECT count(*) FROM handschlag_control.jobs_job WHERE unique_key = 'recurring' "
                                    "AND state <> 'waiting'") == "0", seconds=20, what="the job to be taken over")
    os.kill(one.process.pid, 18)
    lasting.stop()
    doomed.stop()
    wait_for_ready(one)
    for load in (doomed, lasting):
        load.retry(one, shop, within_seconds=60)  # it finds out that its connections were cut
    for server in (one, other):
        check(server, doomed)
        check(server, lasting)
    for server in (one, other):
        server.stop()
