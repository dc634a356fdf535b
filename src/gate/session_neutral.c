#include "gate/session_neutral.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gate/route.h"
#include "sys/path.h"

#define ENV_MAX  512u
#define TEXT_MAX ((size_t)65536)

extern char **environ;

/* By these the programs of vendors are told of another place for their models. Inside they are not set, so that the official one is used;
 * what goes there is led to where they point. */
static const struct {
	const char *variable, *official;
} base_urls[] = {
        {"ANTHROPIC_BASE_URL", "api.anthropic.com"},
        {"OPENAI_BASE_URL", "api.openai.com/v1"},
        {"OPENAI_API_BASE", "api.openai.com/v1"},
        {"GOOGLE_GEMINI_BASE_URL", "generativelanguage.googleapis.com"},
        {"GEMINI_BASE_URL", "generativelanguage.googleapis.com"},
        {"DASHSCOPE_BASE_URL", "dashscope.aliyuncs.com/compatible-mode/v1"},
        {"DEEPSEEK_BASE_URL", "api.deepseek.com"},
        {"GROQ_BASE_URL", "api.groq.com"},
        {"MISTRAL_BASE_URL", "api.mistral.ai"},
        {"OPENROUTER_BASE_URL", "openrouter.ai/api/v1"},
        {"XAI_BASE_URL", "api.x.ai/v1"},
};

/* Folders of the system whose contents, or their names, tell of the machine and its people. Those that are not there do no harm. */
static const char *const telling[] = {"/boot", "/lost+found", "/var/backups", "/var/lib/AccountsService", "/var/lib/NetworkManager",
        "/var/lib/cloud", "/var/lib/dbus", "/var/lib/dhcp", "/var/lib/sss", "/var/lib/systemd", "/var/log", "/var/mail", "/var/spool"};

/* Covered or made by the sandbox already, so that nothing of the real ones is seen. */
static const char *const private_places[] = {"/home", "/root", "/tmp", "/run", "/var/tmp", "/dev/shm"};

static bool below(const char *path, const char *folder)
{
	size_t n = strlen(folder);
	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == 0);
}

int neutral_new(struct arena *arena, const struct session_spec *spec, struct neutral *out, struct err *err)
{
	char home[PATH_MAX], project[PATH_MAX];
	*out = (struct neutral){.arena = arena, .what = policy_settings(spec->policy)->neutral.value, .spec = spec};
	if (!(out->what & POLICY_NEUTRAL_PATHS))
		return 0;
	if (!realpath(spec->home, home))
		return err_sys(err, -errno, "cannot use the home %s", spec->home);
	if (spec->project && !realpath(spec->project, project))
		return err_sys(err, -errno, "cannot use the project %s", spec->project);
	if (spec->project && below(home, project))
		return err_set(err, -EINVAL,
		        "the home lies in the project %s, so neither can be shown elsewhere (paths stay with neutral: "
		        "[time_zone, locale, host, user, proxy, machine, requests])",
		        project);
	out->moves[out->n_moves++] = (struct sandbox_move){.from = arena_str(arena, slice_str(home)), .to = NEUTRAL_HOME};
	if (spec->project)
		out->moves[out->n_moves++] = (struct sandbox_move){.from = arena_str(arena, slice_str(project)), .to = NEUTRAL_PROJECT};
	for (size_t i = 0; i < out->n_moves; i++)
		if (!out->moves[i].from)
			return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

/* ── paths ── */

/* back: from inside to outside. The longest that fits. */
static const struct sandbox_move *move_of(const struct neutral *n, const char *path, bool back)
{
	const struct sandbox_move *best = NULL;
	for (size_t i = 0; i < n->n_moves; i++) {
		const struct sandbox_move *m = &n->moves[i];
		if (below(path, back ? m->to : m->from) && (!best || strlen(back ? m->to : m->from) > strlen(back ? best->to : best->from)))
			best = m;
	}
	return best;
}

const char *neutral_inside(const struct neutral *n, const char *path)
{
	const struct sandbox_move *m = move_of(n, path, false);
	return m ? arena_fmt(n->arena, "%s%s", m->to, path + strlen(m->from)) : path;
}

const char *neutral_outside(const struct neutral *n, const char *path, char *out, size_t size)
{
	const struct sandbox_move *m = move_of(n, path, true);
	if (!m)
		return path;
	int k = snprintf(out, size, "%s%s", m->from, path + strlen(m->to));
	return k > 0 && (size_t)k < size ? out : NULL;
}

const char *neutral_text(const struct neutral *n, const char *text)
{
	_cleanup_buf_ struct buf out = BUF(TEXT_MAX);
	if (!n->n_moves || !strchr(text, '/'))
		return text;
	const char *p = text;
	bool begin = true;
	while (*p) {
		if (begin && *p == '/') {
			size_t end = strcspn(p, ":= \t\n\"'");
			char *one = arena_str(n->arena, slice_of(p, end));
			const char *inside = one ? neutral_inside(n, one) : NULL;
			if (!inside)
				return NULL;
			buf_str_add(&out, inside);
			p += end;
			begin = false;
			continue;
		}
		begin = *p == '=' || *p == ':' || *p == ' ' || *p == '\t' || *p == '\n' || *p == '"' || *p == '\'';
		buf_u8(&out, (uint8_t)*p++);
	}
	return buf_error(&out) ? NULL : arena_str(n->arena, buf_slice(&out));
}

static bool is_private(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(private_places); i++)
		if (below(path, private_places[i]))
			return true;
	return false;
}

/* Is anything in there that the tool is to have: another path, a folder of PATH, the program? */
static bool is_needed(const struct neutral *n, const char *folder, const struct sandbox_path *path, size_t n_paths)
{
	const char *search = getenv("PATH"), *program = session_program(n->arena, n->spec->argv[0]);
	struct slice rest = slice_str(search ? search : ""), one;
	if (program && below(program, folder))
		return true;
	while (slice_split(&rest, ':', &one)) {
		const char *s = arena_str(n->arena, one);
		if (s && below(s, folder))
			return true;
	}
	for (size_t i = 0; i < n_paths; i++)
		if (path[i].mode != SANDBOX_HIDE && below(path[i].path, folder) &&
		        strcmp(neutral_inside(n, path[i].path), path[i].path) == 0)
			return true;
	return false;
}

static int hide(const char *what, struct sandbox_path *path, size_t *n_paths, size_t max, struct err *err)
{
	if (!what || *n_paths == max)
		return err_set(err, what ? -E2BIG : -ENOMEM, "%s", what ? "there are more paths than can be shown" : "out of memory");
	path[(*n_paths)++] = (struct sandbox_path){.path = what, .mode = SANDBOX_HIDE, .optional = true};
	return 0;
}

int neutral_hide(const struct neutral *n, struct sandbox_path *path, size_t *n_paths, size_t max, struct err *err)
{
	static const char *const large[] = {
	        "/", "/usr", "/opt", "/srv", "/var", "/etc", "/var/lib", "/usr/local", "/usr/src", "/mnt", "/media"};
	int r = 0;
	for (size_t i = 0; r == 0 && i < n->n_moves; i++) {
		const char *from = n->moves[i].from, *slash = strrchr(from, '/');
		if (is_private(from) || (i && below(from, n->moves[0].from)))
			continue;
		/* The folder that it lies in has its name, and those of its neighbours, which are the person's or others'. */
		const char *above = arena_str(n->arena, slice_of(from, (size_t)(slash - from)));
		bool too_large = !above || !*above || is_needed(n, above, path, *n_paths);
		for (size_t k = 0; k < ARRAY_LEN(large) && !too_large; k++)
			too_large = strcmp(above, large[k]) == 0;
		r = hide(too_large ? from : above, path, n_paths, max, err);
	}
	for (size_t i = 0; r == 0 && (n->what & POLICY_NEUTRAL_HOST) && i < ARRAY_LEN(telling); i++)
		if (!is_needed(n, telling[i], path, *n_paths))
			r = hide(telling[i], path, n_paths, max, err);
	return r;
}

/* ── files ── */

static bool put_file(struct sandbox_file *files, size_t *n_files, const char *path, const char *text)
{
	files[(*n_files)++] = (struct sandbox_file){.path = path, .data = slice_str(text)};
	return text != NULL;
}

/* The real one, where it is not to be neutral. */
static const char *real_file(const struct neutral *n, const char *path)
{
	_cleanup_buf_ struct buf b = BUF((size_t)1 << 20);
	return path_read(AT_FDCWD, path, &b) < 0 ? NULL : arena_str(n->arena, buf_slice(&b));
}

static const char *real_link(const struct neutral *n, const char *path)
{
	char to[PATH_MAX];
	ssize_t k = readlink(path, to, sizeof(to));
	return k > 0 ? arena_str(n->arena, slice_of(to, (size_t)k)) : NULL;
}

bool neutral_files(const struct neutral *n, struct sandbox_file *files, size_t *n_files)
{
	/* As hosttree has them; a group of one, because of the others nothing could be said. */
	static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
	                             "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
	static const char group[] = "root:x:0:\nnogroup:x:65534:\n";
	bool host = n->what & POLICY_NEUTRAL_HOST, user = n->what & POLICY_NEUTRAL_USER;
	if (!(n->what & NEUTRAL_IDENTITY))
		return true;
	const char *home = n->what & POLICY_NEUTRAL_PATHS ? NEUTRAL_HOME : n->spec->home, *text;
	text = user ? arena_fmt(n->arena, "%s%s:x:%d:%d:%s:%s:" NEUTRAL_SHELL "\n", passwd, NEUTRAL_USER, NEUTRAL_UID, NEUTRAL_UID, "User",
	                      home)
	            : real_file(n, "/etc/passwd");
	if (text)
		put_file(files, n_files, "/etc/passwd", text);
	text = user ? arena_fmt(n->arena, "%s%s:x:%d:\n", group, NEUTRAL_USER, NEUTRAL_UID) : real_file(n, "/etc/group");
	if (text)
		put_file(files, n_files, "/etc/group", text);
	text = host ? NEUTRAL_HOST "\n" : real_file(n, "/etc/hostname");
	if (text)
		put_file(files, n_files, "/etc/hostname", text);
	text = host ? "127.0.0.1\tlocalhost\n127.0.1.1\t" NEUTRAL_HOST "\n::1\tlocalhost ip6-localhost ip6-loopback\n"
	            : real_file(n, "/etc/hosts");
	if (text)
		put_file(files, n_files, "/etc/hosts", text);
	/* The digest of nothing: an id that everybody has is none. */
	text = host ? "d41d8cd98f00b204e9800998ecf8427e\n" : real_file(n, "/etc/machine-id");
	if (text)
		put_file(files, n_files, "/etc/machine-id", text);
	bool good = put_file(files, n_files, "/etc/nsswitch.conf",
	        "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\nprotocols: files\nservices: files\n");
	good &= put_file(files, n_files, "/etc/shells", "/bin/sh\n/bin/bash\n/usr/bin/bash\n");
	good &= put_file(files, n_files, "/etc/profile", "export PATH=/usr/local/bin:/usr/bin:/bin\n");
	bool zone = n->what & POLICY_NEUTRAL_TIME_ZONE;
	text = zone ? "/usr/share/zoneinfo/Etc/UTC" : real_link(n, "/etc/localtime");
	if (text)
		files[(*n_files)++] = (struct sandbox_file){.path = "/etc/localtime", .link = text};
	text = zone ? "Etc/UTC\n" : real_file(n, "/etc/timezone");
	if (text)
		put_file(files, n_files, "/etc/timezone", text);
	files[(*n_files)++] = (struct sandbox_file){.path = "/etc/mtab", .link = "../proc/self/mounts"};
	files[(*n_files)++] = (struct sandbox_file){.path = "/etc/os-release", .link = "../usr/lib/os-release"};
	return good;
}

const struct host_spec *neutral_machine(const struct neutral *n)
{
	struct host_spec *h = n->what & POLICY_NEUTRAL_MACHINE ? arena_alloc(n->arena, sizeof(*h)) : NULL;
	if (!h || host_base(h, n->arena) < 0)
		return NULL;
	h->hostname = NEUTRAL_HOST;
	h->os_id = "linux";
	h->os_name = "Linux";
	h->kernel_release = NEUTRAL_KERNEL;
	h->cpus = NEUTRAL_CPUS;
	return h;
}

/* ── environment ── */

/* Of the program that a script names by env(1): "#!/usr/bin/env node". "" if it is none. */
static void interpreter(const char *program, char out[128])
{
	char line[256] = "";
	_cleanup_fd_ int fd = open(program, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t k = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	out[0] = 0;
	if (k > 2 && sscanf(line, "#! /usr/bin/env -S %127s", out) != 1 && sscanf(line, "#! /usr/bin/env %127[^- \t\n]", out) != 1)
		out[0] = 0;
}

/* The folders of the caller's PATH by which the command and its interpreter are found, and the usual ones. Which others there are is of a
 * person's own choosing. */
static const char *search_path(const struct neutral *n)
{
	static const char usual[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	const char *word = n->spec->argv[0], *program = session_program(n->arena, word), *given = getenv("PATH");
	char by[128] = "";
	_cleanup_buf_ struct buf out = BUF(TEXT_MAX);
	struct slice rest = slice_str(given ? given : ""), one;
	if (program)
		interpreter(program, by);
	const char *names[] = {strchr(word, '/') ? "" : word, by};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		rest = slice_str(given ? given : "");
		while (names[i][0] && slice_split(&rest, ':', &one)) {
			const char *folder = arena_str(n->arena, one), *at = arena_fmt(n->arena, "%.*s/%s", SLICE_FMT(one), names[i]);
			if (!folder || !at || folder[0] != '/' || access(at, X_OK) < 0)
				continue;
			bool known = false;
			struct slice all = slice_str(usual), u;
			while (slice_split(&all, ':', &u))
				known = known || slice_is(u, folder);
			if (!known) {
				buf_str_add(&out, neutral_inside(n, folder));
				buf_u8(&out, ':');
			}
			break;
		}
	}
	buf_str_add(&out, usual);
	return buf_error(&out) ? NULL : arena_fmt(n->arena, "PATH=%s", buf_str(&out));
}

static bool is_base_url(const char *variable)
{
	for (size_t i = 0; i < ARRAY_LEN(base_urls); i++) {
		size_t k = strlen(base_urls[i].variable);
		if (strncmp(variable, base_urls[i].variable, k) == 0 && variable[k] == '=')
			return true;
	}
	return false;
}

/* Variables that are neutral, and the part that they belong to. */
static bool made_neutral(const struct neutral *n, const char *variable)
{
	static const struct {
		const char *name;
		unsigned part;
	} table[] = {{"TZ", POLICY_NEUTRAL_TIME_ZONE}, {"LANG", POLICY_NEUTRAL_LOCALE}, {"LANGUAGE", POLICY_NEUTRAL_LOCALE},
	        {"LC_*", POLICY_NEUTRAL_LOCALE}, {"USER", POLICY_NEUTRAL_USER}, {"LOGNAME", POLICY_NEUTRAL_USER},
	        {"SHELL", POLICY_NEUTRAL_USER}, {"TERM", POLICY_NEUTRAL_USER}, {"HOME", POLICY_NEUTRAL_PATHS},
	        {"PATH", POLICY_NEUTRAL_PATHS}, {"PWD", POLICY_NEUTRAL_PATHS}, {"COLUMNS", 0}, {"LINES", 0}};
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (session_env_fits(variable, table[i].name))
			return n->what & table[i].part;
	/* What else there is was chosen by a person. */
	return n->what & POLICY_NEUTRAL_USER;
}

char *const *neutral_env(
        const struct neutral *n, const struct supervisor_credential *credential, size_t n_credentials, const char *canary, struct err *err)
{
	const char **env = arena_array(n->arena, ENV_MAX + 1, sizeof(*env));
	size_t k = 0;
	bool hidden = n->what & POLICY_NEUTRAL_PROXY;
	if (!env) {
		(void)err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	const char *bundle = n->what & NEUTRAL_IDENTITY ? NEUTRAL_CA_FILE : SESSION_CA_BUNDLE;
	for (size_t i = 0; i < session_env_authority_n; i++)
		env[k++] = arena_fmt(n->arena, "%s=%s", session_env_authority[i][0], hidden ? bundle : session_env_authority[i][1]);
	if (!hidden)
		env[k++] = "POSTERN_GATE=1";
	const struct {
		unsigned part;
		const char *variable;
	} shown[] = {{POLICY_NEUTRAL_TIME_ZONE, "TZ=" NEUTRAL_ZONE}, {POLICY_NEUTRAL_LOCALE, "LANG=" NEUTRAL_LOCALE},
	        {POLICY_NEUTRAL_LOCALE, "LC_ALL=" NEUTRAL_LOCALE}, {POLICY_NEUTRAL_USER, "USER=" NEUTRAL_USER},
	        {POLICY_NEUTRAL_USER, "LOGNAME=" NEUTRAL_USER}, {POLICY_NEUTRAL_USER, "SHELL=" NEUTRAL_SHELL},
	        {POLICY_NEUTRAL_USER, "TERM=" NEUTRAL_TERM}, {POLICY_NEUTRAL_PATHS, "HOME=" NEUTRAL_HOME},
	        {POLICY_NEUTRAL_PATHS, arena_fmt(n->arena, "PWD=%s", neutral_inside(n, n->spec->cwd))},
	        {POLICY_NEUTRAL_PATHS, search_path(n)}};
	/* Who names one wants it as it is. */
	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		if ((n->what & shown[i].part) && !(shown[i].variable && session_env_named(shown[i].variable, n->spec)))
			env[k++] = shown[i].variable;
	for (size_t i = 0; i < n_credentials && k < ENV_MAX; i++)
		if (credential[i].c->variable)
			env[k++] = arena_fmt(n->arena, "%s=%s", credential[i].c->variable, credential[i].placeholder);
	if (canary && k < ENV_MAX)
		env[k++] = arena_fmt(n->arena, "%s=%s", SESSION_CANARY, canary);
	size_t made = k;
	for (char **v = environ; *v && k < ENV_MAX; v++) {
		bool ours = false, named = session_env_named(*v, n->spec);
		for (size_t i = 0; i < made && !ours; i++)
			ours = env[i] && strncmp(env[i], *v, strcspn(*v, "=") + 1) == 0;
		if (ours || (hidden && is_base_url(*v)) || (!named && (made_neutral(n, *v) || !session_env_ordinary(*v))))
			continue;
		env[k++] = neutral_text(n, *v);
	}
	for (size_t i = 0; i < k; i++)
		if (!env[i]) {
			(void)err_set(err, -ENOMEM, "out of memory");
			return NULL;
		}
	return (char *const *)(uintptr_t)env;
}

/* ── upstreams ── */

static int put_upstream(const struct neutral *n, const char *official, const char *url, const char *from,
        void (*note)(void *arg, const char *text), void *arg, struct buf *out, struct err *err)
{
	struct route r;
	int e = route_parse(official, url, &r);
	if (e < 0)
		return err_set(err, e, "%.60s: %s", from, r.why);
	route_write(&r, out);
	const char *text = arena_fmt(n->arena, "what goes to %s goes to %s", r.from_host, r.to_host);
	if (text && note && strcmp(r.from_host, r.to_host) != 0)
		note(arg, text);
	return buf_error(out) ? err_set(err, -ENOMEM, "out of memory") : 0;
}

int neutral_upstreams(const struct neutral *n, void (*note)(void *arg, const char *text), void *arg, struct buf *out, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && n->spec->upstreams && n->spec->upstreams[i]; i++) {
		const char *rule = n->spec->upstreams[i], *equals = strchr(rule, '=');
		const char *official = equals ? arena_str(n->arena, slice_of(rule, (size_t)(equals - rule))) : NULL;
		if (!official)
			return err_set(err, -EINVAL, "%.100s is not HOST=URL, as in api.example.com=https://gateway.example.org", rule);
		r = put_upstream(n, official, equals + 1, "--upstream", note, arg, out, err);
	}
	for (size_t i = 0; r == 0 && (n->what & POLICY_NEUTRAL_PROXY) && i < ARRAY_LEN(base_urls); i++) {
		const char *url = getenv(base_urls[i].variable);
		if (url && *url)
			r = put_upstream(n, base_urls[i].official, url, base_urls[i].variable, note, arg, out, err);
	}
	return r;
}
