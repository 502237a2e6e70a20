"""What lies on the disk: nothing that was lost is made anew, no keys are those of two, no region is forgotten."""

import shutil
import signal
import time

import pytest

from harness import House, track

CANADA = """
[regions]
home = "eu"
[[regions.list]]
id = "eu"
countries = ["DE"]
[[regions.list]]
id = "ca"
countries = ["CA"]
"""


@pytest.mark.parametrize("lost", ["control.db", "regions/eu/vault.db", "regions/eu"])
def test_init_makes_nothing_in_the_place_of_what_was_lost(make_house, lost):
    house = make_house()
    (house.data / lost).rename(house.root / "lost")
    for command in (("init",), ("serve", "--listen", "127.0.0.1:0")):
        refused = house.run(*command, check=False)
        assert refused.returncode == 1
        assert lost in refused.stderr and "backup" in refused.stderr, refused.stderr
    assert not (house.data / lost).exists()


def test_init_makes_no_key_for_a_region_that_had_one(make_house, storage):
    house = make_house(storage)
    key = house.keys / "eu.key"
    kept = key.read_text()
    key.unlink()
    refused = house.run("init", check=False)
    assert refused.returncode == 1 and "Put" in refused.stderr and "eu.key" in refused.stderr, refused.stderr
    assert not key.exists()
    key.write_text(kept)
    house.run("init")


def test_an_init_that_was_cut_short_is_completed(tmp_path):
    house = House(tmp_path, init=False)
    for _ in range(8):
        starting = house.popen("init")
        time.sleep(0.02)
        starting.send_signal(signal.SIGKILL)
        starting.wait()
    house.run("init")
    house.run("init")
    with house.serve():
        pass


def test_two_data_folders_have_two_key_folders(make_house, tmp_path):
    settings = f'[storage]\nkey_folder = "{tmp_path / "shared.keys"}"\n'
    first = make_house(settings)
    (tmp_path / "second").mkdir()
    second = House(tmp_path / "second", settings, init=False)
    refused = second.run("init", check=False)
    assert refused.returncode == 1 and "key_folder" in refused.stderr, refused.stderr
    assert not second.data.exists()
    # A drill on the machine where the data lives.
    first.run("backup", "--to", str(tmp_path / "backup"))
    key = next((tmp_path / "shared.keys" / "backups").glob("*.key"))
    refused = second.run("restore", "--from", str(tmp_path / "backup"), "--key", str(key), check=False)
    assert refused.returncode == 1 and "key_folder" in refused.stderr, refused.stderr
    # Where the first was moved, it takes its keys along.
    first.data.rename(tmp_path / "moved")
    first.data = tmp_path / "moved"
    with first.serve():
        pass


def test_a_region_that_the_settings_do_not_name_is_not_forgotten(make_house, tmp_path):
    house = make_house(CANADA)
    house.config.rename(tmp_path / "settings.toml")
    house.config = None
    for command in (("serve", "--listen", "127.0.0.1:0"), ("backup", "--to", str(tmp_path / "b")), ("init",)):
        refused = house.run(*command, check=False)
        assert refused.returncode == 1 and "'ca'" in refused.stderr, refused.stderr
    assert not (house.data / "regions" / "uk").exists()
    shutil.rmtree(house.data / "regions" / "ca")
    house.run("init")


def test_a_backup_lies_apart(make_house):
    house = make_house()
    for folder in (house.data / "backup", house.keys / "backup"):
        refused = house.run("backup", "--to", str(folder), check=False)
        assert refused.returncode == 1 and "outside" in refused.stderr, refused.stderr


def test_a_server_survives_whatever_a_command_is_given(make_house, tmp_path):
    house = make_house()
    shop = house.add_source("shop")
    lines = tmp_path / "lines.csv"
    lines.write_text("a,b\n1,2\n")
    with house.serve() as server:
        refused = house.run("import", "csv", str(lines), "--mapping", "x" * 300, check=False)
        assert refused.returncode != 0 and "the server ended" not in refused.stderr, refused.stderr
        server.take_in_and_give_back(shop)


def test_a_database_address_is_one_and_is_not_printed(make_house):
    for address in ("db.sqlite", "postgres:u:secret-word", "mysql://u:secret-word@db/x"):
        house = make_house(f'[storage]\nurl = "{address}"\n', name=address[:5], init=False)
        refused = house.run("init", check=False)
        assert refused.returncode == 1 and not house.data.exists()
        assert "postgresql://" in refused.stderr and "secret-word" not in refused.stderr, refused.stderr


def test_interrupting_a_command_beside_a_server_cancels_it(make_house, tmp_path):
    house = make_house()
    shop = house.add_source("shop")
    with house.serve() as server:
        for first in range(0, 4_000, 1_000):
            server.sender(shop).store(*[track(f"u{number}", filling="x" * 500)
                                        for number in range(first, first + 1_000)])
        codes = set()
        for delay in (0.02, 0.05, 0.1, 0.2):
            command = house.popen("backup", "--to", str(tmp_path / f"b{delay}"))
            time.sleep(delay)
            command.send_signal(signal.SIGINT)
            codes.add(command.wait(30))
        assert codes <= {0, 130, -2}, codes
        server.take_in_and_give_back(shop)
