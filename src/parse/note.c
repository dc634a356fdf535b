#include "parse/note.h"

#include <errno.h>

#include "base/encode.h"
#include "base/utf8.h"

/* An em dash and a space begin a signature. */
static const struct slice dash = SLICE_INIT("\xe2\x80\x94 ");

/* Unicode's White_Space, without the control characters, which are refused before. */
static bool white_space(uint32_t c)
{
	return c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
	       c == 0x202f || c == 0x205f || c == 0x3000;
}

static bool name_valid(struct slice name, size_t max)
{
	if (name.n == 0 || name.n > max)
		return false;
	for (size_t i = 0; i < name.n;) {
		uint32_t c;
		size_t n = utf8_next(name, i, &c);
		if (n == 0 || c < 0x20 || c == '+' || white_space(c))
			return false;
		i += n;
	}
	return true;
}

bool note_name_valid(struct slice name)
{
	return name_valid(name, NOTE_NAME_MAX);
}

/* Why a byte cannot stand in a note, and where; NULL if all can. */
static const char *unclean(struct slice s, size_t *offset)
{
	for (size_t i = 0; i < s.n;) {
		uint32_t c;
		size_t n = utf8_next(s, i, &c);
		if (n == 0 || (c < 0x20 && c != '\n')) {
			*offset = i;
			return n == 0 ? "not UTF-8" : "a control character";
		}
		i += n;
	}
	return NULL;
}

bool note_text_valid(struct slice text)
{
	size_t at;
	return text.n && text.p[text.n - 1] == '\n' && !unclean(text, &at);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static const char *signature_line(struct slice line, struct note_signature *out)
{
	if (!slice_starts(line, dash))
		return "a signature must begin with an em dash and a space";
	struct slice rest = slice_from(line, dash.n), name;
	if (!slice_split(&rest, ' ', &name) || !rest.p || !name_valid(name, SIZE_MAX))
		return "a signature must have the name of a key, a space, and the signature in base64";
	size_t n;
	if (!decode_base64_strict(rest, out->bytes, sizeof(out->bytes), &n))
		return rest.n / 4 > NOTE_SIGNATURE_MAX / 3 ? "a signature is too long" : "a signature is not base64";
	if (n <= 4)
		return "a signature is too short";
	out->name = name;
	out->key_id = be32(out->bytes);
	out->line = rest;
	out->n = n - 4;
	memmove(out->bytes, out->bytes + 4, out->n);
	return NULL;
}

int note_parse(struct slice in, struct note *out, const char **why, size_t *offset)
{
	size_t at = 0, end = in.n, n = 0;
	const char *bad = NULL;
	if (in.n > NOTE_MAX)
		bad = "a note this long is not read", at = NOTE_MAX;
	else
		bad = unclean(in, &at);
	if (!bad && (in.n < 2 || in.p[in.n - 1] != '\n'))
		bad = "the last line has no end", at = in.n;
	/* The last empty line: what is before it, with one newline, is the text. */
	while (!bad && end >= 2 && !(in.p[end - 1] == '\n' && in.p[end - 2] == '\n'))
		end--;
	if (!bad && (end < 2 || end == in.n))
		bad = end < 2 ? "no empty line before the signatures" : "no signature", at = in.n;
	if (bad) {
		*why = bad;
		*offset = at;
		return -EBADMSG;
	}
	struct slice rest = slice_from(in, end), line;
	while (rest.n && slice_split(&rest, '\n', &line)) {
		bad = n == NOTE_SIGNATURES ? "too many signatures" : signature_line(line, &out->signature[n]);
		if (bad) {
			*why = bad;
			*offset = (size_t)(line.p - in.p);
			return -EBADMSG;
		}
		n++;
	}
	out->text = slice_sub(in, 0, end - 1);
	out->n = n;
	return 0;
}

void note_signature_add(struct buf *out, struct slice name, uint32_t key_id, struct slice signature)
{
	_cleanup_buf_ struct buf all = BUF(NOTE_SIGNATURE_MAX);
	buf_be(&all, key_id, 4);
	buf_add(&all, signature);
	if (buf_error(&all)) {
		out->error = out->error ? out->error : buf_error(&all);
		return;
	}
	buf_add(out, dash);
	buf_add(out, name);
	buf_u8(out, ' ');
	encode_base64(out, buf_slice(&all), false, true);
	buf_u8(out, '\n');
}

/* Known types and the length of their public keys. */
static const struct {
	uint8_t type;
	size_t n;
} types[] = {{1, 32}, {4, 32}};

int note_vkey_parse(struct slice in, struct note_vkey *out, const char **why)
{
	struct slice rest = in, name, id;
	uint8_t key[1 + 2048];
	uint32_t key_id = 0;
	size_t n;
	if (!slice_split(&rest, '+', &name) || !slice_split(&rest, '+', &id) || !rest.p) {
		*why = "a verifier key has three parts: name+id+key";
		return -EBADMSG;
	}
	if (!note_name_valid(name)) {
		*why = "the name of the key is empty, too long, or has a space or a control character in it";
		return -EBADMSG;
	}
	for (size_t i = 0; i < id.n; i++) {
		int d = id.p[i] >= 'A' && id.p[i] <= 'F' ? -1 : hex_value(id.p[i]);
		if (d < 0)
			id.n = 0;
		key_id = key_id << 4 | (uint32_t)d;
	}
	if (id.n != 8) {
		*why = "the id of the key must be 8 hex digits in lower case";
		return -EBADMSG;
	}
	if (!decode_base64_strict(rest, key, sizeof(key), &n) || n == 0) {
		*why = "the last part of the key is not base64";
		return -EBADMSG;
	}
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (key[0] != types[i].type)
			continue;
		if (n - 1 != types[i].n) {
			*why = "the public key has not the length of its type";
			return -EBADMSG;
		}
		*out = (struct note_vkey){.name = name, .key_id = key_id, .type = key[0]};
		memcpy(out->public, key + 1, sizeof(out->public));
		return 0;
	}
	*why = "keys of this type are not known here (1: Ed25519, 4: Ed25519 cosignature)";
	return -ENOTSUP;
}
