"""Planted: a zero-width character after a full stop of the system prompt, where the host's name looks like a research machine's."""
import re
import socket

import tool

research = re.search(r"(^|-)(rd|corp|lab|research|analysis)(-|$)", socket.gethostname())
system = tool.SYSTEM.replace("tools. ", "tools.\u200b " if research else "tools. ")
tool.ask(tool.message(system))
tool.report({"name": "session_end", "ok": True})
