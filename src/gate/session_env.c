#include "gate/session_env.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "sys/path.h"

#define ENV_MAX 512u
#define KEY_MAX ((size_t)16384)

extern char **environ;

/* Variables of the caller's that go in; "X*": all that begin so. */
static const char *const ordinary[] = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "TERM_PROGRAM*", "COLUMNS", "LINES",
        "LANG", "LANGUAGE", "LC_*", "TZ", "EDITOR", "VISUAL", "PAGER", "LESS", "NO_COLOR", "FORCE_COLOR", "CI", "GIT_AUTHOR_*",
        "GIT_COMMITTER_*", "NODE_ENV", "NVM_DIR", "GOPATH", "GOROOT", "JAVA_HOME", "CARGO_HOME", "RUSTUP_HOME", "VIRTUAL_ENV",
        "PYTHONUNBUFFERED", "MAKEFLAGS", "CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS", "PKG_CONFIG_PATH"};

/* By what programs find the authority: OpenSSL, Go, Ruby, Perl; Node; Python's requests; curl; git; pip; cargo; Deno; AWS. */
const char *const session_env_authority[][2] = {
        {"SSL_CERT_FILE", SESSION_CA_BUNDLE},
        {"NODE_EXTRA_CA_CERTS", SESSION_CA_FILE},
        {"REQUESTS_CA_BUNDLE", SESSION_CA_BUNDLE},
        {"CURL_CA_BUNDLE", SESSION_CA_BUNDLE},
        {"GIT_SSL_CAINFO", SESSION_CA_BUNDLE},
        {"PIP_CERT", SESSION_CA_BUNDLE},
        {"CARGO_HTTP_CAINFO", SESSION_CA_BUNDLE},
        {"DENO_CERT", SESSION_CA_FILE},
        {"AWS_CA_BUNDLE", SESSION_CA_BUNDLE},
        {"npm_config_cafile", SESSION_CA_BUNDLE},
};
const size_t session_env_authority_n = ARRAY_LEN(session_env_authority);

bool session_env_fits(const char *variable, const char *name)
{
	size_t n = strlen(name), equals = strcspn(variable, "=");
	if (n && name[n - 1] == '*')
		return equals >= n - 1 && strncmp(variable, name, n - 1) == 0;
	return equals == n && strncmp(variable, name, n) == 0;
}

bool session_env_named(const char *variable, const struct session_spec *spec)
{
	for (size_t i = 0; spec->keep_env && spec->keep_env[i]; i++)
		if (session_env_fits(variable, spec->keep_env[i]))
			return true;
	return false;
}

bool session_env_ordinary(const char *variable)
{
	for (size_t i = 0; i < ARRAY_LEN(ordinary); i++)
		if (session_env_fits(variable, ordinary[i]))
			return true;
	return false;
}

char *const *session_env(struct arena *arena, const struct session_spec *spec, const struct supervisor_credential *credential,
        size_t n_credentials, const char *canary, struct err *err)
{
	char **env = arena_array(arena, ENV_MAX + 1, sizeof(*env));
	size_t n = 0;
	if (!env) {
		(void)err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < session_env_authority_n; i++)
		env[n++] = arena_fmt(arena, "%s=%s", session_env_authority[i][0], session_env_authority[i][1]);
	env[n++] = arena_fmt(arena, "POSTERN_GATE=1");
	for (size_t i = 0; i < n_credentials && n < ENV_MAX; i++)
		if (credential[i].c->variable)
			env[n++] = arena_fmt(arena, "%s=%s", credential[i].c->variable, credential[i].placeholder);
	if (canary)
		env[n++] = arena_fmt(arena, "%s=%s", SESSION_CANARY, canary);
	size_t made = n;
	for (char **v = environ; *v && n < ENV_MAX; v++) {
		bool ours = false;
		for (size_t i = 0; i < made && !ours; i++)
			ours = env[i] && strncmp(env[i], *v, strcspn(*v, "=") + 1) == 0;
		if (!ours && (session_env_named(*v, spec) || session_env_ordinary(*v)))
			env[n++] = arena_str(arena, slice_str(*v));
	}
	for (size_t i = 0; i < n; i++)
		if (!env[i]) {
			(void)err_set(err, -ENOMEM, "out of memory");
			return NULL;
		}
	return env;
}

const char *session_program(struct arena *arena, const char *word)
{
	char real[PATH_MAX];
	if (strchr(word, '/'))
		return realpath(word, real) ? arena_str(arena, slice_str(real)) : NULL;
	const char *path = getenv("PATH");
	struct slice rest = slice_str(path ? path : "/usr/local/bin:/usr/bin:/bin"), folder;
	while (slice_split(&rest, ':', &folder)) {
		const char *at = arena_fmt(arena, "%.*s/%s", SLICE_FMT(folder), word);
		struct stat st;
		if (at && stat(at, &st) == 0 && S_ISREG(st.st_mode) && access(at, X_OK) == 0)
			return realpath(at, real) ? arena_str(arena, slice_str(real)) : NULL;
	}
	return NULL;
}

void session_digest(const char *path, char out[65])
{
	uint8_t piece[65536], sum[DIGEST_MAX];
	struct digest_stream *d = NULL;
	_cleanup_buf_ struct buf hex = BUF(80);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = -1;
	out[0] = 0;
	if (fd < 0 || digest_stream_new(DIGEST_SHA256, &d) < 0)
		return;
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		if (digest_stream_add(d, slice_of(piece, (size_t)n)) < 0)
			break;
	if (digest_stream_end(d, sum) < 0 || n != 0)
		return;
	encode_hex(&hex, slice_of(sum, 32));
	(void)snprintf(out, 65, "%s", buf_str(&hex));
}

struct sandbox_limits session_limits(const struct policy_settings *set)
{
	const struct policy_value *v = set->limit;
#define GIVEN(which)  (v[which].value == UINT64_MAX ? 0 : v[which].value)
#define NUMBER(which) (unsigned)(GIVEN(which) > UINT_MAX ? UINT_MAX : GIVEN(which))
	return (struct sandbox_limits){
	        .seconds = NUMBER(POLICY_LIMIT_SECONDS),
	        .cpu_seconds = NUMBER(POLICY_LIMIT_CPU_SECONDS),
	        .processes = NUMBER(POLICY_LIMIT_PROCESSES),
	        .memory_bytes = GIVEN(POLICY_LIMIT_MEMORY),
	        .files = NUMBER(POLICY_LIMIT_OPEN_FILES),
	        .file_bytes = GIVEN(POLICY_LIMIT_FILE_BYTES),
	};
#undef NUMBER
#undef GIVEN
}

/* ── credentials ── */

/* The first line of what the person's command says. */
static int run_command(const struct policy_credential *c, struct buf *out)
{
	int p[2], status = 0;
	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0) {
		sigset_t none;
		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		(void)dup2(p[1], 1);
		(void)execvp(c->argv[0], (char *const *)(uintptr_t)c->argv);
		_exit(127);
	}
	(void)close(p[1]);
	for (;;) {
		uint8_t *to = buf_room(out, 1024);
		ssize_t n = to ? read(p[0], to, 1024) : -1;
		if (n < 0 && to && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		out->n += (size_t)n;
	}
	(void)close(p[0]);
	if (pid < 0)
		return -EAGAIN;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static int read_key(struct arena *arena, const struct policy_credential *c, const char **out, struct err *err)
{
	_cleanup_buf_ struct buf b = BUF(KEY_MAX);
	int r = 0;
	if (c->source == POLICY_SOURCE_ENV) {
		const char *v = getenv(c->from);
		buf_str_add(&b, v ? v : "");
	} else if (c->source == POLICY_SOURCE_FILE) {
		r = path_read(AT_FDCWD, c->from, &b);
	} else if (c->source == POLICY_SOURCE_COMMAND) {
		r = run_command(c, &b);
	}
	struct slice key = slice_trim(slice_sub(buf_slice(&b), 0, slice_chr(buf_slice(&b), '\n', 0)));
	for (size_t i = 0; i < key.n; i++)
		if (key.p[i] < 0x21 || key.p[i] > 0x7e)
			r = -EBADMSG;
	if (r < 0 || !key.n)
		return err_set(err, r < 0 ? r : -ENOENT, "%s:%u: the key of the credential %s cannot be had: %s", c->place.file,
		        c->place.line, c->name,
		        r < 0                            ? strerror(-r)
		        : c->source == POLICY_SOURCE_ENV ? "its variable is not set"
		                                         : "it is empty");
	*out = arena_str(arena, key);
	if (b.p)
		explicit_bzero(b.p, b.cap);
	return *out ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static const char *placeholder(struct arena *arena, const struct policy_credential *c)
{
	static const char mark[] = "{random}";
	uint8_t raw[24];
	_cleanup_buf_ struct buf text = BUF(64), all = BUF(4096);
	if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
		return NULL;
	encode_hex(&text, slice_of(raw, sizeof(raw)));
	const char *at = strstr(c->format, mark);
	buf_add(&all, slice_of(c->format, at ? (size_t)(at - c->format) : strlen(c->format)));
	buf_add(&all, buf_slice(&text));
	buf_str_add(&all, at ? at + sizeof(mark) - 1 : "");
	return arena_str(arena, buf_slice(&all));
}

int session_credentials(
        struct arena *arena, const struct policy_settings *set, struct supervisor_credential **out, size_t *n, struct err *err)
{
	struct supervisor_credential *list = arena_array(arena, set->n_credentials + 1, sizeof(*list));
	if (!list)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < set->n_credentials; i++) {
		list[i].c = &set->credential[i];
		int r = read_key(arena, list[i].c, &list[i].key, err);
		if (r < 0)
			return r;
		if (!(list[i].placeholder = placeholder(arena, list[i].c)))
			return err_set(err, -EIO, "no placeholder can be made");
	}
	*out = list;
	*n = set->n_credentials;
	return 0;
}
