#include "vet/setup.h"

#include <errno.h>
#include <stdio.h>
#include <dirent.h>

#include "confine/lived.h"
#include "crypto/cert.h"
#include "sys/path.h"

#define ARGV_MAX 128

/* The same in every trial: an id that a tool keeps would otherwise be noise. Letters and digits of a usual length. */
static const char made_up_key[] = "Wq3vT8nZr5LxK2mB7cYd4HsJ9pGfA6eUiR1oXbN0tVwQyMkE";

/* By these the runtimes and libraries that bring their own list of authorities are told of ours. */
static const char *const ca_variables[] = {"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO",
        "AWS_CA_BUNDLE", "DENO_CERT", "PIP_CERT", "CARGO_HTTP_CAINFO"};

/* Where other distributions and libraries look: links to the one file. */
static const char *const ca_links[] = {"/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem", "/etc/pki/tls/cert.pem",
        "/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"};

void setup_public_authorities(struct buf *out)
{
	_cleanup_buf_ struct buf one = BUF(65536);
	DIR *d = opendir("/usr/share/ca-certificates/mozilla");
	struct dirent *entry;
	while (d && path_next(d, &entry) > 0) {
		buf_reset(&one);
		if (slice_ends(slice_str(entry->d_name), SLICE(".crt")) && path_read(dirfd(d), entry->d_name, &one) == 0 &&
		        one.n < out->max - out->n)
			buf_add(out, buf_slice(&one));
	}
	if (d)
		(void)closedir(d);
}

static int put_authority(struct host_spec *h, struct slice ca_pem, struct arena *arena)
{
	uint32_t hash = 0;
	struct host_file ca = {.path = SETUP_CA_PATH, .data = ca_pem, .lent = true};
	int r = host_file_set(h, &ca);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(ca_links); i++) {
		struct host_file link = {.path = ca_links[i], .link = SETUP_CA_PATH};
		r = host_file_set(h, &link);
	}
	/* OpenSSL looks into the folder by the hash of the name. */
	r = r < 0 ? r : cert_subject_hash(ca_pem, &hash);
	struct host_file hashed = {.path = arena_fmt(arena, "/etc/ssl/certs/%08x.0", hash), .link = SETUP_CA_PATH};
	return r < 0 ? r : hashed.path ? host_file_set(h, &hashed) : -ENOMEM;
}

static int put_env(struct host_spec *h, const char *name, const char *value)
{
	return host_env_get(h, name) ? 0 : host_env_set(h, name, value);
}

/* What a login session has, as far as no factor has set it. */
static int standard_env(struct host_spec *h, const struct vet_subject *s, struct arena *arena)
{
	const char *path =
	        arena_fmt(arena, "%s%s/usr/local/bin:/usr/bin:/bin", s->path_prefix ? s->path_prefix : "", s->path_prefix ? ":" : "");
	const char *runtime = arena_fmt(arena, "/run/user/%u", h->uid);
	if (!path || !runtime)
		return -ENOMEM;
	const struct {
		const char *name, *value;
	} wanted[] = {{"HOME", h->home}, {"USER", h->user}, {"LOGNAME", h->user}, {"SHELL", h->shell}, {"PWD", h->project},
	        {"TERM", "xterm-256color"}, {"LANG", h->locale}, {"TZ", h->timezone}, {"XDG_RUNTIME_DIR", runtime}};
	int r = host_env_set(h, "PATH", path);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(wanted); i++)
		r = put_env(h, wanted[i].name, wanted[i].value);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(ca_variables); i++)
		r = host_env_set(h, ca_variables[i], SETUP_CA_PATH);
	return r;
}

static int put_env_list(struct host_spec *h, const char *const *list, const struct profile_vars *v, struct arena *arena)
{
	for (; list && *list; list++) {
		const char *line = profile_expand(*list, v, arena);
		const char *equals = line ? strchr(line, '=') : NULL;
		if (!equals)
			return -ENOMEM;
		char *name = arena_str(arena, slice_of(line, (size_t)(equals - line)));
		int r = name ? host_env_set(h, name, equals + 1) : -ENOMEM;
		if (r < 0)
			return r;
	}
	return 0;
}

static int put_files(struct host_spec *h, const struct profile_file *files, size_t n, const struct profile_vars *v, struct arena *arena)
{
	for (size_t i = 0; i < n; i++) {
		const char *path = profile_expand(files[i].path, v, arena), *data = profile_expand(files[i].data, v, arena);
		struct host_file f = {.path = path, .data = slice_str(data), .mode = 0600};
		int r = path && data ? host_file_set(h, &f) : -ENOMEM;
		if (r < 0)
			return r;
	}
	return 0;
}

static int put_argv(struct setup *out, const struct vet_subject *s, const struct profile *p, const struct profile_vars *v, bool behind_gate,
        struct arena *arena)
{
	const char *const *lists[] = {s->command, p->argv, out->gateway && !behind_gate ? p->argv_gateway : NULL};
	size_t n = 0;
	out->argv = arena_array(arena, ARGV_MAX + 1, sizeof(*out->argv));
	if (!out->argv)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (const char *const *a = lists[i]; a && *a; a++) {
			/* The command is the person's own, word by word. */
			const char *word = i == 0 ? *a : profile_expand(*a, v, arena);
			if (!word)
				return -ENOMEM;
			if (n == ARGV_MAX)
				return -ENOSPC;
			out->argv[n++] = arena_str(arena, slice_str(word));
			if (!out->argv[n - 1])
				return -ENOMEM;
		}
	return 0;
}

const char *setup_key(void)
{
	return made_up_key;
}

int setup_trial(const struct vet_subject *s, const struct profile *p, const struct treatment *t, struct slice ca_pem, bool behind_gate,
        struct arena *arena, struct setup *out, struct err *err)
{
	struct host_spec *h = &out->host;
	int r = treatment_host(t, arena, h, &out->gateway);
	if (r < 0)
		return err_sys(err, r, "cannot make the synthetic host");
	struct profile_vars v = {.prompt = p->prompt,
	        .home = h->home,
	        .project = h->project,
	        .key = made_up_key,
	        .user = h->user,
	        .package = s->package,
	        .host = out->gateway};
	if (out->gateway) {
		v.base_url = profile_expand(p->base_url, &v, arena);
		if (!v.base_url)
			return err_sys(err, -ENOMEM, "cannot make the gateway's address");
	}
	r = host_project_files(h);
	r = r < 0 ? r : lived_files(h);
	r = r < 0 ? r : put_authority(h, ca_pem, arena);
	r = r < 0 ? r : standard_env(h, s, arena);
	r = r < 0 ? r : put_env_list(h, p->env, &v, arena);
	r = r < 0 ? r : put_env_list(h, out->gateway ? p->env_gateway : p->env_official, &v, arena);
	r = r < 0 ? r : put_files(h, p->files, p->n_files, &v, arena);
	if (out->gateway)
		r = r < 0 ? r : put_files(h, p->files_gateway, p->n_files_gateway, &v, arena);
	r = r < 0 ? r : put_argv(out, s, p, &v, behind_gate, arena);
	return r < 0 ? err_sys(err, r, "cannot set the tool up as profile %s says", p->name) : 0;
}
