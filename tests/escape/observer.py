"""What attacks would reach outside, and a note of whatever does: servers on addresses where a tool has no business, sockets, shared memory, a
process, and one HTTPS server that is permitted. usage: observer.py FOLDER OUTSIDE PROJECT HOME TLS-PORT
FOLDER/seen gets a line for each message that arrives; FOLDER/victim what signals say to the process; it ends when its input does."""
import ctypes
import os
import re
import signal
import socket
import ssl
import sys
import threading
import time

folder, outside, project, home, tls_port = sys.argv[1:5] + [int(sys.argv[5])]
seen = open(folder + "/seen", "ab", buffering=0)
lock = threading.Lock()


def note(where, data=b""):
    with lock:
        seen.write(where.encode() + b" " + data.replace(b"\n", b"\\n") + b"\n")


def serve_tcp(family, address, port):
    s = socket.socket(family, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(64)

    def one(c, peer):
        c.settimeout(3)
        try:
            data = c.recv(65536)
            note(f"tcp {address} {port}", data)
            c.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi\n")
        except OSError:
            note(f"tcp {address} {port}", b"a connection that says nothing")
        c.close()

    while True:
        c, peer = s.accept()
        threading.Thread(target=one, args=(c, peer), daemon=True).start()


def serve_udp(family, address, port):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind((address, port))
    while True:
        data, peer = s.recvfrom(65536)
        note(f"udp {address} {port}", data)


def serve_tls(port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", port))
    s.listen(64)

    def one(c):
        try:
            c.settimeout(10)
            c = context.wrap_socket(c, server_side=True)
            data = b""
            while True:
                while b"\r\n\r\n" not in data:
                    more = c.recv(65536)
                    if not more:
                        return
                    data += more
                head, data = data.split(b"\r\n\r\n", 1)
                m = re.search(rb"(?i)content-length: (\d+)", head)
                size = int(m[1]) if m else 0
                if re.search(rb"(?i)transfer-encoding: chunked", head):
                    while b"0\r\n\r\n" not in data:
                        data += c.recv(65536)
                    size = len(data)
                while len(data) < size:
                    data += c.recv(65536)
                note("https", head + b"\n" + data[:size])
                data = data[size:]
                if re.search(rb"(?i)upgrade: websocket", head):
                    c.sendall(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: x\r\n\r\n")
                    note("https websocket", c.recv(65536))
                    return
                c.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nreached")
        except (OSError, ssl.SSLError):
            pass

    while True:
        c, _ = s.accept()
        threading.Thread(target=one, args=(c,), daemon=True).start()


def background(fn, *args):
    threading.Thread(target=fn, args=args, daemon=True).start()


for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET, "10.9.8.7"), (socket.AF_INET, "169.254.169.254"),
                        (socket.AF_INET, "192.168.77.7")):
    for port in (80, 443, 5353, 8080):
        background(serve_tcp, family, address, port)
    for port in (53, 123, 443):
        background(serve_udp, family, address, port)
background(serve_tls, tls_port)


def unix(name, kind, abstract=False):
    s = socket.socket(socket.AF_UNIX, kind)
    if not abstract and os.path.exists(name):
        os.unlink(name)
    s.bind(("\0" if abstract else "") + name)
    if not abstract:
        os.chmod(name, 0o777)
    if kind == socket.SOCK_STREAM:
        s.listen(8)
    return s


kept = [unix(outside + "/server.sock", socket.SOCK_STREAM), unix(outside + "/plain.sock", socket.SOCK_STREAM), unix(outside + "/datagram.sock", socket.SOCK_DGRAM),
        unix(project + "/server.sock", socket.SOCK_STREAM), unix(home + "/.gnupg/S.gpg-agent", socket.SOCK_STREAM),
        unix("escape-abstract", socket.SOCK_STREAM, True), unix("escape-abstract-datagram", socket.SOCK_DGRAM, True),
        unix("/tmp/.X11-unix/X0", socket.SOCK_STREAM, True)]

libc = ctypes.CDLL(None, use_errno=True)
shmid = libc.shmget(0x45534350, 4096, 0o1000 | 0o666)
libc.semget(0x45534350, 1, 0o1000 | 0o666)
libc.msgget(0x45534350, 0o1000 | 0o666)
with open("/dev/shm/escape-person", "wb") as f:
    f.write(b"x" * 4096)
os.chmod("/dev/shm/escape-person", 0o666)

# The process outside. Its signals, and how nice it is, are told.
victim = os.fork()
if victim == 0:
    name = os.environ.get("ESCAPE_VICTIM_USER")
    if name:
        os.setgid(int(name))
        os.setuid(int(name))
    libc.prctl(1, 9, 0, 0, 0)
    out = open(folder + "/victim", "w")

    def say(text):
        out.write(text + "\n")
        out.flush()

    signal.signal(signal.SIGURG, lambda *_: say("URG"))
    while True:
        time.sleep(0.2)
        nice = os.getpriority(os.PRIO_PROCESS, 0)
        if nice >= 7:
            say(f"nice {nice}")


def late():
    while True:
        if os.path.exists(project + "/want-late"):
            os.unlink(project + "/want-late")
            os.makedirs(project + "/late", exist_ok=True)
            for name in ("late/.env", ".env.production"):
                with open(project + "/" + name + "", "w") as f:
                    f.write("TOKEN=SECRET-MARK\n")
                os.chmod(project + "/" + name, 0o644)
            with open(project + "/late-done", "w") as f:
                f.write("x")
        time.sleep(0.01)


background(late)
print(victim, shmid, flush=True)
sys.stdin.read()
os.kill(victim, signal.SIGKILL)
for call, key in ((libc.shmctl, libc.shmget(0x45534350, 0, 0)), (libc.msgctl, libc.msgget(0x45534350, 0))):
    call(key, 0, None)
libc.semctl(libc.semget(0x45534350, 0, 0), 0, 0)
os.unlink("/dev/shm/escape-person")
