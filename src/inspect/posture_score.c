#include "inspect/posture_score.h"

#include <errno.h>

const struct posture_reason_row posture_reasons[POSTURE_REASONS] = {
#define POSTURE_REASON(name, id, points, title, why) [POSTURE_REASON_##name] = {id, title, why, points},
#include "inspect/posture_reason_table.h"
#undef POSTURE_REASON
};

#define BIT(kind) (1u << (kind))

struct adding {
	const struct posture *p;
	const struct posture_known *k;
	struct arena *arena;
	struct posture_reason *reason;
	size_t n;
	int error;
};

static void add(struct adding *a, enum posture_reason_name row, uint64_t count, const char *evidence)
{
	if (!evidence)
		a->error = -ENOMEM;
	else
		a->reason[a->n++] =
		        (struct posture_reason){.row = row, .points = posture_reasons[row].points, .count = count, .evidence = evidence};
}

/* "postinstall: node install.js (package.json:1)" */
static const char *place(const struct adding *a, const struct posture_use *u)
{
	const char *between = u->kind == POSTURE_INSTALL ? ": " : " ", *text = u->text;
	if (u->line)
		return arena_fmt(a->arena, "%s%s%s (%s:%u)", u->name, text[0] ? between : "", text, u->file, u->line);
	return arena_fmt(
	        a->arena, "%s%s%s%s%s%s", u->name, text[0] ? between : "", text, u->file[0] ? " (" : "", u->file, u->file[0] ? ")" : "");
}

typedef bool choose(const struct posture_use *u, uint32_t bits);

/* All uses of a kind that are chosen; the first is the evidence. */
static void add_uses(struct adding *a, enum posture_reason_name row, enum posture_kind kind, choose *wanted, uint32_t bits)
{
	size_t n;
	const struct posture_use *u = posture_of(a->p, kind, &n), *first = NULL;
	uint64_t count = 0;
	for (size_t i = 0; i < n; i++)
		if (!wanted || wanted(&u[i], bits)) {
			first = first ? first : &u[i];
			count++;
		}
	if (first)
		add(a, row, count, place(a, first));
}

static bool has(const struct posture *p, enum posture_kind kind)
{
	size_t n;
	(void)posture_of(p, kind, &n);
	return n > 0;
}

static bool reaches(const struct posture_use *u, uint32_t bits)
{
	return (u->reach & bits) != 0;
}

static bool is_all(const struct posture_use *u, uint32_t bits)
{
	(void)bits;
	return strcmp(u->name, "*") == 0;
}

static bool is_secret(const struct posture_use *u, uint32_t bits)
{
	static const char *const words[] = {
	        "TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "APIKEY", "ACCESS_KEY", "PRIVATE_KEY", "CREDENTIAL"};
	struct slice name = slice_str(u->name);
	(void)bits;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_find(name, slice_str(words[i]), 0) != SLICE_NPOS)
			return true;
	return false;
}

/* "203.0.113.7", with or without a port. This machine and its network are nobody else's. */
static bool is_address(const struct posture_use *u, uint32_t bits)
{
	static const char *const near[] = {
	        "127.", "0.0.0.0", "10.", "192.168.", "169.254.", "255.", "1.2.3.4", "192.0.2.", "198.51.100.", "203.0.113."};
	unsigned dots = 0;
	size_t i = 0;
	(void)bits;
	for (size_t k = 0; k < ARRAY_LEN(near); k++)
		if (slice_starts(slice_str(u->name), slice_str(near[k])))
			return false;
	for (; u->name[i] && u->name[i] != ':'; i++) {
		if (u->name[i] != '.' && (u->name[i] < '0' || u->name[i] > '9'))
			return false;
		dots += u->name[i] == '.';
	}
	return dots == 3;
}

static bool is_elsewhere(const struct posture_use *u, uint32_t bits)
{
	(void)bits;
	return posture_elsewhere(u->text);
}

/* Code that is brought, not only loaded by its name. */
static bool is_brought(const struct posture_use *u, uint32_t bits)
{
	(void)bits;
	return strcmp(u->text, "loaded") != 0;
}

static void add_files(struct adding *a)
{
	const struct posture_known *k = a->k;
	if (k->bad)
		add(a, POSTURE_REASON_BAD, k->bad, k->first_bad ? k->first_bad : "");
	if (k->suspicious)
		add(a, POSTURE_REASON_SUSPICIOUS, k->suspicious, k->first_suspicious ? k->first_suspicious : "");
}

static void add_origin(struct adding *a)
{
	const struct posture *p = a->p;
	if (a->k->asked && !a->k->attested)
		add(a, POSTURE_REASON_UNATTESTED, 1, "");
	if (a->k->asked && !a->k->is_signed)
		add(a, POSTURE_REASON_UNSIGNED, 1, "");
	if (!p->repository[0])
		add(a, POSTURE_REASON_NO_SOURCE, 1, "");
	else if (slice_starts(slice_str(p->repository), SLICE("http://")) || slice_starts(slice_str(p->repository), SLICE("git://")))
		add(a, POSTURE_REASON_PLAIN_SOURCE, 1, p->repository);
	if (!p->licence[0])
		add(a, POSTURE_REASON_NO_LICENCE, 1, "");
}

int posture_score(const struct posture *p, const struct posture_known *k, struct arena *arena, struct posture_score *out)
{
	struct posture_score s = {.known = *k};
	struct adding a = {.p = p, .k = &s.known, .arena = arena, .reason = arena_array(arena, POSTURE_REASONS, sizeof(*a.reason))};
	bool network = has(p, POSTURE_NETWORK);
	if (!a.reason)
		return -ENOMEM;
	/* In the order of the table. */
	add_files(&a);
	add_uses(&a, POSTURE_REASON_INSTALL_NETWORK, POSTURE_INSTALL, reaches, BIT(POSTURE_NETWORK));
	add_uses(&a, POSTURE_REASON_INSTALL_DYNAMIC, POSTURE_INSTALL, reaches, BIT(POSTURE_DYNAMIC));
	add_uses(&a, POSTURE_REASON_INSTALL_PACKED, POSTURE_INSTALL, reaches, BIT(POSTURE_PACKED));
	add_uses(&a, POSTURE_REASON_INSTALL, POSTURE_INSTALL, NULL, 0);
	add_uses(&a, POSTURE_REASON_PACKED, POSTURE_PACKED, NULL, 0);
	if (network) {
		add_uses(&a, POSTURE_REASON_FETCHED, POSTURE_DYNAMIC, NULL, 0);
		add_uses(&a, POSTURE_REASON_ALL_VARIABLES, POSTURE_VARIABLES, is_all, 0);
		add_uses(&a, POSTURE_REASON_CREDENTIALS, POSTURE_VARIABLES, is_secret, 0);
	}
	add_uses(&a, POSTURE_REASON_ADDRESS, POSTURE_HOSTS, is_address, 0);
	if (k->watched && k->undeclared)
		add(&a, POSTURE_REASON_UNDECLARED, k->undeclared, k->first_undeclared ? k->first_undeclared : "");
	add_uses(&a, POSTURE_REASON_NATIVE, POSTURE_NATIVE, is_brought, 0);
	add_uses(&a, POSTURE_REASON_ELSEWHERE, POSTURE_DEPENDENCY, is_elsewhere, 0);
	add_origin(&a);
	if (p->cut)
		add(&a, POSTURE_REASON_CUT, 1, "");
	if (a.error < 0)
		return a.error;
	for (size_t i = 0; i < a.n; i++)
		s.points += a.reason[i].points;
	s.reason = a.reason;
	s.n = a.n;
	*out = s;
	return 0;
}

const struct posture_reason *posture_score_has(const struct posture_score *s, uint32_t row)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->reason[i].row == row)
			return &s->reason[i];
	return NULL;
}

const char *posture_score_open(const struct posture_score *s, size_t i)
{
	static const char *const asked = "whether the registry signed and attested it", *const watched = "which hosts it contacts";
	const char *open[2] = {NULL, NULL};
	size_t n = 0;
	if (!s->known.asked)
		open[n++] = asked;
	if (!s->known.watched)
		open[n++] = watched;
	return i < n ? open[i] : NULL;
}
