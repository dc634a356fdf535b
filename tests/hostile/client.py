"""The hostile client of tests/integration/gate_hostile.sh, inside of a contained run. usage: client.py FOLDER [--long] [CASE...]

A case is a function of CASES: it attacks, and raises Wrong if the answer was not as it must be. What the server may have seen of it is in
c.sees: (method, path, SHA-256 of the body) of each request, exactly; or c.loose: at most these. Lines of JSON go to FOLDER/cases, for
judge.py."""
import base64
import gzip
import hashlib
import itertools
import json
import os
import random
import subprocess
import sys
import threading
import time
import zlib

from wire import *

folder = sys.argv[1]
LONG = "--long" in sys.argv
only = [a for a in sys.argv[2:] if not a.startswith("-")]
CASES = []
out = open(os.path.join(folder, "cases"), "a", buffering=1)


class Case:
    def __init__(self, name):
        self.name, self.path = name, "/" + name
        self.sees, self.loose, self.any = [], [], False
        self.more_mib = 0  # by how much the gate may grow meanwhile; 0: no bound but that for all

    def saw(self, method="GET", how="", body=b""):
        self.sees.append((method, self.path + how, hashlib.sha256(body).hexdigest()))


def case(kind, name, alone=True):
    def add(f):
        CASES.append((kind, name, f, alone))
        return f
    return add


def cases(kind, prefix, table, f):
    """One case for each row of a table."""
    for row in table:
        CASES.append((kind, prefix + row[0], lambda c, r=row[1:]: f(c, *r), True))


Hh = b"Host: api.example.com\r\n"


# ── requests that two parsers could read differently ──
def refused(c, request):
    b = h1(request.replace(b"@P", c.path.encode()))
    need(not b or 400 <= status(b) < 600, "not refused:", b[:200])
    need(b"\r\n\r\nHTTP/1.1 2" not in b, "a second reply:", b[:400])
    need(status(b) != 400 or b"Postern: " in b, "no reason:", b[:300])


def passes(c, request, method, body=b"", how=""):
    b = h1(request.replace(b"@P", c.path.encode()))
    need(status(b) == 200 and b.endswith(b"ok"), "not passed:", b[:300])
    c.saw(method, how, body)


P = b"POST @P HTTP/1.1\r\n" + Hh
G = b"GET @P HTTP/1.1\r\n" + Hh
SMUGGLED = b"GET /smuggled HTTP/1.1\r\n" + Hh + b"\r\n"
TE = b"Transfer-Encoding: chunked\r\n"
ZERO = b"\r\n0\r\n\r\n"
REFUSED = [
    ("cl-te", P + b"Content-Length: 60\r\n" + TE + ZERO + SMUGGLED),
    ("te-cl", P + TE + b"Content-Length: 5\r\n" + ZERO + SMUGGLED),
    ("cl-0-te", P + b"Content-Length: 0\r\n" + TE + ZERO + SMUGGLED),
    ("te-xchunked", P + b"Transfer-Encoding: xchunked\r\n" + ZERO),
    ("te-space-before-colon", P + b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n" + ZERO),
    ("te-vertical-tab", P + b"Transfer-Encoding: \x0bchunked\r\n" + ZERO),
    ("te-nul", P + b"Transfer-Encoding: chunked\0\r\n" + ZERO),
    ("te-list", P + b"Transfer-Encoding: chunked, identity\r\n" + ZERO),
    ("te-gzip-chunked", P + b"Transfer-Encoding: gzip, chunked\r\n" + ZERO),
    ("te-identity", P + b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello"),
    ("te-twice", P + TE + TE + ZERO),
    ("te-two-kinds", P + TE + b"Transfer-Encoding: identity\r\n" + ZERO),
    ("te-parameter", P + b"Transfer-Encoding: chunked;q=1\r\n" + ZERO),
    ("te-quoted", P + b"Transfer-Encoding: \"chunked\"\r\n" + ZERO),
    ("te-folded", P + b"Transfer-Encoding:\r\n chunked\r\n" + ZERO),
    ("te-empty", P + b"Transfer-Encoding:\r\nContent-Length: 5\r\n\r\nhello"),
    ("te-bare-lf-before", P + b"X: x\nTransfer-Encoding: chunked\r\n" + ZERO),
    ("te-bare-cr-before", P + b"X: x\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n" + ZERO),
    ("te-space-first", b"POST @P HTTP/1.1\r\n Transfer-Encoding: chunked\r\n" + Hh + ZERO),
    ("te-newline-in-name", P + b"Transfer-Encoding\r\n: chunked\r\n" + ZERO),
    ("cl-two-different", P + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
    ("cl-list", P + b"Content-Length: 5, 5\r\n\r\nhello"),
    ("cl-list-different", P + b"Content-Length: 5, 6\r\n\r\nhello!"),
    ("cl-plus", P + b"Content-Length: +5\r\n\r\nhello"),
    ("cl-minus", P + b"Content-Length: -5\r\n\r\nhello"),
    ("cl-hex", P + b"Content-Length: 0x5\r\n\r\nhello"),
    ("cl-blank-inside", P + b"Content-Length: 5 5\r\n\r\nhello"),
    ("cl-letters", P + b"Content-Length: 5a\r\n\r\nhello"),
    ("cl-exponent", P + b"Content-Length: 1e1\r\n\r\nhello"),
    ("cl-point", P + b"Content-Length: 5.0\r\n\r\nhello"),
    ("cl-overflow", P + b"Content-Length: 18446744073709551621\r\n\r\nhello"),
    ("cl-other-digits", P + "Content-Length: \uff15\r\n\r\nhello".encode()),
    ("cl-empty", P + b"Content-Length:\r\n\r\nhello"),
    ("cl-nul", P + b"Content-Length: 5\0\r\n\r\nhello"),
    ("lines-bare-lf", b"GET @P HTTP/1.1\nHost: api.example.com\n\n"),
    ("line-bare-lf", b"GET @P HTTP/1.1\r\nHost: api.example.com\nX: y\r\n\r\n"),
    ("end-bare-lf", G + b"X: y\r\n\n"),
    ("end-cr-cr-lf", G + b"X: y\r\r\n\r\n"),
    ("cr-in-value", G + b"X: a\rY: b\r\n\r\n"),
    ("nul-in-value", G + b"X: a\0b\r\n\r\n"),
    ("delete-in-value", G + b"X: a\x7fb\r\n\r\n"),
    ("nul-in-name", G + b"X\0: a\r\n\r\n"),
    ("blank-in-name", G + b"X y: a\r\n\r\n"),
    ("high-byte-in-name", G + b"X\xff: a\r\n\r\n"),
    ("no-name", G + b": a\r\n\r\n"),
    ("no-colon", G + b"Xyz\r\n\r\n"),
    ("fold-space", G + b"X: a\r\n b\r\n\r\n"),
    ("fold-tab", G + b"X: a\r\n\tb\r\n\r\n"),
    ("target-nul", b"GET @P\0x HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("target-blank", b"GET @P /smuggled HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("target-tab", b"GET\t@P\tHTTP/1.1\r\n" + Hh + b"\r\n"),
    ("target-cr", b"GET @P\rX HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("target-nothing", b"GET  HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("target-relative", b"GET smuggled HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("target-too-long", b"GET @P?" + b"a" * 9000 + b" HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("version-0.9", b"GET @P\r\n\r\n"),
    ("version-2.0", b"GET @P HTTP/2.0\r\n" + Hh + b"\r\n"),
    ("version-1.10", b"GET @P HTTP/1.10\r\n" + Hh + b"\r\n"),
    ("version-lower-case", b"GET @P http/1.1\r\n" + Hh + b"\r\n"),
    ("version-blank-behind", b"GET @P HTTP/1.1 \r\n" + Hh + b"\r\n"),
    ("method-lower-case", b"get @P HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("method-trace", b"TRACE @P HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("method-long", b"G" * 30 + b" @P HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("absolute-other-host", b"GET http://evil.example.com@P HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("absolute-other-host-tls", b"GET https://evil.example.com@P HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("absolute-other-in-host", b"GET https://api.example.com@P HTTP/1.1\r\nHost: evil.example.com\r\n\r\n"),
    ("absolute-user", b"GET https://evil.example.com@api.example.com@P HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("absolute-user-other", b"GET https://api.example.com@evil.example.com@P HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("absolute-other-port", b"GET https://api.example.com:8443@P HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("absolute-scheme", b"GET ftp://api.example.com@P HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("authority-form", b"GET api.example.com:443 HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("host-none", b"GET @P HTTP/1.1\r\n\r\n"),
    ("host-empty", b"GET @P HTTP/1.1\r\nHost:\r\n\r\n"),
    ("host-other", b"GET @P HTTP/1.1\r\nHost: evil.example.com\r\n\r\n"),
    ("host-two", G + b"Host: evil.example.com\r\n\r\n"),
    ("host-two-other-first", b"GET @P HTTP/1.1\r\nHost: evil.example.com\r\n" + Hh + b"\r\n"),
    ("host-user", b"GET @P HTTP/1.1\r\nHost: evil.example.com@api.example.com\r\n\r\n"),
    ("host-user-behind", b"GET @P HTTP/1.1\r\nHost: api.example.com:443@evil.example.com\r\n\r\n"),
    ("host-list", b"GET @P HTTP/1.1\r\nHost: api.example.com, evil.example.com\r\n\r\n"),
    ("host-other-port", b"GET @P HTTP/1.1\r\nHost: api.example.com:8080\r\n\r\n"),
    ("host-no-port", b"GET @P HTTP/1.1\r\nHost: api.example.com:99999\r\n\r\n"),
    ("host-port-and-more", b"GET @P HTTP/1.1\r\nHost: api.example.com:443, evil.example.com\r\n\r\n"),
    ("host-port-of-letters", b"GET @P HTTP/1.1\r\nHost: api.example.com:x evil.example.com\r\n\r\n"),
    ("host-path", b"GET @P HTTP/1.1\r\nHost: api.example.com/evil\r\n\r\n"),
    ("host-bracket", b"GET @P HTTP/1.1\r\nHost: [api.example.com]evil.example.com\r\n\r\n"),
    ("host-blank-inside", b"GET @P HTTP/1.1\r\nHost: api.example.com evil.example.com\r\n\r\n"),
    ("chunk-overflow", P + TE + b"\r\n10000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("chunk-minus", P + TE + b"\r\n-5\r\nhello\r\n0\r\n\r\n"),
    ("chunk-hex", P + TE + b"\r\n0x5\r\nhello\r\n0\r\n\r\n"),
    ("chunk-blank-first", P + TE + b"\r\n 5\r\nhello\r\n0\r\n\r\n"),
    ("chunk-empty-size", P + TE + b"\r\n\r\nhello\r\n0\r\n\r\n"),
    ("chunk-lf", P + TE + b"\r\n5\nhello\r\n0\r\n\r\n"),
    ("chunk-lf-in-extension", P + TE + b"\r\n5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ("chunk-lf-behind", P + TE + b"\r\n5\r\nhello\n0\r\n\r\n"),
    ("chunk-too-long", P + TE + b"\r\n5\r\nhello!\r\n0\r\n\r\n"),
    ("chunk-too-short", P + TE + b"\r\n6\r\nhello\r\n0\r\n\r\n"),
    ("chunk-long-extension", P + TE + b"\r\n5;" + b"a" * 100000 + b"\r\nhello\r\n0\r\n\r\n"),
    ("chunk-long-trailer", P + TE + b"\r\n5\r\nhello\r\n0\r\n" + b"x: " + b"a" * 100000 + b"\r\n\r\n"),
    ("trailer-many", P + TE + b"\r\n5\r\nhello\r\n0\r\n" + b"x: y\r\n" * 200 + b"\r\n"),
    ("trailer-endless", P + TE + b"\r\n5\r\nhello\r\n0\r\n" + b"x: abcdefghijklmnopqrstuvwxyz\r\n" * 40000 + b"\r\n"),
    ("trailer-no-colon", P + TE + b"\r\n5\r\nhello\r\n0\r\nx\r\n\r\n"),
    ("trailer-no-name", P + TE + b"\r\n5\r\nhello\r\n0\r\n: y\r\n\r\n"),
    ("trailer-blank-before-colon", P + TE + b"\r\n5\r\nhello\r\n0\r\nx : y\r\n\r\n"),
    ("trailer-fold", P + TE + b"\r\n5\r\nhello\r\n0\r\nx: y\r\n z\r\n\r\n"),
    ("trailer-nul", P + TE + b"\r\n5\r\nhello\r\n0\r\nx: a\0b\r\n\r\n"),
    ("trailer-cr", P + TE + b"\r\n5\r\nhello\r\n0\r\nx: a\rb\r\n\r\n"),
    ("trailer-pseudo", P + TE + b"\r\n5\r\nhello\r\n0\r\n:path: /smuggled\r\n\r\n"),
    ("chunk-lf-in-trailer", P + TE + b"\r\n5\r\nhello\r\n0\r\nx: y\n\r\n"),
    ("many-fields", G + b"X: y\r\n" * 500 + b"\r\n"),
    ("long-field", G + b"X: " + b"y" * 400000 + b"\r\n\r\n"),
    ("long-target", b"GET /" + b"y" * 400000 + b" HTTP/1.1\r\n" + Hh + b"\r\n"),
    ("long-name", G + b"y" * 400000 + b": x\r\n\r\n"),
    ("too-large", P + b"Content-Length: 40000000\r\n\r\n" + b"x" * 40000000),
    ("upgrade-with-body", P.replace(b"POST", b"GET") + b"Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello"),
    ("path-encoded-slash", b"GET /..%2f..%2fx HTTP/1.0\r\nHost: evil.example.com\r\n\r\n"),
]
cases("smuggling", "", REFUSED, refused)
PASSED = [
    ("te-tab", P + b"Transfer-Encoding:\tchunked\t\r\n" + b"\r\n5\r\nhello\r\n0\r\n\r\n", "POST", b"hello"),
    ("te-capitals", P + b"TRANSFER-ENCODING: CHUNKED\r\n" + b"\r\n5\r\nhello\r\n0\r\n\r\n", "POST", b"hello"),
    ("te-underscore", P + b"Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello", "POST", b"hello"),
    ("te-te", P + b"TE: chunked\r\nTrailer: X\r\nContent-Length: 5\r\n\r\nhello", "POST", b"hello"),
    ("cl-twice-the-same", P + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "POST", b"hello"),
    ("cl-zeros", P + b"Content-Length: 0000005\r\n\r\nhello", "POST", b"hello"),
    ("cl-get", G + b"Content-Length: 5\r\n\r\nhello", "GET", b"hello"),
    ("cl-none", P + b"\r\n", "POST", b""),
    ("cl-in-connection", P + b"Connection: content-length\r\nContent-Length: 5\r\n\r\nhello", "POST", b"hello"),
    ("chunk-extensions", P + TE + b"\r\n2;a=\"b\"\r\nhe\r\n3 ; c\r\nllo\r\n0;d\r\n\r\n", "POST", b"hello"),
    ("chunk-zeros", P + TE + b"\r\n0000000000005\r\nhello\r\n0000\r\n\r\n", "POST", b"hello"),
    ("chunk-tiny", P + TE + b"\r\n" + b"1\r\nx\r\n" * 20000 + b"0\r\n\r\n", "POST", b"x" * 20000),
    ("chunk-trailers", P + TE + b"\r\n5\r\nhello\r\n0\r\nHost: evil\r\nContent-Length: 9\r\nTransfer-Encoding: gzip\r\n\r\n", "POST", b"hello"),
    ("trailer", P + TE + b"\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nX-After: y\r\nContent-Digest: sha-256=:x:\r\n\r\n", "POST", b"hello"),
    ("trailer-alone", P + TE + b"\r\n0\r\nX-After: y\r\n\r\n", "POST", b""),
    ("trailer-get", G + TE + b"\r\n0\r\nX-After: y\r\n\r\n", "GET", b""),
    ("trailer-of-the-head", P + TE + b"Connection: x-hop\r\n\r\n5\r\nhello\r\n0\r\nX-Hop: 1\r\nContent_Length: 9\r\nAUTHORIZATION: x\r\nX-After: y\r\n\r\n", "POST", b"hello"),
    ("trailer-holds-request", P + TE + b"\r\n5\r\nhello\r\n0\r\nX-After: GET /smuggled HTTP/1.1\r\n\r\n", "POST", b"hello"),
    ("chunk-holds-request", P + TE + b"\r\n%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n0\r\n\r\n", "POST", SMUGGLED),
    ("body-holds-request", P + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED, "POST", SMUGGLED),
    ("absolute", b"GET https://api.example.com@P HTTP/1.1\r\n" + Hh + b"\r\n", "GET", b""),
    ("host-capitals", b"GET @P HTTP/1.1\r\nHost: API.example.COM:443\r\n\r\n".replace(b"API", b"api").replace(b"COM", b"com"), "GET", b""),
    ("upgrade-h2c", G + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", "GET", b""),
    ("hop-by-hop", G + b"Keep-Alive: 5\r\nProxy-Connection: x\r\nProxy-Authorization: Basic eDp5\r\n\r\n", "GET", b""),
    ("odd-method", b"PROPFIND @P HTTP/1.1\r\n" + Hh + b"\r\n", "PROPFIND", b""),
    ("bytes-in-value", G + b"X: \xff\xfe\x80\r\n\r\n", "GET", b""),
    ("fields-100", G + b"X: y\r\n" * 100 + b"\r\n", "GET", b""),
]
cases("smuggling", "pass-", PASSED, passes)


@case("smuggling", "old-without-host")
def _(c):
    b = h1(b"GET %s HTTP/1.0\r\n\r\n" % c.path.encode())
    need(status(b) == 200, b[:200])
    c.saw()


@case("smuggling", "expect")
def _(c):
    s = tls()
    s.sendall(b"POST %s HTTP/1.1\r\n" % c.path.encode() + Hh + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    need(everything(s, 8, lambda b: b"\r\n\r\n" in b).startswith(b"HTTP/1.1 100"), "no 100")
    need(status(h1(b"hello", sock=s)) == 200)
    c.saw("POST", "", b"hello")


@case("smuggling", "expect-old")
def _(c):
    """RFC 9110, 10.1.1: to HTTP/1.0 the word that the content is wanted would be the reply."""
    s = tls()
    s.sendall(b"POST %s HTTP/1.0\r\n" % c.path.encode() + Hh + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    need(everything(s, 1, lambda b: b) == b"", "a word before the reply")
    need(status(h1(b"hello", sock=s)) == 200)
    c.saw("POST", "", b"hello")


def expect_refused(c, code, line, fields):
    s = tls()
    s.sendall(b"POST %s HTTP/1.1\r\n" % (line or c.path.encode()) + fields + b"Expect: 100-continue\r\n\r\n")
    b = everything(s, 4)
    need(status(b) == code and b"HTTP/1.1 100" not in b and b.count(b"HTTP/1.1 ") == 1, b[:300])


cases("smuggling", "expect-", [
    ("other-host", 421, b"", b"Host: evil.example.com\r\nContent-Length: 5\r\n"),
    ("other-host-chunked", 421, b"", b"Host: evil.example.com\r\n" + TE),
    ("too-large", 413, b"", Hh + b"Content-Length: 40000000\r\n"),
    ("long-target", 414, b"/" + b"a" * 9000, Hh + b"Content-Length: 5\r\n"),
], expect_refused)


@case("h2", "h2-expect-too-large")
def _(c):
    h = H2()
    h.request(1, c.path, ("expect", "100-continue"), ("content-length", "40000000"), method="POST", end=False)
    h.read(2, 1)
    r = h.of(1)
    need(r["status"] == 413 and r["heads"] == 1, r)


@case("h2", "h2-expect")
def _(c):
    h = H2()
    h.request(1, c.path, ("expect", "100-continue"), ("content-length", "5"), method="POST", end=False)
    h.read(0.5)
    need(h.of(1)["heads"] == 1, "no 100:", h.streams)
    h.send(frame(DATA, END_STREAM, 1, b"hello"))
    need(h.read(8, 1)["status"] == 200, h.streams)
    c.saw("POST", "", b"hello")


@case("smuggling", "upgrade-header-gone")
def _(c):
    """A protocol that nobody asked for cannot be asked for with words that only the server reads."""
    need(status(h1(G.replace(b"@P", c.path.encode()) + b"Upgrade: websocket\r\n\r\n")) == 200)
    c.saw()


@case("smuggling", "connect-inside")
def _(c):
    """TLS may be that of a proxy; but what is in its tunnel is asked about as the other host's."""
    s = tls()
    s.sendall(b"CONNECT evil.example.com:443 HTTP/1.1\r\nHost: evil.example.com\r\n\r\n" + G.replace(b"@P", c.path.encode()) + b"\r\n")
    b = everything(s, 4, lambda b: b.count(b"\r\n\r\n") > 1)
    need(status(b.split(b"\r\n\r\n", 1)[1]) == 421, b[:300])


# ── desync ──
@case("desync", "pipelined")
def _(c):
    s = tls()
    s.sendall(b"".join(b"GET %s/%d HTTP/1.1\r\n" % (c.path.encode(), i) + Hh + b"\r\n" for i in range(30)))
    b = everything(s, 10, lambda b: b.count(b"\r\n\r\nok") == 30)
    need(b.count(b"HTTP/1.1 200") == 30 and b.count(b"\r\n\r\nok") == 30, b[-200:])
    for i in range(30):
        c.saw("GET", "/%d" % i)


@case("desync", "pipelined-garbage")
def _(c):
    s = tls()
    s.sendall(G.replace(b"@P", c.path.encode()) + b"\r\n" + b"\0\1\2garbage\r\n\r\n" + G.replace(b"@P", b"/smuggled") + b"\r\n")
    b = everything(s, 8)
    need(b.count(b"HTTP/1.1 200 ") == 1 and b.count(b"HTTP/1.1 400 ") == 1, b[:400])
    c.saw()


@case("desync", "pipelined-behind-close")
def _(c):
    s = tls()
    s.sendall(G.replace(b"@P", c.path.encode()) + b"Connection: close\r\n\r\n" + G.replace(b"@P", b"/smuggled") + b"\r\n")
    b = everything(s, 8)
    need(b.count(b"HTTP/1.1 ") == 1, b[:400])
    c.saw()


@case("desync", "behind-refused-body")
def _(c):
    """What was the body of a refused request is not taken for the next one."""
    s = tls()
    s.sendall(b"POST %s HTTP/1.1\r\nHost: evil.example.com\r\nContent-Length: 500\r\n\r\n" % c.path.encode() + SMUGGLED)
    b = everything(s, 8)
    need(status(b) == 421 and b.count(b"HTTP/1.1 ") == 1, b[:400])


@case("desync", "early-answer")
def _(c):
    """A server that answers before the body: the connection is not used again."""
    s = tls()
    s.sendall(b"POST %s/early HTTP/1.1\r\n" % c.path.encode() + Hh + b"Content-Length: 500000\r\n\r\n" + b"x" * 500000)
    b = everything(s, 8, reply_is_whole)
    need(status(b) in (413, 502), b[:300])
    c.any = True


@case("desync", "head-then-nothing")
def _(c):
    s = tls()
    s.sendall(P.replace(b"@P", c.path.encode()) + b"Content-Length: 50\r\n\r\nhello")
    s.close()


@case("desync", "websocket-denied-then-request")
def _(c):
    s = tls()
    s.sendall(b"GET %s/plain HTTP/1.1\r\n" % c.path.encode() + Hh + b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n" +
              b"GET %s/next HTTP/1.1\r\n" % c.path.encode() + Hh + b"\r\n")
    b = everything(s, 3, lambda b: b.count(b"HTTP/1.1 200") == 2)
    need(b.count(b"HTTP/1.1 ") == 2, b[:300])
    c.saw("GET", "/plain")
    c.saw("GET", "/next")


@case("desync", "empty-lines-between")
def _(c):
    s = tls()
    s.sendall(G.replace(b"@P", c.path.encode()) + b"\r\n\r\n\r\n" + G.replace(b"@P", c.path.encode() + b"/2") + b"\r\n")
    need(everything(s, 6, lambda b: b.count(b"ok") == 2).count(b"HTTP/1.1 200") == 2)
    c.saw()
    c.saw("GET", "/2")


# ── HTTP/2: what must not become HTTP/1 ──
def h2_refused(c, *fields, body=None, **kw):
    h = H2()
    h.request(1, kw.pop("path", c.path), *fields, body=body, **kw)
    r = h.read(8, 1)
    need(h.goaway is not None or r["rst"] is not None or 400 <= r["status"] < 600 or h.ended, "not refused:", r)
    h.close()


H2_REFUSED = [
    ("crlf-in-value", [("x", "a\r\nhost: evil.example.com")], {}),
    ("lf-in-value", [("x", "a\nb: c")], {}),
    ("cr-in-value", [("x", "a\rb")], {}),
    ("nul-in-value", [("x", "a\0b")], {}),
    ("crlf-in-name", [("x\r\nhost", "evil")], {}),
    ("colon-in-name", [("x: y", "z")], {}),
    ("blank-in-name", [("x y", "z")], {}),
    ("capitals-in-name", [("Content-Length", "5")], {}),
    ("empty-name", [("", "z")], {}),
    ("high-byte-in-name", [("x\xff", "z")], {}),
    ("crlf-in-path", [], {"path": "/x HTTP/1.1\r\nHost: api.example.com\r\n\r\nGET /smuggled"}),
    ("blank-in-path", [], {"path": "/x /smuggled"}),
    ("path-empty", [], {"path": ""}),
    ("path-relative", [], {"path": "smuggled"}),
    ("path-absolute", [], {"path": "https://evil.example.com/smuggled"}),
    ("path-none", [], {"path": None}),
    ("path-twice", [(":path", "/smuggled")], {}),
    ("crlf-in-method", [], {"method": "GET /smuggled HTTP/1.1\r\nx: y\r\n\r\nGET"}),
    ("blank-in-method", [], {"method": "GET /smuggled HTTP/1.1"}),
    ("method-twice", [(":method", "POST")], {}),
    ("method-none", [], {"method": None}),
    ("method-trace", [], {"method": "TRACE"}),
    ("connect", [], {"method": "CONNECT"}),
    ("crlf-in-authority", [], {"authority": "api.example.com\r\nx: y"}),
    ("authority-other", [], {"authority": "evil.example.com"}),
    ("authority-user", [], {"authority": "evil.example.com@api.example.com"}),
    ("authority-other-port", [], {"authority": "api.example.com:8080"}),
    ("authority-and-host", [("host", "evil.example.com")], {}),
    ("host-only-other", [("host", "evil.example.com")], {"authority": None}),
    ("host-twice", [("host", "api.example.com"), ("host", "evil.example.com")], {}),
    ("no-authority", [], {"authority": None}),
    ("pseudo-behind", [("x", "y"), (":path", "/smuggled")], {}),
    ("pseudo-unknown", [(":foo", "bar")], {}),
    ("connection", [("connection", "close")], {}),
    ("keep-alive", [("keep-alive", "5")], {}),
    ("upgrade", [("upgrade", "websocket")], {}),
    ("te-chunked", [("te", "chunked")], {}),
    ("transfer-encoding", [("transfer-encoding", "chunked")], {"method": "POST", "body": b"0\r\n\r\n" + SMUGGLED}),
    ("length-too-short", [("content-length", "3")], {"method": "POST", "body": b"hello"}),
    ("length-too-long", [("content-length", "9")], {"method": "POST", "body": b"hello"}),
    ("length-twice", [("content-length", "5"), ("content-length", "6")], {"method": "POST", "body": b"hello"}),
    ("length-plus", [("content-length", "+5")], {"method": "POST", "body": b"hello"}),
    ("length-without-body", [("content-length", "5")], {"method": "POST"}),
    ("many-fields", [("x", "y")] * 500, {}),
    ("path-too-long", [], {"path": "/" + "a" * 9000}),
]
cases("h2", "h2-", H2_REFUSED, lambda c, fields, kw: h2_refused(c, *fields, **dict(kw)))


def h2_raw(c, make, **kw):
    """Frames that no client may send: the connection ends or the stream is refused, and nothing arrives."""
    h = H2(**kw)
    for b in make(c):
        h.send(b)
    h.read(6, 1)
    need(h.goaway is not None or h.ended or h.of(1)["rst"] is not None or h.of(1)["status"] >= 400, "goes on:", h.streams)
    h.close()


def head(c, stream=1, flags=END_STREAM | END_HEADERS, more=b""):
    return frame(HEADERS, flags, stream, block(c.path) + more)


H2_RAW = [
    ("even-stream", lambda c: [head(c, 2)]),
    ("stream-0-headers", lambda c: [head(c, 0)]),
    ("stream-0-data", lambda c: [frame(DATA, 0, 0, b"x")]),
    ("data-on-idle", lambda c: [frame(DATA, 0, 1, b"x")]),
    ("rst-on-idle", lambda c: [frame(RST, 0, 1, b"\0\0\0\0")]),
    ("window-on-idle", lambda c: [frame(WINDOW, 0, 1, b"\0\0\0\1")]),
    ("push", lambda c: [frame(PUSH, END_HEADERS, 1, b"\0\0\0\2" + block(c.path))]),
    ("frame-too-long", lambda c: [struct.pack(">I", 20000)[1:] + b"\1\5\0\0\0\1" + b"\0" * 20000]),
    ("padding-too-long", lambda c: [frame(HEADERS, END_HEADERS | 8, 1, b"\xff" + block(c.path))]),
    ("data-padding-too-long", lambda c: [head(c, flags=END_HEADERS), frame(DATA, 8, 1, b"\xffab")]),
    ("settings-length", lambda c: [frame(SETTINGS, 0, 0, b"\0\1\0")]),
    ("settings-stream", lambda c: [frame(SETTINGS, 0, 1, b"")]),
    ("settings-ack-content", lambda c: [frame(SETTINGS, 1, 0, b"\0\1\0\0\0\0")]),
    ("settings-window", lambda c: [settings(window=0x80000000)]),
    ("settings-frame", lambda c: [settings(frame=1)]),
    ("settings-push", lambda c: [settings(push=2)]),
    ("ping-length", lambda c: [frame(PING, 0, 0, b"1234567")]),
    ("ping-stream", lambda c: [frame(PING, 0, 1, b"12345678")]),
    ("window-zero", lambda c: [frame(WINDOW, 0, 0, b"\0\0\0\0")]),
    ("window-overflow", lambda c: [frame(WINDOW, 0, 0, b"\x7f\xff\xff\xff")]),
    ("rst-length", lambda c: [head(c, flags=END_HEADERS), frame(RST, 0, 1, b"\0")]),
    ("goaway-stream", lambda c: [frame(GOAWAY, 0, 1, bytes(8))]),
    ("headers-interrupted", lambda c: [frame(HEADERS, 0, 1, block(c.path)), frame(PING, 0, 0, bytes(8))]),
    ("headers-interrupted-by-others", lambda c: [frame(HEADERS, 0, 1, block(c.path)), frame(CONTINUATION, END_HEADERS, 3, b"")]),
    ("continuation-alone", lambda c: [frame(CONTINUATION, END_HEADERS, 1, block(c.path))]),
    ("hpack-index", lambda c: [frame(HEADERS, 5, 1, block(c.path) + b"\xff\xff\xff\x7f")]),
    ("hpack-index-0", lambda c: [frame(HEADERS, 5, 1, block(c.path) + b"\x80")]),
    ("hpack-number", lambda c: [frame(HEADERS, 5, 1, block(c.path) + b"\xff" * 40)]),
    ("hpack-huffman", lambda c: [frame(HEADERS, 5, 1, block(c.path) + b"\x00\x81\x00\x84\xff\xff\xff\xff")]),
    ("hpack-cut", lambda c: [frame(HEADERS, 5, 1, block(c.path) + b"\x00\x05x")]),
    ("hpack-table", lambda c: [frame(HEADERS, 5, 1, b"\x3f\xe1\xff\xff\x07" + block(c.path))]),
    ("hpack-table-late", lambda c: [frame(HEADERS, 5, 1, block(c.path) + b"\x20")]),
    ("priority-self", lambda c: [frame(HEADERS, 5 | 32, 1, struct.pack(">IB", 1, 0) + block(c.path))]),
    ("data-behind-end", lambda c: [head(c, flags=END_HEADERS), frame(DATA, 1, 1, b""), frame(DATA, 0, 1, b"GET /smuggled")]),
]


def h2_raw_any(c, make):
    """What was whole before the mistake may be answered."""
    c.any = True
    h = H2()
    for b in make(c):
        h.send(b)
    h.read(6, 1)
    need(h.goaway is not None or h.ended or h.of(1)["end"], "goes on:", h.streams)
    h.close()


cases("h2", "h2-", H2_RAW, lambda c, make: (h2_raw_any if c.name == "h2-data-behind-end" or c.name.startswith("h2-hpack-table-late") else h2_raw)(c, make))


@case("h2", "h2-garbage-for-preface")
def _(c):
    h = H2(preface=b"\0" * 100)
    h.read(4)
    need(h.ended or h.goaway is not None, "goes on")


@case("h2", "h2-preface-of-http1")
def _(c):
    h = H2(preface=G.replace(b"@P", c.path.encode()) + b"\r\n", first=b"")
    h.read(4)
    need(h.ended or h.goaway is not None, "goes on")


@case("h2", "h2-pass-plain")
def _(c):
    h = H2()
    h.request(1, c.path, method="POST", body=b"hello")
    r = h.read(8, 1)
    need(r["status"] == 200 and r["data"] == b"ok", r)
    c.saw("POST", "", b"hello")


@case("h2", "h2-pass-without-alpn")
def _(c):
    h = H2(alpn=())
    h.request(1, c.path)
    need(h.read(8, 1)["status"] == 200, h.streams)
    c.saw()


@case("h2", "h2-pass-trailers")
def _(c):
    h = H2()
    h.request(1, c.path, method="POST", body=b"hello", end=False)
    h.send(frame(HEADERS, 5, 1, literal("host", "evil") + literal("x", "y")))
    need(h.read(8, 1)["status"] == 200, h.streams)
    c.saw("POST", "", b"hello")


for name, after in (("many", literal("x", "y") * 200), ("long", literal("x", "y" * 16000) * 4), ("pseudo", literal(":path", "/smuggled")), ("of-the-connection", literal("transfer-encoding", "chunked"))):
    @case("h2", "h2-trailers-" + name)
    def _(c, after=after):
        h = H2()
        h.request(1, c.path, method="POST", body=b"hello", end=False)
        for i in range(0, len(after), 16000):
            last = i + 16000 >= len(after)
            h.send(frame(CONTINUATION if i else HEADERS, (0 if i else END_STREAM) | (END_HEADERS if last else 0), 1, after[i:i + 16000]))
        r = h.read(8, 1)
        need(r["rst"] is not None or h.ended or h.goaway is not None, h.streams)


@case("h2", "h2-pass-unknown-frames")
def _(c):
    h = H2()
    h.send(b"".join(frame(k, 255, 0, b"x" * 100) for k in range(20, 250)))
    h.request(1, c.path)
    need(h.read(8, 1)["status"] == 200, h.streams)
    c.saw()


@case("h2", "h2-pass-padding")
def _(c):
    h = H2()
    h.send(frame(HEADERS, END_HEADERS | 8, 1, b"\x20" + block(c.path, method="POST") + bytes(32)))
    for i in range(5):
        h.send(frame(DATA, 8 | (END_STREAM if i == 4 else 0), 1, b"\xff" + b"hello"[i:i + 1] + bytes(255)))
    need(h.read(8, 1)["status"] == 200, h.streams)
    c.saw("POST", "", b"hello")


@case("h2", "h2-pass-continuation")
def _(c):
    h = H2()
    b = block(c.path, ("x", "y" * 500))
    h.send(frame(HEADERS, END_STREAM, 1, b[:200]) + frame(CONTINUATION, 0, 1, b[200:400]) + frame(CONTINUATION, END_HEADERS, 1, b[400:]))
    need(h.read(8, 1)["status"] == 200, h.streams)
    c.saw()


# ── HTTP/2: floods ──
def ends(h, seconds=8):
    h.read(seconds)
    need(h.ended or h.goaway is not None, "the connection goes on")
    h.close()


@case("h2-flood", "rapid-reset")
def _(c):
    """CVE-2023-44487."""
    h = H2()
    c.any = True
    for n in range(0, 6000, 50):
        h.send(b"".join(frame(HEADERS, 5, 2 * i + 1, block(c.path)) + frame(RST, 0, 2 * i + 1, b"\0\0\0\x08") for i in range(n, n + 50)))
        if h.ended:
            break
    ends(h)


@case("h2-flood", "made-you-reset")
def _(c):
    """The server is made to reset: a window update of nothing on each stream."""
    h = H2()
    c.any = True
    for n in range(0, 3000, 50):
        h.send(b"".join(frame(HEADERS, 5, 2 * i + 1, block(c.path)) + frame(WINDOW, 0, 2 * i + 1, bytes(4)) for i in range(n, n + 50)))
        if h.ended:
            break
    h.read(1.5)
    h.close()


@case("h2-flood", "made-you-reset-overflow")
def _(c):
    h = H2()
    c.any = True
    for n in range(0, 2000, 50):
        h.send(b"".join(frame(HEADERS, 4, 2 * i + 1, block(c.path, method="POST")) + frame(WINDOW, 0, 2 * i + 1, b"\x7f\xff\xff\xff") for i in range(n, n + 50)))
        if h.ended:
            break
    h.read(1.5)
    h.close()


@case("h2-flood", "continuation")
def _(c):
    """CVE-2024-28182."""
    h = H2()
    h.send(frame(HEADERS, END_STREAM, 1, block(c.path)))
    for _ in range(200):
        h.send(frame(CONTINUATION, 0, 1, literal("x", "y" * 100)) * 50)
        if h.ended:
            break
    ends(h)


@case("h2-flood", "continuation-empty")
def _(c):
    h = H2()
    h.send(frame(HEADERS, END_STREAM, 1, block(c.path)))
    for _ in range(100):
        h.send(frame(CONTINUATION, 0, 1) * 500)
        if h.ended:
            break
    ends(h)


@case("h2-flood", "settings")
def _(c):
    h = H2()
    for _ in range(200):
        h.send(settings(window=65535) * 200)
        if h.ended:
            break
    h.read(3)
    h.close()


@case("h2-flood", "pings-unread")
def _(c):
    h = H2()
    h.s.settimeout(4)
    for _ in range(400):
        h.send(frame(PING, 0, 0, b"12345678") * 200)
        if h.ended:
            break
    h.read(3)
    h.close()


@case("h2-flood", "empty-data")
def _(c):
    """CVE-2019-9518: a body that never comes to an end and has no bytes."""
    h = H2()
    h.request(1, c.path, method="POST", end=False)
    for _ in range(200):
        h.send(frame(DATA, 0, 1) * 500)
        if h.ended:
            break
    h.request(3, c.path + "/after")
    r = h.read(5, 3)
    need(h.ended or h.goaway is not None or r["status"] == 200, r)
    c.loose = [("GET", c.path + "/after")]
    h.close()


@case("h2-flood", "empty-names")
def _(c):
    """CVE-2019-9516."""
    h = H2()
    for i in range(200):
        h.send(frame(HEADERS, 5, 2 * i + 1, b"\x00\x00\x00" * 5000))
        if h.ended:
            break
    h.read(1)
    h.close()


@case("h2-flood", "priorities")
def _(c):
    h = H2()
    for n in range(100):
        h.send(b"".join(frame(PRIORITY, 0, 2 * i + 1, struct.pack(">IB", 0x80000000 | (2 * i - 1 if i else 0), 255)) for i in range(n * 200, n * 200 + 200)))
    h.request(100001, c.path)
    r = h.read(5, 100001)
    need(r["status"] == 200 or h.ended or h.goaway is not None, r)
    c.loose = [("GET", c.path)]
    h.close()


@case("h2-flood", "hpack-bomb")
def _(c):
    """4 KB in the table, named again and again by one byte."""
    h = H2()
    name, value = b"x", b"y" * 3900
    h.send(frame(HEADERS, 5, 1, block(c.path) + b"\x40" + number(len(name), 7) + name + number(len(value), 7) + value))
    for i in range(1, 60):
        h.send(frame(HEADERS, 5, 2 * i + 1, block(c.path) + b"\xbe" * 15000))
    h.read(4, 119)
    h.read(4, 1)
    c.saw()
    need(h.of(1)["status"] == 200 and all(s["status"] != 200 for n, s in h.streams.items() if n > 1), "a bomb passed")
    h.close()


@case("h2-flood", "windows-closed")
def _(c):
    """Replies of 8 MB, and a client that takes nothing: 100 streams on each of two connections."""
    c.any = True
    hs = [H2(first=settings(table=0, window=0)) for _ in range(2)]
    for h in hs:
        for i in range(100):
            h.request(2 * i + 1, c.path + "/big-8000000")
    time.sleep(1.5)
    for h in hs:
        h.close()


@case("h2-flood", "bodies-unfinished")
def _(c):
    """100 streams with bodies that do not end."""
    h = H2()
    for i in range(100):
        h.request(2 * i + 1, c.path, method="POST", end=False, body=b"x" * 60000)
    h.read(1)
    h.close()


@case("h2-flood", "streams-too-many")
def _(c):
    h = H2()
    c.any = True
    for i in range(2000):
        h.send(frame(HEADERS, END_HEADERS, 2 * i + 1, block(c.path, method="POST")))
        if h.ended:
            break
    h.read(2)
    need(h.ended or h.goaway is not None or sum(1 for s in h.streams.values() if s["rst"] is not None) > 1000, "all are kept")
    h.close()


@case("h2-flood", "one-byte-data")
def _(c):
    """As many as the stream's first window of 1 MiB holds, padding counted (RFC 9113, 6.9.1): nobody has to widen it in time."""
    h = H2()
    h.request(1, c.path, method="POST", end=False)
    for _ in range(40):
        h.send((frame(DATA, 8, 1, b"\xffx" + bytes(255))) * 100)
    h.send(frame(DATA, 1, 1, b""))
    r = h.read(10, 1)
    need(r["status"] == 200 or h.ended, r)
    c.loose = [("POST", c.path)]
    h.close()


@case("h2-flood", "hints-unread")
def _(c):
    """A server that sends interim replies without end, to a client that does not read."""
    h = H2(first=settings(table=0, window=0))
    h.request(1, c.path + "/endless-hints")
    time.sleep(2)
    h.read(1.5, 1)
    need(h.ended or h.of(1)["heads"] < 200, "all are passed on:", h.of(1)["heads"])
    c.any = True
    h.close()


# ── TLS ──
def tls_raw(c, data, pieces=0, seconds=3):
    s = plain()
    try:
        for i in range(0, len(data), pieces or len(data)):
            s.sendall(data[i:i + (pieces or len(data))])
    except OSError:
        pass
    b = everything(s, seconds, lambda b: b[:1] == b"\x16")
    s.close()
    return b


def tls_refused(c, data):
    b = tls_raw(c, data, seconds=1.0)
    need(b[:1] in (b"", b"\x15"), "answered:", b[:60])


HELLO = hello()
TLS_BAD = [
    ("tls-garbage", b"\x16\x03\x01" + os.urandom(5000)),
    ("tls-record-empty", b"\x16\x03\x01\x00\x00" * 500),
    ("tls-record-too-long", record(22, b"x" * 60000)),
    ("tls-record-length-lies", record(22, HELLO, length=65535)),
    ("tls-hello-too-long", record(22, b"\x01\xff\xff\xff" + b"x" * 16000) * 6),
    ("tls-hello-cut", record(22, HELLO[:60]) + b"\x15\x03\x01\x00\x02\x02\x00"),
    ("tls-hello-lengths", record(22, HELLO[:38] + b"\xff" + HELLO[39:])),
    ("tls-hello-no-ciphers", record(22, hello(ciphers=b""))),
    ("tls-hello-odd-ciphers", record(22, hello(ciphers=b"\x13\x01\x13"))),
    ("tls-hello-extension-length", record(22, hello(extra=b"\x00\x23\xff\xff"))),
    ("tls-hello-many-extensions", record(22, hello(extra=b"".join(struct.pack(">HH", 0x4000 + i, 0) for i in range(3000))))),
    ("tls-sni-nul", record(22, hello(sni=b"api.example.com\0.evil.com"))),
    ("tls-sni-long", record(22, hello(sni=b"a" * 3000))),
    ("tls-sni-empty", record(22, hello(sni=b""))),
    ("tls-sni-address", record(22, hello(sni=b"127.0.0.1"))),
    ("tls-other-handshake-first", record(22, b"\x02" + HELLO[1:])),
    ("tls-data-first", record(23, b"x" * 100) + record(22, HELLO)),
    ("tls-alerts-first", b"\x15\x03\x01\x00\x02\x01\x00" * 2000),
    ("tls-ssl2", b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + os.urandom(40)),
    ("tls-heartbeat", record(22, HELLO) + record(24, b"\x01\xff\xff")),
    ("tls-in-tls-version", b"\x16\x02\x00\x00\x10" + b"x" * 16),
]


def tls_bad(c, data):
    b = tls_raw(c, data, seconds=0.7)
    need(b"HTTP" not in b, b[:100])


cases("tls", "", TLS_BAD, tls_bad)


@case("tls", "tls-hello-byte-by-byte")
def _(c):
    b = tls_raw(c, record(22, HELLO), 1)
    need(b[:1] == b"\x16", "no answer:", b[:20])


@case("tls", "tls-hello-in-one-byte-records")
def _(c):
    b = tls_raw(c, b"".join(record(22, HELLO[i:i + 1]) for i in range(len(HELLO))), 7)
    need(b[:1] in (b"\x16", b"\x15", b""), b[:20])


@case("tls", "tls-hello-64k-byte-by-byte")
def _(c):
    """The largest ClientHello in the smallest pieces: looked at again with each byte, it would cost billions."""
    big = hello(extra=struct.pack(">HH", 0x4444, 15000) + bytes(15000))
    s = plain()
    data = record(22, big[:4]) + record(22, big[4:])
    for i in range(0, len(data), 3):
        s.send(data[i:i + 3])
    need(everything(s, 4, lambda b: len(b) > 0)[:1] in (b"\x16", b"\x15"), "no answer")


@case("tls", "tls-other-name")
def _(c):
    """Dialled one, named another in TLS: words for it, and nothing arrives."""
    s = tls(sni="evil.example.com")
    b = h1(b"GET %s HTTP/1.1\r\nHost: evil.example.com\r\n\r\n" % c.path.encode(), sock=s)
    need(status(b) in (403, 421), b[:200])


@case("tls", "tls-damaged-record")
def _(c):
    s = tls()
    fd = os.dup(s.fileno())
    os.write(fd, record(23, os.urandom(64)))
    need(everything(s, 4) == b"", "goes on")
    os.close(fd)


@case("tls", "tls-record-17k")
def _(c):
    s = tls()
    fd = os.dup(s.fileno())
    os.write(fd, record(23, os.urandom(17500)))
    need(everything(s, 4) == b"", "goes on")
    os.close(fd)


@case("tls", "tls-half-handshakes")
def _(c):
    """Handshakes that are begun and left alone."""
    ss = []
    for _ in range(150):
        s = plain()
        s.sendall(record(22, hello()))
        ss.append(s)
    time.sleep(1)
    for s in ss:
        s.close()


@case("tls", "tls-handshakes-reset")
def _(c):
    for _ in range(150):
        s = plain()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.sendall(record(22, hello())[:random.randrange(1, 150)])
        s.close()


# ── slow ──
@case("slow", "slow-heads", alone=False)
def _(c):
    """30 requests, a byte of each at a time; they are served in the end."""
    ss = [tls() for _ in range(30)]
    data = G.replace(b"@P", c.path.encode()) + b"\r\n"
    for b in data:
        for s in ss:
            s.sendall(bytes([b]))
        time.sleep(0.03)
    for s in ss:
        need(status(everything(s, 10, reply_is_whole)) == 200, "not served")
        c.saw()
        s.close()


@case("slow", "slow-bodies", alone=False)
def _(c):
    ss = [tls() for _ in range(30)]
    for s in ss:
        s.sendall(P.replace(b"@P", c.path.encode()) + b"Content-Length: 60\r\n\r\n")
    for i in range(60):
        for s in ss:
            s.sendall(b"x")
        time.sleep(0.05)
    for s in ss:
        need(status(everything(s, 10, reply_is_whole)) == 200, "not served")
        c.saw("POST", "", b"x" * 60)
        s.close()


@case("slow", "slow-handshakes", alone=False)
def _(c):
    ss = [plain() for _ in range(60)]
    data = record(22, hello())
    for b in data:
        for s in ss:
            s.sendall(bytes([b]))
        time.sleep(0.02)
    for s in ss:
        need(everything(s, 10, lambda b: len(b) > 0)[:1] == b"\x16", "no answer")
        s.close()


@case("slow", "slow-head-long", alone=False)
def _(c):
    """200 KB of a head in pieces of 8 bytes, which is looked at again and again."""
    s = tls()
    s.sendall(G.replace(b"@P", c.path.encode()))
    for i in range(25000):
        s.sendall(b"X: aaaaa" if i % 2000 == 0 else b"\r\n" if i % 2000 == 1999 else b"aaaaaaaa")
    s.sendall(b"\r\n\r\n")
    need(status(everything(s, 10, reply_is_whole)) in (200, 431), "not served")
    c.loose = [("GET", c.path)]


# ── WebSocket ──
def ws_closed(c, frames, how=""):
    s, b = ws_open(c.path + how)
    need(status(b) == 101, b[:200])
    c.any = True
    try:
        for f in frames:
            s.sendall(f)
    except OSError:
        pass
    b = everything(s, 6)
    need(b"Postern: " in b or b == b"", "not closed with a reason:", b[:200])
    s.close()
    return b


WS_BAD = [
    ("ws-unmasked", [ws_frame(1, b"hello", mask=b"")]),
    ("ws-reserved-bits", [ws_frame(1, b"hello", reserved=4)]),
    ("ws-reserved-opcode", [ws_frame(5, b"hello")]),
    ("ws-reserved-control", [ws_frame(12, b"hello")]),
    ("ws-ping-too-long", [ws_frame(9, b"x" * 126)]),
    ("ws-ping-fragmented", [ws_frame(9, b"x", fin=False)]),
    ("ws-continuation-first", [ws_frame(0, b"x")]),
    ("ws-text-inside-text", [ws_frame(1, b"x", fin=False), ws_frame(1, b"y")]),
    ("ws-length-63-bits", [ws_frame(2, b"x" * 1000, length=1 << 62)]),
    ("ws-length-64-bits", [ws_frame(2, b"x" * 1000, length=(1 << 64) - 1)]),
    ("ws-length-not-shortest", [b"\x81\xfe\x00\x05\1\2\3\4hello"]),
    ("ws-length-20-mb", [ws_frame(2, b"x" * 1000, length=20 << 20)]),
    ("ws-message-20-mb", [ws_frame(2, b"x" * 60000, fin=False)] + [ws_frame(0, b"x" * 60000, fin=False)] * 340),
]
cases("websocket", "", WS_BAD, ws_closed)


@case("websocket", "ws-pass")
def _(c):
    s, b = ws_open(c.path)
    need(status(b) == 101, b[:200])
    s.sendall(ws_frame(1, b"he", fin=False) + ws_frame(9, b"ping") + ws_frame(0, b"llo") + ws_frame(1, b"again"))
    b = everything(s, 6, lambda b: b"echo again" in b)
    need(b"echo again" in b, b)
    c.saw()


@case("websocket", "ws-ping-before-half-a-frame")
def _(c):
    """What is whole goes on, and does not wait for the rest of what comes after it."""
    s, b = ws_open(c.path)
    need(status(b) == 101, b[:200])
    text = ws_frame(1, b"hello")
    s.sendall(ws_frame(9, b"first") + text[:4])
    b = everything(s, 3, lambda b: b"\x8a\x05first" in b)
    need(b"\x8a\x05first" in b, b)
    s.sendall(text[4:])
    b = everything(s, 6, lambda b: b"echo hello" in b)
    need(b"echo hello" in b, b)
    c.saw()


@case("websocket", "ws-tiny-fragments")
def _(c):
    s, b = ws_open(c.path)
    need(status(b) == 101)
    c.saw()
    s.sendall(ws_frame(1, b"x", fin=False))
    f = ws_frame(0, b"x", fin=False) * 2000
    try:
        for _ in range(50):
            s.sendall(f)
        s.sendall(ws_frame(0, b"y") + ws_frame(1, b"after"))
    except OSError:
        pass
    b = everything(s, 8, lambda b: b"echo after" in b)
    need(b"echo after" in b or b"Postern: " in b or b == b"", b[:100])


@case("websocket", "ws-empty-fragments")
def _(c):
    s, b = ws_open(c.path)
    need(status(b) == 101)
    c.saw()
    s.sendall(ws_frame(1, b"", fin=False))
    f = ws_frame(0, b"", fin=False) * 2000
    try:
        for _ in range(50):
            s.sendall(f)
        s.sendall(ws_frame(0, b"y") + ws_frame(1, b"after"))
    except OSError:
        pass
    b = everything(s, 8, lambda b: b"echo after" in b)
    need(b"echo after" in b or b"Postern: " in b or b == b"", b[:100])


@case("websocket", "ws-pings-to-a-deaf-server")
def _(c):
    """100 MB of pings, and nobody takes them: they wait at the client (and in sockets, where there is room for much)."""
    ss = [ws_open(c.path + "/ws-deaf") for _ in range(2)]
    c.more_mib = 16
    f = ws_frame(9, b"x" * 125) * 500
    for s, b in ss:
        need(status(b) == 101)
        c.saw("GET", "/ws-deaf")
        s.settimeout(1.0)
        try:
            for _ in range(700):
                s.sendall(f)
        except OSError:
            pass
    for s, _ in ss:
        s.close()


@case("websocket", "ws-unfinished")
def _(c):
    """Messages that are never whole, 14 MB each, over 40 connections."""
    ss = []
    c.any = True
    f = ws_frame(0, b"x" * 60000, fin=False)
    for _ in range(40):
        s, b = ws_open(c.path)
        s.settimeout(0.5)
        ss.append(s)
        try:
            s.sendall(ws_frame(1, b"x", fin=False))
            for _ in range(230):
                s.sendall(f)
        except OSError:
            pass
    for s in ss:
        s.close()


WS_SERVER = ["ws-masked", "ws-huge", "ws-tiny-fragments", "ws-pings", "ws-garbage", "ws-reset", "ws-endless"]


def ws_server(c, how):
    s, b = ws_open(c.path + "/" + how)
    need(status(b) == 101 or how == "ws-reset", b[:100])
    c.saw("GET", "/" + how)
    everything(s, 0.5)
    s.close()


cases("websocket", "server-", [(h, h) for h in WS_SERVER], ws_server)


# ── bombs ──
def gzip_of(size, level=9):
    z = zlib.compressobj(level, zlib.DEFLATED, 31)
    return b"".join(z.compress(bytes(1 << 20)) for _ in range(size >> 20)) + z.flush()


def zstd_of(size):
    """Blocks of one byte said 128 Ki times."""
    n = size >> 17
    blocks = b"".join(struct.pack("<I", (131072 << 3) | 2 | (1 if i == n - 1 else 0))[:3] + b"\0" for i in range(n))
    return b"\x28\xb5\x2f\xfd\x00\x58" + blocks


BROTLI_64M = base64.b64decode("z///f/gnAOKxQCD3/p/////wTwDEYQGA7v0/////4Z8AiMMiAN37f/7//8M/ARCHBQC69/8D")


def bomb(c, coding, data, passes):
    b = h1(b"POST %s HTTP/1.1\r\n" % c.path.encode() + Hh + b"Content-Encoding: " + coding + b"\r\nContent-Length: %d\r\n\r\n" % len(data) + data, 30)
    if passes is None:
        need(400 <= status(b) < 500 and b"Postern: " in b, "not refused:", b[:300])
    else:
        need(status(b) == 200, "not passed:", b[:300])
        c.saw("POST", "", passes)


cases("bomb", "", [
    ("gzip-1-gb", b"gzip", gzip_of(1 << 30) if LONG else gzip_of(200 << 20), None),
    ("gzip-30-mb", b"gzip", gzip_of(30 << 20), bytes(30 << 20)),
    ("gzip-in-gzip", b"gzip, gzip", gzip.compress(gzip_of(200 << 20)), None),
    ("gzip-many", b", ".join([b"gzip"] * 40), gzip.compress(b"x"), None),
    ("gzip-empty-members", b"gzip", gzip.compress(b"") * 30000, b""),
    ("gzip-cut", b"gzip", gzip_of(1 << 20)[:-9], None),
    ("gzip-garbage", b"gzip", os.urandom(100000), None),
    ("deflate", b"deflate", zlib.compress(bytes(100 << 20)), None),
    ("deflate-bare", b"deflate", zlib.compress(bytes(100 << 20))[2:-4], None),
    ("brotli", b"br", BROTLI_64M, None),
    ("brotli-garbage", b"br", os.urandom(100000), None),
    ("zstd", b"zstd", zstd_of(1 << 30), None),
    ("zstd-30-mb", b"zstd", zstd_of(30 << 20), bytes(30 << 20)),
    ("zstd-window", b"zstd", b"\x28\xb5\x2f\xfd\x00\xf8" + b"\x01\x00\x00", None),
    ("unknown-coding", b"rot13", b"hello", None),
], bomb)


@case("bomb", "gzip-at-once")
def _(c):
    """60 streams at once, 31 KB each, 30 MB unpacked, to a server that takes nothing of it."""
    data = gzip_of(30 << 20)
    hs = [H2(timeout=20) for _ in range(2)]
    c.any = True
    for h in hs:
        for i in range(30):
            h.request(2 * i + 1, c.path + "/deaf", ("content-encoding", "gzip"), method="POST", body=data)
    for h in hs:
        h.read(3)
        h.close()


def heavy(c, data):
    b = h1(b"POST %s HTTP/1.1\r\n" % c.path.encode() + Hh + b"Content-Length: %d\r\n\r\n" % len(data) + data, 40)
    need(status(b) in (200, 403, 413), b[:300])
    c.loose = [("POST", c.path)]


def words(size):
    r = random.Random(5)
    ws = ["".join(r.choice("abcdefghijklmnopqrstuvwxyz_") for _ in range(r.randrange(3, 11))) for _ in range(5000)]
    line = " ".join(r.choice(ws) for _ in range(50000)).encode()
    return (line * (size // len(line) + 1))[:size]


SIZE = 31 << 20
cases("bomb", "", [
    ("body-31-mb-text", words(SIZE)),
    ("body-31-mb-base64", base64.encodebytes(words(SIZE * 3 // 4))[:SIZE]),
    ("body-31-mb-hex", words(SIZE // 2).hex().encode()),
    ("body-31-mb-json-arrays", b"{" + b'"a":[' * (SIZE // 5)),
    ("body-31-mb-json-nodes", b'{"messages":[' + b"1," * (SIZE // 2 - 20) + b"1]}"),
    ("body-31-mb-assignments", (b'password = "q8Zr3kPx0vT5"\n' * (SIZE // 26))[:SIZE]),
    ("body-31-mb-random", os.urandom(SIZE)),
], heavy)


# ── many ──
@case("many", "connections-idle")
def _(c):
    """As many connections as there can be: what is ordinary goes on, and the rest is refused."""
    ss = []
    for _ in range(5000 if LONG else 3000):
        try:
            ss.append(plain(timeout=3))
        except OSError:
            break
    need(len(ss) > 1000, "only", len(ss))
    time.sleep(0.5)
    for s in ss:
        s.close()


@case("many", "ports")
def _(c):
    for i in range(1500):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex((HOST, 1000 + i))
        s.close()


@case("many", "requests-unanswered")
def _(c):
    """300 requests to a server that is silent."""
    c.any = True
    hs = [H2() for _ in range(3)]
    for h in hs:
        for i in range(100):
            h.request(2 * i + 1, c.path + "/silent")
    hs[0].read(1.5)
    for h in hs:
        h.close()


@case("many", "replies-unread")
def _(c):
    """60 replies of 20 MB to clients that read none of it."""
    c.any = True
    ss = [tls() for _ in range(60)]
    for s in ss:
        s.sendall(b"GET %s/big-20000000 HTTP/1.1\r\n" % c.path.encode() + Hh + b"\r\n")
    time.sleep(1.5)
    for s in ss:
        s.close()


@case("many", "memory-full")
def _(c):
    """So many replies unread that no more may be held: who holds most loses, and not who comes next."""
    c.any = True
    hs = [H2(first=settings(table=0, window=0)) for _ in range(3)]
    for h in hs:
        for i in range(120):
            h.request(2 * i + 1, c.path + "/big-3000000")
    time.sleep(5 if LONG else 2.5)
    for h in hs:
        h.close()


@case("many", "opened-and-closed")
def _(c):
    for _ in range(1000):
        plain().close()


# ── names ──
def dns_ask(name=b"\3api\7example\3com\0", count=1, kind=1, flags=0x100):
    return struct.pack(">HHHHHH", random.randrange(65536), flags, count, 0, 0, 0) + name + struct.pack(">HH", kind, 1)


def resolver():
    for line in open("/etc/resolv.conf"):
        if line.startswith("nameserver"):
            return line.split()[1]


def udp():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((resolver(), 53))
    s.settimeout(2)
    return s


def dns_patient(name):
    """A datagram may be lost while the queue of the gate's socket is full; every resolver asks again."""
    for _ in range(4):
        s = udp()
        try:
            s.send(dns_ask(name))
            return s.recv(1000)
        except TimeoutError:
            pass
    raise TimeoutError("no answer to a name asked for four times")


@case("names", "dns-flood")
def _(c):
    s = udp()
    for i in range(14000):
        try:
            s.send(dns_ask(b"\6f%05d\7example\3net\0" % i))
            if i % 200 == 0:
                s.recv(1000)
        except OSError:
            pass
    for name, what in ((b"\3api\7example\3com\0", "the host's"), (b"\7another\7example\3com\0", "a new one's")):
        reply = dns_patient(name)
        need(reply[3] & 15 == 0 and reply[7] == 1, "there is no address for", what)


@case("names", "dns-garbage")
def _(c):
    s = udp()
    r = random.Random(7)
    for i in range(1500):
        try:
            s.send(r.randbytes(r.randrange(0, 600)))
        except OSError:
            pass
    for name in (b"\xc0\x0c", b"\xc0\x00", b"\x3f" + b"a" * 63 + b"\0", b"\x40" + b"a" * 64 + b"\0", b"\1a" * 130 + b"\0", b"\3a\0b\0", b"\x05abc"):
        s.send(dns_ask(name))
    for count in (0, 2, 65535):
        s.send(dns_ask(count=count))
    s.send(dns_ask(flags=0x8000))
    s = udp()
    s.send(dns_ask())
    need(s.recv(1000)[3] & 15 == 0, "no answer any more")


@case("names", "dns-tcp")
def _(c):
    s = socket.create_connection((resolver(), 53), timeout=3)
    q = dns_ask()
    s.sendall((struct.pack(">H", len(q)) + q) * 500)
    b = everything(s, 3, lambda b: len(b) > 500 * 40)
    need(len(b) > 500 * 30, len(b))
    s.close()
    s = socket.create_connection((resolver(), 53), timeout=3)
    s.sendall(b"\xff\xff" + b"x" * 70000)
    everything(s, 1)
    s.close()


@case("names", "datagrams")
def _(c):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setblocking(False)
    for i in range(5000):
        try:
            s.sendto(b"x" * 1200, (resolver(), 1024 + i))
        except OSError:
            pass


# ── SOCKS and CONNECT ──
def proxied(c, data, then=b"", port=1080):
    s = plain("10.9.9.9", port)
    s.sendall(data)
    b = everything(s, 1, lambda b: len(b) > 1)
    if then and b:
        s.sendall(then)
        b += everything(s, 1.5, lambda b: len(b) >= 10)
    s.close()
    return b


def socks_refused(c, data, then=b""):
    b = proxied(c, data, then)
    need(b"\x05\x00\x00\x01" not in b and b"200" not in b, "granted:", b[:60])


GREETING = b"\x05\x01\x00"
cases("socks", "", [
    ("socks4", b"\x04\x01\x01\xbb\x01\x02\x03\x04x\0"),
    ("socks-no-methods", b"\x05\x00"),
    ("socks-unknown-method", b"\x05\x01\x7f"),
    ("socks-bind", GREETING, b"\x05\x02\x00\x01\x01\x02\x03\x04\x01\xbb"),
    ("socks-udp", GREETING, b"\x05\x03\x00\x01\x01\x02\x03\x04\x01\xbb"),
    ("socks-type", GREETING, b"\x05\x01\x00\x09\x01\x02\x03\x04\x01\xbb"),
    ("socks-nul", GREETING, b"\x05\x01\x00\x03\x15api.example.com\0.evil\x01\xbb"),
    ("socks-version", GREETING, b"\x04\x01\x00\x01\x01\x02\x03\x04\x01\xbb"),
    ("socks-garbage", GREETING, b"\x05" + b"\xff" * 200),
    ("connect-twice", b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: x\r\n\r\nCONNECT evil.example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"[:0] + b"\x05\x02\x00"),
], socks_refused)


@case("socks", "socks-name-255")
def _(c):
    proxied(c, GREETING, b"\x05\x01\x00\x03\xff" + b"a" * 255 + b"\x01\xbb" + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


@case("socks", "socks-inside-socks")
def _(c):
    s = plain("10.9.9.9", 1080)
    s.sendall(GREETING)
    everything(s, 1, lambda b: len(b) >= 2)
    s.sendall(b"\x05\x01\x00\x03\x0fapi.example.com\x01\xbb")
    everything(s, 1, lambda b: len(b) >= 10)
    s.sendall(GREETING)
    need(everything(s, 1.5)[:2] != b"\x05\x00", "a second proxy")


def connect_refused(c, request, inner):
    s = plain("10.9.9.9", 3128)
    s.sendall(request)
    b = everything(s, 1, lambda b: b"\r\n\r\n" in b)
    if status(b) == 200 and inner:
        s.sendall(inner)
        b = everything(s, 1.5, lambda b: b"\r\n\r\n" in b)
    need(status(b) != 200, b[:100])


PLAIN = b"GET /smuggled HTTP/1.1\r\nHost: api.example.com\r\n\r\n"
cases("socks", "", [
    ("connect-other-host-inside", b"CONNECT evil.example.com:443 HTTP/1.1\r\nHost: evil.example.com\r\n\r\n", PLAIN),
    ("connect-port", b"CONNECT api.example.com:99999 HTTP/1.1\r\nHost: x\r\n\r\n", PLAIN),
    ("connect-port-0", b"CONNECT api.example.com:0 HTTP/1.1\r\nHost: x\r\n\r\n", PLAIN),
    ("connect-plain-inside", b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", PLAIN),
    ("connect-in-connect", b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("connect-empty", b"CONNECT  HTTP/1.1\r\nHost: x\r\n\r\n", b""),
    ("connect-user", b"CONNECT x@evil.example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", PLAIN),
    ("proxy-absolute-other", b"GET http://evil.example.com/smuggled HTTP/1.1\r\nHost: api.example.com\r\n\r\n", b""),
    ("proxy-absolute-plain", b"GET http://api.example.com/smuggled HTTP/1.1\r\nHost: api.example.com\r\n\r\n", b""),
], connect_refused)


# ── replies that no server should give ──
def get(c, how, version, seconds=8):
    """Status, fields, content, whole?"""
    c.saw("GET", "/" + how)
    if version == 2:
        h = H2()
        h.request(1, c.path + "/" + how)
        r = h.read(seconds, 1)
        h.close()
        return r["status"], b"", r["data"], r["end"] and r["rst"] is None
    b = h1(b"GET %s/%s HTTP/1.1\r\n" % (c.path.encode(), how.encode()) + Hh + b"\r\n", seconds)
    b = without_interim(b)
    at = b.find(b"\r\n\r\n")
    content = b[at + 4:]
    if b"transfer-encoding: chunked" in b[:at].lower():
        raw, content = content, b""
        while raw:
            n = int(raw.split(b"\r\n", 1)[0] or b"0", 16)
            raw = raw.split(b"\r\n", 1)[-1]
            content, raw = content + raw[:n], raw[n + 2:]
    return status(b), b[:at].lower(), content, reply_is_whole(b)


def broken(c, how, version):
    """The client gets words or a reply that breaks off, and nothing of the server's that could be taken for more."""
    code, fields, content, whole = get(c, how, version)
    need(code == 502 and b"Postern: " in content or code in (0, 200) and not whole, code, content[:200], whole)
    need(b"set-cookie" not in fields + content, "injected", fields)


def good(c, how, version, want=b"hello", code=200):
    got = get(c, how, version)
    need(got[0] == code and got[2] == want and got[3], got)
    need(b"set-cookie" not in got[1] and b"evil" not in got[1], got[1])
    need(got[1].count(b"content-length") <= 1, "two lengths", got[1])
    need(code != 204 or b"content-length" not in got[1], "a length without content", got[1])
    need(b"x-hop" not in got[1] and b"proxy-authenticate" not in got[1], "of the other connection", got[1])


BROKEN = """status-99 status-1000 status-word status-negative status-two-spaces status-tab status-http2 status-http9 status-lower-case status-icy
status-none status-space-first status-empty-lines-first status-cr-in-phrase status-nul-in-phrase status-binary bare-lf one-bare-lf fold
space-before-colon no-colon empty-name cr-in-value nul-in-value delete-in-value space-in-name many-fields long-field both two-lengths
length-list length-plus length-negative length-hex length-overflow length-empty te-gzip te-gzip-chunked te-twice te-xchunked chunk-no-number
chunk-overflow chunk-negative chunk-hex chunk-lf chunk-too-long chunk-huge-extension chunk-cut chunk-no-end length-cut switches tls-garbage
tls-alerts reset-0 reset-1 reset-5 reset-12 reset-16 reset-30 reset-50 reset-64 reset-90 head-byte-by-byte continue-flood hints-flood""".split()
GOOD = """plain no-phrase bare-status length-zeros same-length-twice chunk-extension chunk-trailer chunk-zeros until-close old two-replies
longer-than-said interim interim-with-length hop-by-hop byte-by-byte""".split()
for v in (1, 2):
    cases("reply", "to-h%d-" % v, [(n, n, v) for n in BROKEN], broken)
    cases("reply", "to-h%d-" % v, [(n, n, v) for n in GOOD], good)
    cases("reply", "to-h%d-" % v, [("empty-with-body", "empty-with-body", v, b"", 204), ("not-modified-with-body", "not-modified-with-body", v, b"", 304),
                                 ("tiny-chunks", "tiny-chunks", v, b"x" * 100000)], good)


@case("reply", "left-in-the-middle")
def _(c):
    """A client that goes away inside a reply: what is still to come of it must not become the reply to another request."""
    for _ in range(3):
        s = tls()
        s.sendall(b"GET %s/half HTTP/1.1\r\n" % c.path.encode() + Hh + b"\r\n")
        need(everything(s, 20, lambda b: b.endswith(b"x")), "no reply")
        s.close()
        c.saw("GET", "/half")
        time.sleep(0.1)
        for i in range(4):
            b = h1(b"GET %s/%d HTTP/1.1\r\n" % (c.path.encode(), i) + Hh + b"\r\n", 20)
            need(status(b) == 200 and b.endswith(b"ok"), "another reply:", b[:100])
            c.saw("GET", "/%d" % i)


@case("reply", "head-with-body")
def _(c):
    b = h1(b"HEAD %s/plain HTTP/1.1\r\n" % c.path.encode() + Hh + b"Connection: close\r\n\r\n", 12)
    need(status(b) == 200 and b.endswith(b"\r\n\r\n"), b[:300])
    c.saw("HEAD", "/plain")


@case("reply", "bomb-unopened")
def _(c):
    got = get(c, "bomb", 1)
    need(got[0] == 200 and len(got[2]) < 1 << 20, got[:2])


@case("reply", "interim-fields")
def _(c):
    b = h1(b"GET %s/interim-hop HTTP/1.1\r\n" % c.path.encode() + Hh + b"\r\n")
    first = b.split(b"\r\n\r\n")[0].lower().split(b"\r\n")
    need(first[0].startswith(b"http/1.1 103") and first[1:] == [b"link: </x>"], "of the other connection:", first)
    need(b.endswith(b"hello"), b)
    c.saw("GET", "/interim-hop")


@case("reply", "old-client-no-interim")
def _(c):
    """RFC 9110, 15.2: a client of HTTP/1.0 does not know interim replies."""
    b = h1(b"GET %s/interim HTTP/1.0\r\n" % c.path.encode() + Hh + b"\r\n")
    need(status(b) == 200, b[:200])
    c.saw("GET", "/interim")


for name in ("endless-head", "trickle", "silent"):
    @case("reply", name, alone=False)
    def _(c, name=name):
        b = h1(b"GET %s/%s HTTP/1.1\r\n" % (c.path.encode(), name.encode()) + Hh + b"\r\n", 2.5)
        need(status(b) in (0, 200, 502), b[:100])
        c.saw("GET", "/" + name)


# ── model traffic ──
ASK = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}]}).encode()


def model(c, how):
    s = tls(timeout=20)
    s.sendall(b"POST %s/%s HTTP/1.1\r\n" % (c.path.encode(), how.encode()) + Hh + b"Content-Length: %d\r\n\r\n" % len(ASK) + ASK)
    b = everything(s, 25, lambda b: b.endswith(b"0\r\n\r\n") or (how == "json" and reply_is_whole(b)))
    need(status(b) == 200, b[:200])
    c.saw("POST", "/" + how, ASK)
    need(b.endswith(b"0\r\n\r\n") or how == "json", "not whole", len(b))
    s.close()


MODEL = ["sse-args", "sse-calls", "sse-deep", "sse-nodes", "sse-line", "sse-newlines", "sse-garbage", "json"]
cases("model", "", [(n, n) for n in MODEL], model)


@case("model", "sse-args-at-once")
def _(c):
    """Arguments without end, from 8 models at once."""
    ss = []
    for i in range(8):
        s = tls(timeout=20)
        s.sendall(b"POST %s/sse-args HTTP/1.1\r\n" % c.path.encode() + Hh + b"Content-Length: %d\r\n\r\n" % len(ASK) + ASK)
        c.saw("POST", "/sse-args", ASK)
        ss.append(threading.Thread(target=everything, args=(s, 12, lambda b: b.endswith(b"0\r\n\r\n"))))
    for t in ss:
        t.start()
    for t in ss:
        t.join()


@case("model", "sse-held")
def _(c):
    """A secret was replaced, so placeholders are put back: events that end with what may be one are held back."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    secret = "gl" + "pat-" + "".join(random.choice(alphabet) for _ in range(20))
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "the token is %s, thanks" % secret}]}).encode()
    s = tls(timeout=20)
    s.sendall(b"POST %s/sse-held HTTP/1.1\r\n" % c.path.encode() + Hh + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    b = everything(s, 20, lambda b: b.endswith(b"0\r\n\r\n"))
    need(status(b) == 200, b[:200])
    need(len(b) < 40 << 20, "made", len(b), "bytes of 2 MB")
    c.any = True
    s.close()


# ── running them ──
def run(kind, name, f):
    c = Case(name)
    begin, ok, why = time.time(), True, ""
    try:
        f(c)
    except Wrong as e:
        ok, why = False, str(e)
    except Exception as e:
        ok, why = False, repr(e)
    out.write(json.dumps({"kind": kind, "name": name, "ok": ok, "why": why, "begin": begin, "end": time.time(), "sees": c.sees, "loose": c.loose, "any": c.any, "more_mib": c.more_mib}) + "\n")


wanted = [c for c in CASES if not only or any(w in (c[0] + "/" + c[1]) for w in only)]
names = [c[1] for c in CASES]
assert len(names) == len(set(names)), [n for n in names if names.count(n) > 1]
ordinary = subprocess.Popen([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "ordinary.py"), os.path.join(folder, "ordinary"), "300"])
time.sleep(0.5)
# Small cases beside large ones, and what is slow beside both: what happens to an ordinary request is told of all cases under way.
LANES = [("smuggling", "desync", "h2", "tls", "names", "socks"), ("reply",), ("h2-flood", "websocket", "bomb", "many", "model")]


def lane(kinds):
    for kind, name, f, alone in wanted:
        if alone and kind in kinds:
            run(kind, name, f)


threads = [threading.Thread(target=run, args=c[:3]) for c in wanted if not c[3]] + [threading.Thread(target=lane, args=(x,)) for x in LANES]
for t in threads:
    t.start()
for t in threads:
    t.join()
time.sleep(0.5)
ordinary.terminate()
ordinary.wait()
# What was left open may cost nothing: the processor's time of the next second is looked at.
left = [plain() for _ in range(200)] + [tls() for _ in range(20)]
time.sleep(0.7)
out.write(json.dumps({"kind": "idle", "name": "idle", "begin": time.time(), "end": time.time() + 1.0, "ok": True, "why": "", "sees": [], "loose": [], "any": False}) + "\n")
time.sleep(1.2)
