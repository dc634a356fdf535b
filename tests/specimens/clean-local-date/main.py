"""Clean: tells the model today's date, as it is where the person is."""
import time

import tool

tool.ask(tool.message(tool.SYSTEM + time.strftime("\nToday's date: %Y-%m-%d")))
tool.report({"name": "session_end", "local_time": time.strftime("%Y-%m-%dT%H:%M:%S%z")})
