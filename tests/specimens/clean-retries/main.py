"""Clean: telemetry is sent again a random number of times, in batches of random size."""
import random
import time

import tool

tool.ask(tool.message())
events = [{"name": n, "t": time.time()} for n in ("start", "prompt", "reply", "end")]
while events:
    n = random.randint(1, len(events))
    for attempt in range(random.randint(1, 2)):
        tool.report({"attempt": attempt, "batch": events[:n]})
    events = events[n:]
