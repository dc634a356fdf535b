#!/usr/bin/env python3
"""What postern scan costs, in turns with picklescan (if a checkout of it is at hand), a plain pass of a regular expression, and reading memory: medians.

    bench/scan.py [--picklescan CHECKOUT] [--repeats 5] [--folder DIR]

The files are made here (some 1.2 GB, and 2 GB that take no room; source and programs are those of this machine), and kept if --folder is given. Needs a build: make. docs/benchmarks.md has figures."""
import argparse
import os
import random
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
postern = os.path.join(root, "build/release/postern")
arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("--picklescan")
arguments.add_argument("--repeats", type=int, default=5)
arguments.add_argument("--folder")
arguments = arguments.parse_args()


def write(name, make):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        # In a process of its own: what this one takes would count for those that it starts.
        child = os.fork()
        if child == 0:
            make(path)
            os._exit(0)
        if os.waitpid(child, 0)[1] != 0:
            raise SystemExit(f"scan.py: {path} could not be made")
    return path


def put(data):
    def make(path):
        with open(path, "wb") as f:
            f.write(data())
    return make


def checkpoint(path):
    """A PyTorch archive whose only tensor is 2 GiB of holes."""
    n = 2 << 30
    pkl = (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuJ" + struct.pack("<i", n // 4 - 1) +
           b"tQK\0J" + struct.pack("<i", n // 4 - 1) + b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR.")
    with zipfile.ZipFile(path, "w") as z:
        z.writestr(zipfile.ZipInfo("archive/data.pkl"), pkl)
    # The second member's headers are written by hand, as zipfile would write its content.
    with open(path, "rb") as f:
        old = f.read()
    at = old.index(b"PK\x01\x02")
    name = b"archive/data/0"
    crc = 0
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 33, crc, n, n, len(name), 0) + name
    central = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, crc, n, n, len(name), 0, 0, 0, 0, 0, at) + name
    directory = old[at:old.index(b"PK\x05\x06")] + central
    with open(path, "wb") as f:
        f.write(old[:at] + local)
        f.truncate(at + len(local) + n)
        f.seek(0, 2)
        f.write(directory + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 2, 2, len(directory), at + len(local) + n, 0))


def members(path):
    """A ZIP of a million empty files."""
    names = [b"m%07d" % i for i in range(1000000)]
    local = b"".join(struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 33, 0, 0, 0, len(n), 0) + n for n in names)
    step = 30 + len(names[0])
    central = b"".join(struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, len(n), 0, 0, 0, 0, 0, i * step) + n for i, n in enumerate(names))
    # More than 65,535 entries need ZIP64's end.
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, len(names), len(names), len(central), len(local))
    where = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(local) + len(central), 1)
    with open(path, "wb") as f:
        f.write(local + central + end64 + where + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(central), len(local), 0))


def some(path):
    os.mkdir(path)
    random.seed(1)
    for i in range(60):
        put(lambda: b"\x80\x04](" + b"".join(b"X\x05\0\0\0%05dK\x01}\x87" % random.randrange(99999) for _ in range(60000)) + b"e.")(os.path.join(path, f"{i:03}.pkl"))


def files_in(paths, suffixes, limit):
    """The files of this machine with such names, some `limit` bytes of them."""
    total = 0
    for path in paths:
        for d, _, names in os.walk(path):
            for name in sorted(names):
                full = os.path.join(d, name)
                if name.endswith(suffixes) and os.path.isfile(full) and not os.path.islink(full):
                    if total > limit:
                        return
                    total += os.path.getsize(full)
                    yield full


def source(path):
    """The C and Python of this machine in 32 files, so that their number costs nothing."""
    os.mkdir(path)
    for suffix, paths in ((".h", ["/usr/include", "/usr/lib/gcc"]), (".py", ["/usr/lib/python3", "/usr/lib/python3.11"])):
        for i, full in enumerate(files_in(paths, suffix, 150 << 20)):
            with open(full, "rb") as f, open(os.path.join(path, f"{i % 16:02}{suffix}"), "ab") as out:
                out.write(f.read())


def executable(path):
    """380 MB as a runtime with its program at the end has them: a program of this machine, and others behind it."""
    def programs():
        yield os.path.realpath(shutil.which("node") or sys.executable)
        yield from files_in(["/usr/bin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"], "", 1 << 30)
    left = 380 * 1000 * 1000
    with open(path, "wb") as out:
        for name in programs():
            try:
                with open(name, "rb") as f:
                    left -= out.write(f.read(left))
            except OSError:
                continue
            if left <= 0:
                break
    os.chmod(path, 0o755)


def copies(paths, n):
    """A folder with `n` copies of each."""
    def make(path):
        os.mkdir(path)
        for i in range(n):
            for p in paths:
                shutil.copyfile(p, os.path.join(path, f"{i:03}-" + os.path.relpath(p, "/").replace("/", "-")))
    return make


def spent(command):
    """Seconds, and MB resident at most, of a command and what it started; this program's own, some 20, at least."""
    begin = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, _, usage = os.wait4(child.pid, 0)
    child.returncode = 0
    return time.perf_counter() - begin, usage.ru_maxrss / 1e3


def apart(run):
    """The seconds that `run` says, of a process of its own: this one stays small, as its size would count for the others."""
    def inside():
        ours, theirs = os.pipe()
        if os.fork() == 0:
            os.write(theirs, repr(run()).encode())
            os._exit(0)
        os.wait()
        seconds = float(os.read(ours, 100))
        os.close(ours)
        os.close(theirs)
        return seconds, 0
    return inside


def scan(*words):
    return lambda: spent([postern, "scan", "--ledger", "none", *words])


def regex(*paths):
    return lambda: spent(["/bin/grep", "-c", "-a", "-P", "(?i)posix|nt\\x0asystem|subprocess|__builtin__|builtins|runpy|eval|exec", *paths])


def peer(paths):
    """picklescan, without the start of Python."""
    def run():
        begin = time.perf_counter()
        for path in paths:
            scanner.scan_file_path(path)
        return time.perf_counter() - begin
    return apart(run)


def readable(path):
    """Can picklescan read it here? Some need packages of Python that may not be there."""
    try:
        scanner.scan_file_path(path)
        return True
    except Exception:
        return False


def memory():
    """Bytes that are read once, by memchr(3)."""
    data = b"\2" * (512 << 20)
    begin = time.perf_counter()
    data.find(b"\1")
    return time.perf_counter() - begin


with tempfile.TemporaryDirectory() as scratch:
    folder = arguments.folder or scratch
    os.makedirs(folder, exist_ok=True)
    tuples = write("tuples.pkl", put(lambda: b"\x80\x04](" + b"".join(b"X\x08\0\0\0%08dJ%s}q\1\x87" % (i, struct.pack("<i", i)) for i in range(1000000)) + b"e."))
    large = write("checkpoint.pt", checkpoint)
    many = write("members.zip", members)
    files = write("some", some)
    text = write("source", source)
    program = write("program", executable)
    sources = sorted(os.path.join(text, name) for name in os.listdir(text))
    bomb = write("bomb.gz", put(lambda: zlib.compress(bytes(1 << 30), 9, wbits=31)))
    rows = [
        ("memory, 512 MiB read", apart(memory)),
        ("grep -P, tuples.pkl", regex(tuples)),
        ("postern, tuples.pkl", scan(tuples)),
        ("postern, checkpoint.pt (2 GiB)", scan(large)),
        ("postern, members.zip (10^6)", scan(many)),
        ("postern, bomb.gz (1 GiB)", scan(bomb)),
        ("grep -P, source", regex(*sources)),
        ("postern --subject text, source", scan("--subject", "text", "--jobs", "1", text)),
        ("postern, source", scan("--jobs", "1", text)),
        ("postern, program (380 MB)", scan("--jobs", "1", program)),
    ]
    jobs = 1
    while jobs <= len(os.sched_getaffinity(0)):
        rows.append((f"postern --jobs {jobs}, 60 files", scan("--jobs", str(jobs), files)))
        jobs *= 2
    if arguments.picklescan:
        sys.path.insert(0, os.path.join(arguments.picklescan, "src"))
        import logging
        from picklescan import scanner
        logging.disable(logging.CRITICAL)
        tests = os.path.join(arguments.picklescan, "tests/data")
        tests = [p for p in sorted(os.path.join(d, f) for d, _, names in os.walk(tests) for f in names) if readable(p)]
        rows += [("picklescan, tuples.pkl", peer([tuples])), ("picklescan, its tests/data", peer(tests)),
                 ("postern, picklescan's tests/data", scan(*tests))]
        # A few files of some hundred bytes measure how a process is started; with 50 copies of each it is what is done with them.
        own = write("own", copies(tests, 50))
        own_files = [os.path.join(own, name) for name in sorted(os.listdir(own))]
        rows += [("picklescan, 50 copies of these", peer(own_files)), ("postern --jobs 1, the same", scan("--jobs", "1", own))]
    else:
        print("picklescan is left out: name a checkout of it with --picklescan", file=sys.stderr)
    took = {name: [] for name, _ in rows}
    for _ in range(arguments.repeats):
        for name, run in rows:
            took[name].append(run())
    median = {name: statistics.median(t for t, _ in all) for name, all in took.items()}
    for name, all in took.items():
        most = max(m for _, m in all)
        print(f"{name:36} {median[name]:9.3f} s  ({min(all)[0]:.3f} to {max(all)[0]:.3f})" + (f"  {most:6.0f} MB" if most else ""))
    mb = os.path.getsize(tuples) / 1e6
    print(f"\ntuples.pkl: postern {mb / median['postern, tuples.pkl']:.0f} MB/s, grep {mb / median['grep -P, tuples.pkl']:.0f} MB/s, "
          f"memory {512 * 1.048576 / median['memory, 512 MiB read']:.0f} MB/s")
    mb = sum(os.path.getsize(name) for name in sources) / 1e6
    print(f"source ({mb:.0f} MB), one process: what text hides {mb / median['postern --subject text, source']:.0f} MB/s, everything "
          f"{mb / median['postern, source']:.0f} MB/s, grep {mb / median['grep -P, source']:.0f} MB/s")
    for many_jobs in [int(n.split()[2].rstrip(",")) for n in median if "--jobs" in n and "60 files" in n][1:]:
        print(f"{many_jobs} processes are {median['postern --jobs 1, 60 files'] / median[f'postern --jobs {many_jobs}, 60 files']:.2f} times as fast as one")
    if arguments.picklescan:
        once = median["picklescan, its tests/data"] / median["postern, picklescan's tests/data"]
        print(f"picklescan / postern: {median['picklescan, tuples.pkl'] / median['postern, tuples.pkl']:.0f} on tuples.pkl, "
              f"{once:.1f} on its own files, "
              f"{median['picklescan, 50 copies of these'] / median['postern --jobs 1, the same']:.1f} on 50 copies of each")
    print("load of the machine:", " ".join(f"{x:.1f}" for x in os.getloadavg()), "processors:", len(os.sched_getaffinity(0)))
