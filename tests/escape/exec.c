/* What a rule forbids to run (the program FORBIDDEN, by its content) run all the same. It ends with 43; its permitted twin with 42. */
#include "attack.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOADER "/lib64/ld-linux-x86-64.so.2"

static enum verdict ran(int code)
{
	return code == 43 ? ESCAPED : code == 42 ? attack_note(NOT_TRIED, "something else ran") : attack_note(HELD, "code %d", code);
}

/* A command line: NULL-terminated words, with variables. */
static enum verdict command(const void *arg)
{
	const char *const *words = arg;
	char *argv[16];
	size_t n = 0;
	for (; words[n] && n < 15; n++)
		argv[n] = strdup(attack_path(words[n]));
	argv[n] = NULL;
	return ran(attack_run(argv, NULL, 0));
}

static bool copy_file(const char *from, const char *to, const char *more)
{
	char b[65536];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	ssize_t n;
	bool ok = in >= 0 && out >= 0;
	while (ok && (n = read(in, b, sizeof(b))) > 0)
		ok = write(out, b, (size_t)n) == n;
	if (ok && more)
		ok = write(out, more, strlen(more)) == (ssize_t)strlen(more);
	(void)close(in);
	(void)close(out);
	return ok;
}

static const char *forbidden(void)
{
	return attack_env("FORBIDDEN");
}

static enum verdict run_one(const char *path)
{
	char *argv[] = {(char *)path, NULL};
	enum verdict v = ran(attack_run(argv, NULL, 0));
	(void)unlink(path);
	return v;
}

static enum verdict copied(const void *arg)
{
	const char *to = attack_path("${PROJECT}/harmless");
	if (!copy_file(forbidden(), to, arg))
		return attack_note(HELD, "it cannot be copied: %s", strerror(errno));
	return run_one(to);
}

static enum verdict linked(const void *arg)
{
	const char *to = attack_path("${PROJECT}/linked");
	(void)unlink(to);
	if ((arg ? symlink(forbidden(), to) : link(forbidden(), to)) < 0)
		return attack_note(HELD, "no link: %s", strerror(errno));
	return run_one(to);
}

static int wait_for(pid_t pid)
{
	int how = 0;
	return pid > 0 && waitpid(pid, &how, 0) == pid && WIFEXITED(how) ? WEXITSTATUS(how) : 1;
}

static char *const empty_argv[] = {(char *)"harmless", NULL};

static enum verdict by_descriptor(const void *arg)
{
	int fd = open(forbidden(), O_RDONLY | (arg ? O_PATH : 0));
	pid_t pid = fork();
	if (pid == 0) {
		(void)syscall(SYS_execveat, fd, "", empty_argv, environ, AT_EMPTY_PATH);
		_exit(1);
	}
	return ran(wait_for(pid));
}

static enum verdict by_memory(const void *arg)
{
	char path[64];
	int fd = memfd_create("harmless", 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || !copy_file(forbidden(), path, arg ? "x" : NULL))
		return attack_note(HELD, "no copy in memory: %s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0) {
		(void)syscall(SYS_execveat, fd, "", empty_argv, environ, AT_EMPTY_PATH);
		(void)execv(path, empty_argv);
		_exit(1);
	}
	return ran(wait_for(pid));
}

static enum verdict by_nameless_file(const void *arg)
{
	char path[64];
	(void)arg;
	int fd = open(attack_env("PROJECT"), O_TMPFILE | O_RDWR, 0755);
	if (fd < 0)
		return attack_note(NOT_TRIED, "no file without a name here: %s", strerror(errno));
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!copy_file(forbidden(), path, NULL))
		return attack_note(HELD, "%s", strerror(errno));
	/* Only for reading, or nobody could run it. */
	int again = open(path, O_RDONLY);
	(void)close(fd);
	pid_t pid = fork();
	if (pid == 0) {
		(void)syscall(SYS_execveat, again, "", empty_argv, environ, AT_EMPTY_PATH);
		_exit(1);
	}
	return ran(wait_for(pid));
}

/* A program whose first instructions end it with 43: no library, and no call before that by which somebody could notice it. */
static bool write_bare(const char *to)
{
	struct {
		Elf64_Ehdr e;
		Elf64_Phdr p;
		uint8_t code[16];
	} file = {.e = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
	                  .e_type = ET_EXEC,
	                  .e_version = EV_CURRENT,
	                  .e_phoff = sizeof(Elf64_Ehdr),
	                  .e_ehsize = sizeof(Elf64_Ehdr),
	                  .e_phentsize = sizeof(Elf64_Phdr),
	                  .e_phnum = 1,
#if defined(__x86_64__)
	                  .e_machine = EM_X86_64},
		/* mov $60, %eax; mov $43, %edi; syscall */
	        .code = {0xb8, 60, 0, 0, 0, 0xbf, 43, 0, 0, 0, 0x0f, 0x05}
#else
	                  .e_machine = EM_AARCH64},
		/* mov x8, #93; mov x0, #43; svc #0 */
	        .code = {0xa8, 0x0b, 0x80, 0xd2, 0x60, 0x05, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4}
#endif
	};
	file.e.e_entry = 0x400000 + offsetof(typeof(file), code);
	file.p = (Elf64_Phdr){.p_type = PT_LOAD,
	        .p_flags = PF_R | PF_X,
	        .p_vaddr = 0x400000,
	        .p_filesz = sizeof(file),
	        .p_memsz = sizeof(file),
	        .p_align = 0x1000};
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	bool ok = fd >= 0 && write(fd, &file, sizeof(file)) == (ssize_t)sizeof(file);
	(void)close(fd);
	return ok;
}

/* Checked as one thing, run as another: the path changes its meaning, or the bytes of it do. */
static volatile bool racing;
static char raced_path[2][4096];
static char raced_text[4096];
static void *swap_files(void *arg)
{
	(void)arg;
	while (racing)
		(void)syscall(SYS_renameat2, AT_FDCWD, raced_path[0], AT_FDCWD, raced_path[1], 2);
	return NULL;
}
static void *swap_text(void *arg)
{
	(void)arg;
	while (racing) {
		(void)memcpy(raced_text, raced_path[0], sizeof(raced_text));
		(void)memcpy(raced_text, raced_path[1], sizeof(raced_text));
	}
	return NULL;
}
static void *swap_bytes(void *arg)
{
	while (racing) {
		(void)copy_file(attack_env("PERMITTED"), raced_path[0], NULL);
		(void)usleep(200);
		(void)(arg ? write_bare(raced_path[0]) : copy_file(forbidden(), raced_path[0], NULL));
		(void)usleep(200);
	}
	return NULL;
}

static enum verdict race(void *(*fn)(void *), void *arg, const char *run)
{
	pthread_t t;
	volatile int tries = 0;
	racing = true;
	if (pthread_create(&t, NULL, fn, arg) != 0)
		return attack_note(NOT_TRIED, "no thread");
	volatile enum verdict v = HELD;
	for (; tries < 150 && v != ESCAPED; tries++) {
		pid_t pid = vfork();
		if (pid == 0) {
			(void)syscall(SYS_execve, run, empty_argv, environ);
			_exit(1);
		}
		if (wait_for(pid) == 43)
			v = ESCAPED;
	}
	racing = false;
	(void)pthread_join(t, NULL);
	return attack_note(v, "%d tries", tries);
}

static enum verdict swapped(const void *arg)
{
	(void)snprintf(raced_path[0], sizeof(raced_path[0]), "%s/race-a", attack_env("PROJECT"));
	(void)snprintf(raced_path[1], sizeof(raced_path[1]), "%s/race-b", attack_env("PROJECT"));
	if (!copy_file(attack_env("PERMITTED"), raced_path[0], NULL) ||
	        !(arg ? write_bare(raced_path[1]) : copy_file(forbidden(), raced_path[1], NULL)))
		return attack_note(NOT_TRIED, "%s", strerror(errno));
	enum verdict v = race(swap_files, NULL, raced_path[0]);
	(void)unlink(raced_path[0]);
	(void)unlink(raced_path[1]);
	return v;
}

static enum verdict pointed(const void *arg)
{
	(void)snprintf(raced_path[0], sizeof(raced_path[0]), "%s", attack_env("PERMITTED"));
	(void)snprintf(raced_path[1], sizeof(raced_path[1]), "%s", forbidden());
	if (arg) {
		(void)snprintf(raced_path[1], sizeof(raced_path[1]), "%s/race-bare", attack_env("PROJECT"));
		if (!write_bare(raced_path[1]))
			return attack_note(NOT_TRIED, "%s", strerror(errno));
	}
	(void)memcpy(raced_text, raced_path[0], sizeof(raced_text));
	return race(swap_text, NULL, raced_text);
}

static enum verdict overwritten(const void *arg)
{
	/* A program written over, in place, between being judged and being run: the kernel refuses that only once it runs. Text busy is held. */
	(void)snprintf(raced_path[0], sizeof(raced_path[0]), "%s/race-over", attack_env("PROJECT"));
	if (!copy_file(attack_env("PERMITTED"), raced_path[0], NULL))
		return attack_note(NOT_TRIED, "%s", strerror(errno));
	enum verdict v = race(swap_bytes, (void *)(uintptr_t)arg, raced_path[0]);
	(void)unlink(raced_path[0]);
	return v;
}

static enum verdict from_thread(const void *arg)
{
	/* Not the first thread. */
	(void)arg;
	pid_t pid = fork();
	if (pid == 0) {
		pid_t inner = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0L);
		if (inner == 0) {
			(void)execl(forbidden(), "harmless", NULL);
			_exit(1);
		}
		_exit(wait_for(inner));
	}
	return ran(wait_for(pid));
}

static enum verdict as_interpreter(const void *arg)
{
	const char *to = attack_path("${PROJECT}/as-interpreter");
	char text[4200];
	(void)snprintf(text, sizeof(text), "#!%s%s%s\n", arg ? LOADER : "", arg ? " " : "", forbidden());
	(void)unlink(to);
	if (!attack_write(to, O_WRONLY | O_CREAT, text) || chmod(to, 0755) < 0)
		return attack_note(NOT_TRIED, "%s", strerror(errno));
	return run_one(to);
}

static enum verdict after_many(const void *arg)
{
	char text[8192] = "";
	(void)arg;
	for (int i = 0; i < 60; i++)
		(void)strncat(text, "true; ", sizeof(text) - strlen(text) - 1);
	(void)strncat(text, forbidden(), sizeof(text) - strlen(text) - 1);
	char *argv[] = {(char *)"sh", (char *)"-c", text, NULL};
	return ran(attack_run(argv, NULL, 0));
}

static enum verdict mapped(const void *arg)
{
	/* Its code without exec: mapped from the file. What rules forbid to run may still be read; where they forbid to load, it shows here. */
	(void)arg;
	char *argv[] = {(char *)LOADER, (char *)"--inhibit-cache", (char *)"--library-path", (char *)"/lib", (char *)forbidden(), NULL};
	return ran(attack_run(argv, NULL, 0));
}

static enum verdict preload(const void *arg)
{
	(void)arg;
	char *argv[] = {(char *)"env", NULL, (char *)attack_env("PERMITTED"), NULL};
	char text[4200];
	(void)snprintf(text, sizeof(text), "LD_PRELOAD=%s.so", forbidden());
	argv[1] = text;
	int code = attack_run(argv, NULL, 0);
	return code == 42 ? attack_note(HELD, "the other ran without it") : ran(code);
}

#define RUN(name, what, ...)                                                                                    \
	{                                                                                                       \
		"exec/" name, "seccomp notify", what, command, (const char *const[]){__VA_ARGS__, NULL}, benign_permitted \
	}
#define DO(name, what, fn, arg, twin)                                      \
	{                                                                  \
		"exec/" name, "seccomp notify", what, fn, arg, benign_##twin \
	}
static const struct attack_case cases[] = {
        RUN("direct", "by its path", "${FORBIDDEN}"),
        RUN("proc_root", "by /proc/self/root", "/proc/self/root${FORBIDDEN}"),
        RUN("dots", "by a path with dots", "/usr/../${FORBIDDEN}"),
        RUN("loader", "by the loader", LOADER, "${FORBIDDEN}"),
        RUN("loader_argv0", "by the loader with another name", LOADER, "--argv0", "true", "${FORBIDDEN}"),
        RUN("loader_copy", "by a copy of the loader", "sh", "-c", "cp " LOADER " ${PROJECT}/ld; ${PROJECT}/ld ${FORBIDDEN}"),
        RUN("shell", "by a shell", "sh", "-c", "${FORBIDDEN}"),
        RUN("shell_exec", "by a shell's exec", "sh", "-c", "exec ${FORBIDDEN}"),
        RUN("background", "in the background", "sh", "-c", "${FORBIDDEN} & wait $!"),
        RUN("substitution", "in a substitution of bash", "bash", "-c", "x=$(${FORBIDDEN}); exit $?"),
        RUN("process_substitution", "as a process of bash that writes a file", "bash", "-c", "cat <(${FORBIDDEN}; echo $? >${PROJECT}/code); exit $(cat ${PROJECT}/code)"),
        RUN("pipe", "in a pipe", "bash", "-c", "true | ${FORBIDDEN}; exit ${PIPESTATUS[1]}"),
        RUN("env", "by env", "env", "${FORBIDDEN}"),
        RUN("nice", "by nice", "nice", "${FORBIDDEN}"),
        RUN("timeout", "by timeout", "timeout", "5", "${FORBIDDEN}"),
        RUN("nohup", "by nohup", "nohup", "${FORBIDDEN}"),
        RUN("setsid", "by setsid", "setsid", "-w", "${FORBIDDEN}"),
        RUN("xargs", "by xargs", "sh", "-c", "echo ${FORBIDDEN} | xargs -n1 sh -c 'exec $0'; test $? = 123 || exit 1; ${FORBIDDEN}"),
        RUN("find", "by find", "sh", "-c", "find ${FORBIDDEN} -exec {} \\; ; ${FORBIDDEN}"),
        RUN("python", "by an interpreter", "python3", "-c", "import os; os.execv('${FORBIDDEN}', ['x'])"),
        RUN("python_spawn", "by an interpreter's subprocess", "python3", "-c", "import subprocess, sys; sys.exit(subprocess.call(['${FORBIDDEN}']))"),
        RUN("perl", "by perl", "perl", "-e", "exec '${FORBIDDEN}'"),
        DO("copied", "copied", copied, NULL, permitted),
        DO("copied_longer", "copied with a byte more: another digest", copied, "x", permitted),
        DO("symlink", "by a symbolic link with another name", linked, "x", symlink),
        DO("hardlink", "by a hard link with another name", linked, NULL, hardlink),
        DO("fexecve", "by a descriptor", by_descriptor, NULL, permitted),
        DO("fexecve_path", "by a descriptor that cannot be read", by_descriptor, "x", permitted),
        DO("memfd", "from memory", by_memory, NULL, memfd),
        DO("memfd_longer", "from memory, with a byte more", by_memory, "x", memfd),
        DO("nameless", "from a file without a name", by_nameless_file, NULL, file),
        DO("swapped", "judged, then exchanged, then run", swapped, NULL, many),
        DO("pointed", "judged by a name that is then another", pointed, NULL, many),
        DO("overwritten", "judged, then written over, then run", overwritten, NULL, script),
        DO("swapped_bare", "exchanged for one that ends at once", swapped, "x", many),
        DO("pointed_bare", "by a name that is then that of one that ends at once", pointed, "x", many),
        DO("overwritten_bare", "written over by one that ends at once", overwritten, "x", script),
        DO("thread", "from a second process that shares nothing", from_thread, NULL, thread),
        DO("interpreter", "as the interpreter of a script", as_interpreter, NULL, script),
        DO("interpreter_loader", "by a script whose interpreter is the loader", as_interpreter, "x", script),
        DO("many", "after sixty other commands", after_many, NULL, many),
        DO("mapped", "loaded, not run", mapped, NULL, permitted),
        DO("preload", "as a library before another", preload, NULL, permitted),
        RUN("library", "as a library of an interpreter", "python3", "-c", "import ctypes; ctypes.CDLL('${FORBIDDEN}.so')"),
        RUN("library_copied", "as a copy of a library, with a byte more", "sh", "-c",
                "cp ${FORBIDDEN}.so ${PROJECT}/libz.so.1; echo >>${PROJECT}/libz.so.1; LD_LIBRARY_PATH=${PROJECT} LD_PRELOAD=libz.so.1 ${PERMITTED}; code=$?; test $code != 42 || exit 1; exit $code"),
        RUN("library_memfd", "as a library from memory", "python3", "-c",
                "import ctypes, os; m = os.memfd_create('x'); os.write(m, open('${FORBIDDEN}.so', 'rb').read()); ctypes.CDLL(f'/proc/self/fd/{m}')"),
};
const struct attack_family exec_family = {"exec", cases, COUNT(cases)};
