"""Nothing personal in plain text at rest: a person who was taken in, looked at, searched for and looked at again stands
in no file of the data folder, of the key folder, nor in the log. First the scanner is shown to find that person where
planted."""

import base64
import hashlib
import json
import random
import subprocess
import urllib.parse

import pytest

import byte_scan
from harness import event, track

PERSON = {
    "email": "Quirinella.Zwetschgenbaum@kanarien-vogel.example",
    "phone": "+4915123456789",
    "phone as written": "0151 234-567 89",
    "first name": "Quirinella",
    "last name": "Zwetschgenbaum-Öttinger",
    "free text": "Der Lieferbote warf das Päckchen über den Gartenzaun, mein Dackel erschrak.",
    "word of the free text": "Gartenzaun",
    "street": "Wolkenkuckucksweg 17",
    "user id": "kundin-5550199-quirinella",
    "anonymous id": "3f9c1e7a-55aa-4b1e-9d2f-cafe5550199a",
    "property": "Vertragsnummer-ZX81-4711",
}

# Each writes a value down in one way, independently of how the scanner makes its needles.
WAYS = {
    "utf-8": lambda value: value.encode(),
    "utf-8 in JSON": lambda value: json.dumps({"value": value}, ensure_ascii=False).encode(),
    "ascii JSON": lambda value: json.dumps({"value": value}).encode(),
    "small letters": lambda value: value.lower().encode(),
    "capital letters": lambda value: value.upper().encode(),
    "utf-16 le": lambda value: value.encode("utf-16-le"),
    "utf-16 be": lambda value: value.encode("utf-16-be"),
    "base64, offset 0": lambda value: base64.b64encode(value.encode() + b"??"),
    "base64, offset 1": lambda value: base64.b64encode(b"x" + value.encode() + b"?"),
    "base64, offset 2": lambda value: base64.b64encode(b"xy" + value.encode()),
    "base64, offset 3": lambda value: base64.b64encode(b"xyz" + value.encode() + b"\xff\xfe\xfd"),
    "base64url": lambda value: base64.urlsafe_b64encode(b"\xfb\xff" + value.encode() + b"\xff\xfe"),
    "base64 of utf-16": lambda value: base64.b64encode(b"x" + value.encode("utf-16-le")),
    "hex": lambda value: value.encode().hex().encode(),
    "capital hex": lambda value: value.encode().hex().upper().encode(),
    "hex of utf-16": lambda value: value.encode("utf-16-be").hex().encode(),
    "query": lambda value: urllib.parse.urlencode({"key": f"email:{value}"}).encode(),
    "query, small hex": lambda value: b"".join(f"%{byte:02x}".encode() for byte in value.encode()),
    "path": lambda value: urllib.parse.quote(value).encode(),
    "sha256": lambda value: hashlib.sha256(value.encode()).digest(),
    "sha256 of small letters, hex": lambda value: hashlib.sha256(value.lower().encode()).hexdigest().encode(),
    "sha256, base64": lambda value: base64.b64encode(b"a" + hashlib.sha256(value.encode()).digest()),
    "md5, capital hex": lambda value: hashlib.md5(value.encode()).hexdigest().upper().encode(),
    "md5 of small letters": lambda value: hashlib.md5(value.lower().encode()).digest(),
    "sha1, hex": lambda value: hashlib.sha1(value.encode()).hexdigest().encode(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", PERSON)
def test_scanner_finds_what_is_planted(tmp_path, way, what):
    around = random.Random(f"{way} {what}")
    planted = around.randbytes(70_001) + WAYS[way](PERSON[what]) + around.randbytes(5_003)
    (tmp_path / "deep" / "down").mkdir(parents=True)
    (tmp_path / "deep" / "down" / "data.db-wal").write_bytes(planted)
    found = byte_scan.scan([tmp_path], {what: PERSON[what]})
    assert found, f"{what} was planted as {way} and not found"


def test_scanner_finds_names_of_files(tmp_path):
    (tmp_path / f"{PERSON['email']}.json").touch()
    assert byte_scan.scan([tmp_path], PERSON)


def test_scanner_finds_nothing_in_noise(tmp_path):
    (tmp_path / "noise").write_bytes(random.Random(1).randbytes(8_000_000))
    assert byte_scan.scan([tmp_path], PERSON) == []


def person_events() -> list[dict]:
    """The person in every place where a client may put one; often, so that some copy would lie within one page."""
    traits = {"email": PERSON["email"], "phone": PERSON["phone as written"], "firstName": PERSON["first name"],
              "lastName": PERSON["last name"], "name": f"{PERSON['first name']} {PERSON['last name']}",
              "address": {"street": PERSON["street"], "country": "DE"}}
    ids = {"userId": PERSON["user id"], "anonymousId": PERSON["anonymous id"]}
    events = [event("identify", **ids, traits=traits), event("alias", **ids, previousId=PERSON["anonymous id"])]
    for number in range(25):
        events.append(event("track", **ids, event="Complaint Sent", context={"traits": traits, "ip": "203.0.113.77"},
                            properties={"text": PERSON["free text"], "contract": PERSON["property"], "number": number}))
    events.append(event("page", **ids, name="Mein Konto", properties={
        "url": f"https://shop.example/konto?mail={urllib.parse.quote(PERSON['email'])}"}))
    events.append(event("group", **ids, groupId="household-1", traits={"name": PERSON["last name"]}))
    return events


def look_at(server):
    """Finds the person by every key and by words of the name, and reads everything there is to read. By what it was
    found."""
    keys = [f"email:{PERSON['email']}", f"email:{PERSON['email'].lower()}", f"phone:{PERSON['phone']}",
            f"user_id:{PERSON['user id']}", f"anonymous_id:{PERSON['anonymous id']}"]
    names = [PERSON["first name"], PERSON["last name"].split("-")[0].lower(), PERSON["first name"][:4]]
    searches = {key: server.customers(key) for key in keys} | {name: server.customers_named(name) for name in names}
    for customers in searches.values():
        for customer in customers:
            server.read(f"/api/v1/customers/{customer['id']}")
            server.read(f"/api/v1/customers/{customer['id']}/uses")
            server.timeline_of(customer["id"])
    return {search for search, customers in searches.items() if customers}


def send_what_is_refused(server, source):
    """What a server might write into its log while it says no."""
    sender = server.sender(source)
    sender.post("/v1/track", ('{"userId":"' + PERSON["user id"] + '","traits":{"email":"' + PERSON["email"]).encode())
    sender.post("/v1/batch", {"batch": [{"type": "track", "event": 5, "userId": {"email": PERSON["email"]}}]})
    sender.single(track("x" * 20_000 + PERSON["email"], text=PERSON["free text"]))
    sender.single({**track(PERSON["user id"]), "messageId": PERSON["email"] * 5})
    server.session.get(f"{server.url}/v1/{urllib.parse.quote(PERSON['email'])}", timeout=10)
    server.session.get(f"{server.url}/api/v1/customers", params={"key": f"nonsense:{PERSON['email']}"}, timeout=10)
    server.session.get(f"{server.url}/api/v1/customers/{urllib.parse.quote(PERSON['email'])}", timeout=10)
    server.session.post(f"{server.url}/api/v1/customers", params={"email": PERSON["email"]}, timeout=10,
                        headers={"User-Agent": PERSON["email"], "traceparent": PERSON["email"]})


def insist_on_nothing(house, moment: str):
    found = byte_scan.scan([house.data, house.keys, *house.root.glob("*.log")], PERSON)
    assert not found, f"{moment}: {byte_scan.report(found)}"


def test_no_byte_of_a_person_stands_in_any_file(make_house):
    house = make_house()
    shop = house.add_source("shop", more=("--namespace", "group"))
    app = house.add_source("app", trust="public", touchpoint="app", more=("--namespace", "group"))
    with house.serve() as server:
        server.sender(shop).store(*person_events())
        server.sender(app).batch(person_events())
        for item in person_events():
            server.sender(shop).single(item)
        found = look_at(server)
        assert len(found) == 8, f"the person is found by {found} only"
        send_what_is_refused(server, shop)
        insist_on_nothing(house, "while the server runs")
        assert house.run("source", "list", "--format", "json").returncode == 0
        house.run("doctor", check=False)
        server.sender(shop).store(*person_events())
        server.kill()
    assert any(path.stat().st_size > 0 for path in house.data.rglob("*-wal")), "there is no write-ahead log to look at"
    insist_on_nothing(house, "after kill -9")
    with house.serve() as server:
        assert look_at(server) == found
        insist_on_nothing(house, "after the restart")
    insist_on_nothing(house, "after a graceful stop")


MAPPING = """
name = "notes"
[file]
delimiter = ";"
[group]
by = ["Number"]
message_id = "note:{Number}"
[[skip]]
reason = "empty"
when = [{column = "Text", is = ""}]
[[event]]
name = "Note Taken"
[time]
column = "At"
format = "%Y-%m-%d %H:%M:%S"
zone = "Europe/Berlin"
[[identity]]
column = "Customer"
kind = "user_id"
[[identity]]
column = "Mail"
kind = "email"
[properties]
text = {column = "Text"}
"""


def test_no_byte_of_an_imported_person_stands_in_any_file(make_house, tmp_path):
    lines = [f"{number};{PERSON['user id']};{PERSON['email']};{PERSON['free text']};2026-01-02 03:04:05"
             for number in range(25)]
    lines += [f"98;{PERSON['user id']};{PERSON['email']};;2026-01-02 03:04:05",
              f"99;{PERSON['user id']};{PERSON['email']};{PERSON['free text']};yesterday"]
    table, mapping, rejected = (tmp_path / name for name in ("notes.csv", "notes.toml", "rejected.csv"))
    table.write_text("\n".join(["Number;Customer;Mail;Text;At", *lines, ""]))
    mapping.write_text(MAPPING)
    house = make_house()
    house.add_source("till")
    report = house.json("import", "csv", str(table), "--mapping", str(mapping), "--source", "till",
                        "--report", str(rejected))
    assert (report["stored"], report["rejected_lines"]) == (25, 2), report
    insist_on_nothing(house, "after an import")
    found = byte_scan.scan([rejected], PERSON)
    assert not found, f"the report of rejected lines: {byte_scan.report(found)}"


@pytest.mark.parametrize("storage", ["postgresql"], indirect=True)
def test_no_byte_of_a_person_stands_in_a_dump_of_postgresql(make_house, storage, tmp_path):
    house = make_house(storage)
    shop = house.add_source("shop")
    with house.serve() as server:
        server.sender(shop).store(*person_events())
        assert look_at(server)
    url = storage.split('"')[1]
    dump = tmp_path / "dump.sql"
    subprocess.run(["pg_dump", url, "--file", str(dump)], check=True)
    assert dump.stat().st_size > 10_000, "the dump holds nothing to look through"
    found = byte_scan.scan([dump, house.data, house.keys, house.log], PERSON)
    assert not found, byte_scan.report(found)
