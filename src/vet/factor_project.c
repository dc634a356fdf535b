/* What lies in the project's folder. */
#include "vet/factor_part.h"

#include <errno.h>

int git_remote_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->git_remote = *value ? value : NULL;
	return 0;
}

size_t git_remote_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	const char *url = h->git_remote;
	if (!url || h->no_git)
		return 0;
	factor_form_add(&f, url);
	/* https://HOST/PATH.git or git@HOST:PATH.git: also without .git, HOST and PATH alone. */
	struct slice all = slice_str(url);
	if (slice_ends(all, SLICE(".git")))
		all.n -= 4;
	factor_form_add(&f, arena_str(h->arena, all));
	const char *rest = strstr(url, "://");
	rest = rest ? rest + 3 : url;
	const char *at = strchr(rest, '@');
	rest = at ? at + 1 : rest;
	size_t host = strcspn(rest, ":/");
	factor_form_add(&f, arena_str(h->arena, slice_of(rest, host)));
	if (rest[host]) {
		struct slice path = slice_str(rest + host + 1);
		if (slice_ends(path, SLICE(".git")))
			path.n -= 4;
		/* The same for both ways of writing it, as programs that name a repository by a digest do. */
		factor_form_add(&f, arena_fmt(h->arena, "%.*s/%.*s", (int)host, rest, SLICE_FMT(path)));
		factor_form_add(&f, arena_str(h->arena, path));
	}
	return f.n;
}

/* "Name <address>" */
int git_identity_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	struct slice name = slice_trim(factor_until(value, '<'));
	const char *open = strchr(value, '<');
	if (!open)
		return -EINVAL;
	h->git_user = arena_str(h->arena, name);
	h->git_email = arena_str(h->arena, factor_until(open + 1, '>'));
	return h->git_user && h->git_email ? 0 : -ENOMEM;
}

size_t git_identity_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	if (h->no_git)
		return 0;
	factor_form_add(&f, h->git_email);
	factor_form_add(&f, h->git_user);
	return f.n;
}

int git_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->no_git = strcmp(value, "no") == 0;
	return 0;
}

/* "Company|domain": what files of the project say of who owns it. */
int company_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	struct slice name = factor_until(value, '|');
	const char *domain = value[name.n] ? value + name.n + 1 : "";
	const char *readme = arena_fmt(h->arena,
	        "# Order service\n\nInternal order service of %.*s.\nQuestions: platform@%s\n\n## Use\n\n    npm start\n", SLICE_FMT(name),
	        domain);
	const char *package = arena_fmt(h->arena,
	        "{\n  \"name\": \"order-service\",\n  \"version\": \"2.4.1\",\n  \"private\": true,\n  \"author\": \"%.*s "
	        "<platform@%s>\",\n"
	        "  \"scripts\": {\"start\": \"node index.js\"}\n}\n",
	        SLICE_FMT(name), domain);
	const char *license = arena_fmt(h->arena, "Copyright (c) 2025 %.*s. All rights reserved.\nInternal use only.\n", SLICE_FMT(name));
	if (!readme || !package || !license)
		return -ENOMEM;
	int r = factor_file_put(h, h->project, "README.md", readme, 0);
	r = r ? r : factor_file_put(h, h->project, "package.json", package, 0);
	return r ? r : factor_file_put(h, h->project, "LICENSE", license, 0);
}

size_t company_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	const char *path = arena_fmt(h->arena, "%s/LICENSE", h->project);
	for (size_t i = 0; path && i < h->n_files; i++) {
		if (strcmp(h->files[i].path, path) != 0)
			continue;
		struct slice d = h->files[i].data, mark = SLICE("Copyright (c) 2025 ");
		if (!slice_starts(d, mark))
			break;
		d = slice_from(d, mark.n);
		size_t end = slice_find(d, SLICE(". All rights"), 0);
		factor_form_add(&f, arena_str(h->arena, slice_sub(d, 0, end)));
	}
	return f.n;
}
