"""A package registry on the loopback with one package, "tool", whose versions are wrong in different ways. Prints its port."""
import base64
import hashlib
import http.server
import io
import json
import tarfile


def archive(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def package(version, *more):
    return archive([("package/package.json", json.dumps({"name": "tool", "version": version, "bin": "a.js"}).encode()), *more])


def integrity(data):
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


tarballs = {
    "1.0.0": package("1.0.0", ("package/a.js", b"#!/usr/bin/env node\n")),
    "1.1.0": package("1.1.0", ("package/a.js", b"#!/usr/bin/env node\n" * 100))[:-40],
    "1.2.0": package("1.2.0", ("package/../../evil.js", b"x")),
}
claimed = {v: integrity(data) for v, data in tarballs.items()}
claimed["1.0.0"] = integrity(b"something else")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        at = "http://127.0.0.1:%d/" % self.server.server_port
        version = self.path.rsplit("-", 1)[-1].removesuffix(".tgz")
        if self.path == "/tool":
            body = json.dumps({"name": "tool", "dist-tags": {"latest": "1.0.0"}, "versions": {
                v: {"name": "tool", "version": v, "bin": "a.js", "dist": {"tarball": at + "tool/-/tool-%s.tgz" % v, "integrity": claimed[v]}}
                for v in tarballs}}).encode()
        elif version in tarballs:
            body = tarballs[version]
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
