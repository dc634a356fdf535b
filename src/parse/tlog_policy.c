#include <errno.h>

#include "parse/note.h"
#include "parse/tlog.h"
#include "parse/tlog_part.h"

/* A policy that is being read. */
struct reader {
	struct arena *arena;
	struct tlog_policy p;
	struct note_vkey *log_key, *member_key; /* decoded: the same public key must not come twice */
	bool *used;                             /* this member is part of a group */
	bool quorum_seen;
	const char *why;
};

static int bad(struct reader *r, const char *why)
{
	r->why = why;
	return -EBADMSG;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* The next item of a line; the empty slice at its end. */
static struct slice item(struct slice *line)
{
	size_t from = 0, to;
	while (from < line->n && blank(line->p[from]))
		from++;
	for (to = from; to < line->n && !blank(line->p[to]);)
		to++;
	struct slice s = slice_sub(*line, from, to - from);
	*line = slice_from(*line, to);
	return s;
}

/* "VKEY [URL]", the end of a line. */
static int key_and_url(struct reader *r, struct slice *line, uint8_t type, struct note_vkey *key, struct slice *vkey, struct slice *url)
{
	*vkey = item(line);
	*url = item(line);
	if (vkey->n == 0)
		return bad(r, "a verifier key (name+id+key) is expected");
	if (item(line).n)
		return bad(r, "too much in this line");
	if (note_vkey_parse(*vkey, key, &r->why) < 0)
		return -EBADMSG;
	if (key->type != type)
		return bad(r, type == 4 ? "the key of a witness must be one for cosignatures (type 4)"
		                        : "the key of a log must be one for notes (type 1)");
	if (url->n == 0)
		*url = SLICE_NONE;
	return 0;
}

static bool known_key(const struct note_vkey *key, size_t n, const struct note_vkey *one)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(key[i].public, one->public, sizeof(one->public)) == 0)
			return true;
	return false;
}

static int find(const struct reader *r, struct slice name)
{
	for (size_t i = 0; i < r->p.n_members; i++)
		if (slice_eq(r->p.member[i].name, name))
			return (int)i;
	return -1;
}

static int read_log(struct reader *r, struct slice line)
{
	struct tlog_policy_log l;
	size_t n = r->p.n_logs;
	if (n == TLOG_POLICY_LOGS)
		return bad(r, "too many logs");
	int e = key_and_url(r, &line, 1, &r->log_key[n], &l.vkey, &l.url);
	if (e < 0)
		return e;
	if (known_key(r->log_key, n, &r->log_key[n]))
		return bad(r, "a log with this public key is there already");
	r->p.log[n] = l;
	r->p.n_logs++;
	return 0;
}

/* The name of a new member. */
static int new_name(struct reader *r, struct slice *line, struct slice *out)
{
	struct slice name = item(line);
	if (name.n == 0)
		return bad(r, "a name is expected");
	if (slice_is(name, "none"))
		return bad(r, "the name \"none\" has a meaning of its own");
	if (find(r, name) >= 0)
		return bad(r, "this name is there already");
	if (r->p.n_members == TLOG_POLICY_MEMBERS)
		return bad(r, "too many witnesses and groups");
	*out = name;
	return 0;
}

static int read_witness(struct reader *r, struct slice line)
{
	struct tlog_policy_member m = {.kind = TLOG_POLICY_WITNESS};
	struct note_vkey key;
	int e = new_name(r, &line, &m.name);
	if (e == 0)
		e = key_and_url(r, &line, 4, &key, &m.vkey, &m.url);
	if (e < 0)
		return e;
	if (known_key(r->member_key, r->p.n_members, &key))
		return bad(r, "a witness with this public key is there already");
	r->member_key[r->p.n_members] = key;
	r->p.member[r->p.n_members++] = m;
	return 0;
}

static int read_group(struct reader *r, struct slice line)
{
	struct tlog_policy_member m = {.kind = TLOG_POLICY_GROUP};
	unsigned member[TLOG_POLICY_MEMBERS];
	bool used[TLOG_POLICY_MEMBERS];
	int e = new_name(r, &line, &m.name);
	if (e < 0)
		return e;
	struct slice k = item(&line), name;
	uint64_t v = 0;
	memcpy(used, r->used, sizeof(used));
	while ((name = item(&line)).n) {
		int i = find(r, name);
		if (i < 0)
			return bad(r, slice_is(name, "none") ? "\"none\" cannot be part of a group"
			                                     : "this line names a member that is not defined above it");
		if (used[i])
			return bad(r, "a member of this group is part of a group already");
		used[i] = true;
		member[m.n_members++] = (unsigned)i;
	}
	if (m.n_members == 0)
		return bad(r, "a group needs a name, any, all or a number, and members");
	if (slice_is(k, "any"))
		v = 1;
	else if (slice_is(k, "all"))
		v = m.n_members;
	else if (!tlog_number(k, &v))
		return bad(r, "behind the name of a group any, all or a number is expected");
	if (v < 1 || v > m.n_members)
		return bad(r, "the number of a group must be between 1 and the number of its members");
	m.threshold = (unsigned)v;
	m.member = arena_array(r->arena, m.n_members, sizeof(*m.member));
	if (!m.member) {
		r->why = "not enough memory for this policy";
		return -ENOMEM;
	}
	memcpy(m.member, member, m.n_members * sizeof(*m.member));
	memcpy(r->used, used, sizeof(used));
	r->p.member[r->p.n_members++] = m;
	return 0;
}

static int read_quorum(struct reader *r, struct slice line)
{
	struct slice name = item(&line);
	if (r->quorum_seen)
		return bad(r, "a second quorum");
	if (name.n == 0 || item(&line).n)
		return bad(r, "behind quorum one name is expected");
	r->p.quorum = find(r, name);
	if (r->p.quorum < 0 && !slice_is(name, "none"))
		return bad(r, "the quorum is not defined above this line");
	r->quorum_seen = true;
	return 0;
}

static const struct {
	const char *word;
	int (*read)(struct reader *r, struct slice line);
} words[] = {{"log", read_log}, {"witness", read_witness}, {"group", read_group}, {"quorum", read_quorum}};

static int read_line(struct reader *r, struct slice line)
{
	for (size_t i = 0; i < line.n; i++)
		if ((line.p[i] < 0x20 && line.p[i] != '\t') || line.p[i] == 0x7f)
			return bad(r, "a control character");
	struct slice word = item(&line);
	if (word.n == 0 || word.p[0] == '#')
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_is(word, words[i].word))
			return words[i].read(r, line);
	return bad(r, "a line begins with log, witness, group, quorum or #");
}

int tlog_policy_parse(struct slice in, struct arena *arena, struct tlog_policy *out, const char **why, unsigned *line)
{
	struct reader r = {.arena = arena, .p = {.quorum = -1}};
	unsigned number = 0;
	int e = 0;
	r.p.log = arena_array(arena, TLOG_POLICY_LOGS, sizeof(*r.p.log));
	r.p.member = arena_array(arena, TLOG_POLICY_MEMBERS, sizeof(*r.p.member));
	r.log_key = arena_array(arena, TLOG_POLICY_LOGS, sizeof(*r.log_key));
	r.member_key = arena_array(arena, TLOG_POLICY_MEMBERS, sizeof(*r.member_key));
	r.used = arena_array(arena, TLOG_POLICY_MEMBERS, sizeof(*r.used));
	if (!r.p.log || !r.p.member || !r.log_key || !r.member_key || !r.used) {
		r.why = "not enough memory for this policy";
		e = -ENOMEM;
	}
	struct slice rest = in, one;
	while (e == 0 && rest.n) {
		number++;
		(void)slice_split(&rest, '\n', &one);
		/* A file that was cut could say something else than it did. */
		e = rest.p ? read_line(&r, one) : bad(&r, "the last line has no newline at its end");
	}
	if (e == 0 && !r.quorum_seen)
		e = bad(&r, "no quorum (\"quorum none\" asks for no witness)");
	if (e < 0) {
		*why = r.why;
		*line = number ? number : 1;
		return e;
	}
	*out = r.p;
	return 0;
}

bool tlog_policy_met(const struct tlog_policy *p, const bool *have)
{
	bool met[TLOG_POLICY_MEMBERS] = {0};
	if (p->quorum < 0)
		return true;
	/* Groups are of earlier members. */
	for (size_t i = 0; i <= (size_t)p->quorum; i++) {
		const struct tlog_policy_member *m = &p->member[i];
		unsigned n = 0;
		for (size_t k = 0; k < m->n_members; k++)
			n += met[m->member[k]];
		met[i] = m->kind == TLOG_POLICY_WITNESS ? have[i] : n >= m->threshold;
	}
	return met[p->quorum];
}
