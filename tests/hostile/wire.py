"""What the cases of client.py are made of: TLS, HTTP/1 as bytes, HTTP/2 frame by frame, WebSocket frames. Nothing here keeps to the rules by
itself."""
import os
import socket
import ssl
import struct
import time

HOST = "api.example.com"


class Wrong(Exception):
    pass


def need(condition, *what):
    if not condition:
        raise Wrong(" ".join(str(w) for w in what))


def plain(host=HOST, port=443, timeout=20):
    s = socket.create_connection((host, port), timeout=timeout)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def tls(alpn=("http/1.1",), host=HOST, sni=HOST, timeout=20):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context.wrap_socket(plain(host, timeout=timeout), server_hostname=sni)


def everything(s, seconds=8, until=None):
    """What comes until the other side ends, or `until` is in it."""
    out, end = bytearray(), time.time() + seconds
    while time.time() < end:
        s.settimeout(max(0.01, end - time.time()))
        try:
            d = s.recv(262144)
        except (OSError, ssl.SSLError):
            break
        if not d:
            break
        out += d
        if until and until(out):
            break
    return bytes(out)


def without_interim(b):
    at = 0
    while b.startswith(b"HTTP/1.1 1", at) and b.find(b"\r\n\r\n", at) >= 0:
        at = b.find(b"\r\n\r\n", at) + 4
    return b[at:]


def reply_is_whole(b):
    """At least one reply with its content, by Content-Length or as chunks."""
    b = without_interim(b)
    at = b.find(b"\r\n\r\n")
    if at < 0 or b.startswith(b"HTTP/1.1 1"):
        return False
    low = b[:at].lower()
    if low.startswith((b"http/1.1 204", b"http/1.1 304")):
        return True
    if b"content-length: " in low:
        return len(b) - at - 4 >= int(low.split(b"content-length: ")[1].split(b"\r\n")[0])
    return b.endswith(b"\r\n0\r\n\r\n")


def h1(data, seconds=20, pieces=None, sock=None):
    """Sends bytes, and gives all that comes up to a whole reply or the end."""
    s = sock or tls()
    try:
        if pieces:
            for i in range(0, len(data), pieces):
                s.sendall(data[i:i + pieces])
        else:
            s.sendall(data)
    except (OSError, ssl.SSLError):
        pass
    out = everything(s, seconds, reply_is_whole)
    s.close()
    return out


def status(b):
    return int(b[9:12]) if b.startswith(b"HTTP/1.1 ") and b[9:12].isdigit() else 0


# ── HTTP/2 ──
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
END_STREAM, END_HEADERS = 1, 4


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def number(n, bits, first=0):
    top = (1 << bits) - 1
    if n < top:
        return bytes([first | n])
    out, n = bytes([first | top]), n - top
    while n >= 128:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def literal(name, value):
    name, value = (x if isinstance(x, bytes) else x.encode("latin-1") for x in (name, value))
    return b"\x00" + number(len(name), 7) + name + number(len(value), 7) + value


def block(path, *more, method="GET", authority=HOST, scheme="https"):
    first = [(":method", method), (":path", path), (":authority", authority), (":scheme", scheme)]
    return b"".join(literal(n, v) for n, v in first + list(more) if v is not None)


def settings(**kw):
    ids = {"table": 1, "push": 2, "streams": 3, "window": 4, "frame": 5, "list": 6}
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", ids[k], v) for k, v in kw.items()))


DIGITS = {**{(5, i): str(i) for i in range(3)}, **{(6, 0x19 + i): str(3 + i) for i in range(7)}}


def status_of(b):
    """:status, the first field of a block; the table is kept empty by our settings."""
    while b and b[0] & 0xe0 == 0x20:
        b = b[1:]
    known = {0x88: 200, 0x89: 204, 0x8a: 206, 0x8b: 304, 0x8c: 400, 0x8d: 404, 0x8e: 500}
    if not b or b[0] in known:
        return known[b[0]] if b else 0
    n, huffman, raw = b[1] & 127, b[1] & 128, b[2:2 + (b[1] & 127)]
    if not huffman:
        return int(raw)
    bits, text, at = "".join(f"{x:08b}" for x in raw), "", 0
    while len(text) < 3 and n:
        for k in (5, 6):
            if (k, int(bits[at:at + k], 2)) in DIGITS:
                text, at = text + DIGITS[(k, int(bits[at:at + k], 2))], at + k
                break
        else:
            return 0
    return int(text)


class H2:
    def __init__(self, alpn=("h2",), preface=PREFACE, first=None, timeout=20):
        self.s = tls(alpn, timeout=timeout)
        self.buf = b""
        self.streams = {}
        self.goaway = None
        self.ended = False
        self.acks = 0
        self.send(preface + (settings(table=0) if first is None else first))

    def send(self, b):
        try:
            self.s.sendall(b)
        except (OSError, ssl.SSLError):
            self.ended = True

    def request(self, stream, path, *more, end=True, body=None, **kw):
        self.send(frame(HEADERS, END_HEADERS | (END_STREAM if end and body is None else 0), stream, block(path, *more, **kw)))
        if body is not None:
            for i in range(0, max(1, len(body)), 16384):
                self.send(frame(DATA, END_STREAM if end and i + 16384 >= len(body) else 0, stream, body[i:i + 16384]))

    def of(self, stream):
        return self.streams.setdefault(stream, {"status": 0, "data": b"", "end": False, "rst": None, "heads": 0})

    def read(self, seconds=8, until=None, windows=True):
        """Until that stream has ended, or the connection has."""
        end = time.time() + seconds
        while not self.ended and time.time() < end:
            if until and self.of(until)["end"]:
                return self.of(until)
            while len(self.buf) >= 9 and len(self.buf) >= 9 + int.from_bytes(self.buf[:3], "big"):
                self.one(windows)
            if until and self.of(until)["end"]:
                return self.of(until)
            self.s.settimeout(max(0.01, end - time.time()))
            try:
                d = self.s.recv(262144)
            except (OSError, ssl.SSLError):
                break
            if not d:
                self.ended = True
            self.buf += d
        return self.of(until) if until else None

    def one(self, windows):
        n, kind, flags = int.from_bytes(self.buf[:3], "big"), self.buf[3], self.buf[4]
        stream, payload = int.from_bytes(self.buf[5:9], "big"), self.buf[9:9 + n]
        self.buf = self.buf[9 + n:]
        if kind == SETTINGS and not flags & 1:
            self.send(frame(SETTINGS, 1))
        elif kind == SETTINGS or kind == PING:
            self.acks += 1
        elif kind == GOAWAY:
            self.goaway = int.from_bytes(payload[4:8], "big")
            self.last = int.from_bytes(payload[:4], "big")
        elif kind == RST:
            self.of(stream).update(rst=int.from_bytes(payload, "big"), end=True)
        elif kind in (HEADERS, DATA):
            x = self.of(stream)
            if kind == HEADERS:
                x["heads"] += 1
                x["status"] = status_of(payload)
            else:
                x["data"] += payload
                if windows and payload:
                    self.send(frame(WINDOW, 0, 0, struct.pack(">I", n)) + frame(WINDOW, 0, stream, struct.pack(">I", n)))
            if flags & END_STREAM:
                x["end"] = True

    def close(self):
        self.s.close()


# ── WebSocket ──
def ws_frame(op, data, fin=True, mask=b"\1\2\3\4", reserved=0, length=None):
    n = len(data) if length is None else length
    head = bytes([(128 if fin else 0) | reserved << 4 | op])
    m = 128 if mask else 0
    head += bytes([m | n]) if n < 126 else bytes([m | 126]) + struct.pack(">H", n) if n < 65536 else bytes([m | 127]) + struct.pack(">Q", n)
    if not mask:
        return head + data
    k = mask * (len(data) // 4 + 1)
    return head + mask + (int.from_bytes(data, "big") ^ int.from_bytes(k[:len(data)], "big")).to_bytes(len(data), "big")


def ws_open(path, *more):
    s = tls()
    s.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n".encode() +
              b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n" + b"".join(more) + b"\r\n")
    head = everything(s, 8, lambda b: b"\r\n\r\n" in b)
    return s, head


# ── TLS as bytes ──
def record(kind, payload, version=b"\x03\x03", length=None):
    return bytes([kind]) + version + struct.pack(">H", len(payload) if length is None else length) + payload


def hello(sni=b"api.example.com", extra=b"", ciphers=b"\x13\x01\x13\x02\xc0\x2b\xc0\x2f"):
    """A ClientHello of TLS 1.2, as it should be but for what is given."""
    name = struct.pack(">HBH", len(sni) + 3, 0, len(sni)) + sni
    exts = [(0, name), (10, b"\x00\x04\x00\x1d\x00\x17"), (11, b"\x01\x00"), (13, b"\x00\x04\x04\x03\x08\x04")]
    ext = b"".join(struct.pack(">HH", t, len(d)) + d for t, d in exts) + extra
    body = b"\x03\x03" + os.urandom(32) + b"\x00" + struct.pack(">H", len(ciphers)) + ciphers + b"\x01\x00" + struct.pack(">H", len(ext)) + ext
    return b"\x01" + struct.pack(">I", len(body))[1:] + body
