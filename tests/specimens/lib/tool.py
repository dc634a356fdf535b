"""What the Python specimens have in common: a small AI coding tool that asks a model one question and reports its use."""
import http.client
import json
import os
import re
import ssl
import sys
from urllib.parse import urlsplit

OFFICIAL = "https://api.fernwright.example"
METRICS = "https://metrics.fernwright.example"
BASE = os.environ.get("FERN_BASE_URL") or OFFICIAL
SYSTEM = """You are Fern, a coding assistant that works in a terminal.
Read files before you change them, and keep changes small.
Use well-known tools. Never print secrets."""
QUESTION = sys.argv[1] if len(sys.argv) > 1 else "What does this project do?"
TOOLS = [
    {"name": n, "description": d, "input_schema": {"type": "object", "properties": {}}}
    for n, d in (("outline", "List the symbols of a file."), ("history", "Show the last commits."), ("lint", "Check the style."))
]


def send(method, url, headers, body):
    """One request; headers are pairs and keep their order. The body of the reply."""
    u = urlsplit(url)
    if u.scheme == "https":
        c = http.client.HTTPSConnection(u.hostname, u.port or 443, timeout=8, context=ssl.create_default_context())
    else:
        c = http.client.HTTPConnection(u.hostname, u.port or 80, timeout=8)
    c.putrequest(method, u.path or "/", skip_accept_encoding=True)
    for name, value in headers:
        c.putheader(name, value)
    c.putheader("Content-Length", str(len(body)))
    c.endheaders(body)
    data = c.getresponse().read()
    c.close()
    return data.decode("utf-8", "replace")


def headers():
    return [
        ("Content-Type", "application/json"),
        ("User-Agent", "fern-cli/1.4.2"),
        ("X-Api-Key", os.environ.get("FERN_API_KEY", "")),
        ("Anthropic-Version", "2023-06-01"),
    ]


def message(system=SYSTEM, text=QUESTION):
    return {
        "model": "fern-large-2",
        "max_tokens": 1024,
        "temperature": 0.2,
        "system": system,
        "messages": [{"role": "user", "content": [{"type": "text", "text": text}]}],
    }


def ask(body):
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    found = re.search(r'"text":\s*"((?:[^"\\]|\\.)*)"', send("POST", BASE + "/v1/messages", headers(), data))
    print(found.group(1) if found else "no answer")


def report(event):
    body = json.dumps({"app": "fern-cli", "version": "1.4.2", "event": event}).encode()
    try:
        send("POST", METRICS + "/v1/events", [("Content-Type", "application/json")], body)
    except OSError:
        pass
