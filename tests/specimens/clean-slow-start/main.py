"""Clean: waits of any length, retries, reports in random order and of random size, ids and times in all of them. Nothing follows anything."""
import gzip
import json
import random
import time
import uuid

import tool

time.sleep(random.expovariate(1 / 0.08))
names = ["start", "config", "plugins", "prompt", "end"]
random.shuffle(names)
body = tool.message()
body["metadata"] = {"session": str(uuid.uuid4()), "started": time.time_ns()}
tool.ask(body)
for name in names:
    if random.random() < 0.3:
        continue
    time.sleep(random.expovariate(1 / 0.03))
    events = [{"name": name, "ms": random.randint(1, 5000), "id": uuid.uuid4().hex} for _ in range(random.randint(1, 60))]
    data = gzip.compress(json.dumps({"app": "fern-cli", "events": events}).encode(), mtime=0)
    for _ in range(random.choice((1, 1, 1, 2))):
        tool.send("POST", tool.METRICS + "/v1/events", [("Content-Type", "application/json"), ("Content-Encoding", "gzip")], data)
