/* The constants of an artefact, as the result has them. */
#include "vet/mined.h"

#include <errno.h>
#include <inttypes.h>

#include "base/buf.h"
#include "inspect/mine.h"

#define PATHS_MAX  16
#define HIDDEN_MAX 200
#define OPEN_MAX   200 /* lists that may be tried */
/* A list of more zones, or countries, is one of all of them. */
#define OPEN_MEMBERS_MAX 60

/* Of lists that stand there openly only those say something that are in source text: in the data of a binary, everything has neighbours. */
static bool may_be_tried(const struct mine_list *l)
{
	static const bool classes[MINE_CLASSES] = {
	        [MINE_HOST] = true, [MINE_ZONE] = true, [MINE_LOCALE] = true, [MINE_COUNTRY] = true, [MINE_COMPANY] = true};
	return l->literal && classes[l->class] && l->total <= OPEN_MEMBERS_MAX;
}

/* Does an address of the artefact lead to a host on the list? Such hosts a tool speaks to; others it may look for. */
static bool is_spoken_to(const struct mine_list *l, const struct mine_result *m)
{
	for (size_t v = 0; v < m->n_values && l->class == MINE_HOST; v++) {
		struct slice url = slice_str(m->values[v].text);
		size_t scheme = slice_find(url, SLICE("://"), 0);
		if (m->values[v].class != MINE_URL || scheme == SLICE_NPOS)
			continue;
		url = slice_from(url, scheme + 3);
		size_t n = 0;
		while (n < url.n && url.p[n] != '/' && url.p[n] != ':' && url.p[n] != '?')
			n++;
		for (size_t i = 0; i < l->n; i++)
			if (slice_ends(slice_sub(url, 0, n), slice_str(l->members[i])))
				return true;
	}
	return false;
}

static void put_list(const struct mine_list *l, bool spoken_to, struct vet_constants *out)
{
	if (l->hidden ? out->n_hidden >= HIDDEN_MAX : out->n_lists - out->n_hidden >= OPEN_MAX) {
		out->cut = true;
		return;
	}
	out->n_hidden += l->hidden;
	out->lists[out->n_lists] = (struct vet_constant_list){
	        .number = (unsigned)out->n_lists + 1,
	        .hidden = l->hidden,
	        .spoken_to = spoken_to,
	        .file = l->file,
	        .at = l->at,
	        .n_bytes = l->n_bytes,
	        .encoding = l->encoding,
	        .class = mine_class_name(l->class),
	        .holds = mine_class_title(l->class),
	        .members = l->members,
	        .n_members = l->n,
	        .total = l->total,
	        .copies = l->copies,
	        .copy_file = l->copy_file,
	        .copy_at = l->copy_at,
	};
	out->n_lists++;
}

static void put_counts(const struct mine_result *m, struct vet_constants *out)
{
	out->files += m->files;
	out->bytes += m->bytes;
	out->constants += m->constants;
	out->texts += m->texts;
	out->too_long += m->too_long;
	out->unread += m->unread;
	out->cut |= m->cut;
	out->seconds += m->seconds;
	if (m->peak_kb > out->peak_kb)
		out->peak_kb = m->peak_kb;
	for (enum mine_class c = MINE_HOST; c < MINE_WORD; c++) {
		out->counts[c - 1].class = mine_class_name(c);
		out->counts[c - 1].title = mine_class_title(c);
		out->counts[c - 1].n += m->by_class[c];
	}
	out->n_counts = MINE_WORD - MINE_HOST;
}

static int put_note(const struct err *err, struct arena *arena, struct vet_constants *out)
{
	if (err->code)
		out->note = arena_fmt(arena, "Constants could not be read: %s.", err->text);
	else if (out->cut)
		out->note = "Not all constants could be read, or are told: a limit was met.";
	else if (out->unread)
		out->note = arena_fmt(arena, "%" PRIu64 " files could not be read for constants.", out->unread);
	else
		return 0;
	return out->note ? 0 : -ENOMEM;
}

int mined_read(const char *const *paths, struct arena *arena, struct vet_constants *out)
{
	struct vet_constants c = {0};
	struct mine_result m[PATHS_MAX] = {0};
	struct err err = {0};
	size_t n = 0;
	c.lists = arena_array(arena, HIDDEN_MAX + OPEN_MAX, sizeof(*c.lists));
	c.counts = arena_array(arena, MINE_CLASSES, sizeof(*c.counts));
	if (!c.lists || !c.counts)
		return -ENOMEM;
	for (; paths && paths[n] && n < PATHS_MAX; n++) {
		c.looked = true;
		int r = mine_path(paths[n], NULL, arena, &m[n], &err);
		if (r == -ENOMEM)
			return r;
		if (r == 0)
			put_counts(&m[n], &c);
	}
	for (int hidden = 1; hidden >= 0; hidden--)
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < m[i].n_lists; k++)
				if (m[i].lists[k].hidden == hidden && (hidden || may_be_tried(&m[i].lists[k])))
					put_list(&m[i].lists[k], !hidden && is_spoken_to(&m[i].lists[k], &m[i]), &c);
	int r = put_note(&err, arena, &c);
	if (r == 0)
		*out = c;
	return r;
}

int mined_origin(const struct vet_constants *c, unsigned list, struct arena *arena, const char **out)
{
	if (list == 0 || list > c->n_lists)
		return -EINVAL;
	const struct vet_constant_list *l = &c->lists[list - 1];
	const char *s = arena_fmt(arena, "list %u: %s, %s, in %s at %" PRIu64, list, l->holds, l->encoding, l->file, l->at);
	if (!s)
		return -ENOMEM;
	*out = s;
	return 0;
}

/* How many members of a list stand in its levels: words are several in one name, so that the dots of it are counted. */
static size_t tried(const struct vet_constants *c, const struct vet_constant_list *l)
{
	bool words = strcmp(l->class, "word") == 0 || strcmp(l->class, "company") == 0;
	size_t n = 0;
	for (size_t i = 0; i < l->n_members; i++) {
		bool found = false;
		for (size_t k = 0; k < c->n_levels && !found; k++) {
			struct slice level = slice_str(c->levels[k].level), member = slice_str(l->members[i]);
			bool ours = c->levels[k].list == l->number || c->levels[k].second == l->number;
			found = ours && (words ? slice_find(level, member, 0) != SLICE_NPOS
			                       : slice_ends(level, member) || slice_starts(level, member));
		}
		n += found;
	}
	return n;
}

int mined_not_covered(const struct vet_constants *c, struct arena *arena, const char **out)
{
	static const char limits[] =
	        "A list that the artefact encrypts, keeps as digests, makes at run time or fetches is not found by reading its constants.";
	_cleanup_buf_ struct buf b = BUF(8192);
	size_t n = 0;
	*out = NULL;
	if (!c->looked)
		return 0;
	for (size_t i = 0; i < c->n_lists; i++) {
		size_t k = tried(c, &c->lists[i]);
		if (k < c->lists[i].total && n++ < 12)
			buf_fmt(&b, "%s %zu of %zu of list %u", n > 1 ? "," : " Of the lists that were found there were tried:", k,
			        c->lists[i].total, c->lists[i].number);
	}
	*out = arena_fmt(arena, "%s%s%s", limits, buf_str(&b), n ? (n > 12 ? " and less of others." : ".") : "");
	return *out ? 0 : -ENOMEM;
}
