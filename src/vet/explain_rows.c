/* The table of explanations, and its rows but those of explain_place.c. */
#include "vet/explain_part.h"

#include <stdio.h>

#include "policy/match.h"
#include "vet/codepoint.h"
#include "vet/explain_host.h"

static const char *row_digest(const struct part *p)
{
	char mark[64];
	int n = snprintf(mark, sizeof(mark), " of %s}", factor_table[p->c->factor].name);
	struct slice m = slice_of(mark, (size_t)n);
	/* "{sha256 of hostname}" may come or go whole; its words may also be a hunk of their own. */
	bool here = slice_find(p->b, m, 0) != SLICE_NPOS || slice_find(p->a, m, 0) != SLICE_NPOS;
	return p->c->digest && (here || (text_plain_words(p->b) && p->b.n >= 8)) ? "a digest of the value stands in the changed place"
	                                                                         : NULL;
}

bool part_is_message(const struct part *p)
{
	const struct feature *f = p->c->feature;
	return (!p->c->before.p || !p->c->after.p) && (feature_is_message(f) || strcmp(f->address, "(present)") == 0) &&
	       strncmp(f->endpoint, "FILE ", 5) != 0;
}

/* Is the message not addressed by the value, and would there be a value to tell without it too? Then that it tells the value, among other
 * things, is no reason to send it or not. */
static bool could_be_told_anyhow(const struct part *p)
{
	const struct analysis_trial *without = p->c->before.p ? p->c->after_trial : p->c->before_trial;
	const char *forms[1];
	return part_is_message(p) && !text_has_placeholder(slice_str(p->c->feature->endpoint), p->c->factor) && without->host &&
	       factor_table[p->c->factor].literals(without->host, without->gateway, forms, ARRAY_LEN(forms)) > 0;
}

/* The placeholder stands where the change is, and whatever else changed there is plain. */
static const char *row_literal(const struct part *p)
{
	if (could_be_told_anyhow(p))
		return NULL;
	bool in_b = text_has_placeholder(p->b, p->c->factor), in_a = text_has_placeholder(p->a, p->c->factor);
	if ((!in_b && !in_a) || !text_visible(p->a) || !text_visible(p->b))
		return NULL;
	/* A value that is put in the place of another one explains no change of the characters beside it. */
	for (size_t i = 0; p->a.n && i < p->b.n; i++)
		if (p->b.p[i] >= 0x80)
			return NULL;
	return "the changed part contains the value itself";
}

static bool number_is(struct slice s, uint64_t n)
{
	uint64_t v;
	return slice_u64(slice_trim(s), UINT32_MAX, &v) && v == n;
}

static const char *row_count(const struct part *p)
{
	if (strcmp(factor_table[p->c->factor].name, "cpus") != 0)
		return NULL;
	if (number_is(p->b, p->c->after_trial->host->cpus) && number_is(p->a, p->c->before_trial->host->cpus))
		return "the number of CPUs";
	return NULL;
}

/* -- what lies in the host's files -- */

static bool not_blank(uint8_t c)
{
	return c > ' ' && c != '"' && c != '\'' && c != '`' && c != ',' && c != ';' && c != '(' && c != ')';
}

static bool word_or_path(uint8_t c)
{
	return text_word_byte(c) || c == '-' || c == '_' || c == '.' || c == '@' || c == '/';
}

static const char *row_file_text(const struct part *p)
{
	const struct host_spec *h0 = p->c->before_trial->host, *h1 = p->c->after_trial->host;
	struct slice a = text_around(p->c->before, p->h.a_at, p->h.a_n, word_or_path),
	             b = text_around(p->c->after, p->h.b_at, p->h.b_n, word_or_path);
	if (!h0 || !h1 || !text_visible(p->a) || !text_visible(p->b) || (p->a.n == 0 && p->b.n == 0))
		return NULL;
	bool a_fits = p->a.n == 0 || host_text_differs(a, h0, h1), b_fits = p->b.n == 0 || host_text_differs(b, h1, h0);
	return a_fits && b_fits ? "text of a file that the tool was given to read" : NULL;
}

static const char *row_file_name(const struct part *p)
{
	const struct host_spec *h0 = p->c->before_trial->host, *h1 = p->c->after_trial->host;
	struct slice a = text_around(p->c->before, p->h.a_at, p->h.a_n, word_or_path),
	             b = text_around(p->c->after, p->h.b_at, p->h.b_n, word_or_path);
	if (!h0 || !h1 || (p->a.n == 0 && p->b.n == 0))
		return NULL;
	bool a_fits = p->a.n == 0 || host_names_differ(a, h0, h1), b_fits = p->b.n == 0 || host_names_differ(b, h1, h0);
	return a_fits && b_fits ? "names of files that are there" : NULL;
}

/* Is every word of the line the name of a file that is there, or one that the other line has too, but for a label in front ("Output:")?
 * *names counts the former. */
static bool only_names(struct slice line, struct slice other, const struct host_spec *h, size_t *names)
{
	for (size_t i = 0; i < line.n;) {
		size_t n = 0;
		while (i + n < line.n && line.p[i + n] > ' ')
			n++;
		struct slice word = slice_sub(line, i, n);
		i += n ? n : 1;
		bool label = i == n + (i > n) && n > 1 && word.p[n - 1] == ':';
		if (n == 0 || label || slice_is(word, ".") || slice_is(word, ".."))
			continue;
		if (host_has_name(h, slice_ends(word, SLICE("/")) ? slice_sub(word, 0, n - 1) : word))
			++*names;
		else if (slice_find(other, word, 0) == SLICE_NPOS)
			return false;
	}
	return true;
}

/* Names of files in columns: one more or less moves all of them, and the blanks between them with them. */
static const char *row_listing(const struct part *p)
{
	const struct host_spec *h0 = p->c->before_trial->host, *h1 = p->c->after_trial->host;
	size_t na = 0, nb = 0;
	if (!h0 || !h1 || p->c->before.n > 4096 || p->c->after.n > 4096 || !text_visible(p->c->before) || !text_visible(p->c->after))
		return NULL;
	return only_names(p->c->before, p->c->after, h0, &na) && only_names(p->c->after, p->c->before, h1, &nb) && na + nb >= 3 &&
	                       !host_same_names(h0, h1)
	               ? "a listing of the files that are there"
	               : NULL;
}

/* The path that stands around a span, with placeholders of the project and the home read as their values; "" if there is none. */
static const char *path_around(struct slice s, size_t at, size_t n, const struct host_spec *h, struct arena *arena)
{
	struct slice path = text_around(s, at, n, not_blank);
	const struct {
		const char *mark, *value;
	} roots[] = {{"{project}", h->project}, {"{home}", h->home}};
	for (size_t i = 0; i < ARRAY_LEN(roots); i++)
		if (slice_starts(path, slice_str(roots[i].mark)))
			return arena_fmt(arena, "%s%.*s", roots[i].value, SLICE_FMT(slice_from(path, strlen(roots[i].mark))));
	return slice_starts(path, SLICE("/")) ? arena_str(arena, path) : "";
}

static bool is_above(const char *folder, const char *path)
{
	size_t n = strlen(folder);
	while (n && folder[n - 1] == '/')
		n--;
	return folder[0] == '/' && strncmp(folder, path, n) == 0 && (path[n] == '/' || path[n] == 0);
}

/* "/srv/work/x" becomes "/": which folder counts as the project's depends on what lies there. */
static const char *row_folder(const struct part *p)
{
	const struct host_spec *h0 = p->c->before_trial->host, *h1 = p->c->after_trial->host;
	if (!h0 || !h1)
		return NULL;
	const char *a = path_around(p->c->before, p->h.a_at, p->h.a_n, h0, p->c->arena),
	           *b = path_around(p->c->after, p->h.b_at, p->h.b_n, h1, p->c->arena);
	if (!a || !b || !(is_above(a, h0->project) || is_above(h0->project, a) || is_above(a, h0->home)))
		return NULL;
	/* Not the same folder in another spelling. */
	return is_above(b, a) != is_above(a, b) ? "another folder above or below, of the same path" : NULL;
}

/* A word with a way up in it: what stands before and behind "../../..", and how many folders up it goes. */
struct way_up {
	struct slice before, behind;
	size_t up;
};

static bool way_up_of(struct slice s, size_t at, size_t n, struct way_up *out)
{
	struct slice word = text_around(s, at, n, not_blank);
	size_t from = slice_find(word, SLICE(".."), 0), end = from;
	if (from == SLICE_NPOS)
		return false;
	*out = (struct way_up){.before = slice_sub(word, 0, from)};
	for (; slice_is(slice_sub(word, end, 2), ".."); end += slice_is(slice_sub(word, end + 2, 1), "/") ? 3 : 2)
		out->up++;
	out->behind = slice_from(word, end);
	return true;
}

static bool goes_up(const struct way_up *a, const char *from_a, const struct way_up *b, const char *from_b)
{
	return a->up == match_depth(slice_str(from_a)) && b->up == match_depth(slice_str(from_b));
}

/* "../../../home/…": from the project or the home up to the root there are as many folders as the path has. */
static const char *row_way_up(const struct part *p)
{
	const struct host_spec *h0 = p->c->before_trial->host, *h1 = p->c->after_trial->host;
	struct way_up a, b;
	if (!h0 || !h1 || !way_up_of(p->c->before, p->h.a_at, p->h.a_n, &a) || !way_up_of(p->c->after, p->h.b_at, p->h.b_n, &b) ||
	        a.up == b.up || !slice_eq(a.before, b.before) || !slice_eq(a.behind, b.behind))
		return NULL;
	return goes_up(&a, h0->project, &b, h1->project) || goes_up(&a, h0->home, &b, h1->home) ? "how many folders deep it lies" : NULL;
}

static bool token_byte(uint8_t c)
{
	return text_word_byte(c) || c == '+' || c == '/' || c == '-' || c == '_' || c == '=';
}

static const char *row_file_digest(const struct part *p)
{
	const struct host_spec *h0 = p->c->before_trial->host, *h1 = p->c->after_trial->host;
	if (!h0 || !h1)
		return NULL;
	if (p->b.n == 0)
		return p->c->after.p ? NULL : host_digest_differs(p->c->before, h0, h1, p->c->arena);
	struct slice b = text_around(p->c->after, p->h.b_at, p->h.b_n, token_byte);
	return host_digest_differs(b, h1, h0, p->c->arena);
}

/* The names of commits are digests of all that was committed, and by whom: everybody who reads a history sees them. */
static const char *row_commit(const struct part *p)
{
	const struct host_spec *h0 = p->c->before_trial->host, *h1 = p->c->after_trial->host;
	if (!h0 || !h1)
		return NULL;
	if (p->a.n == 0 || p->b.n == 0)
		return host_history(p->a.n ? p->a : p->b, p->a.n ? h0 : h1) ? "commits, where there is a repository" : NULL;
	return host_commit_name(text_around(p->c->before, p->h.a_at, p->h.a_n, text_word_byte), h0) &&
	                       host_commit_name(text_around(p->c->after, p->h.b_at, p->h.b_n, text_word_byte), h1)
	               ? "the name of a commit, which follows from its files and its author"
	               : NULL;
}

/* Where there is no repository git says "fatal", and ends with 128 (git(1)): a tool shows its model so. */
static const char *row_git_fails(const struct part *p)
{
	struct slice text = p->b.n ? p->b : p->a, word;
	bool number = false, said = false;
	if (strcmp(factor_table[p->c->factor].name, "git") != 0 || text.n > 60 || !text_plain_words(text) || (p->a.n && p->b.n))
		return NULL;
	while (slice_split(&text, ' ', &word)) {
		word = slice_trim(word);
		word = slice_sub(word, 0, slice_ends(word, SLICE(":")) ? word.n - 1 : word.n);
		bool is = slice_is(word, "128"), about = slice_eq_nocase(word, SLICE("exit")) || slice_eq_nocase(word, SLICE("exited")) ||
		                                         slice_eq_nocase(word, SLICE("code")) || slice_eq_nocase(word, SLICE("status")) ||
		                                         slice_eq_nocase(word, SLICE("with"));
		if (!is && !about && word.n)
			return NULL;
		number |= is;
		said |= about;
	}
	return number && said ? "what git ends with where there is no repository" : NULL;
}

/* "## main...origin/main": the branch, and what it follows, as `git status --branch` has it (git-status(1), "Short Format"). */
static const char *row_git_branch(const struct part *p)
{
	struct slice text = p->b.n ? p->b : p->a, rest = slice_from(text, 7);
	const char *name = factor_table[p->c->factor].name;
	if ((strcmp(name, "git_remote") != 0 && strcmp(name, "git") != 0) || (p->a.n && p->b.n) || !slice_starts(text, SLICE("## main")))
		return NULL;
	return rest.n == 0 || slice_is(rest, "...origin/main") ? "the branch of the repository, and what it follows" : NULL;
}

/* -- what a name or words beside it say -- */

static bool measure(struct slice s)
{
	size_t dots = 0;
	for (size_t i = 0; i < s.n; i++) {
		dots += s.p[i] == '.';
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '.'))
			return false;
	}
	return s.n > 0 && s.n <= 24 && dots <= 1;
}

static struct slice unquoted(struct slice s)
{
	return s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"' ? slice_sub(s, 1, s.n - 2) : s;
}

/* The names at the end of an address, back to the last element of a list that has names after it. */
static struct slice keys_of(const char *address)
{
	struct slice s = slice_str(address);
	size_t dots = 0, from = s.n;
	while (from > 0 && dots < 3) {
		from--;
		dots += s.p[from] == '.';
	}
	return slice_from(s, from);
}

static bool says_measure(struct slice names)
{
	static const char *const words[] = {"len", "length", "lengths", "size", "sizes", "bytes", "byte", "chars", "count", "counts", "num",
	        "total", "lines", "entries", "tokens", "estimate", "estimates", "files", "messages", "number", "percent", "duration",
	        "usage", "uptime", "elapsed", "ms", "heap", "rss"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (text_has_word(names, words[i]))
			return true;
	return false;
}

/* A number under a name that says that it counts or measures: a length, how many, how busy. It may also come or go: what has not run long
 * enough has no share of the processor yet. */
static const char *row_size(const struct part *p)
{
	struct slice a = unquoted(p->c->shapes ? p->c->raw_before : p->c->before),
	             b = unquoted(p->c->shapes ? p->c->raw_after : p->c->after);
	bool same = (a.p != NULL) == (b.p != NULL);
	/* "Original token count: 32": in a line of text it is the key before the number that says so. */
	if (a.p && b.p && !p->c->shapes && measure(p->a) && measure(p->b) && says_measure(text_key_of(p->c->after, p->h.b_at)))
		return "a count or a measure of what is there";
	/* Of a value that always changes, only whether it is there at all is told here. */
	if ((a.p && !measure(a)) || (b.p && !measure(b)) || (same ? p->c->shapes : !p->c->changing))
		return NULL;
	return says_measure(keys_of(p->c->feature->address)) ? "a count or a measure of what is there" : NULL;
}

/* A digest under a name that says that it is one: of something that the factor changes, if not of the factor's value itself. */
static const char *row_named_digest(const struct part *p)
{
	static const char *const words[] = {"hash", "digest", "checksum", "fingerprint", "sha", "md5", "etag"};
	struct slice b = p->c->after;
	if (!p->c->before.p || !b.p || b.n < 8 || b.n > 128 || p->c->shapes)
		return NULL;
	for (size_t i = 0; i < b.n; i++)
		if (!token_byte(b.p[i]))
			return NULL;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (text_has_word(address_last_component(p->c->feature->address), words[i]))
			return "a digest, by its name, of something that the factor changes";
	return NULL;
}

/* Words of a level's value that name nothing: any record may have a "true" in it. */
static bool empty_word(const char *word)
{
	static const char *const words[] = {"true", "bin", "opt", "standard", "generic"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

/* Words of the level itself, in fields of which an honest message would tell it: "github-actions", "WSL2". */
static bool names_level(struct slice text, const struct part *p)
{
	static const char *const factors[] = {"ci", "terminal", "os", "shell", "ai_tools"};
	const struct factor_level *l = factor_level_at(p->c->factor, p->c->after_trial->treatment.level[p->c->factor]);
	bool asked = false;
	for (size_t i = 0; i < ARRAY_LEN(factors); i++)
		asked = asked || strcmp(factors[i], factor_table[p->c->factor].name) == 0;
	if (!l || !asked)
		return false;
	const char *const texts[] = {l->name, l->value};
	for (size_t k = 0; k < ARRAY_LEN(texts); k++)
		for (size_t i = 0; texts[k][i];) {
			char word[32];
			size_t n = 0;
			while (text_lower((uint8_t)texts[k][i + n]) >= 'a' && text_lower((uint8_t)texts[k][i + n]) <= 'z' &&
			        n + 1 < sizeof(word)) {
				word[n] = (char)text_lower((uint8_t)texts[k][i + n]);
				n++;
			}
			word[n] = 0;
			i += n ? n : 1;
			if (n >= 3 && !empty_word(word) && text_has_word(text, word))
				return true;
		}
	return false;
}

/* {"is_ci": true}, terminal: vscode: a short plain value under a name that speaks of the factor. */
static const char *row_named_field(const struct part *p)
{
	struct slice a = p->c->before, b = p->c->after;
	if (p->c->feature->structural || a.n > 60 || b.n > 60 || !(text_plain_words(a) || a.n == 0) || !(text_plain_words(b) || b.n == 0) ||
	        text_same_but_case(a, b))
		return NULL;
	/* The words must change, not the signs between them. */
	if (a.p && b.p && !text_plain_words(p->a) && !text_plain_words(p->b))
		return NULL;
	if (address_names_factor(p->c->feature->address, p->c->factor) || names_level(slice_str(p->c->feature->address), p))
		return "a plain value in a field whose name speaks of the factor";
	if (names_level(b, p) || names_level(a, p))
		return "a plain value that names the factor's own";
	for (const char *const *v = factor_table[p->c->factor].vocabulary; *v; v++)
		if (slice_eq_nocase(b, slice_str(*v)))
			return "a plain value that is a word for the factor";
	return p->c->sibling.n && text_names_factor(p->c->sibling, p->c->factor)
	               ? "a plain value in a record whose name speaks of the factor"
	               : NULL;
}

/* "Is a git repository: Yes": a plain value after a key that speaks of the factor. */
static const char *row_named_line(const struct part *p)
{
	struct slice key = text_key_of(p->c->after, p->h.b_at);
	if (key.n && (text_plain_words(p->b) || p->b.n == 0) && (text_plain_words(p->a) || p->a.n == 0) &&
	        !text_same_but_case(p->a, p->b) && p->a.n + p->b.n < 400 && text_names_factor(key, p->c->factor))
		return "a plain value after words that speak of the factor";
	return NULL;
}

/* A short value that is another one altogether, and speaks of the factor: a user agent, the name of a mode. */
static const char *row_other_value(const struct part *p)
{
	struct slice a = p->c->before, b = p->c->after;
	if (!a.p || !b.p || a.n > 400 || b.n > 400 || !text_plain_words(a) || !text_plain_words(b) || text_same_but_case(a, b))
		return NULL;
	struct codepoint_span d = codepoint_diff(a, b);
	if (2 * d.a_n < a.n || 2 * d.b_n < b.n || slice_chr(b, '\n', 0) != SLICE_NPOS)
		return NULL;
	return names_level(slice_sub(b, d.b_at, d.b_n), p) ? "another value, which names the factor's own" : NULL;
}

/* Words, a sentence or a block, put in, taken out or put in the place of others, that themselves speak of the factor. */
static const char *row_named_words(const struct part *p)
{
	if (!text_visible(p->a) || !text_visible(p->b) || text_same_but_case(p->a, p->b))
		return NULL;
	struct slice text = p->b.n ? p->b : p->a;
	/* In a replacement, signs beside the words could carry something else. */
	if (p->a.n && p->b.n && p->b.n < 40 && !(text_plain_words(p->a) && text_plain_words(p->b)))
		return NULL;
	return text_says_factor(text, p->c->factor, false) || names_level(text, p) ? "plain words that speak of the factor" : NULL;
}

/* A whole field, line or request comes or goes. */
static const char *row_presence(const struct part *p)
{
	struct slice text = p->c->before.p ? p->c->before : p->c->after;
	if (p->c->before.p && p->c->after.p)
		return NULL;
	const struct feature *f = p->c->feature;
	if (!text_visible(text))
		return NULL;
	if ((text_has_placeholder(text, p->c->factor) && !could_be_told_anyhow(p)) ||
	        text_has_placeholder(slice_str(f->address), p->c->factor) || text_has_placeholder(slice_str(f->endpoint), p->c->factor))
		return "a part that contains the value itself";
	/* An endpoint that is there anyhow says nothing of what comes and goes in it. */
	bool whole = strcmp(f->address, "(present)") == 0 || strcmp(f->address, "(request)") == 0;
	if (text_says_factor(text, p->c->factor, f->structural) || names_level(text, p) || address_names_factor(f->address, p->c->factor) ||
	        (whole && text_names_factor(slice_str(f->endpoint), p->c->factor)))
		return "a part that speaks of the factor";
	if (p->c->sibling.n && text_names_factor(p->c->sibling, p->c->factor))
		return "a record whose name speaks of the factor";
	return NULL;
}

/* How the message travels follows from how the network is set up. */
static const char *row_route(const struct part *p)
{
	const char *name = factor_table[p->c->factor].name;
	struct slice endpoint = slice_str(p->c->feature->endpoint), address = slice_str(p->c->feature->address);
	/* Only of a tool that uses it: names are not looked up any more, but for the proxy's own. */
	bool own = text_has_placeholder(p->b, p->c->factor) || text_has_placeholder(address, p->c->factor) ||
	           text_has_placeholder(endpoint, p->c->factor);
	bool gone = !p->c->after.p || own || slice_is(address, "(order)");
	if (strcmp(name, "proxy") == 0 && p->c->proxied &&
	        (slice_ends(address, SLICE("proxy")) || slice_starts(endpoint, SLICE("CONNECT")) || slice_starts(endpoint, SLICE("TLS")) ||
	                slice_starts(endpoint, SLICE("HEAD ")) || slice_ends(address, SLICE("header connection")) ||
	                (gone && (slice_starts(endpoint, SLICE("DNS")) || slice_starts(endpoint, SLICE("TCP")) ||
	                                 slice_starts(endpoint, SLICE("HOSTS"))))))
		return "the route over the proxy";
	if (strcmp(name, "dns_search") == 0 && slice_starts(endpoint, SLICE("DNS")) &&
	        (text_has_placeholder(p->b, p->c->factor) || text_has_placeholder(address, p->c->factor) ||
	                text_has_placeholder(endpoint, p->c->factor)))
		return "names looked up with the search domain";
	const char *gateway = p->c->after_trial->gateway;
	bool number = gateway && strspn(gateway, "0123456789.:") == strlen(gateway);
	if (strcmp(name, "gateway") == 0 && number &&
	        (slice_starts(endpoint, SLICE("HOSTS")) || slice_starts(endpoint, SLICE("DNS")) || slice_starts(endpoint, SLICE("TLS"))))
		return "an address needs no look-up and no server name";
	return NULL;
}

const struct row explain_rows[] = {
        {"digest", CLASS_HASHED, row_digest},
        {"literal", CLASS_UNDECLARED, row_literal},
        {"local date", CLASS_UNDECLARED, row_date},
        {"time stamp", CLASS_UNDECLARED, row_stamp},
        {"UTC offset", CLASS_UNDECLARED, row_offset},
        {"part of locale", CLASS_UNDECLARED, row_locale},
        {"count", CLASS_UNDECLARED, row_count},
        {"route", CLASS_DISCLOSED, row_route},
        {"presence", CLASS_UNDECLARED, row_presence},
        {"dated", CLASS_UNDECLARED, row_dated},
        {"file text", CLASS_UNDECLARED, row_file_text},
        {"file name", CLASS_UNDECLARED, row_file_name},
        {"listing", CLASS_UNDECLARED, row_listing},
        {"folder", CLASS_UNDECLARED, row_folder},
        {"way up", CLASS_UNDECLARED, row_way_up},
        {"named digest", CLASS_HASHED, row_named_digest},
        {"commit", CLASS_UNDECLARED, row_commit},
        {"file digest", CLASS_HASHED, row_file_digest},
        {"branch", CLASS_UNDECLARED, row_git_branch},
        {"exit code of git", CLASS_UNDECLARED, row_git_fails},
        {"size", CLASS_UNDECLARED, row_size},
        {"named field", CLASS_UNDECLARED, row_named_field},
        {"named line", CLASS_UNDECLARED, row_named_line},
        {"other value", CLASS_UNDECLARED, row_other_value},
        {"named words", CLASS_UNDECLARED, row_named_words},
};

const size_t explain_row_count = ARRAY_LEN(explain_rows);
