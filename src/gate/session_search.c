#include "gate/session_search.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/link.h"
#include "inspect/dlp.h"
#include "inspect/fingerprint.h"
#include "sys/path.h"
#include "sys/share.h"

#define FILE_MAX ((size_t)4 << 20)

static int add_place(struct fingerprint_index *x, const char *path, struct err *err)
{
	struct slice p = slice_str(path);
	_cleanup_buf_ struct buf folder = BUF(8192), text = BUF(FILE_MAX);
	struct stat st;
	size_t files = 0;
	buf_add(&folder, slice_ends(p, SLICE("/...")) ? slice_sub(p, 0, p.n - 4) : p);
	if (slice_ends(p, SLICE("/\xe2\x80\xa6"))) {
		buf_reset(&folder);
		buf_add(&folder, slice_sub(p, 0, p.n - 4));
	}
	if (stat(buf_str(&folder), &st) < 0)
		return err_sys(err, -errno, "the confidential files in %s cannot be read", path);
	if (S_ISDIR(st.st_mode))
		return fingerprint_folder(x, AT_FDCWD, buf_str(&folder), false, &files, err);
	int r = path_read(AT_FDCWD, buf_str(&folder), &text);
	if (r < 0)
		return err_sys(err, r, "the confidential file %s cannot be read", path);
	return fingerprint_add(x, buf_slice(&folder), buf_slice(&text), NULL);
}

static int find_fingerprints(const struct policy_settings *set, struct buf *index, struct err *err)
{
	struct fingerprint_index *x = NULL;
	size_t n = 0;
	int r = fingerprint_index_new(&x);
	for (const char *const *p = set->dlp.fingerprints; r == 0 && p && *p; p++, n++)
		r = add_place(x, *p, err);
	for (size_t i = 0; r == 0 && i < set->n_labels; i++)
		for (const char *const *p = set->label[i].paths; r == 0 && *p; p++, n++)
			r = add_place(x, *p, err);
	if (r == 0 && n)
		r = fingerprint_write(x, index);
	fingerprint_index_free(x);
	return r;
}

int session_search(struct arena *arena, const struct policy_settings *set, const struct supervisor_credential *credential, size_t n,
        struct secret_later *rules, struct buf *values, struct buf *index, struct buf *patterns, struct err *err)
{
	bool any = set->n_labels > 0 || n > 0 || set->dlp.n_patterns > 0;
	for (size_t i = 0; i < set->dlp.n_patterns; i++)
		if (set->dlp.pattern[i].verdict != POLICY_DLP_OFF)
			buf_fmt(patterns, "%s\t%s\n", set->dlp.pattern[i].name, set->dlp.pattern[i].regex);
	for (unsigned c = 0; c < POLICY_DLP_CLASSES; c++)
		any |= set->dlp.class[c].verdict != POLICY_DLP_OFF;
	if (!any)
		return 0;
	int r = secret_find_shared(arena, rules, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (strlen(credential[i].key) >= DLP_PIECE)
			gate_value_put(values, DLP_CREDENTIAL, slice_str(credential[i].c->name), slice_str(credential[i].key));
	for (const char *const *p = set->dlp.canaries; r == 0 && p && *p; p++)
		gate_value_put(values, DLP_CANARY, SLICE("canary"), slice_str(*p));
	r = r < 0 ? r : buf_error(values) ? buf_error(values) : buf_error(patterns);
	return r < 0 ? r : find_fingerprints(set, index, err);
}
