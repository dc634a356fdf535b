#include "confine/gitrepo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/encode.h"
#include "crypto/digest.h"
#include "sys/fd.h"

#define OBJECT_MAX ((size_t)1 << 20)
#define NAME_BYTES 20 /* SHA-1 */

static int put_file(int dir, const char *path, struct slice data)
{
	_cleanup_fd_ int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	return fd_write_all(fd, data);
}

static int put_folder(int dir, const char *path)
{
	return mkdirat(dir, path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* Stores an object, gives its name; with no folder (-1) it only gives the name. */
static int put_object(int git, const char *type, struct slice content, uint8_t name[NAME_BYTES])
{
	_cleanup_buf_ struct buf raw = BUF(OBJECT_MAX + 64);
	buf_fmt(&raw, "%s %zu", type, content.n);
	buf_u8(&raw, 0);
	buf_add(&raw, content);
	if (buf_error(&raw))
		return buf_error(&raw);
	int r = digest_of(DIGEST_SHA1, buf_slice(&raw), name);
	if (r < 0 || git < 0)
		return r;
	_cleanup_buf_ struct buf packed = BUF(OBJECT_MAX * 2);
	uLongf size = compressBound(raw.n);
	uint8_t *to = buf_room(&packed, size);
	if (!to)
		return buf_error(&packed);
	if (compress2(to, &size, raw.p, raw.n, 1) != Z_OK)
		return -ENOMEM;
	packed.n = size;
	_cleanup_buf_ struct buf path = BUF(128);
	buf_str_add(&path, "objects/");
	encode_hex(&path, slice_of(name, 1));
	r = put_folder(git, buf_str(&path));
	if (r < 0)
		return r;
	buf_u8(&path, '/');
	encode_hex(&path, slice_of(name + 1, NAME_BYTES - 1));
	return put_file(git, buf_str(&path), buf_slice(&packed));
}

/* The tree object of the files whose paths start with prefix (which ends in '/' or is empty), and of the folders below. Folders sort as
 * if their names ended in '/'; with paths sorted by bytes and no file named like a folder plus a byte below '/', the order is the same. */
static int put_tree(int git, const struct gitrepo_file *files, size_t n, size_t prefix, uint8_t name[NAME_BYTES])
{
	_cleanup_buf_ struct buf tree = BUF(OBJECT_MAX);
	for (size_t i = 0; i < n;) {
		const char *rest = files[i].path + prefix;
		const char *slash = strchr(rest, '/');
		uint8_t child[NAME_BYTES];
		int r;
		if (slash) {
			size_t length = (size_t)(slash - rest) + 1, end = i;
			while (end < n && strncmp(files[end].path + prefix, rest, length) == 0)
				end++;
			r = put_tree(git, files + i, end - i, prefix + length, child);
			buf_fmt(&tree, "40000 %.*s", (int)(length - 1), rest);
			i = end;
		} else {
			r = put_object(git, "blob", files[i].data, child);
			buf_fmt(&tree, "100644 %s", rest);
			i++;
		}
		if (r < 0)
			return r;
		buf_u8(&tree, 0);
		buf_add(&tree, slice_of(child, NAME_BYTES));
	}
	return buf_error(&tree) ? buf_error(&tree) : put_object(git, "tree", buf_slice(&tree), name);
}

static int put_commit(
        int git, const struct gitrepo *g, const uint8_t *tree, const uint8_t *parent, long when, const char *text, uint8_t name[NAME_BYTES])
{
	_cleanup_buf_ struct buf c = BUF(8192);
	buf_str_add(&c, "tree ");
	encode_hex(&c, slice_of(tree, NAME_BYTES));
	if (parent) {
		buf_str_add(&c, "\nparent ");
		encode_hex(&c, slice_of(parent, NAME_BYTES));
	}
	buf_fmt(&c, "\nauthor %s <%s> %ld +0000\ncommitter %s <%s> %ld +0000\n\n%s\n", g->user, g->email, when, g->user, g->email, when,
	        text);
	return buf_error(&c) ? buf_error(&c) : put_object(git, "commit", buf_slice(&c), name);
}

/* Stat data is left zero: git looks at the contents on first use and finds them unchanged. */
static int put_index(int git, const struct gitrepo *g)
{
	_cleanup_buf_ struct buf x = BUF(OBJECT_MAX);
	buf_str_add(&x, "DIRC");
	buf_be(&x, 2, 4);
	buf_be(&x, g->n_files, 4);
	for (size_t i = 0; i < g->n_files; i++) {
		size_t start = x.n, length = strlen(g->files[i].path);
		uint8_t name[NAME_BYTES];
		_cleanup_buf_ struct buf raw = BUF(OBJECT_MAX + 64);
		buf_fmt(&raw, "blob %zu", g->files[i].data.n);
		buf_u8(&raw, 0);
		buf_add(&raw, g->files[i].data);
		int r = buf_error(&raw) ? buf_error(&raw) : digest_of(DIGEST_SHA1, buf_slice(&raw), name);
		if (r < 0)
			return r;
		for (int k = 0; k < 6; k++) /* ctime, mtime, dev, ino */
			buf_be(&x, 0, 4);
		buf_be(&x, 0100644, 4);
		buf_be(&x, 0, 4);
		buf_be(&x, 0, 4);
		buf_be(&x, g->files[i].data.n, 4);
		buf_add(&x, slice_of(name, NAME_BYTES));
		buf_be(&x, length < 0xfff ? length : 0xfff, 2);
		buf_str_add(&x, g->files[i].path);
		do
			buf_u8(&x, 0);
		while ((x.n - start) % 8);
	}
	uint8_t sum[NAME_BYTES];
	int r = buf_error(&x) ? buf_error(&x) : digest_of(DIGEST_SHA1, buf_slice(&x), sum);
	if (r < 0)
		return r;
	buf_add(&x, slice_of(sum, NAME_BYTES));
	return buf_error(&x) ? buf_error(&x) : put_file(git, "index", buf_slice(&x));
}

const char *const gitrepo_subject[2] = {"Start", "Add the rest of the tree"};

struct history {
	uint8_t commit1[NAME_BYTES], commit2[NAME_BYTES];
};

/* The first commit holds the first file only, so that there is a history to look at. */
static int put_history(int git, const struct gitrepo *g, struct history *h)
{
	uint8_t tree1[NAME_BYTES], tree2[NAME_BYTES];
	int r = put_tree(git, g->files, g->n_files ? 1 : 0, 0, tree1);
	r = r < 0 ? r : put_commit(git, g, tree1, NULL, 1752480000, gitrepo_subject[0], h->commit1);
	r = r < 0 ? r : put_tree(git, g->files, g->n_files, 0, tree2);
	return r < 0 ? r : put_commit(git, g, tree2, h->commit1, 1755158400, gitrepo_subject[1], h->commit2);
}

int gitrepo_names(const struct gitrepo *g, char names[2][41])
{
	struct history h;
	int r = put_history(-1, g, &h);
	for (int i = 0; r == 0 && i < 2; i++)
		for (int k = 0; k < NAME_BYTES; k++)
			(void)snprintf(names[i] + 2 * k, 3, "%02x", i ? h.commit2[k] : h.commit1[k]);
	return r;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct gitrepo_file *)a)->path, ((const struct gitrepo_file *)b)->path);
}

struct gitrepo gitrepo_of(const struct host_spec *h, struct gitrepo_file *files)
{
	size_t n = 0, prefix = strlen(h->project);
	for (size_t i = 0; i < h->n_files; i++) {
		const struct host_file *f = &h->files[i];
		if (!f->folder && !f->link && !f->untracked && strncmp(f->path, h->project, prefix) == 0 && f->path[prefix] == '/')
			files[n++] = (struct gitrepo_file){f->path + prefix + 1, f->data};
	}
	if (n)
		qsort(files, n, sizeof(*files), by_path);
	return (struct gitrepo){
	        .user = h->git_user ? h->git_user : "nobody",
	        .email = h->git_email ? h->git_email : "nobody@localhost",
	        .remote = h->git_remote,
	        .config = h->git_config,
	        .files = files,
	        .n_files = n,
	};
}

/* A control character in a name or URL would end the line of the configuration that it stands in. */
static bool one_line(const char *s)
{
	for (; s && *s; s++)
		if ((unsigned char)*s < 0x20)
			return false;
	return true;
}

int gitrepo_write(int work_tree_fd, const struct gitrepo *g, struct err *err)
{
	static const char *const folders[] = {".git", ".git/objects", ".git/refs", ".git/refs/heads", ".git/refs/tags", ".git/refs/remotes",
	        ".git/refs/remotes/origin", ".git/info"};
	if (!one_line(g->user) || !one_line(g->email) || !one_line(g->remote))
		return err_set(err, -EINVAL, "a git name, address or remote has a line break");
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		int r = put_folder(work_tree_fd, folders[i]);
		if (r < 0)
			return err_sys(err, r, "cannot make %s in the project", folders[i]);
	}
	_cleanup_fd_ int git = openat(work_tree_fd, ".git", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (git < 0)
		return err_sys(err, -errno, "cannot open .git in the project");
	struct history history;
	int r = put_history(git, g, &history);
	r = r < 0 ? r : put_index(git, g);
	r = r < 0 ? r : put_file(git, "HEAD", SLICE("ref: refs/heads/main\n"));
	r = r < 0 ? r : put_file(git, "description", SLICE("Unnamed repository\n"));
	_cleanup_buf_ struct buf head = BUF(64);
	encode_hex(&head, slice_of(history.commit2, NAME_BYTES));
	buf_u8(&head, '\n');
	r = r < 0 ? r : put_file(git, "refs/heads/main", buf_slice(&head));
	if (r == 0 && g->remote)
		r = put_file(git, "refs/remotes/origin/main", buf_slice(&head));
	_cleanup_buf_ struct buf config = BUF(8192);
	buf_str_add(&config, "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n");
	if (g->remote)
		buf_fmt(&config,
		        "[remote \"origin\"]\n\turl = %s\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n[branch \"main\"]\n\tremote = "
		        "origin\n\tmerge = "
		        "refs/heads/main\n",
		        g->remote);
	if (g->config)
		buf_str_add(&config, g->config);
	r = r < 0 ? r : buf_error(&config);
	r = r < 0 ? r : put_file(git, "config", buf_slice(&config));
	return r < 0 ? err_sys(err, r, "cannot write the project's git repository") : 0;
}
