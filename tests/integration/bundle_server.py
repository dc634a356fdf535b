#!/usr/bin/env python3
"""A server of bundles that does what servers do, and what they should not: bundle_server.py FOLDER PORTFILE [CERT KEY].

/NAME.bundle is the file of that name in FOLDER, with an ETag; the rest is in the table below. What is asked for goes to FOLDER/asked."""
import hashlib
import os
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

folder, portfile = sys.argv[1:3]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def endless(self, pause, piece):
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        while True:
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(pause)

    def bundle(self, name):
        with open(os.path.join(folder, os.path.basename(name)), "rb") as f:
            body = f.read()
        tag = '"%s"' % hashlib.sha256(body).hexdigest()[:16]
        if self.headers.get("If-None-Match") == tag:
            self.answer(304, ETag=tag)
        else:
            self.answer(200, body, ETag=tag)

    def do_GET(self):
        with open(os.path.join(folder, "asked"), "a") as f:
            f.write("%s %s\n" % (self.path, self.headers.get("If-None-Match", "-")))
        here = "%s://%s" % ("https" if len(sys.argv) > 3 else "http", self.headers["Host"])
        table = {
            "/garbage": lambda: self.answer(200, os.urandom(100000)),
            "/page": lambda: self.answer(200, b"<html>please log in</html>"),
            "/empty": lambda: self.answer(200),
            "/endless": lambda: self.endless(0, b"x" * 1000000),
            "/said-large": lambda: self.answer(200, b"x", Content_Length=str(10**12)),
            "/slow": lambda: self.endless(0.2, b"x"),
            "/silent": lambda: time.sleep(60),
            "/cut": lambda: self.answer(200, b"postern.bundle/v1\n", Content_Length="5000"),
            "/to-file": lambda: self.answer(302, Location="file:///etc/passwd"),
            "/to-plain": lambda: self.answer(302, Location="http://127.0.0.1:1/"),
            "/to-itself": lambda: self.answer(302, Location=here + "/to-itself"),
            "/to-good": lambda: self.answer(302, Location=here + "/good.bundle"),
            "/500": lambda: self.answer(500, b"x"),
            "/forbidden": lambda: self.answer(403, b"\x1b[31mgo away"),
            "/304": lambda: self.answer(304),
            "/long-header": lambda: self.answer(200, b"x", ETag="e" * 60000),
        }
        try:
            if self.path in table:
                table[self.path]()
            elif self.path.endswith(".bundle"):
                self.bundle(self.path)
            else:
                self.answer(404)
        except (OSError, ssl.SSLError):
            self.close_connection = True


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(portfile + ".new", "w") as f:
    f.write(str(server.server_port))
os.rename(portfile + ".new", portfile)
server.serve_forever()
