"""Thousands of connections that are slow on purpose: whoever is quick is served, and memory stays bounded."""

import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from harness import track
from load import Load, check

PROGRAM = Path(__file__).with_name("slow_clients.py")
MANY = 10_000
MOST_MEMORY = 600 << 20  # of the server, with 10,000 connections


def slow_connections(kind: str, port: int, count: int) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, str(PROGRAM), str(port), kind, str(count)], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)


def answer_times(server, shop, key: str) -> list[float]:
    """Of new connections, as of customers who come now: an event, and a customer's page."""
    times = []
    for number in range(60):
        began = time.monotonic()
        sent = requests.post(f"{server.url}/v1/track", auth=(shop.write_key, ""), timeout=20,
                             json=track("quick", "Loaded", number=10_000_000 + number))
        assert sent.status_code == 200, sent.text[:300]
        looked = requests.get(f"{server.url}/api/v1/customers", params={"key": key}, timeout=20,
                              headers=server.session.headers)
        assert looked.status_code == 200, looked.text[:300]
        times.append(time.monotonic() - began)
    return times


def memory_of(server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) << 10


def told(name: str, times: list[float]) -> str:
    ordered = sorted(times)
    return (f"{name}: median {statistics.median(ordered) * 1000:.1f} ms, "
            f"p95 {ordered[int(len(ordered) * 0.95)] * 1000:.1f} ms, longest {ordered[-1] * 1000:.1f} ms")


@pytest.mark.parametrize("kind", ["head", "body", "reader", "idle"])
def test_slow_connections_do_not_starve_the_rest(make_house, kind, request):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    long = bool(request.config.getoption("--kills"))
    count = min(MANY, hard - 500)
    if count < 500:
        pytest.skip(f"this machine allows a process {hard} open files")
    house = make_house()
    shop = house.add_source("shop")
    with house.serve() as server:
        before = answer_times(server, shop, "user_id:quick")
        slow = slow_connections(kind, server.port, count)
        try:
            assert slow.stdout.readline().startswith("open "), "the connections could not be made"
            time.sleep(1)
            during = answer_times(server, shop, "user_id:quick")
            load = Load(clients=2)
            load.start(server, shop, until_gone=False)
            time.sleep(6 if long else 1)
            load.stop()
            memory = memory_of(server)
        finally:
            opened, _ = slow.communicate()
        print(f"\n{count} x {kind}: {opened.split()[-1]} opened in all, {memory >> 20} MiB\n"
              f"  {told('without', before)}\n  {told('with', during)}")
        load.retry(server, shop)
        check(server, load, complete=False)
        assert load.acknowledged > 20
        assert memory < MOST_MEMORY
