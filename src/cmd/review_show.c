/* postern review: what is shown. Every name and every line of a file is hostile. */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include "cmd/review.h"
#include "report/write.h"
#include "review/diff.h"
#include "review/record.h"

#define TEXT_MAX   ((size_t)1 << 20) /* of a file whose lines are counted or compared */
#define LINE_SHOWN 400

static bool is_of(const struct change *c, enum flag_level level)
{
	for (const struct flag *f = c->flags; f; f = f->next)
		if (f->rule->level == level)
			return true;
	return false;
}

struct review_counts review_count(const struct change_set *set)
{
	struct review_counts n = {0};
	for (size_t i = 0; i < set->n; i++) {
		const struct change *c = &set->change[i];
		n.added += c->kind == CHANGE_ADDED && !c->pair;
		n.changed += c->kind == CHANGE_CHANGED;
		n.removed += c->kind == CHANGE_REMOVED && !c->pair;
		n.renamed += c->kind == CHANGE_ADDED && c->pair;
		n.flagged += c->flags != NULL;
		n.found += is_of(c, FLAG_FOUND);
		n.runs += is_of(c, FLAG_RUNS);
		n.unscanned += c->scanned && strcmp(c->scanned, "unscanned") == 0;
		n.conflicts += change_is_conflict(c->trouble);
		n.trouble += c->trouble && !change_is_conflict(c->trouble);
	}
	return n;
}

/* A folder that came or went whole, with nothing in it that needs a line of its own; the end of it, or i + 1. */
static size_t whole_folder(const struct change_set *set, size_t i, size_t *moved)
{
	const struct change *c = &set->change[i];
	const struct object *o = c->kind == CHANGE_REMOVED ? &c->before : &c->after;
	*moved = 0;
	if (c->kind == CHANGE_CHANGED || o->type != OBJECT_FOLDER || c->trouble)
		return i + 1;
	size_t k = i + 1, n = 0;
	for (; k < set->n && change_below(set->change[k].path, c->path); k++) {
		if (set->change[k].kind != c->kind || set->change[k].flags || set->change[k].trouble)
			return i + 1;
		n += set->change[k].pair != 0;
	}
	*moved = n;
	return k;
}

/* Git keeps what it stores under names that say nothing. */
static size_t git_store(const struct change_set *set, size_t i)
{
	size_t k = i;
	struct slice store = SLICE(".git/objects/");
	while (k < set->n && slice_starts(slice_str(set->change[k].path), store) && !set->change[k].flags && !set->change[k].trouble &&
	        set->change[k].kind == set->change[i].kind)
		k++;
	return k > i ? k : i + 1;
}

/* Where the folder of a path ends. */
static size_t folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? (size_t)(slash - path) : 0;
}

/* Many of one kind in one folder, as a build makes them, are told once. */
static size_t alike(const struct change_set *set, size_t i)
{
	const struct change *c = &set->change[i];
	size_t n = folder_of(c->path), k = i + 1;
	if (flag_is_packages(c->flags->rule)) {
		/* What is flagged in another way in there runs by itself, and has its own line. */
		n = flag_packages(c->path);
		while (k < set->n && strncmp(set->change[k].path, c->path, n) == 0 && flag_packages(set->change[k].path) == n)
			k++;
		return k;
	}
	if (c->flags->rule->kind != FLAG_EXECUTABLE && strcmp(c->flags->rule->name, "python-bytecode") != 0)
		return k;
	for (; k < set->n; k++) {
		const struct change *x = &set->change[k];
		if (!x->flags || x->flags->rule != c->flags->rule || x->kind != c->kind || x->trouble || folder_of(x->path) != n ||
		        strncmp(x->path, c->path, n) != 0)
			break;
	}
	return k;
}

bool review_in_unit(const struct change_set *set, const struct review_unit *u, size_t i)
{
	const struct change *c = &set->change[u->first], *x = &set->change[i];
	return i == u->first || !x->flags || (c->flags && x->flags->rule == c->flags->rule);
}

/* A unit for each change whose most serious flag is of that level. */
static size_t add_level(const struct change_set *set, enum flag_level level, struct review_units *out)
{
	size_t before = out->n;
	for (size_t i = 0; i < set->n; i++)
		if (set->change[i].flags && set->change[i].flags->rule->level == level)
			out->unit[out->n++] = (struct review_unit){i, i + 1, 0};
	return out->n - before;
}

int review_units(const struct change_set *set, struct review_units *out)
{
	*out = (struct review_units){.unit = calloc(set->n + 1, sizeof(*out->unit))};
	if (!out->unit)
		return -ENOMEM;
	out->found = add_level(set, FLAG_FOUND, out);
	out->runs = add_level(set, FLAG_RUNS, out);
	for (size_t i = 0, end; i < set->n; i = end) {
		end = i + 1;
		if (!set->change[i].flags || set->change[i].flags->rule->level != FLAG_LOOK)
			continue;
		end = alike(set, i);
		out->unit[out->n++] = (struct review_unit){i, end, 0};
	}
	out->look = out->n - out->runs - out->found;
	for (size_t i = 0, end; i < set->n; i = end) {
		const struct change *c = &set->change[i];
		size_t moved = 0;
		end = i + 1;
		if (c->flags || (c->kind == CHANGE_REMOVED && c->pair) || (flag_packages(c->path) && !c->trouble))
			continue;
		end = git_store(set, i);
		if (end == i + 1)
			end = whole_folder(set, i, &moved);
		out->unit[out->n++] = (struct review_unit){i, end, moved};
	}
	return 0;
}

static void put_time(struct buf *out, int64_t ns)
{
	char text[40];
	time_t t = (time_t)(ns / 1000000000);
	struct tm tm;
	if (localtime_r(&t, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		buf_str_add(out, text);
}

void review_head(struct buf *out, const struct review_run *run, bool alive)
{
	buf_fmt(out, "RUN       %s, ", run->id);
	if (run->state == REVIEW_RUNNING)
		buf_str_add(out, alive ? "still running: this is what it wrote so far" : "ended without a word: its supervisor was killed");
	else
		buf_str_add(out, review_state_word(run->state));
	buf_str_add(out, "\n  project ");
	write_visible(out, slice_str(run->project));
	buf_str_add(out, "\n  command ");
	write_visible(out, slice_sub(slice_str(run->command), 0, 300));
	buf_str_add(out, "\n  started ");
	put_time(out, run->started);
	if (run->ended) {
		buf_str_add(out, ", ended ");
		put_time(out, run->ended);
	}
	if (run->status >= 0 && WIFEXITED(run->status))
		buf_fmt(out, " with code %d", WEXITSTATUS(run->status));
	else if (run->status >= 0)
		buf_fmt(out, " by signal %d", WTERMSIG(run->status));
	buf_u8(out, '\n');
}

static char letter(const struct change *c)
{
	if (c->pair && c->kind == CHANGE_ADDED)
		return 'R';
	if (c->what & CHANGE_TYPE)
		return 'T';
	return c->kind == CHANGE_ADDED ? 'A' : c->kind == CHANGE_REMOVED ? 'D' : 'M';
}

static void put_lines(struct buf *out, const struct change_source *s, const struct change *c)
{
	_cleanup_buf_ struct buf a = BUF(TEXT_MAX + 1), b = BUF(TEXT_MAX + 1);
	bool cut = false;
	size_t plus, minus;
	if (c->kind != CHANGE_CHANGED || !(c->what & CHANGE_CONTENT) || c->before.type != OBJECT_FILE || c->after.type != OBJECT_FILE ||
	        c->binary || c->before.size > TEXT_MAX || c->after.size > TEXT_MAX)
		return;
	if (change_read(s->lower, c->path, TEXT_MAX, &a, &cut) == 0 && change_read(s->upper, c->path, TEXT_MAX, &b, &cut) == 0 &&
	        diff_count(buf_slice(&a), buf_slice(&b), &plus, &minus) == 0)
		buf_fmt(out, "  +%zu -%zu", plus, minus);
}

static void put_what(struct buf *out, const struct change *c)
{
	if (c->what & CHANGE_TYPE)
		buf_fmt(out, "  (%s instead of %s)", object_type_word(c->after.type), object_type_word(c->before.type));
	else if (c->kind == CHANGE_CHANGED && c->what & CHANGE_MODE)
		buf_fmt(out, "  mode %04o instead of %04o", c->after.mode, c->before.mode);
	if (c->kind == CHANGE_CHANGED && c->what & CHANGE_XATTR)
		buf_str_add(out, "  extended attributes");
	if (c->kind == CHANGE_CHANGED && c->what & CHANGE_OWNER)
		buf_str_add(out, "  owner");
	if (c->kind != CHANGE_REMOVED && c->after.type == OBJECT_LINK) {
		buf_str_add(out, "  -> ");
		write_visible(out, slice_sub(slice_str(c->after.link), 0, LINE_SHOWN));
	}
	if (c->kind != CHANGE_REMOVED && c->first_name)
		buf_str_add(out, "  (a hard link, applied as a file of its own)");
	if (c->binary)
		buf_str_add(out, "  (binary)");
}

static void put_flags(struct buf *out, const struct change *c)
{
	for (const struct flag *f = c->flags; f; f = f->next) {
		buf_fmt(out, "      %s: %s\n", f->rule->why, f->rule->when);
		struct slice rest = slice_str(f->detail), line;
		while (slice_split(&rest, '\n', &line)) {
			buf_str_add(out, "        ");
			write_visible(out, slice_sub(line, 0, LINE_SHOWN));
			buf_u8(out, '\n');
		}
	}
}

void review_show_unit(
        struct buf *out, const struct change_source *s, const struct change_set *set, const struct review_unit *u, bool with_flags)
{
	const struct change *c = &set->change[u->first];
	const struct object *o = c->kind == CHANGE_REMOVED ? &c->before : &c->after;
	bool folder = o->type == OBJECT_FOLDER, store = u->end > u->first + 1 && change_below(c->path, ".git/objects");
	buf_fmt(out, "  %c ", letter(c));
	if (letter(c) == 'R') {
		write_visible(out, slice_str(set->change[c->pair - 1].path));
		buf_str_add(out, " -> ");
	}
	if (store) {
		buf_fmt(out, ".git/objects/  (%zu files and folders)\n", u->end - u->first);
		return;
	}
	write_visible(out, slice_str(c->path));
	if (folder)
		buf_u8(out, '/');
	if (u->end > u->first + 1 && c->flags && !flag_is_packages(c->flags->rule))
		buf_fmt(out, "  and %zu more of the kind in this folder", u->end - u->first - 1);
	else if (u->end > u->first + 1 && !c->flags)
		buf_fmt(out, "  (%zu files and folders%s", u->end - u->first - 1, u->moved ? "" : ")");
	if (u->end > u->first + 1 && u->moved)
		buf_fmt(out, ", %zu of them %s)", u->moved, c->kind == CHANGE_REMOVED ? "moved elsewhere" : "moved here");
	put_what(out, c);
	put_lines(out, s, c);
	buf_u8(out, '\n');
	if (c->trouble)
		buf_fmt(out, "      %s\n", change_trouble_word(c->trouble));
	if (with_flags)
		put_flags(out, c);
}

static void put_part(struct buf *out, const struct change_source *s, const struct change_set *set, const struct review_units *u,
        size_t from, size_t n, const char *title, size_t limit)
{
	if (n == 0)
		return;
	buf_fmt(out, "\n%s (%zu)\n", title, n);
	for (size_t i = from; i < from + n && i < from + limit; i++)
		review_show_unit(out, s, set, &u->unit[i], true);
	if (n > limit)
		buf_fmt(out, "  … and %zu more; --limit shows more, --format json all\n", n - limit);
}

static void put_count(struct buf *out, size_t n, const char *word, bool *first)
{
	if (!n)
		return;
	buf_fmt(out, "%s%zu %s", *first ? "" : ", ", n, word);
	*first = false;
}

void review_text(struct buf *out, const struct review_run *run, const struct change_source *s, const struct change_set *set, size_t limit)
{
	struct review_counts n = review_count(set);
	struct review_units u;
	bool first = true;
	(void)run;
	buf_str_add(out, "  changes ");
	put_count(out, n.added, "added", &first);
	put_count(out, n.changed, "changed", &first);
	put_count(out, n.removed, "removed", &first);
	put_count(out, n.renamed, "renamed", &first);
	if (first)
		buf_str_add(out, "none");
	if (set->bytes) {
		buf_str_add(out, ", ");
		write_bytes(out, set->bytes);
	}
	buf_fmt(out, "; %zu flagged, %zu in conflict\n", n.flagged, n.conflicts);
	if (n.unscanned)
		buf_fmt(out, "  a scan did not understand all of %zu file%s: see \"postern scan\"\n", n.unscanned, write_s(n.unscanned));
	if (review_units(set, &u) < 0) {
		buf_str_add(out, "no memory for the list\n");
		return;
	}
	put_part(out, s, set, &u, 0, u.found, "FLAGGED: A SCAN FOUND WHAT AN HONEST FILE DOES NOT HAVE", limit);
	put_part(out, s, set, &u, u.found, u.runs, "FLAGGED: RUNS OR IS OBEYED BY ITSELF", limit);
	put_part(out, s, set, &u, u.found + u.runs, u.look, "FLAGGED: RUNS WHEN SOMEBODY BUILDS, INSTALLS, TESTS, PUSHES OR CALLS IT",
	        limit);
	size_t flagged = u.found + u.runs + u.look;
	put_part(out, s, set, &u, flagged, u.n - flagged, n.flagged ? "THE REST" : "CHANGES", limit);
	free(u.unit);
}

/* ---- diff */

static void put_line(void *arg, const struct diff_line *l)
{
	struct buf *out = arg;
	if (l->kind == '@') {
		buf_add(out, l->text);
	} else {
		buf_u8(out, (uint8_t)l->kind);
		if (l->kind == '\\')
			buf_u8(out, ' ');
		/* A tab is part of many files; a carriage return is shown. */
		struct slice rest = slice_sub(l->text, 0, LINE_SHOWN * 8), part;
		for (bool tab = false; slice_split(&rest, '\t', &part); tab = true) {
			if (tab)
				buf_u8(out, '\t');
			write_visible(out, part);
		}
		if (l->text.n > (size_t)LINE_SHOWN * 8)
			buf_str_add(out, "…");
	}
	buf_u8(out, '\n');
}

static bool read_side(int root, const struct object *o, const char *path, struct buf *b, bool *cut)
{
	if (o->type == OBJECT_LINK) {
		buf_str_add(b, o->link ? o->link : "");
		return true;
	}
	return o->type != OBJECT_FILE || change_read(root, path, b->max - 1, b, cut) == 0;
}

void review_diff(struct buf *out, const struct change_source *s, const struct change *c, size_t limit)
{
	_cleanup_buf_ struct buf a = BUF(TEXT_MAX + 1), b = BUF(TEXT_MAX + 1);
	bool cut = false, cut_too = false, was = c->before.type != OBJECT_NONE, is = c->kind != CHANGE_REMOVED;
	if ((is && c->after.type == OBJECT_FOLDER && !(c->what & CHANGE_TYPE)) || (!is && c->before.type == OBJECT_FOLDER))
		return;
	buf_str_add(out, was ? "--- a/" : "--- /dev/null");
	if (was)
		write_visible(out, slice_str(c->path));
	buf_str_add(out, is ? "\n+++ b/" : "\n+++ /dev/null");
	if (is)
		write_visible(out, slice_str(c->path));
	buf_u8(out, '\n');
	if (c->what & CHANGE_MODE && c->kind == CHANGE_CHANGED)
		buf_fmt(out, "# mode %04o instead of %04o\n", c->after.mode, c->before.mode);
	if (c->what & CHANGE_TYPE || c->after.type == OBJECT_LINK)
		buf_fmt(out, "# %s instead of %s\n", object_type_word(c->after.type), object_type_word(c->before.type));
	if (!read_side(s->lower, &c->before, c->path, &a, &cut) ||
	        !read_side(s->upper, is ? &c->after : &(struct object){0}, c->path, &b, &cut_too)) {
		buf_str_add(out, "# cannot be read\n");
		return;
	}
	if (cut || cut_too || !diff_is_text(buf_slice(&a)) || !diff_is_text(buf_slice(&b))) {
		buf_fmt(out, "# %s: %llu bytes before, %llu after\n", cut || cut_too ? "too large to compare" : "binary",
		        (unsigned long long)c->before.size, (unsigned long long)(is ? c->after.size : 0));
		return;
	}
	long n = diff_lines(buf_slice(&a), buf_slice(&b), limit, put_line, out);
	if (n < 0)
		buf_str_add(out, "# cannot be compared\n");
	else if ((size_t)n > limit)
		buf_fmt(out, "# … and %zu more lines\n", (size_t)n - limit);
}
