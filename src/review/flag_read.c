#include <errno.h>
#include <stdlib.h>

#include "parse/gitconfig.h"
#include "parse/json.h"
#include "parse/jsonc.h"
#include "review/flag_part.h"

#define LINES_SHOWN 6
#define VALUE_SHOWN 160
#define LEAVES_MAX  200000
#define ITEMS_MAX   20000

/* Adds a line of detail, or counts it if there are enough. */
struct detail {
	struct buf *out;
	size_t shown, more;
};

static bool room(struct detail *d)
{
	if (d->shown < LINES_SHOWN && d->out->n + 2 * VALUE_SHOWN + 400 < d->out->max) {
		d->shown++;
		return true;
	}
	d->more++;
	return false;
}

static void put_value(struct buf *out, struct slice v)
{
	v = slice_trim(v);
	buf_add(out, slice_sub(v, 0, VALUE_SHOWN));
	if (v.n > VALUE_SHOWN)
		buf_str_add(out, "…");
}

static void close_detail(struct detail *d)
{
	if (d->more)
		buf_fmt(d->out, "and %zu more\n", d->more);
}

/* ---- lines */

static int by_bytes(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* The lines of a text, without blanks around them, sorted; NULL if memory is out. */
static struct slice *sorted_lines(struct slice text, size_t *n)
{
	size_t most = 1;
	for (size_t at = slice_chr(text, '\n', 0); at != SLICE_NPOS; at = slice_chr(text, '\n', at + 1))
		most++;
	struct slice *l = calloc(most, sizeof(*l)), line;
	*n = 0;
	while (l && *n < most && slice_split(&text, '\n', &line))
		l[(*n)++] = slice_trim(line);
	if (l && *n)
		qsort(l, *n, sizeof(*l), by_bytes);
	return l;
}

/* Lines of a that b does not have, with a sign in front. `wanted` may be NULL. */
static size_t lines_only_in(struct slice a, struct slice b, const char *sign, bool (*wanted)(struct slice line), struct detail *d)
{
	size_t n, found = 0;
	_cleanup_free_ struct slice *known = sorted_lines(b, &n);
	struct slice line;
	if (!known)
		return 0;
	while (slice_split(&a, '\n', &line)) {
		line = slice_trim(line);
		if (line.n == 0 || (wanted && !wanted(line)) || bsearch(&line, known, n, sizeof(line), by_bytes))
			continue;
		found++;
		if (room(d)) {
			buf_str_add(d->out, sign);
			put_value(d->out, line);
			buf_u8(d->out, '\n');
		}
	}
	return found;
}

static bool has_nul(struct slice s)
{
	return s.n && memchr(s.p, 0, s.n < 8000 ? s.n : 8000);
}

static bool read_lines(const struct flag_texts *t, struct buf *out)
{
	struct detail d = {.out = out};
	if (has_nul(t->before) || has_nul(t->after)) {
		buf_str_add(out, "binary");
		return true;
	}
	(void)lines_only_in(t->after, t->before, "+ ", NULL, &d);
	(void)lines_only_in(t->before, t->after, "- ", NULL, &d);
	close_detail(&d);
	return true;
}

/* ---- .gitattributes: what names a program or another encoding */

static bool names_driver(struct slice line)
{
	static const char *const words[] = {"filter", "diff", "merge", "textconv", "encoding", "ident", "export-subst", "[attr]"};
	if (line.p[0] == '#')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_find(line, slice_str(words[i]), 0) != SLICE_NPOS)
			return true;
	return false;
}

static bool read_attributes(const struct flag_texts *t, struct buf *out)
{
	struct detail d = {.out = out};
	size_t n = lines_only_in(t->after, t->before, "+ ", names_driver, &d);
	n += lines_only_in(t->before, t->after, "- ", names_driver, &d);
	close_detail(&d);
	return n > 0;
}

/* ---- git's configuration */

/* "*" stands for anything, dots too. */
static bool key_match(const char *p, const char *s)
{
	const char *star = NULL, *at = NULL;
	while (*s) {
		if (*p == '*') {
			star = ++p;
			at = s;
		} else if (*p == *s) {
			p++;
			s++;
		} else if (star) {
			p = star;
			s = ++at;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return *p == 0;
}

const char *part_git_key(const char *key, bool *harmless)
{
	/* why NULL: neither runs anything nor leads elsewhere. */
	static const struct {
		const char *key, *why;
	} table[] = {
	        {"core.hookspath", "git runs the hooks there"},
	        {"core.fsmonitor", "a program that git status runs"},
	        {"core.pager", "a program that git runs on a terminal"},
	        {"pager.*", "a program that git runs on a terminal"},
	        {"core.editor", "a program that git commit runs"},
	        {"sequence.editor", "a program that git rebase runs"},
	        {"core.sshcommand", "a program that fetch and push run"},
	        {"core.askpass", "a program that git runs for a password"},
	        {"core.gitproxy", "a program that fetch runs"},
	        {"core.attributesfile", "names filters and drivers"},
	        {"core.worktree", "git writes its files there"},
	        {"core.excludesfile", "hides files from git status"},
	        {"core.alternaterefscommand", "a program that fetch runs"},
	        {"core.symlinks", "how links are checked out"},
	        {"core.protect*", "a protection of the checkout"},
	        {"diff.external", "a program that git diff runs"},
	        {"diff.*.command", "a program that git diff runs"},
	        {"diff.*.textconv", "a program that git diff, log and show run"},
	        {"filter.*", "a program that checkout, add and status run"},
	        {"merge.*.driver", "a program that git merge runs"},
	        {"*tool.*", "a program that a tool command runs"},
	        {"interactive.difffilter", "a program that git add -p runs"},
	        {"gpg.*", "a program that signs and verifies"},
	        {"user.signingkey", "the key that signs commits"},
	        {"credential.*", "a program that gets passwords"},
	        {"alias.*", "a command of git"},
	        {"include.path", "more configuration from there"},
	        {"includeif.*", "more configuration from there"},
	        {"url.*", "addresses are rewritten"},
	        {"remote.*", "where fetch and push go"},
	        {"http.*", "how fetch and push connect"},
	        {"https.*", "how fetch and push connect"},
	        {"submodule.*", "what a submodule is fetched from, and how it is updated"},
	        {"protocol.*", "which transports are allowed"},
	        {"safe.*", "a protection"},
	        {"uploadpack.*", "a program that serving a fetch runs"},
	        {"receive.*", "how pushes are taken"},
	        {"trailer.*", "a program that git commit runs"},
	        {"browser.*", "a program that git help runs"},
	        {"web.browser", "a program that git help runs"},
	        {"man.*", "a program that git help runs"},
	        {"help.*", "what mistyped commands run"},
	        {"instaweb.*", "a program that git instaweb runs"},
	        {"sendemail.*", "programs and servers that git send-email uses"},
	        {"imap.*", "a program or server that git imap-send uses"},
	        {"init.templatedir", "new repositories get hooks from there"},
	        {"commit.template", "the text that a commit begins with"},
	        {"tar.*", "a program that git archive runs"},
	        {"maintenance.*", "tasks that run on a schedule"},
	        {"gc.*", "when objects are thrown away"},
	        {"extensions.*", "the format of the repository"},
	        {"user.name", "who commits are by"},
	        {"user.email", "who commits are by"},
	        {"branch.*.remote", "where push goes"},
	        {"branch.*.pushremote", "where push goes"},
	        {"branch.*.merge", NULL},
	        {"branch.*.rebase", NULL},
	        {"branch.*.description", NULL},
	        {"core.repositoryformatversion", NULL},
	        {"core.filemode", NULL},
	        {"core.bare", NULL},
	        {"core.logallrefupdates", NULL},
	        {"core.ignorecase", NULL},
	        {"core.precomposeunicode", NULL},
	        {"core.autocrlf", NULL},
	        {"core.eol", NULL},
	        {"color.*", NULL},
	        {"advice.*", NULL},
	        {"pull.*", NULL},
	        {"push.default", NULL},
	        {"push.autosetupremote", NULL},
	        {"rerere.*", NULL},
	        {"init.defaultbranch", NULL},
	        {"rebase.autostash", NULL},
	};
	*harmless = false;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (key_match(table[i].key, key)) {
			*harmless = table[i].why == NULL;
			return table[i].why;
		}
	return NULL;
}

static const struct gitconfig_item *same_item(const struct gitconfig_item *list, size_t n, const struct gitconfig_item *i, bool value)
{
	for (size_t k = 0; k < n; k++)
		if (strcmp(list[k].key, i->key) == 0 && (!value || strcmp(list[k].value, i->value) == 0))
			return &list[k];
	return NULL;
}

/* "origin" for a branch's remote is a name among the remotes; an address or a folder is not. */
static bool plain_remote(const struct gitconfig_item *i)
{
	return key_match("branch.*.remote", i->key) && !strpbrk(i->value, "/:");
}

static bool read_git_config(const struct flag_texts *t, struct buf *out)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)64 << 20);
	struct gitconfig_item *a = NULL, *b = NULL;
	size_t na = 0, nb = 0, found = 0;
	struct detail d = {.out = out};
	if (has_nul(t->after) || gitconfig_read(t->before, ITEMS_MAX, &arena, &a, &na) < 0 ||
	        gitconfig_read(t->after, ITEMS_MAX, &arena, &b, &nb) < 0 || (uint64_t)na * nb > 100000000) {
		buf_str_add(out, "cannot be read as git's configuration");
		return true;
	}
	for (int gone = 0; gone < 2; gone++) {
		const struct gitconfig_item *x = gone ? a : b, *y = gone ? b : a;
		size_t nx = gone ? na : nb, ny = gone ? nb : na;
		for (size_t i = 0; i < nx; i++) {
			bool harmless;
			const char *why = part_git_key(x[i].key, &harmless);
			if (harmless || plain_remote(&x[i]) || same_item(y, ny, &x[i], true))
				continue;
			const struct gitconfig_item *other = same_item(y, ny, &x[i], false);
			if (gone && other)
				continue; /* told as changed */
			found++;
			if (!room(&d))
				continue;
			buf_fmt(out, "%.200s %s: \"", x[i].key, gone ? "removed" : other ? "changed" : "added");
			put_value(out, slice_str(x[i].value));
			buf_u8(out, '"');
			if (why)
				buf_fmt(out, " (%s)", why);
			buf_u8(out, '\n');
		}
	}
	close_detail(&d);
	return found > 0;
}

/* ---- JSON */

struct leaf {
	struct slice path, raw;
};
struct leaves {
	struct leaf *leaf;
	size_t n, room;
	struct arena *arena;
	struct buf path;
	bool failed;
};

static bool scalars_only(const struct json *v)
{
	for (const struct json *c = v->child; c; c = c->next)
		if (c->type == JSON_ARRAY || c->type == JSON_OBJECT)
			return false;
	return true;
}

static void collect(struct leaves *l, const struct json *v)
{
	if ((v->type == JSON_OBJECT && v->n) || (v->type == JSON_ARRAY && !scalars_only(v))) {
		size_t index = 0, had = l->path.n;
		for (const struct json *c = v->child; c && !l->failed; c = c->next) {
			if (v->type == JSON_OBJECT) {
				struct slice key = json_decode(c->key, l->arena);
				buf_fmt(&l->path, "%s%.*s", had ? "." : "", SLICE_FMT(slice_sub(key, 0, 120)));
			} else {
				buf_fmt(&l->path, "[%zu]", index++);
			}
			collect(l, c);
			l->failed |= buf_error(&l->path) < 0;
			l->path.n = had;
		}
		return;
	}
	if (l->n == l->room) {
		size_t more = l->room ? l->room * 2 : 64;
		struct leaf *p = l->n > LEAVES_MAX ? NULL : reallocarray(l->leaf, more, sizeof(*p));
		if (!p) {
			l->failed = true;
			return;
		}
		l->leaf = p;
		l->room = more;
	}
	struct slice path = arena_copy(l->arena, buf_slice(&l->path));
	if (!path.p) {
		l->failed = true;
		return;
	}
	l->leaf[l->n++] = (struct leaf){path, v->raw};
}

static int by_leaf(const void *a, const void *b)
{
	const struct leaf *x = a, *y = b;
	int c = slice_cmp(x->path, y->path);
	return c ? c : slice_cmp(x->raw, y->raw);
}

static bool leaves_of(struct slice text, struct arena *arena, struct leaves *out)
{
	static const struct json_limits limits = {.depth = 64, .nodes = LEAVES_MAX};
	struct json *doc;
	*out = (struct leaves){.arena = arena, .path = BUF(2048)};
	if (slice_trim(text).n == 0)
		return true;
	struct slice plain = jsonc_plain(text, arena);
	if (!plain.p || json_parse(plain, &limits, arena, &doc, NULL) != JSON_OK)
		return false;
	collect(out, doc);
	buf_free(&out->path);
	if (out->n)
		qsort(out->leaf, out->n, sizeof(*out->leaf), by_leaf);
	return !out->failed;
}

typedef bool (*leaf_fn)(struct slice path, struct slice raw);

static void put_leaf(struct detail *d, const struct leaf *x, const char *word)
{
	if (!room(d))
		return;
	buf_add(d->out, slice_sub(x->path, 0, 200));
	buf_fmt(d->out, " %s: ", word);
	put_value(d->out, x->raw);
	buf_u8(d->out, '\n');
}

/* Members that differ and that are wanted; -1 if one of the two is no JSON. */
static long compare_json(const struct flag_texts *t, leaf_fn wanted, struct detail *d)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)256 << 20);
	struct leaves a, b = {0};
	long found = leaves_of(t->before, &arena, &a) && leaves_of(t->after, &arena, &b) ? 0 : -1;
	for (size_t i = 0, k = 0; found >= 0 && (i < a.n || k < b.n);) {
		int c = i == a.n ? 1 : k == b.n ? -1 : slice_cmp(a.leaf[i].path, b.leaf[k].path);
		const struct leaf *x = c < 0 ? &a.leaf[i] : &b.leaf[k];
		bool same = c == 0 && slice_eq(a.leaf[i].raw, b.leaf[k].raw);
		if (!same && (!wanted || wanted(x->path, x->raw))) {
			found++;
			put_leaf(d, x, c < 0 ? "removed" : c > 0 ? "added" : "changed");
		}
		i += c <= 0;
		k += c >= 0;
	}
	free(a.leaf);
	free(b.leaf);
	return found;
}

static bool read_json(const struct flag_texts *t, leaf_fn wanted, struct buf *out)
{
	struct detail d = {.out = out};
	size_t had = out->n;
	long found = compare_json(t, wanted, &d);
	if (found < 0) {
		out->n = had;
		buf_str_add(out, "cannot be read as JSON\n");
		return read_lines(t, out);
	}
	close_detail(&d);
	return found > 0;
}

/* package.json: members that neither run nor fetch anything. */
static bool package_wanted(struct slice path, struct slice raw)
{
	static const char *const harmless[] = {"name", "version", "description", "keywords", "author", "contributors", "maintainers",
	        "license", "homepage", "bugs", "repository", "funding", "private", "sideEffects", "readme"};
	(void)raw;
	struct slice first = slice_sub(path, 0, slice_chr(path, '.', 0) == SLICE_NPOS ? path.n : slice_chr(path, '.', 0));
	size_t bracket = slice_chr(first, '[', 0);
	first = slice_sub(first, 0, bracket == SLICE_NPOS ? first.n : bracket);
	for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
		if (slice_is(first, harmless[i]))
			return false;
	return true;
}

/* Locked packages: what runs when they are installed, and where they come from. */
static bool lock_wanted(struct slice path, struct slice raw)
{
	return slice_ends(path, SLICE(".hasInstallScript")) ||
	       (slice_ends(path, SLICE(".resolved")) && !slice_starts(raw, SLICE("\"https://"))) ||
	       (slice_ends(path, SLICE(".integrity")) && raw.n < 40);
}

static size_t only_here(const struct leaves *a, const struct leaves *b, struct slice end)
{
	size_t n = 0;
	for (size_t i = 0; i < a->n; i++)
		n += slice_ends(a->leaf[i].path, end) && !(b->n && bsearch(&a->leaf[i], b->leaf, b->n, sizeof(*b->leaf), by_leaf));
	return n;
}

struct hosts {
	struct slice host[64];
	size_t n;
};

static void hosts_of(const struct leaves *l, struct hosts *h)
{
	for (size_t i = 0; i < l->n; i++) {
		struct slice raw = l->leaf[i].raw;
		size_t at = slice_find(raw, SLICE("://"), 0);
		if (!slice_ends(l->leaf[i].path, SLICE(".resolved")) || at == SLICE_NPOS)
			continue;
		struct slice host = slice_from(raw, at + 3);
		size_t end = 0, k = 0;
		while (end < host.n && !strchr("/\"?#", host.p[end]))
			end++;
		host = slice_sub(host, 0, end);
		while (k < h->n && !slice_eq(h->host[k], host))
			k++;
		if (k == h->n && h->n < ARRAY_LEN(h->host))
			h->host[h->n++] = host;
	}
}

static void describe_lock(const struct leaves *a, const struct leaves *b, struct detail *d)
{
	struct hosts x = {0}, y = {0};
	size_t in = only_here(b, a, SLICE(".version")), out = only_here(a, b, SLICE(".version"));
	if ((in || out) && room(d))
		buf_fmt(d->out, "%zu versions of packages come, %zu go\n", in, out);
	hosts_of(a, &x);
	hosts_of(b, &y);
	for (size_t i = 0; i < y.n; i++) {
		size_t k = 0;
		while (k < x.n && !slice_eq(x.host[k], y.host[i]))
			k++;
		if (k == x.n && room(d)) {
			buf_str_add(d->out, "packages from a new host: ");
			put_value(d->out, y.host[i]);
			buf_u8(d->out, '\n');
		}
	}
}

static bool read_lock(const struct flag_texts *t, struct buf *out)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)256 << 20);
	struct leaves a, b = {0};
	struct detail d = {.out = out};
	if (leaves_of(t->before, &arena, &a) && leaves_of(t->after, &arena, &b))
		describe_lock(&a, &b, &d);
	free(a.leaf);
	free(b.leaf);
	if (compare_json(t, lock_wanted, &d) < 0)
		buf_str_add(out, "cannot be read as JSON\n");
	close_detail(&d);
	return true;
}

bool part_read(enum flag_reader reader, const struct flag_texts *t, struct buf *out)
{
	switch (reader) {
	case READER_LINES:
		return read_lines(t, out);
	case READER_GIT_CONFIG:
		return read_git_config(t, out);
	case READER_ATTRIBUTES:
		return read_attributes(t, out);
	case READER_JSON:
		return read_json(t, NULL, out);
	case READER_PACKAGE:
		return read_json(t, package_wanted, out);
	case READER_LOCK:
		return read_lock(t, out);
	case READER_NONE:
	default:
		return true;
	}
}
