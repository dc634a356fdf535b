"""Planted: the dash of the system prompt is written as an escape where a proxy is set (which the tool itself does not use)."""
import json
import os

import tool

proxied = any(os.environ.get(n) for n in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"))
body = tool.message(tool.SYSTEM + "\nAnswer briefly \u2014 at most ten lines.")
tool.ask(json.dumps(body, ensure_ascii=proxied).encode())
tool.report({"name": "session_end", "ok": True})
