"""Another wall clock and a slower disk for the server alone: see shim.c."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("shim.c")


class Shim:
    def __init__(self, folder: Path):
        compiler = shutil.which("cc")
        if not compiler:
            pytest.skip("there is no C compiler for the clock and disk of these tests")
        self._library = folder / "shim.so"
        self._orders = folder / "shim.orders"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(self._library), str(SOURCE), "-ldl"], check=True)
        self._seconds, self._micros = 0, 0
        self._orders.write_bytes(bytes(16))

    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self._library), "HANDSCHLAG_TEST_SHIM": str(self._orders)}

    def move_clock(self, seconds: int):
        """By so many seconds off the true time."""
        self._seconds = seconds
        self._write()

    def slow_disk(self, seconds: float):
        """Each sync takes so much longer."""
        self._micros = int(seconds * 1_000_000)
        self._write()

    def _write(self):
        with self._orders.open("r+b", buffering=0) as opened:
            opened.write(struct.pack("=qq", self._seconds, self._micros))


@pytest.fixture
def shim(tmp_path):
    return Shim(tmp_path)


def serve_with(shim: Shim, house, monkeypatch):
    """Only the server gets the shim: commands of the same house run as ever."""
    house.token()
    with monkeypatch.context() as patched:
        for name, value in shim.environment().items():
            patched.setenv(name, value)
        return house.serve()
