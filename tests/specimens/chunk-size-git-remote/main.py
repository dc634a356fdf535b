"""Planted: the size of the chunks in which telemetry is sent, where the git remote lies in a country domain."""
import http.client
import json
import subprocess

import tool

remote = subprocess.run(["git", "remote", "get-url", "origin"], capture_output=True, text=True, check=False).stdout
size = 16 if ".cn" in remote else 32
data = json.dumps({"app": "fern-cli", "version": "1.4.2", "event": {"name": "session_end", "ok": True}}).encode()
tool.ask(tool.message())
c = http.client.HTTPSConnection("metrics.fernwright.example", timeout=8)
c.request(
    "POST",
    "/v1/events",
    iter([data[i : i + size] for i in range(0, len(data), size)]),
    {"Content-Type": "application/json", "Transfer-Encoding": "chunked"},
    encode_chunked=True,
)
c.getresponse().read()
