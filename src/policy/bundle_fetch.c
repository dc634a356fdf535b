/* Bundles over HTTPS. Who speaks to the network is a child that has nothing of ours but where to put the bytes: not root, no other
 * descriptors, bounded in time, memory and size. What it says is looked at as if a stranger had said it. */
#include "policy/bundle_part.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/sanitized.h"
#include "sys/fd.h"
#include "sys/lib_curl.h"
#include "sys/path.h"

#define CA_MAX     ((size_t)8 << 20)
#define NOBODY     65534
#define REDIRECTS  5
#define MEMORY_MAX ((rlim_t)2 << 30)
#define BODY_FD    3
#define ANSWER_FD  4

struct answer {
	int code; /* 0 or negative errno */
	bool unchanged;
	char etag[BUNDLE_ETAG], text[400];
};
struct transfer {
	CURL *curl;
	size_t done;
	bool too_large;
	struct answer *answer;
};

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	long status = 0;
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200) /* an error page is of no use */
		return size * n;
	if (size * n > BUNDLE_MAX - t->done) {
		t->too_large = true;
		return 0;
	}
	t->done += size * n;
	return fd_write_all(BODY_FD, slice_of(p, size * n)) < 0 ? 0 : size * n;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct slice line = slice_of(p, size * n);
	if (slice_starts(line, SLICE("HTTP/")))
		t->answer->etag[0] = 0; /* another answer, after a redirect */
	if (line.n > 5 && slice_eq_nocase(slice_sub(line, 0, 5), SLICE("etag:")))
		(void)slice_copy(slice_trim(slice_from(line, 5)), t->answer->etag, sizeof(t->answer->etag));
	return line.n;
}

static void say(struct answer *a, int code, const char *text)
{
	a->code = code;
	(void)snprintf(a->text, sizeof(a->text), "%s", text);
}

static void set_trust(CURL *c, struct slice ca)
{
	if (!ca.n)
		return;
	struct curl_blob blob = {.data = (void *)(uintptr_t)ca.p, .len = ca.n, .flags = CURL_BLOB_NOCOPY};
	curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &blob);
	curl_easy_setopt(c, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
}

static void transfer(const char *url, struct slice ca, unsigned timeout, const char *etag, struct answer *a)
{
	bool plain = strncmp(url, "http:", 5) == 0;
	char why[CURL_ERROR_SIZE] = "", line[BUNDLE_ETAG + 32];
	struct curl_slist *headers = NULL;
	CURL *c = curl_easy_init();
	struct transfer t = {.curl = c, .answer = a};
	long status = 0;
	if (!c) {
		say(a, -ENOMEM, "out of memory");
		return;
	}
	if (etag[0] && snprintf(line, sizeof(line), "If-None-Match: %s", etag) < (int)sizeof(line))
		headers = curl_slist_append(headers, line);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "postern/" POSTERN_VERSION);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, plain ? 0L : 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)timeout * 1000);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)(timeout < 20 ? timeout : 20) * 1000);
	curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)BUNDLE_MAX);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, &t);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	set_trust(c, ca);
	CURLcode code = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (!why[0])
		(void)snprintf(why, sizeof(why), "%s", curl_easy_strerror(code));
	a->unchanged = code == CURLE_OK && status == 304 && etag[0];
	if (t.too_large || code == CURLE_FILESIZE_EXCEEDED) {
		say(a, -EFBIG, "it is larger than a bundle may be");
	} else if (code == CURLE_OPERATION_TIMEDOUT) {
		say(a, -ETIMEDOUT, why);
	} else if (code != CURLE_OK) {
		say(a, -ENETUNREACH, why);
	} else if (status != 200 && !a->unchanged) {
		(void)snprintf(why, sizeof(why), "the server answers with status %ld", status);
		say(a, -ENETUNREACH, why);
	}
	curl_easy_cleanup(c);
	curl_slist_free_all(headers);
}

/* It may read (certificates, the names of hosts), and neither write nor run anything in the file system. Kernels without Landlock give
 * ENOSYS or EOPNOTSUPP: then it is the user whom it is that keeps it from that. */
static int no_writing(void)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1) &
	                                                          ~(uint64_t)(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)};
	_cleanup_fd_ int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
	return syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? -errno : 0;
}

/* All that it can do from here on is to speak to the network, and to write to two descriptors. */
static int drop(unsigned timeout)
{
	const struct {
		__rlimit_resource_t what;
		rlim_t max;
	} table[] = {
#ifndef SANITIZED /* its shadow is larger */
	        {RLIMIT_AS, MEMORY_MAX},
#endif
	        {RLIMIT_FSIZE, BUNDLE_MAX + 1},
	        {RLIMIT_CPU, timeout + 1},
	        {RLIMIT_CORE, 0},
	        {RLIMIT_NOFILE, 64},
	};
	if (close_range(ANSWER_FD + 1, ~0u, 0) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct rlimit l;
		if (getrlimit(table[i].what, &l) < 0)
			return -errno;
		l.rlim_max = l.rlim_max < table[i].max ? l.rlim_max : table[i].max;
		l.rlim_cur = l.rlim_max;
		if (setrlimit(table[i].what, &l) < 0)
			return -errno;
	}
	/* Where there is nobody else to be (a user namespace with one user), root's powers go, and its name stays. */
	bool root = geteuid() == 0;
	if (root && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0) &&
	        errno != EINVAL && errno != EPERM)
		return -errno;
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
	if (syscall(SYS_capset, &head, none) < 0)
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return no_writing();
}

_Noreturn static void child(int body, int answer, const char *url, struct slice ca, unsigned timeout, const char *etag)
{
	struct answer a = {0};
	/* Out of the way of where they go. */
	int b = fcntl(body, F_DUPFD, 10), w = fcntl(answer, F_DUPFD, 10), r = b < 0 || w < 0 ? -errno : 0;
	if (r == 0 && (dup2(b, BODY_FD) < 0 || dup2(w, ANSWER_FD) < 0))
		r = -errno;
	(void)signal(SIGPIPE, SIG_DFL);
	r = r < 0 ? r : drop(timeout);
	if (r < 0)
		say(&a, r, "the process that fetches cannot give up its rights");
	else
		transfer(url, ca, timeout, etag, &a);
	_exit(write(ANSWER_FD, &a, sizeof(a)) == sizeof(a) ? 0 : 1);
}

/* A whole answer. -ETIMEDOUT; -EPIPE: there is nobody any more to give it. */
static int await(int fd, unsigned timeout, struct answer *out)
{
	size_t n = 0;
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t end = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + ((int64_t)timeout + 2) * 1000;
	while (n < sizeof(*out)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		int64_t left = end - ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
		if (left <= 0)
			return -ETIMEDOUT;
		int r = poll(&p, 1, (int)left);
		if (r <= 0 && (r == 0 || errno == EINTR))
			continue;
		ssize_t got = r < 0 ? 0 : read(fd, (char *)out + n, sizeof(*out) - n);
		if (got <= 0)
			return -EPIPE;
		n += (size_t)got;
	}
	return 0;
}

/* Only what can be shown, and sent back. */
static void clean(char *text, size_t room)
{
	text[room - 1] = 0;
	for (size_t i = 0; text[i]; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			text[i] = '?';
}

static int take_body(int fd, struct buf *out)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < 0 || (uint64_t)st.st_size > BUNDLE_MAX)
		return -EFBIG;
	uint8_t *p = buf_room(out, (size_t)st.st_size + 1);
	ssize_t n = p ? pread(fd, p, (size_t)st.st_size, 0) : -1;
	if (!p || n != st.st_size)
		return p ? -EIO : -ENOMEM;
	out->n += (size_t)n;
	out->p[out->n] = 0;
	return 0;
}

/* https, or plain to this machine itself, which tests do. */
static bool url_valid(const char *url)
{
	static const char *const here[] = {"http://127.0.0.1", "http://[::1]"};
	if (strncmp(url, "https://", 8) == 0)
		return url[8] != 0;
	for (size_t i = 0; i < ARRAY_LEN(here); i++) {
		size_t n = strlen(here[i]);
		if (strncmp(url, here[i], n) != 0)
			continue;
		if (url[n] == ':')
			n += 1 + strspn(url + n + 1, "0123456789");
		return url[n] == '/' || !url[n];
	}
	return false;
}

int bundle_fetch(const struct bundle_config *c, char etag[BUNDLE_ETAG], struct buf *out, bool *unchanged, struct err *err)
{
	_cleanup_buf_ struct buf ca = BUF(CA_MAX);
	unsigned timeout = c->timeout ? c->timeout : 60;
	struct answer a = {0};
	int pipes[2];
	if (!c->url || !url_valid(c->url))
		return err_set(err, -EINVAL, "bundles are fetched from an address that begins with https://");
	int r = c->ca ? path_read(AT_FDCWD, c->ca, &ca) : 0;
	if (r < 0)
		return err_sys(err, r, "cannot read the certificates %s", c->ca);
	if ((r = lib_curl_load(err)) < 0)
		return r;
	_cleanup_fd_ int body = memfd_create("bundle", MFD_CLOEXEC);
	if (body < 0 || pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot fetch");
	_cleanup_fd_ int answer = pipes[0];
	pid_t pid = fork();
	if (pid == 0)
		child(body, pipes[1], c->url, buf_slice(&ca), timeout, etag);
	r = -errno;
	close(pipes[1]);
	if (pid < 0)
		return err_sys(err, r, "cannot fetch");
	r = await(answer, timeout, &a);
	/* It has nothing more to say, and is to change nothing any more. */
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	clean(a.text, sizeof(a.text));
	clean(a.etag, sizeof(a.etag));
	if (r == -ETIMEDOUT)
		return err_set(err, r, "%s was not fetched within %u s", c->url, timeout);
	if (r < 0)
		return err_set(err, r, "%s cannot be fetched: the process that does it ended", c->url);
	if (a.code != 0)
		return err_set(err, a.code < 0 && a.code > -4096 ? a.code : -EIO, "%s cannot be fetched: %s", c->url, a.text);
	*unchanged = a.unchanged && etag[0];
	if (!*unchanged && (r = take_body(body, out)) < 0)
		return err_sys(err, r, "cannot fetch %s", c->url);
	memcpy(etag, a.etag, BUNDLE_ETAG);
	return 0;
}
