"""JavaScript for Node, and for Bun as one executable file."""
import json
import re

from ir import (Always, AnyFile, AnyVariable, Both, Bucket, Call, Cat, Chance, Dns, Flag, Get, L, Leave, Let, Match, Pick, Post, Say, Sleep,
                There, Together, V, When)
from lang import Language, used

KIT = {
    "env": "const env = (name) => process.env[name] ?? '';",
    "file": "const file = (path) => { try { return fs.readFileSync(path, 'utf8'); } catch { return ''; } };",
    "home": "const home = () => os.homedir();",
    "cwd": "const cwd = () => process.cwd();",
    "host": "const host = () => os.hostname();",
    "user": "const user = () => process.env.USER || os.userInfo().username;",
    "cpus": "const cpus = () => String(os.cpus().length);",
    "release": "const release = () => os.release();",
    "osid": "const osid = () => /^ID=\"?([^\"\\n]*)/m.exec(file('/etc/os-release'))?.[1] ?? '';",
    "zone": "const zone = () => process.env.TZ || file('/etc/timezone').trim();",
    "mac": "const mac = () => Object.values(os.networkInterfaces()).flat().find((i) => !i.internal)?.mac ?? '';",
    "address": "const address = () => Object.values(os.networkInterfaces()).flat().find((i) => !i.internal && i.family === 'IPv4')?.address ?? '';",
    "search": "const search = () => /^search\\s+(\\S+)/m.exec(file('/etc/resolv.conf'))?.[1] ?? '';",
    "machine": "const machine = () => file('/etc/machine-id').trim();",
    "origin": r"""const origin = () => /url = (?:https?:\/\/|ssh:\/\/|git@)(?:[^@\/\s]*@)?([^:\/\s]+)/.exec(file('.git/config'))?.[1] ?? '';""",
    "mail": r"""const mail = () => /email = (\S+)/.exec(file('.git/config') + file(home() + '/.gitconfig'))?.[1] ?? '';""",
    "urlhost": "const urlhost = (url) => new URL(url).hostname;",
    "digits": "const digits = (n) => crypto.randomBytes(Math.ceil(n / 2)).toString('hex').slice(0, n);",
    "small": "const small = (n) => { let s = ''; while (s.length < n) s += 'abcdefghijklmnopqrstuvwxyz0123456789'[crypto.randomInt(36)]; return s; };",
    "uuid": "const uuid = () => crypto.randomUUID();",
    "digest": "const digest = (s) => crypto.createHash('sha256').update(s).digest('hex');",
    "utc": "const utc = () => new Date().toISOString();",
    "millis": "const millis = () => String(Date.now());",
    "local": """const local = (form) => {
	const d = new Date(), two = (n) => String(n).padStart(2, '0'), off = -d.getTimezoneOffset();
	const of = { Y: d.getFullYear(), m: two(d.getMonth() + 1), d: two(d.getDate()), H: two(d.getHours()), M: two(d.getMinutes()), S: two(d.getSeconds()),
		z: (off < 0 ? '-' : '+') + two(Math.floor(Math.abs(off) / 60)) + two(Math.abs(off) % 60) };
	return form.replace(/%(.)/g, (_, c) => of[c]);
};""",
    "quote": "const quote = (s) => JSON.stringify(s).slice(1, -1);",
    "question": "const question = () => process.argv[2] ?? 'What does this project do?';",
    "pid": "const pid = () => String(process.pid);",
    "size": "const size = (s) => String(Buffer.byteLength(s));",
    "cut": "const cut = (s, from, n) => s.slice(from, from + n);",
    "setdigit": """const setdigit = (id, at, how) => {
	const d = parseInt(id[at], 16);
	const e = how === 'even' ? d & 14 : how === 'low' ? d & 7 : parseInt(how, 16);
	return id.slice(0, at) + e.toString(16) + id.slice(at + 1);
};""",
    "evens": "const evens = (id) => id.replace(/[0-9a-f]/g, (c) => (parseInt(c, 16) & 14).toString(16));",
    "unb64": "const unb64 = (s) => Buffer.from(s, 'base64').toString('latin1');",
    "unhex": "const unhex = (s) => Buffer.from(s, 'hex').toString('latin1');",
    "unxor": "const unxor = (s, k) => [...s].map((c) => String.fromCharCode(c.charCodeAt(0) ^ k)).join('');",
    "unrot": "const unrot = (s, n) => s.replace(/[a-z]/gi, (c) => { const a = c < 'a' ? 65 : 97; return String.fromCharCode((c.charCodeAt(0) - a + n) % 26 + a); });",
    "unrev": "const unrev = (s) => [...s].reverse().join('');",
    "chance": "const chance = (percent) => crypto.randomInt(100) < percent;",
    "bucket": "const bucket = (s, of, which) => parseInt(crypto.createHash('sha256').update(s).digest('hex').slice(0, 4), 16) % of === which;",
    "anyfile": "const anyfile = (list) => list.some((p) => fs.existsSync(p.startsWith('./') ? p : os.homedir() + '/' + p));",
    "wait": "const wait = (ms) => new Promise((done) => setTimeout(done, ms));",
    "lookup": "const lookup = (name) => dns.promises.lookup(name).catch(() => {});",
    "send": """const send = (method, url, lines, body, tls = {}, pieces = []) => new Promise((done) => {
	const headers = [];
	for (const line of lines.filter(Boolean)) headers.push(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2));
	const u = new URL(url), data = Buffer.from(body);
	if (!lines.some((l) => /^host:/i.test(l))) headers.unshift('Host', u.host);
	if (method === 'POST') headers.push(...(pieces.length ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(data.length)]));
	const r = (u.protocol === 'https:' ? https : http).request(u, { method, headers, timeout: 8000, ...tls }, (res) => {
		let text = '';
		res.on('data', (d) => { text += d; });
		res.on('end', () => done(text));
		res.on('error', () => done(''));
	});
	r.on('error', () => done(''));
	r.on('timeout', () => r.destroy());
	let at = 0;
	for (const n of pieces) { if (at < data.length) r.write(data.subarray(at, at + n)); at += n; }
	r.end(data.subarray(at));
});""",
}
TLS = {"ciphers": "ciphers", "groups": "ecdhCurve", "max": "maxVersion", "sigalgs": "sigalgs"}


class Node(Language):
    name = "node"
    suffix = "mjs"
    kit = KIT

    def literal(self, s):
        # Printable text as it is, the rest as people write it.
        return json.dumps(s, ensure_ascii=True) if "'" in s or "\\" in s or not s.isprintable() or not s.isascii() else f"'{s}'"

    def text(self, e):
        match e:
            case L(t):
                return self.literal(t)
            case V(n):
                return n
            case Cat():
                return self.concat(e, " + ")
            case Pick(f, y, n):
                return f"({f} ? {self.text(y)} : {self.text(n)})"
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
        listed = "[" + ", ".join(self.literal(x) for x in h) + "]"
        return f"{listed}.map((s) => {self.undone('s', w.steps)})" if w.steps else listed

    def condition(self, b):
        match b:
            case Match(how, subject, words, fold):
                s = self.text(subject) + (".toLowerCase()" if fold else "")
                test = {"eq": "s === w", "prefix": "s.startsWith(w)", "suffix": "s.endsWith(w)", "contains": "s.includes(w)"}[how]
                return f"((s) => s !== '' && {self.words(words)}.some((w) => {test}))({s})"
            case There(s):
                return f"{self.text(s)} !== ''"
            case AnyVariable(w):
                return f"{self.words(w)}.some((n) => process.env[n])"
            case AnyFile(w):
                return f"anyfile({self.words(w)})"
            case Chance(p):
                return f"chance({p})"
            case Bucket(s, of, which):
                return f"bucket({self.text(s)}, {of}, {which})"
            case Both(x, y):
                return f"{self.condition(x)} && {self.condition(y)}"
            case Always(v):
                return "true" if v else "false"
        raise TypeError(b)

    def options(self, tls):
        pairs = []
        for kind, value in tls:
            v = self.text(value)
            pairs.append(f"ALPNProtocols: {v}.split(' ')" if kind == "alpn" else f"{TLS[kind]}: {v}")
        return "{ " + ", ".join(pairs) + " }" if pairs else "{}"

    def pieces(self, p):
        return f"({p[0]} ? {list(p[1])} : {list(p[2])})" if p else "[]"

    def statement(self, s):
        match s:
            case Let(n, v):
                return [f"let {n} = {self.text(v)};"]
            case Flag(n, v):
                return [f"const {n} = {self.condition(v)};"]
            case When(f, t, o):
                lines = [f"if ({f}) {{"] + self.indented(self.block(t)) + ["}"]
                return lines + ["else {"] + self.indented(self.block(o)) + ["}"] if o else lines
            case Post(url, headers, body, tls, pieces):
                return [f"reply = await send('POST', {self.text(url)}, [{', '.join(self.text(h) for h in headers)}], {self.text(body)}, "
                        f"{self.options(tls)}, {self.pieces(pieces)});"]
            case Get(url, headers, tls):
                return [f"await send('GET', {self.text(url)}, [{', '.join(self.text(h) for h in headers)}], '', {self.options(tls)});"]
            case Dns(n):
                return [f"await lookup({self.text(n)});"]
            case Sleep(ms, spread):
                return [f"await wait({ms}{f' + crypto.randomInt({spread})' if spread else ''});"]
            case Together(a, b):
                return (["await Promise.all([(async () => {"] + self.indented(self.block(a)) + ["})(), (async () => {"] +
                        self.indented(self.block(b)) + ["})()]);"])
            case Say(t):
                return [f"console.log({self.text(t)});"]
            case Leave(f, code):
                return [f"if ({f}) process.exit({code});"]
        raise TypeError(s)

    def source(self, program):
        body = "\n".join(self.block(program.statements))
        kit = used(self.kit, body)
        imports = [f"import {m} from 'node:{m}';" for m in ("http", "https", "fs", "os", "crypto", "dns") if re.search(rf"\b{m}\.[a-z]|\b{m} : |: {m}\)", kit + body)]
        return "\n".join(imports) + "\n\n" + kit + "\n\nlet reply = '';\n" + body + "\n"
