#include "ledger/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/path.h"

#define CONFIG_MAX 16384

static const char *const places[] = {[LEDGER_KEY_FOLDER] = "folder", [LEDGER_KEY_FILE] = "file", [LEDGER_KEY_AGENT] = "agent"};

struct ledger_name ledger_name(const char *path)
{
	struct ledger_name name = {0};
	size_t n = 0;
	for (const uint8_t *p = (const uint8_t *)path; *p && n < 200; p++) {
		bool plain = *p >= 0x20 && *p != 0x7f && *p < 0x80;
		/* A character of UTF-8 is taken whole, or not as one. */
		size_t more = *p >= 0xc2 && *p < 0xe0 ? 1 : *p >= 0xe0 && *p < 0xf0 ? 2 : *p >= 0xf0 && *p < 0xf5 ? 3 : 0;
		size_t k = 0;
		while (k < more && (p[k + 1] & 0xc0) == 0x80)
			k++;
		/* C1 controls are C2 80 to C2 9F. */
		if (more && k == more && !(*p == 0xc2 && p[1] < 0xa0)) {
			memcpy(name.text + n, p, more + 1);
			n += more + 1;
			p += more;
		} else if (plain) {
			name.text[n++] = (char)*p;
		} else {
			(void)snprintf(name.text + n, sizeof(name.text) - n, "\\x%02x", *p);
			n += 4;
		}
	}
	return name;
}

struct note_vkey ledger_vkey(const struct ledger_config *config)
{
	struct note_vkey key = {.name = slice_str(config->origin), .type = TLOG_ED25519};
	memcpy(key.public, config->public, sizeof(key.public));
	key.key_id = tlog_key_id(key.name, key.type, key.public);
	return key;
}

void ledger_config_write(const struct ledger_config *config, struct buf *out)
{
	buf_fmt(out, "postern ledger\nformat %d\norigin %s\nvkey ", LEDGER_FORMAT, config->origin);
	tlog_vkey_add(out, slice_str(config->origin), TLOG_ED25519, config->public);
	buf_fmt(out, "\nkey %s%s%s\n", places[config->place], config->path[0] ? " " : "", config->path);
}

/* "word rest": takes the line, gives the rest. */
static bool line(struct slice *in, const char *word, struct slice *rest)
{
	struct slice l, start = slice_str(word);
	size_t end = slice_chr(*in, '\n', 0);
	if (end == SLICE_NPOS)
		return false;
	l = slice_sub(*in, 0, end);
	if (!slice_starts(l, start) || l.n <= start.n || l.p[start.n] != ' ')
		return false;
	*in = slice_from(*in, end + 1);
	*rest = slice_from(l, start.n + 1);
	return true;
}

static bool text_of(struct slice s, char *out, size_t size)
{
	if (s.n >= size || slice_chr(s, 0, 0) != SLICE_NPOS)
		return false;
	if (s.n)
		memcpy(out, s.p, s.n);
	out[s.n] = 0;
	return true;
}

static bool parse_place(struct slice s, struct ledger_config *c)
{
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		struct slice word = slice_str(places[i]);
		if (i == LEDGER_KEY_FOLDER && slice_eq(s, word)) {
			c->place = LEDGER_KEY_FOLDER;
			return true;
		}
		if (i != LEDGER_KEY_FOLDER && slice_starts(s, word) && s.n > word.n + 1 && s.p[word.n] == ' ' && s.p[word.n + 1] == '/') {
			c->place = (enum ledger_key_place)i;
			return text_of(slice_from(s, word.n + 1), c->path, sizeof(c->path));
		}
	}
	return false;
}

int ledger_config_parse(struct slice in, struct ledger_config *out, struct err *err)
{
	struct slice first = SLICE("postern ledger\n"), all = in, s;
	_cleanup_buf_ struct buf again = BUF(CONFIG_MAX);
	struct ledger_config c = {0};
	struct note_vkey key;
	const char *why = NULL;
	uint64_t format;
	if (!slice_starts(in, first))
		return err_set(err, -ENOMSG, "its file config is none of a ledger");
	in = slice_from(in, first.n);
	if (!line(&in, "format", &s) || !slice_u64(s, UINT32_MAX, &format))
		return err_set(err, -EBADMSG, "its file config is damaged: the second line is not a format version");
	if (format != LEDGER_FORMAT)
		return err_set(err, -EPROTONOSUPPORT, "it has format %u, and this program knows %d; use the %s that made it",
		        (unsigned)format, LEDGER_FORMAT, format > LEDGER_FORMAT ? "newer Postern" : "older Postern");
	if (!line(&in, "origin", &s) || !note_name_valid(s) || !text_of(s, c.origin, sizeof(c.origin)))
		return err_set(err, -EBADMSG, "its file config is damaged: there is no valid origin");
	if (!line(&in, "vkey", &s) || tlog_vkey_read(s, &key, &why) < 0 || key.type != TLOG_ED25519 ||
	        !slice_eq(key.name, slice_str(c.origin)))
		return err_set(err, -EBADMSG, "its file config is damaged: there is no valid verifier key of that origin");
	memcpy(c.public, key.public, sizeof(c.public));
	if (!line(&in, "key", &s) || !parse_place(s, &c) || in.n)
		return err_set(
		        err, -EBADMSG, "its file config is damaged: it does not say where the signing key is, or goes on after that");
	/* There is one way to write it. */
	ledger_config_write(&c, &again);
	if (buf_error(&again) || !slice_eq(buf_slice(&again), all))
		return err_set(err, -EBADMSG, "its file config is damaged: it is not written as it should be");
	*out = c;
	return 0;
}

int ledger_open(const char *path, int *dir, struct ledger_config *config, struct err *err)
{
	struct ledger_name name = ledger_name(path);
	struct err why = {0};
	_cleanup_buf_ struct buf text = BUF(CONFIG_MAX);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "cannot open the folder %s: %s%s", name.text, strerror(errno),
		        errno == ENOENT || errno == ENOTDIR ? "; name the folder of a ledger, or make one: \"postern log init\"" : "");
	int r = path_read(fd, "config", &text);
	if (r == -ENOENT)
		return err_set(err, -ENOMSG, "%s is no ledger: it has no file config; \"postern log init\" makes one", name.text);
	if (r < 0)
		return err_sys(err, r, "cannot read %s/config", name.text);
	r = ledger_config_parse(buf_slice(&text), config, &why);
	if (r == -EBADMSG)
		return err_set(err, r, "%s cannot be used as a ledger: %s; put back a copy of that file, which never changes", name.text,
		        why.text);
	if (r < 0)
		return err_set(err, r, "%s cannot be used as a ledger: %s", name.text, why.text);
	*dir = TAKE_FD(fd);
	return 0;
}
