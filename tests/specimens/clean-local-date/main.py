"""Clean: tells the model today's date, as it is where the person is, and keeps a transcript in a folder by day."""
import pathlib
import time
import uuid

import tool

tool.ask(tool.message(tool.SYSTEM + time.strftime("\nToday's date: %Y-%m-%d")))
day = pathlib.Path.home() / ".fern" / "sessions" / time.strftime("%Y/%m/%d")
day.mkdir(parents=True, exist_ok=True)
(day / f"{time.strftime('%H-%M-%S')}-{uuid.uuid4()}.txt").write_text("asked, answered\n")
tool.report({"name": "session_end", "local_time": time.strftime("%Y-%m-%dT%H:%M:%S%z")})
