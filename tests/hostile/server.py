"""The hostile server of tests/integration/gate_hostile.sh, over real TLS. usage: server.py FOLDER PORT (FOLDER has cert.pem and key.pem).

Every request must come in the one form that leaves nothing to interpret; each is a line of JSON in FOLDER/seen: its path, method, fields and
body, and under "bad" what is not as it must be. What it answers stands in the path: /CASE/how, with `how` a name of REPLIES or a function."""
import base64
import hashlib
import json
import os
import re
import socket
import ssl
import struct
import sys
import threading
import time
import zlib

folder, port = sys.argv[1], int(sys.argv[2])
lock = threading.Lock()
seen = open(os.path.join(folder, "seen"), "a", buffering=1)
OK = b"HTTP/1.1 200 OK\r\n"


# Those behind which the connection can be used again; else it ends.
KEEPS = """plain no-phrase bare-status length-zeros same-length-twice chunk-extension chunk-trailer chunk-zeros interim interim-with-length""".split()


class Gone(Exception):
    pass


def chunk(b):
    return b"%x\r\n" % len(b) + b + b"\r\n"


CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
REPLIES = {
    # status lines
    "status-99": b"HTTP/1.1 099 x\r\ncontent-length: 0\r\n\r\n",
    "status-1000": b"HTTP/1.1 1000 x\r\ncontent-length: 0\r\n\r\n",
    "status-word": b"HTTP/1.1 abc x\r\ncontent-length: 0\r\n\r\n",
    "status-negative": b"HTTP/1.1 -20 x\r\ncontent-length: 0\r\n\r\n",
    "status-two-spaces": b"HTTP/1.1  200 OK\r\ncontent-length: 0\r\n\r\n",
    "status-tab": b"HTTP/1.1\t200 OK\r\ncontent-length: 0\r\n\r\n",
    "status-http2": b"HTTP/2 200 OK\r\ncontent-length: 0\r\n\r\n",
    "status-http9": b"HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n",
    "status-lower-case": b"http/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    "status-icy": b"ICY 200 OK\r\ncontent-length: 0\r\n\r\n",
    "status-none": b"hello\r\n\r\n",
    "status-space-first": b" HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    "status-empty-lines-first": b"\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    "status-cr-in-phrase": b"HTTP/1.1 200 O\rK\r\ncontent-length: 0\r\n\r\n",
    "status-nul-in-phrase": b"HTTP/1.1 200 O\0K\r\ncontent-length: 0\r\n\r\n",
    "status-binary": bytes(range(1, 256)) * 40,
    # fields
    "bare-lf": b"HTTP/1.1 200 OK\ncontent-length: 5\n\nhello",
    "one-bare-lf": OK + b"x: y\ncontent-length: 5\r\n\r\nhello",
    "fold": OK + b"x: y\r\n z\r\ncontent-length: 0\r\n\r\n",
    "space-before-colon": OK + b"content-length : 5\r\n\r\nhello",
    "no-colon": OK + b"content-length\r\n\r\n",
    "empty-name": OK + b": x\r\ncontent-length: 0\r\n\r\n",
    "cr-in-value": OK + b"x: a\rset-cookie: b\r\ncontent-length: 0\r\n\r\n",
    "nul-in-value": OK + b"x: a\0b\r\ncontent-length: 0\r\n\r\n",
    "delete-in-value": OK + b"x: a\x7fb\r\ncontent-length: 0\r\n\r\n",
    "space-in-name": OK + b"set-cookie x: y\r\ncontent-length: 0\r\n\r\n",
    "many-fields": OK + b"x: y\r\n" * 5000 + b"content-length: 0\r\n\r\n",
    "long-field": OK + b"x: " + b"y" * 600000 + b"\r\ncontent-length: 0\r\n\r\n",
    # framing
    "both": OK + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "two-lengths": OK + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
    "length-list": OK + b"content-length: 5, 5\r\n\r\nhello",
    "length-plus": OK + b"content-length: +5\r\n\r\nhello",
    "length-negative": OK + b"content-length: -5\r\n\r\nhello",
    "length-hex": OK + b"content-length: 0x5\r\n\r\nhello",
    "length-overflow": OK + b"content-length: 18446744073709551621\r\n\r\nhello",
    "length-empty": OK + b"content-length:\r\n\r\nhello",
    "te-gzip": OK + b"transfer-encoding: gzip\r\n\r\nhello",
    "te-gzip-chunked": OK + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "te-twice": OK + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "te-xchunked": OK + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunk-no-number": CHUNKED + b"zz\r\nhello\r\n",
    "chunk-overflow": CHUNKED + b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "chunk-negative": CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
    "chunk-hex": CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
    "chunk-lf": CHUNKED + b"5\nhello\n0\n\n",
    "chunk-too-long": CHUNKED + b"5\r\nhello!\r\n0\r\n\r\n",
    "chunk-huge-extension": CHUNKED + b"5;" + b"x" * 100000 + b"\r\nhello\r\n0\r\n\r\n",
    "chunk-cut": CHUNKED + b"ff\r\nhello",
    "chunk-no-end": CHUNKED + b"5\r\nhello\r\n",
    "length-cut": OK + b"content-length: 500\r\n\r\nhello",
    "switches": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\nraw",
    # what is good enough to pass, and must come out as it is
    "plain": OK + b"content-length: 5\r\n\r\nhello",
    "no-phrase": b"HTTP/1.1 200 \r\ncontent-length: 5\r\n\r\nhello",
    "bare-status": b"HTTP/1.1 200\r\ncontent-length: 5\r\n\r\nhello",
    "length-zeros": OK + b"content-length: 0000005\r\n\r\nhello",
    "same-length-twice": OK + b"content-length: 5\r\ncontent-length: 5\r\n\r\nhello",
    "chunk-extension": CHUNKED + b"5;a=b\r\nhello\r\n0;c\r\n\r\n",
    "chunk-trailer": CHUNKED + b"5\r\nhello\r\n0\r\nset-cookie: evil\r\ncontent-length: 9\r\n\r\n",
    "chunk-zeros": CHUNKED + b"0000000000000005\r\nhello\r\n000\r\n\r\n",
    "until-close": OK + b"\r\nhello",
    "old": b"HTTP/1.0 200 OK\r\n\r\nhello",
    "two-replies": OK + b"content-length: 5\r\n\r\nhello" + OK + b"set-cookie: evil\r\ncontent-length: 4\r\n\r\nevil",
    "longer-than-said": OK + b"content-length: 5\r\n\r\nhelloset-cookie: evil\r\n\r\nmore",
    "empty-with-body": b"HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello",
    "not-modified-with-body": b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\nhello",
    "interim": b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + OK + b"content-length: 5\r\n\r\nhello",
    "interim-hop": b"HTTP/1.1 103 Early Hints\r\nconnection: x-hop\r\nx-hop: 1\r\nkeep-alive: 1\r\ntransfer-encoding: chunked\r\nlink: </x>\r\n\r\n" + OK + b"content-length: 5\r\n\r\nhello",
    "interim-with-length": b"HTTP/1.1 103 Early Hints\r\ncontent-length: 5\r\n\r\n" + OK + b"content-length: 5\r\n\r\nhello",
    "continue-flood": b"HTTP/1.1 100 Continue\r\n\r\n" * 20000 + OK + b"content-length: 5\r\n\r\nhello",
    "hints-flood": b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n" * 20000 + OK + b"content-length: 5\r\n\r\nhello",
    "hop-by-hop": OK + b"connection: close, x-hop\r\nkeep-alive: timeout=5\r\nproxy-authenticate: Basic\r\nx-hop: 1\r\ncontent-length: 5\r\n\r\nhello",
}


class Conn:
    """Reads requests strictly."""

    def __init__(self, raw, s):
        self.raw, self.s, self.buf = raw, s, b""

    def more(self):
        d = self.s.recv(262144)
        if not d:
            raise Gone()
        self.buf += d

    def take(self, n):
        parts, have = [self.buf[:n]], min(n, len(self.buf))
        self.buf = self.buf[n:]
        while have < n:
            d = self.s.recv(262144)
            if not d:
                raise Gone()
            parts.append(d[: n - have])
            self.buf = d[n - have:]
            have += len(parts[-1])
        return b"".join(parts)

    def line(self):
        while b"\r\n" not in self.buf:
            self.more()
        line, self.buf = self.buf.split(b"\r\n", 1)
        return line

    def chunked(self, said, bad):
        """One chunk at most, and trailers that are named in the head and cannot change what it says."""
        body, size = b"", self.line()
        if size != b"0" and re.fullmatch(rb"[1-9a-f][0-9a-f]{0,7}", size):
            body = self.take(int(size, 16))
            size = self.line() or self.line()
        if size != b"0":
            bad.append("chunk %r" % size[:20])
        names = []
        while not bad and (line := self.line()):
            f = re.fullmatch(rb"([A-Za-z0-9!#$%&'*+.^_`|~-]+): ([\t\x20-\x7e\x80-\xff]*)", line)
            if not f:
                bad.append("trailer %r" % line[:80])
                break
            names.append(f[1].decode())
            if re.match("host|content-(?!digest)|te$|trailer|transfer|connection|auth|cookie|expect|x-hop|if-", names[-1].lower().replace("_", "-")):
                bad.append("trailer %r" % line[:80])
        if not bad and (", ".join(names) != said or not names):
            bad.append("trailers %r, and named were %r" % (names[:5], said[:80]))
        return body

    def request(self):
        while b"\r\n\r\n" not in self.buf:
            if len(self.buf) > 1 << 20:
                raise ValueError("head without end")
            self.more()
        head, self.buf = self.buf.split(b"\r\n\r\n", 1)
        lines = head.split(b"\r\n")
        bad = []
        m = re.fullmatch(rb"([A-Za-z0-9!#$%&'*+.^_`|~-]+) ([\x21-\x7e\x80-\xff]+) HTTP/1\.1", lines[0])
        if not m:
            bad.append("request line %r" % lines[0][:80])
        fields = []
        for line in lines[1:]:
            f = re.fullmatch(rb"([A-Za-z0-9!#$%&'*+.^_`|~-]+): ?([\t\x20-\x7e\x80-\xff]*)", line)
            if not f:
                bad.append("field %r" % line[:80])
            else:
                fields.append((f[1].decode().lower(), f[2].decode("latin-1")))
        h = dict(fields)
        names = [n for n, _ in fields]
        if re.fullmatch(r"(api|other)\.example\.com(:443)?", h.get("host", "")) is None or names.count("host") != 1:
            bad.append("host %r" % h.get("host"))
        # The chunked coding is there for trailers, and for nothing else.
        after = h.get("transfer-encoding") == "chunked" and "content-length" not in h and names.count("transfer-encoding") == names.count("trailer") == 1
        if not after and ("transfer-encoding" in h or "trailer" in h) or names.count("content-length") > 1 or not re.fullmatch(r"[0-9]{1,9}", h.get("content-length", "0")):
            bad.append("framing")
        for n in ("te", "keep-alive", "proxy-connection", "http2-settings", "expect"):
            if n in h:
                bad.append("field " + n)
        if "upgrade" in h and h["upgrade"] != "websocket":
            bad.append("upgrade")
        early = m and b"/early" in m[2]
        if after and not bad:
            body = self.chunked(h["trailer"], bad)
        else:
            body = b"" if bad or early else self.take(int(h.get("content-length", "0")))
        return (m[1].decode() if m else ""), (m[2].decode("latin-1") if m else ""), fields, body, bad


def note(c, method, path, fields, body, bad):
    line = {"path": path, "method": method, "fields": fields, "n": len(body), "sha": hashlib.sha256(body).hexdigest()}
    if bad:
        line["bad"] = bad
    with lock:
        seen.write(json.dumps(line) + "\n")


def ws_frame(op, data, fin=True):
    n = len(data)
    head = bytes([(128 if fin else 0) | op])
    return head + (bytes([n]) if n < 126 else b"\x7e" + struct.pack(">H", n) if n < 65536 else b"\x7f" + struct.pack(">Q", n)) + data


def websocket(c, how, h):
    key = base64.b64encode(hashlib.sha1((h.get("sec-websocket-key", "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
    c.s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: " + key + b"\r\n\r\n")
    if how == "ws-deaf":  # takes nothing
        time.sleep(8)
        raise Gone()
    if how == "ws-masked":
        c.s.sendall(b"\x81\x85\1\2\3\4hello")
    elif how == "ws-huge":
        c.s.sendall(b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff" + b"x" * 100000)
    elif how == "ws-endless":  # one message in fragments, never whole
        for _ in range(40):
            c.s.sendall(ws_frame(1, b"x" * 1000000, False) if _ == 0 else ws_frame(0, b"x" * 1000000, False))
    elif how == "ws-tiny-fragments":
        c.s.sendall(ws_frame(1, b"x", False) + ws_frame(0, b"x", False) * 200000)
    elif how == "ws-pings":
        c.s.sendall(ws_frame(9, b"x" * 125) * 5000)
    elif how == "ws-garbage":
        c.s.sendall(bytes(range(255)) * 400)
    elif how == "ws-reset":
        c.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone()
    while True:  # what came is kept, and a text is answered
        a, b = c.take(2)
        n = b & 127
        n = int.from_bytes(c.take(2), "big") if n == 126 else int.from_bytes(c.take(8), "big") if n == 127 else n
        mask = c.take(4) if b & 128 else b""
        data = c.take(n)
        if not mask:
            note(c, "WS", "/unmasked", [], b"", ["frame without a mask"])
        if a & 15 == 8:
            raise Gone()
        if a & 15 in (1, 2, 9) and n < 1000:
            plain = bytes(x ^ mask[i & 3] for i, x in enumerate(data))
            c.s.sendall(ws_frame(10, plain) if a & 15 == 9 else ws_frame(1, b"echo " + plain))


def event(**kw):
    return b"data: " + json.dumps(kw).encode() + b"\n\n"


def events(how):
    """Replies of a model that no model should give."""
    if how == "sse-args":  # each of 128 calls with arguments without end
        for i in range(128):
            yield event(type="content_block_start", index=i, content_block={"type": "tool_use", "name": "t"})
        for _ in range(2):
            for i in range(128):
                yield event(type="content_block_delta", index=i, delta={"type": "input_json_delta", "partial_json": "x" * 240000})
    elif how == "sse-calls":
        for i in range(5000):
            yield event(type="content_block_start", index=i, content_block={"type": "tool_use", "name": "t%d" % i})
    elif how == "sse-deep":
        for _ in range(4):
            yield b"data: " + b"[" * 900000 + b"\n\n"
    elif how == "sse-nodes":
        for _ in range(3):
            yield b'data: {"a":[' + b"1," * 450000 + b"1]}\n\n"
    elif how == "sse-line":  # one line without end
        for _ in range(24):
            yield b"data: " + b"x" * 1000000
    elif how == "sse-newlines":
        for _ in range(4):
            yield b"\n" * 1000000
    elif how == "sse-held":  # texts that each end with what may be the beginning of a placeholder
        for _ in range(6):
            yield b"data: " + json.dumps({"pad": "y" * 300000, "a": [{"index": i, "text": "postern-"} for i in range(60)]}).encode() + b"\n\n"
    elif how == "sse-garbage":
        for i in range(60):
            yield b"data: " + bytes((j * i) & 255 for j in range(10000)) + b"\n\n"


def hostile(c, how, method, h):
    s = c.s
    if how in REPLIES:
        s.sendall(REPLIES[how])
        if how in KEEPS:
            return
        time.sleep(0.05)
        raise Gone()
    if how.startswith("sse"):
        s.sendall(OK + b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for e in events(how):
            s.sendall(chunk(e))
        s.sendall(b"0\r\n\r\n")
    elif how.startswith("reset-"):  # after so many bytes
        whole = OK + b"content-type: text/plain\r\ncontent-length: 40\r\n\r\n" + b"x" * 40
        s.sendall(whole[: int(how[6:])])
        time.sleep(0.02)
        c.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.raw.close()
        raise Gone()
    elif how == "byte-by-byte":
        for b in OK + b"content-length: 5\r\n\r\nhello":
            s.sendall(bytes([b]))
    elif how == "head-byte-by-byte":  # a long head in the smallest pieces
        s.sendall(OK)
        for i in range(12000):
            s.sendall(b"y" if i % 2000 else b"\r\nx: " if i else b"x: ")
        raise Gone()
    elif how == "endless-head":
        s.sendall(OK)
        while True:
            s.sendall(b"x: y\r\n")
            time.sleep(0.01)
    elif how == "endless-hints":
        for _ in range(30000):
            s.sendall(b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload; x=%b\r\n\r\n" % (b"y" * 500))
        raise Gone()
    elif how == "trickle":
        s.sendall(OK + b"content-length: 100000\r\n\r\n")
        while True:
            s.sendall(b"x")
            time.sleep(0.02)
    elif how == "half":  # the rest of the reply looks like another one, and comes when more is asked
        s.sendall(OK + b"content-length: 1000\r\n\r\nx")
        c.more()
        s.sendall(OK + b"content-length: 4\r\n\r\nevil")
        raise Gone()
    elif how == "silent":
        time.sleep(3)
        raise Gone()
    elif how == "tls-garbage":  # below TLS
        s.sendall(OK + b"content-length: 5000\r\n\r\nhello")
        os.write(c.raw_fd, b"\x17\x03\x03\x00\x40" + b"garbage!" * 8)
        time.sleep(0.2)
        raise Gone()
    elif how == "tls-alerts":
        s.sendall(OK + b"content-length: 5000\r\n\r\nhello")
        os.write(c.raw_fd, b"\x15\x03\x03\x00\x02\x01\x00" * 1000)
        time.sleep(0.2)
        raise Gone()
    elif how == "early":  # an answer before the body
        s.sendall(b"HTTP/1.1 413 Too Large\r\ncontent-length: 5\r\nconnection: close\r\n\r\nlarge")
        time.sleep(0.3)
        raise Gone()
    elif how.startswith("big-"):
        n = int(how[4:])
        s.sendall(OK + b"content-length: %d\r\n\r\n" % n)
        while n > 0:
            k = min(n, 1 << 18)
            s.sendall(b"x" * k)
            n -= k
    elif how == "tiny-chunks":
        s.sendall(CHUNKED + b"1\r\nx\r\n" * 100000 + b"0\r\n\r\n")
    elif how == "bomb":  # a thousand times as large, unpacked
        z = zlib.compressobj(9, zlib.DEFLATED, 31)
        b = b"".join(z.compress(bytes(1 << 20)) for _ in range(200)) + z.flush()
        s.sendall(OK + b"content-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(b) + b)
    elif how == "json":
        b = b'{"type":"message","content":[' + b'{"type":"tool_use","name":"x","input":{}},' * 60000 + b"1]}"
        s.sendall(OK + b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(b) + b)
    elif how == "deaf":  # reads no more
        time.sleep(8)
        raise Gone()
    else:
        s.sendall(OK + b"content-length: 2\r\n\r\nok")


def one(c):
    if c.buf.startswith(b"POST /") and b"/deaf" in c.buf[:60]:
        time.sleep(8)
        raise Gone()
    method, path, fields, body, bad = c.request()
    if path != "/ordinary":
        note(c, method, path, fields, body, bad)
    if bad:
        raise Gone()
    h = dict(fields)
    how = path.split("?")[0].split("/")[-1]
    if h.get("upgrade") == "websocket" and how != "plain":
        websocket(c, how, h)
    hostile(c, how, method, h)


def serve(raw, context):
    try:
        if raw.recv(1, socket.MSG_PEEK) == b"":
            return
        with context.wrap_socket(raw, server_side=True) as s:
            c = Conn(s, s)
            c.raw_fd = fd = os.dup(s.fileno())
            try:
                while True:
                    if not c.buf:
                        c.more()
                    one(c)
            finally:
                os.close(fd)
    except (Gone, OSError, ValueError, KeyError):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem"))
# A second port that speaks no TLS at all.
def garbage():
    g = socket.create_server(("127.0.0.1", port + 1), backlog=512)
    answers = [b"\x16\x03\x03\xff\xff" + b"x" * 70000, b"HTTP/1.1 200 OK\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x28", b"\x16\x03\x03\x00\x00" * 2000, os.urandom(4000), b""]
    i = 0
    while True:
        s, _ = g.accept()
        try:
            s.recv(4096)
            s.sendall(answers[i % len(answers)])
        except OSError:
            pass
        i += 1
        threading.Timer(0.2, s.close).start()


threading.Thread(target=garbage, daemon=True).start()
listener = socket.create_server(("127.0.0.1", port), backlog=2048)
print("ready", flush=True)
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client, context), daemon=True).start()
