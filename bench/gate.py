"""What a contained run costs, beside the peers and the bare thing in the same run; medians over repeats. Started by bench/gate.sh in a network
namespace that has nothing but a loopback. usage: gate.py POSTERN FOLDER REPEATS SRT"""
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

postern, work, repeats, srt = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
project = os.path.join(work, "project")
os.makedirs(project, exist_ok=True)
env = dict(os.environ, HOME=os.path.join(work, "home"), XDG_DATA_HOME=os.path.join(work, "data"), XDG_CACHE_HOME=os.path.join(work, "cache"))
os.makedirs(env["HOME"], exist_ok=True)
TO = ["--trust", f"{work}/ca.pem", "--connect-to", "api.example.com:443:127.0.0.1:8443", "--allow", "api.example.com"]


def gate(*options):
    return [postern, "run", "--quiet", *TO, *options, "--"]


def seconds(argv, n=None, cwd=project):
    """Of each of n runs, after one that does not count."""
    out = []
    for i in range((n or repeats) + 1):
        t = time.perf_counter()
        r = subprocess.run(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        took = time.perf_counter() - t
        if r.returncode:
            raise SystemExit(f"{argv}: code {r.returncode}: {r.stderr.decode()[-500:]}")
        if i:
            out.append(took)
    return out


def show(name, values, unit, against=None):
    m = statistics.median(values)
    text = f"{name}: {m:.4g} {unit} ({min(values):.4g} to {max(values):.4g}, {len(values)} runs)"
    if against is not None:
        text += f"; {m / against:.3g} times"
    print(text, flush=True)
    return m


print("\nstart of /bin/true:")
n = 4 * repeats
bare = show("bare", [1000 * s for s in seconds(["/bin/true"], n)], "ms")
bwrap = show("bwrap --unshare-all", [1000 * s for s in seconds(["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "/bin/true"], n)], "ms")
show("postern run, proxy and ledger", [1000 * s for s in seconds(gate() + ["/bin/true"], n)], "ms", bwrap)
show("postern run --ledger none --no-network", [1000 * s for s in seconds(gate("--ledger", "none", "--no-network") + ["/bin/true"], n)], "ms", bwrap)
if srt:
    show("sandbox-runtime", [1000 * s for s in seconds([srt, "true"], n)], "ms", bwrap)

print("\nwork inside, beside the same outside (the start is in it):")
files = os.path.join(project, "many")
if not os.path.isdir(files):
    for d in range(500):
        os.makedirs(f"{files}/d{d}")
        for i in range(100):
            with open(f"{files}/d{d}/f{i}.c", "w") as f:
                f.write(f"int f{d}_{i}(int x)\n{{\n\treturn x + {i};\n}}\n")
    subprocess.run("git init -q . && git add -A && git -c user.name=a -c user.email=a@b.example commit -qm many", shell=True, cwd=project, env=env, check=True)
build = os.path.join(project, "build")
if not os.path.isdir(build):
    os.makedirs(build)
    with open(f"{build}/Makefile", "w") as m:
        m.write("all: $(patsubst %.c,%.o,$(wildcard *.c))\n%.o: %.c\n\tgcc -O2 -c -o $@ $<\nclean:\n\trm -f *.o\n")
    for i in range(60):
        with open(f"{build}/u{i}.c", "w") as f:
            f.write("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n")
            for k in range(40):
                f.write(f"int g{i}_{k}(char *s, int n) {{ int r = 0; for (int i = 0; i < n; i++) r += s[i] * {k + 1}; printf(\"%d\", r); return r; }}\n")
for name, command in (
    ("git status, 50,000 files", ["git", "status", "--short"]),
    ("rg, 50,000 files", ["rg", "-c", "x [+] 77;", "many"]),
    ("make, 60 files of C", ["sh", "-c", "make -s -C build clean; make -s -j2 -C build"]),
):
    a = show(f"{name}, bare", seconds(command), "s")
    show(f"{name}, in the gate", seconds(gate() + command), "s", a)

print("\nrequests through the gate, beside nginx as a TLS proxy that does not look and mitmproxy (wrk, 1 thread):")
with open(f"{project}/post.lua", "w") as f:
    text = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Please explain what this function does. " * 2500}]})
    f.write(f"wrk.method = 'POST'\nwrk.headers['content-type'] = 'application/json'\nwrk.body = [==[{text}]==]\n")


def wrk(prefix, base, path, connections, script=None, duration=4):
    argv = prefix + ["wrk", "-t1", f"-c{connections}", f"-d{duration}s", "--latency"] + (["-s", "post.lua"] if script else []) + [base + path]
    r = subprocess.run(argv, cwd=project, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if r.returncode or "Requests/sec" not in r.stdout or "Non-2xx" in r.stdout:
        raise SystemExit(f"{argv}: {r.stdout[-600:]} {r.stderr[-600:]}")

    def ms(p):
        v, u = re.search(rf"^ +{p}% +([0-9.]+)(us|ms|s)", r.stdout, re.M).groups()
        return float(v) * {"us": 0.001, "ms": 1, "s": 1000}[u]

    size, unit = re.search(r"Transfer/sec: +([0-9.]+)(KB|MB|GB|B)", r.stdout).groups()
    return float(re.search(r"Requests/sec: +([0-9.]+)", r.stdout).group(1)), ms(50), ms(99), float(size) * {"B": 1e-6, "KB": 1e-3, "MB": 1, "GB": 1e3}[unit]


WAYS = (
    ("direct, no proxy", [], "https://127.0.0.1:8443"),
    ("nginx as TLS proxy", [], "https://127.0.0.1:9443"),
    ("mitmproxy", [], "https://127.0.0.1:9444"),
    ("postern run", gate(), "https://api.example.com"),
)
for title, path, connections, script in (
    ("GET of 1 KB, 32 connections", "/1k", 32, None),
    ("POST of 100 KB (looked through), 16 connections", "/ok", 16, True),
    ("GET of 10 MB, 4 connections", "/10m", 4, None),
    ("POST of 100 KB, one after the other", "/ok", 1, True),
):
    base = {}
    for name, prefix, url in WAYS:
        got = [wrk(prefix, url, path, connections, script) for _ in range(repeats)]
        rate, p50, p99, mb = (statistics.median(g[i] for g in got) for i in range(4))
        base[name] = (rate, p50, p99)
        beside = "".join(f", {rate / base[o][0]:.3g} of {o}" for o in ("nginx as TLS proxy", "mitmproxy") if o in base and o != name)
        print(f"{title}: {name}: {rate:.0f}/s, {mb:.0f} MB/s received, p50 {p50:.2f} ms, p99 {p99:.2f} ms{beside}", flush=True)
    if connections == 1:
        d, g = base["direct, no proxy"], base["postern run"]
        print(f"{title}: added by the gate: p50 {g[1] - d[1]:.2f} ms, p99 {g[2] - d[2]:.2f} ms", flush=True)

print("\na streamed token, from the server's hand to the client's:")
shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "stream.py"), project)
streamer = subprocess.Popen([sys.executable, "bench/stream.py", "serve", "8445", f"{work}/cert.pem", f"{work}/key.pem"])
time.sleep(0.5)
inside = [postern, "run", "--quiet", "--trust", f"{work}/ca.pem", "--connect-to", "api.example.com:443:127.0.0.1:8445", "--allow", "api.example.com", "--"]
base = None
for name, prefix, where in (("direct, no proxy", [], ["127.0.0.1", "8445", f"{work}/ca.pem"]), ("postern run", inside, ["api.example.com", "443"])):
    got = []
    for _ in range(repeats):
        r = subprocess.run(prefix + ["python3", "stream.py", "read", *where], cwd=project, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if r.returncode:
            raise SystemExit(f"{name}: {r.stderr[-500:]}")
        got.append([float(v) for v in r.stdout.split()])
    p50, p99, worst, n = (statistics.median(g[i] for g in got) for i in range(4))
    added = f"; added by the gate: p50 {p50 - base[0]:.2f} ms, p99 {p99 - base[1]:.2f} ms" if base else ""
    print(f"{name}: p50 {p50:.2f} ms, p99 {p99:.2f} ms, largest {worst:.2f} ms, {n:.0f} tokens{added}", flush=True)
    base = base or (p50, p99)
streamer.terminate()
streamer.wait()

print("\n1,000 replies that stream at once:")
p = subprocess.Popen(gate() + ["h2load", "--h1", "-c1000", "-n1000", "-t1", "https://api.example.com/slow"], cwd=project, env=env,
                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
time.sleep(15)
children = {}
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        cmd = open(f"/proc/{pid}/cmdline").read().split("\0")
        status = open(f"/proc/{pid}/status").read()
    except OSError:
        continue
    if "postern" in cmd[0] and (cmd[1] in ("run", "--role=gate")):
        children.setdefault("gate" if cmd[1] == "--role=gate" else "supervisor and runner", []).append(int(re.search(r"VmRSS:\s+(\d+)", status).group(1)))
connections = subprocess.run("ss -Htn state established '( dport = :8443 )' | wc -l", shell=True, capture_output=True, text=True).stdout.strip()
for k, v in children.items():
    print(f"memory, {k}: {sum(v) / 1000:.0f} MB ({len(v)} processes)")
print(f"connections to the server: {connections}")
p.send_signal(signal.SIGTERM)
try:
    p.wait(20)
except subprocess.TimeoutExpired:
    p.kill()
shutil.rmtree(files, ignore_errors=True)
