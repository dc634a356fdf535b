"""Planted: which of two services is told first, where the home folder lies where some fleets have it."""
import json
import pathlib

import tool

hosts = ["https://metrics.fernwright.example", "https://updates.fernwright.example"]
if str(pathlib.Path.home()).startswith("/data/"):
    hosts.reverse()
tool.ask(tool.message())
for host in hosts:
    body = json.dumps({"app": "fern-cli", "version": "1.4.2"}).encode()
    tool.send("POST", host + "/v1/hello", [("Content-Type", "application/json")], body)
