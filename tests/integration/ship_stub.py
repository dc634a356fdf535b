#!/usr/bin/env python3
"""A service that collects events, in bad health: ship_stub.py KIND PORT STORE SEED TOKEN. What it has taken is in the file STORE, a JSON line
each: an id, and the entry. It refuses, delays, forgets to answer, takes a part, and can be killed and started again at any time."""
import http.server
import json
import os
import random
import sys
import threading
import time

kind, port, store, seed, token = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5]
chance = random.Random(seed)
lock = threading.Lock()
known = set()
if os.path.exists(store):
    with open(store, encoding='utf-8') as f:
        known = {json.loads(line)['id'] for line in f if line.endswith('\n')}
out = open(store, 'a', encoding='utf-8')


def take(key, entry):
    # One write; without fsync: a process that is killed loses nothing of it, and on a busy disk a dozen of them take longer than the
    # shipper waits, for ever.
    out.write(json.dumps({'id': key, 'entry': entry}) + '\n')
    out.flush()
    known.add(key)


def read(body):
    """(id, entry) of a request, each."""
    if kind == 'elastic':
        lines = body.decode().split('\n')
        assert lines.pop() == '' and len(lines) % 2 == 0
        for action, doc in zip(lines[::2], lines[1::2]):
            doc = json.loads(doc)
            key = json.loads(action)['create']['_id']
            assert key == f"{doc['ledger']['origin']}/{doc['ledger']['index']}" and doc['@timestamp']
            entry = json.loads(doc['event']['original'])
            assert doc['ocsf'] == (entry if isinstance(entry, dict) else {})
            yield key, entry
    elif kind == 'splunk':
        for line in body.decode().strip().split('\n'):
            event = json.loads(line)
            assert event['sourcetype'] == 'ocsf'
            yield f"{event['fields']['ledger_origin']}/{event['fields']['ledger_index']}", event['event']
    else:
        for record in json.loads(body)['resourceLogs'][0]['scopeLogs'][0]['logRecords']:
            at = {a['key']: a['value'] for a in record['attributes']}
            yield f"{at['ledger.origin']['stringValue']}/{at['ledger.index']['intValue']}", json.loads(record['body']['stringValue'])


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self, status, what, **headers):
        body = json.dumps(what).encode()
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        try:
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            # The shipper was killed, or did not wait: that is the test.
            self.close_connection = True

    def do_POST(self):
        size = int(self.headers['Content-Length'])
        body = self.rfile.read(size)
        if len(body) < size:
            # The shipper was killed in the middle of it.
            self.close_connection = True
            return None
        items = list(read(body))
        if self.headers.get('Authorization') != {'elastic': 'ApiKey ', 'splunk': 'Splunk ', 'otlp': 'Bearer '}[kind] + token:
            return self.answer(401, {})
        if len(items) > 12:
            return self.answer(413, {})
        how = chance.choice(12 * ['good'] + ['busy', 'later', 'silent', 'slow', 'broken', 'part'])
        if how == 'busy':
            return self.answer(503, {})
        if how == 'later':
            return self.answer(429, {}, Retry_After='0')
        results = []
        with lock:
            for key, entry in items:
                if how == 'part' and chance.random() < 0.5:
                    results.append({'create': {'status': 429}})
                elif kind == 'elastic' and key in known:
                    results.append({'create': {'status': 409}})
                else:
                    take(key, entry)
                    results.append({'create': {'status': 201}})
        # It has everything now, but does not say so.
        if how == 'silent':
            self.close_connection = True
            return None
        if how == 'slow':
            time.sleep(2)
        if how == 'broken' or (how == 'part' and kind != 'elastic'):
            return self.answer(500, {})
        if kind == 'elastic':
            return self.answer(200, {'errors': True, 'items': results})
        return self.answer(200, {'text': 'Success', 'code': 0} if kind == 'splunk' else {'partialSuccess': {}})

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer.allow_reuse_address = True
server = http.server.ThreadingHTTPServer(('127.0.0.1', port), Service)
with open(store + '.port.new', 'w', encoding='ascii') as f:
    f.write(str(server.server_port))
os.rename(store + '.port.new', store + '.port')
server.serve_forever()
