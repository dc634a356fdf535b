#!/usr/bin/env python3
"""Runs a command, and writes what it took: seconds, of processor time user and system, and kB of memory at most.
	spent.py FILE SECONDS COMMAND...    killed after SECONDS; its code, or 137"""
import os
import signal
import sys
import time

begin = time.monotonic()
pid = os.fork()
if pid == 0:
    os.execvp(sys.argv[3], sys.argv[3:])
signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
signal.alarm(int(sys.argv[2]))
_, status, used = os.wait4(pid, 0)
with open(sys.argv[1], 'w') as f:
    f.write(f'{time.monotonic() - begin:.2f} {used.ru_utime:.2f} {used.ru_stime:.2f} {used.ru_maxrss}\n')
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
