/* The working environment: continuous integration, terminal, shell, processors, operating system. */
#include "vet/factor_part.h"

#include <errno.h>
#include <stdio.h>

static const struct factor_variable ci_github[] = {{"CI", "true"}, {"GITHUB_ACTIONS", "true"},
        {"GITHUB_REPOSITORY", "halvard-k31/ledgerline"}, {"GITHUB_REPOSITORY_OWNER", "halvard-k31"}, {"GITHUB_ACTOR", "bot-teasel8"},
        {"GITHUB_RUN_ID", "71902836455"}, {"GITHUB_WORKFLOW", "nightly-brae5"}, {"GITHUB_REF", "refs/heads/main"},
        {"GITHUB_SERVER_URL", "https://github.com"}, {"RUNNER_OS", "Linux"}, {"RUNNER_NAME", "runner-fen904"}};
static const struct factor_variable ci_gitlab[] = {{"CI", "true"}, {"GITLAB_CI", "true"}, {"CI_PROJECT_PATH", "brenner-k32/saltmarsh"},
        {"CI_SERVER_HOST", "gitlab.brenner-k32.example"}, {"CI_JOB_ID", "8830174621"}, {"GITLAB_USER_LOGIN", "bot-sorrel9"}};
static const struct factor_variable ci_jenkins[] = {{"CI", "true"}, {"JENKINS_URL", "http://jenkins.tamarack-k33.example/"},
        {"BUILD_ID", "40718"}, {"JOB_NAME", "moorland-k33"}, {"BUILD_TAG", "jenkins-moorland-k33-40718"}, {"NODE_NAME", "exec-larch33"}};
static const struct factor_variable ci_azure[] = {{"TF_BUILD", "True"}, {"AGENT_NAME", "pool-willow34"},
        {"BUILD_REPOSITORY_NAME", "orrin-k34"}, {"SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "https://dev.azure.com/orrin-k34/"}};
static const struct factor_variable ci_buildkite[] = {
        {"CI", "true"}, {"BUILDKITE", "true"}, {"BUILDKITE_ORGANIZATION_SLUG", "quarrel-k35"}, {"BUILDKITE_BUILD_ID", "0192f7a1-k35"}};
static const struct factor_variable ci_plain[] = {{"CI", "true"}};

static const struct ci_kind {
	const char *name;
	const struct factor_variable *vars;
	size_t n;
} ci_kinds[] = {
        {"github-actions", ci_github, ARRAY_LEN(ci_github)},
        {"gitlab-ci", ci_gitlab, ARRAY_LEN(ci_gitlab)},
        {"jenkins", ci_jenkins, ARRAY_LEN(ci_jenkins)},
        {"azure-pipelines", ci_azure, ARRAY_LEN(ci_azure)},
        {"buildkite", ci_buildkite, ARRAY_LEN(ci_buildkite)},
        {"ci=true", ci_plain, ARRAY_LEN(ci_plain)},
};

int ci_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	for (size_t i = 0; i < ARRAY_LEN(ci_kinds); i++)
		if (strcmp(value, ci_kinds[i].name) == 0)
			return factor_env_put(h, ci_kinds[i].vars, ci_kinds[i].n);
	return strcmp(value, "none") == 0 ? 0 : -EINVAL;
}

size_t ci_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	for (size_t i = 0; i < ARRAY_LEN(ci_kinds); i++) {
		for (size_t j = 0; j < ci_kinds[i].n; j++) {
			const struct factor_variable *p = &ci_kinds[i].vars[j];
			const char *here = host_env_get(h, p->name);
			/* Only values that can come from nowhere else: with a digit in them. */
			if (here && strcmp(here, p->value) == 0 && strpbrk(here, "0123456789") && strlen(here) >= 5)
				factor_form_add(&f, here);
		}
	}
	return f.n;
}

/* "address port": the person came from there over SSH, to an address that a router translates. */
static int put_ssh(struct host_spec *h, struct slice from)
{
	const char *client = arena_fmt(h->arena, "%.*s 22", SLICE_FMT(from));
	const char *connection = arena_fmt(h->arena, "%.*s 203.0.113.88 22", SLICE_FMT(from));
	if (!client || !connection)
		return -ENOMEM;
	return factor_env_put(
	        h, (struct factor_variable[]){{"SSH_CLIENT", client}, {"SSH_CONNECTION", connection}, {"SSH_TTY", "/dev/pts/3"}}, 3);
}

/* "TERM|TERM_PROGRAM|version|COLORTERM", and "|address port" of where the person is, if that is elsewhere. */
int terminal_apply(struct host_spec *h, const char **gateway, const char *value)
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
	return slice_split(&rest, '|', &part) && part.n ? put_ssh(h, part) : 0;
}

size_t terminal_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	factor_form_add(&f, host_env_get(h, "TERM_PROGRAM"));
	factor_form_add(&f, host_env_get(h, "TERM_PROGRAM_VERSION"));
	const char *term = host_env_get(h, "TERM"), *client = host_env_get(h, "SSH_CLIENT");
	if (term && strchr(term, '-'))
		factor_form_add(&f, term);
	if (client)
		factor_form_add(&f, arena_str(h->arena, factor_until(client, ' ')));
	return f.n;
}

/* A path of a shell. Only bash is there for certain, so the others are links to it: the tool must be able to run what SHELL says. */
int shell_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	h->shell = value;
	int r = host_env_set(h, "SHELL", value);
	if (r == 0 && strncmp(value, "/opt/", 5) == 0)
		r = host_file_set(h, &(struct host_file){.path = value, .link = "/bin/bash"});
	return r;
}

size_t shell_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	factor_form_add(&f, h->shell);
	return f.n;
}

int cpus_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	uint64_t n;
	if (!slice_u64(slice_str(value), 4096, &n))
		return -EINVAL;
	h->cpus = (unsigned)n;
	return 0;
}

/* "id|name|version|kernel" */
int os_apply(struct host_spec *h, const char **gateway, const char *value)
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

size_t os_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)gateway;
	struct factor_forms f = {out, 0, max};
	factor_form_add(&f, h->kernel_release);
	factor_form_add(&f, h->os_name);
	factor_form_add(&f, h->os_id);
	if (strlen(h->os_version) >= 5) /* "12" stands everywhere */
		factor_form_add(&f, h->os_version);
	/* "24.04" as a version of three numbers, as libraries that tell systems apart write it: 24.4.0. */
	unsigned part[3] = {0};
	int n = sscanf(h->os_version, "%4u.%4u.%4u", &part[0], &part[1], &part[2]);
	if (n >= 1)
		factor_form_add(&f, arena_fmt(h->arena, "%u.%u.%u", part[0], part[1], part[2]));
	return f.n;
}
