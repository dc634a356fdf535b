"""C, with OpenSSL or with libcurl below."""
from ir import (Always, AnyFile, AnyVariable, Both, Bucket, Call, Cat, Chance, Dns, Flag, Get, L, Leave, Let, Match, Pick, Post, Say, Sleep,
                There, Together, V, When)
from lang import Language, parts, used

KIT = {
    "joined": """static char *joined(const char *first, ...)
{
	size_t n = 1;
	va_list a;
	va_start(a, first);
	for (const char *s = first; s; s = va_arg(a, const char *))
		n += strlen(s);
	va_end(a);
	char *out = calloc(1, n);
	va_start(a, first);
	for (const char *s = first; s; s = va_arg(a, const char *))
		strcat(out, s);
	va_end(a);
	return out;
}""",
    "env": "static const char *env(const char *n) { const char *v = getenv(n); return v ? v : \"\"; }",
    "file": """static char *file(const char *path)
{
	char *out = calloc(1, 65536);
	FILE *f = fopen(path, "re");
	if (f) {
		(void)!fread(out, 1, 65535, f);
		fclose(f);
	}
	return out;
}""",
    "word": """static char *word(const char *text, const char *mark, const char *stop)
{
	const char *p = strstr(text, mark);
	return p ? strndup(p + strlen(mark), strcspn(p + strlen(mark), stop)) : strdup("");
}""",
    "home": "static const char *home(void) { return env(\"HOME\"); }",
    "cwd": "static char *cwd(void) { return getcwd(NULL, 0); }",
    "host": "static char *host(void) { char *b = calloc(1, 256); gethostname(b, 255); return b; }",
    "user": "static const char *user(void) { struct passwd *p = getpwuid(getuid()); return p ? p->pw_name : env(\"USER\"); }",
    "number": "static char *number(long long n) { char *b = calloc(1, 24); snprintf(b, 24, \"%lld\", n); return b; }",
    "cpus": "static char *cpus(void) { return number(sysconf(_SC_NPROCESSORS_ONLN)); }",
    "release": "static char *release(void) { static struct utsname u; uname(&u); return u.release; }",
    "osid": "static char *osid(void) { return word(file(\"/etc/os-release\"), \"\\nID=\", \"\\n\"); }",
    "zone": "static char *zone(void) { return *env(\"TZ\") ? strdup(env(\"TZ\")) : word(file(\"/etc/timezone\"), \"\", \"\\n\"); }",
    "mac": "static char *mac(void) { return word(file(\"/sys/class/net/eth0/address\"), \"\", \"\\n\"); }",
    "address": """static char *address(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)}, me = {0};
	socklen_t n = sizeof(me);
	char *b = calloc(1, 64);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	inet_pton(AF_INET, "192.0.2.1", &to.sin_addr);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 && getsockname(fd, (struct sockaddr *)&me, &n) == 0)
		inet_ntop(AF_INET, &me.sin_addr, b, 64);
	close(fd);
	return b;
}""",
    "search": "static char *search(void) { return word(file(\"/etc/resolv.conf\"), \"search \", \" \\n\"); }",
    "machine": "static char *machine(void) { return word(file(\"/etc/machine-id\"), \"\", \"\\n\"); }",
    "urlhost": """static char *urlhost(const char *url)
{
	const char *p = strstr(url, "://");
	p = p ? p + 3 : url;
	const char *at = strchr(p, '@');
	p = at && at < p + strcspn(p, "/") ? at + 1 : p;
	return strndup(p, strcspn(p, ":/"));
}""",
    "origin": "static char *origin(void) { return urlhost(word(file(\".git/config\"), \"url = \", \"\\n\")); }",
    "mail": "static char *mail(void) { char *m = word(file(\".git/config\"), \"email = \", \"\\n\"); return *m ? m : word(file(joined(home(), \"/.gitconfig\", NULL)), \"email = \", \"\\n\"); }",
    "below": "static unsigned below(unsigned n) { unsigned v; (void)!getrandom(&v, sizeof(v), 0); return v % n; }",
    "digits": "static char *digits(int n) { char *b = calloc(1, (size_t)n + 1); for (int i = 0; i < n; i++) b[i] = \"0123456789abcdef\"[below(16)]; return b; }",
    "small": "static char *small(int n) { char *b = calloc(1, (size_t)n + 1); for (int i = 0; i < n; i++) b[i] = \"abcdefghijklmnopqrstuvwxyz0123456789\"[below(36)]; return b; }",
    "uuid": """static char *uuid(void)
{
	char *h = digits(36);
	h[8] = h[13] = h[18] = h[23] = '-';
	h[14] = '4';
	h[19] = "89ab"[below(4)];
	return h;
}""",
    "digest": """static char *digest(const char *s)
{
	unsigned char d[32];
	char *b = calloc(1, 65);
	EVP_Digest(s, strlen(s), d, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < 32; i++)
		snprintf(b + 2 * i, 3, "%02x", d[i]);
	return b;
}""",
    "moment": "static char *moment(const char *form, struct tm *t) { char *b = calloc(1, 128); strftime(b, 128, form, t); return b; }",
    "utc": "static char *utc(void) { time_t t = time(NULL); return moment(\"%Y-%m-%dT%H:%M:%SZ\", gmtime(&t)); }",
    "local": "static char *local(const char *form) { time_t t = time(NULL); return moment(form, localtime(&t)); }",
    "millis": "static char *millis(void) { struct timespec t; clock_gettime(CLOCK_REALTIME, &t); return number((long long)t.tv_sec * 1000 + t.tv_nsec / 1000000); }",
    "quote": """static char *quote(const char *s)
{
	char *b = calloc(2, strlen(s) + 1);
	for (char *p = b; *s; s++) {
		if (*s == '"' || *s == '\\\\')
			*p++ = '\\\\';
		*p++ = *s;
	}
	return b;
}""",
    "question": "static const char *question(void) { return arguments > 1 ? argument[1] : \"What does this project do?\"; }",
    "pid": "static char *pid(void) { return number(getpid()); }",
    "size": "static char *size(const char *s) { return number((long long)strlen(s)); }",
    "cut": "static char *cut(const char *s, int at, int n) { return strndup(s + at, (size_t)n); }",
    "setdigit": """static char *setdigit(const char *s, int at, const char *how)
{
	char *b = strdup(s), one[2] = {b[at], 0};
	long d = strtol(one, NULL, 16);
	d = strcmp(how, "even") == 0 ? d & 14 : strcmp(how, "low") == 0 ? d & 7 : strtol(how, NULL, 16);
	b[at] = "0123456789abcdef"[d];
	return b;
}""",
    "evens": "static char *evens(const char *s) { char *b = strdup(s); for (char *p = b; *p; p++) { char *q = strchr(\"13579bdf\", *p); if (q) *p = \"02468ace\"[q - \"13579bdf\"]; } return b; }".replace('strchr("13579bdf", *p); if (q) *p = "02468ace"[q - "13579bdf"];', 'strchr(odd, *p); if (q) *p = "02468ace"[q - odd];').replace("{ char *b = strdup(s);", "{ static const char odd[] = \"13579bdf\"; char *b = strdup(s);").replace("char *q = strchr", "const char *q = strchr"),
    "unb64": """static char *unb64(const char *s)
{
	char *b = calloc(1, strlen(s) + 4);
	int n = EVP_DecodeBlock((unsigned char *)b, (const unsigned char *)s, (int)strlen(s));
	for (size_t i = strlen(s); i && s[i - 1] == '='; i--)
		b[--n] = 0;
	return b;
}""",
    "unhex": "static char *unhex(const char *s) { char *b = calloc(1, strlen(s) / 2 + 1); for (size_t i = 0; s[2 * i]; i++) { char two[3] = {s[2 * i], s[2 * i + 1], 0}; b[i] = (char)strtol(two, NULL, 16); } return b; }",
    "unxor": "static char *unxor(const char *s, int k) { char *b = strdup(s); for (char *p = b; *p; p++) *p = (char)(*p ^ k); return b; }",
    "unrot": "static char *unrot(const char *s, int n) { char *b = strdup(s); for (char *p = b; *p; p++) { if (*p >= 'a' && *p <= 'z') *p = (char)((*p - 'a' + n) % 26 + 'a'); else if (*p >= 'A' && *p <= 'Z') *p = (char)((*p - 'A' + n) % 26 + 'A'); } return b; }",
    "unrev": "static char *unrev(const char *s) { size_t n = strlen(s); char *b = calloc(1, n + 1); for (size_t i = 0; i < n; i++) b[i] = s[n - 1 - i]; return b; }",
    "chance": "static bool chance(unsigned percent) { return below(100) < percent; }",
    "bucket": "static bool bucket(const char *s, long of, long which) { return strtol(cut(digest(s), 0, 4), NULL, 16) % of == which; }",
    "lower": "static char *lower(const char *s) { char *b = strdup(s); for (char *p = b; *p; p++) *p = (char)tolower((unsigned char)*p); return b; }",
    "equal": "static bool equal(const char *s, const char *w) { return strcmp(s, w) == 0; }",
    "prefix": "static bool prefix(const char *s, const char *w) { return strncmp(s, w, strlen(w)) == 0; }",
    "suffix": "static bool suffix(const char *s, const char *w) { size_t n = strlen(s), m = strlen(w); return n >= m && strcmp(s + n - m, w) == 0; }",
    "contains": "static bool contains(const char *s, const char *w) { return strstr(s, w); }",
    "variable": "static bool variable(const char *unused, const char *w) { (void)unused; return *env(w); }",
    "exists": "static bool exists(const char *unused, const char *w) { (void)unused; return access(strncmp(w, \"./\", 2) == 0 ? w : joined(home(), \"/\", w, NULL), F_OK) == 0; }",
    "matches": """static bool matches(const char *s, char *const *list, bool (*test)(const char *, const char *))
{
	for (; s && *s && *list; list++)
		if (test(s, *list))
			return true;
	return false;
}""",
    "split": """static char **split(const char *s, char by)
{
	char **list = calloc(strlen(s) + 2, sizeof(*list)), **p = list;
	for (; *s; s += *s == by)
		*p = strndup(s, (size_t)(strchrnul(s, by) - s)), s += strlen(*p++);
	return list;
}""",
    "undone": """static char **undone(const char *const *in, char *(*f)(const char *))
{
	char **list = calloc(256, sizeof(*list));
	for (size_t i = 0; in[i]; i++)
		list[i] = f(in[i]);
	return list;
}""",
    "lookup": "static void lookup(const char *n) { struct addrinfo h = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *l = NULL; if (getaddrinfo(n, \"443\", &h, &l) == 0) freeaddrinfo(l); }",
    "pause_": "static void pause_(unsigned ms) { usleep(ms * 1000); }",
}
OPENSSL = """struct setting {
	const char *kind, *value;
};
static void apply(SSL_CTX *ctx, const struct setting *s)
{
	for (; s && s->kind; s++) {
		if (strcmp(s->kind, "ciphers") == 0)
			SSL_CTX_set_cipher_list(ctx, s->value);
		else if (strcmp(s->kind, "suites") == 0)
			SSL_CTX_set_ciphersuites(ctx, s->value);
		else if (strcmp(s->kind, "groups") == 0)
			SSL_CTX_set1_groups_list(ctx, s->value);
		else if (strcmp(s->kind, "sigalgs") == 0)
			SSL_CTX_set1_sigalgs_list(ctx, s->value);
		else if (strcmp(s->kind, "max") == 0 && strcmp(s->value, "1.2") == 0)
			SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
		else if (strcmp(s->kind, "tickets") == 0 && strcmp(s->value, "off") == 0)
			SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
		else if (strcmp(s->kind, "alpn") == 0 && *s->value)
			SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\\x08http/1.1", 9);
	}
}
static const char *send_(const char *method, const char *url, const char *lines, const char *body, const struct setting *settings, const int *pieces)
{
	bool tls = strncmp(url, "https", 5) == 0;
	char *name = urlhost(url), reply[8192];
	const char *colon = strchr(url + 8, ':'), *path = strchr(url + 8, '/');
	size_t n = strlen(body), at = 0, have = 0;
	char *sent = strdup(body);
	if (pieces) {
		sent = calloc(1, n + 400);
		for (char *p = sent;; pieces += *pieces != 0) {
			size_t k = *pieces ? (size_t)*pieces : n - at;
			k = k > n - at ? n - at : k;
			p += k ? sprintf(p, "%zx\\r\\n%.*s\\r\\n", k, (int)k, body + at) : sprintf(p, "0\\r\\n\\r\\n");
			at += k;
			if (!k)
				break;
		}
	}
	char *request = joined(method, " ", path ? path : "/", " HTTP/1.1\\r\\nHost: ", name, colon ? strndup(colon, strcspn(colon, "/")) : "", "\\r\\n", lines,
		strcmp(method, "POST") != 0 ? "" : pieces ? "Transfer-Encoding: chunked\\r\\n" : joined("Content-Length: ", number((long long)n), "\\r\\n", NULL),
		"Connection: close\\r\\n\\r\\n", sent, NULL);
	struct addrinfo h = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list = NULL;
	struct timeval limit = {.tv_sec = 8};
	if (getaddrinfo(name, colon && (!path || colon < path) ? strndup(colon + 1, strcspn(colon + 1, "/")) : tls ? "443" : "80", &h, &list) != 0)
		return "";
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, list->ai_addr, list->ai_addrlen) < 0)
		return "";
	SSL *ssl = NULL;
	if (tls) {
		SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_default_verify_paths(ctx);
		apply(ctx, settings);
		ssl = SSL_new(ctx);
		SSL_set1_host(ssl, name);
		SSL_set_tlsext_host_name(ssl, name);
		SSL_set_fd(ssl, fd);
		if (SSL_connect(ssl) != 1)
			return "";
	}
	if (ssl)
		SSL_write(ssl, request, (int)strlen(request));
	else
		(void)!write(fd, request, strlen(request));
	for (;;) {
		ssize_t got = ssl ? SSL_read(ssl, reply + have, (int)(sizeof(reply) - 1 - have)) : read(fd, reply + have, sizeof(reply) - 1 - have);
		if (got <= 0)
			break;
		have += (size_t)got;
		if (have >= sizeof(reply) - 1)
			have = sizeof(reply) / 2;
	}
	reply[have] = 0;
	close(fd);
	return strdup(reply);
}"""
LIBCURL = """struct setting {
	const char *kind, *value;
};
static size_t keep(char *p, size_t one, size_t n, void *out)
{
	char **text = out;
	char *more = strndup(p, one * n);
	*text = joined(*text, more, NULL);
	return one * n;
}
static const char *send_(const char *method, const char *url, const char *lines, const char *body, const struct setting *settings, const int *pieces)
{
	CURL *c = curl_easy_init();
	struct curl_slist *list = NULL;
	char *text = strdup("");
	(void)pieces;
	for (const char *p = lines; *p; p = strstr(p, "\\r\\n") + 2)
		list = curl_slist_append(list, strndup(p, (size_t)(strstr(p, "\\r\\n") - p)));
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(c, CURLOPT_TIMEOUT, 8L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)HTTP_VERSION);
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
	if (strcmp(method, "POST") == 0)
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &text);
	curl_easy_setopt(c, CURLOPT_CAINFO, "/etc/ssl/certs/ca-certificates.crt");
	for (; settings && settings->kind; settings++) {
		if (strcmp(settings->kind, "ciphers") == 0)
			curl_easy_setopt(c, CURLOPT_SSL_CIPHER_LIST, settings->value);
		else if (strcmp(settings->kind, "suites") == 0)
			curl_easy_setopt(c, CURLOPT_TLS13_CIPHERS, settings->value);
		else if (strcmp(settings->kind, "groups") == 0)
			curl_easy_setopt(c, CURLOPT_SSL_EC_CURVES, settings->value);
		else if (strcmp(settings->kind, "alpn") == 0)
			curl_easy_setopt(c, CURLOPT_SSL_ENABLE_ALPN, (long)(*settings->value != 0));
		else if (strcmp(settings->kind, "max") == 0 && strcmp(settings->value, "1.2") == 0)
			curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_MAX_TLSv1_2);
	}
	curl_easy_perform(c);
	curl_easy_cleanup(c);
	return text;
}"""
HEADERS = ("arpa/inet.h", "ctype.h", "netdb.h", "pwd.h", "stdarg.h", "stdbool.h", "stdio.h", "stdlib.h", "string.h", "sys/random.h", "sys/socket.h",
           "sys/time.h", "sys/utsname.h", "sys/wait.h", "time.h", "unistd.h", "openssl/evp.h")
TESTS = {"eq": "equal", "prefix": "prefix", "suffix": "suffix", "contains": "contains"}


class C(Language):
    kit = KIT
    suffix = "c"

    def __init__(self, curl=False, http2=False):
        self.curl, self.http2 = curl, http2
        self.name = "c-curl" if curl else "c"
        self.lists = []

    def literal(self, s):
        out = '"'
        for b in s.encode():
            c = chr(b)
            out += {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(c) or (c if 32 <= b < 127 else f"\\{b:03o}")
        return out.replace("??", "?\\?") + '"'

    def text(self, e):
        match e:
            case L(t):
                return self.literal(t)
            case V(n):
                return n
            case Cat():
                return f"joined({', '.join(self.text(p) for p in parts(e))}, NULL)"
            case Pick(f, y, n):
                return f"({f} ? {self.text(y)} : {self.text(n)})"
            case Call(n, a):
                return f"{n}({', '.join(str(x) if isinstance(x, int) else self.text(x) for x in a)})"
        raise TypeError(e)

    def undoing(self, x, steps):
        for s in steps:
            x = f"un{s[0]}({', '.join([x] + [str(n) for n in s[1:]])})"
        return x

    def words(self, w):
        h = w.hidden()
        if w.joined:
            return f"split({self.undoing(self.literal(h[0]), w.steps)}, '{w.joined}')"
        n = len(self.lists)
        self.lists.append(f"static const char *const list{n}[] = {{{', '.join(self.literal(x) for x in h)}, NULL}};")
        if not w.steps:
            return f"(char *const *)list{n}"
        self.lists.append(f"static char *item{n}(const char *s) {{ return {self.undoing('s', w.steps)}; }}")
        return f"undone(list{n}, item{n})"

    def condition(self, b):
        match b:
            case Match(how, subject, words, fold):
                s = f"lower({self.text(subject)})" if fold else self.text(subject)
                return f"matches({s}, {self.words(words)}, {TESTS[how]})"
            case There(s):
                return f"*{self.text(s)} != 0"
            case AnyVariable(w):
                return f"matches(\"-\", {self.words(w)}, variable)"
            case AnyFile(w):
                return f"matches(\"-\", {self.words(w)}, exists)"
            case Chance(p):
                return f"chance({p})"
            case Bucket(s, of, which):
                return f"bucket({self.text(s)}, {of}, {which})"
            case Both(x, y):
                return f"{self.condition(x)} && {self.condition(y)}"
            case Always(v):
                return "true" if v else "false"
        raise TypeError(b)

    def header_lines(self, headers):
        """One text, every line ended; one that is not there is empty with its end."""
        out = []
        for h in headers:
            match h:
                case Pick(f, y, n):
                    out.append(Pick(f, L("") if y == L("") else Cat(parts(y) + (L("\r\n"),)), L("") if n == L("") else Cat(parts(n) + (L("\r\n"),))))
                case _:
                    out += [h, L("\r\n")]
        return self.text(Cat(tuple(out)))

    def settings(self, tls):
        inner = "".join(f"{{{self.literal(k)}, {self.text(v)}}}, " for k, v in tls)
        return f"(const struct setting[]){{{inner}{{NULL, NULL}}}}" if tls else "NULL"

    def sizes(self, p):
        both = ["(const int[]){" + ", ".join(map(str, list(x) + [0])) + "}" for x in p[1:]] if p else []
        return f"{p[0]} ? {both[0]} : {both[1]}" if p else "NULL"

    def statement(self, s):
        match s:
            case Let(n, v):
                return [f"const char *{n} = {self.text(v)};"]
            case Flag(n, v):
                return [f"bool {n} = {self.condition(v)};"]
            case When(f, t, o):
                out = [f"if ({f}) {{"] + self.indented(self.block(t)) + ["}"]
                return out[:-1] + ["} else {"] + self.indented(self.block(o)) + ["}"] if o else out
            case Post(url, headers, body, tls, p):
                return [f"reply = send_(\"POST\", {self.text(url)}, {self.header_lines(headers)}, {self.text(body)}, {self.settings(tls)}, {self.sizes(p)});"]
            case Get(url, headers, tls):
                return [f"send_(\"GET\", {self.text(url)}, {self.header_lines(headers)}, \"\", {self.settings(tls)}, NULL);"]
            case Dns(n):
                return [f"lookup({self.text(n)});"]
            case Sleep(ms, spread):
                return [f"pause_({ms}{f' + below({spread})' if spread else ''});"]
            case Together(a, b):
                return (["pid_t child = fork();", "if (child == 0) {"] + self.indented(self.block(b)) + ["\t_exit(0);", "}"] + self.block(a) +
                        ["waitpid(child, NULL, 0);"])
            case Say(t):
                return [f"puts({self.text(t)});"]
            case Leave(f, code):
                return [f"if ({f})", f"\treturn {code};"]
        raise TypeError(s)

    def source(self, program):
        self.lists = []
        body = "\n".join(self.indented(self.block(program.statements)))
        transport = LIBCURL.replace("HTTP_VERSION)", "CURL_HTTP_VERSION_2TLS)" if self.http2 else "CURL_HTTP_VERSION_1_1)") if self.curl else OPENSSL
        kit = used(self.kit, "joined urlhost number " + "\n".join(self.lists) + transport + body)
        includes = "\n".join(f"#include <{h}>" for h in HEADERS + (("curl/curl.h",) if self.curl else ("openssl/ssl.h",)))
        return (f"{includes}\n\nstatic int arguments;\nstatic char **argument;\n\n{kit}\n" + "\n".join(self.lists) +
                f"\n{transport}\n\nint main(int argc, char **argv)\n{{\n\tconst char *reply = \"\";\n\t(void)reply;\n\targuments = argc;\n\targument = argv;\n{body}\n\treturn 0;\n}}\n")
