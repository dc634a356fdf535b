"""The network of tests/integration/egress.sh: a DNS server and servers of TLS, plain text, datagrams and proxies, on the addresses of
lo. egress_world.py FOLDER: certificates are made there; "ready" is said when all listen."""
import os, select, socket, socketserver, ssl, struct, subprocess, sys, threading

work = sys.argv[1]
DNS = "20.9.9.9"
OTHER_DNS = "20.9.9.8"
# name -> (alias, addresses)
ZONE = {
    "api.banned.test": (None, ["20.1.0.1", "2600:1::1"]),
    "shared.banned.test": (None, ["20.1.0.2", "2600:1::2"]),
    "www.fine.test": (None, ["20.1.0.2", "2600:1::2"]),
    "only.fine.test": (None, ["20.1.0.3", "2600:1::3"]),
    "alias.banned.test": ("edge.provider.test", ["20.1.0.4"]),
    "late.fine.test": (None, ["20.1.0.1"]),
    "sink.banned.test": (None, ["127.0.0.1", "20.9.9.9", "10.1.0.1"]),
    "inside.banned.test": (None, ["10.1.0.1"]),
    "hidden.banned.test": (None, ["20.1.0.5"]),
}
SERVED = sorted({a for _, l in ZONE.values() for a in l if not a.startswith("127.") and a != DNS} | {"20.1.0.5", "20.1.0.6"})


def wire(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".") if p) + b"\0"


def answer(query):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    kind = struct.unpack(">H", query[at + 1 : at + 3])[0]
    name = ".".join(labels).lower()
    alias, addresses = ZONE.get(name, (None, []))
    records = []
    owner = wire(name)
    if alias:
        records.append(owner + struct.pack(">HHIH", 5, 1, 30, len(wire(alias))) + wire(alias))
        owner = wire(alias)
    for a in addresses:
        raw = socket.inet_pton(socket.AF_INET6 if ":" in a else socket.AF_INET, a)
        if kind == (28 if ":" in a else 1):
            records.append(owner + struct.pack(">HHIH", kind, 1, 30, len(raw)) + raw)
    return query[:2] + struct.pack(">HHHHH", 0x8180 if name in ZONE else 0x8183, 1, len(records), 0, 0) + query[12 : at + 5] + b"".join(records)


def serve_dns_udp(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, 53))
    while True:
        q, peer = s.recvfrom(4096)
        s.sendto(answer(q), peer)


def each(address, port, fn):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(512)

    def loop():
        while True:
            c, _ = s.accept()
            threading.Thread(target=guarded, args=(fn, c), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()


def guarded(fn, c):
    try:
        fn(c)
    except (OSError, ValueError, IndexError):
        pass
    finally:
        c.close()


def dns_tcp(c):
    while True:
        head = c.recv(2, socket.MSG_WAITALL)
        if len(head) < 2:
            return
        a = answer(c.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL))
        c.sendall(struct.pack(">H", len(a)) + a)


context = None


def tls(c):
    with context.wrap_socket(c, server_side=True) as t:
        while True:
            got = t.recv(4096)
            if not got:
                return
            t.sendall(b"served " + got)


def plain(c):
    c.sendall(b"banner\n")
    while True:
        got = c.recv(4096)
        if not got:
            return
        c.sendall(b"served " + got)


def pump(a, b):
    while True:
        for r in select.select([a, b], [], [], 20)[0]:
            got = r.recv(65536)
            if not got:
                return
            (b if r is a else a).sendall(got)


def proxy(c):
    line = b""
    while b"\r\n\r\n" not in line:
        line += c.recv(1)
    name, port = line.split()[1].decode().rsplit(":", 1)
    with socket.create_connection((ZONE[name][1][0], int(port))) as far:
        c.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        pump(c, far)


def socks(c):
    c.recv(2 + c.recv(2, socket.MSG_PEEK)[1], socket.MSG_WAITALL)
    c.sendall(b"\5\0")
    head = c.recv(5, socket.MSG_WAITALL)
    name = c.recv(head[4], socket.MSG_WAITALL).decode()
    port = struct.unpack(">H", c.recv(2, socket.MSG_WAITALL))[0]
    with socket.create_connection((ZONE[name][1][0], port)) as far:
        c.sendall(b"\5\0\0\1\0\0\0\0\0\0")
        pump(c, far)


def echo(address, port):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, port))
    while True:
        d, peer = s.recvfrom(4096)
        s.sendto(b"served " + d, peer)


subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", work + "/key.pem", "-out", work + "/cert.pem", "-days", "2",
                "-subj", "/CN=test", "-addext", "subjectAltName=DNS:chatgpt.com,DNS:only.fine.test"], check=True, stderr=subprocess.DEVNULL)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(work + "/cert.pem", work + "/key.pem")
for a in SERVED:
    each(a, 443, tls)
    each(a, 22, plain)
    for port in (443, 9000):
        threading.Thread(target=echo, args=(a, port), daemon=True).start()
for a in (DNS, OTHER_DNS):
    each(a, 53, dns_tcp)
    threading.Thread(target=serve_dns_udp, args=(a,), daemon=True).start()
each("20.8.8.8", 3128, proxy)
each("20.8.8.8", 1080, socks)
print("ready", flush=True)
threading.Event().wait()
