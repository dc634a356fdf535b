#include "policy/trust.h"

#include <errno.h>
#include <stdlib.h>

int trust_fault(const struct bundle_fault *fault, const char *what, struct err *err)
{
	if (fault->line)
		return err_set(err, -EINVAL, "%s: line %u, \"%s\": %s", what, fault->line, fault->key, fault->why);
	return err_set(err, -EINVAL, "%s: %s: %s", what, fault->key, fault->why);
}

int trust_signed_by(
        const struct note *note, const struct note_vkey *key, size_t n, const char *what, unsigned *count, struct buf *who, struct err *err)
{
	unsigned good = 0;
	for (size_t i = 0; i < n; i++) {
		int r = tlog_note_verify(note, &key[i], NULL);
		if (r == -EBADMSG)
			return err_set(err, -EKEYREJECTED, "%s has a bad signature by %.*s: it is not what was signed", what,
			        SLICE_FMT(key[i].name));
		if (r == -ENOMEM)
			return err_set(err, r, "out of memory");
		if (r < 0)
			continue;
		if (who)
			buf_fmt(who, "%s%.*s", good ? ", " : "", SLICE_FMT(key[i].name));
		good++;
	}
	*count = good;
	return 0;
}

int trust_read(struct slice in, const char *what, struct trust *out, struct err *err)
{
	struct bundle_fault fault;
	struct slice text;
	struct trust t;
	bool has;
	if (in.n > TRUST_MAX)
		return err_set(err, -EINVAL, "%s is too long for a trust", what);
	bundle_split_note(in, &text, &has);
	if (trust_parse(text, &t, &fault) < 0)
		return trust_fault(&fault, what, err);
	for (size_t i = 0; i < t.n; i++)
		if (tlog_key_id(t.key[i].name, t.key[i].type, t.key[i].public) != t.key[i].key_id)
			return err_set(
			        err, -EINVAL, "%s: the key %.*s is damaged: its number does not fit", what, SLICE_FMT(t.key[i].name));
	*out = t;
	return 0;
}

/* By so many of those keys? `whose` says of what they are. */
static int enough(const struct trust *t, const struct note *note, const char *what, const char *whose, struct buf *who, struct err *err)
{
	unsigned n;
	int r = trust_signed_by(note, t->key, t->n, what, &n, who, err);
	if (r == 0 && n < t->threshold)
		r = err_set(err, -EKEYREJECTED, "%s has %u of the %u signatures that %s demands", what, n, t->threshold, whose);
	return r;
}

static int open_note(struct slice in, const char *what, struct note *out, struct err *err)
{
	const char *why;
	size_t at;
	struct slice text;
	bool has;
	bundle_split_note(in, &text, &has);
	if (!has)
		return err_set(err, -EKEYREJECTED, "%s is not signed", what);
	out->signature = calloc(NOTE_SIGNATURES, sizeof(*out->signature));
	if (!out->signature)
		return err_set(err, -ENOMEM, "out of memory");
	if (note_parse(in, out, &why, &at) == 0 && slice_eq(out->text, text))
		return 0;
	free(out->signature);
	out->signature = NULL;
	return err_set(err, -EKEYREJECTED, "the signatures of %s cannot be read", what);
}

int trust_verify(const struct trust *t, struct slice in, const char *what, struct buf *who, struct err *err)
{
	struct note note = {0};
	int r = open_note(in, what, &note, err);
	if (r == 0)
		r = enough(t, &note, what, "the trust", who, err);
	free(note.signature);
	return r;
}

int trust_follow(const struct trust *t, struct slice in, const char *what, struct trust *out, struct err *err)
{
	struct note note = {0};
	struct trust next;
	int r = trust_read(in, what, &next, err);
	if (r < 0)
		return r;
	if (!slice_eq(next.organisation, t->organisation))
		return err_set(err, -EKEYREJECTED, "%s is the trust of %.*s, and not of %.*s", what, SLICE_FMT(next.organisation),
		        SLICE_FMT(t->organisation));
	if (next.version != t->version + 1)
		return err_set(err, -EKEYREJECTED, "%s is version %llu of the trust, and may not follow version %llu", what,
		        (unsigned long long)next.version, (unsigned long long)t->version);
	r = open_note(in, what, &note, err);
	r = r < 0 ? r : enough(t, &note, what, "the trust before it", NULL, err);
	r = r < 0 ? r : enough(&next, &note, what, "it itself", NULL, err);
	free(note.signature);
	if (r == 0)
		*out = next;
	return r;
}

void trust_write(const struct trust *t, struct buf *out)
{
	char expires[21] = "never";
	if (t->expires)
		statement_time_write(t->expires, expires);
	buf_fmt(out, "postern.trust/v1\norganisation %.*s\nversion %llu\nthreshold %u\nexpires %s\n", SLICE_FMT(t->organisation),
	        (unsigned long long)t->version, t->threshold, expires);
	for (size_t i = 0; i < t->n; i++) {
		buf_str_add(out, "key ");
		tlog_vkey_add(out, t->key[i].name, t->key[i].type, t->key[i].public);
		buf_u8(out, '\n');
	}
}

size_t trust_keep(const struct note *old, const struct tlog_signer *signer, struct buf *out)
{
	uint32_t mine = tlog_key_id(signer->name, TLOG_ED25519, signer->public);
	size_t kept = 0;
	for (size_t i = 0; i < old->n; i++) {
		const struct note_signature *s = &old->signature[i];
		if (s->key_id == mine && slice_eq(s->name, signer->name))
			continue;
		note_signature_add(out, s->name, s->key_id, slice_of(s->bytes, s->n));
		kept++;
	}
	return kept;
}

int trust_sign(struct slice in, const struct tlog_signer *signer, struct buf *out, size_t *kept, struct err *err)
{
	struct note old = {0};
	struct slice text;
	bool has;
	bundle_split_note(in, &text, &has);
	*kept = 0;
	int r = has ? open_note(in, "it", &old, err) : 0;
	if (r < 0)
		return r;
	r = tlog_note_sign(signer, text, out);
	if (r < 0) {
		free(old.signature);
		return err_sys(err, r, "cannot sign");
	}
	*kept = trust_keep(&old, signer, out);
	free(old.signature);
	return buf_error(out) ? err_set(err, buf_error(out), "there are too many signatures, or no memory") : 0;
}
