"""Go, with nothing but its own library, linked into one static file."""
import re

from ir import (Always, AnyFile, AnyVariable, Both, Bucket, Call, Cat, Chance, Dns, Flag, Get, L, Leave, Let, Match, Pick, Post, Say, Sleep,
                There, Together, V, When)
from lang import Language, used

KIT = {
    "env": "func env(n string) string { return os.Getenv(n) }",
    "file": "func file(p string) string { b, _ := os.ReadFile(p); return string(b) }",
    "found": "func found(p, s string) string { m := regexp.MustCompile(p).FindStringSubmatch(s); if m == nil { return \"\" }; return m[1] }",
    "home": "func home() string { h, _ := os.UserHomeDir(); return h }",
    "cwd": "func cwd() string { d, _ := os.Getwd(); return d }",
    "host": "func host() string { h, _ := os.Hostname(); return h }",
    "user": "func user() string { return os.Getenv(\"USER\") }",
    "cpus": "func cpus() string { return strconv.Itoa(runtime.NumCPU()) }",
    "release": "func release() string { return strings.TrimSpace(file(\"/proc/sys/kernel/osrelease\")) }",
    "osid": "func osid() string { return found(`(?m)^ID=\"?([^\"\\n]*)`, file(\"/etc/os-release\")) }",
    "zone": "func zone() string { if z := os.Getenv(\"TZ\"); z != \"\" { return z }; return strings.TrimSpace(file(\"/etc/timezone\")) }",
    "mac": "func mac() string { list, _ := net.Interfaces(); for _, i := range list { if s := i.HardwareAddr.String(); s != \"\" { return s } }; return \"\" }",
    "address": "func address() string { c, err := net.Dial(\"udp\", \"192.0.2.1:9\"); if err != nil { return \"\" }; defer c.Close(); h, _, _ := net.SplitHostPort(c.LocalAddr().String()); return h }",
    "search": "func search() string { return found(`(?m)^search\\s+(\\S+)`, file(\"/etc/resolv.conf\")) }",
    "machine": "func machine() string { return strings.TrimSpace(file(\"/etc/machine-id\")) }",
    "origin": "func origin() string { return found(`url = (?:https?://|ssh://|git@)(?:[^@/\\s]*@)?([^:/\\s]+)`, file(\".git/config\")) }",
    "mail": "func mail() string { return found(`email = (\\S+)`, file(\".git/config\")+file(home()+\"/.gitconfig\")) }",
    "urlhost": "func urlhost(s string) string { u, err := url.Parse(s); if err != nil { return \"\" }; return u.Hostname() }",
    "digits": "func digits(n int) string { b := make([]byte, n); rand.Read(b); return hex.EncodeToString(b)[:n] }",
    "below": "func below(n int) int { b := make([]byte, 4); rand.Read(b); return int(uint32(b[0])|uint32(b[1])<<8|uint32(b[2])<<16) % n }",
    "small": "func small(n int) string { s := \"\"; for len(s) < n { s += string(\"abcdefghijklmnopqrstuvwxyz0123456789\"[below(36)]) }; return s }",
    "uuid": "func uuid() string { b := make([]byte, 16); rand.Read(b); b[6] = b[6]&15 | 64; b[8] = b[8]&63 | 128; return fmt.Sprintf(\"%x-%x-%x-%x-%x\", b[:4], b[4:6], b[6:8], b[8:10], b[10:]) }",
    "digest": "func digest(s string) string { d := sha256.Sum256([]byte(s)); return hex.EncodeToString(d[:]) }",
    "utc": "func utc() string { return time.Now().UTC().Format(\"2006-01-02T15:04:05.000Z\") }",
    "millis": "func millis() string { return strconv.FormatInt(time.Now().UnixMilli(), 10) }",
    "local": "func local(f string) string { return time.Now().Format(strings.NewReplacer(\"%Y\", \"2006\", \"%m\", \"01\", \"%d\", \"02\", \"%H\", \"15\", \"%M\", \"04\", \"%S\", \"05\", \"%z\", \"-0700\").Replace(f)) }",
    "quote": "func quote(s string) string { b, _ := json.Marshal(s); return string(b[1 : len(b)-1]) }",
    "question": "func question() string { if len(os.Args) > 1 { return os.Args[1] }; return \"What does this project do?\" }",
    "pid": "func pid() string { return strconv.Itoa(os.Getpid()) }",
    "size": "func size(s string) string { return strconv.Itoa(len(s)) }",
    "cut": "func cut(s string, at, n int) string { return s[at : at+n] }",
    "setdigit": "func setdigit(s string, at int, how string) string { d, _ := strconv.ParseUint(s[at:at+1], 16, 8); switch how { case \"even\": d &= 14; case \"low\": d &= 7; default: d, _ = strconv.ParseUint(how, 16, 8) }; return s[:at] + strconv.FormatUint(d, 16) + s[at+1:] }",
    "evens": "func evens(s string) string { return strings.NewReplacer(\"1\", \"0\", \"3\", \"2\", \"5\", \"4\", \"7\", \"6\", \"9\", \"8\", \"b\", \"a\", \"d\", \"c\", \"f\", \"e\").Replace(s) }",
    "unb64": "func unb64(s string) string { b, _ := base64.StdEncoding.DecodeString(s); return string(b) }",
    "unhex": "func unhex(s string) string { b, _ := hex.DecodeString(s); return string(b) }",
    "unxor": "func unxor(s string, k byte) string { b := []byte(s); for i := range b { b[i] ^= k }; return string(b) }",
    "unrot": "func unrot(s string, n byte) string { b := []byte(s); for i, c := range b { if c >= 'a' && c <= 'z' { b[i] = (c-'a'+n)%26 + 'a' } else if c >= 'A' && c <= 'Z' { b[i] = (c-'A'+n)%26 + 'A' } }; return string(b) }",
    "unrev": "func unrev(s string) string { b := []byte(s); for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 { b[i], b[j] = b[j], b[i] }; return string(b) }",
    "undo": "func undo(list []string, f func(string) string) []string { var out []string; for _, s := range list { out = append(out, f(s)) }; return out }",
    "chance": "func chance(percent int) bool { return below(100) < percent }",
    "bucket": "func bucket(s string, of, which uint64) bool { d := sha256.Sum256([]byte(s)); return (uint64(d[0])<<8|uint64(d[1]))%of == which }",
    "anyfile": "func anyfile(list []string) bool { for _, n := range list { if !strings.HasPrefix(n, \"./\") { n = home() + \"/\" + n }; if _, err := os.Stat(n); err == nil { return true } }; return false }",
    "anyvariable": "func anyvariable(list []string) bool { for _, n := range list { if os.Getenv(n) != \"\" { return true } }; return false }",
    "equal": "func equal(a, b string) bool { return a == b }",
    "matches": "func matches(s string, list []string, test func(string, string) bool) bool { for _, w := range list { if s != \"\" && test(s, w) { return true } }; return false }",
    "lookup": "func lookup(n string) { net.LookupHost(n) }",
    "pick": "func pick(f bool, a, b string) string { if f { return a }; return b }",
    "numbers": "func numbers(f bool, a, b []int) []int { if f { return a }; return b }",
    "pause": "func pause(ms int) { time.Sleep(time.Duration(ms) * time.Millisecond) }",
    "setting": """func setting(kind, value string, c *tls.Config) {
	switch kind {
	case "groups":
		c.CurvePreferences = nil
		for _, g := range strings.Fields(value) {
			c.CurvePreferences = append(c.CurvePreferences, map[string]tls.CurveID{"x25519": tls.X25519, "p256": tls.CurveP256, "p384": tls.CurveP384}[g])
		}
	case "alpn":
		c.NextProtos = strings.Fields(value)
	case "max":
		if value == "1.2" {
			c.MaxVersion = tls.VersionTLS12
		}
	}
}""",
    "send": """func send(method, to string, lines []string, body string, settings [][2]string, pieces []int) string {
	u, err := url.Parse(to)
	if err != nil {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[bool]string{true: "443", false: "80"}[u.Scheme == "https"]
	}
	c, err := net.DialTimeout("tcp", u.Hostname()+":"+port, 8*time.Second)
	if err != nil {
		return ""
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(8 * time.Second))
	if u.Scheme == "https" {
		config := &tls.Config{ServerName: u.Hostname()}
		for _, s := range settings {
			setting(s[0], s[1], config)
		}
		c = tls.Client(c, config)
	}
	head := method + " " + u.RequestURI() + " HTTP/1.1\\r\\nHost: " + u.Host + "\\r\\n"
	for _, l := range lines {
		if l != "" {
			head += l + "\\r\\n"
		}
	}
	if method == "POST" && pieces == nil {
		head += "Content-Length: " + strconv.Itoa(len(body)) + "\\r\\n"
	} else if method == "POST" {
		head += "Transfer-Encoding: chunked\\r\\n"
		text := ""
		for _, n := range append(pieces, len(body)) {
			if n > len(body) {
				n = len(body)
			}
			if n > 0 {
				text += fmt.Sprintf("%x\\r\\n%s\\r\\n", n, body[:n])
			}
			body = body[n:]
		}
		body = text + "0\\r\\n\\r\\n"
	}
	io.WriteString(c, head+"Connection: close\\r\\n\\r\\n"+body)
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return ""
	}
	b, _ := io.ReadAll(r.Body)
	return string(b)
}""",
}
MODULES = (("bufio", "bufio"), ("crypto/rand", "rand"), ("crypto/sha256", "sha256"), ("crypto/tls", "tls"), ("encoding/base64", "base64"),
           ("encoding/hex", "hex"), ("encoding/json", "json"), ("fmt", "fmt"), ("io", "io"), ("net", "net"), ("net/http", "http"),
           ("net/url", "url"), ("os", "os"), ("regexp", "regexp"), ("runtime", "runtime"), ("strconv", "strconv"), ("strings", "strings"),
           ("sync", "sync"), ("time", "time"))


class Go(Language):
    name = "go"
    suffix = "go"
    kit = KIT

    def literal(self, s):
        out = '"'
        for c in s:
            out += {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(c) or (c if c.isprintable() else f"\\U{ord(c):08x}")
        return out + '"'

    def text(self, e):
        match e:
            case L(t):
                return self.literal(t)
            case V(n):
                return n
            case Cat():
                return self.concat(e, " + ")
            case Pick(f, y, n):
                return f"pick({f}, {self.text(y)}, {self.text(n)})"
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
            return f"strings.Split({self.undone(self.literal(h[0]), w.steps)}, {self.literal(w.joined)})"
        listed = "[]string{" + ", ".join(self.literal(x) for x in h) + "}"
        return f"undo({listed}, func(s string) string {{ return {self.undone('s', w.steps)} }})" if w.steps else listed

    def condition(self, b):
        match b:
            case Match(how, subject, words, fold):
                s = f"strings.ToLower({self.text(subject)})" if fold else self.text(subject)
                test = {"eq": "equal", "prefix": "strings.HasPrefix", "suffix": "strings.HasSuffix", "contains": "strings.Contains"}[how]
                return f"matches({s}, {self.words(words)}, {test})"
            case There(s):
                return f"{self.text(s)} != \"\""
            case AnyVariable(w):
                return f"anyvariable({self.words(w)})"
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

    def settings(self, tls):
        return "[][2]string{" + ", ".join(f"{{{self.literal(k)}, {self.text(v)}}}" for k, v in tls) + "}" if tls else "nil"

    def sizes(self, p):
        both = ["[]int{" + ", ".join(map(str, x)) + "}" for x in p[1:]] if p else []
        return f"numbers({p[0]}, {both[0]}, {both[1]})" if p else "nil"

    def statement(self, s):
        lines = lambda headers: "[]string{" + ", ".join(self.text(h) for h in headers) + "}"
        match s:
            case Let(n, v):
                return [f"{n} := {self.text(v)}", f"_ = {n}"]
            case Flag(n, v):
                return [f"{n} := {self.condition(v)}", f"_ = {n}"]
            case When(f, t, o):
                out = [f"if {f} {{"] + self.indented(self.block(t)) + ["}"]
                return out[:-1] + ["} else {"] + self.indented(self.block(o)) + ["}"] if o else out
            case Post(url, headers, body, tls, p):
                return [f"reply = send(\"POST\", {self.text(url)}, {lines(headers)}, {self.text(body)}, {self.settings(tls)}, {self.sizes(p)})"]
            case Get(url, headers, tls):
                return [f"send(\"GET\", {self.text(url)}, {lines(headers)}, \"\", {self.settings(tls)}, nil)"]
            case Dns(n):
                return [f"lookup({self.text(n)})"]
            case Sleep(ms, spread):
                return [f"pause({ms}{f' + below({spread})' if spread else ''})"]
            case Together(a, b):
                return (["{", "\tvar both sync.WaitGroup", "\tboth.Add(1)", "\tgo func() {"] + self.indented(self.block(b), "\t\t") +
                        ["\t\tboth.Done()", "\t}()"] + self.indented(self.block(a)) + ["\tboth.Wait()", "}"])
            case Say(t):
                return [f"fmt.Println({self.text(t)})"]
            case Leave(f, code):
                return [f"if {f} {{", f"\tos.Exit({code})", "}"]
        raise TypeError(s)

    def source(self, program):
        body = "\n".join(self.indented(self.block(program.statements)))
        kit = used(self.kit, body)
        all_ = kit + body
        imports = "\n".join(f'\t"{p}"' for p, m in MODULES if re.search(rf"\b{m}\.[A-Z]", all_))
        return f"package main\n\nimport (\n{imports}\n)\n\n{kit}\n\nfunc main() {{\n\treply := \"\"\n\t_ = reply\n{body}\n}}\n"
