"""How long a streamed token takes: a TLS server that sends events of a model's reply with the time in each, and a client that says how old they were.
usage: stream.py serve PORT CERT KEY; stream.py read HOST PORT [CA]. The reader prints milliseconds: p50 p99 largest, and how many tokens."""
import json
import socket
import ssl
import sys
import time

TOKENS, EVERY_S = 500, 0.01


def now():
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def serve(port, cert, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    listener = socket.create_server(("127.0.0.1", int(port)))
    while True:
        raw, _ = listener.accept()
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            c = context.wrap_socket(raw, server_side=True)
            got = b""
            while b"\r\n\r\n" not in got:
                got += c.recv(65536)
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
            for i in range(TOKENS):
                time.sleep(EVERY_S)
                event = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": f" token {i}"}, "sent": now()}
                data = f"event: content_block_delta\ndata: {json.dumps(event)}\n\n".encode()
                c.sendall(b"%x\r\n%s\r\n" % (len(data), data))
            c.sendall(b"0\r\n\r\n")
            c.close()
        except OSError:
            raw.close()


def read(host, port, ca=None):
    context = ssl.create_default_context(cafile=ca)
    with context.wrap_socket(socket.create_connection((host, int(port))), server_hostname="api.example.com") as c:
        c.sendall(b"GET /v1/messages HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n")
        rest, late = b"", []
        while True:
            got = c.recv(65536)
            at = now()
            if not got:
                break
            *lines, rest = (rest + got).split(b"\n")
            for line in lines:
                if line.startswith(b"data: "):
                    late.append(1000 * (at - json.loads(line[6:])["sent"]))
    late.sort()
    print(f"{late[len(late) // 2]:.3f} {late[len(late) * 99 // 100]:.3f} {late[-1]:.3f} {len(late)}")


{"serve": serve, "read": read}[sys.argv[1]](*sys.argv[2:])
