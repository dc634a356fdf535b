/* A repository of git that a tool keeps for itself: its files are compressed, and named by digests of what is in them, so that one changed
 * line of the project shows in every name and byte. What is in them is compared. Formats: gitformat-loose(5), gitformat-index(5). */
#include <zlib.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "parse/gitindex.h"
#include "vet/feature_set.h"
#include "wire/trace.h"

/* A thousand times what is compressed can be in it; what is larger is compared as it is. */
#define OBJECT_MAX ((size_t)128 << 10)

static struct slice part_back(struct slice *path)
{
	size_t at = path->n;
	while (at && path->p[at - 1] != '/')
		at--;
	struct slice last = slice_from(*path, at);
	path->n = at ? at - 1 : 0;
	return last;
}

/* "…/objects/7a/0123…": *store is "…/objects". False if the path is no such thing. */
static bool object_path(struct slice path, struct slice *store, char name[65])
{
	size_t n = 0;
	struct slice rest = path, last = part_back(&rest), fan = part_back(&rest), folder = rest;
	if (fan.n != 2 || (last.n != 38 && last.n != 62) || !slice_is(part_back(&folder), "objects"))
		return false;
	for (; n < fan.n + last.n; n++)
		name[n] = (char)(n < 2 ? fan.p[n] : last.p[n - 2]);
	name[n] = 0;
	*store = rest;
	return true;
}

/* Entries are "MODE NAME\0" and a digest, which follows from what it names. */
static bool tree_lines(struct slice tree, size_t digest, struct buf *out)
{
	while (tree.n) {
		size_t end = slice_chr(tree, 0, 0);
		if (end == SLICE_NPOS || tree.n - end - 1 < digest)
			return false;
		buf_add(out, slice_sub(tree, 0, end));
		buf_u8(out, '\n');
		tree = slice_from(tree, end + 1 + digest);
	}
	return true;
}

/* Without the names of its tree and parents. */
static void commit_lines(struct slice commit, struct buf *out)
{
	struct slice line;
	for (bool head = true; slice_split(&commit, '\n', &line);) {
		head = head && line.n;
		if (head && (slice_starts(line, SLICE("tree ")) || slice_starts(line, SLICE("parent "))))
			continue;
		buf_add(out, line);
		buf_u8(out, '\n');
	}
}

/* The whole file is one stream of zlib, and its name the digest of what that holds: nothing else can be in it. */
static bool verified(struct slice file, const char *name, uint8_t *room, struct slice *object)
{
	uLongf n = OBJECT_MAX;
	uLong used = file.n;
	uint8_t sum[DIGEST_MAX];
	_cleanup_buf_ struct buf hex = BUF(2 * DIGEST_MAX + 1);
	enum digest kind = strlen(name) == 40 ? DIGEST_SHA1 : DIGEST_SHA256;
	if (uncompress2(room, &n, file.p, &used) != Z_OK || used != file.n)
		return false;
	*object = slice_of(room, n);
	if (digest_of(kind, *object, sum) < 0)
		return false;
	encode_hex(&hex, slice_of(sum, digest_size(kind)));
	return slice_is(buf_slice(&hex), name);
}

static bool object_text(struct slice file, const char *name, const char **what, struct buf *out)
{
	_cleanup_free_ uint8_t *room = malloc(OBJECT_MAX);
	struct slice object;
	if (!room || !verified(file, name, room, &object))
		return false;
	size_t end = slice_chr(object, 0, 0), blank = slice_chr(object, ' ', 0);
	uint64_t n;
	if (end == SLICE_NPOS || blank >= end || !slice_u64(slice_sub(object, blank + 1, end - blank - 1), OBJECT_MAX, &n) ||
	        n != object.n - end - 1)
		return false;
	struct slice type = slice_sub(object, 0, blank), content = slice_from(object, end + 1);
	if (slice_is(type, "blob")) {
		*what = "blob";
		buf_add(out, content);
	} else if (slice_is(type, "tree")) {
		*what = "tree";
		return tree_lines(content, strlen(name) / 2, out) && !buf_error(out);
	} else if (slice_is(type, "commit")) {
		*what = "commit";
		commit_lines(content, out);
	} else {
		return false;
	}
	return !buf_error(out);
}

static int index_line(void *arg, const struct gitindex_entry *e)
{
	struct buf *out = arg;
	buf_fmt(out, "%o %.*s\n", (unsigned)e->mode, SLICE_FMT(e->name));
	return buf_error(out);
}

/* Is the text the name of an object, of which there is a file in the trial? If that file is not what its name says, it tells by itself. */
static bool names_object(struct slice text, struct slice trace)
{
	struct trace_record r;
	char name[65];
	struct slice store;
	text.n -= slice_ends(text, SLICE("\n"));
	if (text.n != 40 && text.n != 64)
		return false;
	while (trace_next(&trace, &r) == TRACE_OK)
		if (r.kind == TRACE_FILE && object_path(r.field[TAG_TARGET], &store, name) && slice_is(text, name))
			return true;
	return false;
}

bool git_file(struct slice path, struct slice file, struct slice trace, struct slice *shown, const char **what, struct buf *out)
{
	char name[65];
	if (object_path(path, shown, name))
		return object_text(file, name, what, out);
	struct slice rest = path;
	_cleanup_buf_ struct buf scratch = BUF(65536);
	*shown = path;
	if (names_object(file, trace)) {
		*what = "reference";
		buf_str_add(out, "the name of an object that is there");
		return true;
	}
	*what = "index";
	return slice_is(part_back(&rest), "index") && gitindex_read(file, &scratch, index_line, out) == 0;
}
