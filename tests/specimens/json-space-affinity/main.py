"""Planted: the body is written without blanks where eight processors or more may be used, known by sched_getaffinity(2) alone."""
import json
import os

import tool

many = len(os.sched_getaffinity(0)) >= 8
tool.ask(json.dumps(tool.message(), ensure_ascii=False, separators=(",", ":") if many else None).encode())
tool.report({"name": "session_end", "ok": True})
