/* How the machine is connected. */
#include "vet/factor_part.h"

int gateway_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)h;
	*gateway = value;
	return 0;
}

size_t gateway_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)h;
	struct factor_forms f = {out, 0, max};
	factor_form_add(&f, gateway);
	return f.n;
}

int proxy_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	static const char *const names[] = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"};
	const char *url = *value ? value : NULL, *not_for = url ? "localhost,127.0.0.1,.pinehollow-x3.example" : NULL;
	int r = 0;
	for (size_t i = 0; i < ARRAY_LEN(names) && r == 0; i++)
		r = host_env_set(h, names[i], url);
	return r ? r : factor_env_put(h, (struct factor_variable[]){{"NO_PROXY", not_for}, {"no_proxy", not_for}}, 2);
}

size_t proxy_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	const char *url = host_env_get(h, "HTTP_PROXY");
	if (!url)
		return 0;
	factor_form_add(&f, url);
	const char *rest = strstr(url, "://");
	rest = rest ? rest + 3 : url;
	const char *at = strrchr(rest, '@');
	factor_form_add(&f, arena_str(h->arena, factor_until(at ? at + 1 : rest, ':')));
	if (at)
		factor_form_add(&f, arena_str(h->arena, slice_of(rest, (size_t)(at - rest))));
	factor_form_add(&f, ".pinehollow-x3.example");
	return f.n;
}

int mac_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->mac = value;
	return 0;
}

size_t mac_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	factor_form_add(&f, h->mac);
	char bare[32], dashed[32];
	size_t n = 0, m = 0;
	for (const char *p = h->mac; *p && m < sizeof(dashed) - 1; p++) {
		if (*p != ':')
			bare[n++] = *p;
		dashed[m++] = *p == ':' ? '-' : *p;
	}
	factor_form_add(&f, arena_str(h->arena, slice_of(bare, n)));
	factor_form_add(&f, arena_str(h->arena, slice_of(dashed, m)));
	return f.n;
}

int ip_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->ipv4 = value;
	return 0;
}

size_t ip_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	factor_form_add(&f, h->ipv4);
	return f.n;
}

int dns_search_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->dns_search = *value ? value : NULL;
	return 0;
}

size_t dns_search_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	factor_form_add(&f, h->dns_search);
	return f.n;
}
