/* Names of the machine, of the person, and of their folders. */
#include "vet/factor_part.h"

#include <errno.h>

int hostname_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->hostname = value;
	/* Only where the host has the variable at all: bash sets it, but does not export it. */
	return host_env_get(h, "HOSTNAME") ? host_env_set(h, "HOSTNAME", value) : 0;
}

size_t hostname_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	factor_form_add(&f, h->hostname);
	return f.n;
}

/* "login|Full Name" */
int user_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	struct slice login = factor_until(value, '|');
	h->user = arena_str(h->arena, login);
	h->full_name = value[login.n] ? value + login.n + 1 : value;
	if (!h->user)
		return -ENOMEM;
	return factor_env_put(h, (struct factor_variable[]){{"USER", h->user}, {"LOGNAME", h->user}}, 2);
}

size_t user_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	factor_form_add(&f, h->user);
	factor_form_add(&f, h->full_name);
	return f.n;
}

int home_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->home = value;
	return host_env_set(h, "HOME", value);
}

static size_t last_part_too(struct factor_forms *f, const char *path)
{
	factor_form_add(f, path);
	const char *last = strrchr(path, '/');
	factor_form_add(f, last ? last + 1 : NULL);
	return f->n;
}

size_t home_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	return last_part_too(&f, h->home);
}

int project_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->project = value;
	return host_env_set(h, "PWD", value);
}

size_t project_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	return last_part_too(&f, h->project);
}

int machine_id_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->machine_id = value;
	return 0;
}

size_t machine_id_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	factor_form_add(&f, h->machine_id);
	return f.n;
}
