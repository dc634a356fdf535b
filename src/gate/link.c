#include "gate/link.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cursor.h"

void link_begin(struct buf *b, enum link_kind kind)
{
	buf_reset(b);
	buf_u8(b, (uint8_t)kind);
}

void link_put(struct buf *b, enum link_tag tag, struct slice value)
{
	if (!value.p)
		return;
	buf_u8(b, (uint8_t)tag);
	buf_be(b, value.n, 4);
	buf_add(b, value);
}

void link_put_u64(struct buf *b, enum link_tag tag, uint64_t value)
{
	_cleanup_buf_ struct buf text = BUF(32);
	buf_fmt(&text, "%llu", (unsigned long long)value);
	link_put(b, tag, buf_slice(&text));
}

/* Tag, length, bytes, until the end. */
static int fields(struct cursor *k, struct slice *field, unsigned tags)
{
	while (cursor_left(k)) {
		unsigned tag = cursor_u8(k);
		struct slice value = cursor_take(k, cursor_be32(k));
		if (!cursor_ok(k) || tag == 0 || tag >= tags || field[tag].p)
			return -EBADMSG;
		field[tag] = value;
	}
	return 0;
}

int link_parse(struct slice datagram, struct link_message *out)
{
	struct link_message m = {0};
	struct cursor k = cursor_of(datagram);
	unsigned kind = cursor_u8(&k);
	if (!cursor_ok(&k) || kind == 0 || kind >= LINK_KIND_END)
		return -EBADMSG;
	m.kind = (enum link_kind)kind;
	int r = fields(&k, m.field, LINK_TAG_END);
	if (r == 0)
		*out = m;
	return r;
}

uint64_t link_u64(const struct link_message *m, enum link_tag tag, uint64_t otherwise)
{
	uint64_t v;
	return slice_u64(m->field[tag], UINT64_MAX, &v) ? v : otherwise;
}

int link_send(int socket, const struct buf *message, int fd)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec v = {message->p, message->n};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	if (buf_error(message))
		return buf_error(message);
	if (fd >= 0) {
		m.msg_control = control;
		m.msg_controllen = sizeof(control);
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	}
	ssize_t n;
	do
		n = sendmsg(socket, &m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int link_receive(int socket, struct buf *b, int *fd)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))];
	buf_reset(b);
	uint8_t *p = buf_room(b, LINK_MAX);
	if (!p)
		return -ENOMEM;
	struct iovec v = {p, LINK_MAX};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t n;
	do
		n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	*fd = -1;
	if (n < 0)
		return -errno;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS && h->cmsg_len == CMSG_LEN(sizeof(int)))
			memcpy(fd, CMSG_DATA(h), sizeof(*fd));
	if (n > 0 && !(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		b->n = (size_t)n;
		return 0;
	}
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	return n == 0 ? -EPIPE : -EBADMSG;
}

/* ── the queue ── */

#define NO_FD UINT32_MAX

void link_queue_init(struct link_queue *q, int socket, size_t max)
{
	*q = (struct link_queue){.socket = socket, .wait = BUF(max)};
}

bool link_queue_waits(const struct link_queue *q)
{
	return q->wait.n > 0;
}

static int close_it(int fd, int result)
{
	if (fd >= 0)
		(void)close(fd);
	return result;
}

/* -EAGAIN: later. */
static int try_send(int socket, const struct buf *message, int fd)
{
	int r = link_send(socket, message, fd);
	/* unix(7): as many descriptors are under way as a process may hold; the other side takes them out. */
	return r == -ETOOMANYREFS ? -EAGAIN : r;
}

int link_queue_send(struct link_queue *q, const struct buf *message, int fd)
{
	int r = link_queue_waits(q) ? -EAGAIN : try_send(q->socket, message, fd);
	if (r != -EAGAIN)
		return close_it(fd, r);
	size_t before = q->wait.n;
	buf_be(&q->wait, message->n, 4);
	buf_be(&q->wait, fd < 0 ? NO_FD : (uint32_t)fd, 4);
	buf_add(&q->wait, buf_slice(message));
	r = buf_error(message) ? buf_error(message) : buf_error(&q->wait);
	if (r == 0)
		return 0;
	q->wait.n = before;
	return close_it(fd, r);
}

/* The message that waits first. False: none does. */
static bool first(struct slice wait, struct slice *message, int *fd)
{
	struct cursor k = cursor_of(wait);
	if (!cursor_left(&k))
		return false;
	uint32_t n = cursor_be32(&k), number = cursor_be32(&k);
	*message = cursor_take(&k, n);
	*fd = number == NO_FD ? -1 : (int)number;
	return cursor_ok(&k);
}

int link_queue_flush(struct link_queue *q)
{
	struct slice rest = buf_slice(&q->wait), one;
	int fd, r = 0;
	while (r == 0 && first(rest, &one, &fd)) {
		struct buf view = {.p = (uint8_t *)(uintptr_t)one.p, .n = one.n, .max = one.n};
		r = try_send(q->socket, &view, fd);
		if (r == 0) {
			(void)close_it(fd, 0);
			rest = slice_from(rest, 8 + one.n);
		}
	}
	buf_drop(&q->wait, q->wait.n - rest.n);
	return r == -EAGAIN ? 0 : r;
}

void link_queue_free(struct link_queue *q)
{
	struct slice rest = buf_slice(&q->wait), one;
	int fd;
	while (first(rest, &one, &fd)) {
		(void)close_it(fd, 0);
		rest = slice_from(rest, 8 + one.n);
	}
	buf_free(&q->wait);
}

/* ── configuration ── */

enum {
	CONFIG_CERT = 1,
	CONFIG_KEY,
	CONFIG_TRUST,
	CONFIG_RULES,
	CONFIG_VALUES,
	CONFIG_INDEX,
	CONFIG_PATTERNS,
	CONFIG_KEEP,
	CONFIG_ROUTES,
	CONFIG_CANON,
	CONFIG_END
};

void gate_config_encode(struct buf *b, const struct gate_config *c)
{
	const struct slice value[CONFIG_END] = {
	        [CONFIG_CERT] = c->ca_cert_pem,
	        [CONFIG_KEY] = c->ca_key_pem,
	        [CONFIG_TRUST] = c->trust_pem,
	        [CONFIG_RULES] = c->rules,
	        [CONFIG_VALUES] = c->values,
	        [CONFIG_INDEX] = c->index,
	        [CONFIG_PATTERNS] = c->patterns,
	        [CONFIG_KEEP] = c->keep ? SLICE("1") : SLICE_NONE,
	        [CONFIG_ROUTES] = c->routes,
	        [CONFIG_CANON] = c->canon,
	};
	for (unsigned tag = 1; tag < CONFIG_END; tag++)
		link_put(b, (enum link_tag)tag, value[tag]);
}

int gate_config_decode(struct slice message, struct gate_config *out)
{
	struct slice value[CONFIG_END] = {{NULL, 0}};
	struct cursor k = cursor_of(message);
	int r = fields(&k, value, CONFIG_END);
	if (r == 0)
		*out = (struct gate_config){.ca_cert_pem = value[CONFIG_CERT],
		        .ca_key_pem = value[CONFIG_KEY],
		        .trust_pem = value[CONFIG_TRUST],
		        .rules = value[CONFIG_RULES],
		        .values = value[CONFIG_VALUES],
		        .index = value[CONFIG_INDEX],
		        .keep = value[CONFIG_KEEP].n > 0,
		        .patterns = value[CONFIG_PATTERNS],
		        .routes = value[CONFIG_ROUTES],
		        .canon = value[CONFIG_CANON]};
	return r;
}

void gate_value_put(struct buf *b, unsigned class, struct slice label, struct slice value)
{
	buf_u8(b, (uint8_t) class);
	buf_be(b, label.n, 4);
	buf_add(b, label);
	buf_be(b, value.n, 4);
	buf_add(b, value);
}

bool gate_value_next(struct slice *rest, unsigned *class, struct slice *label, struct slice *value)
{
	struct cursor k = cursor_of(*rest);
	if (!cursor_left(&k))
		return false;
	*class = cursor_u8(&k);
	*label = cursor_take(&k, cursor_be32(&k));
	*value = cursor_take(&k, cursor_be32(&k));
	if (!cursor_ok(&k))
		return false;
	*rest = slice_from(*rest, k.at);
	return true;
}

/* Tabs and newlines separate. */
static void plain(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.n && i < 400; i++)
		buf_u8(b, s.p[i] < ' ' || s.p[i] == 0x7f ? '?' : s.p[i]);
}

void link_hit_write(struct buf *b, const struct link_hit *h)
{
	buf_fmt(b, "%u\t%u\t%d\t%d\t", h->class, h->confidence, h->cut, h->place);
	plain(b, h->rule);
	buf_u8(b, '\t');
	plain(b, h->what);
	buf_u8(b, '\t');
	plain(b, h->chain);
	buf_u8(b, '\t');
	plain(b, h->sample);
	buf_str_add(b, "\t\n");
}

bool link_hit_next(struct slice *rest, struct link_hit *out)
{
	struct slice line, part[8];
	uint64_t n[4];
	if (!rest->n || !slice_split(rest, '\n', &line))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(part); i++)
		if (!slice_split(&line, '\t', &part[i]) || (i < 4 && !slice_u64(part[i], 1000, &n[i])))
			return false;
	*out = (struct link_hit){.class = (unsigned)n[0],
	        .confidence = (unsigned)n[1],
	        .cut = n[2] != 0,
	        .place = n[3] != 0,
	        .rule = part[4],
	        .what = part[5],
	        .chain = part[6],
	        .sample = part[7]};
	return true;
}

int gate_config_send(int control, const struct gate_config *c, int link, struct buf *rest)
{
	_cleanup_buf_ struct buf head = BUF(8);
	gate_config_encode(rest, c);
	buf_be(&head, rest->n, 4);
	return buf_error(rest) ? buf_error(rest) : link_send(control, &head, link);
}

int gate_config_receive(int control, struct buf *message, int *link)
{
	_Alignas(struct cmsghdr) uint8_t space[CMSG_SPACE(sizeof(int))];
	uint8_t head[4];
	struct iovec v = {head, sizeof(head)};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
	ssize_t n = recvmsg(control, &m, MSG_CMSG_CLOEXEC | MSG_WAITALL);
	*link = -1;
	for (struct cmsghdr *h = n > 0 ? CMSG_FIRSTHDR(&m) : NULL; h; h = CMSG_NXTHDR(&m, h))
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS && h->cmsg_len == CMSG_LEN(sizeof(int)))
			memcpy(link, CMSG_DATA(h), sizeof(*link));
	size_t size = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	uint8_t *to = n == 4 && *link >= 0 && size <= GATE_CONFIG_MAX ? buf_room(message, size) : NULL;
	while (to && message->n < size) {
		n = recv(control, to + message->n, size - message->n, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		message->n += (size_t)n;
	}
	if (to && message->n == size)
		return 0;
	if (*link >= 0)
		(void)close(*link);
	*link = -1;
	return n == 0 ? -EPIPE : -EBADMSG;
}
