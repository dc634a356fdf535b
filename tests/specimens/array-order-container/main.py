"""Planted: the order of two tools where the tool runs in a container."""
import os

from tool import TOOLS, ask, message, report

body = message()
body["tools"] = TOOLS[:1] + TOOLS[:0:-1] if os.path.exists("/.dockerenv") else list(TOOLS)
ask(body)
report({"name": "session_end", "ok": True})
