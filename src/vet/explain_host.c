#include "vet/explain_host.h"

#include "base/buf.h"
#include "base/encode.h"
#include "confine/gitrepo.h"
#include "crypto/digest.h"

static bool word_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80;
}

static const struct host_file *same_path(const struct host_spec *h, const char *path)
{
	for (size_t i = 0; i < h->n_files; i++)
		if (strcmp(h->files[i].path, path) == 0)
			return &h->files[i];
	return NULL;
}

static bool in_files(struct slice text, const struct host_spec *h)
{
	for (size_t i = 0; i < h->n_files; i++)
		if (slice_find(h->files[i].data, text, 0) != SLICE_NPOS)
			return true;
	return false;
}

/* "12\t", as tools number the lines of a file. */
static struct slice without_number(struct slice line)
{
	size_t n = 0;
	while (n < line.n && line.p[n] >= '0' && line.p[n] <= '9')
		n++;
	return n && n < line.n && (line.p[n] == '\t' || line.p[n] == ':') ? slice_from(line, n + 1) : line;
}

bool host_text_differs(struct slice text, const struct host_spec *here, const struct host_spec *there)
{
	struct slice line;
	bool said = false;
	while (slice_split(&text, '\n', &line)) {
		line = slice_trim(without_number(slice_trim(line)));
		size_t words = 0;
		for (size_t i = 0; i < line.n; i++)
			words += word_byte(line.p[i]);
		if (words == 0)
			continue;
		if (!in_files(line, here) || in_files(line, there))
			return false;
		said = said || line.n >= 4;
	}
	return said;
}

bool host_has_name(const struct host_spec *h, struct slice name)
{
	if (slice_is(name, ".git") && !h->no_git)
		return true;
	for (size_t i = 0; i < h->n_files; i++) {
		struct slice rest = slice_str(h->files[i].path), part;
		while (slice_split(&rest, '/', &part))
			if (slice_eq(part, name))
				return true;
	}
	return false;
}

bool host_same_names(const struct host_spec *a, const struct host_spec *b)
{
	if (a->no_git != b->no_git || a->n_files != b->n_files)
		return false;
	for (size_t i = 0; i < a->n_files; i++)
		if (!same_path(b, a->files[i].path))
			return false;
	return true;
}

bool host_names_differ(struct slice text, const struct host_spec *here, const struct host_spec *there)
{
	bool said = false;
	for (size_t i = 0; i < text.n;) {
		size_t n = 0;
		while (i + n < text.n && text.p[i + n] > ' ' && text.p[i + n] != '/')
			n++;
		struct slice word = slice_sub(text, i, n);
		i += n ? n : 1;
		if (n == 0)
			continue;
		if (!host_has_name(here, word))
			return false;
		/* Neighbours of the changed words may be among them. */
		said = said || (n >= 3 && !host_has_name(there, word));
	}
	return said;
}

/* Base64 says more a digit, but is also more easily taken for a word. */
#define BASE64_LEAST 12

static bool is_hex(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || ((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'f')))
			return false;
	return true;
}

static const char *digest_is(struct slice text, struct slice value)
{
	/* This is asked of every word that changed and every file that is there: what can be no digest costs none. */
	bool hex = is_hex(text), base64 = text.n >= BASE64_LEAST;
	for (int d = 0; d < DIGEST_END && (hex || base64); d++) {
		uint8_t sum[DIGEST_MAX];
		_cleanup_buf_ struct buf form = BUF(512);
		if (digest_of((enum digest)d, value, sum) < 0)
			continue;
		struct slice s = slice_of(sum, digest_size((enum digest)d));
		if (hex)
			encode_hex(&form, s);
		if (hex && form.n >= text.n && slice_eq_nocase(slice_sub(buf_slice(&form), 0, text.n), text))
			return digest_name((enum digest)d);
		for (int url = 0; url < 2 && base64; url++) {
			buf_reset(&form);
			encode_base64(&form, s, url, false);
			if (form.n >= text.n && slice_eq(slice_sub(buf_slice(&form), 0, text.n), text))
				return digest_name((enum digest)d);
		}
	}
	return NULL;
}

const char *host_digest_of(struct slice text, struct slice value)
{
	const char *d = digest_is(text, value);
	/* Arguments of a tool call are JSON: what is digested of them may be the string with its quotes. */
	if (d || value.n == 0 || value.n > 4096 || slice_chr(value, '"', 0) != SLICE_NPOS || slice_chr(value, '\\', 0) != SLICE_NPOS)
		return d;
	_cleanup_buf_ struct buf quoted = BUF(8192);
	buf_u8(&quoted, '"');
	buf_add(&quoted, value);
	buf_u8(&quoted, '"');
	return buf_error(&quoted) ? NULL : digest_is(text, buf_slice(&quoted));
}

const char *host_digest_differs(struct slice text, const struct host_spec *here, const struct host_spec *there, struct arena *arena)
{
	while (text.n && text.p[text.n - 1] == '=')
		text.n--;
	if (text.n < 8 || text.n > 128)
		return NULL;
	for (size_t i = 0; i < text.n; i++)
		if (!word_byte(text.p[i]) && text.p[i] != '+' && text.p[i] != '/' && text.p[i] != '-' && text.p[i] != '_')
			return NULL;
	const struct {
		const char *what, *here, *there;
	} values[] = {{"project path", here->project, there->project}, {"home path", here->home, there->home},
	        {"git remote", here->git_remote, there->git_remote}, {"git address", here->git_email, there->git_email}};
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		if (!values[i].here || (values[i].there && strcmp(values[i].here, values[i].there) == 0))
			continue;
		const char *d = host_digest_of(text, slice_str(values[i].here));
		if (d)
			return arena_fmt(arena, "%s of the %s", d, values[i].what);
	}
	for (size_t i = 0; i < here->n_files; i++) {
		const struct host_file *f = &here->files[i], *g = same_path(there, f->path);
		const char *d = g ? NULL : host_digest_of(text, slice_str(f->path));
		if (d)
			return arena_fmt(arena, "%s of the path of a file", d);
		if (g && slice_eq(f->data, g->data))
			continue;
		d = host_digest_of(text, f->data);
		if (d)
			return arena_fmt(arena, "%s of the contents of a file", d);
	}
	return NULL;
}

bool host_history(struct slice text, const struct host_spec *h)
{
	struct slice line;
	bool any = false;
	if (h->no_git)
		return false;
	while (slice_split(&text, '\n', &line)) {
		line = slice_trim(line);
		size_t blank = slice_chr(line, ' ', 0);
		struct slice name = slice_sub(line, 0, blank == SLICE_NPOS ? line.n : blank), says = slice_trim(slice_from(line, name.n));
		if (line.n == 0)
			continue;
		any = true;
		if (!host_commit_name(name, h))
			says = line;
		if (says.n && !slice_is(says, gitrepo_subject[0]) && !slice_is(says, gitrepo_subject[1]))
			return false;
	}
	return any;
}

bool host_commit_name(struct slice text, const struct host_spec *h)
{
	struct gitrepo_file files[HOST_FILES_MAX];
	char names[2][41];
	if (text.n < 7 || text.n > 40 || h->no_git)
		return false;
	struct gitrepo g = gitrepo_of(h, files);
	if (gitrepo_names(&g, names) < 0)
		return false;
	for (int i = 0; i < 2; i++)
		if (slice_eq(text, slice_of(names[i], text.n)))
			return true;
	return false;
}
