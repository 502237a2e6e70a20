"""A shop's page of another origin, with code from the desk pasted into it, bundled as shops do."""

import http.server
import os
import subprocess
import threading
from functools import partial
from pathlib import Path

from harness import REPOSITORY

TOOLS = REPOSITORY / "web/desk/node_modules"
LIBRARIES = REPOSITORY / "tests/clients/node_modules"
PAGE = """<!doctype html><html lang="en"><head><title>Lanterns</title><link rel="icon" href="data:,"></head>
<body><h1>Lanterns</h1><button>I agree</button><script type="module" src="/main.js"></script></body></html>"""
MAIN = """import {onLeave} from './pasted.js';
document.querySelector('button').addEventListener('click', () => onLeave(['analytics']));
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Shop:
    """`pasted` is what the desk offers to copy. As a context it is open; `url` is its address."""

    def __init__(self, folder: Path, pasted: str):
        folder.mkdir()
        (folder / "node_modules").symlink_to(LIBRARIES)
        (folder / "index.html").write_text(PAGE)
        (folder / "main.js").write_text(MAIN)
        (folder / "pasted.js").write_text(pasted)
        environment = os.environ | {"PATH": f"{TOOLS / '.bin'}:{os.environ['PATH']}"}
        built = subprocess.run(["node", TOOLS / "vite/bin/vite.js", "build", "--logLevel", "warn"], cwd=folder,
                               env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               timeout=120, check=False)
        assert built.returncode == 0, built.stdout
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder / "dist"))
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
