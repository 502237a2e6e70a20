#!/usr/bin/python3
"""What the fuzz targets begin with: small inputs that reach far into the code, and words worth trying.

Usage: seeds.py FOLDER        writes FOLDER/TARGET/NN for each seed, and FOLDER/TARGET.dict where there are words

Written here and not as files, so that they can be read and changed: carriage returns, compressed and broken bytes are
seen as what they are. Inputs that once made a target fail are files in regressions/TARGET/, and stay.
"""

import gzip
import json
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def text_of(path):
    return (ROOT / path).read_bytes()


def http(*lines, body=b""):
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def as_json(value):
    return json.dumps(value, ensure_ascii=False).encode()


TRACK = {"type": "track", "userId": "42", "event": "Order Completed", "messageId": "m-1",
         "timestamp": "2026-11-20T10:00:00.000Z", "sentAt": "2026-11-20T10:00:05Z",
         "properties": {"total": 59.90, "currency": "EUR", "email": "a@example.org", "products": [{"sku": "b-7"}]},
         "context": {"consent": {"categoryPreferences": {"Analytics": True, "marketing": False}},
                     "location": {"country": "DE"}, "ip": "192.0.2.1", "device": {"id": "d-1"}}}
IDENTIFY = {"type": "identify", "anonymousId": "a-1", "userId": 7,
            "traits": {"email": "Anna@Example.org", "phone": "0171 2345678", "address": {"country": "at"}}}
SOURCE = {"id": "shop", "touchpoint": "checkout", "name": "The shop", "namespace": "s", "controller": "self",
          "country": "DE", "trust": "server", "mode": "live", "enabled": True,
          "purposes": ["CustomerOrderManagement", "ServiceUsageAnalytics:A6-1-a"],
          "consent_categories": {"statistics": ["ServiceUsageAnalytics"]},
          "plan": {"events": {"Order Completed": ["total"], "$page": ["*"]}, "unlinked_properties": ["total"]},
          "cors_origins": ["https://shop.example"]}

BAKERY = b"""name = "bakery"
[file]
delimiter = ";"
decimal_mark = ","
encoding = "windows-1252"
[group]
by = ["Bon"]
window_lines = 3
[[skip]]
reason = "drawer"
when = [{column = "Menge", below = 0}, {column = "Bon", begins_not_with = "S"}]
[[event]]
name = "Order Cancelled"
when = [{column = "Bon", begins_with = "S"}]
[[event]]
name = "Order Completed"
[time]
column = "Datum"
format = "%d.%m.%Y %H:%M"
zone = "Europe/Berlin"
pick = "earliest"
[[identity]]
column = "Karte"
kind = "card_number"
none = ["9999"]
[money]
currency = "EUR"
[products]
sku = "Artikel"
quantity = "Menge"
price = "Preis"
[properties]
order_id = {column = "Bon"}
till = 3
[source]
id = "bakery"
touchpoint = "shop"
purposes = ["CustomerOrderManagement"]
"""
BAKERY_FILE = '''
--- file ---
Bon;Datum;Artikel;Menge;Preis;Karte
4711;24.12.2025 08:15;Stollen;1;12,90;30051
4711;24.12.2025 08:15;"Brezel ""groß""";4;0,85;30051
4712;24.12.2025 08:17;Brezel;2;0,85;
S4713;26.10.2025 02:30;Stollen;-1;12,90;30051
4714;x;Stollen;1;12,90;9999
4711;24.12.2025 08:15;zu spät;1;1;30051
'''.encode("windows-1252")

QUESTION = {"use": "contact", "purpose": "DirectMarketing", "basis": "A6-1-f", "channel": "email",
            "categories": ["special"],
            "at": "2026-11-22T10:00:00Z", "consent": {"state": "given", "strength": "stated", "explicit": True,
                                                      "given_at": "2026-11-01T00:00:00Z"},
            "person": {"country": "KR", "age": 15, "guardian": False, "time_zone": "Asia/Seoul", "for_children": True},
            "sale": {"address_from_sale": True, "own_similar_goods": True, "at": "2026-10-01T00:00:00Z"},
            "register": "clear", "tells_objection": True, "stored_for": ["DirectMarketing"], "to_country": "US"}
SETTINGS = b"""[server]
listen = "[::1]:8080"
worker_threads = 8
trusted_proxies = ["10.0.0.0/8"]
[storage]
key_folder = "/srv/keys"
[regions]
home = "ch"
[[regions.list]]
id = "ch"
countries = ["CH", "LI"]
[identity]
identities_per_value = 5
[log]
level = "warning"
"""

TRACEPARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
HOST = "Host: shop.example"


def report(kind, *parts):
    """Mail that a mail server sends back: multipart/report, of parts each with its type."""
    lines = ["From: MAILER-DAEMON@mx.example", "To: bounces+00@mail.shop.example", "Subject: Undelivered",
             f'Content-Type: multipart/report; report-type={kind}; boundary="b"', "MIME-Version: 1.0", ""]
    for type_, body in parts:
        lines += ["--b", f"Content-Type: {type_}", "", body]
    return "\r\n".join([*lines, "--b--", ""]).encode()


LONG = {"a": {"b": [1, -2.5e-3, True, None, "\u00e9\U0001f600"]}, "id": "x", "list": ["a", "bb"], "count": 3,
        "nested": {"n": 5}, "on": False}

SEEDS = {
    "unsubscribe_link_fuzz": [b'[42,"DirectMarketing","email","email","@self","anna@example.org"]', b"[1]", b"AQEAAA",
                              b'[1,"SatisfactionSurvey","sms","phone","@self","+4930123456"]', b"[0,1,2,3,4,5]"],
    "base_cursor_fuzz": [b"", b"cbf29ce484222325\naudit", b"0" * 16 + b"f" * 16 + b"\nevents|source=shop", b"x\n"],
    "base_values_fuzz": [b"2026-11-21T21:38:27.620Z", b"2024-02-29", b"1970-01-01 00:00:00+01:00", b"-0.125",
                         b"9223372036854.775807", b"1.234,50", b"EUR", b"9999-12-31T23:59:60Z"],
    "json_parse_fuzz": (JSON := [as_json(LONG), as_json(TRACK), b'"\\ud83d\\ude00\\ud83d"', b"[" * 70, b'{"a":1e400}',
                        b'{"a":1,"a":2}', b"\xef\xbb\xbf{}", b'["\xff"]', b"-0", b"18446744073709551616"]),
    "json_tree_fuzz": [*JSON, b'{"a":1,"a":null,"\\u0061":"x"}', b"1.0", b" 1e5 ", b'"\\u0000"', b'"\\ud83d\\ude00"'],
    "config_toml_fuzz": [SETTINGS, BAKERY, b"a = 1979-05-27T07:32:00Z\nb = 07:32:00\nc = 0x1f\nd = inf\n",
                         b"a.b.c = [[1, 2], ['x']]\n[a.b]\nd = '''x'''\n", b'"\\u00e9" = """\\\n x"""\n'],
    "crypto_envelope_fuzz": [b"eu-1|events\nhello", b"\n\x01\x01" + b"n" * 24 + b"c" * 20, b"aGVsbG8", b"aGVsbG8=\n",
                             b"\n\x02\x01", b"context only\n"],
    "http_target_fuzz": [b"/v1/batch?writeKey=k&a=%20b+c", b"http://h:80/a/%2e%2e/b", b"*", b"/a%00", b"/%ff",
                         b"//x/?=&&a", b"/api/v1/customers/eu-1/timeline?limit=2"],
    "http_headers_fuzz": [b"1.2.3.4, 10.0.0.1", b'for="[2001:db8::1]:4711";proto=https, for=10.0.0.2', TRACEPARENT,
                          TRACEPARENT.replace(b"00-", b"cc-", 1) + b"-more", b"unknown, _hidden", b"::ffff:1.2.3.4"],
    "http_compression_fuzz": [gzip.compress(b"hello" * 50, mtime=0), zlib.compress(b"hello" * 50),
                              gzip.compress(b"\0" * 200_000, mtime=0), zlib.compress(b"x")[2:-4],
                              gzip.compress(b"a", mtime=0) * 2, b"gzip;q=0, *;q=0.5", b"plain"],
    "http_request_fuzz": [
        http("GET / HTTP/1.1", HOST),
        http("POST /v1/batch HTTP/1.1", HOST, "Content-Length: 2", body=b"{}"),
        http("POST /v1/batch HTTP/1.1", HOST, "Transfer-Encoding: chunked", body=b"2;x=y\r\n{}\r\n0\r\nT: x\r\n\r\n"),
        http("POST /v1/batch HTTP/1.1", HOST, "Transfer-Encoding: chunked", "Content-Length: 3", body=b"0\r\n\r\n"),
        http("GET /api/v1/things/a%20b?x=1&y=%C3%A9 HTTP/1.1", HOST, "Origin: https://a.example",
             f"traceparent: {TRACEPARENT.decode()}") + http("HEAD / HTTP/1.1", HOST),
        http("POST /v1/batch HTTP/1.1", HOST, "Expect: 100-continue", "Content-Length: 2", body=b"{}"),
        http("OPTIONS /v1/batch HTTP/1.1", HOST, "Origin: https://a.example", "Access-Control-Request-Method: POST",
             "Access-Control-Request-Headers: content-type"),
        http("POST /v1/batch HTTP/1.1", HOST, "Content-Encoding: gzip", f"Content-Length: {len(gzip.compress(b'{}'))}",
             body=gzip.compress(b"{}", mtime=0)),
        http("GET / HTTP/1.0", "Connection: keep-alive", "X-Forwarded-For: 1.2.3.4"),
        http("GET http://h/ HTTP/1.1", HOST, "Accept-Encoding: gzip", "If-None-Match: \"x\""),
        b"GET /\r\n\r\n", b"\x16\x03\x01\x00\x05hello", http("PRI * HTTP/2.0"),
    ],
    "identity_key_fuzz": [b"DE0171 2345678", b"DE+49 171 2345678", b"  Anna@Ex\xc3\xa4mple.org", b"xxemail:a@b.example",
                          b"USguest", b"FR 42 ", "DE@möwe_moos".encode(), "TRİSTANBUL ﬁ ß".encode(), b"DE\xff\xfe"],
    "sources_codec_fuzz": [as_json(SOURCE), as_json(SOURCE["plan"]), as_json(SOURCE["consent_categories"]),
                           as_json({"declared": False})],
    "consent_imports_lines_fuzz": [
        b"0key_kind,key,act,purpose,channel,said_at,declaration,evidence,strength\n"
        b"email,a@b.de,given,DirectMarketing,email,2025-03-01,Ja,Formular,confirmed\n"
        b"phone,0401,refused,DirectMarketing,none,2026-11-23,,,\nx\n",
        b'1{"key_kind":"email","key":"a@b.de","act":"withdrawn","purpose":"DirectMarketing","channel":"email"}\n\n'
        b'{"explicit":true}\n[]'],
    "imports_csv_fuzz": [b"0a,b\r\n1,\"x\"\"y\"\n", b"1a;b\n\n\"1;\n2\";3", b"0\xef\xbb\xbfa\n\"lost,quote\nb\n",
                         b"0" + b"x" * 80 + b"\n1,2\n"],
    "imports_time_format_fuzz": [b"%Y-%m-%d %H:%M:%S\n2025-12-24 08:15:59", b"%d.%m.%y %H:%M\n29.2.24 2:30",
                                 b"%m/%d/%Y %I:%M %p\n3/30/2025 2:30 AM", b"%%%Y%m%d\n%20251026"],
    "imports_mapping_fuzz": [BAKERY + BAKERY_FILE, text_of("src/features/imports/mappings/online_retail.toml")
                             + b"\n--- file ---\nInvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,"
                             b"CustomerID,Country\n1,a,b,1,2010-12-01 08:26:00,2.55,17850.0,EIRE\n"],
    "events_wire_fuzz": [as_json(TRACK), as_json(IDENTIFY), as_json({"batch": [TRACK, IDENTIFY, {"type": "page"}],
                         "sentAt": "2026-11-20T10:00:05Z", "context": {"location": {"country": "FR"}}}),
                         as_json({"type": "alias", "userId": "1", "previousId": "2", "context": {
                             "consentManagement": {"allowedConsentIds": ["Analytics"], "deniedConsentIds": []}}})],
    "law_document_fuzz": [text_of(f"src/features/law/jurisdictions/{code}.toml")
                          for code in ("de", "eu", "us-ca", "kr")],
    "rulebook_question_fuzz": [as_json(QUESTION), as_json({"use": "store", "purpose": "ServiceUsageAnalytics"})],
    "mail_compose_fuzz": [
        "Grüße\x1eAnna\x1eanna@example.org\x1eIhre Bestätigung\x1eGuten Tag\r\n.\n\x1e<p>Hallo</p>\x1ede\x1e"
        "https://shop.example/u/a".encode(), b"\x1e\x1ea@b\x1e=?UTF-8?B?AA==?=\x1e--=_x =\n"],
    "mail_report_fuzz": [
        report("delivery-status", ("text/plain", "I'm sorry."),
               ("message/delivery-status", "Reporting-MTA: dns; mx.example\r\n\r\n"
                "Final-Recipient: rfc822; a@b.example\r\n"
                "Action: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; 550-5.1.1 <a@b.example>\r\n unknown\r\n"),
               ("message/rfc822", "Return-Path: <bounces+01@mail.shop.example>\r\nSubject: x\r\n\r\nhello")),
        report("feedback-report", ("message/feedback-report", "Feedback-Type: abuse\r\nVersion: 1\r\n"
               "Original-Mail-From: <bounces+02@mail.shop.example>\r\n"),
               ("text/rfc822-headers", "Return-Path: <bounces+02@mail.shop.example>\r\n")),
        report("delivery-status", ("message/delivery-status\r\nContent-Transfer-Encoding: base64",
                                   "QWN0aW9uOiBkZWxheWVkDQpTdGF0dXM6IDQuMi4yDQo=")),
        http("From: a@b.example", "Auto-Submitted: auto-replied", "Subject: I am away", body=b"Back on Monday.\r\n"),
    ],
    "app_settings_fuzz": [SETTINGS, b"[server]\nlisten = ':0'\n", b"[storage]\nkey_folder = '/srv/fuzz/data/x/../k'\n"],
}


def keys_of(*values):
    """The names of all members, as words to try."""
    words, rest = set(), list(values)
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            words.update(value)
        rest.extend(value.values() if isinstance(value, dict) else value if isinstance(value, list) else [])
    return sorted(f'"{word}":' for word in words)


def keys_of_toml(text):
    return sorted({line.split(b"=")[0].strip().decode("latin-1") for line in text.splitlines() if line.strip()})


WORDS = {
    "base_values_fuzz": ["T", "Z", "+01:00", "1970", "9999-12-31", ".000001"],
    "json_parse_fuzz": ["\\ud800", "\\udc00", "1e308", "null", "true", '"id":', '"a/b~c":', '"list":', '"nested":'],
    "json_tree_fuzz": ["\\ud800", "1e308", "null", "true", "0.1", "-0.0", "\\u0000"],
    "config_toml_fuzz": ["[[", "]]", '"""', "'''", "1979-05-27", "inf", "nan", "0x", "\\u"],
    "http_headers_fuzz": ["for=", "proto=", "by=", "unknown", "::ffff:", "10.0.0.1", ", "],
    "http_request_fuzz": ["HTTP/1.1\r\n", "HTTP/1.0\r\n", "\r\n\r\n", "Content-Length: ", "Transfer-Encoding: chunked",
                          "Connection: close", "Expect: 100-continue", "Content-Encoding: deflate", "Forwarded: for=",
                          "POST /v1/batch ", "GET /api/v1/things/", "OPTIONS * ", "%2f", "0\r\n\r\n", "Host: ", "\x00"],
    "sources_codec_fuzz": keys_of(SOURCE) + ["CustomerCare", "A6-1-f", '"declared":'],
    "imports_mapping_fuzz": keys_of_toml(BAKERY) + ["\n--- file ---\n", "iso-8859-15", "amount_column",
                                                    "currency_column", "message_id", "strip_suffix", "languages"],
    "imports_time_format_fuzz": ["%Y", "%y", "%m", "%d", "%H", "%I", "%M", "%S", "%p", "%%", "AM", "PM", "\n"],
    "events_wire_fuzz": keys_of(TRACK, IDENTIFY) + ['"batch":[', '"integrations":', '"groupId":', '"name":'],
    "law_document_fuzz": keys_of_toml(text_of("src/features/law/jurisdictions/de.toml")) + [
        "exceptions", "since_sale", "term", "years", "quiet_from", "quiet_until", "double_opt_in", "forbidden"],
    "rulebook_question_fuzz": keys_of(QUESTION) + ["contact", "export", "move", "link", "train", "decide", "US-CA",
                                                   "CustomerCare", "SellDataToThirdParties", "A6-1-b", "listed"],
    "mail_compose_fuzz": ["\x1e", "=?", "?=", "\r\n", "@", "\r\nBcc: ", "=_part_of_a_letter", "\xc3\xbc"],
    "mail_report_fuzz": ["multipart/report", "message/delivery-status", "message/feedback-report", "message/rfc822",
                         "text/rfc822-headers", "boundary=b", "--b\r\n", "Action: failed\r\n", "Action: delayed\r\n",
                         "Status: 5.1.1\r\n", "Status: 4.2.2\r\n", "Diagnostic-Code: smtp; 550 5.1.1",
                         "Feedback-Type: abuse\r\n", "Return-Path: <a@b>", "Auto-Submitted: auto-replied\r\n",
                         "Content-Transfer-Encoding: base64\r\n", "quoted-printable", "\r\n\r\n", "\x00",
                         "multipart/mixed"],
    "app_settings_fuzz": keys_of_toml(SETTINGS) + ["io_threads", "max_connections", "tls_certificate", "url"],
}


def dictionary(words):
    escaped = ("".join(c if " " <= c <= "~" and c not in '"\\' else f"\\x{ord(c):02x}" for c in word) for word in words)
    return "".join(f'"{word}"\n' for word in escaped)


def main():
    folder = Path(sys.argv[1])
    for target, seeds in SEEDS.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds):
            (folder / target / f"{number:02}").write_bytes(seed)
        if target in WORDS:
            (folder / f"{target}.dict").write_text(dictionary(WORDS[target]), encoding="ascii")


if __name__ == "__main__":
    main()
