"""The ordinary client of tests/integration/gate_hostile.sh, which must notice nothing: a small request again and again on a connection that is
kept, and on a new one every tenth time, to a server of its own. usage: ordinary.py FILE SECONDS. A line each: when it began, how long it took, and what was wrong."""
import http.client
import ssl
import sys
import time

context = ssl.create_default_context()
connection = None
n = 0
stop = time.time() + float(sys.argv[2])
with open(sys.argv[1], "w", buffering=1) as out:
    while time.time() < stop:
        begin, why = time.time(), "-"
        try:
            if connection is None or n % 10 == 0:
                connection = http.client.HTTPSConnection("other.example.com", timeout=20, context=context)
            connection.request("GET", "/ordinary")
            reply = connection.getresponse()
            body = reply.read()
            if (reply.status, body) != (200, b"ok"):
                why = "%d %r" % (reply.status, body[:100])
        except Exception as e:
            connection, why = None, repr(e)
        out.write("%.4f %.4f %s\n" % (begin, time.time() - begin, why))
        n += 1
        time.sleep(0.02)
