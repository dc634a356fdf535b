/* factor_part: what the files of vet/factor share: how the table (factor_table.c) reaches the functions of its rows, and what these have
 * in common. Private to vet/factor*.c. */
#ifndef POSTERN_VET_FACTOR_PART_H
#define POSTERN_VET_FACTOR_PART_H

#include "vet/factor.h"

/* NAME_apply() and NAME_literals() are apply() and literals() of the factor of that name; FACTOR_APPLY: of one that has no literal forms,
 * whose row says no_literals. */
#define FACTOR_APPLY(name) [[nodiscard]] int name##_apply(struct host_spec *h, const char **gateway, const char *value)
#define FACTOR_WAYS(name)   \
	FACTOR_APPLY(name); \
	size_t name##_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)

/* factor_place.c */
FACTOR_WAYS(timezone);
FACTOR_WAYS(locale);

/* factor_network.c */
FACTOR_WAYS(gateway);
FACTOR_WAYS(proxy);
FACTOR_WAYS(mac);
FACTOR_WAYS(ip);
FACTOR_WAYS(dns_search);

/* factor_names.c */
FACTOR_WAYS(hostname);
FACTOR_WAYS(user);
FACTOR_WAYS(home);
FACTOR_WAYS(project);
FACTOR_WAYS(machine_id);

/* factor_project.c */
FACTOR_WAYS(git_remote);
FACTOR_WAYS(git_identity);
FACTOR_APPLY(git);
FACTOR_WAYS(company);

/* factor_date.c */
FACTOR_APPLY(date);

/* factor_hidden.c */
FACTOR_APPLY(hidden_names);

/* factor_work.c */
FACTOR_WAYS(ci);
FACTOR_WAYS(terminal);
FACTOR_WAYS(shell);
FACTOR_APPLY(cpus);
FACTOR_WAYS(os);

/* factor_machine.c */
FACTOR_WAYS(machine);
FACTOR_WAYS(mirrors);

/* factor_canary.c */
FACTOR_WAYS(credentials);
FACTOR_WAYS(ai_tools);

/* factor.c */
size_t no_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max);

/* Collects literal forms: {out, 0, max}. */
struct factor_forms {
	const char **out;
	size_t n, max;
};
/* Empty forms (NULL too: memory was out), forms that are there, and what does not fit are left out. Borrowed. */
void factor_form_add(struct factor_forms *f, const char *s);
/* The text before the first `end`, or all of it. */
struct slice factor_until(const char *s, char end);
/* A file below a folder of the host; mode 0 is the ordinary one. Name and data are copied. */
[[nodiscard]] int factor_file_put(struct host_spec *h, const char *folder, const char *name, const char *data, mode_t mode);
struct factor_variable {
	const char *name, *value; /* value NULL: unset */
};
[[nodiscard]] int factor_env_put(struct host_spec *h, const struct factor_variable *v, size_t n);

#endif
