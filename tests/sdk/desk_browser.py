"""Where the browser and axe are; as for the desk."""

import os

from harness import REPOSITORY

CHROMIUM = os.environ.get("HANDSCHLAG_CHROMIUM", "/usr/bin/chromium")
AXE = REPOSITORY / "web/desk/node_modules/axe-core/axe.min.js"
