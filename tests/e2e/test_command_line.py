"""The commands, alone and beside a running server: what they changed holds at once, and also after kill -9."""

import json
import shutil
import stat
import subprocess

import pytest

from harness import CommandFailed, track


def test_commands_beside_a_server_take_effect_at_once(make_house):
    house = make_house()
    with house.serve() as server:
        shop = house.add_source("shop")
        server.sender(shop).store(track("u1", number=1))
        house.run("source", "disable", "--id", "shop")
        assert server.sender(shop).single(track("u1")).status_code == 404
        house.run("source", "enable", "--id", "shop")
        server.sender(shop).store(track("u1", number=2))
        token = house.json("token", "add", "--role", "agent", "--name", "till")
        server.session.headers["Authorization"] = f"Bearer {token['token']}"
        assert len(server.timeline("user_id:u1")) == 2
        house.run("token", "revoke", "--id", str(token["id"]))
        assert server.get("/api/v1/customers", key="user_id:u1").status_code == 401


def test_what_a_command_acknowledged_survives_kill_9(make_house):
    house = make_house()
    server = house.serve()
    sources = []
    for number in range(5):
        sources.append(house.add_source(f"source-{number}"))
        server.kill()
        server = house.serve()
    for source in sources:
        server.sender(source).store(track("u1", number=1))
    assert [item["id"] for item in house.json("source", "list")["items"]] == [source.id for source in sources]
    server.stop()


def test_rotated_key_has_an_overlap_where_one_is_given(make_house):
    house = make_house()
    shop = house.add_source("shop")
    with house.serve() as server:
        new = house.json("source", "rotate", "--id", "shop", "--overlap-hours", "1")["write_key"]
        assert server.sender(shop).single(track("u1")).status_code == 200
        newest = house.json("source", "rotate", "--id", "shop", "--overlap-hours", "0")["write_key"]
        for key, status in ((shop.write_key, 401), (new, 401), (newest, 200)):
            shop.write_key = key
            assert server.sender(shop).single(track("u1")).status_code == status


def test_keys_and_tokens_are_printed_once_and_stored_nowhere(make_house):
    house = make_house()
    shop = house.add_source("shop")
    token = house.token("agent")
    with house.serve() as server:
        server.sender(shop).store(track("u1"))
        printed = house.run("source", "list", "--format", "json").stdout + house.run("token", "list").stdout
        printed += house.run("doctor", check=False).stdout
        server.kill()
    written = b"".join(path.read_bytes() for path in house.root.rglob("*") if path.is_file())
    for secret in (shop.write_key, token):
        assert secret not in printed
        assert secret.encode() not in written


def test_second_server_on_one_folder_is_refused(make_house):
    house = make_house()
    with house.serve():
        second = house.run("serve", "--listen", "127.0.0.1:0", check=False, timeout=30)
        assert second.returncode != 0
        assert str(house.data) in second.stderr


def test_standard_input_beside_a_server_is_refused_with_the_way_out(make_house):
    house = make_house()
    house.add_source("shop")
    with house.serve():
        refused = house.run("import", "csv", "-", "--mapping", "online_retail", check=False)
        assert refused.returncode == 1 and "give a file" in refused.stderr


def test_a_port_that_is_taken_is_told_with_the_option(make_house):
    house, other = make_house(), make_house()
    with house.serve() as server:
        refused = other.run("serve", "--listen", server.url.removeprefix("http://"), check=False, timeout=30)
        assert refused.returncode == 1 and "--listen" in refused.stderr


def test_hints_name_the_settings_of_the_command(make_house, tmp_path):
    house = make_house()
    config = tmp_path / "settings.toml"
    config.write_text("[regions]\nhome = 'eu'\n")
    (house.data / "regions/us/vault.db").unlink()
    told = house.run("doctor", "--config", config, check=False).stderr
    assert f"handschlag init --data {house.data} --config {config}" in told
    (house.data / "control.db").unlink()
    shutil.rmtree(house.data / "regions")
    assert "--config" in house.run("doctor", check=False).stderr, "a folder whose databases are in PostgreSQL"


def test_init_twice_changes_nothing(make_house):
    house = make_house()
    shop = house.add_source("shop")
    keys = {path.name: path.read_bytes() for path in house.keys.glob("*.key")}
    house.run("init")
    assert keys and {path.name: path.read_bytes() for path in house.keys.glob("*.key")} == keys
    with house.serve() as server:
        server.sender(shop).store(track("u1"))


def test_folders_are_for_their_owner_alone(make_house):
    house = make_house()
    house.add_source("shop")
    with house.serve():
        for path in [house.data, house.keys, *house.data.rglob("*"), *house.keys.rglob("*")]:
            others = stat.S_IMODE(path.lstat().st_mode) & 0o077
            assert not others, f"{path} can be read by others"


def test_without_its_key_a_region_is_not_opened(make_house):
    house = make_house()
    (house.keys / "eu.key").rename(house.root / "eu.key.elsewhere")
    refused = house.run("serve", "--listen", "127.0.0.1:0", check=False, timeout=30)
    assert refused.returncode != 0
    assert "eu" in refused.stderr


WRONG = {
    "no folder": ["serve", "--data", "{root}/nowhere"],
    "an unknown command": ["dance"],
    "an unknown option": ["serve", "--quickly"],
    "a source without purpose": ["source", "add", "--id", "x", "--touchpoint", "shop"],
    "an unknown purpose": ["source", "add", "--id", "x", "--touchpoint", "shop", "--purpose", "WorldDomination"],
    "an unknown basis": ["source", "add", "--id", "x", "--touchpoint", "shop", "--purpose", "CustomerCare:A7"],
    "an id that is taken": ["source", "add", "--id", "taken", "--touchpoint", "shop", "--purpose", "CustomerCare"],
    "a country that is none": ["source", "add", "--id", "x", "--touchpoint", "shop", "--purpose", "CustomerCare",
                               "--country", "Germany"],
    "an unknown role": ["token", "add", "--role", "king", "--name", "x"],
    "an unknown source": ["source", "rotate", "--id", "nobody"],
    "an address that is none": ["serve", "--listen", "somewhere"],
    "a missing file": ["import", "csv", "{root}/missing.csv", "--mapping", "online_retail"],
    "an unknown mapping": ["import", "csv", "{root}/missing.csv", "--mapping", "nonsense"],
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_command_says_what_is_wrong(make_house, case):
    house = make_house()
    house.add_source("taken")
    words = [word.format(root=house.root) for word in WRONG[case]]
    with pytest.raises(CommandFailed) as failed:
        house.run(*words, timeout=30)
    assert failed.value.code in (1, 2), failed.value
    assert 0 < len(failed.value.stderr) < 5_000
    assert "should not happen" not in failed.value.stderr


@pytest.mark.parametrize("case", ["an unknown basis", "an id that is taken", "an unknown role"])
def test_wrong_command_is_told_to_programs_as_json(make_house, case):
    house = make_house()
    house.add_source("taken")
    finished = house.run(*WRONG[case], "--format", "json", check=False)
    error = json.loads(finished.stderr.strip().splitlines()[-1])["error"]
    assert finished.stdout == ""
    assert error["code"] and error["detail"]


SETTINGS = {  # the file, and what the refusal names
    "misspelt": ("[server]\nlisten_on = '127.0.0.1:0'\n", "listen_on"),
    "of another type": ("[server]\nlisten = 8080\n", "listen"),
    "out of bounds": ("[server]\nio_threads = 0\n", "io_threads"),
    "not TOML": ("[server\n", "wrong.toml"),
    "keys in the data folder": ("[storage]\nkey_folder = 'DATA/keys'\n", "key_folder"),
    "a home that is no region": ("[regions]\nhome = 'moon'\n", "moon"),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_wrong_setting_is_refused(make_house, tmp_path, case):
    house = make_house()
    config = tmp_path / "wrong.toml"
    text, named = SETTINGS[case]
    config.write_text(text.replace("DATA", str(house.data)))
    finished = subprocess.run([*house.arguments("serve", "--listen", "127.0.0.1:0"), "--config", str(config)],
                              capture_output=True, text=True, timeout=30)
    assert finished.returncode != 0
    assert named in finished.stderr


def test_command_that_is_asked_for_help_gives_it(make_house):
    house = make_house()
    for words in (["--help"], ["source", "add", "--help"], ["import", "csv", "--help"], ["--version"]):
        finished = subprocess.run([house.arguments()[0], *words], capture_output=True, text=True, timeout=10)
        assert finished.returncode == 0
        assert finished.stdout
