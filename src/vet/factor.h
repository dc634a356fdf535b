/* factor: what about the environment is varied. One table: name, levels, how a level is set on the synthetic host, and what its
 * literal forms look like. A treatment is one choice of a level for every factor; a plan is a list of treatments. */
#ifndef POSTERN_VET_FACTOR_H
#define POSTERN_VET_FACTOR_H

#include "base/arena.h"
#include "confine/host.h"

enum vet_base { BASE_OFFICIAL, BASE_GATEWAY, BASE_COUNT };
const char *vet_base_name(enum vet_base b);

struct factor_level {
	const char *name;  /* short, shown in reports; usually the value itself */
	const char *value; /* what apply() gets */
	bool quick;        /* tried by --quick too */
};

#define FACTOR_LEVELS_MAX 24
/* Of one factor on one host, at most. */
#define FACTOR_FORMS_MAX 32

struct factor {
	const char *name;  /* e.g. timezone */
	const char *title; /* e.g. "time zone" */
	/* Level 0 is the base level; apply() is called for it too. */
	struct factor_level levels[FACTOR_LEVELS_MAX];
	size_t n_levels;
	/* Sets the level on the host. 0 or negative errno. `gateway` is the gateway's host name (in: current, out: may be replaced), NULL
	 * in the official base. */
	int (*apply)(struct host_spec *h, const char **gateway, const char *value);
	/* Literal forms of the factor's current value on this host: the strings whose appearance in a message is an echo. Written to
	 * out (borrowed from the host), at most max; returns how many. */
	size_t (*literals)(const struct host_spec *h, const char *gateway, const char **out, size_t max);
	/* Words with which an honest message would speak of this factor, in field names or sentences ("timezone", "tz", "time zone"):
	 * lower case, NULL-terminated. */
	const char *const *vocabulary;
	/* The level is a thing to work with, or to work on, so that an honest tool may say other things to its model. Who somebody is and
	 * where they are is no such thing. */
	bool equips;
	/* In which bases it makes sense. */
	bool only_gateway;
};

extern const struct factor factor_table[];
extern const size_t factor_count;
/* Index, or factor_count. */
size_t factor_find(const char *name);

/* Levels beyond the table, for the whole process: values that were found in the artefact's own constants. They are numbered after
 * those of the table. The strings are borrowed. -EINVAL (no such factor), -EEXIST (there is a level of that value), -ENOSPC. */
#define FACTOR_EXTRA_MAX 128
[[nodiscard]] int factor_level_add(unsigned factor, const char *name, const char *value, bool quick);
/* Forgets them all. */
void factor_level_reset(void);
/* With those added. */
size_t factor_level_count(unsigned factor);
/* NULL if there is none of that number. */
const struct factor_level *factor_level_at(unsigned factor, unsigned level);

struct treatment {
	enum vet_base base;
	/* Level of each factor, by index in factor_table. */
	uint8_t level[64];
	/* 0: the device of the base. Otherwise a made-up one of that number, so that what is done on a share of devices only has its
	 * chance: machine-id, MAC address and home folder, as far as their factors are at the base level (the machine-id in any case). What
	 * else tells installations apart (randomness, the date) may be chosen by this number too. */
	uint32_t identity;
};
static inline bool treatment_eq(const struct treatment *a, const struct treatment *b)
{
	return a->base == b->base && a->identity == b->identity && memcmp(a->level, b->level, sizeof(a->level)) == 0;
}

/* What the device of that number has for a factor: NULL if the factor is none of those that tell devices apart, or memory is out. */
const char *factor_identity(unsigned factor, uint32_t identity, struct arena *arena);
/* Does the identity of the treatment decide this factor's value? */
bool factor_of_identity(const struct treatment *t, unsigned factor);
/* Is it one that a plain folder has not: a remote, a person who commits? */
bool factor_of_repository(unsigned factor);

/* Builds the host of a treatment: host_base(), then every factor's apply(). *gateway gets the gateway's name or NULL. */
[[nodiscard]] int treatment_host(const struct treatment *t, struct arena *arena, struct host_spec *out, const char **gateway);

#endif
