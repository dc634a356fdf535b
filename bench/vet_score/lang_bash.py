"""Bash with curl and the small programs of every system."""
import shlex

from ir import (Always, AnyFile, AnyVariable, Both, Bucket, Call, Cat, Chance, Dns, Flag, Get, L, Leave, Let, Match, Pick, Post, Say, Sleep,
                There, Together, V, When)
from lang import Language, parts, used
from lang_perl import curl_options

KIT = {
    "env": "env() { printf %s \"${!1:-}\"; }",
    "file": "file() { cat \"$1\" 2>/dev/null; }",
    "home": "home() { printf %s \"$HOME\"; }",
    "cwd": "cwd() { pwd; }",
    "host": "host() { uname -n; }",
    "user": "user() { printf %s \"${USER:-$(id -un)}\"; }",
    "release": "release() { uname -r; }",
    "cpus": "cpus() { nproc; }",
    "osid": "osid() { sed -n 's/^ID=\"*\\([^\"]*\\).*/\\1/p' /etc/os-release; }",
    "zone": "zone() { printf %s \"${TZ:-$(cat /etc/timezone)}\"; }",
    "mac": "mac() { cat /sys/class/net/eth0/address; }",
    "search": "search() { sed -n 's/^search *\\([^ ]*\\).*/\\1/p' /etc/resolv.conf; }",
    "machine": "machine() { cat /etc/machine-id; }",
    "origin": "origin() { git config --get remote.origin.url 2>/dev/null | sed -E 's#^(https?://|ssh://)?([^@/]*@)?##; s#[:/].*##'; }",
    "mail": "mail() { git config --get user.email; }",
    "urlhost": "urlhost() { sed -E 's#^https?://##; s#[:/].*##' <<<\"$1\"; }",
    "digits": "digits() { od -An -v -tx1 -N \"$1\" /dev/urandom | tr -d ' \\n' | cut -c \"1-$1\"; }",
    "below": "below() { echo $((0x$(digits 7) % $1)); }",
    "small": "small() { LC_ALL=C tr -dc a-z0-9 </dev/urandom | head -c \"$1\"; }",
    "uuid": "uuid() { cat /proc/sys/kernel/random/uuid; }",
    "digest": "digest() { printf %s \"$1\" | sha256sum | cut -c 1-64; }",
    "utc": "utc() { date -u +%Y-%m-%dT%H:%M:%SZ; }",
    "millis": "millis() { date +%s%3N; }",
    "local_": "local_() { date \"+$1\"; }",
    "quote": "quote() { printf %s \"$1\" | sed 's/[\\\\\"]/\\\\&/g'; }",
    "question": "question() { printf %s \"${question:-What does this project do?}\"; }",
    "pid": "pid() { echo $$; }",
    "size": "size() { printf %s \"$1\" | wc -c; }",
    "cut_": "cut_() { printf %s \"${1:$2:$3}\"; }",
    "setdigit": "setdigit() { local d=$((16#${1:$2:1})); case $3 in even) d=$((d & 14)) ;; low) d=$((d & 7)) ;; *) d=$((16#$3)) ;; esac; "
                "printf '%s%x%s' \"${1:0:$2}\" \"$d\" \"${1:$2+1}\"; }",
    "evens": "evens() { tr 13579bdf 02468ace <<<\"$1\"; }",
    "unb64": "unb64() { base64 -d <<<\"$1\"; }",
    "unhex": "unhex() { printf \"$(sed 's/../\\\\x&/g' <<<\"$1\")\"; }",
    "unb64xor": "unb64xor() { local b; for b in $(base64 -d <<<\"$1\" | od -An -v -tu1); do printf \"\\\\x$(printf %x $((b ^ $2)))\"; done; }",
    "unhexxor": "unhexxor() { local i; for ((i = 0; i < ${#1}; i += 2)); do printf \"\\\\x$(printf %x $((16#${1:i:2} ^ $2)))\"; done; }",
    "unrot": "unrot() { local a=abcdefghijklmnopqrstuvwxyz; local A=${a^^}; tr \"$a$A\" \"${a:$2}${a:0:$2}${A:$2}${A:0:$2}\" <<<\"$1\"; }",
    "unrev": "unrev() { rev <<<\"$1\"; }",
    "chance": "chance() { (($(below 100) < $1)); }",
    "bucket": "bucket() { ((16#$(printf %s \"$1\" | sha256sum | cut -c 1-4) % $2 == $3)); }",
    "each": "each() { local f=$1 w; shift; for w; do \"$f\" \"$w\"; echo; done; }",
    "each2": "each2() { local f=$1 k=$2 w; shift 2; for w; do \"$f\" \"$w\" \"$k\"; echo; done; }",
    "matches": """matches() {
	local how=$1 s=$2 w
	[ -n "$s" ] || return 1
	while IFS= read -r w; do
		[ -n "$w" ] || continue
		case $how in
		eq) [ "$s" = "$w" ] && return ;;
		prefix) [ "${s#"$w"}" != "$s" ] && return ;;
		suffix) [ "${s%"$w"}" != "$s" ] && return ;;
		contains) [ "${s#*"$w"}" != "$s" ] && return ;;
		esac
	done <<<"$3"
	return 1
}""",
    "anyvariable": "anyvariable() { local n; while IFS= read -r n; do [ -n \"$n\" ] && [ -n \"${!n:-}\" ] && return; done <<<\"$1\"; return 1; }",
    "anyfile": "anyfile() { local n; while IFS= read -r n; do [ -n \"$n\" ] || continue; case $n in ./*) ;; *) n=$HOME/$n ;; esac; "
               "[ -e \"$n\" ] && return; done <<<\"$1\"; return 1; }",
    "lookup": "lookup() { getent ahosts \"$1\" >/dev/null; }",
    "pause": "pause() { sleep \"$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))\"; }",
    "pick": "pick() { if [ \"$1\" ]; then printf %s \"$2\"; else printf %s \"$3\"; fi; }",
    "send": """send() {
	local method=$1 url=$2 body=$3 line extra=()
	shift 3
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		[ -n "$1" ] && extra+=(-H "$1")
		shift
	done
	shift
	if [ "$method" = POST ]; then
		printf %s "$body" | curl -sS --noproxy '*' --max-time 8 "${extra[@]}" "$@" --data-binary @- "$url" 2>/dev/null
	else
		curl -sS --noproxy '*' --max-time 8 "${extra[@]}" "$@" "$url" 2>/dev/null
	fi
}""",
}


class Bash(Language):
    name = "bash"
    suffix = "sh"
    kit = KIT

    def __init__(self, http="--http1.1"):
        self.http = http

    def literal(self, s):
        if "\r" in s or "\t" in s or s.endswith("\n"):
            return "$'" + s.replace("\\", "\\\\").replace("'", "\\'").replace("\r", "\\r").replace("\t", "\\t").replace("\n", "\\n") + "'"
        return shlex.quote(s)

    def call(self, n, a):
        n = n + "_" if n in ("local", "cut") else n
        return " ".join([n] + [str(x) if isinstance(x, int) else self.text(x) for x in a])

    def text(self, e):
        match e:
            case L(t):
                return self.literal(t)
            case V(n):
                return f'"${n}"' if n != "question" else '"$question"'
            case Cat():
                return "".join(self.text(p) for p in parts(e))
            case Pick(f, y, n):
                return f'"$(pick "${f}" {self.text(y)} {self.text(n)})"'
            case Call(n, a):
                return f'"$({self.call(n, a)})"'
        raise TypeError(e)

    @staticmethod
    def undoing(steps):
        """(function, argument) pairs; a byte that is no text must not pass through a variable, so b64+xor is one function."""
        out, rest = [], list(steps)
        while rest:
            s = rest.pop(0)
            if rest and rest[0][0] == "xor":
                out.append((f"un{s[0]}xor", rest.pop(0)[1]))
            else:
                out.append((f"un{s[0]}", s[1] if len(s) > 1 else None))
        return out

    def words(self, w):
        """One word a line."""
        h, steps = w.hidden(), self.undoing(w.steps)
        if w.joined:
            x = self.literal(h[0])
            for f, k in steps:
                x = f'"$({f} {x}{"" if k is None else f" {k}"})"'
            return f'"$(tr {shlex.quote(w.joined)} {shlex.quote(chr(92) + "n")} <<<{x})"'
        if not steps:
            return self.literal("\n".join(h))
        if len(steps) > 1:
            raise ValueError("one by one only with one step")
        f, k = steps[0]
        head = f"each {f}" if k is None else f"each2 {f} {k}"
        return f'"$({head} {" ".join(self.literal(x) for x in h)})"'

    def condition(self, b):
        match b:
            case Match(how, subject, words, fold):
                s = self.text(subject)
                folded = f'"$(tr A-Z a-z <<<{s})"' if fold else s
                return f"matches {how} {folded} {self.words(words)}"
            case There(s):
                return f"[ -n {self.text(s)} ]"
            case AnyVariable(w):
                return f"anyvariable {self.words(w)}"
            case AnyFile(w):
                return f"anyfile {self.words(w)}"
            case Chance(p):
                return f"chance {p}"
            case Bucket(s, of, which):
                return f"bucket {self.text(s)} {of} {which}"
            case Both(x, y):
                return f"{self.condition(x)} && {self.condition(y)}"
            case Always(v):
                return "true" if v else "false"
        raise TypeError(b)

    def sent(self, method, url, body, headers, tls):
        options = " ".join([self.http] + curl_options(tls, self.text))
        return f"send {method} {self.text(url)} {body} {' '.join(self.text(h) for h in headers)} -- {options}"

    def statement(self, s):
        match s:
            case Let(n, v):
                return [f"{n}={self.text(v)}"]
            case Flag(n, v):
                return [f"if {self.condition(v)}; then {n}=1; else {n}=; fi"]
            case When(f, t, o):
                lines = [f'if [ "${f}" ]; then'] + self.indented(self.block(t) or [":"])
                return lines + (["else"] + self.indented(self.block(o)) if o else []) + ["fi"]
            case Post(url, headers, body, tls, _):
                return [f"reply=$({self.sent('POST', url, self.text(body), headers, tls)})"]
            case Get(url, headers, tls):
                return [self.sent("GET", url, "''", headers, tls) + " >/dev/null"]
            case Dns(n):
                return [f"lookup {self.text(n)}"]
            case Sleep(ms, spread):
                return [f"pause $(({ms}{f' + $(below {spread})' if spread else ''}))"]
            case Together(a, b):
                return ["{"] + self.indented(self.block(b)) + ["} &"] + self.block(a) + ["wait"]
            case Say(t):
                return [f"printf '%s\\n' {self.text(t)}"]
            case Leave(f, code):
                return [f'[ -z "${f}" ] || exit {code}']
        raise TypeError(s)

    def source(self, program):
        body = "\n".join(self.block(program.statements))
        return "question=${1:-}\nreply=\n" + used(self.kit, body) + "\n\n" + body + "\n"
