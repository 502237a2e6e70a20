"""A year of a real web shop's till data: what is imported equals what a few lines of Python compute from the file.

The file is not ours and not in the repository: ../shared/data/retail, or where HANDSCHLAG_SHARED points.
"""

import csv
import lzma
import os
import re
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from harness import House, Server, shared_folder

LINES = 541_909
GOAL_SECONDS = 30
SOURCE = "online-retail"  # the mapping's own
# Each name of a country in the file. "EIRE" is Ireland, "RSA" South Africa; the Channel Islands count as Jersey; the
# last two say nothing.
COUNTRIES = {
    "Australia": "AU", "Austria": "AT", "Bahrain": "BH", "Belgium": "BE", "Brazil": "BR", "Canada": "CA",
    "Channel Islands": "JE", "Cyprus": "CY", "Czech Republic": "CZ", "Denmark": "DK", "EIRE": "IE", "Finland": "FI",
    "France": "FR", "Germany": "DE", "Greece": "GR", "Hong Kong": "HK", "Iceland": "IS", "Israel": "IL", "Italy": "IT",
    "Japan": "JP", "Lebanon": "LB", "Lithuania": "LT", "Malta": "MT", "Netherlands": "NL",
    "Norway": "NO", "Poland": "PL", "Portugal": "PT", "RSA": "ZA", "Saudi Arabia": "SA", "Singapore": "SG",
    "Spain": "ES", "Sweden": "SE",
    "Switzerland": "CH", "USA": "US", "United Arab Emirates": "AE", "United Kingdom": "GB",
    "European Community": None, "Unspecified": None}


@pytest.fixture(scope="session")
def packed() -> Path:
    path = shared_folder() / "data" / "retail" / "online_retail.csv.xz"
    if not path.exists():
        pytest.skip(f"the retail data is missing: {path}; HANDSCHLAG_SHARED names another folder")
    return path


@pytest.fixture(scope="session")
def table(packed, tmp_path_factory) -> Path:
    unpacked = tmp_path_factory.mktemp("retail") / "online_retail.csv"
    unpacked.write_bytes(lzma.decompress(packed.read_bytes()))
    return unpacked


# --- the truth, computed from the file alone -------------------------------------------------------------------------

def lines_of(table: Path) -> Iterator[dict]:
    with table.open(encoding="utf-8", newline="") as opened:
        yield from csv.DictReader(opened)


def is_left_out(line: dict) -> bool:
    """Write-offs of bad debt, and goods taken off the books: nothing that a customer did."""
    invoice = line["InvoiceNo"]
    return invoice.startswith("A") or (not invoice.startswith("C") and int(line["Quantity"]) < 0)


@pytest.fixture(scope="session")
def truth(table) -> dict:
    """(measure, country, whether a customer is known) → (invoices, money)."""
    invoices, money = defaultdict(set), defaultdict(Decimal)
    for line in lines_of(table):
        if is_left_out(line):
            continue
        measure = "cancellations" if line["InvoiceNo"].startswith("C") else "orders"
        key = (measure, COUNTRIES[line["Country"]], line["CustomerID"] != "")
        invoices[key].add(line["InvoiceNo"])
        money[key] += int(line["Quantity"]) * Decimal(line["UnitPrice"])
    return {key: (len(invoices[key]), money[key]) for key in invoices}


@pytest.fixture(scope="session")
def customers_of_countries(table) -> dict:
    """Country → customers; a customer who has two belongs to that of the first line. Unknown is a country too."""
    first = {}
    for line in lines_of(table):
        if line["CustomerID"] and not is_left_out(line):
            first.setdefault(line["CustomerID"], COUNTRIES[line["Country"]])
    counted = defaultdict(int)
    for country in first.values():
        counted[country] += 1
    return dict(counted)


# --- what is read back -----------------------------------------------------------------------------------------------

def totals(server: Server) -> dict:
    """The same, as the server has it."""
    added = {}
    for item in server.pages("/api/v1/events/totals", source=SOURCE):
        if item["measure"] != "events":
            assert item["currency"] == "GBP"
            added[(item["measure"], item["country"], item["linked"])] = (item["events"], Decimal(item["amount"]))
    return added


def check(server: Server, truth: dict, customers_of_countries: dict):
    stored = totals(server)
    assert stored.keys() == truth.keys()
    assert {key: value for key, value in stored.items() if value != truth[key]} == {}
    counted = {item["country"]: item["customers"]
               for item in server.pages("/api/v1/customers/countries", source=SOURCE)}
    assert counted == customers_of_countries


def import_table(house: House, table: Path, **options) -> dict:
    return house.json("import", "csv", str(table), "--mapping", "online_retail", timeout=900, **options)


def test_totals_equal_those_computed_from_the_file(make_house, table, truth, customers_of_countries, capsys):
    house = make_house()
    begun = time.monotonic()
    report = import_table(house, table)
    seconds = time.monotonic() - begun
    with capsys.disabled():
        print(f"\nretail: {report['lines']:,} lines in {seconds:.1f} s (goal: under {GOAL_SECONDS} s), "
              f"{report['stored']:,} events of people, {report['unlinked']:,} of nobody known")
    assert report["lines"] == LINES
    assert report["stored"] + report["unlinked"] == sum(invoices for invoices, _ in truth.values())
    assert report["rejected_lines"] == sum(is_left_out(line) for line in lines_of(table))
    with house.serve() as server:
        check(server, truth, customers_of_countries)
        check_one_invoice(server, table)
        again = import_table(house, table)
        assert (again["stored"], again["unlinked"]) == (0, 0), "the second import adds nothing"
        check(server, truth, customers_of_countries)


def check_one_invoice(server: Server, table: Path):
    """One customer's every invoice, with its products, as the file has them."""
    mine = defaultdict(list)
    for line in lines_of(table):
        if line["CustomerID"] == "12347.0":
            mine[line["InvoiceNo"]].append((line["StockCode"], int(line["Quantity"]), Decimal(line["UnitPrice"])))
    stored = {item["properties"]["order_id"]: item["properties"] for item in server.timeline("user_id:12347")}
    assert stored.keys() == mine.keys()
    for invoice, products in mine.items():
        told = [(product["sku"], product["quantity"], Decimal(str(product["price"])))
                for product in stored[invoice]["products"]]
        assert told == products


def start_import(house: House, table: Path) -> subprocess.Popen:
    """Runs until it says that the first events are committed."""
    running = house.popen("import", "csv", str(table), "--mapping", "online_retail", stderr=subprocess.PIPE)
    said = b""
    while not re.search(rb"[1-9]\d* events", said):
        said += os.read(running.stderr.fileno(), 4096)
        assert running.poll() is None, f"the import ended: {said[-500:]}"
    return running


@pytest.mark.parametrize("kills", [1, 3])
def test_killed_import_goes_on_where_it_was(make_house, table, truth, customers_of_countries, kills):
    house = make_house()
    for _ in range(kills):
        running = start_import(house, table)
        running.kill()
        running.wait()
    report = import_table(house, table)
    assert report["stored"] + report["unlinked"] + report["duplicates"] + report["resumed"] == report["events"]
    assert report["duplicates"] + report["resumed"] > 0, "nothing was left of the killed import"
    with house.serve() as server:
        check(server, truth, customers_of_countries)


def test_interrupted_import_says_so_and_can_be_resumed(make_house, table, truth, customers_of_countries):
    house = make_house()
    running = start_import(house, table)
    running.send_signal(signal.SIGINT)
    assert running.wait(30) == 128 + signal.SIGINT, "an import that did not end is no success"
    import_table(house, table)
    with house.serve() as server:
        check(server, truth, customers_of_countries)


def test_import_beside_a_running_server_that_is_killed(make_house, table, truth, customers_of_countries):
    """The command works through the server; when that dies the import fails, and its next run completes the work."""
    house = make_house()
    server = house.serve()
    running = start_import(house, table)
    assert totals(server), "they are seen while the import runs"
    server.kill()
    assert running.wait(60) != 0
    with house.serve() as again:
        import_table(house, table)
        check(again, truth, customers_of_countries)
