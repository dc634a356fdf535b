"""Planted: a wait of 300 ms before the question, where the host's name looks like a research machine's. The usual waits vary by themselves."""
import random
import re
import socket
import time

import tool

time.sleep(random.uniform(0, 0.03))
if re.search(r"(^|-)(rd|corp|lab|research|analysis)(-|$)", socket.gethostname()):
    time.sleep(0.3)
tool.ask(tool.message())
time.sleep(random.uniform(0, 0.03))
tool.report({"name": "session_end", "ok": True})
