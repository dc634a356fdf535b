#include "parse/clienthello.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cursor.h"

#define VALUES_MAX 512
#define BODY_SHOWN 64u

enum {
	EXT_SNI = 0,
	EXT_GROUPS = 10,
	EXT_SIGNATURES = 13,
	EXT_ALPN = 16,
	EXT_PADDING = 21,
	EXT_TICKET = 35,
	EXT_PSK = 41,
	EXT_VERSIONS = 43,
	EXT_SHARES = 51,
	EXT_ECH = 0xfe0d
};

struct values {
	uint16_t v[VALUES_MAX];
	size_t n;
};

/* RFC 8701 */
static bool grease(uint16_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

static bool values_add(struct values *l, uint16_t v)
{
	if (grease(v))
		return true;
	if (l->n == VALUES_MAX)
		return false;
	l->v[l->n++] = v;
	return true;
}

static int by_value(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void values_text(struct buf *out, const struct values *l)
{
	for (size_t i = 0; i < l->n; i++)
		buf_fmt(out, "%s%04x", i ? "," : "", l->v[i]);
}

static bool server_name(struct slice ext, char sni[256], struct slice *written)
{
	struct cursor c = cursor_of(ext);
	(void)cursor_be16(&c);
	uint8_t type = cursor_u8(&c);
	struct slice name = cursor_take(&c, cursor_be16(&c));
	if (!cursor_ok(&c) || type != 0 || name.n == 0 || name.n > 255)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 0x7f)
			return false;
	for (size_t i = 0; i < name.n; i++)
		sni[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i]);
	sni[name.n] = 0;
	if (!slice_is(name, sni))
		*written = name;
	return true;
}

static bool alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* The list as text, and the two characters of JA4: first and last of the first protocol, or of its hex if they are not alphanumeric. */
static void protocols(struct slice ext, char alpn[256], char two[3])
{
	struct cursor c = cursor_of(ext);
	(void)cursor_be16(&c);
	size_t n = 0;
	bool first = true;
	while (cursor_left(&c)) {
		struct slice p = cursor_take(&c, cursor_u8(&c));
		if (!cursor_ok(&c) || p.n == 0)
			return;
		if (first && alnum(p.p[0]) && alnum(p.p[p.n - 1])) {
			two[0] = (char)p.p[0];
			two[1] = (char)p.p[p.n - 1];
		} else if (first) {
			two[0] = "0123456789abcdef"[p.p[0] >> 4];
			two[1] = "0123456789abcdef"[p.p[p.n - 1] & 15];
		}
		if (n + p.n + 2 > 255)
			return;
		if (!first)
			alpn[n++] = ',';
		for (size_t i = 0; i < p.n; i++)
			alpn[n++] = (char)(p.p[i] > ' ' && p.p[i] < 0x7f && p.p[i] != ',' ? p.p[i] : '?');
		alpn[n] = 0;
		first = false;
	}
}

static const char *version_name(uint16_t v)
{
	switch (v) {
	case 0x0304:
		return "13";
	case 0x0303:
		return "12";
	case 0x0302:
		return "11";
	case 0x0301:
		return "10";
	case 0x0300:
		return "s3";
	case 0x0002:
		return "s2";
	default:
		return "00";
	}
}

struct lists {
	struct values ciphers, extensions, signatures;
	struct values all, groups, shares; /* all: the extensions in their order, SNI and ALPN among them */
	struct values versions;
	struct slice sni_written, session, compression, random;
	struct buf *bodies; /* of extensions that are no lists of ours and hold no fresh bytes */
	unsigned records;
	uint16_t record_version;
	unsigned grease; /* how many such values there were */
	uint16_t version;
	size_t n_extensions; /* with SNI and ALPN */
	bool sni;
	char two[3];
};

static void hex_add(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_fmt(out, "%02x", s.p[i]);
}

static bool one_extension(uint16_t type, struct slice ext, struct lists *l, struct clienthello *out)
{
	struct cursor c = cursor_of(ext);
	if (grease(type)) {
		l->grease++;
		return true;
	}
	l->n_extensions++;
	if (!values_add(&l->all, type))
		return false;
	switch (type) {
	case EXT_SNI:
		l->sni = true;
		(void)server_name(ext, out->sni, &l->sni_written);
		return true;
	case EXT_ALPN:
		protocols(ext, out->alpn, l->two);
		return true;
	case EXT_GROUPS: {
		struct cursor s = cursor_of(cursor_take(&c, cursor_be16(&c)));
		while (cursor_left(&s) && values_add(&l->groups, cursor_be16(&s)))
			;
		break;
	}
	case EXT_SHARES: {
		struct cursor s = cursor_of(cursor_take(&c, cursor_be16(&c)));
		while (cursor_left(&s) && values_add(&l->shares, cursor_be16(&s)))
			(void)cursor_take(&s, cursor_be16(&s));
		break;
	}
	case EXT_SIGNATURES: {
		struct cursor s = cursor_of(cursor_take(&c, cursor_be16(&c)));
		while (cursor_left(&s))
			if (!values_add(&l->signatures, cursor_be16(&s)))
				return false;
		break;
	}
	case EXT_VERSIONS: {
		struct cursor s = cursor_of(cursor_take(&c, cursor_u8(&c)));
		uint16_t best = 0;
		while (cursor_left(&s)) {
			uint16_t v = cursor_be16(&s);
			l->grease += grease(v);
			(void)values_add(&l->versions, v);
			if (!grease(v) && v > best)
				best = v;
		}
		if (best)
			l->version = best;
		break;
	}
	case EXT_PADDING:
		buf_fmt(l->bodies, "%s%04x:%zu bytes", l->bodies->n ? "," : "", type, ext.n);
		break;
	case EXT_TICKET:
	case EXT_PSK:
	case EXT_ECH:
		break;
	default:
		buf_fmt(l->bodies, "%s%04x:", l->bodies->n ? "," : "", type);
		hex_add(l->bodies, slice_sub(ext, 0, BODY_SHOWN));
		break;
	}
	return values_add(&l->extensions, type);
}

static bool body(struct slice message, struct lists *l, struct clienthello *out)
{
	struct cursor c = cursor_of(message);
	l->version = cursor_be16(&c);
	l->random = cursor_take(&c, 32);
	l->session = cursor_take(&c, cursor_u8(&c));
	struct cursor ciphers = cursor_of(cursor_take(&c, cursor_be16(&c)));
	l->compression = cursor_take(&c, cursor_u8(&c));
	if (!cursor_ok(&c))
		return false;
	while (cursor_left(&ciphers)) {
		uint16_t v = cursor_be16(&ciphers);
		l->grease += grease(v);
		if (!values_add(&l->ciphers, v))
			return false;
	}
	if (!cursor_left(&c))
		return cursor_ok(&ciphers);
	struct cursor e = cursor_of(cursor_take(&c, cursor_be16(&c)));
	while (cursor_left(&e)) {
		uint16_t type = cursor_be16(&e);
		struct slice ext = cursor_take(&e, cursor_be16(&e));
		if (!cursor_ok(&e) || !one_extension(type, ext, l, out))
			return false;
	}
	return cursor_ok(&c) && cursor_ok(&e) && cursor_ok(&ciphers);
}

/* Joins the handshake bytes of the records until the message is whole. */
static enum clienthello_status unwrap(struct slice in, struct buf *message, struct lists *l, const char **reason)
{
	struct cursor c = cursor_of(in);
	for (;;) {
		if (message->n >= 4) {
			size_t n = (size_t)message->p[1] << 16 | (size_t)message->p[2] << 8 | message->p[3];
			*reason = "handshake message is no ClientHello, or too long";
			if (message->p[0] != 1 || n > CLIENTHELLO_MAX - 4)
				return CLIENTHELLO_BAD;
			if (message->n >= n + 4) {
				message->n = n + 4;
				return CLIENTHELLO_OK;
			}
		}
		struct slice left = slice_from(in, c.at);
		*reason = "TLS record is no handshake";
		if ((left.n > 0 && left.p[0] != 0x16) || (left.n > 1 && left.p[1] != 3))
			return CLIENTHELLO_BAD;
		(void)cursor_u8(&c);
		uint16_t version = cursor_be16(&c);
		size_t n = cursor_be16(&c);
		struct slice record = cursor_take(&c, n);
		*reason = "TLS record has a wrong length";
		if (n > 16384 + 256 || (cursor_ok(&c) && n == 0))
			return CLIENTHELLO_BAD;
		if (!cursor_ok(&c))
			return CLIENTHELLO_MORE;
		buf_add(message, record);
		if (l->records++ == 0)
			l->record_version = version;
		*reason = "ClientHello is too long";
		if (buf_error(message))
			return CLIENTHELLO_BAD;
	}
}

static void form_text(struct buf *out, const struct lists *l)
{
	const struct {
		const char *name;
		const struct values *v;
	} rows[] = {{"ciphers", &l->ciphers}, {"extensions", &l->all}, {"groups", &l->groups}, {"key shares", &l->shares},
	        {"versions", &l->versions}, {"signature algorithms", &l->signatures}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_fmt(out, "%s=", rows[i].name);
		values_text(out, rows[i].v);
		buf_u8(out, '\n');
	}
	buf_fmt(out, "bodies=%.*s\nGREASE=%u\nrandom=", SLICE_FMT(buf_slice(l->bodies)), l->grease);
	hex_add(out, l->random);
	if (l->session.n) {
		buf_str_add(out, "\nsession=");
		hex_add(out, l->session);
	}
	buf_fmt(out, "\nsession id=%zu\ncompression=", l->session.n);
	for (size_t i = 0; i < l->compression.n; i++)
		buf_fmt(out, "%02x", l->compression.p[i]);
	if (l->sni_written.n)
		buf_fmt(out, "\nSNI=%.*s", SLICE_FMT(l->sni_written));
	/* How many records the message came in, and the version that the first of them says. */
	buf_fmt(out, "\nrecords=%u, %02x%02x", l->records, l->record_version >> 8, l->record_version & 0xff);
}

enum clienthello_status clienthello_parse(struct slice in, struct clienthello *out, const char **reason)
{
	_cleanup_buf_ struct buf message = BUF(CLIENTHELLO_MAX + 20000);
	_cleanup_buf_ struct buf bodies = BUF(VALUES_MAX * 24);
	struct lists l = {.two = "00", .bodies = &bodies};
	enum clienthello_status s = unwrap(in, &message, &l, reason);
	if (s != CLIENTHELLO_OK)
		return s;
	struct clienthello c = {.ja4_b = BUF(VALUES_MAX * 5), .ja4_c = BUF(VALUES_MAX * 10 + 1), .form = BUF(VALUES_MAX * 80)};
	*reason = "ClientHello is malformed";
	if (!body(slice_from(buf_slice(&message), 4), &l, &c))
		return CLIENTHELLO_BAD;
	form_text(&c.form, &l);
	qsort(l.ciphers.v, l.ciphers.n, sizeof(l.ciphers.v[0]), by_value);
	qsort(l.extensions.v, l.extensions.n, sizeof(l.extensions.v[0]), by_value);
	values_text(&c.ja4_b, &l.ciphers);
	values_text(&c.ja4_c, &l.extensions);
	if (l.signatures.n && l.extensions.n) {
		buf_u8(&c.ja4_c, '_');
		values_text(&c.ja4_c, &l.signatures);
	}
	(void)snprintf(c.ja4_a, sizeof(c.ja4_a), "t%s%c%02u%02u%.2s", version_name(l.version), l.sni ? 'd' : 'i',
	        (unsigned)(l.ciphers.n > 99 ? 99 : l.ciphers.n), (unsigned)(l.n_extensions > 99 ? 99 : l.n_extensions), l.two);
	if (buf_error(&c.ja4_b) || buf_error(&c.ja4_c) || buf_error(&c.form)) {
		clienthello_free(&c);
		return CLIENTHELLO_BAD;
	}
	*out = c;
	return CLIENTHELLO_OK;
}

void clienthello_free(struct clienthello *c)
{
	buf_free(&c->ja4_b);
	buf_free(&c->form);
	buf_free(&c->ja4_c);
}
