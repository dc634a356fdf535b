#!/usr/bin/env python3
"""What the pump and the filter of a contained program's terminal cost: bench/terminal.py DRIVER [ROUNDS], DRIVER being
build/release/integration/pty_driver. The time from a key press until its echo by a program (cat, raw), and bytes a second of output, with the
pump and without it, in turns."""
import os, pty, select, subprocess, sys, termios, time, tty, tempfile

driver, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3


def start(command):
    master, slave = pty.openpty()
    tty.setraw(slave)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.close(master)
        for fd in range(3):
            os.dup2(slave, fd)
        import fcntl
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        os.execvp(command[0], command)
    os.close(slave)
    return pid, master


def key_presses(prefix, n=1500):
    pid, fd = start(prefix + ["sh", "-c", "stty raw -echo; printf go; exec cat"])
    seen = b""
    while b"go" not in seen:
        seen += os.read(fd, 100)
    times = []
    for i in range(n):
        time.sleep(0.001)
        begin = time.perf_counter()
        os.write(fd, b"x")
        os.read(fd, 100)
        times.append(time.perf_counter() - begin)
    os.kill(pid, 15)
    os.close(fd)
    os.waitpid(pid, 0)
    times.sort()
    return times[n // 2] * 1e6, times[n * 99 // 100] * 1e6


def bytes_a_second(prefix, path, size):
    begin = time.perf_counter()
    pid, fd = start(prefix + ["cat", path])
    got = 0
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        got += len(piece)
    spent = time.perf_counter() - begin
    os.close(fd)
    os.waitpid(pid, 0)
    return got / spent / 1e6


def line(name, values, unit):
    values.sort()
    print(f"| {name} | {values[len(values) // 2]:.0f} {unit} | {values[0]:.0f} to {values[-1]:.0f} |")


with tempfile.NamedTemporaryFile() as plain, tempfile.NamedTemporaryFile() as screen:
    plain.write(b"The quick brown fox jumps over the lazy dog, and then it writes a program.\r\n" * 400000)
    screen.write(b"\033[12;40H\033[48;2;30;30;46m\033[38;2;205;214;244m x \033[0m\033[1C" * 500000)
    plain.flush(), screen.flush()
    rows = {}
    for i in range(rounds):
        for name, prefix in (("without", []), ("with", [driver, "--direct", "--"])):
            p50, p99 = key_presses(prefix)
            rows.setdefault((f"key press, {name} the pump: half of all", "µs"), []).append(p50)
            rows.setdefault((f"key press, {name} the pump: 99 of 100", "µs"), []).append(p99)
            for what, file in (("text", plain), ("full screen", screen)):
                rows.setdefault((f"{what}, {name} the pump", "MB/s"), []).append(bytes_a_second(prefix, file.name, 0))
    print("| figure | median | range |\n| --- | --- | --- |")
    for (name, unit), values in rows.items():
        line(name, values, unit)
    print("load", os.getloadavg())
