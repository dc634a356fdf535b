/* What may be shown of a command line or an address. People put keys into arguments, headers, addresses and shell lines, so whatever could
 * be one is left out: what follows an option that names itself so, what has the form of a known key, and long words without a meaning. */
#include <ctype.h>

#include "identify/inventory_part.h"

#define HIDDEN "[hidden]"

static const struct {
	struct slice prefix;
	const char *kind;
} forms[] = {
        {SLICE_INIT("sk-ant-oat"), "Anthropic OAuth token"},
        {SLICE_INIT("sk-ant-ort"), "Anthropic refresh token"},
        {SLICE_INIT("sk-ant-"), "Anthropic API key"},
        {SLICE_INIT("sk-proj-"), "OpenAI API key"},
        {SLICE_INIT("sk-svcacct-"), "OpenAI service account key"},
        {SLICE_INIT("sk-or-"), "OpenRouter API key"},
        {SLICE_INIT("sk-"), "API key"},
        {SLICE_INIT("AIza"), "Google API key"},
        {SLICE_INIT("ya29."), "Google access token"},
        {SLICE_INIT("1//"), "Google refresh token"},
        {SLICE_INIT("gsk_"), "Groq API key"},
        {SLICE_INIT("xai-"), "xAI API key"},
        {SLICE_INIT("hf_"), "Hugging Face token"},
        {SLICE_INIT("r8_"), "Replicate token"},
        {SLICE_INIT("pplx-"), "Perplexity API key"},
        {SLICE_INIT("csk-"), "Cerebras API key"},
        {SLICE_INIT("fw_"), "Fireworks API key"},
        {SLICE_INIT("nvapi-"), "NVIDIA API key"},
        {SLICE_INIT("ghp_"), "GitHub token"},
        {SLICE_INIT("gho_"), "GitHub OAuth token"},
        {SLICE_INIT("ghu_"), "GitHub user token"},
        {SLICE_INIT("ghs_"), "GitHub app token"},
        {SLICE_INIT("github_pat_"), "GitHub token"},
        {SLICE_INIT("glpat-"), "GitLab token"},
        {SLICE_INIT("AKIA"), "AWS access key"},
        {SLICE_INIT("ABSK"), "Amazon Bedrock key"},
        {SLICE_INIT("xoxb-"), "Slack token"},
        {SLICE_INIT("xoxp-"), "Slack token"},
        {SLICE_INIT("eyJ"), "signed token (JWT)"},
};

const char *shown_key_kind(struct slice value)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (slice_starts(value, forms[i].prefix) && value.n >= forms[i].prefix.n + 8)
			return forms[i].kind;
	return NULL;
}

static bool word(uint8_t c)
{
	return isalnum(c) || c == '_' || c == '-' || c == '+' || c == '/' || c == '=' || c == '.' || c == '~';
}

/* A run of characters that no person would write: long, with digits and letters changing often, or all hex. */
static bool random_word(struct slice s)
{
	size_t changes = 0, digits = 0, letters = 0, upper = 0, lower = 0;
	int last = 0;
	if (s.n < 20)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int kind = isdigit(s.p[i]) ? 1 : isupper(s.p[i]) ? 2 : islower(s.p[i]) ? 3 : 4;
		digits += kind == 1;
		upper += kind == 2;
		lower += kind == 3;
		letters += kind == 2 || kind == 3;
		changes += i && kind != last;
		last = kind;
	}
	if (digits + letters < s.n * 3 / 4)
		return false;
	return (digits >= 2 && letters >= 2 && changes * 6 >= s.n) || (upper >= 4 && lower >= 4 && changes * 4 >= s.n) ||
	       (s.n >= 32 && digits + letters == s.n) || s.n >= 64;
}

bool shown_secret(struct slice s)
{
	if (shown_key_kind(s))
		return true;
	/* In parts, as the word may stand in a path or a list. */
	for (size_t i = 0; i < s.n;) {
		size_t from = i;
		while (i < s.n && word(s.p[i]) && s.p[i] != '/' && s.p[i] != '=' && s.p[i] != '.')
			i++;
		struct slice part = slice_sub(s, from, i - from);
		if (random_word(part) || (part.n < s.n && shown_key_kind(part)))
			return true;
		i += i == from;
	}
	return false;
}

/* The name of an option, header or variable that holds something secret. */
static bool secret_name(struct slice s)
{
	static const struct slice parts[] = {SLICE_INIT("key"), SLICE_INIT("token"), SLICE_INIT("secret"), SLICE_INIT("passw"),
	        SLICE_INIT("pwd"), SLICE_INIT("auth"), SLICE_INIT("cred"), SLICE_INIT("bearer"), SLICE_INIT("header"), SLICE_INIT("cookie"),
	        SLICE_INIT("session"), SLICE_INIT("dsn"), SLICE_INIT("conn")};
	uint8_t low[64];
	size_t n = s.n < sizeof(low) ? s.n : sizeof(low);
	for (size_t i = 0; i < n; i++)
		low[i] = (uint8_t)tolower(s.p[i]);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (slice_find(slice_of(low, n), parts[i], 0) != SLICE_NPOS)
			return true;
	return slice_is(s, "-H") || slice_is(s, "-u") || slice_is(s, "-p") || slice_ends(slice_of(low, n), SLICE("pat"));
}

/* Is a word the value of what stands before it: of an option or a word that names something secret? Paths and options are none. */
static bool told_secret(struct slice after, struct slice s)
{
	if (after.n < 2 || after.n > 60 || !s.n || s.p[0] == '-' || slice_chr(after, '=', 0) != SLICE_NPOS || !secret_name(after))
		return false;
	return after.p[0] == '-' || (s.p[0] != '/' && s.p[0] != '.' && slice_chr(after, '/', 0) == SLICE_NPOS && after.p[0] != '@');
}

struct slice url_host(struct slice url)
{
	size_t at = slice_find(url, SLICE("://"), 0);
	if (at == SLICE_NPOS)
		return SLICE_NONE;
	struct slice rest = slice_from(url, at + 3);
	size_t end = 0;
	while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?' && rest.p[end] != '#')
		end++;
	rest = slice_sub(rest, 0, end);
	for (size_t i = rest.n; i > 0; i--)
		if (rest.p[i - 1] == '@') {
			rest = slice_from(rest, i);
			break;
		}
	if (rest.n && rest.p[0] == '[') {
		size_t close = slice_chr(rest, ']', 0);
		return slice_sub(rest, 1, close == SLICE_NPOS ? rest.n : close - 1);
	}
	size_t colon = slice_chr(rest, ':', 0);
	return colon == SLICE_NPOS ? rest : slice_sub(rest, 0, colon);
}

bool host_is_local(struct slice host)
{
	return slice_is(host, "localhost") || slice_is(host, "::1") || slice_starts(host, SLICE("127.")) ||
	       slice_ends(host, SLICE(".localhost"));
}

void shown_url(struct buf *out, struct slice url)
{
	size_t at = slice_find(url, SLICE("://"), 0);
	struct slice host = url_host(url);
	if (at == SLICE_NPOS || at > 12 || !host.n || host.n > 255) {
		buf_str_add(out, HIDDEN);
		return;
	}
	struct slice after = slice_from(url, (size_t)(host.p - url.p) + host.n);
	bool bracket = after.n && after.p[0] == ']';
	buf_add(out, slice_sub(url, 0, at + 3));
	if (shown_secret(host))
		buf_str_add(out, HIDDEN);
	else
		buf_fmt(out, bracket ? "[%.*s]" : "%.*s", SLICE_FMT(host));
	after = slice_from(after, bracket);
	/* The port and the path, part by part. */
	size_t end = 0;
	while (end < after.n && after.p[end] != '?' && after.p[end] != '#')
		end++;
	struct slice path = slice_sub(after, 0, end), part;
	for (bool first = true; slice_split(&path, '/', &part); first = false) {
		if (!first)
			buf_u8(out, '/');
		if (shown_secret(part) || part.n > 60)
			buf_str_add(out, HIDDEN);
		else
			buf_add(out, part);
	}
	if (end < after.n)
		buf_str_add(out, "?" HIDDEN);
}

/* Begins with a scheme. */
static bool is_url(struct slice s)
{
	size_t at = slice_find(s, SLICE("://"), 0);
	for (size_t i = 0; i < at && at != SLICE_NPOS; i++)
		if (!isalnum(s.p[i]) && s.p[i] != '+' && s.p[i] != '-' && s.p[i] != '.')
			return false;
	return at != SLICE_NPOS && at > 0;
}

void shown_argument(struct buf *out, struct slice s, struct slice after)
{
	size_t equal = slice_chr(s, '=', 0);
	bool after_secret = told_secret(after, s);
	/* A document in an argument may have anything in it. */
	if (slice_chr(s, '{', 0) != SLICE_NPOS && slice_chr(s, '"', 0) != SLICE_NPOS) {
		buf_str_add(out, HIDDEN);
		return;
	}
	if (is_url(s)) {
		if (after_secret)
			buf_str_add(out, HIDDEN);
		else
			shown_url(out, s);
		return;
	}
	/* "-e NAME=value", "--name=value", "NAME=value", "Authorization: …" */
	if (equal != SLICE_NPOS && equal > 0) {
		struct slice name = slice_sub(s, 0, equal), value = slice_from(s, equal + 1);
		bool option = s.p[0] == '-', plain = name.n < 64 && !shown_secret(name);
		for (size_t i = 0; i < name.n; i++)
			plain = plain && (isalnum(name.p[i]) || name.p[i] == '_' || name.p[i] == '-' || name.p[i] == '.');
		if (!plain) {
			buf_str_add(out, HIDDEN);
			return;
		}
		buf_fmt(out, "%.*s=", SLICE_FMT(name));
		if (!option || secret_name(name) || (!is_url(value) && shown_secret(value)) || value.n > 200)
			buf_str_add(out, HIDDEN);
		else if (is_url(value))
			shown_url(out, value);
		else
			buf_add(out, value);
		return;
	}
	size_t colon = slice_find(s, SLICE(": "), 0);
	if (colon != SLICE_NPOS && colon < 64 && !shown_secret(slice_sub(s, 0, colon))) {
		buf_fmt(out, "%.*s: " HIDDEN, SLICE_FMT(slice_sub(s, 0, colon)));
		return;
	}
	/* An address within something else may have anything in it. */
	if (after_secret || shown_secret(s) || slice_find(s, SLICE("://"), 0) != SLICE_NPOS)
		buf_str_add(out, HIDDEN);
	else
		buf_add(out, slice_sub(s, 0, 200));
}

void shown_line(struct buf *out, struct slice line)
{
	struct slice before = SLICE_NONE;
	bool credentials = false; /* "Authorization: Bearer x": the words behind such a one too */
	for (size_t i = 0; i < line.n;) {
		size_t from = i;
		while (i < line.n && !isspace(line.p[i]) && line.p[i] != '"' && line.p[i] != '\'' && line.p[i] != ';' && line.p[i] != '|' &&
		        line.p[i] != '&')
			i++;
		struct slice s = slice_sub(line, from, i - from);
		if (s.n) {
			bool header = s.p[s.n - 1] == ':';
			if (credentials && s.p[0] != '-')
				buf_str_add(out, HIDDEN);
			else
				shown_argument(out, s, before);
			credentials = (header && secret_name(s)) ||
			              (credentials && (slice_eq_nocase(s, SLICE("bearer")) || slice_eq_nocase(s, SLICE("basic"))));
			/* In "key": "value" the colon between the quotes is a word of its own. */
			before = slice_is(s, ":") || slice_is(s, "=") ? before : s;
		}
		if (i < line.n) {
			buf_u8(out, line.p[i] == '\n' || line.p[i] == '\r' || line.p[i] == '\t' ? ' ' : line.p[i]);
			i++;
		}
	}
}

/* ---- risks of how something is started */

/* Is the version in it one that stays? "pkg@1.2.3", "pkg==1.2", "image@sha256:…"; for images "image:1.2" too. */
static bool pinned(struct slice s, bool image)
{
	size_t at = SLICE_NPOS;
	for (size_t i = s.n; i > 1 && at == SLICE_NPOS; i--)
		if (s.p[i - 1] == '@')
			at = i;
	if (image && at == SLICE_NPOS) {
		struct slice name = slice_base(s);
		size_t colon = slice_chr(name, ':', 0);
		return colon != SLICE_NPOS && !slice_is(slice_from(name, colon + 1), "latest");
	}
	if (at == SLICE_NPOS)
		return slice_find(s, SLICE("=="), 0) != SLICE_NPOS;
	struct slice v = slice_from(s, at);
	if (slice_starts(v, SLICE("sha256:")))
		return true;
	/* A whole version; ranges and tags move. */
	size_t dots = 0;
	bool good = v.n > 0 && isdigit(v.p[0]);
	for (size_t i = 0; i < v.n; i++) {
		dots += v.p[i] == '.';
		good = good && (isalnum(v.p[i]) || v.p[i] == '.' || v.p[i] == '-' || v.p[i] == '+');
	}
	return good && dots >= 2;
}

/* Options that take a word behind them. */
static bool takes_word(struct slice s)
{
	static const char *const with[] = {"-p", "--package", "-c", "--call", "--from", "--with", "--python", "-e", "--env", "-v",
	        "--volume", "--mount", "--name", "--network", "-w", "--workdir", "-u", "--user", "--entrypoint", "--env-file", "--platform",
	        "-l", "--label", "--add-host", "--registry"};
	for (size_t i = 0; i < ARRAY_LEN(with); i++)
		if (slice_is(s, with[i]))
			return true;
	return false;
}

/* The first word after `from` that is no option: what a runner downloads. Of one named by an option, that. */
static struct slice first_word(const struct slice *argv, size_t n, size_t from, bool image)
{
	for (size_t i = from; i < n; i++) {
		if (!image && i + 1 < n && (slice_is(argv[i], "-p") || slice_is(argv[i], "--package") || slice_is(argv[i], "--from")))
			return argv[i + 1];
		if (argv[i].n && argv[i].p[0] != '-')
			return argv[i];
		i += takes_word(argv[i]);
	}
	return SLICE_NONE;
}

static const struct {
	const char *command, *second; /* second: the word after it, NULL: none */
	bool image;
} runners[] = {
        {"npx", NULL, false},
        {"bunx", NULL, false},
        {"pnpx", NULL, false},
        {"uvx", NULL, false},
        {"npm", "exec", false},
        {"npm", "x", false},
        {"bun", "x", false},
        {"pnpm", "dlx", false},
        {"yarn", "dlx", false},
        {"pipx", "run", false},
        {"docker", "run", true},
        {"podman", "run", true},
};

unsigned long shown_command_risks(const struct slice *argv, size_t n, struct slice *what)
{
	static const struct slice temporary[] = {SLICE_INIT("/tmp/"), SLICE_INIT("/var/tmp/"), SLICE_INIT("/dev/shm/")};
	unsigned long risks = 0;
	*what = SLICE_NONE;
	if (n == 0)
		return 0;
	struct slice command = slice_base(argv[0]);
	for (size_t i = 0; i < ARRAY_LEN(runners); i++) {
		size_t from = runners[i].second ? 2 : 1;
		if (!slice_is(command, runners[i].command) || (runners[i].second && (n < 2 || !slice_is(argv[1], runners[i].second))))
			continue;
		struct slice package = first_word(argv, n, from, runners[i].image);
		if (package.n && package.p[0] != '.' && package.p[0] != '/' && !pinned(package, runners[i].image)) {
			risks |= 1ul << RISK_UNPINNED;
			*what = package;
		}
	}
	for (size_t i = 0; i < n && i < 2; i++)
		for (size_t k = 0; k < ARRAY_LEN(temporary); k++)
			if (slice_starts(argv[i], temporary[k])) {
				risks |= 1ul << RISK_FROM_TEMPORARY;
				*what = argv[i];
			}
	/* "curl … | sh" */
	for (size_t i = 0; i < n; i++)
		if ((slice_find(argv[i], SLICE("curl "), 0) != SLICE_NPOS || slice_find(argv[i], SLICE("wget "), 0) != SLICE_NPOS) &&
		        (slice_find(argv[i], SLICE("| sh"), 0) != SLICE_NPOS || slice_find(argv[i], SLICE("| bash"), 0) != SLICE_NPOS ||
		                slice_find(argv[i], SLICE("|sh"), 0) != SLICE_NPOS ||
		                slice_find(argv[i], SLICE("|bash"), 0) != SLICE_NPOS)) {
			risks |= 1ul << RISK_UNPINNED;
			*what = SLICE("a script from the network");
		}
	return risks;
}

static bool boundary(struct slice s, size_t at)
{
	return at >= s.n || !(isalnum(s.p[at]) || s.p[at] == '-' || s.p[at] == '_');
}

const char *shown_dangerous_flag(const struct catalogue_tool *t, struct slice text)
{
	for (size_t i = 0; t->flags[i]; i++) {
		struct slice flag = slice_str(t->flags[i]);
		for (size_t at = 0; (at = slice_find(text, flag, at)) != SLICE_NPOS; at++)
			if ((at == 0 || boundary(text, at - 1)) && boundary(text, at + flag.n))
				return t->flags[i];
	}
	return NULL;
}
