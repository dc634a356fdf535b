#include "ledger/signer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/encode.h"
#include "ledger/config.h"
#include "sys/fd.h"
#include "sys/path.h"

/* draft-ietf-sshm-ssh-agent, section 6.1 */
enum { ASK_IDENTITIES = 11, IDENTITIES = 12, ASK_SIGN = 13, SIGNATURE = 14 };
#define AGENT_MAX     (256u << 10)
#define AGENT_SECONDS 20 /* a person may have to confirm */

static const struct slice key_word = SLICE_INIT("PRIVATE+KEY+"), ssh_type = SLICE_INIT("ssh-ed25519");

void ledger_key_write(struct buf *out, struct slice name, const uint8_t seed[ED25519_SEED])
{
	uint8_t public[ED25519_PUBLIC], key[1 + ED25519_SEED] = {TLOG_ED25519};
	if (ed25519_public(seed, public) < 0) {
		out->error = out->error ? out->error : -ENOMEM;
		return;
	}
	memcpy(key + 1, seed, ED25519_SEED);
	buf_add(out, key_word);
	buf_add(out, name);
	buf_fmt(out, "+%08x+", (unsigned)tlog_key_id(name, TLOG_ED25519, public));
	encode_base64(out, slice_of(key, sizeof(key)), false, true);
	buf_u8(out, '\n');
	explicit_bzero(key, sizeof(key));
}

int ledger_key_parse(struct slice in, struct slice *name, uint8_t seed[ED25519_SEED], const char **why)
{
	uint8_t public[ED25519_PUBLIC];
	_cleanup_buf_ struct buf key = BUF(1 + ED25519_SEED), id = BUF(4);
	if (in.n && in.p[in.n - 1] == '\n')
		in.n--;
	*why = "it is no signing key (PRIVATE+KEY+name+id+base64)";
	if (!slice_starts(in, key_word))
		return -EBADMSG;
	in = slice_from(in, key_word.n);
	size_t a = slice_chr(in, '+', 0), b = a == SLICE_NPOS ? a : slice_chr(in, '+', a + 1);
	if (b == SLICE_NPOS || !note_name_valid(slice_sub(in, 0, a)))
		return -EBADMSG;
	bool good = decode_hex(&id, slice_sub(in, a + 1, b - a - 1)) && id.n == 4 && decode_base64(&key, slice_from(in, b + 1));
	if (!good || key.n != 1 + ED25519_SEED || key.p[0] != TLOG_ED25519) {
		*why = "it is no Ed25519 signing key";
	} else if (ed25519_public(key.p + 1, public) < 0) {
		*why = "out of memory";
	} else if (tlog_key_id(slice_sub(in, 0, a), TLOG_ED25519, public) !=
	           ((uint32_t)id.p[0] << 24 | (uint32_t)id.p[1] << 16 | (uint32_t)id.p[2] << 8 | id.p[3])) {
		*why = "its key id does not fit name and key: it is damaged";
	} else {
		*name = slice_sub(in, 0, a);
		memcpy(seed, key.p + 1, ED25519_SEED);
		*why = NULL;
	}
	if (key.p)
		explicit_bzero(key.p, key.n);
	return *why ? -EBADMSG : 0;
}

static int sign_seed(void *arg, struct slice message, uint8_t signature[ED25519_SIGNATURE])
{
	const struct ledger_signer *s = arg;
	return ed25519_sign(s->seed, message, signature);
}

int ledger_signer_new(struct slice name, struct ledger_signer *out)
{
	*out = (struct ledger_signer){.tlog = {.name = name, .sign = sign_seed, .arg = out}};
	int r = ed25519_new(out->seed);
	return r < 0 ? r : ed25519_public(out->seed, out->tlog.public);
}

int ledger_signer_file(int dir, const char *path, struct slice name, struct ledger_signer *out, struct err *err)
{
	struct ledger_name shown = ledger_name(path);
	_cleanup_buf_ struct buf text = BUF(4096);
	struct slice key_name;
	const char *why;
	struct stat st;
	int r = fstatat(dir, path, &st, 0) < 0 ? -errno : path_read(dir, path, &text);
	if (r < 0)
		return err_set(err, r, "cannot read the signing key %s: %s%s", shown.text, strerror(-r),
		        r == -ENOENT ? "; put it back, or name it with --key" : "");
	struct ledger_signer s = {0};
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		r = err_set(err, -EACCES, "the signing key %s may be read by others (mode %03o); chmod 600 it", shown.text,
		        (unsigned)st.st_mode & 0777);
	else if (ledger_key_parse(buf_slice(&text), &key_name, s.seed, &why) < 0)
		r = err_set(err, -EBADMSG, "the signing key %s cannot be used: %s", shown.text, why);
	else if (!slice_eq(key_name, name))
		r = err_set(err, -EKEYREJECTED, "the signing key %s is for \"%.*s\", and the log is \"%.*s\"", shown.text,
		        SLICE_FMT(key_name), SLICE_FMT(name));
	else if (ed25519_public(s.seed, s.tlog.public) < 0)
		r = err_sys(err, -ENOMEM, "cannot use the signing key %s", shown.text);
	if (text.p)
		explicit_bzero(text.p, text.n);
	if (r == 0) {
		*out = s;
		out->tlog.name = name;
		out->tlog.sign = sign_seed;
		out->tlog.arg = out;
	}
	explicit_bzero(&s, sizeof(s));
	return r;
}

static int agent_connect(const char *path, int *out)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = AGENT_SECONDS};
	size_t n = strlen(path);
	if (n >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	memcpy(a.sun_path, path, n + 1);
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	*out = TAKE_FD(fd);
	return 0;
}

static int read_all(int fd, uint8_t *p, size_t n)
{
	while (n) {
		ssize_t got = recv(fd, p, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EPIPE;
		p += got;
		n -= (size_t)got;
	}
	return 0;
}

/* One question, one answer: length in four bytes, then that many. */
static int agent_ask(int fd, struct slice question, uint8_t want, struct buf *answer)
{
	uint8_t head[4];
	_cleanup_buf_ struct buf q = BUF(AGENT_MAX);
	buf_be(&q, question.n, 4);
	buf_add(&q, question);
	int r = buf_error(&q);
	r = r < 0 ? r : fd_write_all(fd, buf_slice(&q));
	r = r < 0 ? r : read_all(fd, head, sizeof(head));
	if (r < 0)
		return r;
	size_t n = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	uint8_t *p = n ? buf_room(answer, n) : NULL;
	if (!p)
		return -EPROTO;
	r = read_all(fd, p, n);
	if (r < 0)
		return r;
	answer->n += n;
	return answer->p[0] == want ? 0 : -EKEYREJECTED;
}

static struct slice take_string(struct cursor *c)
{
	uint32_t n = cursor_be32(c);
	return cursor_take(c, n);
}

static void put_string(struct buf *b, struct slice s)
{
	buf_be(b, s.n, 4);
	buf_add(b, s);
}

static int agent_sign(const char *socket, const uint8_t public[ED25519_PUBLIC], struct slice message, uint8_t signature[ED25519_SIGNATURE])
{
	_cleanup_fd_ int fd = -1;
	_cleanup_buf_ struct buf blob = BUF(128), q = BUF(AGENT_MAX), a = BUF(AGENT_MAX);
	put_string(&blob, ssh_type);
	put_string(&blob, slice_of(public, ED25519_PUBLIC));
	buf_u8(&q, ASK_SIGN);
	put_string(&q, buf_slice(&blob));
	put_string(&q, message);
	buf_be(&q, 0, 4);
	int r = buf_error(&q);
	r = r < 0 ? r : agent_connect(socket, &fd);
	r = r < 0 ? r : agent_ask(fd, buf_slice(&q), SIGNATURE, &a);
	if (r < 0)
		return r;
	struct cursor c = cursor_of(slice_from(buf_slice(&a), 1));
	struct cursor inner = cursor_of(take_string(&c));
	struct slice type = take_string(&inner), bytes = take_string(&inner);
	if (!cursor_ok(&c) || !cursor_ok(&inner) || !slice_eq(type, ssh_type) || bytes.n != ED25519_SIGNATURE)
		return -EPROTO;
	/* What an agent says is checked before it goes out as the log's word. */
	r = ed25519_verify(public, message, bytes);
	if (r == 0)
		memcpy(signature, bytes.p, bytes.n);
	return r;
}

static int sign_agent(void *arg, struct slice message, uint8_t signature[ED25519_SIGNATURE])
{
	const struct ledger_signer *s = arg;
	return agent_sign(s->socket, s->tlog.public, message, signature);
}

/* Looks for the key among what an agent has. */
static int pick(struct slice answer, struct slice name, const uint8_t *want, uint8_t public[ED25519_PUBLIC], struct err *err)
{
	struct cursor c = cursor_of(slice_from(answer, 1));
	uint32_t n = cursor_be32(&c);
	unsigned found = 0, named = 0;
	for (uint32_t i = 0; i < n && cursor_ok(&c); i++) {
		struct cursor blob = cursor_of(take_string(&c));
		struct slice comment = take_string(&c), type = take_string(&blob), key = take_string(&blob);
		if (!cursor_ok(&c) || !cursor_ok(&blob) || !slice_eq(type, ssh_type) || key.n != ED25519_PUBLIC)
			continue;
		if (want ? memcmp(want, key.p, key.n) != 0 : named && !slice_eq(comment, name))
			continue;
		found++;
		named += slice_eq(comment, name) ? 1 : 0;
		memcpy(public, key.p, key.n);
	}
	if (!cursor_ok(&c))
		return err_set(err, -EPROTO, "the signer's list of keys cannot be read");
	if (found == 0 && want)
		return err_set(err, -ENOKEY,
		        "the signer does not hold this ledger's key; load it there, or take the key of another file with --key");
	if (found == 0)
		return err_set(err, -ENOKEY, "the signer holds no Ed25519 key");
	if (!want && found > 1 && named != 1)
		return err_set(err, -ENOKEY, "the signer holds %u Ed25519 keys; give the one that is meant the comment \"%.*s\"", found,
		        SLICE_FMT(name));
	return 0;
}

int ledger_signer_agent(
        const char *socket, struct slice name, const uint8_t public[ED25519_PUBLIC], struct ledger_signer *out, struct err *err)
{
	static const uint8_t ask = ASK_IDENTITIES;
	struct ledger_name shown = ledger_name(socket);
	struct ledger_signer s = {.tlog = {.name = name, .sign = sign_agent}};
	_cleanup_fd_ int fd = -1;
	_cleanup_buf_ struct buf a = BUF(AGENT_MAX);
	int r = agent_connect(socket, &fd);
	r = r < 0 ? r : agent_ask(fd, slice_of(&ask, 1), IDENTITIES, &a);
	if (r < 0)
		return err_sys(err, r, "cannot ask the signer at %s", shown.text);
	r = pick(buf_slice(&a), name, public, s.tlog.public, err);
	if (r < 0)
		return err_wrap(err, r, "%s", shown.text);
	memcpy(s.socket, socket, strlen(socket) + 1);
	*out = s;
	out->tlog.arg = out;
	return 0;
}

void ledger_signer_close(struct ledger_signer *s)
{
	explicit_bzero(s->seed, sizeof(s->seed));
	s->tlog.sign = NULL;
}
