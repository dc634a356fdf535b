#include "attack.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

bool attack_bare;
static char note[400], look_path[4096], look_mark[100];

enum verdict attack_note(enum verdict v, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(note, sizeof(note), fmt, ap);
	va_end(ap);
	return v;
}

enum verdict attack_look(const char *path, const char *mark)
{
	(void)snprintf(look_path, sizeof(look_path), "%s", path);
	(void)snprintf(look_mark, sizeof(look_mark), "%s", mark);
	return LOOK;
}

enum verdict attack_result(long r)
{
	return r < 0 ? attack_note(HELD, "%s", strerror(errno)) : ESCAPED;
}

const char *attack_env(const char *name)
{
	char full[100];
	(void)snprintf(full, sizeof(full), "ESCAPE_%s", name);
	const char *v = getenv(full);
	return v ? v : "";
}

const char *attack_path(const char *text)
{
	static char buffers[8][4096];
	static unsigned next;
	char *to = buffers[next++ % 8], *at = to, *end = to + sizeof(buffers[0]) - 1;
	while (*text && at < end) {
		const char *close = text[0] == '$' && text[1] == '{' ? strchr(text, '}') : NULL;
		if (!close) {
			*at++ = *text++;
			continue;
		}
		char name[64];
		(void)snprintf(name, sizeof(name), "%.*s", (int)(close - text - 2), text + 2);
		for (const char *v = attack_env(name); *v && at < end; v++)
			*at++ = *v;
		text = close + 1;
	}
	*at = 0;
	return to;
}

bool attack_read(const char *path, char *to, size_t n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t got = read(fd, to, n - 1);
	int e = errno;
	(void)close(fd);
	errno = e;
	to[got > 0 ? got : 0] = 0;
	return got >= 0;
}

bool attack_write(const char *path, int flags, const char *text)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);
	if (fd < 0)
		return false;
	bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	int e = errno;
	ok = close(fd) == 0 && ok;
	errno = e;
	return ok;
}

int attack_run(char *const *argv, char *out, size_t n)
{
	int p[2], how = 0;
	if (pipe(p) < 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		(void)dup2(p[1], 1);
		if (out)
			(void)dup2(p[1], 2);
		(void)close(p[0]);
		(void)execvp(argv[0], argv);
		_exit(errno == EACCES || errno == EPERM ? 126 : 127);
	}
	(void)close(p[1]);
	size_t at = 0;
	char waste[512];
	for (;;) {
		ssize_t got = out && at + 1 < n ? read(p[0], out + at, n - 1 - at) : read(p[0], waste, sizeof(waste));
		if (got <= 0)
			break;
		at += out ? (size_t)got : 0;
	}
	if (out)
		out[at < n ? at : n - 1] = 0;
	(void)close(p[0]);
	if (pid < 0 || waitpid(pid, &how, 0) < 0)
		return -1;
	return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

static const char *const names[] = {"HELD", "ESCAPED", "LOOK", "NOT_TRIED", "WORKS", "BROKEN"};

/* One half of a case in a process of its own, so that whatever happens to it happens to nobody else. */
static const char *half(const struct attack_case *c, bool attack, char *text, size_t n)
{
	int p[2], how;
	text[0] = 0;
	if (pipe2(p, O_CLOEXEC) < 0)
		return "BROKEN";
	(void)fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		(void)alarm(15);
		enum verdict v = attack ? c->attack(c->arg) : c->benign();
		char line[8192];
		int size = snprintf(line, sizeof(line), "%s%s%s%s%s", note, v == LOOK ? "\x01" : "", v == LOOK ? look_path : "", v == LOOK ? "\x01" : "",
		        v == LOOK ? look_mark : "");
		(void)!write(p[1], line, (size_t)size);
		_exit(100 + (int)v);
	}
	(void)close(p[1]);
	size_t at = 0;
	ssize_t got;
	/* The end of the process is what counts: others may have the pipe. */
	if (pid < 0 || waitpid(pid, &how, 0) < 0)
		return "BROKEN";
	(void)fcntl(p[0], F_SETFL, O_NONBLOCK);
	while (at + 1 < n && (got = read(p[0], text + at, n - 1 - at)) > 0)
		at += (size_t)got;
	text[at] = 0;
	(void)close(p[0]);
	for (char *t = text; *t; t++)
		if (*t == '\t' || *t == '\n')
			*t = ' ';
	if (WIFSIGNALED(how)) {
		(void)snprintf(text, n, "ended by %s", strsignal(WTERMSIG(how)));
		return attack ? "HELD" : "BROKEN";
	}
	int v = WEXITSTATUS(how) - 100;
	if (attack_bare && v == LOOK) {
		/* Nobody is between us and the file. */
		char content[65536], *path = strchr(text, 1), *mark = path ? strchr(path + 1, 1) : NULL;
		if (mark) {
			*mark++ = 0;
			v = attack_read(path + 1, content, sizeof(content)) && strstr(content, mark) ? ESCAPED : HELD;
			*path = 0;
			(void)!truncate(path + 1, 0);
		}
	}
	if (v < 0 || v >= (int)COUNT(names)) {
		(void)snprintf(text, n, "ended with %d", WEXITSTATUS(how));
		return attack ? "HELD" : "BROKEN";
	}
	return names[v];
}

/* attack [--bare] [--no-benign] [ID-PREFIX…]: a line a case: id, family, feature, verdict, note, verdict of the twin, its note, what. A note
 * may end in \1 PATH \1 MARK. */
int main(int argc, char **argv)
{
	const struct attack_family *families[] = {&exec_family, &files_family, &secrets_family, &deferred_family, &processes_family, &ipc_family, kernel_family(),
	        sockets_family()};
	bool benign = true;
	int first = 1;
	/* Started by hand it would attack the machine that it is on: what is not named would be the root of the file system. */
	static const char *const surroundings[] = {"ESCAPE_PROJECT", "ESCAPE_HOME", "ESCAPE_OUTSIDE", "ESCAPE_FORBIDDEN", "ESCAPE_PERMITTED"};
	for (size_t i = 0; i < COUNT(surroundings); i++)
		if (!getenv(surroundings[i]) || strncmp(getenv(surroundings[i]), "/", 1) != 0 || strchr(getenv(surroundings[i]) + 1, '/') == NULL) {
			(void)fprintf(stderr, "attack: %s is not set: this is started by tests/integration/gate_escape.sh, and by nobody else\n", surroundings[i]);
			return 2;
		}
	(void)signal(SIGPIPE, SIG_IGN);
	for (; first < argc && argv[first][0] == '-'; first++) {
		attack_bare |= strcmp(argv[first], "--bare") == 0;
		benign &= strcmp(argv[first], "--no-benign") != 0;
	}
	for (size_t f = 0; f < COUNT(families); f++)
		for (size_t i = 0; i < families[f]->n; i++) {
			const struct attack_case *c = &families[f]->cases[i];
			char a[8192], b[8192] = "";
			bool wanted = first >= argc;
			for (int k = first; k < argc; k++)
				wanted |= strncmp(c->id, argv[k], strlen(argv[k])) == 0;
			if (!wanted)
				continue;
			const char *va = half(c, true, a, sizeof(a)), *vb = benign ? half(c, false, b, sizeof(b)) : "-";
			(void)printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c->id, families[f]->name, c->feature, va, a[0] ? a : "-", vb, b[0] ? b : "-", c->what);
			(void)fflush(stdout);
		}
	return 0;
}
