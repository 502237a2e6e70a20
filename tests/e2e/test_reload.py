"""Settings are read again without a restart: by command and by SIGHUP, as a whole or not at all."""

import json
import signal
import socket
import ssl
import subprocess

import pytest
import requests

from harness import CommandFailed, wait_until

SETTINGS = "[log]\nlevel = \"info\"\n"


def lines(house, message: str) -> list[dict]:
    said = [json.loads(line) for line in house.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in said if line["message"] == message]


def test_a_setting_changes_while_the_server_runs(make_house):
    house = make_house(SETTINGS)
    with house.serve() as server:
        assert server.get("/api/v1/roles").status_code == 200
        assert not lines(house, "request")
        house.config.write_text("[log]\nlevel = \"debug\"\n[server]\nworker_threads = 2\n")
        changed = house.json("reload")
        assert changed == {"changed": ["log.level"], "need_restart": ["server.worker_threads"]}
        assert server.get("/api/v1/roles").status_code == 200
        assert wait_until(lambda: lines(house, "request"), what="a line of level debug")
        assert house.json("reload") == {"changed": [], "need_restart": ["server.worker_threads"]}
        house.config.write_text("[limits]\nrequests_per_second = 1\nrequests_burst = 2\n")
        assert "limits.requests_per_second" in house.json("reload")["changed"]
        assert 429 in [server.get("/api/v1/roles").status_code for _ in range(4)]


def test_a_wrong_setting_changes_nothing_and_is_named(make_house):
    house = make_house(SETTINGS)
    with house.serve() as server:
        house.config.write_text("[log]\nlevel = \"loud\"\n[limits]\nrequests_per_second = 1\nrequests_burst = 1\n"
                                "[server]\ntrusted_proxies = [\"10.0.0.0/99\"]\ncors_origins = [\"shop\"]\n")
        with pytest.raises(CommandFailed) as failed:
            house.run("reload")
        for named in ("/log/level", "/server/trusted_proxies", "10.0.0.0/99", "/server/cors_origins"):
            assert named in failed.value.stderr
        assert {server.get("/api/v1/roles").status_code for _ in range(5)} == {200}
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: lines(house, "the settings were not reloaded; everything stays as it was"))
        assert any("trusted_proxies" in line["setting"] for line in lines(house, "a setting is wrong"))
        house.config.write_text("[log]\nlevel = \"debug\"\n")
        server.process.send_signal(signal.SIGHUP)
        reloaded = wait_until(lambda: lines(house, "the settings were reloaded"))
        assert reloaded[-1]["changed"] == "log.level"


def test_reload_without_a_server_says_so(make_house):
    with pytest.raises(CommandFailed) as failed:
        make_house().run("reload")
    assert "No server runs" in failed.value.stderr


def test_trusted_proxies_change_while_the_server_runs(make_house):
    """Seen from outside by whose failures are counted together."""
    house = make_house("[limits]\nrefusals_per_second = 1\nrefusals_burst = 2\n")
    with house.serve() as server:
        def ask(address):
            headers = {"X-Forwarded-For": address}
            return requests.get(f"{server.url}/api/v1/roles", headers=headers, timeout=10).status_code

        assert 429 in [ask(f"192.0.2.{number}") for number in range(5)]  # all the same peer
        house.config.write_text(house.config.read_text() + "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n")
        house.run("reload")
        assert {ask(f"192.0.2.{number}") for number in range(5)} == {401}


# --- certificates -----------------------------------------------------------------------------------------------------

def make_certificate(folder, name: str):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"), "-days", "2",
                    "-subj", f"/CN={name}"], check=True, capture_output=True)


def certificate_of(port: int) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain, context.wrap_socket(plain) as secure:
        return secure.getpeercert(binary_form=True)


def test_a_new_certificate_is_used_and_a_bad_one_is_not(make_house, tmp_path):
    make_certificate(tmp_path, "first")
    house = make_house(f"[server]\ntls_certificate = \"{tmp_path}/cert.pem\"\ntls_key = \"{tmp_path}/key.pem\"\n")
    with house.serve() as server:
        first = certificate_of(server.port)
        make_certificate(tmp_path, "second")
        house.run("reload")
        second = certificate_of(server.port)
        assert second != first
        key = (tmp_path / "key.pem").read_text()
        make_certificate(tmp_path, "third")
        (tmp_path / "key.pem").write_text(key)  # of another certificate
        with pytest.raises(CommandFailed) as failed:
            house.run("reload")
        assert "cert.pem" in failed.value.stderr
        assert certificate_of(server.port) == second
