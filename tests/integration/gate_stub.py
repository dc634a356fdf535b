"""A server for tests of the gate, over real TLS: echoes, streams, large bodies, WebSocket, and replies that no server should send.
usage: gate_stub.py FOLDER PORT (FOLDER has cert.pem and key.pem). A line for each request in FOLDER/seen: method, path, and headers as JSON."""
import base64
import hashlib
import json
import os
import socket
import ssl
import sys
import threading
import time

folder, port = sys.argv[1], int(sys.argv[2])
lock = threading.Lock()
HOSTILE = {
    "/both": b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "/two-lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
    "/bare-lf": b"HTTP/1.1 200 OK\ncontent-length: 5\n\nhello",
    "/no-status": b"hello\r\n\r\n",
    "/bad-chunk": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n",
    "/cut": b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nhello",
    "/extra": b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
    "/101": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\nraw",
    "/long-head": b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 600000 + b"\r\n\r\n",
    "/many-heads": b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 5000 + b"\r\n",
    "/header-injection": b"HTTP/1.1 200 OK\r\nx: a\rset-cookie: b\r\ncontent-length: 0\r\n\r\n",
}


class Gone(Exception):
    pass


class Conn:
    def __init__(self, s):
        self.s, self.buf, self.requests = s, b"", 0

    def more(self):
        d = self.s.recv(65536)
        if not d:
            raise Gone()
        self.buf += d

    def line(self):
        while b"\r\n" not in self.buf:
            self.more()
        line, self.buf = self.buf.split(b"\r\n", 1)
        return line

    def take(self, n):
        while len(self.buf) < n:
            self.more()
        d, self.buf = self.buf[:n], self.buf[n:]
        return d

    def request(self):
        first = self.line().decode("latin-1").split(" ")
        headers = []
        while True:
            line = self.line().decode("latin-1")
            if not line:
                break
            headers.append(line.split(": ", 1))
        h = {k.lower(): v for k, v in headers}
        body = b""
        if h.get("transfer-encoding") == "chunked":
            while True:
                n = int(self.line(), 16)
                body += self.take(n)
                self.line()
                if n == 0:
                    break
        else:
            body = self.take(int(h.get("content-length", 0)))
        return first[0], first[1], headers, h, body


def reply(s, body, extra=b"", status=b"200 OK"):
    s.sendall(b"HTTP/1.1 " + status + b"\r\ncontent-length: %d\r\n" % len(body) + extra + b"\r\n" + body)


def websocket(c, h):
    key = base64.b64encode(hashlib.sha1((h["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
    c.s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: " + key + b"\r\n\r\n")
    while True:  # unmasks and sends back
        a, b = c.take(2)
        n = b & 127
        if n == 126:
            n = int.from_bytes(c.take(2), "big")
        elif n == 127:
            n = int.from_bytes(c.take(8), "big")
        mask = c.take(4)
        data = bytes(x ^ mask[i % 4] for i, x in enumerate(c.take(n)))
        with lock, open(os.path.join(folder, "bodies"), "ab") as f:
            f.write(data + b"\n")
        head = bytes([a, n]) if n < 126 else bytes([a, 126]) + n.to_bytes(2, "big")
        c.s.sendall(head + data)
        if a & 15 == 8:
            return


def one(c):
    method, path, headers, h, body = c.request()
    c.requests += 1
    with lock, open(os.path.join(folder, "seen"), "a") as f:
        f.write("%s %s %s\n" % (method, path, json.dumps(headers)))
    if path in HOSTILE:
        c.s.sendall(HOSTILE[path])
        time.sleep(0.2)
        raise Gone()
    if path.startswith("/big/"):
        n = int(path[5:])
        c.s.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % n)
        while n > 0:
            k = min(n, 1 << 20)
            c.s.sendall(b"x" * k)
            n -= k
    elif path.startswith("/sse"):
        c.s.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for i in range(12):
            d = b"data: %d %.6f\n\n" % (i, time.time())
            c.s.sendall(b"%x\r\n" % len(d) + d + b"\r\n")
            time.sleep(0.1)
        c.s.sendall(b"0\r\n\r\n")
    elif path == "/close":
        c.s.sendall(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")
        raise Gone()
    elif path == "/then-close":  # a kept connection that is closed behind its reply
        reply(c.s, b"ok\n")
        raise Gone()
    elif path == "/dropped" and c.requests > 1:  # of a kept connection: taken, and no word
        raise Gone()
    elif path == "/empty":
        c.s.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    elif path == "/echo":  # as JSON, and what came is kept
        with lock, open(os.path.join(folder, "bodies"), "ab") as f:
            f.write(body + b"\n")
        reply(c.s, body, b"content-type: application/json\r\n")
    elif path == "/ws":
        websocket(c, h)
        raise Gone()
    else:
        kind = b"content-type: application/json\r\n" if path.startswith("/v1/") else b""
        reply(c.s, json.dumps({"path": path, "method": method, "headers": headers, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}).encode() + b"\n", kind)


def serve(raw, context):
    try:
        with context.wrap_socket(raw, server_side=True) as s:
            c = Conn(s)
            while True:
                one(c)
    except (Gone, OSError, ValueError, KeyError):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem"))
listener = socket.create_server(("127.0.0.1", port), backlog=512)
print("ready", flush=True)
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client, context), daemon=True).start()
