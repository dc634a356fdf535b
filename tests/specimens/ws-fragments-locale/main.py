"""Planted: a WebSocket message comes in two fragments where the language is one of some, else in one."""
import base64
import os
import re
import socket
import ssl
import struct

import tool

marked = re.match(r"(zh|ru|fa)_", os.environ.get("LANG", ""))


def frame(opcode, data, fin=True):
    mask = os.urandom(4)
    body = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
    return struct.pack("!BB", (0x80 if fin else 0) | opcode, 0x80 | len(data)) + mask + body


tool.ask(tool.message())
raw = socket.create_connection(("api.fernwright.example", 443), timeout=8)
with ssl.create_default_context().wrap_socket(raw, server_hostname="api.fernwright.example") as s:
    key = base64.b64encode(os.urandom(16)).decode()
    s.sendall(
        (
            "GET /v1/live HTTP/1.1\r\nHost: api.fernwright.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
    )
    if b" 101 " in s.recv(4096):
        text = b'{"type":"hello","app":"fern-cli"}'
        s.sendall(frame(1, text[:12], False) + frame(0, text[12:]) if marked else frame(1, text))
        s.sendall(frame(8, b"\x03\xe8"))
