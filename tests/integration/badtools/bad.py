"""A tool that misbehaves in the way that its first argument names: bad.py CASE PROMPT. The cases are listed in badinput.sh."""
import fcntl
import gzip
import json
import os
import signal
import socket
import ssl
import sys
import termios
import time
import zlib

HOST = "api.bad.example"
case = sys.argv[1]


def connect(port=443, host=HOST):
    return socket.create_connection((host, port), timeout=1)


def drain(s):
    try:
        while s.recv(65536):
            pass
    except OSError:
        pass


def say(s, data):
    """Sends, and reads what comes back, whatever it is."""
    try:
        s.sendall(data)
    except OSError:
        pass
    drain(s)
    s.close()


def request(body, *headers):
    lines = ["POST /v1/messages HTTP/1.1", "Host: " + HOST, "Content-Type: application/json", "Content-Length: %d" % len(body)]
    return "\r\n".join([*lines, *headers, "Connection: close", "", ""]).encode() + body


MESSAGE = json.dumps({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}).encode()


def work():
    """What a good tool does: one model request, over TLS or to the gateway."""
    base = os.environ.get("BAD_BASE_URL")
    if base:
        say(connect(80, base.split("//")[1]), request(MESSAGE))
    else:
        say(ssl.create_default_context().wrap_socket(connect(), server_hostname=HOST), request(MESSAGE))


def dns(packet):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.3)
    with open("/etc/resolv.conf") as f:
        server = next(line.split()[1] for line in f if line.startswith("nameserver"))
    s.sendto(packet, (server, 53))
    try:
        s.recv(512)
    except OSError:
        pass


def hello():
    """The bytes of a good ClientHello."""
    a = ssl.MemoryBIO()
    b = ssl.MemoryBIO()
    try:
        ssl.create_default_context().wrap_bio(a, b, server_hostname=HOST).do_handshake()
    except ssl.SSLError:
        pass
    return b.read()


def forks():
    while True:
        try:
            if os.fork() == 0:
                time.sleep(60)
        except OSError:
            time.sleep(0.01)


def fill():
    for folder in ("/tmp", os.environ["HOME"]):
        try:
            with open(folder + "/fill", "wb", 0) as f:
                while True:
                    f.write(b"x" * 1048576)
        except OSError as e:
            print(e.strerror, file=sys.stderr)
    sys.exit(5)


def endless():
    while True:
        os.write(1, b"words without end, and then some more\n" * 1000)


def leave():
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            time.sleep(600)
            os._exit(0)
    work()


def terminal():
    try:
        termios.tcgetattr(0)
    except termios.error:
        sys.exit("this tool wants a terminal")
    work()


def ask():
    print("Do you accept the terms? [y/N] ", end="", flush=True)
    if sys.stdin.readline().strip() != "y":
        sys.exit("terms not accepted")


def ask_terminal():
    os.write(1, b"Do you accept the terms? [y/N] ")
    os.read(0, 1)


def distrust():
    """Knows no authority at all."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(connect(), server_hostname=HOST)


def pin_after():
    """Looks at the certificate only when the handshake is over, as some clients do."""
    c = ssl.create_default_context()
    s = c.wrap_socket(connect(), server_hostname=HOST)
    s.close()
    sys.exit("the certificate is not the pinned one")


def quic():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.3)
    for _ in range(3):
        s.sendto(b"\xc3\x00\x00\x00\x01\x08" + bytes(1194), (HOST, 443))
        try:
            s.recv(2048)
        except OSError:
            pass
    sys.exit("no answer over QUIC")


def many():  # more than the world holds, 4096 at once
    held = []
    for _ in range(4200):
        try:
            held.append(connect(80))
        except OSError:
            break
    for s in held:
        s.close()
    work()


def huge():
    s = connect(80)
    n = 100 << 20
    s.sendall(b"POST /v1/upload HTTP/1.1\r\nHost: api.bad.example\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % n)
    try:
        for _ in range(100):
            s.sendall(b"y" * (1 << 20))
    except OSError:
        pass
    drain(s)
    work()


def bomb():
    # 400 MiB of zeros, one of which is packed: after a full flush a stream goes on as if nothing had been before, so the bytes of one go on for ever.
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    inner = gzip.compress(b"")[:10] + block * 400  # its end is never come to
    say(connect(80), request(gzip.compress(inner), "Content-Encoding: gzip, gzip"))
    work()


def loris():
    s = connect(80)
    for b in b"POST /v1/messages HTTP/1.1\r\nHost: api.bad.example\r\n" + b"x" * 999:
        s.sendall(bytes([b]))
        time.sleep(0.1)


def dns_loop():
    head = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
    dns(head + b"\xc0\x0c\x00\x01\x00\x01")
    dns(head + b"\x03abc\xc0\x0c\x00\x01\x00\x01")


CASES = {
    "work": work,
    "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "exit": lambda: None,
    "fail": lambda: sys.exit("something is missing"),
    "ask": ask,
    "ask-terminal": ask_terminal,
    "terminal": terminal,
    "with-terminal": terminal,
    "hang": lambda: time.sleep(600),
    "stubborn": lambda: ([signal.signal(i, signal.SIG_IGN) for i in (1, 2, 3, 13, 15)], time.sleep(600)),
    "forks": forks,
    "fill": fill,
    "endless": endless,
    "leave": leave,
    "http": lambda: say(connect(80), b"POST /v1/messages HTTP/1.1\r\nHost : api.bad.example\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
    "http-cut": lambda: connect(80).sendall(request(MESSAGE)[:-9]),
    "h2": lambda: say(connect(80), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 300),
    "json": lambda: say(connect(80), request(b'{"model":"m","messages":[{"role":"user",,}')),
    "tls-garbage": lambda: say(connect(), hello() + os.urandom(400)),
    "tls-record": lambda: say(connect(), b"\x16\x03\x01\x00\x30\x01\x00\x00\x2c\x03\x03" + b"\x00" * 8 + b"\xff" * 40),
    "tls-cut": lambda: connect().sendall(hello()[:90]),
    "dns-short": lambda: dns(b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07exam"),
    "dns-loop": dns_loop,
    "dns-none": lambda: dns(b"\x12\x34\x01\x00" + bytes(8)),
    "raw": lambda: say(connect(9999), bytes(range(1, 200))),
    "distrust": distrust,
    "pin-after": pin_after,
    "quic": quic,
    "huge": huge,
    "many": many,
    "bomb": bomb,
    "loris": loris,
}
CASES[case]()
