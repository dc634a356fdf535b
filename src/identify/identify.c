/* One file: its form, then what it holds, the most telling parts first, until the answer is sure. */
#include "identify/identify.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "crypto/digest.h"
#include "identify/archive.h"
#include "identify/identify_part.h"

#define HEAD_MAX ((size_t)65536)
#define HALF_MAX \
	((uint64_t)1 << 30) /* of larger files than twice that (models, disks, holes) the first and the last so many bytes are searched */

/* As many bytes as there are, up to n. Negative errno. */
static ssize_t read_at(int fd, uint8_t *p, size_t n, uint64_t at)
{
	size_t got = 0;
	while (got < n) {
		ssize_t k = pread(fd, p + got, n - got, (off_t)(at + got));
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		if (k == 0)
			break;
		got += (size_t)k;
	}
	return (ssize_t)got;
}

/* 1: the answer is sure; 0: all was searched. */
static int scan_range(struct scan *s, int fd, struct range r, struct digest_stream *digest)
{
	scan_restart(s);
	while (r.from < r.to) {
		size_t want = r.to - r.from < SCAN_WINDOW ? (size_t)(r.to - r.from) : SCAN_WINDOW;
		ssize_t n = read_at(fd, scan_room(s), want, r.from);
		if (n < 0)
			return (int)n;
		r.from += (uint64_t)n;
		bool last = (size_t)n < want || r.from == r.to;
		int e = digest ? digest_stream_add(digest, slice_of(scan_room(s), (size_t)n)) : 0;
		if (e < 0)
			return e;
		scan_piece(s, (size_t)n, last);
		if (s->broken)
			return -ENOMEM;
		if (!digest && tally_sure(s->tally))
			return 1;
		if (last)
			break;
	}
	return 0;
}

/* What of the file from `at` to `size` is not in f->first. */
static int scan_rest(struct scan *s, int fd, const struct form *f, uint64_t at, uint64_t size)
{
	while (at < size) {
		uint64_t next = size, skip = size;
		for (unsigned i = 0; i < f->n_first; i++) {
			if (f->first[i].from <= at && at < f->first[i].to) {
				next = at;
				skip = f->first[i].to;
				break;
			}
			if (f->first[i].from > at && f->first[i].from < next) {
				next = f->first[i].from;
				skip = next;
			}
		}
		/* A literal may lie across a border. */
		uint64_t from = at < SCAN_OVERLAP ? 0 : at - SCAN_OVERLAP, to = size - next < SCAN_OVERLAP ? size : next + SCAN_OVERLAP;
		int r = at < next ? scan_range(s, fd, (struct range){from, to}, NULL) : 0;
		if (r != 0)
			return r;
		at = skip;
	}
	return 0;
}

static int scan_file(struct scan *s, int fd, const struct form *f, uint64_t size)
{
	for (unsigned i = 0; i < f->n_first; i++) {
		struct range range = f->first[i];
		if (range.to - range.from > HALF_MAX)
			range.to = range.from + HALF_MAX;
		int r = scan_range(s, fd, range, NULL);
		if (r != 0)
			return r;
	}
	if (size <= 2 * HALF_MAX)
		return scan_rest(s, fd, f, 0, size);
	int r = scan_rest(s, fd, f, 0, HALF_MAX);
	return r != 0 ? r : scan_rest(s, fd, f, size - HALF_MAX, size);
}

static int scan_with_digest(struct scan *s, int fd, uint64_t size, char out[65])
{
	struct digest_stream *d = NULL;
	uint8_t sum[DIGEST_MAX];
	int r = digest_stream_new(DIGEST_SHA256, &d);
	r = r < 0 ? r : scan_range(s, fd, (struct range){0, size}, d);
	if (r < 0) {
		digest_stream_free(d);
		return r;
	}
	r = digest_stream_end(d, sum);
	for (size_t i = 0; r == 0 && i < 32; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", sum[i]);
	return r;
}

int identify_tally(struct tally *t, int fd, unsigned flags, struct form *f, struct identify_match *m)
{
	struct stat st;
	*f = (struct form){0};
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0)
		return 0;
	uint64_t size = (uint64_t)st.st_size;
	struct scan s;
	size_t room = size < SCAN_WINDOW ? (size_t)size : SCAN_WINDOW;
	int r = scan_new(t, room, &s);
	if (r < 0)
		return r;
	ssize_t head = read_at(fd, scan_room(&s), room < HEAD_MAX ? room : HEAD_MAX, 0);
	if (head < 0) {
		scan_end(&s);
		return (int)head;
	}
	form_of(fd, slice_of(scan_room(&s), (size_t)head), size, f);
	m->form = f->form;
	r = flags & IDENTIFY_DIGEST ? scan_with_digest(&s, fd, size, m->digest) : scan_file(&s, fd, f, size);
	scan_end(&s);
	return r < 0 ? r : 0;
}

/* Is there nothing more to find out than its texts say? */
static bool is_told(const struct tally *t)
{
	int best = tally_best(t);
	return best >= 0 && tally_version(t, (unsigned)best)[0];
}

int identify_file(const struct identify *id, int fd, unsigned flags, struct identify_match *out, struct err *err)
{
	_cleanup_tally_ struct tally *t = NULL;
	struct identify_match m = {0};
	struct form f;
	int r = tally_new(id, &t);
	r = r < 0 ? r : identify_tally(t, fd, flags, &f, &m);
	bool look = (m.form == IDENTIFY_FORM_ARCHIVE && flags & IDENTIFY_INSIDE) ||
	            (m.form == IDENTIFY_FORM_SINGLE && flags & IDENTIFY_UNPACK && !is_told(t));
	if (r == 0 && look) {
		r = identify_inside(id, fd, &f, &m, err);
		if (r < 0)
			return r;
		if (r > 0) {
			*out = m;
			return 0;
		}
	}
	if (r < 0)
		return err_sys(err, r, "the file cannot be read");
	identify_decide(t, NULL, &m);
	*out = m;
	return 0;
}
