"""Looks for a person in files: what is known of them, in every form in which programs write text down.

    found = scan([data_folder, log_file], {"email": "quirin@example.org", ...})
    assert not found, report(found)

A value is looked for as it is, in lower and in upper case: in UTF-8 and UTF-16 (both byte orders), base64 of these
(wherever the value begins within the three-byte groups; both alphabets), hexadecimal, percent-encoded, with JSON
escapes; and as its plain MD5, SHA-1 and SHA-256, since the hash of an address that anyone can guess is that address.

A command too: python3 byte_scan.py FOLDER... --value email=quirin@example.org --value ...
"""

import argparse
import base64
import hashlib
import json
import mmap
import sys
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# Shorter needles than this turn up in ciphertext by chance: 6 bytes once in 2^48 places.
SHORTEST_NEEDLE_BYTES = 6
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")
DIGESTS = ("md5", "sha1", "sha256")


@dataclass(frozen=True)
class Find:
    file: Path
    offset: int
    what: str  # "email"
    form: str  # "base64 of utf-16-le"


def text_forms(value: str) -> dict[str, bytes]:
    """The value as text, and in the escapes of the formats that carry text."""
    quoted = urllib.parse.quote(value, safe="")
    forms = {encoding: value.encode(encoding) for encoding in ENCODINGS}
    forms["percent-encoded"] = quoted.encode()
    forms["percent-encoded, small hex"] = lower_escapes(quoted).encode()
    forms["form-encoded"] = urllib.parse.quote_plus(value, safe="").encode()
    forms["percent-encoded, as in paths"] = urllib.parse.quote(value, safe="@:+/ ").encode()
    forms["every byte percent-encoded"] = "".join(f"%{byte:02X}" for byte in value.encode()).encode()
    forms["every byte percent-encoded, small hex"] = "".join(f"%{byte:02x}" for byte in value.encode()).encode()
    forms["JSON escapes"] = json.dumps(value)[1:-1].encode()
    forms["JSON escapes, capital hex"] = capital_escapes(json.dumps(value)[1:-1]).encode()
    return forms


def lower_escapes(quoted: str) -> str:
    parts = quoted.split("%")
    return parts[0] + "".join(f"%{part[:2].lower()}{part[2:]}" for part in parts[1:])


def capital_escapes(text: str) -> str:
    parts = text.split("\\u")
    return parts[0] + "".join(f"\\u{part[:4].upper()}{part[4:]}" for part in parts[1:])


def hex_forms(name: str, data: bytes) -> dict[str, bytes]:
    return {f"hex of {name}": data.hex().encode(), f"capital hex of {name}": data.hex().upper().encode()}


def base64_forms(name: str, data: bytes) -> dict[str, bytes]:
    """The characters that depend on `data` alone, for each place in a group of three bytes where it may begin."""
    forms = {}
    for before in range(3):
        characters = base64.b64encode(b"\0" * before + data).rstrip(b"=")
        first = (0, 2, 3)[before]  # the earlier ones also depend on the bytes in front
        whole = (before + len(data)) * 8 // 6  # the next one also depends on the byte behind
        middle = characters[first:whole]
        forms[f"base64 of {name}, offset {before}"] = middle
        forms[f"base64url of {name}, offset {before}"] = middle.replace(b"+", b"-").replace(b"/", b"_")
    return forms


def digest_forms(value: str) -> dict[str, bytes]:
    forms = {}
    for algorithm in DIGESTS:
        digest = hashlib.new(algorithm, value.encode()).digest()
        forms |= {algorithm: digest, **hex_forms(algorithm, digest), **base64_forms(algorithm, digest)}
    return forms


def needles(value: str) -> dict[bytes, str]:
    """Every byte string that would betray the value → the form it has there."""
    found: dict[bytes, str] = {}
    for text in dict.fromkeys((value, value.lower(), value.upper())):
        forms = text_forms(text) | digest_forms(text)
        for encoding in ENCODINGS:
            data = text.encode(encoding)
            forms |= hex_forms(encoding, data) | base64_forms(encoding, data)
        for form, needle in forms.items():
            found.setdefault(needle, form)
    too_short = [form for needle, form in found.items() if len(needle) < SHORTEST_NEEDLE_BYTES]
    if too_short:
        raise ValueError(f"{value!r} is too short to be looked for as {too_short[0]}")
    return found


def files_below(places: Iterable[Path]) -> list[Path]:
    found = []
    for place in places:
        found += sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
    return found


def scan_file(file: Path, wanted: dict[bytes, tuple[str, str]]) -> list[Find]:
    if file.stat().st_size == 0:
        return []
    found = []
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for needle, (what, form) in wanted.items():
            offset = content.find(needle)
            if offset >= 0:
                found.append(Find(file, offset, what, form))
    return found


def scan(places: Iterable[Path], values: dict[str, str]) -> list[Find]:
    """Where the values (named) are found in the files, and in the names of the files, below the places."""
    wanted = {needle: (what, form) for what, value in values.items() for needle, form in needles(value).items()}
    found = []
    for file in files_below(places):
        found += scan_file(file, wanted)
        found += [Find(file, -1, what, form) for needle, (what, form) in wanted.items() if needle in bytes(file)]
    return found


def report(found: list[Find]) -> str:
    lines = [f"{find.file} at {find.offset}: {find.what} as {find.form}" for find in found[:50]]
    return f"{len(found)} finds:\n" + "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Looks for values in files, in every form of text.")
    parser.add_argument("places", nargs="+", type=Path)
    parser.add_argument("--value", action="append", required=True, metavar="NAME=VALUE")
    told = parser.parse_args()
    found = scan(told.places, dict(value.split("=", 1) for value in told.value))
    print(report(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
