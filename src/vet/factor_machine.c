/* What kind of machine it is, and where its packages come from: what tells a laptop from a container or a virtual machine, and a network
 * that reaches the registries of the world from one that uses a mirror. */
#include "vet/factor_part.h"

#include <errno.h>

#define CLUSTER_HOST "10.96.203.41"

/* What a container of a cluster has beside an ordinary machine. */
static int put_container(struct host_spec *h)
{
	static const struct factor_variable pod[] = {{"KUBERNETES_SERVICE_HOST", CLUSTER_HOST}, {"KUBERNETES_SERVICE_PORT", "443"},
	        {"KUBERNETES_PORT", "tcp://" CLUSTER_HOST ":443"}, {"container", "docker"}};
	int r = factor_env_put(h, pod, ARRAY_LEN(pod));
	r = r ? r : factor_file_put(h, "", ".dockerenv", "", 0755);
	return r ? r : factor_file_put(h, "/run", ".containerenv", "", 0);
}

/* "vendor|product" as the firmware says it; "container": the ordinary machine, with a container around the tool. */
int machine_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	struct slice vendor = factor_until(value, '|');
	if (strcmp(value, "container") == 0)
		return put_container(h);
	if (!value[vendor.n])
		return -EINVAL;
	const char *first = arena_fmt(h->arena, "%.*s\n", SLICE_FMT(vendor)), *second = arena_fmt(h->arena, "%s\n", value + vendor.n + 1);
	if (!first || !second)
		return -ENOMEM;
	int r = factor_file_put(h, "/sys/class/dmi/id", "sys_vendor", first, 0444);
	return r ? r : factor_file_put(h, "/sys/class/dmi/id", "product_name", second, 0444);
}

size_t machine_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	factor_form_add(&f, host_env_get(h, "KUBERNETES_SERVICE_HOST"));
	for (size_t i = 0; i < h->n_files; i++)
		if (slice_starts(slice_str(h->files[i].path), SLICE("/sys/class/dmi/id/")))
			factor_form_add(&f, arena_str(h->arena, slice_trim(h->files[i].data)));
	return f.n;
}

static const char *const mirror_variables[] = {"npm_config_registry", "PIP_INDEX_URL", "GOPROXY", "HF_ENDPOINT"};

/* "registry of npm|index of Python|proxy of Go|hub of models": as variables, and in the files where their programs look. */
int mirrors_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	struct slice rest = slice_str(value), part;
	const char *url[ARRAY_LEN(mirror_variables)];
	if (!*value)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(mirror_variables); i++) {
		if (!slice_split(&rest, '|', &part))
			return -EINVAL;
		url[i] = arena_str(h->arena, part);
		int r = url[i] ? host_env_set(h, mirror_variables[i], url[i]) : -ENOMEM;
		if (r)
			return r;
	}
	const char *npm = arena_fmt(h->arena, "registry=%s\n", url[0]);
	const char *pip = arena_fmt(h->arena, "[global]\nindex-url = %s\n", url[1]);
	if (!npm || !pip)
		return -ENOMEM;
	int r = factor_file_put(h, h->home, ".npmrc", npm, 0);
	return r ? r : factor_file_put(h, h->home, ".config/pip/pip.conf", pip, 0);
}

size_t mirrors_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	for (size_t i = 0; i < ARRAY_LEN(mirror_variables); i++) {
		const char *url = host_env_get(h, mirror_variables[i]), *host = url ? strstr(url, "://") : NULL;
		factor_form_add(&f, url);
		if (host)
			factor_form_add(&f, arena_str(h->arena, slice_of(host + 3, strcspn(host + 3, "/,"))));
	}
	return f.n;
}
