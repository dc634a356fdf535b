"""A client of tests/integration/egress_world.py: what it does is said by its arguments, one thing an argument: it says "open" with what came
back, or "closed" with what went wrong."""
import errno, socket, ssl, struct, sys, time

DNS = "20.9.9.9"
TIMEOUT = 9


def wire(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".") if p) + b"\0"


def lookup(name, kind="A", over="udp", server=DNS):
    q = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + wire(name) + struct.pack(">HH", 28 if kind == "AAAA" else 1, 1)
    if over == "udp":
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(TIMEOUT)
        s.connect((server, 53))
        s.send(q)
        a = s.recv(4096)
    else:
        s = socket.create_connection((server, 53), TIMEOUT)
        s.sendall(struct.pack(">H", len(q)) + q)
        a = s.recv(struct.unpack(">H", s.recv(2, socket.MSG_WAITALL))[0], socket.MSG_WAITALL)
    return "answers=%d" % struct.unpack(">H", a[6:8])[0]


def context():
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    return c


def talk(t):
    t.sendall(b"hi")
    return t.recv(100).decode()


def tls(name, address, port="443"):
    with socket.create_connection((address, int(port)), TIMEOUT) as s:
        with context().wrap_socket(s, server_hostname=None if name == "-" else name) as t:
            return talk(t)


def hello(name):
    i, o = ssl.MemoryBIO(), ssl.MemoryBIO()
    t = context().wrap_bio(i, o, server_hostname=name)
    try:
        t.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return o.read()


def send_hello(s, pieces, pause):
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for p in pieces:
        s.sendall(p)
        time.sleep(pause)
    got = s.recv(5, socket.MSG_WAITALL)
    return "hello answered by type %d" % got[0] if got else "end"


# The ClientHello in pieces of so many bytes; in the record layer: in records of so many.
def pieces(name, address, size):
    h, size = hello(name), int(size)
    with socket.create_connection((address, 443), TIMEOUT) as s:
        return send_hello(s, [h[i : i + size] for i in range(0, len(h), size)], 0.02)


def records(name, address, size):
    h, size = hello(name), int(size)
    body = h[5:]
    out = b"".join(h[:3] + struct.pack(">H", len(body[i : i + size])) + body[i : i + size] for i in range(0, len(body), size))
    with socket.create_connection((address, 443), TIMEOUT) as s:
        return send_hello(s, [out], 0)


def plain(address, port="22"):
    with socket.create_connection((address, int(port)), TIMEOUT) as s:
        s.recv(7, socket.MSG_WAITALL)
        s.sendall(b"SSH-2.0-x\r\n")
        return s.recv(100).decode().strip()


def udp(address, port, connected="yes"):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(2)
    if connected == "yes":
        s.connect((address, int(port)))
        s.send(b"hi")
    else:
        s.sendto(b"hi", (address, int(port)))
    return s.recv(100).decode()


def mapped(name, address):
    s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    s.settimeout(TIMEOUT)
    s.connect(("::ffff:" + address, 443))
    with context().wrap_socket(s, server_hostname=name) as t:
        return talk(t)


def connect(name, again=""):
    s = socket.create_connection(("20.8.8.8", 3128), TIMEOUT)
    s.sendall(b"CONNECT %s:443 HTTP/1.1\r\nHost: %s\r\n\r\n" % (name.encode(), name.encode()))
    if not s.recv(4096).startswith(b"HTTP/1.1 200"):
        return "no tunnel"
    with context().wrap_socket(s, server_hostname=again or name) as t:
        return talk(t)


def socks(name):
    s = socket.create_connection(("20.8.8.8", 1080), TIMEOUT)
    s.sendall(b"\5\1\0")
    s.recv(2, socket.MSG_WAITALL)
    s.sendall(b"\5\1\0\3" + bytes([len(name)]) + name.encode() + struct.pack(">H", 443))
    if not s.recv(10, socket.MSG_WAITALL):
        return "no tunnel"
    with context().wrap_socket(s, server_hostname=name) as t:
        return talk(t)


# A socket that has passed is connected again, to somewhere else.
def again(first, second, address):
    s = socket.socket()
    s.settimeout(TIMEOUT)
    s.connect(("20.1.0.3", 443))
    t = context().wrap_socket(s, server_hostname=first, do_handshake_on_connect=True)
    talk(t)
    raw = socket.socket(fileno=t.detach())
    raw.settimeout(TIMEOUT)
    libc_disconnect(raw)
    raw.connect((address, 443))
    with context().wrap_socket(raw, server_hostname=second) as u:
        return talk(u)


def libc_disconnect(s):
    import ctypes

    a = ctypes.create_string_buffer(16)
    if ctypes.CDLL(None, use_errno=True).connect(s.fileno(), a, 16) != 0:
        raise OSError(ctypes.get_errno(), "disconnect")


def fastopen(name, address):
    s = socket.socket()
    s.sendto(hello(name), socket.MSG_FASTOPEN, (address, 443))
    s.settimeout(TIMEOUT)
    got = s.recv(5, socket.MSG_WAITALL)
    return "hello answered by type %d" % got[0] if got else "end"


def mptcp(name, address):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
    s.settimeout(TIMEOUT)
    s.connect((address, 443))
    with context().wrap_socket(s, server_hostname=name) as t:
        return talk(t)


# Connects, says so, and speaks when a line comes; then once more.
def waits(name, address):
    with socket.create_connection((address, 443), TIMEOUT) as s:
        with context().wrap_socket(s, server_hostname=name) as t:
            first = talk(t)
            print("first", first, flush=True)
            sys.stdin.readline()
            second = talk(t)
            if not second:
                raise ConnectionResetError(errno.ECONNRESET, "ended")
            return second


def flood(name, address, n):
    refused = 0
    begin = time.time()
    for _ in range(int(n)):
        try:
            tls(name, address)
        except OSError:
            refused += 1
    return "refused %d of %s in %.1f s" % (refused, n, time.time() - begin)


def udpflood(address, port, n):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    refused = 0
    for _ in range(int(n)):
        try:
            s.sendto(b"x", (address, int(port)))
        except PermissionError:
            refused += 1
    return "refused %d of %s" % (refused, n)


def times(name, address, n):
    took = []
    for _ in range(int(n)):
        begin = time.perf_counter()
        tls(name, address)
        took.append(time.perf_counter() - begin)
    took.sort()
    return "median %.2f ms" % (took[len(took) // 2] * 1e3)


for word in sys.argv[1:]:
    what, *rest = word.split("/")
    begin = time.time()
    try:
        print("open", globals()[what](*rest), flush=True)
    except (OSError, ssl.SSLError) as e:
        name = errno.errorcode.get(e.errno, "") if isinstance(e.errno, int) and not isinstance(e, ssl.SSLError) else ""
        print("closed", type(e).__name__, name, "%.1fs" % (time.time() - begin), flush=True)
