"""A server for gate_leak.sh, over real TLS: keeps every byte that comes, and says in its replies what it was sent.
usage: gate_leak_server.py FOLDER PORT (FOLDER has cert.pem and key.pem; FOLDER/log gets the bytes, FOLDER/messages what WebSockets say)."""
import base64
import hashlib
import os
import socket
import ssl
import sys
import threading
import time

folder, port = sys.argv[1], int(sys.argv[2])
lock = threading.Lock()


def note(name, data):
    with lock, open(os.path.join(folder, name), "ab") as f:
        f.write(data)


class Conn:
    def __init__(self, s):
        self.s, self.buf = s, b""

    def more(self):
        d = self.s.recv(65536)
        if not d:
            raise OSError()
        self.buf += d

    def take(self, n):
        while len(self.buf) < n:
            self.more()
        d, self.buf = self.buf[:n], self.buf[n:]
        note("log", d)
        return d

    def until(self, end):
        while end not in self.buf:
            self.more()
        return self.take(self.buf.index(end) + len(end))


def frames(c):
    while True:
        first, n = c.take(2)
        n &= 127
        if n == 126:
            n = int.from_bytes(c.take(2), "big")
        mask = c.take(4)
        data = bytes(x ^ mask[i % 4] for i, x in enumerate(c.take(n)))
        note("messages", b"%d %s\n" % (first & 15, data))
        if first & 15 < 8:
            c.s.sendall(bytes([first, len(data)]) + data)


def one(c):
    lines = c.until(b"\r\n\r\n").split(b"\r\n")
    path = lines[0].split(b" ")[1]
    h = dict((k.lower(), v.strip()) for k, v in (line.split(b":", 1) for line in lines[1:] if line))
    if h.get(b"transfer-encoding") == b"chunked":
        c.until(b"\r\n0\r\n")
        c.until(b"\r\n\r\n")
    else:
        c.take(int(h.get(b"content-length", 0)))
    said = h.get(b"authorization", b"-")
    extra, status, body = b"", b"200 OK", b'{"you sent": "%s"}' % said
    if b"upgrade" in h:
        accept = base64.b64encode(hashlib.sha1(h[b"sec-websocket-key"] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        c.s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: %s\r\nx-said: %s\r\n\r\n" % (accept, said))
        if said != b"-":
            c.s.sendall(bytes([129, len(said)]) + said)
        return frames(c)
    if path == b"/field":
        extra = b"x-said: %s\r\nset-cookie: s=%s\r\n" % (said, said)
    elif path == b"/redirect":
        status, extra = b"302 Found", b"location: https://api.example.com/?" + said.replace(b" ", b"+") + b"\r\n"
    elif path == b"/hint":
        c.s.sendall(b"HTTP/1.1 103 Early Hints\r\nlink: <%s>\r\n\r\n" % said.replace(b" ", b"+"))
    elif path == b"/error":
        status = b"401 Unauthorized"
    elif path == b"/trailer":
        c.s.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-said: %s\r\n\r\n" % said)
        return None
    c.s.sendall(b"HTTP/1.1 %s\r\n%scontent-length: %d\r\n\r\n" % (status, extra, len(body)))
    step = 7 if path == b"/slow" else len(body)
    for i in range(0, len(body), step):
        c.s.sendall(body[i : i + step])
        if path == b"/slow":
            time.sleep(0.01)


def serve(raw, context):
    try:
        with context.wrap_socket(raw, server_side=True) as s:
            c = Conn(s)
            while True:
                one(c)
    except (OSError, ValueError, KeyError, IndexError):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem"))
listener = socket.create_server(("127.0.0.1", port), backlog=64)
print("ready", flush=True)
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client, context), daemon=True).start()
