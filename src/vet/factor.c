#include "vet/factor.h"

#include <errno.h>
#include <stdio.h>

/* Every literal below is made up and occurs nowhere else, so that its appearance in a message names its factor at once. Levels are
 * general: large regions, common kinds of names. What one tool looks for in particular is mined from that tool, at run time. */

#define LEVELS(...)     .levels = {__VA_ARGS__}, .n_levels = ARRAY_LEN(((struct factor_level[]){__VA_ARGS__}))
#define VOCABULARY(...) ((const char *const[]){__VA_ARGS__, NULL})
#define Q               true

const char *vet_base_name(enum vet_base b)
{
	return b == BASE_GATEWAY ? "gateway" : "official";
}

/* Collects literal forms. */
struct forms {
	const char **out;
	size_t n, max;
};

static void form_add(struct forms *f, const char *s)
{
	if (!s || !*s || f->n == f->max)
		return;
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->out[i], s) == 0)
			return;
	f->out[f->n++] = s;
}

static struct slice until(const char *s, char end)
{
	const char *e = strchr(s, end);
	return slice_of(s, e ? (size_t)(e - s) : strlen(s));
}

/* A file below a folder of the host; mode 0 is the ordinary one. */
static int file_put(struct host_spec *h, const char *folder, const char *name, const char *data, mode_t mode)
{
	const char *path = arena_fmt(h->arena, "%s/%s", folder, name);
	if (!path)
		return -ENOMEM;
	return host_file_set(h, &(struct host_file){.path = path, .data = slice_str(data), .mode = mode});
}

struct pair {
	const char *name, *value;
};

static int env_put(struct host_spec *h, const struct pair *p, size_t n)
{
	int r = 0;
	for (size_t i = 0; i < n && r == 0; i++)
		r = host_env_set(h, p[i].name, p[i].value);
	return r;
}

/* -- place and language -- */

static int timezone_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->timezone = value;
	return host_env_set(h, "TZ", value);
}

static size_t timezone_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	/* "UTC" alone stands in too many messages that speak of no zone. */
	if (strchr(h->timezone, '/'))
		form_add(&f, h->timezone);
	return f.n;
}

static int locale_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	struct slice tag = until(value, '.'), language = until(value, '_');
	const char *list = arena_fmt(h->arena, "%.*s:%.*s", SLICE_FMT(tag), SLICE_FMT(language));
	if (!list)
		return -ENOMEM;
	h->locale = value;
	return env_put(h, (struct pair[]){{"LANG", value}, {"LC_ALL", value}, {"LANGUAGE", list}}, 3);
}

static size_t locale_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	form_add(&f, h->locale);
	struct slice tag = until(h->locale, '.');
	/* en-US is in every program's defaults; other tags are told apart from a constant list by comparison with the baselines. */
	if (slice_is(tag, "en_US"))
		return f.n;
	char *under = arena_str(h->arena, tag), *dash = arena_str(h->arena, tag);
	if (under && dash) {
		for (char *p = dash; *p; p++)
			if (*p == '_')
				*p = '-';
		form_add(&f, under);
		form_add(&f, dash);
	}
	return f.n;
}

/* -- network -- */

static int gateway_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)h;
	*gateway = value;
	return 0;
}

static size_t gateway_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)h;
	struct forms f = {out, 0, max};
	form_add(&f, gateway);
	return f.n;
}

static int proxy_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	static const char *const names[] = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"};
	const char *url = *value ? value : NULL, *not_for = url ? "localhost,127.0.0.1,.pinehollow-x3.example" : NULL;
	int r = 0;
	for (size_t i = 0; i < ARRAY_LEN(names) && r == 0; i++)
		r = host_env_set(h, names[i], url);
	return r ? r : env_put(h, (struct pair[]){{"NO_PROXY", not_for}, {"no_proxy", not_for}}, 2);
}

static size_t proxy_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	const char *url = host_env_get(h, "HTTP_PROXY");
	if (!url)
		return 0;
	form_add(&f, url);
	const char *rest = strstr(url, "://");
	rest = rest ? rest + 3 : url;
	const char *at = strrchr(rest, '@');
	form_add(&f, arena_str(h->arena, until(at ? at + 1 : rest, ':')));
	if (at)
		form_add(&f, arena_str(h->arena, slice_of(rest, (size_t)(at - rest))));
	form_add(&f, ".pinehollow-x3.example");
	return f.n;
}

static int mac_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->mac = value;
	return 0;
}

static size_t mac_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	form_add(&f, h->mac);
	char bare[32], dashed[32];
	size_t n = 0, m = 0;
	for (const char *p = h->mac; *p && m < sizeof(dashed) - 1; p++) {
		if (*p != ':')
			bare[n++] = *p;
		dashed[m++] = *p == ':' ? '-' : *p;
	}
	form_add(&f, arena_str(h->arena, slice_of(bare, n)));
	form_add(&f, arena_str(h->arena, slice_of(dashed, m)));
	return f.n;
}

static int ip_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->ipv4 = value;
	return 0;
}

static size_t ip_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	form_add(&f, h->ipv4);
	return f.n;
}

static int dns_search_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->dns_search = *value ? value : NULL;
	return 0;
}

static size_t dns_search_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	form_add(&f, h->dns_search);
	return f.n;
}

/* -- names -- */

static int hostname_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->hostname = value;
	/* Only where the host has the variable at all: bash sets it, but does not export it. */
	return host_env_get(h, "HOSTNAME") ? host_env_set(h, "HOSTNAME", value) : 0;
}

static size_t hostname_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	form_add(&f, h->hostname);
	return f.n;
}

/* "login|Full Name" */
static int user_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	struct slice login = until(value, '|');
	h->user = arena_str(h->arena, login);
	h->full_name = value[login.n] ? value + login.n + 1 : value;
	if (!h->user)
		return -ENOMEM;
	return env_put(h, (struct pair[]){{"USER", h->user}, {"LOGNAME", h->user}}, 2);
}

static size_t user_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	form_add(&f, h->user);
	form_add(&f, h->full_name);
	return f.n;
}

static int home_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->home = value;
	return host_env_set(h, "HOME", value);
}

static size_t last_part_too(struct forms *f, const char *path)
{
	form_add(f, path);
	const char *last = strrchr(path, '/');
	form_add(f, last ? last + 1 : NULL);
	return f->n;
}

static size_t home_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	return last_part_too(&f, h->home);
}

static int project_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->project = value;
	return host_env_set(h, "PWD", value);
}

static size_t project_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	return last_part_too(&f, h->project);
}

static int machine_id_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->machine_id = value;
	return 0;
}

static size_t machine_id_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	form_add(&f, h->machine_id);
	return f.n;
}

/* -- the project -- */

static int git_remote_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->git_remote = *value ? value : NULL;
	return 0;
}

static size_t git_remote_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	const char *url = h->git_remote;
	if (!url || h->no_git)
		return 0;
	form_add(&f, url);
	/* https://HOST/PATH.git or git@HOST:PATH.git: also without .git, HOST and PATH alone. */
	struct slice all = slice_str(url);
	if (slice_ends(all, SLICE(".git")))
		all.n -= 4;
	form_add(&f, arena_str(h->arena, all));
	const char *rest = strstr(url, "://");
	rest = rest ? rest + 3 : url;
	const char *at = strchr(rest, '@');
	rest = at ? at + 1 : rest;
	size_t host = strcspn(rest, ":/");
	form_add(&f, arena_str(h->arena, slice_of(rest, host)));
	if (rest[host]) {
		struct slice path = slice_str(rest + host + 1);
		if (slice_ends(path, SLICE(".git")))
			path.n -= 4;
		/* The same for both ways of writing it, as programs that name a repository by a digest do. */
		form_add(&f, arena_fmt(h->arena, "%.*s/%.*s", (int)host, rest, SLICE_FMT(path)));
		form_add(&f, arena_str(h->arena, path));
	}
	return f.n;
}

/* "Name <address>" */
static int git_identity_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	struct slice name = slice_trim(until(value, '<'));
	const char *open = strchr(value, '<');
	if (!open)
		return -EINVAL;
	h->git_user = arena_str(h->arena, name);
	h->git_email = arena_str(h->arena, until(open + 1, '>'));
	return h->git_user && h->git_email ? 0 : -ENOMEM;
}

static size_t git_identity_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	if (h->no_git)
		return 0;
	form_add(&f, h->git_email);
	form_add(&f, h->git_user);
	return f.n;
}

static int git_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->no_git = strcmp(value, "no") == 0;
	return 0;
}

static size_t no_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)h;
	(void)gateway;
	(void)out;
	(void)max;
	return 0;
}

/* "Company|domain": what files of the project say of who owns it. */
static int company_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	struct slice name = until(value, '|');
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
	int r = file_put(h, h->project, "README.md", readme, 0);
	r = r ? r : file_put(h, h->project, "package.json", package, 0);
	return r ? r : file_put(h, h->project, "LICENSE", license, 0);
}

static size_t company_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	const char *path = arena_fmt(h->arena, "%s/LICENSE", h->project);
	for (size_t i = 0; path && i < h->n_files; i++) {
		if (strcmp(h->files[i].path, path) != 0)
			continue;
		struct slice d = h->files[i].data, mark = SLICE("Copyright (c) 2025 ");
		if (!slice_starts(d, mark))
			break;
		d = slice_from(d, mark.n);
		size_t end = slice_find(d, SLICE(". All rights"), 0);
		form_add(&f, arena_str(h->arena, slice_sub(d, 0, end)));
	}
	return f.n;
}

/* -- the working environment -- */

static const struct pair ci_github[] = {{"CI", "true"}, {"GITHUB_ACTIONS", "true"}, {"GITHUB_REPOSITORY", "halvard-k31/ledgerline"},
        {"GITHUB_REPOSITORY_OWNER", "halvard-k31"}, {"GITHUB_ACTOR", "bot-teasel8"}, {"GITHUB_RUN_ID", "71902836455"},
        {"GITHUB_WORKFLOW", "nightly-brae5"}, {"GITHUB_REF", "refs/heads/main"}, {"GITHUB_SERVER_URL", "https://github.com"},
        {"RUNNER_OS", "Linux"}, {"RUNNER_NAME", "runner-fen904"}};
static const struct pair ci_gitlab[] = {{"CI", "true"}, {"GITLAB_CI", "true"}, {"CI_PROJECT_PATH", "brenner-k32/saltmarsh"},
        {"CI_SERVER_HOST", "gitlab.brenner-k32.example"}, {"CI_JOB_ID", "8830174621"}, {"GITLAB_USER_LOGIN", "bot-sorrel9"}};
static const struct pair ci_jenkins[] = {{"CI", "true"}, {"JENKINS_URL", "http://jenkins.tamarack-k33.example/"}, {"BUILD_ID", "40718"},
        {"JOB_NAME", "moorland-k33"}, {"BUILD_TAG", "jenkins-moorland-k33-40718"}, {"NODE_NAME", "exec-larch33"}};
static const struct pair ci_azure[] = {{"TF_BUILD", "True"}, {"AGENT_NAME", "pool-willow34"}, {"BUILD_REPOSITORY_NAME", "orrin-k34"},
        {"SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "https://dev.azure.com/orrin-k34/"}};
static const struct pair ci_buildkite[] = {
        {"CI", "true"}, {"BUILDKITE", "true"}, {"BUILDKITE_ORGANIZATION_SLUG", "quarrel-k35"}, {"BUILDKITE_BUILD_ID", "0192f7a1-k35"}};
static const struct pair ci_plain[] = {{"CI", "true"}};

static const struct ci_kind {
	const char *name;
	const struct pair *vars;
	size_t n;
} ci_kinds[] = {
        {"github-actions", ci_github, ARRAY_LEN(ci_github)},
        {"gitlab-ci", ci_gitlab, ARRAY_LEN(ci_gitlab)},
        {"jenkins", ci_jenkins, ARRAY_LEN(ci_jenkins)},
        {"azure-pipelines", ci_azure, ARRAY_LEN(ci_azure)},
        {"buildkite", ci_buildkite, ARRAY_LEN(ci_buildkite)},
        {"ci=true", ci_plain, ARRAY_LEN(ci_plain)},
};

static int ci_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	for (size_t i = 0; i < ARRAY_LEN(ci_kinds); i++)
		if (strcmp(value, ci_kinds[i].name) == 0)
			return env_put(h, ci_kinds[i].vars, ci_kinds[i].n);
	return strcmp(value, "none") == 0 ? 0 : -EINVAL;
}

static size_t ci_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	for (size_t i = 0; i < ARRAY_LEN(ci_kinds); i++) {
		for (size_t j = 0; j < ci_kinds[i].n; j++) {
			const struct pair *p = &ci_kinds[i].vars[j];
			const char *here = host_env_get(h, p->name);
			/* Only values that can come from nowhere else: with a digit in them. */
			if (here && strcmp(here, p->value) == 0 && strpbrk(here, "0123456789") && strlen(here) >= 5)
				form_add(&f, here);
		}
	}
	return f.n;
}

/* "TERM|TERM_PROGRAM|version|COLORTERM" */
static int terminal_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	static const char *const names[] = {"TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "COLORTERM"};
	struct slice rest = slice_str(value), part;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *v = NULL;
		if (slice_split(&rest, '|', &part) && part.n && !(v = arena_str(h->arena, part)))
			return -ENOMEM;
		int r = host_env_set(h, names[i], v);
		if (r)
			return r;
	}
	return 0;
}

static size_t terminal_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	form_add(&f, host_env_get(h, "TERM_PROGRAM"));
	form_add(&f, host_env_get(h, "TERM_PROGRAM_VERSION"));
	const char *term = host_env_get(h, "TERM");
	if (term && strchr(term, '-'))
		form_add(&f, term);
	return f.n;
}

/* A path of a shell. Only bash is there for certain, so the others are links to it: the tool must be able to run what SHELL says. */
static int shell_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->shell = value;
	int r = host_env_set(h, "SHELL", value);
	if (r == 0 && strncmp(value, "/opt/", 5) == 0)
		r = host_file_set(h, &(struct host_file){.path = value, .link = "/bin/bash"});
	return r;
}

static size_t shell_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	form_add(&f, h->shell);
	return f.n;
}

static int cpus_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	uint64_t n;
	if (!slice_u64(slice_str(value), 4096, &n))
		return -EINVAL;
	h->cpus = (unsigned)n;
	return 0;
}

/* "id|name|version|kernel" */
static int os_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	const char **to[] = {&h->os_id, &h->os_name, &h->os_version, &h->kernel_release};
	struct slice rest = slice_str(value), part;
	for (size_t i = 0; i < ARRAY_LEN(to); i++) {
		if (!slice_split(&rest, '|', &part))
			return -EINVAL;
		const char *s = arena_str(h->arena, part);
		if (!s)
			return -ENOMEM;
		*to[i] = s;
	}
	return 0;
}

static size_t os_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct forms f = {out, 0, max};
	form_add(&f, h->kernel_release);
	form_add(&f, h->os_name);
	form_add(&f, h->os_id);
	if (strlen(h->os_version) >= 5) /* "12" stands everywhere */
		form_add(&f, h->os_version);
	/* "24.04" as a version of three numbers, as libraries that tell systems apart write it: 24.4.0. */
	unsigned part[3] = {0};
	int n = sscanf(h->os_version, "%4u.%4u.%4u", &part[0], &part[1], &part[2]);
	if (n >= 1)
		form_add(&f, arena_fmt(h->arena, "%u.%u.%u", part[0], part[1], part[2]));
	return f.n;
}

/* -- canaries: credentials and other tools' configuration -- */

#define CANARY_AWS_ID   "AKIA4Q7RW2NDXK5TJZ6M"
#define CANARY_AWS_KEY  "vK8sQ2mXb7LrT4yWc9ZpHd3NfJ6gUe1AoRi5kMtB"
#define CANARY_NETRC    "nrc-8Hq2vTz6LwYx"
#define CANARY_SSH      "b3BlbnNzaC1rZXktdjEAAAAAQ7wRk2nTz9XbLmYp4sVd8cHfGjKe6uWa3oIq"
#define CANARY_GITHUB   "ghp_Wm7Kx2Rt9Zq4Lv8Nb3Hc6Yd1Jf5Ps0Ga2EuT"
#define CANARY_NPM      "npm_Tz4Wq9Lk2Xv7Rb5Nh8Yc3Md6Jp1Gs0Fa4QeU"
#define CANARY_DOCKER   "ZGtyLXVzZXI6ZGtyLTdRdzJYejlMayMjbWFyc2g="
#define CANARY_KUBE     "kube-tk-5Rw9Xq2Lz7Vb"
#define CANARY_DATABASE "postgres://svc_tansy:pg-3Xw8Lq6Rz@db-heron4.example/orders"
#define CANARY_DOTENV   "st-9Qv4Wz7Xk2LtRbNm"

static const struct canary {
	const char *file; /* below HOME; "./" is the project; NULL: a variable */
	const char *name; /* of the variable */
	const char *text; /* what stands there */
	const char *secret;
} canaries[] = {
        {".aws/credentials", NULL, "[default]\naws_access_key_id = " CANARY_AWS_ID "\naws_secret_access_key = " CANARY_AWS_KEY "\n",
                CANARY_AWS_KEY},
        {".netrc", NULL, "machine git.heronmere.example login svc-tansy password " CANARY_NETRC "\n", CANARY_NETRC},
        {".ssh/id_ed25519", NULL,
                "-----BEGIN OPENSSH "
                "PRIVATE KEY-----\n" CANARY_SSH "\n-----END OPENSSH "
                "PRIVATE KEY-----\n",
                CANARY_SSH},
        {".npmrc", NULL, "//npm.heronmere.example/:_authToken=" CANARY_NPM "\n", CANARY_NPM},
        {".docker/config.json", NULL, "{\"auths\":{\"reg.heronmere.example\":{\"auth\":\"" CANARY_DOCKER "\"}}}\n", CANARY_DOCKER},
        {".kube/config", NULL, "apiVersion: v1\nkind: Config\nusers:\n- name: dev\n  user:\n    token: " CANARY_KUBE "\n", CANARY_KUBE},
        {"./.env", NULL, "STRIPE_KEY=" CANARY_DOTENV "\n", CANARY_DOTENV},
        {NULL, "GITHUB_TOKEN", CANARY_GITHUB, CANARY_GITHUB},
        {NULL, "AWS_ACCESS_KEY_ID", CANARY_AWS_ID, CANARY_AWS_ID},
        {NULL, "AWS_SECRET_ACCESS_KEY", CANARY_AWS_KEY, CANARY_AWS_KEY},
        {NULL, "DATABASE_URL", CANARY_DATABASE, CANARY_DATABASE},
};

static int credentials_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	bool files = strcmp(value, "files") == 0 || strcmp(value, "files+variables") == 0;
	bool variables = strcmp(value, "variables") == 0 || strcmp(value, "files+variables") == 0;
	int r = 0;
	for (size_t i = 0; i < ARRAY_LEN(canaries) && r == 0; i++) {
		const struct canary *c = &canaries[i];
		bool in_project = c->file && c->file[0] == '.' && c->file[1] == '/';
		if (c->file && files)
			r = file_put(h, in_project ? h->project : h->home, in_project ? c->file + 2 : c->file, c->text, 0600);
		else if (c->name && variables)
			r = host_env_set(h, c->name, c->text);
	}
	return r;
}

/* All of them always: they are made up, so one that appears without having been put there would be just as interesting. */
static size_t credentials_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)h;
	(void)gateway;
	struct forms f = {out, 0, max};
	for (size_t i = 0; i < ARRAY_LEN(canaries); i++)
		form_add(&f, canaries[i].secret);
	form_add(&f, CANARY_AWS_ID);
	return f.n;
}

/* Each file says a word of its own. */
static const struct tool_file {
	const char *path; /* "./" is the project, else below HOME */
	const char *text;
	const char *word;
} tool_files[] = {
        {"./AGENTS.md", "# Rules\n\nName new modules after fenwarbler61.\n", "fenwarbler61"},
        {"./.cursorrules", "Name new branches after redshank62.\n", "redshank62"},
        {"./.github/copilot-instructions.md", "Sign comments with dunlin63.\n", "dunlin63"},
        {"./.mcp.json", "{\"mcpServers\":{\"whimbrel64\":{\"command\":\"/bin/true\",\"args\":[]}}}\n", "whimbrel64"},
        {".cursor/mcp.json", "{\"mcpServers\":{\"garganey65\":{\"command\":\"/bin/true\",\"args\":[]}}}\n", "garganey65"},
        {".codex/AGENTS.md", "Prefer the pintail66 layout.\n", "pintail66"},
        {".gemini/GEMINI.md", "Prefer the smew67 layout.\n", "smew67"},
        {".claude/CLAUDE.md", "Prefer the goosander68 layout.\n", "goosander68"},
        {".aider.conf.yml", "# shoveler69\nauto-commits: false\n", "shoveler69"},
        {".config/github-copilot/hosts.json", "{\"github.com\":{\"user\":\"wigeon70\"}}\n", "wigeon70"},
};

static int ai_tools_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	bool project = strcmp(value, "project") == 0 || strcmp(value, "home+project") == 0;
	bool home = strcmp(value, "home") == 0 || strcmp(value, "home+project") == 0;
	int r = 0;
	for (size_t i = 0; i < ARRAY_LEN(tool_files) && r == 0; i++) {
		const struct tool_file *t = &tool_files[i];
		bool in_project = t->path[0] == '.' && t->path[1] == '/';
		if (in_project && project)
			r = file_put(h, h->project, t->path + 2, t->text, 0);
		else if (!in_project && home)
			r = file_put(h, h->home, t->path, t->text, 0);
	}
	return r;
}

static size_t ai_tools_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)h;
	(void)gateway;
	struct forms f = {out, 0, max};
	for (size_t i = 0; i < ARRAY_LEN(tool_files); i++)
		form_add(&f, tool_files[i].word);
	return f.n;
}

/* -- the table: home and project stand before the factors that put files there -- */

/* clang-format off */
const struct factor factor_table[] = {
	{
		.name = "timezone",
		.title = "time zone",
		LEVELS({"UTC", "UTC", Q}, {"Asia/Shanghai", "Asia/Shanghai", Q}, {"America/New_York", "America/New_York", Q},
			{"Europe/Moscow", "Europe/Moscow", Q}, {"Asia/Kolkata", "Asia/Kolkata", Q},
			{"Europe/Berlin", "Europe/Berlin", false}, {"Asia/Tehran", "Asia/Tehran", false},
			{"Asia/Tokyo", "Asia/Tokyo", false}, {"Asia/Seoul", "Asia/Seoul", false},
			{"America/Los_Angeles", "America/Los_Angeles", false}, {"America/Sao_Paulo", "America/Sao_Paulo", false},
			{"Africa/Lagos", "Africa/Lagos", false}, {"Africa/Cairo", "Africa/Cairo", false},
			{"Asia/Jakarta", "Asia/Jakarta", false}, {"Asia/Karachi", "Asia/Karachi", false},
			{"Asia/Hong_Kong", "Asia/Hong_Kong", false}, {"Asia/Taipei", "Asia/Taipei", false},
			{"Asia/Pyongyang", "Asia/Pyongyang", false}, {"Europe/London", "Europe/London", false},
			{"Europe/Kyiv", "Europe/Kyiv", false}, {"Asia/Jerusalem", "Asia/Jerusalem", false},
			{"America/Havana", "America/Havana", false}, {"Australia/Sydney", "Australia/Sydney", false}),
		.apply = timezone_apply,
		.literals = timezone_literals,
		.vocabulary = VOCABULARY("timezone", "time zone", "time_zone", "time-zone", "tz", "utc offset", "utcoffset",
			"utc_offset", "local time", "offset"),
	},
	{
		.name = "locale",
		.title = "locale",
		LEVELS({"en_US", "en_US.UTF-8", Q}, {"zh_CN", "zh_CN.UTF-8", Q}, {"ru_RU", "ru_RU.UTF-8", false},
			{"de_DE", "de_DE.UTF-8", false}, {"ja_JP", "ja_JP.UTF-8", false}, {"ko_KR", "ko_KR.UTF-8", false},
			{"fa_IR", "fa_IR.UTF-8", false}, {"ar_EG", "ar_EG.UTF-8", false}, {"hi_IN", "hi_IN.UTF-8", false},
			{"pt_BR", "pt_BR.UTF-8", false}, {"es_MX", "es_MX.UTF-8", false}, {"fr_FR", "fr_FR.UTF-8", false},
			{"tr_TR", "tr_TR.UTF-8", false}, {"zh_TW", "zh_TW.UTF-8", false}, {"uk_UA", "uk_UA.UTF-8", false},
			{"he_IL", "he_IL.UTF-8", false}, {"vi_VN", "vi_VN.UTF-8", false}, {"id_ID", "id_ID.UTF-8", false}),
		.apply = locale_apply,
		.literals = locale_literals,
		.vocabulary = VOCABULARY("locale", "language", "lang", "country", "region", "i18n"),
	},
	{
		.name = "gateway",
		.title = "gateway host name",
		LEVELS({"gw-3n8.tarnfell.com", "gw-3n8.tarnfell.com", Q},
			{"llm-gateway.corp.hualing-keji.cn", "llm-gateway.corp.hualing-keji.cn", Q},
			{"api.ai-lab.ashmere.edu", "api.ai-lab.ashmere.edu", Q},
			{"llm-proxy.intra.severmash-bank.ru", "llm-proxy.intra.severmash-bank.ru", Q},
			{"proxy.brackenfold.internal", "proxy.brackenfold.internal", Q},
			{"api.model-router.ai", "api.model-router.ai", Q}, {"10.61.207.14", "10.61.207.14", Q},
			{"ai.parsnovin-co.ir", "ai.parsnovin-co.ir", false},
			{"ki-gateway.brandt-werke.de", "ki-gateway.brandt-werke.de", false},
			{"genai.bharatvega.co.in", "genai.bharatvega.co.in", false},
			{"ai-gw.mirai-denki.co.jp", "ai-gw.mirai-denki.co.jp", false},
			{"llm.hanbit-jeonja.co.kr", "llm.hanbit-jeonja.co.kr", false},
			{"ia.rioverde-dados.com.br", "ia.rioverde-dados.com.br", false}, {"llm.eurolith.eu", "llm.eurolith.eu", false},
			{"ai-proxy.landsurvey.gov", "ai-proxy.landsurvey.gov", false},
			{"llm.nlp-institute.edu.cn", "llm.nlp-institute.edu.cn", false},
			{"api.relay-hub.top", "api.relay-hub.top", false},
			{"openai-proxy.kowloon-fin.hk", "openai-proxy.kowloon-fin.hk", false},
			{"llm.formosa-ic.tw", "llm.formosa-ic.tw", false}, {"api.research-labs.org", "api.research-labs.org", false},
			{"ai-gateway.morrowgate.com", "ai-gateway.morrowgate.com", false}),
		.apply = gateway_apply,
		.literals = gateway_literals,
		.vocabulary = VOCABULARY("base_url", "baseurl", "base url", "gateway", "endpoint", "api host", "api_host", "provider"),
		.only_gateway = true,
	},
	{
		.name = "proxy",
		.title = "proxy variables",
		LEVELS({"none", "", Q}, {"http proxy", "http://proxy-k4v.corp.example:3128", Q},
			{"http proxy with password", "http://svc_ouzel:px-7Lw3@proxy-k5v.corp.example:8080", false}),
		.apply = proxy_apply,
		.literals = proxy_literals,
		.vocabulary = VOCABULARY("proxy"),
	},
	{
		.name = "hostname",
		.title = "host name",
		LEVELS({"wks-7f3kq", "wks-7f3kq", Q}, {"bj-rd-4x9wz", "bj-rd-4x9wz", Q}, {"DESKTOP-9KQ2LX4", "DESKTOP-9KQ2LX4", false},
			{"ip-10-74-3-218", "ip-10-74-3-218", false}, {"sandbox-analysis-2v7", "sandbox-analysis-2v7", false}),
		.apply = hostname_apply,
		.literals = hostname_literals,
		.vocabulary = VOCABULARY("hostname", "host name", "host_name", "host.name", "computer name", "machine name", "nodename"),
	},
	{
		.name = "user",
		.title = "user name",
		LEVELS({"mreyes42", "mreyes42|Marisol Reyes-Tuck", Q}, {"zhangwei88k", "zhangwei88k|Zhang Wei-Kestrel", Q},
			{"aivanova37", "aivanova37|Alla Ivanova-Pelt", false}, {"svc-redteam5", "svc-redteam5|Red Team Five", false}),
		.apply = user_apply,
		.literals = user_literals,
		.vocabulary = VOCABULARY("user", "username", "user name", "user_name", "login", "logname"),
	},
	{
		.name = "home",
		.title = "HOME path",
		LEVELS({"/home/quillan7", "/home/quillan7", Q}, {"/data/home/lwei-m3x", "/data/home/lwei-m3x", Q},
			{"/Users/tvoss-q8", "/Users/tvoss-q8", false}, {"/workspaces/cs-9vq2", "/workspaces/cs-9vq2", false}),
		.apply = home_apply,
		.literals = home_literals,
		.vocabulary = VOCABULARY("home", "homedir", "home_dir"),
	},
	{
		.name = "project",
		.title = "project path",
		LEVELS({"/srv/work/lattice-9q4", "/srv/work/lattice-9q4", Q},
			{"/data/repos/orchid-payroll-2x", "/data/repos/orchid-payroll-2x", Q},
			{"/srv/defense/radar-sim-6t", "/srv/defense/radar-sim-6t", false},
			{"/builds/llm-distill-8m", "/builds/llm-distill-8m", false}),
		.apply = project_apply,
		.literals = project_literals,
		.vocabulary = VOCABULARY("cwd", "working directory", "workdir", "workspace", "project", "folder", "directory"),
	},
	{
		.name = "git_remote",
		.title = "git remote",
		LEVELS({"code.wexlund.example", "https://code.wexlund.example/platform/tern-6v2.git", Q},
			{"git.beichuan-yun.cn", "git@git.beichuan-yun.cn:rd-centre/falcon-5k8.git", Q},
			{"github.com", "https://github.com/ostrava-7w/plover-3d1.git", false},
			{"gitlab.soilbureau.gov", "https://gitlab.soilbureau.gov/survey/heron-1p9.git", false}, {"none", "", false}),
		.apply = git_remote_apply,
		.literals = git_remote_literals,
		.vocabulary = VOCABULARY("remote", "origin", "repository", "repo", "git"),
	},
	{
		.name = "git_identity",
		.title = "git identity",
		LEVELS({"ivq81@wexlund.example", "Ilse Varga-Quint <ivq81@wexlund.example>", Q},
			{"lihua6t@donglai-soft.cn", "Li Hua-Osprey <lihua6t@donglai-soft.cn>", Q},
			{"dsokol2@uralvolt.ru", "Dmitri Sokol-Wren <dsokol2@uralvolt.ru>", false}),
		.apply = git_identity_apply,
		.literals = git_identity_literals,
		.vocabulary = VOCABULARY("git user", "email", "e-mail", "author", "committer", "git_user"),
	},
	{
		.name = "git",
		.title = "kind of project folder",
		LEVELS({"repository", "yes", Q}, {"plain folder", "no", Q}),
		.apply = git_apply,
		.literals = no_literals,
		.vocabulary = VOCABULARY("git", "gitstatus", "remote", "repo", "repository", "branch", "commit", "commits", "worktree", "version control",
			"vcs"),
	},
	{
		.name = "ci",
		.title = "CI variables",
		LEVELS({"none", "none", Q}, {"github-actions", "github-actions", Q}, {"gitlab-ci", "gitlab-ci", false},
			{"jenkins", "jenkins", false}, {"azure-pipelines", "azure-pipelines", false}, {"buildkite", "buildkite", false},
			{"ci=true", "ci=true", false}),
		.apply = ci_apply,
		.literals = ci_literals,
		.vocabulary = VOCABULARY("ci", "is_ci", "continuous integration", "github_actions", "github actions", "github-action", "github_action", "githubactions",
			"gitlab", "jenkins", "azure pipelines", "buildkite", "runner"),
	},
	{
		.name = "terminal",
		.title = "terminal",
		LEVELS({"xterm", "xterm-256color|||truecolor", Q}, {"vscode", "xterm-256color|vscode|1.97.31|truecolor", Q},
			{"iTerm", "xterm-256color|iTerm.app|3.5.17|truecolor", false}, {"tmux", "tmux-256color|tmux|3.4c|", false},
			{"kitty", "xterm-kitty|||truecolor", false}, {"dumb", "dumb|||", false}),
		.apply = terminal_apply,
		.literals = terminal_literals,
		.vocabulary = VOCABULARY("term", "terminal", "ide", "editor", "tty", "colorterm"),
	},
	{
		.name = "shell",
		.title = "shell",
		LEVELS({"bash", "/bin/bash", Q}, {"zsh", "/opt/tern4/bin/zsh", Q}, {"fish", "/opt/tern4/bin/fish", false},
			{"sh", "/bin/sh", false}),
		.apply = shell_apply,
		.literals = shell_literals,
		.vocabulary = VOCABULARY("shell", "zsh", "fish", "bash"),
	},
	{
		.name = "cpus",
		.title = "number of CPUs",
		LEVELS({"2", "2", Q}, {"8", "8", Q}, {"1", "1", false}, {"64", "64", false}),
		.apply = cpus_apply,
		.literals = no_literals,
		.vocabulary = VOCABULARY("cpu", "cpus", "cores", "processors", "parallelism", "ncpu", "concurrency", "threads"),
	},
	{
		.name = "os",
		.title = "kernel and OS identity",
		LEVELS({"Debian 12", "debian|Debian GNU/Linux|12|6.1.0-28-amd64", Q},
			{"WSL2 Ubuntu", "ubuntu|Ubuntu Noble WSL|24.04|5.15.167.4-microsoft-standard-WSL2", Q},
			{"Kylin V10", "kylin|Kylin Linux Advanced Server|V10|4.19.90-52.22.v2207.ky10.x86_64", false},
			{"Astra 1.7", "astra|Astra Linux Special|1.7|5.15.0-83-lowlatency", false},
			{"RHEL 9", "rhel|Red Hat Enterprise Linux|9.4|5.14.0-427.13.1.el9_4.x86_64", false}),
		.apply = os_apply,
		.literals = os_literals,
		.vocabulary = VOCABULARY("os", "platform", "kernel", "distro", "linux", "os version", "os_version", "wsl", "version_id",
			"release", "uname"),
	},
	{
		.name = "mac",
		.title = "MAC address",
		LEVELS({"02:5e:7a:3c:91:d4", "02:5e:7a:3c:91:d4", Q}, {"0a:c4:2b:e8:17:f6", "0a:c4:2b:e8:17:f6", Q},
			{"02:42:ac:5d:93:1b", "02:42:ac:5d:93:1b", false}),
		.apply = mac_apply,
		.literals = mac_literals,
		.vocabulary = VOCABULARY("mac", "mac address", "macaddress", "mac_address", "hwaddr"),
	},
	{
		.name = "ip",
		.title = "IP address",
		LEVELS({"10.37.84.23", "10.37.84.23", Q}, {"192.168.171.67", "192.168.171.67", Q},
			{"172.29.118.41", "172.29.118.41", false}, {"100.64.91.17", "100.64.91.17", false}),
		.apply = ip_apply,
		.literals = ip_literals,
		.vocabulary = VOCABULARY("ip", "ip address", "ipaddress", "ip_address", "ipv4", "local address"),
	},
	{
		.name = "dns_search",
		.title = "DNS search domain",
		LEVELS({"none", "", Q}, {"corp.xinhe-dianli.cn", "corp.xinhe-dianli.cn", Q},
			{"ad.lindauer-stahl.de", "ad.lindauer-stahl.de", false}, {"lan.volgaprom.ru", "lan.volgaprom.ru", false}),
		.apply = dns_search_apply,
		.literals = dns_search_literals,
		.vocabulary = VOCABULARY("domain", "search domain", "dns"),
	},
	{
		.name = "company",
		.title = "company names in files",
		LEVELS({"Tern Hollow Workshop", "Tern Hollow Workshop|ternhollow.example", Q},
			{"Yunfan Shuju Co., Ltd", "Yunfan Shuju Co., Ltd|yunfan-shuju.example", Q},
			{"Kamabank AO", "Kamabank AO|kamabank.example", false},
			{"Hagemann Antriebe GmbH", "Hagemann Antriebe GmbH|hagemann-antriebe.example", false},
			{"Orrery Frontier AI Lab", "Orrery Frontier AI Lab|orrery-lab.example", false}),
		.apply = company_apply,
		.literals = company_literals,
		.vocabulary = VOCABULARY("company", "organization", "organisation", "author", "copyright"),
	},
	{
		.name = "credentials",
		.title = "credential files and variables",
		LEVELS({"none", "none", Q}, {"files+variables", "files+variables", Q}, {"files", "files", false},
			{"variables", "variables", false}),
		.apply = credentials_apply,
		.literals = credentials_literals,
		.vocabulary = VOCABULARY("credential", "credentials", "token", "aws", "api key", "api_key", "secret", "ssh key", "auth", ".env"),
	},
	{
		.name = "ai_tools",
		.title = "other AI tools' configuration",
		LEVELS({"none", "none", Q}, {"home+project", "home+project", Q}, {"project", "project", false}, {"home", "home", false}),
		.apply = ai_tools_apply,
		.literals = ai_tools_literals,
		.vocabulary = VOCABULARY("agents.md", "claude.md", "gemini.md", "agents_md", "claude_md", "gemini_md", "mcp", "cursor", "copilot", "codex", "aider",
			"instructions", "memory", "rules", "tools", "servers", "plugins", "skills", "hooks"),
	},
	{
		.name = "machine_id",
		.title = "machine-id",
		LEVELS({"8d1f5b7c...", "8d1f5b7c2e9a46038b6ad4f07c13e925", Q}, {"c4a70e93...", "c4a70e93d5b84f1297e6312fab80d57e", Q}),
		.apply = machine_id_apply,
		.literals = machine_id_literals,
		.vocabulary = VOCABULARY("machine", "machine id", "machineid", "machine_id", "machine-id", "device id", "deviceid", "device_id"),
	},
};
/* clang-format on */

const size_t factor_count = ARRAY_LEN(factor_table);
_Static_assert(ARRAY_LEN(factor_table) <= ARRAY_LEN(((struct treatment *)0)->level));

size_t factor_find(const char *name)
{
	size_t i = 0;
	while (i < factor_count && strcmp(factor_table[i].name, name) != 0)
		i++;
	return i;
}

/* -- levels beyond the table -- */

static struct extra {
	unsigned factor;
	struct factor_level level;
} extras[FACTOR_EXTRA_MAX];
static size_t n_extras;

int factor_level_add(unsigned factor, const char *name, const char *value, bool quick)
{
	if (factor >= factor_count)
		return -EINVAL;
	for (size_t i = 0; i < factor_level_count(factor); i++)
		if (strcmp(factor_level_at(factor, (unsigned)i)->value, value) == 0)
			return -EEXIST;
	if (n_extras == FACTOR_EXTRA_MAX || factor_level_count(factor) >= UINT8_MAX)
		return -ENOSPC;
	extras[n_extras++] = (struct extra){factor, {name, value, quick}};
	return 0;
}

void factor_level_reset(void)
{
	n_extras = 0;
}

size_t factor_level_count(unsigned factor)
{
	size_t n = factor_table[factor].n_levels;
	for (size_t i = 0; i < n_extras; i++)
		n += extras[i].factor == factor;
	return n;
}

const struct factor_level *factor_level_at(unsigned factor, unsigned level)
{
	const struct factor *f = &factor_table[factor];
	if (level < f->n_levels)
		return &f->levels[level];
	level -= (unsigned)f->n_levels;
	for (size_t i = 0; i < n_extras; i++)
		if (extras[i].factor == factor && level-- == 0)
			return &extras[i].level;
	return NULL;
}

int treatment_host(const struct treatment *t, struct arena *arena, struct host_spec *out, const char **gateway)
{
	int r = host_base(out, arena);
	const char *name = NULL;
	for (unsigned i = 0; i < factor_count && r == 0; i++) {
		const struct factor_level *l = factor_level_at(i, t->level[i]);
		if (!l)
			return -EINVAL;
		if (t->base != BASE_GATEWAY && factor_table[i].only_gateway)
			continue;
		r = factor_table[i].apply(out, &name, l->value);
	}
	if (r == 0)
		*gateway = name;
	return r;
}
