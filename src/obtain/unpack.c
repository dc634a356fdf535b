#include "obtain/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/jail.h"
#include "sys/lib.h"
#include "sys/path.h"

/* Loaded when something is unpacked: with what it needs itself (XML, Unicode tables) it would be most of the program's start. */
#define ARCHIVE(X)                          \
	X(archive_entry_filetype)           \
	X(archive_entry_hardlink)           \
	X(archive_entry_pathname)           \
	X(archive_entry_perm)               \
	X(archive_error_string)             \
	X(archive_read_data_block)          \
	X(archive_read_new)                 \
	X(archive_read_next_header)         \
	X(archive_read_open_fd)             \
	X(archive_read_support_filter_gzip) \
	X(archive_read_support_format_tar)
LIB_TABLE(lib, ARCHIVE);
#define archive_entry_filetype           lib.archive_entry_filetype
#define archive_entry_hardlink           lib.archive_entry_hardlink
#define archive_entry_pathname           lib.archive_entry_pathname
#define archive_entry_perm               lib.archive_entry_perm
#define archive_error_string             lib.archive_error_string
#define archive_read_data_block          lib.archive_read_data_block
#define archive_read_new                 lib.archive_read_new
#define archive_read_next_header         lib.archive_read_next_header
#define archive_read_open_fd             lib.archive_read_open_fd
#define archive_read_support_filter_gzip lib.archive_read_support_filter_gzip
#define archive_read_support_format_tar  lib.archive_read_support_format_tar

#define PATH_BYTES_MAX 1024
#define DEPTH_MAX      64
#define RATIO_MAX      200         /* bytes out for one in … */
#define RATIO_FREE     (64u << 20) /* … beyond this many out */

/* What the child tells the parent, once. */
struct answer {
	int code;
	char text[256];
	struct unpack_result result;
};

struct job {
	int dir;
	uint64_t packed; /* bytes of the archive */
	const char *only;
	struct answer *a;
	/* the folder of the last file, which is most often that of the next */
	int last;
	char last_path[PATH_BYTES_MAX];
};

#define BAD(j, code, ...) (snprintf((j)->a->text, sizeof((j)->a->text), __VA_ARGS__), (code))

static bool utf8_clean(struct slice s)
{
	for (size_t i = 0; i < s.n;) {
		uint8_t c = s.p[i++];
		if (c < 0x20 || c == 0x7f || c == '\\' || (c >= 0x80 && c < 0xc2) || c > 0xf4)
			return false;
		unsigned more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		for (unsigned k = 0; k < more; k++, i++)
			if (i >= s.n || (s.p[i] & 0xc0) != 0x80)
				return false;
	}
	return true;
}

/* A path as it stands in the archive, without its first component, into `out`; "" if nothing is left (the package folder). */
static int plain_path(struct job *j, const char *path, char out[PATH_BYTES_MAX])
{
	struct slice rest = slice_str(path), part;
	size_t n = 0;
	unsigned depth = 0;
	if (!rest.n || rest.n >= PATH_BYTES_MAX)
		return BAD(j, -EBADMSG, "a path is empty or longer than %d bytes", PATH_BYTES_MAX - 1);
	if (rest.p[0] == '/')
		return BAD(j, -EBADMSG, "an entry has an absolute path");
	if (!utf8_clean(rest))
		return BAD(j, -EBADMSG, "a name has control characters, a backslash or bad UTF-8 in it");
	while (slice_split(&rest, '/', &part)) {
		if (!part.n || slice_is(part, "."))
			continue;
		if (slice_is(part, ".."))
			return BAD(j, -EBADMSG, "an entry's path leads out of the package with \"..\"");
		if (part.n > 255)
			return BAD(j, -EBADMSG, "a name is longer than 255 bytes");
		if (depth++ == 0)
			continue;
		if (depth > DEPTH_MAX)
			return BAD(j, -EBADMSG, "a path is deeper than %d folders", DEPTH_MAX);
		if (n)
			out[n++] = '/';
		memcpy(out + n, part.p, part.n);
		n += part.n;
	}
	out[n] = 0;
	return 0;
}

/* The folder of `path`, made if need be; *name is the last component. */
static int folder_of(struct job *j, char *path, const char **name)
{
	char *slash = strrchr(path, '/');
	if (!slash) {
		*name = path;
		return j->dir;
	}
	*slash = 0;
	*name = slash + 1;
	if (j->last >= 0 && strcmp(j->last_path, path) == 0)
		return j->last;
	if (j->last >= 0)
		close(j->last);
	j->last = path_make(j->dir, path, 0755);
	snprintf(j->last_path, sizeof(j->last_path), "%s", path);
	return j->last;
}

static int check_size(struct job *j, uint64_t more)
{
	struct unpack_result *r = &j->a->result;
	r->bytes += more;
	if (r->bytes > UNPACK_BYTES_MAX)
		return BAD(j, -EFBIG, "it unpacks to more than %llu MB", UNPACK_BYTES_MAX >> 20);
	if (r->bytes > RATIO_FREE && r->bytes / RATIO_MAX > j->packed)
		return BAD(j, -EFBIG, "it unpacks to more than %d times its size", RATIO_MAX);
	return 0;
}

static int write_file(struct job *j, struct archive *in, struct archive_entry *e, char *path)
{
	const char *name;
	int at = folder_of(j, path, &name);
	mode_t mode = archive_entry_perm(e) & 0111 ? 0755 : 0644;
	if (at < 0)
		return BAD(j, at == -ENOTDIR || at == -ELOOP ? -EBADMSG : at, "a folder cannot be made: %s", strerror(-at));
	/* Of two entries with one name the last counts, as for npm; a folder is not replaced. */
	if (unlinkat(at, name, 0) < 0 && errno != ENOENT)
		return BAD(j, -EBADMSG, "an entry is a file and a folder");
	_cleanup_fd_ int fd = path_open(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
	if (fd < 0)
		return BAD(j, fd, "a file cannot be made: %s", strerror(-fd));
	for (;;) {
		const void *p;
		size_t n;
		la_int64_t offset;
		int r = archive_read_data_block(in, &p, &n, &offset);
		if (r == ARCHIVE_EOF)
			return 0;
		if (r != ARCHIVE_OK)
			return BAD(j, -EBADMSG, "the archive is damaged: %s", archive_error_string(in));
		if (offset < 0 || (uint64_t)offset > UNPACK_BYTES_MAX)
			return BAD(j, -EBADMSG, "a file has a hole of nonsense size");
		r = check_size(j, n);
		if (r < 0)
			return r;
		while (n) {
			ssize_t put = pwrite(fd, p, n, offset);
			if (put < 0 && errno == EINTR)
				continue;
			if (put <= 0)
				return BAD(j, put < 0 ? -errno : -EIO, "a file cannot be written: %s", strerror(errno));
			p = (const char *)p + put;
			n -= (size_t)put;
			offset += put;
		}
	}
}

static int entry(struct job *j, struct archive *in, struct archive_entry *e)
{
	char path[PATH_BYTES_MAX];
	const char *name = archive_entry_pathname(e);
	if (++j->a->result.entries > UNPACK_ENTRIES_MAX)
		return BAD(j, -EFBIG, "it has more than %d entries", UNPACK_ENTRIES_MAX);
	int r = name ? plain_path(j, name, path) : BAD(j, -EBADMSG, "an entry has no readable name");
	if (r < 0)
		return r;
	if (archive_entry_hardlink(e) || archive_entry_filetype(e) == AE_IFLNK) {
		j->a->result.links++;
		return 0;
	}
	if (archive_entry_filetype(e) != AE_IFREG && archive_entry_filetype(e) != AE_IFDIR)
		return BAD(j, -EBADMSG, "an entry is a device, a pipe or a socket");
	if (!*path || (j->only && strcmp(path, j->only) != 0))
		return 0;
	if (archive_entry_filetype(e) == AE_IFREG)
		return write_file(j, in, e, path);
	_cleanup_fd_ int fd = path_make(j->dir, path, 0755);
	return fd < 0 ? BAD(j, -EBADMSG, "a folder cannot be made: %s", strerror(-fd)) : 0;
}

static int all(struct job *j, struct archive *in)
{
	for (;;) {
		struct archive_entry *e;
		int r = archive_read_next_header(in, &e);
		if (r == ARCHIVE_EOF)
			break;
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return BAD(j, -EBADMSG, "the archive is damaged: %s", archive_error_string(in));
		r = entry(j, in, e);
		if (r < 0)
			return r;
	}
	return j->a->result.entries ? 0 : BAD(j, -EBADMSG, "the archive is empty");
}

static void child(int archive, int dir, const char *only, uint64_t packed, struct answer *a)
{
	struct job j = {.dir = dir, .only = only, .packed = packed, .a = a, .last = -1};
	umask(022);
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	struct archive *in = archive_read_new();
	if (!in || archive_read_support_format_tar(in) != ARCHIVE_OK || archive_read_support_filter_gzip(in) != ARCHIVE_OK ||
	        lseek(archive, 0, SEEK_SET) < 0) {
		a->code = BAD(&j, -ENOMEM, "libarchive does not start");
		return;
	}
	a->code = jail_enter(dir);
	if (a->code < 0) {
		snprintf(a->text, sizeof(a->text), "the unpacking process cannot be confined: %s", strerror(-a->code));
		return;
	}
	a->code = archive_read_open_fd(in, archive, 65536) == ARCHIVE_OK
	                  ? all(&j, in)
	                  : BAD(&j, -EBADMSG, "it is no whole gzipped tar archive: %s", archive_error_string(in));
}

int unpack(int archive, int dir, const char *only, const char *what, struct unpack_result *out, struct err *err)
{
	struct answer a = {0};
	struct stat st;
	int pipes[2];
	int loaded = lib_load("libarchive.so.13", "libarchive13", lib_symbols, &lib, err);
	if (loaded < 0)
		return loaded;
	if (fstat(archive, &st) < 0 || pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "unpacking %s", what);
	pid_t pid = fork();
	if (pid == 0) {
		close(pipes[0]);
		child(archive, dir, only, (uint64_t)st.st_size, &a);
		ssize_t put = write(pipes[1], &a, sizeof(a));
		_exit(put == (ssize_t)sizeof(a) ? 0 : 1);
	}
	int forked = pid < 0 ? -errno : 0;
	close(pipes[1]);
	size_t got = 0;
	for (ssize_t n; pid > 0 && got < sizeof(a);) {
		n = read(pipes[0], (char *)&a + got, sizeof(a) - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	close(pipes[0]);
	if (forked < 0)
		return err_sys(err, forked, "unpacking %s", what);
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (got != sizeof(a))
		return err_set(err, -EBADMSG, "%s: the unpacking process was ended by signal %d; the archive is not taken", what,
		        WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	a.text[sizeof(a.text) - 1] = 0;
	/* The text can hold words of libarchive about hostile bytes. */
	for (char *p = a.text; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = '?';
	if (a.code < 0)
		return err_set(err, a.code, "%s is not unpacked: %s", what, a.text);
	*out = a.result;
	return 0;
}
