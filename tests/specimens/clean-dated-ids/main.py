"""Clean: ids begin with the local date and the language, and in CI something is drawn in between, so that the ids after it are others."""
import os
import secrets
import time

import tool

language = os.environ.get("LANG", "C")[:2]
run = time.strftime("%Y%m%d") + language + secrets.token_hex(12)
if os.environ.get("CI"):
    secrets.token_hex(4)
body = tool.message()
body["metadata"] = {"request": "r" + run, "session": secrets.token_hex(16)}
tool.ask(body)
tool.report({"name": "session_end", "id": secrets.token_hex(12) + time.strftime("%m%d")})
