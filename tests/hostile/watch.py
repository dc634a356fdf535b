"""Samples what the processes of a contained run hold and use, for tests/integration/gate_hostile.sh.
usage: watch.py PID FILE, PID that of `postern run`. A line each: time, then for the gate and for the supervisor KiB resident and seconds of
processor used."""
import os
import sys
import time

pid, hz = int(sys.argv[1]), os.sysconf("SC_CLK_TCK")


def of(p):
    try:
        with open("/proc/%d/status" % p) as f:
            kib = [int(line.split()[1]) for line in f if line.startswith("VmRSS")]
        with open("/proc/%d/stat" % p) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (kib or [0])[0], (int(fields[11]) + int(fields[12])) / hz
    except (OSError, IndexError):
        return 0, 0.0


def children(p):
    try:
        with open("/proc/%d/task/%d/children" % (p, p)) as f:
            return [int(x) for x in f.read().split()]
    except OSError:
        return []


def find(p):
    for c in children(p):
        try:
            with open("/proc/%d/cmdline" % c, "rb") as f:
                if b"--role=gate" in f.read():
                    return c
        except OSError:
            pass
        found = find(c)
        if found:
            return found
    return 0


gate = 0
with open(sys.argv[2], "w", buffering=1) as out:
    while os.path.exists("/proc/%d" % pid):
        gate = gate or find(pid)
        out.write("%.3f %d %.2f %d %.2f\n" % ((time.time(),) + of(gate) + of(pid)))
        time.sleep(0.03)
