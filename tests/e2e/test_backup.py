"""Backup and restore, from outside: under load, elsewhere, killed, damaged, expired; keys rotated while serving."""

import json
import os
import random
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests

from conftest import PostgresDatabase
from harness import Background, CommandFailed, House, Server, event, track, wait_until

USERS = 6


class Load:
    """Clients that send numbered events until they are told to stop; knows which were acknowledged, and when."""

    def __init__(self, server: Server, shop):
        self.stop = threading.Event()
        self.acknowledged: dict[str, dict[int, float]] = {}  # user → number → when
        self.threads = [Background(self._run, server, shop, number) for number in range(USERS)]

    def _run(self, server, shop, client):
        sender = server.sender(shop)
        user = f"user-{client}"
        done = self.acknowledged.setdefault(user, {})
        number = 0
        while not self.stop.is_set():
            events = [track(user, "Loaded", number=number + i) for i in range(20)]
            number += len(events)
            try:
                answer = sender.batch(events)
            except requests.RequestException:
                return  # killed
            assert answer.status_code == 200, answer.text[:300]
            for event in events:
                done[event["properties"]["number"]] = time.time()

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def stored(server: Server, user: str) -> list[int]:
    return [item["properties"]["number"] for item in server.timeline(f"user_id:{user}")]


def key_of(house: House, backup: Path) -> Path:
    manifest = json.loads((backup / "manifest.json").read_text())
    return house.keys / "backups" / f"{manifest['backup']['id']}.key"


def elsewhere(house: House, root: Path) -> House:
    """A house on another machine: the same settings, nothing else."""
    root.mkdir()
    return House(root, settings=house.config.read_text() if house.config else "", init=False)


def restore(house: House, backup: Path, root: Path, *words: str) -> House:
    other = elsewhere(house, root)
    other.run("restore", "--from", str(backup), "--key", str(key_of(house, backup)), *words)
    return other


def refused(house: House, *words: str) -> str:
    """The code of the error with which a command ends."""
    finished = house.run(*words, "--format", "json", check=False)
    assert finished.returncode == 1, finished.stdout
    return json.loads(finished.stderr.strip().splitlines()[-1])["error"]["code"]


def test_a_backup_taken_under_load_is_restored_elsewhere_as_of_one_moment(make_house, tmp_path):
    house = make_house()
    shop = house.add_source("shop")
    backup = tmp_path / "backup"
    with house.serve() as server:
        load = Load(server, shop)
        wait_until(lambda: sum(map(len, load.acknowledged.values())) > 2_000, what="some events")
        begun = time.time()
        taken = house.json("backup", "--to", str(backup))
        ended = time.time()
        wait_until(lambda: all(max(done.values()) > ended for done in load.acknowledged.values()), what="load after it")
        load.end()
    assert (house.data / "backup.tmp").exists() is False
    assert taken["longest_hold_microseconds"] > 0
    other = restore(house, backup, tmp_path / "other")
    with other.serve() as again:
        total = 0
        for user, acknowledged in load.acknowledged.items():
            there = stored(again, user)
            total += len(there)
            assert len(there) == len(set(there)), "an event is there twice"
            lost = {number for number, at in acknowledged.items() if at < begun} - set(there)
            assert not lost, f"{user}: {len(lost)} events that were acknowledged before the backup are not in it"
            assert sorted(there) == list(range(len(there))), "a later event is there without an earlier one"
        sums = again.read("/api/v1/events/totals")["items"]
        counted = sum(item["events"] for item in sums if item["measure"] == "events")
        assert counted == total, "the sums are those of another moment than the events"
        again.take_in_and_give_back(shop)


def test_a_backup_of_postgresql_is_restored_into_another_database(make_house, tmp_path, request):
    server_url = os.environ.get("HANDSCHLAG_TEST_POSTGRES")
    if not server_url:
        pytest.skip("HANDSCHLAG_TEST_POSTGRES names no PostgreSQL server")
    databases = [PostgresDatabase(server_url) for _ in range(2)]
    for database in databases:
        request.addfinalizer(database.drop)
    house = make_house(f'[storage]\nurl = "{databases[0].url}"\n')
    shop = house.add_source("shop")
    with house.serve() as server:
        load = Load(server, shop)
        wait_until(lambda: sum(map(len, load.acknowledged.values())) > 500, what="some events")
        begun = time.time()
        house.run("backup", "--to", str(tmp_path / "backup"))
        load.end()
    root = tmp_path / "other"
    root.mkdir()
    other = House(root, settings=f'[storage]\nurl = "{databases[1].url}"\n', init=False)
    words = ("restore", "--from", str(tmp_path / "backup"), "--key", str(key_of(house, tmp_path / "backup")))
    other.run(*words)
    with other.serve() as again:
        for user, acknowledged in load.acknowledged.items():
            there = stored(again, user)
            assert {number for number, at in acknowledged.items() if at < begun} <= set(there)
            assert sorted(there) == list(range(len(there)))
        again.take_in_and_give_back(shop)
    other.close()
    shutil.rmtree(other.data)
    assert refused(other, *words) == "database_exists"


def test_webhooks_of_a_restored_backup_are_held(make_house, tmp_path):
    house = make_house()
    for id in ("crm", "mail"):
        house.json("webhook", "add", "--id", id, "--url", "https://crm.example/hook", "--region", "eu", "--purpose",
                   "CustomerCare")
    house.run("webhook", "disable", "--id", "mail")
    house.run("backup", "--to", str(tmp_path / "backup"))
    key = next((house.keys / "backups").glob("*.key"))
    (tmp_path / "drill").mkdir()
    drill = House(tmp_path / "drill", init=False)
    restored = drill.json("restore", "--from", str(tmp_path / "backup"), "--key", str(key))
    assert restored["webhooks_held"] == 1
    with drill.serve():
        reasons = {item["id"]: item["disabled_reason"] for item in drill.json("webhook", "list")["items"]}
        assert reasons == {"crm": "restored", "mail": "staff"}
        drill.run("webhook", "enable", "--id", "crm")
        crm = drill.json("webhook", "list")["items"][0]
        assert (crm["enabled"], crm["disabled_reason"]) == (True, None)
        wait_until(lambda: drill.json("webhook", "list")["items"][0]["behind"] == 0, 30, "it to have caught up")


def test_numbers_of_identities_and_events_are_not_given_out_again(make_house, tmp_path):
    house = make_house()
    shop = house.add_source("shop")
    with house.serve() as server:
        server.sender(shop).store(track("before", number=1))
        house.run("backup", "--to", str(tmp_path / "backup"))
        server.sender(shop).store(track("after", number=1))
        known = server.customers("user_id:after")[0]["id"]
        event = server.timeline("user_id:after")[0]["id"]
    other = restore(house, tmp_path / "backup", tmp_path / "other")
    with other.serve() as again:
        assert again.customers("user_id:after") == []
        again.sender(shop).store(track("another", number=1))
        assert again.customers("user_id:another")[0]["id"] != known
        assert again.timeline("user_id:another")[0]["id"] != event
        assert len(again.timeline("user_id:before")) == 1


def test_kill_9_during_a_backup_leaves_nothing_that_looks_like_one(make_house, tmp_path, request):
    house = make_house()
    shop = house.add_source("shop")
    chance = random.Random(request.config.getoption("--seed"))
    server = house.serve()
    server.sender(shop).store(*(track(f"user-{number}", filling="x" * 2_000) for number in range(400)))
    for round_number in range(4):
        target = tmp_path / f"backup-{round_number}"
        command = house.popen("backup", "--to", str(target), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.0, 0.4))
        server.kill()
        command.wait(30)
        if target.exists():  # it was quicker than the kill: then it is whole
            house.run("backup-check", "--from", str(target))
        server = house.serve(server.port)
        assert not (house.data / "backup.tmp").exists(), "copies of databases are left over"
    server.sender(shop).store(track("later"))
    house.run("backup", "--to", str(tmp_path / "last"))
    server.stop()
    house.run("backup-check", "--from", str(tmp_path / "last"))


def test_what_cannot_be_restored_is_told_before_anything_is_written(make_house, tmp_path):
    house = make_house()
    house.add_source("shop")
    backup = tmp_path / "backup"
    house.run("backup", "--to", str(backup))
    house.run("backup", "--to", str(tmp_path / "second"))
    other = elsewhere(house, tmp_path / "other")
    words = ("restore", "--from", str(backup))
    key = ("--key", str(key_of(house, backup)))
    assert refused(other, *words) == "backup_key_missing"
    assert refused(other, *words, "--key", str(key_of(house, tmp_path / "second"))) == "backup_key_wrong"
    assert refused(house, *words) == "folder_not_empty"
    assert refused(other, "restore", "--from", str(tmp_path / "nothing"), *key) == "backup_unknown"
    whole = (backup / "eu-vault.sealed").read_bytes()
    (backup / "eu-vault.sealed").write_bytes(whole[: len(whole) // 2])
    assert refused(other, *words, *key) == "backup_damaged"
    (backup / "eu-vault.sealed").write_bytes(whole)
    expired = tmp_path / "expired.key"
    expired.write_bytes(key_of(house, backup).read_bytes())
    manifest = (backup / "manifest.json").read_text()
    changed = json.loads(manifest)
    changed["backup"]["expires_at"] = "2020-01-01T00:00:00.000Z"
    (backup / "manifest.json").write_text(json.dumps(changed))
    assert refused(other, *words, *key) == "backup_expired"
    changed["backup"]["expires_at"] = "2120-01-01T00:00:00.000Z"
    (backup / "manifest.json").write_text(json.dumps(changed))
    assert refused(other, *words, *key) == "backup_key_wrong", "nobody prolongs a backup"
    (backup / "manifest.json").write_text(manifest)
    assert not other.data.exists() and not other.keys.exists(), "something was written"
    other.run(*words, *key)
    assert refused(other, *words, *key) == "folder_not_empty"


def test_keys_of_expired_backups_are_destroyed(make_house, tmp_path):
    house = make_house()
    backup = tmp_path / "backup"
    house.run("backup", "--to", str(backup), "--days", "1")
    assert refused(house, "backup", "--to", str(backup)) == "target_exists"
    assert house.run("backup", "--to", str(tmp_path / "x"), "--days", "36", check=False).returncode == 2
    path = key_of(house, backup)
    key = json.loads(path.read_text())
    path.write_text(json.dumps({**key, "expires_at": "2020-01-01T00:00:00.000Z"}))
    with house.serve():
        wait_until(lambda: not path.exists(), what="the server to destroy an expired key")
    assert house.json("keys", "list")["backups"] == []


def test_a_region_key_is_rotated_while_serving(make_house, tmp_path):
    house = make_house()
    shop = house.add_source("shop")
    before = (house.keys / "eu.key").read_text()
    server = house.serve()
    load = Load(server, shop)
    wait_until(lambda: sum(map(len, load.acknowledged.values())) > 500, what="some events")
    house.run("backup", "--to", str(tmp_path / "before"))
    house.run("keys", "rotate", "--region", "eu")
    assert (house.keys / "eu.key").read_text() != before
    assert not (house.keys / "eu.key.former").exists()
    assert [item["rotating"] for item in house.json("keys", "list")["regions"]] == [False] * 3
    load.end()
    for user, acknowledged in load.acknowledged.items():
        assert set(stored(server, user)) == set(acknowledged)
    server.kill()
    with house.serve() as again:
        for user, acknowledged in load.acknowledged.items():
            assert set(stored(again, user)) == set(acknowledged)
    # A backup from before the rotation, restored to where the new key is, and to where nothing is.
    kept = (house.keys / "eu.key").read_text()
    other = restore(house, tmp_path / "before", tmp_path / "other")
    with other.serve() as restored:
        assert stored(restored, "user-0")
    shutil.rmtree(house.data)
    house.run("restore", "--from", str(tmp_path / "before"))
    with house.serve() as restored:
        assert stored(restored, "user-0")
        wait_until(lambda: not (house.keys / "eu.key.former").exists(), what="the vault to be brought over")
    assert (house.keys / "eu.key").read_text() == kept
    with house.serve() as restored:
        assert stored(restored, "user-0")


def test_a_rotation_cut_short_by_kill_9_is_finished_by_the_next_start(make_house, request):
    house = make_house()
    shop = house.add_source("shop")
    chance = random.Random(request.config.getoption("--seed"))
    server = house.serve()
    users = [f"user-{number}" for number in range(3_000)]
    for first in range(0, len(users), 500):
        server.sender(shop).store(*(track(user, number=1) for user in users[first : first + 500]))
    for _ in range(3):
        command = house.popen("keys", "rotate", "--region", "eu", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.0, 0.15))
        server.kill()
        command.wait(30)
        server = house.serve(server.port)
        wait_until(lambda: not (house.keys / "eu.key.former").exists(), seconds=60, what="the rotation to be finished")
        assert stored(server, chance.choice(users)) == [1]
    server.stop()
    with house.serve() as again:
        for user in chance.sample(users, 20):
            assert stored(again, user) == [1]


def person(number: int) -> dict:
    return event("identify", f"person-{number}",
                 traits={"name": f"Vorname{number} Nachname{number}", "email": f"person{number}@example.org"})


def found_once(server: Server, numbers):
    for number in numbers:
        for found in (server.customers(f"user_id:person-{number}"),
                      server.customers(f"email:person{number}@example.org"),
                      server.customers_named(f"nachname{number} vorname{number}")):
            assert len(found) == 1, f"person {number} is found {len(found)} times"


def digests(house: House) -> set[bytes]:
    import sqlite3

    with sqlite3.connect(f"file:{house.data / 'regions' / 'eu' / 'data.db'}?mode=ro", uri=True) as database:
        rows = {digest for table in ("identity_key", "customers_word") for (digest,) in
                database.execute(f"SELECT digest FROM {table}")}
    database.close()
    return rows


def test_the_key_of_look_ups_is_rotated_while_serving_and_killed(make_house, request, tmp_path):
    house = make_house()
    shop = house.add_source("shop")
    chance = random.Random(request.config.getoption("--seed"))
    server = house.serve()
    people = [person(number) for number in range(300)]
    for first in range(0, 300, 150):
        server.sender(shop).store(*people[first : first + 150])
    house.run("backup", "--to", str(tmp_path / "before"))
    before = digests(house)
    rotating = lambda: any(item["rotating"] for item in house.json("keys", "list")["regions"])
    for _ in range(2):
        command = house.popen("keys", "rotate", "--region", "eu", "--kind", "digest", stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.0, 0.15))
        server.sender(shop).store(*chance.sample(people, 50))  # retries, in the middle of it
        found_once(server, chance.sample(range(300), 2))
        server.kill()
        command.wait(30)
        server = house.serve(server.port)
        found_once(server, chance.sample(range(300), 2))
        wait_until(lambda: not rotating(), seconds=60, what="the rotation to be finished")
        found_once(server, chance.sample(range(300), 2))
    house.run("keys", "rotate", "--region", "eu", "--kind", "digest")
    assert not rotating() and not digests(house) & before, "a former digest is left"
    for first in range(0, 300, 150):
        server.sender(shop).store(*people[first : first + 150])
    totals = [item["events"] for item in server.read("/api/v1/events/totals")["items"] if item["measure"] == "events"]
    assert sum(totals) == 300, "a retry was stored again"
    found_once(server, range(0, 300, 60))
    server.stop()
    shutil.rmtree(house.data)
    house.run("restore", "--from", str(tmp_path / "before"))
    with house.serve() as restored:
        found_once(restored, range(0, 300, 120))
        restored.sender(shop).store(*people[:10])
        house.run("keys", "rotate", "--region", "eu", "--kind", "digest")
        found_once(restored, range(0, 300, 120))


def test_a_folder_of_another_version_is_backed_up_before_it_is_brought_up_to_date(make_house):
    """What the previous version left: a schema without the newest step."""
    import sqlite3

    house = make_house()
    house.add_source("shop")
    assert not Path(f"{house.data}.backups").exists(), "a new folder needs none"
    vault = house.data / "regions" / "eu" / "vault.db"
    with sqlite3.connect(vault) as database:
        database.executescript("DROP TABLE vault_erasure; DROP TABLE vault_erasure_list;"
                               "DELETE FROM schema_migration WHERE slice = 'vault' AND name = '0003_erasure';")
    database.close()
    house.run("source", "list")
    (backup,) = Path(f"{house.data}.backups").iterdir()
    house.run("backup-check", "--from", str(backup))
    manifest = json.loads((backup / "manifest.json").read_text())
    steps = {part["name"]: [step["name"] for step in part["schema"]] for part in manifest["backup"]["parts"]}
    assert "0003_erasure" not in steps["eu-vault"] and "0003_erasure" in steps["us-vault"]
    house.run("source", "list")
    assert len(list(Path(f"{house.data}.backups").iterdir())) == 1, "and not again at the next start"


def test_a_newer_schema_is_refused_only_where_it_is_breaking(make_house):
    import sqlite3

    house = make_house()
    shop = house.add_source("shop")

    def pretend(name: str):
        with sqlite3.connect(house.data / "regions" / "eu" / "data.db") as database:
            database.execute("INSERT INTO schema_migration (slice, number, name, checksum, applied_at) "
                             "VALUES ('identity', 900, ?, 'x', 0)", (name,))
        database.close()

    pretend("0900_compatible")
    with house.serve() as server:
        server.take_in_and_give_back(shop)
    with sqlite3.connect(house.data / "regions" / "eu" / "data.db") as database:
        database.execute("DELETE FROM schema_migration WHERE number = 900")
    database.close()
    pretend("0900_split_breaking")
    with pytest.raises(CommandFailed, match="newer version"):
        house.run("source", "list")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")
def test_another_user_is_turned_away(make_house, tmp_path):
    house = make_house()
    os.chown(house.data, 65534, 65534)
    assert refused(house, "backup", "--to", str(tmp_path / "backup")) == "folder_of_another_user"
