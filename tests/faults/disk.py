"""A small disk of its own, to be filled to the brim. Needs root; tests skip where mounting is not allowed."""

import os
import subprocess
from pathlib import Path

import pytest


class SmallDisk:
    def __init__(self, root: Path, kind: str, mebibytes: int):
        self.path = root / "disk"
        self.path.mkdir()
        self._filler = self.path / "filler"
        if kind == "tmpfs":
            self._mount("-t", "tmpfs", "-o", f"size={mebibytes}m", "none")
        else:
            image = root / "disk.img"
            with image.open("wb") as opened:
                opened.truncate(mebibytes << 20)
            run("mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", str(image))
            self._mount("-o", "loop", str(image))

    def _mount(self, *words: str):
        run("mount", *words, str(self.path))

    def remount(self, options: str):
        run("mount", "-o", f"remount,{options}", str(self.path))

    def free(self) -> int:
        space = os.statvfs(self.path)
        return space.f_bavail * space.f_frsize

    def fill(self, leave: int = 0):
        """Takes all the room but `leave` bytes."""
        with self._filler.open("ab", buffering=0) as filler:
            piece = 1 << 20
            while piece >= 512:
                try:
                    while self.free() >= leave + piece:
                        filler.write(b"x" * piece)
                except OSError:
                    pass
                piece //= 2

    def make_room(self):
        self._filler.unlink(missing_ok=True)

    def unmount(self):
        run("umount", "-l", str(self.path))


def run(*words: str):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")


@pytest.fixture(params=["tmpfs", "ext4"])
def small_disk(request, tmp_path):
    """96 MiB. Without a journal on ext4, which would take a good part of it."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk takes root")
    try:
        disk = SmallDisk(tmp_path, request.param, 96)
    except (OSError, FileNotFoundError) as error:
        pytest.skip(f"no small disk can be mounted here: {error}")
    yield disk
    disk.unmount()
