"""A server for tests of the gate, over TLS: a git repository (smart HTTP, by git http-backend), a registry of npm, an index of Python packages.
usage: gate_work.py FOLDER PORT HOST (FOLDER has cert.pem, key.pem, git/repo.git, npm/left.tgz, simple/right-1.0-py3-none-any.whl)"""
import base64
import hashlib
import http.server
import json
import os
import socketserver
import ssl
import subprocess
import sys

folder, port, host = sys.argv[1], int(sys.argv[2]), sys.argv[3]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def body(self):
        if self.headers.get("transfer-encoding") == "chunked":
            data = b""
            while True:
                n = int(self.rfile.readline(), 16)
                data += self.rfile.read(n)
                self.rfile.readline()
                if n == 0:
                    return data
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def reply(self, status, kind, data):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def git(self):
        path, _, query = self.path.partition("?")
        env = {"GIT_PROJECT_ROOT": folder + "/git", "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path[4:], "QUERY_STRING": query,
               "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("content-type", ""), "PATH": os.environ["PATH"],
               "REMOTE_USER": "somebody", "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""),
               "GIT_PROTOCOL": self.headers.get("git-protocol", ""), "HOME": folder}
        out = subprocess.run(["git", "http-backend"], input=self.body(), env=env, capture_output=True).stdout
        head, _, data = out.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self.reply(int(fields.get("Status", "200").split()[0]), fields.get("Content-Type", "text/plain"), data)

    def npm(self):
        tgz = open(folder + "/npm/left.tgz", "rb").read()
        if self.path == "/npm/left":
            integrity = "sha512-" + base64.b64encode(hashlib.sha512(tgz).digest()).decode()
            self.reply(200, "application/json", json.dumps({"name": "left", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {
                "name": "left", "version": "1.0.0", "dist": {"tarball": f"https://{host}/npm/left/-/left-1.0.0.tgz", "integrity": integrity}}}}).encode())
        elif self.path == "/npm/left/-/left-1.0.0.tgz":
            self.reply(200, "application/octet-stream", tgz)
        else:
            self.reply(404, "text/plain", b"no")

    def pip(self):
        name = "right-1.0-py3-none-any.whl"
        if self.path == "/simple/right/":
            self.reply(200, "text/html", f"<a href='/simple/{name}'>{name}</a>".encode())
        elif self.path == "/simple/" + name:
            self.reply(200, "application/octet-stream", open(f"{folder}/simple/{name}", "rb").read())
        else:
            self.reply(404, "text/plain", b"no")

    def do_GET(self):
        if self.path.startswith("/git/"):
            self.git()
        elif self.path.startswith("/npm/"):
            self.npm()
        else:
            self.pip()

    do_POST = do_GET


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", port), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
