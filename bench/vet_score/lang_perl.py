"""Perl with its own modules; what goes over TLS is sent by curl, as Perl scripts do where no TLS module is installed."""
from ir import (Always, AnyFile, AnyVariable, Both, Bucket, Call, Cat, Chance, Dns, Flag, Get, L, Leave, Let, Match, Pick, Post, Say, Sleep,
                There, Together, V, When)
from lang import Language, used

KIT = {
    "env": "sub env { $ENV{$_[0]} // '' }",
    "file": "sub file { open(my $f, '<', $_[0]) or return ''; local $/; my $s = <$f>; $s // '' }",
    "home": "sub home { $ENV{HOME} // (getpwuid($<))[7] }",
    "cwd": "sub cwd { getcwd() }",
    "host": "sub host { (POSIX::uname())[1] }",
    "user": "sub user { $ENV{USER} // (getpwuid($<))[0] }",
    "release": "sub release { (POSIX::uname())[2] }",
    "cpus": "sub cpus { scalar(() = file('/proc/cpuinfo') =~ /^processor/mg) }",
    "osid": "sub osid { file('/etc/os-release') =~ /^ID=\"?([^\"\\n]*)/m ? $1 : '' }",
    "zone": "sub zone { my $z = $ENV{TZ} || file('/etc/timezone'); $z =~ s/\\s+$//; $z }",
    "mac": "sub mac { my $s = file('/sys/class/net/eth0/address'); $s =~ s/\\s+$//; $s }",
    "search": "sub search { file('/etc/resolv.conf') =~ /^search\\s+(\\S+)/m ? $1 : '' }",
    "machine": "sub machine { my $s = file('/etc/machine-id'); $s =~ s/\\s+$//; $s }",
    "origin": "sub origin { file('.git/config') =~ m{url = (?:https?://|ssh://|git@)(?:[^@/\\s]*@)?([^:/\\s]+)} ? $1 : '' }",
    "mail": "sub mail { (file('.git/config') . file(home() . '/.gitconfig')) =~ /email = (\\S+)/ ? $1 : '' }",
    "urlhost": "sub urlhost { $_[0] =~ m{^https?://([^:/]+)} ? $1 : '' }",
    "digits": "sub digits { open(my $f, '<:raw', '/dev/urandom') or die; read($f, my $b, $_[0]); substr(unpack('H*', $b), 0, $_[0]) }",
    "below": "sub below { hex(digits(7)) % $_[0] }",
    "small": "sub small { join '', map { substr('abcdefghijklmnopqrstuvwxyz0123456789', below(36), 1) } 1 .. $_[0] }",
    "uuid": "sub uuid { my $h = digits(32); substr($h, 12, 1) = '4'; substr($h, 16, 1) = substr('89ab', below(4), 1); "
            "join '-', unpack('A8 A4 A4 A4 A12', $h) }",
    "digest": "sub digest { sha256_hex($_[0]) }",
    "utc": "sub utc { POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime) }",
    "millis": "sub millis { int(Time::HiRes::time() * 1000) }",
    "local_": "sub local_ { POSIX::strftime($_[0], localtime) }",
    "quote": "sub quote { my $s = $_[0]; $s =~ s/([\\\\\"])/\\\\$1/g; $s =~ s/\\n/\\\\n/g; $s }",
    "question": "sub question { $ARGV[0] // 'What does this project do?' }",
    "pid": "sub pid { $$ }",
    "size": "sub size { length $_[0] }",
    "cut": "sub cut { substr($_[0], $_[1], $_[2]) }",
    "setdigit": "sub setdigit { my ($s, $at, $how) = @_; my $d = hex substr($s, $at, 1); "
                "$d = $how eq 'even' ? $d & 14 : $how eq 'low' ? $d & 7 : hex $how; substr($s, $at, 1) = sprintf('%x', $d); $s }",
    "evens": "sub evens { my $s = $_[0]; $s =~ s/([0-9a-f])/sprintf('%x', hex($1) & 14)/ge; $s }",
    "unb64": "sub unb64 { decode_base64($_[0]) }",
    "unhex": "sub unhex { pack 'H*', $_[0] }",
    "unxor": "sub unxor { my $k = $_[1]; join '', map { chr(ord($_) ^ $k) } split //, $_[0] }",
    "unrot": "sub unrot { my ($s, $n) = @_; $s =~ s/([a-z])/chr((ord($1) - 97 + $n) % 26 + 97)/ge; $s =~ s/([A-Z])/chr((ord($1) - 65 + $n) % 26 + 65)/ge; $s }",
    "unrev": "sub unrev { scalar reverse $_[0] }",
    "chance": "sub chance { below(100) < $_[0] }",
    "bucket": "sub bucket { hex(substr(sha256_hex($_[0]), 0, 4)) % $_[1] == $_[2] }",
    "anyfile": "sub anyfile { grep { -e (m{^\\./} ? $_ : home() . '/' . $_) } @_ }",
    "lookup": "sub lookup { gethostbyname($_[0]) }",
    "pause": "sub pause { Time::HiRes::sleep($_[0] / 1000) }",
    "send_": """sub send_ {
	my ($method, $url, $lines, $body, @more) = @_;
	my @lines = grep { length } @$lines;
	if ($url =~ /^https:/) {
		my @c = ('curl', '-sS', '--noproxy', '*', '--max-time', 8, '--http1.1', '-X', $method, (map { ('-H', $_) } @lines), @more);
		push @c, '--data-binary', '@-' if $method eq 'POST';
		my $pid = open2(my $out, my $in, @c, $url);
		print $in $body;
		close $in;
		local $/;
		my $s = <$out> // '';
		waitpid($pid, 0);
		return $s;
	}
	my ($host, $port, $path) = $url =~ m{^http://([^:/]+)(?::(\\d+))?(/.*)?$};
	my $s = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port // 80, Timeout => 8) or return '';
	my $n = length $body;
	print $s join("\\r\\n", "$method " . ($path // '/') . ' HTTP/1.1', "Host: $host", @lines, ($method eq 'POST' ? "Content-Length: $n" : ()), 'Connection: close', '', '') . $body;
	local $/;
	my $text = <$s> // '';
	$text =~ s/^.*?\\r\\n\\r\\n//s;
	return $text;
}""",
}
CURL = {"ciphers": "--ciphers", "suites": "--tls13-ciphers", "groups": "--curves", "max": "--tls-max"}


def curl_options(tls, one):
    """(option, value) words for curl, by one(expr) in the language's own syntax. alpn: "http/1.1" or "none"."""
    words = []
    for kind, value in tls:
        words += [one(L(CURL[kind])), one(value)]
    return words


class Perl(Language):
    name = "perl"
    suffix = "pl"
    kit = KIT

    def literal(self, s):
        if "'" not in s and "\\" not in s and "\n" not in s and "\r" not in s:
            return f"'{s}'"
        s = s.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("@", "\\@").replace("\n", "\\n").replace("\r", "\\r")
        return f'"{s}"'

    def text(self, e):
        match e:
            case L(t):
                return self.literal(t)
            case V(n):
                return "$" + n
            case Cat():
                return self.concat(e, " . ")
            case Pick(f, y, n):
                return f"(${f} ? {self.text(y)} : {self.text(n)})"
            case Call(n, a):
                n = n + "_" if n == "local" else n
                return f"{n}({', '.join(str(x) if isinstance(x, int) else self.text(x) for x in a)})"
        raise TypeError(e)

    def undone(self, x, steps):
        for s in steps:
            x = f"un{s[0]}({', '.join([x] + [str(n) for n in s[1:]])})"
        return x

    def words(self, w):
        h = w.hidden()
        if w.joined:
            return f"split(/{chr(92)}{w.joined}/, {self.undone(self.literal(h[0]), w.steps)})"
        listed = "(" + ", ".join(self.literal(x) for x in h) + ")"
        return f"(map {{ {self.undone('$_', w.steps)} }} {listed})" if w.steps else listed

    def condition(self, b):
        match b:
            case Match(how, subject, words, fold):
                s = f"lc({self.text(subject)})" if fold else self.text(subject)
                test = {"eq": "$s eq $_", "prefix": "index($s, $_) == 0", "suffix": "substr($s, -length) eq $_", "contains": "index($s, $_) >= 0"}[how]
                return f"do {{ my $s = {s}; $s ne '' && scalar grep {{ {test} }} {self.words(words)} }}"
            case There(s):
                return f"({self.text(s)} ne '')"
            case AnyVariable(w):
                return f"(scalar grep {{ $ENV{{$_}} }} {self.words(w)})"
            case AnyFile(w):
                return f"scalar(anyfile({self.words(w)}))"
            case Chance(p):
                return f"chance({p})"
            case Bucket(s, of, which):
                return f"bucket({self.text(s)}, {of}, {which})"
            case Both(x, y):
                return f"({self.condition(x)} && {self.condition(y)})"
            case Always(v):
                return "1" if v else "0"
        raise TypeError(b)

    def statement(self, s):
        match s:
            case Let(n, v):
                return [f"our ${n} = {self.text(v)};"]
            case Flag(n, v):
                return [f"our ${n} = {self.condition(v)};"]
            case When(f, t, o):
                lines = [f"if (${f}) {{"] + self.indented(self.block(t)) + ["}"]
                return lines + ["else {"] + self.indented(self.block(o)) + ["}"] if o else lines
            case Post(url, headers, body, tls, _):
                more = "".join(", " + w for w in curl_options(tls, self.text))
                return [f"$reply = send_('POST', {self.text(url)}, [{', '.join(self.text(h) for h in headers)}], {self.text(body)}{more});"]
            case Get(url, headers, tls):
                more = "".join(", " + w for w in curl_options(tls, self.text))
                return [f"send_('GET', {self.text(url)}, [{', '.join(self.text(h) for h in headers)}], ''{more});"]
            case Dns(n):
                return [f"lookup({self.text(n)});"]
            case Sleep(ms, spread):
                return [f"pause({ms}{f' + below({spread})' if spread else ''});"]
            case Together(a, b):
                return (["if (my $child = fork()) {"] + self.indented(self.block(a)) + ["\twaitpid($child, 0);", "} else {"] +
                        self.indented(self.block(b)) + ["\tPOSIX::_exit(0);", "}"])
            case Say(t):
                return [f"print {self.text(t)}, \"\\n\";"]
            case Leave(f, code):
                return [f"exit {code} if ${f};"]
        raise TypeError(s)

    def source(self, program):
        body = "\n".join(self.block(program.statements))
        kit = used(self.kit, body)
        all_ = kit + body
        uses = [f"use {m};" for m, mark in (("Cwd", "getcwd"), ("POSIX ()", "POSIX::"), ("Time::HiRes ()", "HiRes::"),
                ("Digest::SHA 'sha256_hex'", "sha256_hex"), ("MIME::Base64", "decode_base64"), ("IPC::Open2", "open2("),
                ("IO::Socket::INET", "IO::Socket")) if mark in all_]
        return "use strict;\nuse warnings;\n" + "\n".join(uses) + "\n\nour $reply = '';\n" + kit + "\n\n" + body + "\n"
