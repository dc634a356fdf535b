#include "cmd/vet_statement.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/encode.h"
#include "cmd/cmd.h"
#include "crypto/digest.h"
#include "crypto/dsse.h"
#include "parse/statement.h"
#include "parse/vetted.h"
#include "policy/sign.h"
#include "report/intoto.h"
#include "report/write.h"
#include "sys/path.h"

int vet_statement(const struct vet_result *r, enum leak_class fail_on, struct slice report, const struct ledger_signer *signer,
        struct buf *out, struct err *err)
{
	_cleanup_buf_ struct buf statement = BUF(DSSE_MAX / 2);
	char digest[65];
	digest_sha256_hex(report, digest);
	report_intoto(&statement, r, &(struct report_intoto_options){.report_sha256 = digest, .fail_on = fail_on});
	int e = buf_error(&statement);
	e = e < 0 ? e : dsse_sign(&signer->tlog, SLICE(DSSE_IN_TOTO), buf_slice(&statement), out);
	return e < 0 ? err_sys(err, e, "cannot sign the statement") : 0;
}

/* How a check came out, in the order of what matters. */
struct checked {
	struct vetted v;
	const char *signer; /* name of the key; NULL: no key was given */
	bool about;         /* a file was named, and it is the subject */
};

static int open_envelope(const char *path, struct arena *arena, struct buf *text, struct dsse *d, struct err *err)
{
	const char *why;
	int r = path_read(AT_FDCWD, path, text);
	if (r < 0)
		return err_sys(err, r, "cannot read %s", path);
	r = dsse_parse(buf_slice(text), arena, d, &why);
	return r < 0 ? err_set(err, r, "%s is no envelope: %s", path, why) : 0;
}

/* threshold keys of the file must have signed. */
static int check_keys(
        const struct dsse *d, const char *path, const char *keys, struct buf *text, struct arena *arena, const char **who, struct err *err)
{
	struct policy_keys of = {0};
	unsigned good = 0;
	int r = path_read(AT_FDCWD, keys, text);
	if (r < 0)
		return err_sys(err, r, "cannot read the keys in %s", keys);
	r = policy_keys_parse(buf_slice(text), keys, &of, err);
	for (size_t i = 0; i < of.n && r == 0; i++) {
		int e = dsse_verify(d, &of.key[i]);
		r = e == -ENOKEY ? 0 : e;
		if (e == 0 && good++ == 0)
			*who = arena_str(arena, of.key[i].name);
	}
	if (r < 0)
		return err ? err->code : r;
	if (good < of.threshold)
		return err_set(err, -EKEYREJECTED,
		        "%s is signed by %u of the keys in %s, and %u must have signed it: nothing that it says can be believed", path,
		        good, keys, of.threshold);
	return *who ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static int check_about(const struct vetted *v, const char *path, const char *about, struct err *err)
{
	_cleanup_fd_ int fd = open(about, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct digest_stream *d = NULL;
	uint8_t bytes[65536], sum[DIGEST_MAX];
	_cleanup_buf_ struct buf hex = BUF(128);
	ssize_t n = 0;
	if (fd < 0)
		return err_sys(err, -errno, "%s", about);
	int r = digest_stream_new(DIGEST_SHA256, &d);
	while (r == 0 && (n = read(fd, bytes, sizeof(bytes))) > 0)
		r = digest_stream_add(d, slice_of(bytes, (size_t)n));
	if (r == 0 && n < 0)
		r = -errno;
	if (r < 0) {
		digest_stream_free(d);
		return err_sys(err, r, "reading %s", about);
	}
	if (digest_stream_end(d, sum) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	encode_hex(&hex, slice_of(sum, 32));
	if (vetted_is_of(v, buf_slice(&hex)))
		return 0;
	return err_set(err, -EBADMSG, "%s is not about %s (SHA-256 %s): its subjects are others", path, about, buf_str(&hex));
}

static const char *const verdicts[] = {"clean", "findings", "inconclusive"};

static void text(struct buf *b, const struct checked *c, const char *path)
{
	char time[21];
	const struct vetted *v = &c->v;
	statement_time_write(v->time, time);
	write_visible(b, slice_str(path));
	if (c->signer) {
		buf_str_add(b, ": signed by ");
		write_visible(b, slice_str(c->signer));
	} else {
		buf_str_add(b, ": NOT VERIFIED, as no key was given (--key)");
	}
	buf_fmt(b, "\n  verdict   %s%s, %s\n  findings  ", verdicts[v->verdict], v->partial ? " (partial)" : "", time);
	for (int k = VETTED_CLASSES - 1; k >= 0; k--)
		buf_fmt(b, "%" PRIu64 " %s%s", v->count[k], vetted_class_name((enum vetted_class)k), k ? ", " : "\n");
	buf_str_add(b, "  plan      ");
	write_visible(b, v->effort);
	buf_str_add(b, ", profile ");
	write_visible(b, v->profile);
	buf_fmt(b, ", %" PRIu64 " trials, %" PRIu64 " failed, Postern ", v->trials, v->trials_failed);
	write_visible(b, v->version);
	buf_u8(b, '\n');
	for (size_t i = 0; i < v->n; i++) {
		buf_fmt(b, "  subject   %s  ", v->subject[i].sha256);
		write_visible(b, v->subject[i].name);
		buf_u8(b, '\n');
	}
	buf_str_add(b, "  report    ");
	write_visible(b, v->report_sha256);
	buf_str_add(b, c->about ? "\n  The file that was named is one of the subjects.\n" : "\n");
}

static void json(struct buf *b, const struct checked *c)
{
	char time[21];
	const struct vetted *v = &c->v;
	statement_time_write(v->time, time);
	buf_fmt(b, "{\"verified\":%s,\"signer\":", c->signer ? "true" : "false");
	write_json(b, c->signer);
	buf_fmt(b, ",\"verdict\":\"%s\",\"partial\":%s,\"time\":\"%s\",\"counts\":{", verdicts[v->verdict], v->partial ? "true" : "false",
	        time);
	for (int k = VETTED_CLASSES - 1; k >= 0; k--)
		buf_fmt(b, "\"%s\":%" PRIu64 "%s", vetted_class_name((enum vetted_class)k), v->count[k], k ? "," : "},\"subjects\":[");
	for (size_t i = 0; i < v->n; i++) {
		buf_str_add(b, i ? ",{\"name\":" : "{\"name\":");
		encode_json(b, v->subject[i].name);
		buf_fmt(b, ",\"sha256\":\"%s\"}", v->subject[i].sha256);
	}
	buf_str_add(b, "],\"report_sha256\":");
	encode_json(b, v->report_sha256);
	buf_fmt(b, ",\"is_about_file\":%s}\n", c->about ? "true" : "false");
}

int vet_verify(const char *path, const char *keys, const char *about, bool as_json)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)128 << 20);
	_cleanup_buf_ struct buf envelope = BUF(DSSE_MAX), key_text = BUF(1 << 16), out = BUF(1 << 20);
	struct err err = {0};
	struct dsse d;
	struct checked c = {0};
	const char *why;
	int r = open_envelope(path, &arena, &envelope, &d, &err);
	if (r == 0 && keys)
		r = check_keys(&d, path, keys, &key_text, &arena, &c.signer, &err);
	if (r == 0 && !slice_is(d.type, DSSE_IN_TOTO))
		r = err_set(&err, -EBADMSG, "%s holds no in-toto statement", path);
	if (r == 0 && (r = vetted_parse(d.payload, &arena, &c.v, &why)) < 0)
		(void)err_set(&err, r, "%s cannot be understood: %s", path, why);
	if (r == 0 && about) {
		r = check_about(&c.v, path, about, &err);
		c.about = r == 0;
	}
	if (r < 0) {
		cmd_tell("vet", err.text);
		return EXIT_USAGE;
	}
	if (as_json)
		json(&out, &c);
	else
		text(&out, &c, path);
	int code = cmd_print(&out);
	if (code != EXIT_OK)
		return code;
	if (!c.signer || c.v.verdict == VETTED_INCONCLUSIVE || c.v.partial)
		return EXIT_INCONCLUSIVE;
	return c.v.verdict == VETTED_FINDINGS ? EXIT_FOUND : EXIT_OK;
}
