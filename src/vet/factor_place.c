/* Place and language. */
#include "vet/factor_part.h"

#include <errno.h>

int timezone_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->timezone = value;
	return host_env_set(h, "TZ", value);
}

size_t timezone_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	/* "UTC" alone stands in too many messages that speak of no zone. */
	if (strchr(h->timezone, '/'))
		factor_form_add(&f, h->timezone);
	return f.n;
}

int locale_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	struct slice tag = factor_until(value, '.'), language = factor_until(value, '_');
	const char *list = arena_fmt(h->arena, "%.*s:%.*s", SLICE_FMT(tag), SLICE_FMT(language));
	if (!list)
		return -ENOMEM;
	h->locale = value;
	return factor_env_put(h, (struct factor_variable[]){{"LANG", value}, {"LC_ALL", value}, {"LANGUAGE", list}}, 3);
}

size_t locale_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	factor_form_add(&f, h->locale);
	struct slice tag = factor_until(h->locale, '.');
	/* en-US is in every program's defaults; other tags are told apart from a constant list by comparison with the baselines. */
	if (slice_is(tag, "en_US"))
		return f.n;
	char *under = arena_str(h->arena, tag), *dash = arena_str(h->arena, tag);
	if (under && dash) {
		for (char *p = dash; *p; p++)
			if (*p == '_')
				*p = '-';
		factor_form_add(&f, under);
		factor_form_add(&f, dash);
	}
	return f.n;
}
