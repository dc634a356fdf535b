/* The tables of a sandbox, each walked: system calls, places and names of secrets; the versions of Landlock; what a path means to another
 * process. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "confine/landlock.h"
#include "confine/process.h"
#include "confine/sandbox_calls.h"
#include "confine/sandbox_resolve.h"
#include "confine/sandbox_run.h"
#include "confine/secrets.h"

static void calls_are_named_once(void **state)
{
	(void)state;
	assert_true(sandbox_n_calls > 250);
	for (size_t i = 0; i < sandbox_n_calls; i++) {
		assert_in_range(sandbox_calls[i].rule, RULE_ALLOW, RULE_MKNODAT);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(sandbox_calls[i].name, sandbox_calls[k].name);
			if (sandbox_calls[i].number >= 0)
				assert_int_not_equal(sandbox_calls[i].number, sandbox_calls[k].number);
		}
	}
}

/* In a child without any rights: makes each call that is refused, and those between the table's numbers. Exit code: 0, or the row. */
static int refuse_all(void)
{
	struct err err;
	const struct sandbox_calls_options o = {0};
	bool known[600] = {0};
	if (process_drop_privileges(&err) < 0 || sandbox_calls_install(&o) < 0)
		return 255;
	for (size_t i = 0; i < sandbox_n_calls; i++) {
		const struct sandbox_call *c = &sandbox_calls[i];
		if (c->number < 0)
			continue;
		if (c->number < 600)
			known[c->number] = true;
		int wanted = c->rule == RULE_REFUSE || c->rule == RULE_DEBUG ? EPERM : c->rule == RULE_UNKNOWN ? ENOSYS : 0;
		if (!wanted)
			continue;
		errno = 0;
		if (syscall(c->number, -1l, -1l, -1l, -1l, -1l, -1l) != -1 || errno != wanted) {
			(void)fprintf(stderr, "%s: %s\n", c->name, strerror(errno));
			return 1;
		}
	}
	/* uretprobe and uprobe (x86-64, 335 and 336) pass every filter, and end whoever calls them from anywhere but the kernel's own page.
	 */
	for (long n = 0; n < 600; n++)
		if (!known[n] && n != 335 && n != 336 && (syscall(n, -1l, -1l, -1l, -1l, -1l, -1l) != -1 || errno != ENOSYS)) {
			(void)fprintf(stderr, "call %ld: %s\n", n, strerror(errno));
			return 2;
		}
	/* And what is needed to go on works. */
	return getpid() > 0 && mmap(NULL, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ? 0 : 3;
}

static void calls_are_refused(void **state)
{
	int status;
	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		_exit(refuse_all());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void places_are_below_the_home(void **state)
{
	(void)state;
	size_t n = 0;
	for (; secrets_places[n]; n++) {
		const char *p = secrets_places[n];
		assert_true(*p && *p != '/' && p[strlen(p) - 1] != '/');
		assert_null(strstr(p, ".."));
		const char *star = strchr(p, '*');
		assert_true(!star || star[1] == 0);
		for (size_t k = 0; k < n; k++)
			assert_string_not_equal(p, secrets_places[k]);
	}
	assert_true(n > 100);
}

static void names_of_secrets(void **state)
{
	static const struct {
		const char *name;
		bool folder;
		enum secret is;
	} rows[] = {{".env", false, SECRET_SURE}, {".env", true, SECRET_SURE}, {".env.local", false, SECRET_SURE},
	        {".env.example", false, SECRET_NONE}, {".env.sample", false, SECRET_NONE}, {".env.template", false, SECRET_NONE},
	        {".env.production.example", false, SECRET_NONE}, {".environment", false, SECRET_NONE}, {"env", false, SECRET_NONE},
	        {"id_rsa", false, SECRET_SURE}, {"id_rsa.pub", false, SECRET_NONE}, {"id_rsa.old", false, SECRET_PERHAPS},
	        {"x.pem", false, SECRET_PERHAPS}, {"x.p12", false, SECRET_SURE}, {".git-credentials", false, SECRET_SURE},
	        {".ssh", true, SECRET_SURE}, {".ssh", false, SECRET_NONE}, {"main.c", false, SECRET_NONE},
	        {"keyboard.ts", false, SECRET_NONE}, {"deploy_key", false, SECRET_PERHAPS}, {"README", false, SECRET_NONE},
	        {".npmrc", false, SECRET_PERHAPS}, {".netrc", false, SECRET_SURE}};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (secrets_name(rows[i].name, rows[i].folder) != rows[i].is)
			fail_msg("%s is %d", rows[i].name, secrets_name(rows[i].name, rows[i].folder));
}

static bool holds(const char *name, const char *text)
{
	_cleanup_fd_ int fd = memfd_create("content", MFD_CLOEXEC);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return secrets_in_content(fd, name);
}

static void contents(void **state)
{
	(void)state;
	assert_true(holds("x", "a\n-----BEGIN OPENSSH PRIVATE KEY-----\n"));
	assert_true(holds("x", "-----BEGIN PRIVATE KEY-----\n"));
	assert_false(holds("x", "-----BEGIN CERTIFICATE-----\n"));
	assert_false(holds("x", "-----BEGIN PUBLIC KEY-----\n"));
	assert_true(holds(".npmrc", "//host/:_authToken=x"));
	assert_false(holds(".npmrc", "registry=x"));
	assert_false(secrets_in_content(-1, "x"));
}

static void what_a_path_means(void **state)
{
	char folder[] = "/tmp/postern-unit.XXXXXX", text[4200];
	struct resolve_view v;
	struct stat a, b;
	(void)state;
	assert_non_null(mkdtemp(folder));
	_cleanup_fd_ int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(at, "sub", 0755), 0);
	assert_int_equal(symlinkat("/proc/self/exe", at, "self"), 0);
	assert_int_equal(symlinkat("../../../..", at, "sub/up"), 0);
	assert_int_equal(symlinkat("loop", at, "loop"), 0);
	assert_int_equal(resolve_open(getpid(), &v), 0);
	assert_int_equal(v.process, getpid());
	assert_int_equal(stat("/proc/self/exe", &b), 0);
	static const char *const ways[] = {"self", "sub/../self", "sub/up/proc/self/exe", "/proc/self/exe", "/proc/thread-self/exe"};
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		_cleanup_fd_ int fd = resolve_path(&v, at, ways[i]);
		assert_true(fd >= 0 && fstat(fd, &a) == 0);
		assert_int_equal(a.st_ino, b.st_ino);
	}
	assert_int_equal(resolve_path(&v, at, "loop"), -ELOOP);
	assert_int_equal(resolve_path(&v, at, "not-there"), -ENOENT);
	assert_int_equal(resolve_path(&v, 987654, "x"), -EBADF);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	assert_int_equal(resolve_path(&v, at, text), -ENAMETOOLONG);
	_cleanup_fd_ int itself = resolve_path(&v, at, "");
	assert_true(itself >= 0);
	resolve_close(&v);
	(void)unlinkat(at, "self", 0);
	(void)unlinkat(at, "loop", 0);
	(void)unlinkat(at, "sub/up", 0);
	(void)unlinkat(at, "sub", AT_REMOVEDIR);
	(void)rmdir(folder);
}

static void words(void **state)
{
	struct sandbox_level l = {0};
	(void)state;
	sandbox_level_words(&l);
	assert_non_null(strstr(l.words, "NO user namespaces"));
	assert_non_null(strstr(l.words, "NO Landlock"));
	l = (struct sandbox_level){.user_ns = true,
	        .landlock = 7,
	        .watched = true,
	        .process_limit = true,
	        .seccomp = true,
	        .no_caps = true,
	        .no_new_privs = true};
	sandbox_level_words(&l);
	assert_null(strstr(l.words, "NO"));
	assert_true(strlen(l.words) < sizeof(l.words) - 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(calls_are_named_once),
	        cmocka_unit_test(calls_are_refused),
	        cmocka_unit_test(places_are_below_the_home),
	        cmocka_unit_test(names_of_secrets),
	        cmocka_unit_test(contents),
	        cmocka_unit_test(what_a_path_means),
	        cmocka_unit_test(words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
