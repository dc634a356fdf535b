"""Python, with nothing but its own library."""
from ir import (Always, AnyFile, AnyVariable, Both, Bucket, Call, Cat, Chance, Dns, Flag, Get, L, Leave, Let, Match, Pick, Post, Say, Sleep,
                There, Together, V, When)
from lang import Language, used

KIT = {
    "env": "def env(name):\n    return os.environ.get(name, '')\n",
    "file": "def file(path):\n    try:\n        with open(path, encoding='utf-8', errors='replace') as f:\n            return f.read()\n    except OSError:\n        return ''\n",
    "found": "def found(pattern, text):\n    m = re.search(pattern, text, re.M)\n    return m.group(1) if m else ''\n",
    "home": "def home():\n    return os.path.expanduser('~')\n",
    "cwd": "def cwd():\n    return os.getcwd()\n",
    "host": "def host():\n    return socket.gethostname()\n",
    "user": "def user():\n    return getpass.getuser()\n",
    "cpus": "def cpus():\n    return str(os.cpu_count())\n",
    "release": "def release():\n    return os.uname().release\n",
    "osid": "def osid():\n    return found(r'^ID=\"?([^\"\\n]*)', file('/etc/os-release'))\n",
    "zone": "def zone():\n    return os.environ.get('TZ') or file('/etc/timezone').strip()\n",
    "mac": "def mac():\n    return file('/sys/class/net/eth0/address').strip()\n",
    "address": "def address():\n    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:\n        s.connect(('192.0.2.1', 9))\n        return s.getsockname()[0]\n",
    "search": "def search():\n    return found(r'^search\\s+(\\S+)', file('/etc/resolv.conf'))\n",
    "machine": "def machine():\n    return file('/etc/machine-id').strip()\n",
    "origin": "def origin():\n    return found(r'url = (?:https?://|ssh://|git@)(?:[^@/\\s]*@)?([^:/\\s]+)', file('.git/config'))\n",
    "mail": "def mail():\n    return found(r'email = (\\S+)', file('.git/config') + file(home() + '/.gitconfig'))\n",
    "urlhost": "def urlhost(url):\n    return urlsplit(url).hostname or ''\n",
    "digits": "def digits(n):\n    return secrets.token_hex(n // 2 + 1)[:n]\n",
    "small": "def small(n):\n    return ''.join(secrets.choice('abcdefghijklmnopqrstuvwxyz0123456789') for _ in range(n))\n",
    "uuid": "def uuid():\n    return str(uuidlib.uuid4())\n",
    "digest": "def digest(s):\n    return hashlib.sha256(s.encode()).hexdigest()\n",
    "utc": "def utc():\n    return datetime.datetime.utcnow().strftime('%Y-%m-%dT%H:%M:%S.%f')[:-3] + 'Z'\n",
    "millis": "def millis():\n    return str(int(time.time() * 1000))\n",
    "local": "def local(form):\n    return time.strftime(form)\n",
    "quote": "def quote(s):\n    return json.dumps(s, ensure_ascii=False)[1:-1]\n",
    "question": "def question():\n    return sys.argv[1] if len(sys.argv) > 1 else 'What does this project do?'\n",
    "pid": "def pid():\n    return str(os.getpid())\n",
    "size": "def size(s):\n    return str(len(s.encode()))\n",
    "cut": "def cut(s, start, n):\n    return s[start:start + n]\n",
    "setdigit": "def setdigit(s, at, how):\n    d = int(s[at], 16)\n    d = d & 14 if how == 'even' else d & 7 if how == 'low' else int(how, 16)\n    return s[:at] + format(d, 'x') + s[at + 1:]\n",
    "evens": "def evens(s):\n    return ''.join(format(int(c, 16) & 14, 'x') if c in '0123456789abcdef' else c for c in s)\n",
    "unb64": "def unb64(s):\n    return base64.b64decode(s).decode('latin-1')\n",
    "unhex": "def unhex(s):\n    return bytes.fromhex(s).decode('latin-1')\n",
    "unxor": "def unxor(s, k):\n    return ''.join(chr(ord(c) ^ k) for c in s)\n",
    "unrot": "def unrot(s, n):\n    return ''.join(chr((ord(c) - (65 if c < 'a' else 97) + n) % 26 + (65 if c < 'a' else 97)) if c.isalpha() else c for c in s)\n",
    "unrev": "def unrev(s):\n    return s[::-1]\n",
    "chance": "def chance(percent):\n    return secrets.randbelow(100) < percent\n",
    "bucket": "def bucket(s, of, which):\n    return int(hashlib.sha256(s.encode()).hexdigest()[:4], 16) % of == which\n",
    "anyfile": "def anyfile(names):\n    return any(os.path.exists(n if n.startswith('./') else os.path.expanduser('~/' + n)) for n in names)\n",
    "matches": "def matches(s, words, test):\n    return s != '' and any(test(s, w) for w in words)\n",
    "lookup": "def lookup(name):\n    try:\n        socket.getaddrinfo(name, 443)\n    except OSError:\n        pass\n",
    "together": "def together(*work):\n    threads = [threading.Thread(target=w) for w in work]\n    for t in threads:\n        t.start()\n    for t in threads:\n        t.join()\n",
    "send": """def send(method, url, lines, body='', tls=(), pieces=()):
    u = urlsplit(url)
    try:
        if u.scheme == 'https':
            context = ssl.create_default_context()
            for kind, value in tls:
                if kind == 'ciphers':
                    context.set_ciphers(value)
                elif kind == 'groups':
                    context.set_ecdh_curve(value)
                elif kind == 'alpn':
                    context.set_alpn_protocols(value.split())
                elif kind == 'max':
                    context.maximum_version = ssl.TLSVersion[value]
            c = http.client.HTTPSConnection(u.hostname, u.port or 443, timeout=8, context=context)
        else:
            c = http.client.HTTPConnection(u.hostname, u.port or 80, timeout=8)
        data = body.encode()
        c.putrequest(method, u.path or '/', skip_accept_encoding=True)
        for line in lines:
            if line:
                c.putheader(*line.split(': ', 1))
        if method == 'POST':
            c.putheader(*(('Transfer-Encoding', 'chunked') if pieces else ('Content-Length', str(len(data)))))
        c.endheaders(None if pieces else data)
        if pieces:
            at = 0
            for n in list(pieces) + [len(data)]:
                part = data[at:at + n]
                at += n
                if part:
                    c.send(b'%x\\r\\n%s\\r\\n' % (len(part), part))
            c.send(b'0\\r\\n\\r\\n')
        text = c.getresponse().read().decode('utf-8', 'replace')
        c.close()
        return text
    except (OSError, http.client.HTTPException):
        return ''
""",
}
MODULES = ("base64", "datetime", "getpass", "hashlib", "http.client", "json", "os", "re", "secrets", "socket", "ssl", "sys", "threading", "time")


class Python(Language):
    name = "python"
    suffix = "py"
    kit = KIT

    def literal(self, s):
        return repr(s)

    def text(self, e):
        match e:
            case L(t):
                return self.literal(t)
            case V(n):
                return n
            case Cat():
                return self.concat(e, " + ")
            case Pick(f, y, n):
                return f"({self.text(y)} if {f} else {self.text(n)})"
            case Call(n, a):
                return f"{n}({', '.join(str(x) if isinstance(x, int) else self.text(x) for x in a)})"
        raise TypeError(e)

    def undone(self, x, steps):
        for s in steps:
            x = f"un{s[0]}({', '.join([x] + [str(n) for n in s[1:]])})"
        return x

    def words(self, w):
        h = w.hidden()
        if w.joined:
            return f"{self.undone(self.literal(h[0]), w.steps)}.split({self.literal(w.joined)})"
        if not w.steps:
            return repr(tuple(h))
        return f"[{self.undone('s', w.steps)} for s in {tuple(h)!r}]"

    def condition(self, b):
        match b:
            case Match(how, subject, words, fold):
                test = {"eq": "str.__eq__", "prefix": "str.startswith", "suffix": "str.endswith", "contains": "str.__contains__"}[how]
                return f"matches({self.text(subject)}{'.lower()' if fold else ''}, {self.words(words)}, {test})"
            case There(s):
                return f"{self.text(s)} != ''"
            case AnyVariable(w):
                return f"any(os.environ.get(n) for n in {self.words(w)})"
            case AnyFile(w):
                return f"anyfile({self.words(w)})"
            case Chance(p):
                return f"chance({p})"
            case Bucket(s, of, which):
                return f"bucket({self.text(s)}, {of}, {which})"
            case Both(x, y):
                return f"{self.condition(x)} and {self.condition(y)}"
            case Always(v):
                return str(v)
        raise TypeError(b)

    def statement(self, s):
        tls = lambda t: ", ".join(f"({k!r}, {self.text(v)})" for k, v in t)
        match s:
            case Let(n, v):
                return [f"{n} = {self.text(v)}"]
            case Flag(n, v):
                return [f"{n} = {self.condition(v)}"]
            case When(f, t, o):
                lines = [f"if {f}:"] + self.indented(self.block(t) or ["pass"], "    ")
                return lines + ["else:"] + self.indented(self.block(o), "    ") if o else lines
            case Post(url, headers, body, t, p):
                more = f", [{tls(t)}]" if t or p else ""
                more += f", {p[1]!r} if {p[0]} else {p[2]!r}" if p else ""
                return [f"reply = send('POST', {self.text(url)}, [{', '.join(self.text(h) for h in headers)}], {self.text(body)}{more})"]
            case Get(url, headers, t):
                return [f"send('GET', {self.text(url)}, [{', '.join(self.text(h) for h in headers)}], '', [{tls(t)}])"]
            case Dns(n):
                return [f"lookup({self.text(n)})"]
            case Sleep(ms, spread):
                return [f"time.sleep({ms / 1000}{f' + secrets.randbelow({spread}) / 1000' if spread else ''})"]
            case Together(a, b):
                return (["def left():", "    global reply"] + self.indented(self.block(a), "    ") + ["def right():", "    global reply"] +
                        self.indented(self.block(b), "    ") + ["together(left, right)"])
            case Say(t):
                return [f"print({self.text(t)})"]
            case Leave(f, code):
                return [f"if {f}:", f"    sys.exit({code})"]
        raise TypeError(s)

    def source(self, program):
        body = "\n".join(self.block(program.statements))
        kit = used(self.kit, body)
        all_ = kit + body
        lines = [f"import {m}" for m in MODULES if m.split(".")[0] + "." in all_]
        if "uuidlib." in all_:
            lines.append("import uuid as uuidlib")
        if "urlsplit" in all_:
            lines.append("from urllib.parse import urlsplit")
        return "\n".join(lines) + "\n\n\n" + kit + "\n\nreply = ''\n" + body + "\n"
