#include "review/flag.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>

#include "parse/gitindex.h"
#include "review/flag_part.h"
#include "sys/path.h"

#define R(rule_name, rule_pattern, rule_kind, rule_level, rule_reader, rule_why, rule_when)                           \
	{                                                                                                             \
		.name = (rule_name), .pattern = (rule_pattern), .kind = FLAG_##rule_kind, .level = FLAG_##rule_level, \
		.reader = READER_##rule_reader, .why = (rule_why), .when = (rule_when)                                \
	}
const struct flag_rule flag_path_rules[] = {
#include "review/flag_table.h"
};
const size_t flag_path_rule_count = ARRAY_LEN(flag_path_rules);

/* Told from the file. In the order of enum file_rule. */
enum file_rule {
	SPECIAL,
	SET_ID,
	CAPABILITY,
	LINK_OUT,
	LINK_GIT,
	BARE_REPOSITORY,
	INDEX_HIDES,
	PROGRAM,
	NEW_EXECUTABLE,
	EXECUTABLE,
	WRITABLE,
	HIDDEN,
	PACKAGES,
	NAMED,
	NAME,
	FILE_RULES,
};
const struct flag_rule flag_file_rules[] = {
        [SPECIAL] =
                R("special", NULL, SPECIAL, RUNS, NONE, "a device, pipe or socket", "who opens it waits, or speaks with whoever made it"),
        [SET_ID] = R("set-id", NULL, MODE, RUNS, NONE, "a program that runs as its owner or group", "whoever runs it becomes another"),
        [CAPABILITY] = R("capability", NULL, MODE, RUNS, NONE, "a program with capabilities", "whoever runs it gets them"),
        [LINK_OUT] = R("link-out", NULL, LINK, RUNS, NONE, "a link that leads out of the project",
                "who reads or writes it reads or writes elsewhere"),
        [LINK_GIT] = R("link-git", NULL, LINK, RUNS, NONE, "a link into the repository's own files",
                "who writes it writes hooks or configuration"),
        [BARE_REPOSITORY] = R("git-bare", NULL, GIT, RUNS, NONE, "what makes a folder a repository without a work tree",
                "git takes configuration and hooks from that folder when run in it"),
        [INDEX_HIDES] = R("git-index", NULL, GIT, LOOK, NONE, "files that git no longer looks at",
                "git status and git diff do not show what becomes of them"),
        [PROGRAM] = R("program", NULL, EXECUTABLE, LOOK, NONE, "machine code or bytecode", "it runs when something calls or loads it"),
        [NEW_EXECUTABLE] = R("executable-new", NULL, EXECUTABLE, LOOK, NONE, "a file that became executable", "its name runs it"),
        [EXECUTABLE] = R("executable", NULL, EXECUTABLE, LOOK, LINES, "an executable", "its name runs it"),
        [WRITABLE] = R("writable", NULL, MODE, LOOK, NONE, "a file that everybody may write", "others on this machine can change it"),
        [HIDDEN] = R("hidden-text", NULL, HIDDEN, RUNS, NONE, "characters that a reader does not see",
                "a compiler or an agent reads what the reader does not"),
        [PACKAGES] = R("packages", NULL, DEPENDENCY, LOOK, NONE, "installed packages", "what uses them runs their code"),
        [NAMED] = R("git-named", NULL, GIT, RUNS, LINES, "a file that the configuration of git names", "git runs or obeys it"),
        [NAME] = R("hidden-name", NULL, HIDDEN, RUNS, NONE, "a name with characters or blanks that a reader does not see",
                "it passes for another, or acts on the terminal that lists it"),
};
const size_t flag_file_rule_count = ARRAY_LEN(flag_file_rules);
_Static_assert(ARRAY_LEN(flag_file_rules) == FILE_RULES, "a line for each");

const char *flag_kind_word(enum flag_kind k)
{
	static const char *const words[] = {"git", "shell", "editor", "agent", "service", "python", "ci", "build", "dependency",
	        "container", "executable", "link", "special", "mode", "hidden", "content"};
	_Static_assert(ARRAY_LEN(words) == FLAG_KINDS, "a word for each");
	return words[k];
}

static int lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

bool flag_match(const char *pattern, const char *path)
{
	/* The last star that could take more: of a name, and of folders. */
	const char *star = NULL, *star_at = NULL, *deep = NULL, *deep_at = NULL;
	for (;;) {
		if (pattern[0] == '*' && pattern[1] == '*') {
			/* For any folders, also none: it begins where a name does. */
			pattern += pattern[2] == '/' ? 3 : 2;
			if (!*pattern)
				return *path != 0;
			deep = pattern;
			deep_at = path;
			star = NULL;
			continue;
		}
		if (*pattern == '*') {
			star = ++pattern;
			star_at = path;
			continue;
		}
		if (!*pattern && !*path)
			return true;
		if (*path && lower((unsigned char)*pattern) == lower((unsigned char)*path)) {
			pattern++;
			path++;
			continue;
		}
		if (star && *star_at && *star_at != '/') {
			pattern = star;
			path = ++star_at;
			continue;
		}
		if (!deep)
			return false;
		/* The next folder. */
		while (*deep_at && *deep_at != '/')
			deep_at++;
		if (!*deep_at)
			return false;
		path = ++deep_at;
		pattern = deep;
		star = NULL;
	}
}

/* Rules by the last character of their pattern, 0 for those that end in a star: most paths are asked about a few only. */
struct index {
	uint16_t first[256], next[1024];
};
_Static_assert(ARRAY_LEN(flag_path_rules) < 1024, "room in the index");

static void index_make(struct index *x)
{
	memset(x, 0, sizeof(*x));
	/* Backwards, so that each list is in the order of the table. */
	for (size_t i = flag_path_rule_count; i-- > 0;) {
		const char *p = flag_path_rules[i].pattern;
		int last = lower((unsigned char)p[strlen(p) - 1]);
		last = last == '*' ? 0 : last;
		x->next[i + 1] = x->first[last];
		x->first[last] = (uint16_t)(i + 1);
	}
}

/* Of two rules with one name only the first that fits counts: the more special lines stand first. */
static bool have_name(const struct flag_rule *const *out, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(out[i]->name, name) == 0)
			return true;
	return false;
}

static size_t match_all(const struct index *x, const char *path, const struct flag_rule **out, size_t max)
{
	size_t n = 0, len = strlen(path);
	if (len == 0)
		return 0;
	const int buckets[] = {lower((unsigned char)path[len - 1]), 0};
	for (size_t b = 0; b < ARRAY_LEN(buckets); b++)
		for (size_t i = x->first[buckets[b]]; i && n < max; i = x->next[i]) {
			const struct flag_rule *r = &flag_path_rules[i - 1];
			if (flag_match(r->pattern, path) && !have_name(out, n, r->name))
				out[n++] = r;
		}
	return n;
}

size_t review_flag_path(const char *path, const struct flag_rule **out, size_t max)
{
	struct index x;
	index_make(&x);
	return match_all(&x, path, out, max);
}

bool flag_link_leads_out(const char *path, const char *target)
{
	if (target[0] == '/')
		return true;
	long depth = 0;
	for (const char *p = path; *p; p++)
		depth += *p == '/';
	/* Going by the text: "a/../.." may lead elsewhere if a is a link itself, so once up past the root is out, wherever it ends. */
	struct slice rest = slice_str(target), part;
	while (slice_split(&rest, '/', &part)) {
		if (slice_is(part, ".."))
			depth--;
		else if (part.n && !slice_is(part, "."))
			depth++;
		if (depth < 0)
			return true;
	}
	return false;
}

size_t flag_packages(const char *path)
{
	static const char *const names[] = {"node_modules", "site-packages", "dist-packages", "bower_components"};
	for (const char *p = path; *p; p++) {
		size_t n = strcspn(p, "/");
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			if (n == strlen(names[i]) && memcmp(p, names[i], n) == 0)
				return (size_t)(p - path) + n;
		p += n;
		if (!*p)
			break;
	}
	return 0;
}

bool flag_is_packages(const struct flag_rule *rule)
{
	return rule == &flag_file_rules[PACKAGES];
}

/* ---- one change */

struct flagging {
	const struct change_source *s; /* lower may be -1 */
	struct arena *arena;
	const struct index *index;
	struct flag *first;
	struct buf detail;
	struct buf before, after;
	struct flag_alias *aliases;
	bool inside; /* of installed packages */
};

static int put(struct flagging *f, const struct flag_rule *rule)
{
	if (f->inside && (rule->level == FLAG_LOOK || rule == &flag_file_rules[HIDDEN])) {
		buf_reset(&f->detail);
		return 0;
	}
	struct flag *flag = arena_alloc(f->arena, sizeof(*flag)), **at = &f->first;
	if (!flag || buf_error(&f->detail) == -ENOMEM)
		return -ENOMEM;
	*flag = (struct flag){.rule = rule};
	if (f->detail.n) {
		/* No newline at the end. */
		size_t n = f->detail.n - (f->detail.p[f->detail.n - 1] == '\n');
		flag->detail = arena_str(f->arena, slice_of(f->detail.p, n));
		if (!flag->detail)
			return -ENOMEM;
	}
	buf_reset(&f->detail);
	/* The most serious first, else in the order in which they were found. */
	while (*at && (*at)->rule->level >= rule->level)
		at = &(*at)->next;
	flag->next = *at;
	*at = flag;
	return 0;
}

static int put_file(struct flagging *f, enum file_rule rule)
{
	return put(f, &flag_file_rules[rule]);
}

static bool is_program(struct slice s)
{
	static const struct {
		uint8_t n;
		const char *magic;
	} table[] = {{4, "\177ELF"}, {2, "MZ"}, {4, "\xcf\xfa\xed\xfe"}, {4, "\xce\xfa\xed\xfe"}, {4, "\xfe\xed\xfa\xce"},
	        {4, "\xfe\xed\xfa\xcf"}, {4, "\xca\xfe\xba\xbe"}, {8, "!<arch>\n"}, {4, "\0asm"}, {4, "dex\n"}};
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (s.n > table[i].n && memcmp(s.p, table[i].magic, table[i].n) == 0)
			return true;
	return false;
}

static bool has_capability(const struct change_source *s, const char *path)
{
	char v[64];
	_cleanup_fd_ int fd = change_open(s->upper, path);
	return fd >= 0 && fgetxattr(fd, "security.capability", v, sizeof(v)) > 0;
}

static bool is_text(struct slice s)
{
	return !memchr(s.p ? (const char *)s.p : "", 0, s.n < 8000 ? s.n : 8000);
}

static int mode_flags(struct flagging *f, const struct change *c)
{
	const struct object *a = &c->after, *b = &c->before;
	uint32_t new = a->mode & ~(b->type == a->type ? b->mode : 0u);
	int r = 0;
	if (a->type == OBJECT_FILE && (a->mode & 06000)) {
		buf_fmt(&f->detail, "mode %04o; the bits are not applied unless that is asked for", a->mode);
		r = put_file(f, SET_ID);
	}
	if (r == 0 && (new & 0002) && a->type != OBJECT_LINK && !(a->type == OBJECT_FOLDER && (a->mode & 01000))) {
		buf_fmt(&f->detail, "mode %04o", a->mode);
		r = put_file(f, WRITABLE);
	}
	if (r == 0 && a->type == OBJECT_FILE && (a->mode & 0111) && (c->what & CHANGE_XATTR || c->kind == CHANGE_ADDED) && f->s &&
	        has_capability(f->s, c->path)) {
		buf_str_add(&f->detail, "not applied");
		r = put_file(f, CAPABILITY);
	}
	return r;
}

/* Is a part of it ".git", as file systems that know no case read it? */
static bool into_git(const char *to)
{
	struct slice rest = slice_str(to), part;
	while (slice_split(&rest, '/', &part))
		if (slice_eq_nocase(part, SLICE(".git")))
			return true;
	return strstr(to, ".git/") != NULL;
}

/* HEAD of a repository that no ".git" announces, as git takes one for it (validate_headref() in its refs.c): a link to a ref, "ref:" and
 * any blanks before one, or the id of an object, with anything behind it. */
static bool is_bare_head(const struct change *c, struct slice after)
{
	const char *slash = strrchr(c->path, '/'), *name = slash ? slash + 1 : c->path;
	size_t n = 0;
	if (strcmp(name, "HEAD") != 0 || strncmp(c->path, ".git/", 5) == 0 || strstr(c->path, "/.git/"))
		return false;
	if (c->after.type == OBJECT_LINK)
		return c->after.link && strncmp(c->after.link, "refs/", 5) == 0;
	if (slice_starts(after, SLICE("ref:")))
		return slice_starts(slice_trim(slice_from(after, 4)), SLICE("refs/"));
	while (n < after.n && n < 40 && strchr("0123456789abcdefABCDEF", after.p[n]) && after.p[n])
		n++;
	return n == 40;
}

/* Behind a name that is a link itself, ".." is not the folder that the text says: two links that stay within, one by one, lead out
 * together.
 */
static bool up_behind_name(const char *to)
{
	struct slice rest = slice_str(to), part;
	bool name = false;
	while (slice_split(&rest, '/', &part)) {
		if (name && slice_is(part, ".."))
			return true;
		name = name || (part.n && !slice_is(part, ".") && !slice_is(part, ".."));
	}
	return false;
}

static int link_flags(struct flagging *f, const struct change *c)
{
	const char *to = c->after.link ? c->after.link : "";
	int r = is_bare_head(c, SLICE_NONE) ? put_file(f, BARE_REPOSITORY) : 0;
	if (r == 0 && (flag_link_leads_out(c->path, to) || (up_behind_name(to) && !into_git(to)))) {
		buf_fmt(&f->detail, "leads to %.1000s", to);
		r = put_file(f, LINK_OUT);
	} else if (r == 0 && into_git(to)) {
		buf_fmt(&f->detail, "leads to %.1000s", to);
		r = put_file(f, LINK_GIT);
	}
	return r;
}

#define ASSUMED 0x8000u             /* gitformat-index(5): "assume-valid" */
#define SKIPPED (UINT32_C(1) << 30) /* "skip-worktree", of the extended flags */

/* What an index has git not look at: how many, a sum that knows no order, and the first names. */
struct unseen {
	size_t n;
	uint64_t sum;
	struct buf names;
};

static int count_unseen(void *arg, const struct gitindex_entry *e)
{
	struct unseen *u = arg;
	if (!(e->flags & (ASSUMED | SKIPPED)))
		return 0;
	u->sum += slice_hash(e->name);
	if (u->n++ < 5)
		buf_fmt(&u->names, "%s%.*s", u->n > 1 ? ", " : "", SLICE_FMT(slice_sub(e->name, 0, 200)));
	return 0;
}

static int index_flags(struct flagging *f, const struct change *c, const struct flag_texts *t)
{
	_cleanup_buf_ struct buf name = BUF(65536);
	struct unseen before = {.names = BUF(2048)}, after = {.names = BUF(2048)};
	int r = 0;
	if (!(c->what & CHANGE_CONTENT) || !slice_starts(t->after, SLICE("DIRC")))
		return 0;
	/* One that is in parts, or too large, was so before, or says nothing of what it hides. */
	bool was = !t->before.n || gitindex_read(t->before, &name, count_unseen, &before) == 0;
	if (gitindex_read(t->after, &name, count_unseen, &after) < 0) {
		if (was) {
			buf_str_add(&f->detail, "it cannot be read as a whole: parts of it may lie elsewhere");
			r = put_file(f, INDEX_HIDES);
		}
	} else if (after.n && (after.n > before.n || after.sum != before.sum)) {
		buf_fmt(&f->detail, "%zu: %s%s", after.n, buf_str(&after.names), after.n > 5 ? ", …" : "");
		r = put_file(f, INDEX_HIDES);
	}
	buf_free(&before.names);
	buf_free(&after.names);
	return r;
}

static int content_flags(struct flagging *f, const struct change *c, const struct flag_texts *t)
{
	bool was = c->before.type == OBJECT_FILE && (c->before.mode & 0111), is = (c->after.mode & 0111) != 0;
	int r = 0;
	if (is_bare_head(c, t->after))
		r = put_file(f, BARE_REPOSITORY);
	r = r < 0 ? r : index_flags(f, c, t);
	if (r == 0 && c->what & CHANGE_CONTENT && is_program(t->after)) {
		buf_fmt(&f->detail, "%s, %llu bytes",
		        t->after.p[0] == 0x7f  ? "ELF"
		        : t->after.p[0] == 'M' ? "PE"
		                               : "not for Linux, or an archive",
		        (unsigned long long)c->after.size);
		r = put_file(f, PROGRAM);
	}
	if (r == 0 && is && !was) {
		buf_fmt(&f->detail, c->before.type == OBJECT_FILE ? "mode %04o instead of %04o" : "mode %04o", c->after.mode,
		        c->before.mode);
		if (slice_starts(t->after, SLICE("#!"))) {
			struct slice rest = t->after, line;
			if (slice_split(&rest, '\n', &line))
				buf_fmt(&f->detail, ", %.*s", SLICE_FMT(slice_sub(line, 0, 120)));
		}
		r = put_file(f, NEW_EXECUTABLE);
	} else if (r == 0 && is && (c->what & CHANGE_CONTENT)) {
		(void)part_read(READER_LINES, t, &f->detail);
		r = put_file(f, EXECUTABLE);
	}
	/* What git stores is compressed; whatever comes of it is another file. */
	if (r == 0 && c->what & CHANGE_CONTENT && is_text(t->after) && !is_program(t->after) &&
	        !flag_match("**/.git/objects/**", c->path)) {
		if (part_hidden(t, &f->detail))
			r = put_file(f, HIDDEN);
		else
			buf_reset(&f->detail);
	}
	return r;
}

static int read_side(int root, const struct object *o, const char *path, struct buf *b)
{
	bool cut;
	buf_reset(b);
	if (root < 0 || o->type != OBJECT_FILE)
		return 0;
	int r = change_read(root, path, FLAG_READ_MAX, b, &cut);
	/* What cannot be read says so itself (change.trouble). */
	return r == -ENOMEM ? r : 0;
}

/* What of a rule's file changed, as its detail; false: nothing that matters. */
static bool describe(struct flagging *f, enum flag_reader reader, const struct change *c, const struct flag_texts *t)
{
	if (c->kind == CHANGE_REMOVED)
		buf_str_add(&f->detail, "removed");
	else if (c->after.type == OBJECT_LINK)
		buf_fmt(&f->detail, "a link to %.1000s", c->after.link ? c->after.link : "");
	else if (c->after.type == OBJECT_FILE && !(c->what & CHANGE_CONTENT))
		buf_fmt(&f->detail, "mode %04o instead of %04o", c->after.mode, c->before.mode);
	else if (c->after.size > FLAG_READ_MAX || c->before.size > FLAG_READ_MAX)
		buf_str_add(&f->detail, "too large to say what changed");
	else if (c->after.type == OBJECT_FILE)
		return part_read(reader, t, &f->detail);
	return true;
}

/* A link in the place of a folder that a rule looks into: what is in it lies elsewhere, under names that no rule knows. */
static size_t link_rules(const char *path, const struct flag_rule **out, size_t max, size_t n)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(name);
	for (size_t i = 0; i < flag_path_rule_count && n < max; i++)
		for (const char *p = flag_path_rules[i].pattern; (p = strchr(p, '/'));) {
			p++;
			size_t k = 0;
			while (k < len && lower((unsigned char)p[k]) == lower((unsigned char)name[k]))
				k++;
			if (k == len && p[k] == '/' && !have_name(out, n, flag_path_rules[i].name)) {
				out[n++] = &flag_path_rules[i];
				break;
			}
		}
	return n;
}

static int put_rules(struct flagging *f, const struct change *c, const struct flag_texts *t, const struct flag_rule *const *rules, size_t n,
        const char *as)
{
	for (size_t i = 0; i < n; i++) {
		bool told = false;
		for (const struct flag *x = f->first; x && !told; x = x->next)
			told = strcmp(x->rule->name, rules[i]->name) == 0;
		if (told)
			continue;
		if (as)
			buf_fmt(&f->detail, "known as %.500s\n", as);
		if (!describe(f, rules[i]->reader, c, t)) {
			buf_reset(&f->detail);
			continue;
		}
		int r = put(f, rules[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int rule_flags(struct flagging *f, const struct change *c, const struct flag_texts *t)
{
	const struct flag_rule *rules[16];
	char other[4200];
	/* A folder of that name runs nothing; what is in it has its own. */
	if (c->after.type == OBJECT_FOLDER || (c->kind == CHANGE_REMOVED && c->before.type == OBJECT_FOLDER))
		return 0;
	size_t n = match_all(f->index, c->path, rules, ARRAY_LEN(rules));
	if (c->after.type == OBJECT_LINK)
		n = link_rules(c->path, rules, ARRAY_LEN(rules), n);
	int r = put_rules(f, c, t, rules, n, NULL);
	for (const struct flag_alias *a = f->aliases; a && r == 0; a = a->next) {
		if (part_alias_path(a, c->path, other, sizeof(other))) {
			n = match_all(f->index, other, rules, ARRAY_LEN(rules));
			r = put_rules(f, c, t, rules, n, other);
		}
		if (r == 0 && part_alias_names(a, c->path)) {
			buf_fmt(&f->detail, "%.200s = %.500s\n", a->key, a->value);
			(void)describe(f, READER_LINES, c, t);
			r = put_file(f, NAMED);
		}
	}
	return r;
}

/* A part of the path that begins or ends with a blank, or has one that is no space: "main.c " passes for main.c. */
static bool blank_in_name(const char *path)
{
	static const char *const blanks[] = {"\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};
	struct slice rest = slice_str(path), part;
	for (size_t i = 0; i < ARRAY_LEN(blanks); i++)
		if (strstr(path, blanks[i]))
			return true;
	for (const char *p = path; (p = strstr(p, "\xe2\x80")); p += 2)
		if ((uint8_t)p[2] >= 0x80 && (uint8_t)p[2] <= 0x8a)
			return true;
	while (slice_split(&rest, '/', &part))
		if (part.n && (part.p[0] == ' ' || part.p[part.n - 1] == ' '))
			return true;
	return false;
}

static int name_flags(struct flagging *f, const struct change *c)
{
	const struct flag_texts t = {SLICE_NONE, slice_str(c->path)};
	bool hidden = c->kind != CHANGE_REMOVED && part_hidden(&t, &f->detail);
	if (c->kind != CHANGE_REMOVED && strpbrk(c->path, "\n\r\t\v\f")) {
		hidden = true;
		buf_str_add(&f->detail, "a blank that is no space\n");
	}
	if (c->kind != CHANGE_REMOVED && blank_in_name(c->path)) {
		hidden = true;
		buf_str_add(&f->detail, "a blank at an end, or one that is no space\n");
	}
	return hidden ? put_file(f, NAME) : 0;
}

static int flag_change(struct flagging *f, struct change *c)
{
	int r = 0;
	f->first = NULL;
	f->inside = flag_packages(c->path) != 0;
	if (c->kind != CHANGE_REMOVED && c->after.type >= OBJECT_FIFO) {
		buf_str_add(&f->detail, object_type_word(c->after.type));
		r = put_file(f, SPECIAL);
	}
	bool read = c->kind != CHANGE_REMOVED && c->after.type == OBJECT_FILE && c->trouble != TROUBLE_UNREADABLE;
	buf_reset(&f->before);
	buf_reset(&f->after);
	if (read) {
		r = r < 0 ? r : read_side(f->s->upper, &c->after, c->path, &f->after);
		if (c->what & CHANGE_CONTENT)
			r = r < 0 ? r : read_side(f->s->lower, &c->before, c->path, &f->before);
	}
	struct flag_texts t = {buf_slice(&f->before), buf_slice(&f->after)};
	c->binary = read && !is_text(t.after);
	if (r == 0)
		r = rule_flags(f, c, &t);
	if (r == 0)
		r = name_flags(f, c);
	if (r == 0 && c->kind != CHANGE_REMOVED)
		r = mode_flags(f, c);
	if (r == 0 && c->after.type == OBJECT_LINK && c->kind != CHANGE_REMOVED)
		r = link_flags(f, c);
	if (r == 0 && read)
		r = content_flags(f, c, &t);
	c->flags = f->first;
	return r;
}

static void flagging_free(struct flagging *f)
{
	buf_free(&f->detail);
	buf_free(&f->before);
	buf_free(&f->after);
}

static struct flagging flagging(const struct change_source *s, struct arena *arena, const struct index *x)
{
	return (struct flagging){
	        .s = s, .arena = arena, .index = x, .detail = BUF(4096), .before = BUF(FLAG_READ_MAX + 1), .after = BUF(FLAG_READ_MAX + 1)};
}

/* One flag for each folder of installed packages in which something comes, changes or goes, on its first change that has none. */
static int flag_installed(struct flagging *f, struct change_set *set)
{
	for (size_t i = 0, end; i < set->n; i = end) {
		struct change *c = &set->change[i];
		size_t n = flag_packages(c->path);
		end = i + 1;
		if (n == 0)
			continue;
		while (end < set->n && flag_packages(set->change[end].path) == n && strncmp(set->change[end].path, c->path, n) == 0)
			end++;
		for (size_t k = i; k < end; k++)
			if (!set->change[k].flags) {
				c = &set->change[k];
				break;
			}
		f->first = c->flags;
		f->inside = false;
		buf_fmt(&f->detail, "%zu files and folders change in %.*s", end - i, n > 1000 ? 1000 : (int)n, c->path);
		int r = put_file(f, PACKAGES);
		if (r < 0)
			return r;
		c->flags = f->first;
	}
	return 0;
}

int review_flag_set(const struct change_source *source, struct change_set *set, struct err *err)
{
	struct index x;
	index_make(&x);
	struct flagging f __attribute__((cleanup(flagging_free))) = flagging(source, &set->arena, &x);
	if (part_aliases(source->lower, &set->arena, &f.aliases) < 0)
		return err_set(err, -ENOMEM, "no memory for the names of the project");
	for (size_t i = 0; i < set->n; i++) {
		int r = flag_change(&f, &set->change[i]);
		if (r < 0)
			return err_sys(err, r, "cannot look into \"%.300s\"", set->change[i].path);
	}
	int r = flag_installed(&f, set);
	return r < 0 ? err_sys(err, r, "cannot flag installed packages") : 0;
}

int review_flag_live(int root, const char *path, struct arena *arena, struct flag **out)
{
	struct index x;
	const struct change_source s = {.lower = -1, .upper = root};
	struct change c = {.path = path, .kind = CHANGE_ADDED, .what = CHANGE_CONTENT | CHANGE_MODE};
	char parent[4097];
	const char *slash = strrchr(path, '/');
	if (slash && (size_t)(slash - path) >= sizeof(parent))
		return -ENAMETOOLONG;
	(void)snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	_cleanup_fd_ int dir = path_open(root, parent, O_PATH | O_DIRECTORY, 0);
	int r = dir < 0 ? dir : object_at(dir, slash ? slash + 1 : path, arena, &c.after);
	if (r == -ENOENT || r == -ENOTDIR)
		r = 0;
	if (r < 0)
		return r;
	if (c.after.type == OBJECT_NONE)
		c.kind = CHANGE_REMOVED;
	index_make(&x);
	struct flagging f __attribute__((cleanup(flagging_free))) = flagging(&s, arena, &x);
	r = flag_change(&f, &c);
	if (r == 0)
		*out = c.flags;
	return r;
}
