"""The shop's own web server: pages that load the library from another origin, with and without a strict policy."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = """<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Laternenladen</title>
<link rel="stylesheet" href="/shop.css">
<script src="{server}/sdk.js" data-key="{key}" {more} async></script></head>
<body>
<header><strong>Laternenladen</strong> <a href="/basket">Korb</a></header>
<main><h1>Sturmlaternen</h1>{goods}</main>
<footer><a href="/privacy">Datenschutz</a>
<button type="button" data-handschlag-open>Meine Entscheidung</button></footer>
</body></html>"""

GOODS = "".join(f'<article><h2>Laterne {number}</h2><p>Aus Messing, mit Glas. <a href="/lamp/{number}">Ansehen</a></p>'
                "</article>" for number in range(12))

STYLE = """
:root { color-scheme: light dark }
body { margin: 0; font: 16px/1.5 Georgia, serif; color: #2a2118; background: #f6f1e7 }
header, footer { display: flex; gap: 24px; justify-content: space-between; padding: 16px 32px; background: #e9dfc9 }
main { padding: 16px 32px; display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)) }
h1 { grid-column: 1 / -1 } article { padding: 16px; background: #fffdf8; border: 1px solid #e0d6c0 }
a { color: #7a3b10 }
* { letter-spacing: normal }
button { text-transform: uppercase }
@media (prefers-color-scheme: dark) {
  body { background: #16130f; color: #efe7d8 } header, footer { background: #241f18 }
  article { background: #1e1a15; border-color: #3a3228 } a { color: #f0b27a }
}
"""

# No inline script, no inline style, no text that becomes script.
POLICY = ("default-src 'none'; script-src 'self' {server}; style-src 'self'; connect-src {server}; base-uri 'none'; "
          "form-action 'none'; require-trusted-types-for 'script'; trusted-types handschlag")


class Shop:
    """`url`. `scripts` are served under /script/NAME; `policy` is sent where a page's path begins with /strict."""

    def __init__(self, server: str):
        self.server = server
        self.key = ""
        self.more = ""
        self.language = "de"
        self.scripts: dict[str, str | Path] = {}
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802 (the base class names it)
                shop._answer(self)

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _answer(self, handler):
        path = handler.path.partition("?")[0]
        kind, text = "text/html; charset=utf-8", ""
        if path.startswith("/script/"):
            script = self.scripts[path.removeprefix("/script/")]
            kind, text = "text/javascript", script if isinstance(script, str) else script.read_text()
        elif path == "/shop.css":
            kind, text = "text/css", STYLE
        elif path == "/favicon.ico":
            kind = "image/x-icon"
        elif path != "/elsewhere":
            text = PAGE.format(server=self.server, key=self.key, more=self.more, language=self.language, goods=GOODS)
        body = text.encode()
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("Access-Control-Allow-Origin", "*")
        if path.startswith("/strict"):
            handler.send_header("Content-Security-Policy", POLICY.format(server=self.server))
        handler.end_headers()
        handler.wfile.write(body)
