#include "wire/engine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>

#include "parse/dns.h"
#include "sys/fd.h"
#include "wire/conn.h"

#define TICK_MS       1000u
#define NOTES_MAX     16u
#define DATAGRAMS_MAX 65536u /* traced */
#define DNS_PORT      53

struct port {
	struct engine *engine;
	uint16_t number; /* 0: free slot */
	bool udp;
	int fd;
	struct source *source;
	uint64_t used; /* when, for eviction */
};

struct engine {
	struct engine_config config;
	struct far_side far;
	struct loop *loop;
	struct relay *relay;
	struct tls_server *tls;
	struct names *names;
	struct source *control;
	bool control_out; /* EPOLLOUT is watched */
	struct buf trace; /* records not written yet */
	size_t trace_mark;
	uint64_t trace_bytes, trace_max;
	bool trace_full;
	uint64_t start_us;
	struct port port[PORTS_MAX];
	uint16_t tcp_slot[65536], udp_slot[65536]; /* index + 1 into port */
	uint64_t clock;                            /* counts uses of ports */
	struct conn *conns, *due;
	unsigned n_conns;
	uint32_t last_id;
	size_t held;
	unsigned datagrams;
	const char *noted[NOTES_MAX];
	uint8_t datagram[65536];
};

static uint64_t monotonic_us(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

uint64_t engine_now_us(const struct engine *e)
{
	return monotonic_us() - e->start_us;
}

struct loop *engine_loop(struct engine *e)
{
	return e->loop;
}

struct tls_server *engine_tls(struct engine *e)
{
	return e->tls;
}

const struct far_side *engine_far(const struct engine *e)
{
	return &e->far;
}

struct names *engine_names(struct engine *e)
{
	return e->names;
}

uint32_t engine_next_id(struct engine *e)
{
	return ++e->last_id;
}

void engine_link(struct engine *e, struct conn *c)
{
	c->next = e->conns;
	if (c->next)
		c->next->prev = c;
	e->conns = c;
	e->n_conns++;
}

void engine_unlink(struct engine *e, struct conn *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		e->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	e->n_conns--;
}

struct conn *engine_most(struct engine *e)
{
	struct conn *most = e->conns;
	for (struct conn *c = most; c; c = c->next)
		if (conn_holds(c) > conn_holds(most))
			most = c;
	return most;
}

void engine_due(struct engine *e, struct conn *c)
{
	if (c->due)
		return;
	c->due = true;
	c->due_prev = NULL;
	c->due_next = e->due;
	if (c->due_next)
		c->due_next->due_prev = c;
	e->due = c;
}

void engine_not_due(struct engine *e, struct conn *c)
{
	if (!c->due)
		return;
	c->due = false;
	if (c->due_prev)
		c->due_prev->due_next = c->due_next;
	else
		e->due = c->due_next;
	if (c->due_next)
		c->due_next->due_prev = c->due_prev;
}

static void advance_due(void *arg, uint32_t events)
{
	struct engine *e = arg;
	(void)events;
	while (e->due) {
		struct conn *c = e->due;
		engine_not_due(e, c);
		conn_advance(c);
	}
}

bool engine_hold(struct engine *e, size_t n)
{
	if (n > HELD_MAX - e->held)
		return false;
	e->held += n;
	return true;
}

void engine_release(struct engine *e, size_t n)
{
	e->held -= n;
}

/* ── trace ── */

static void trace_write(struct engine *e)
{
	size_t done = 0;
	while (done < e->trace.n) {
		ssize_t n = send(e->config.control_fd, e->trace.p + done, e->trace.n - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			done = e->trace.n; /* the reader is gone; its end of file ends us */
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	buf_drop(&e->trace, done);
	bool want = e->trace.n > 0;
	if (e->control && want != e->control_out && loop_change(e->control, EPOLLIN | (want ? EPOLLOUT : 0u)) == 0)
		e->control_out = want;
}

struct buf *engine_trace(struct engine *e, const struct conn *c, enum trace_kind kind)
{
	trace_begin(&e->trace, kind, &e->trace_mark);
	if (kind != TRACE_READY)
		trace_put_u64(&e->trace, TAG_TIME, engine_now_us(e));
	if (c)
		trace_put_u64(&e->trace, TAG_CONN, c->id);
	return &e->trace;
}

void engine_trace_end(struct engine *e)
{
	trace_end(&e->trace, e->trace_mark);
	size_t size = e->trace.n - e->trace_mark;
	bool overrun = buf_error(&e->trace) != 0, full = e->trace_bytes + size > e->trace_max;
	if (overrun || full) {
		/* The record is taken back whole: the reader never sees half of one. */
		e->trace.n = e->trace_mark;
		e->trace.error = 0;
		if (full && !e->trace_full) {
			e->trace_full = true;
			e->trace_max = e->trace_bytes + 65536; /* room for the note and the last closes */
			engine_note(e, "the trace is full: records are lost from here on");
		} else if (overrun) {
			engine_note(e, "the reader of the trace is too slow: records were lost");
		}
		return;
	}
	e->trace_bytes += size;
	trace_write(e);
}

void engine_note(struct engine *e, const char *why)
{
	size_t i = 0;
	while (i < NOTES_MAX && e->noted[i] && strcmp(e->noted[i], why) != 0)
		i++;
	if (i == NOTES_MAX || e->noted[i])
		return;
	e->noted[i] = why;
	trace_put(engine_trace(e, NULL, TRACE_NOTE), TAG_REASON, slice_str(why));
	engine_trace_end(e);
}

/* ── DNS ── */

static bool listed(const char *const *list, struct slice name)
{
	for (size_t i = 0; list && list[i]; i++)
		if (slice_eq_nocase(name, slice_str(list[i])))
			return true;
	return false;
}

/* Domains that no public server ever answers for: RFC 6761, 6.4; RFC 7686; RFC 9476. */
static const char *const nobodys[] = {"invalid", "onion", "alt", NULL};

/* How long a name may be kept: the same for it each time, and not the same for all. */
static uint32_t time_to_live(struct slice name)
{
	static const uint32_t usual[] = {60, 300, 20, 120, 600, 30, 300, 3600};
	return usual[slice_hash(name) % ARRAY_LEN(usual)];
}

/* Every name resolves, but: a single label does not (unless it is one of the configured names), nor does what is below a domain that is
 * nobody's; below the search domain only names with exactly one label more do, so that a resolver which appends the domain to a public
 * name gets NXDOMAIN, as in an office. */
static bool resolves(const struct engine *e, const struct dns_query *q)
{
	struct slice name = slice_str(q->name), domain = slice_str(e->config.dns_search);
	if (listed(e->config.dead, name))
		return false;
	if (listed(e->config.names, name))
		return true;
	struct slice top = name;
	for (size_t dot; (dot = slice_chr(top, '.', 0)) != SLICE_NPOS;)
		top = slice_from(top, dot + 1);
	if (q->labels < 2 || listed(nobodys, top))
		return false;
	if (domain.n == 0 || name.n <= domain.n || name.p[name.n - domain.n - 1] != '.' ||
	        !slice_eq_nocase(slice_from(name, name.n - domain.n), domain))
		return true;
	return slice_chr(slice_sub(name, 0, name.n - domain.n - 1), '.', 0) == SLICE_NPOS;
}

/* What a query says beside the name and the type: RFC 1035, 4.1.1; RFC 6891, 6.1.2. */
static void dns_form(const struct dns_query *q, struct buf *form)
{
	buf_fmt(form, "flags=%04x\nid=%04x", q->flags, q->id);
	if (q->questions != 1)
		buf_fmt(form, "\nquestions=%u", q->questions);
	if (q->qclass != 1)
		buf_fmt(form, "\nclass=%u", q->qclass);
	struct slice r = q->rest;
	bool opt = r.n >= 11 && r.p[0] == 0 && r.p[1] == 0 && r.p[2] == 41;
	if (opt)
		buf_fmt(form, "\nEDNS=%u bytes, %02x%02x%02x%02x", (unsigned)r.p[3] << 8 | r.p[4], r.p[5], r.p[6], r.p[7], r.p[8]);
	else if (r.n)
		buf_str_add(form, "\nrest=");
	for (size_t i = opt ? 11 : 0; i < r.n && i < 75; i++)
		buf_fmt(form, "%s%02x", opt && i == 11 ? ", " : "", r.p[i]);
}

void engine_dns(struct engine *e, struct slice packet, const char *proto, struct buf *reply)
{
	struct dns_query q;
	if (!dns_parse(packet, &q)) {
		struct buf *t = engine_trace(e, NULL, TRACE_UDP);
		trace_put_u64(t, TAG_PORT, DNS_PORT);
		trace_put(t, TAG_DATA, slice_sub(packet, 0, DATAGRAM_KEEP));
		trace_put_u64(t, TAG_WIRE_SIZE, packet.n);
		trace_put(t, TAG_REASON, SLICE("malformed DNS query"));
		engine_trace_end(e);
		if (packet.n >= 12 && !(packet.p[2] & 0x80)) {
			buf_add(reply, slice_sub(packet, 0, 2));
			buf_be(reply, 0x8080u | DNS_FORMERR, 2);
			buf_be(reply, 0, 8);
		}
		return;
	}
	uint8_t ipv4[4];
	struct slice name = slice_str(q.name);
	bool reverse = name.n >= 5 && slice_eq_nocase(slice_from(name, name.n - 5), SLICE(".arpa"));
	bool known = q.qclass == 1 && !reverse && resolves(e, &q);
	bool opcode = (q.flags & 0x7800) == 0;
	bool address = opcode && known && q.qtype == DNS_A && names_address(e->names, slice_str(q.name), ipv4) == 0;
	dns_reply(reply, &q, !opcode ? DNS_NOTIMP : known ? DNS_NOERROR : DNS_NXDOMAIN, address ? ipv4 : NULL, time_to_live(name));
	char spare[12], text[INET_ADDRSTRLEN];
	struct buf *t = engine_trace(e, NULL, TRACE_DNS);
	trace_put(t, TAG_QNAME, slice_str(q.name));
	trace_put(t, TAG_QTYPE, slice_str(dns_type_name(q.qtype, spare)));
	trace_put(t, TAG_PROTO, slice_str(proto));
	if (address)
		trace_put(t, TAG_ADDR, slice_str(inet_ntop(AF_INET, ipv4, text, sizeof(text))));
	_cleanup_buf_ struct buf form = BUF(512);
	dns_form(&q, &form);
	trace_put(t, TAG_FORM, buf_slice(&form));
	engine_trace_end(e);
}

/* ── ports ── */

static void port_close(struct port *p)
{
	loop_remove(p->source);
	fd_closep(&p->fd);
	*(p->udp ? &p->engine->udp_slot[p->number] : &p->engine->tcp_slot[p->number]) = 0;
	*p = (struct port){.fd = -1};
}

static void on_accept(void *arg, uint32_t events)
{
	struct port *p = arg;
	struct engine *e = p->engine;
	(void)events;
	for (int i = 0; i < 64; i++) {
		struct sockaddr_in6 local;
		socklen_t n = sizeof(local);
		_cleanup_fd_ int fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE) && e->conns) {
			/* The newest gives way: left in the queue, the new one would keep the loop spinning. */
			engine_note(e, "out of descriptors: connections were closed");
			conn_drop(e->conns, "out of descriptors");
			return;
		}
		if (fd < 0)
			return;
		if (e->n_conns >= CONNS_MAX) {
			engine_note(e, "too many connections at once: further ones were refused");
			continue;
		}
		if (getsockname(fd, (struct sockaddr *)&local, &n) < 0 || n < sizeof(local))
			continue;
		conn_new(e, TAKE_FD(fd), &local);
	}
}

static void trace_datagram(struct engine *e, const char *addr, uint16_t port, const char *host, struct slice data)
{
	if (e->datagrams++ >= DATAGRAMS_MAX) {
		engine_note(e, "too many datagrams and packets: further ones were not recorded");
		return;
	}
	struct buf *t = engine_trace(e, NULL, TRACE_UDP);
	trace_put(t, TAG_ADDR, slice_str(addr));
	trace_put_u64(t, TAG_PORT, port);
	trace_put(t, TAG_HOST, slice_str(host));
	trace_put(t, TAG_DATA, slice_sub(data, 0, DATAGRAM_KEEP));
	trace_put_u64(t, TAG_WIRE_SIZE, data.n);
	if (data.n > DATAGRAM_KEEP)
		trace_put_u64(t, TAG_LOST, data.n - DATAGRAM_KEEP);
	engine_trace_end(e);
}

static const char *address_text(const struct in6_addr *a, struct names *names, char text[INET6_ADDRSTRLEN])
{
	const char *name = NULL;
	if (IN6_IS_ADDR_V4MAPPED(a)) {
		(void)inet_ntop(AF_INET, a->s6_addr + 12, text, INET6_ADDRSTRLEN);
		name = names_of(names, a->s6_addr + 12);
	} else {
		(void)inet_ntop(AF_INET6, a, text, INET6_ADDRSTRLEN);
	}
	return name ? name : text;
}

/* One datagram; the reply must come from the address that was asked, so the control message is used again. */
static bool one_datagram(struct engine *e, struct port *p)
{
	_Alignas(struct cmsghdr) uint8_t control[256];
	struct sockaddr_in6 from;
	struct iovec v = {e->datagram, sizeof(e->datagram)};
	struct msghdr m = {.msg_name = &from,
	        .msg_namelen = sizeof(from),
	        .msg_iov = &v,
	        .msg_iovlen = 1,
	        .msg_control = control,
	        .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(p->fd, &m, MSG_DONTWAIT);
	if (n < 0)
		return false;
	struct in6_pktinfo info = {0};
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
		if (h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_PKTINFO)
			memcpy(&info, CMSG_DATA(h), sizeof(info));
	struct slice data = slice_of(e->datagram, (size_t)n);
	if (p->number != DNS_PORT) {
		char text[INET6_ADDRSTRLEN] = "";
		const char *host = address_text(&info.ipi6_addr, e->names, text);
		trace_datagram(e, text, p->number, host, data);
		return true;
	}
	_cleanup_buf_ struct buf reply = BUF(1024);
	engine_dns(e, data, "udp", &reply);
	if (!reply.n || buf_error(&reply))
		return true;
	info.ipi6_ifindex = 0;
	struct msghdr out = {.msg_name = &from,
	        .msg_namelen = m.msg_namelen,
	        .msg_iov = &v,
	        .msg_iovlen = 1,
	        .msg_control = control,
	        .msg_controllen = CMSG_SPACE(sizeof(info))};
	memset(control, 0, sizeof(control));
	struct cmsghdr *h = CMSG_FIRSTHDR(&out);
	h->cmsg_level = IPPROTO_IPV6;
	h->cmsg_type = IPV6_PKTINFO;
	h->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(h), &info, sizeof(info));
	v = (struct iovec){reply.p, reply.n};
	(void)sendmsg(p->fd, &out, MSG_DONTWAIT | MSG_NOSIGNAL);
	return true;
}

static void on_datagram(void *arg, uint32_t events)
{
	struct port *p = arg;
	(void)events;
	for (int i = 0; i < 64 && one_datagram(p->engine, p); i++)
		;
}

/* A socket of both families: an IPv4 address reads as ::ffff:a.b.c.d. */
static int port_socket(uint16_t number, bool udp, int *out)
{
	_cleanup_fd_ int fd = socket(AF_INET6, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0;
	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0 ||
	        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	        (udp && setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) < 0))
		return -errno;
	if (!udp)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_SAVE_SYN, &on, sizeof(on));
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(number), .sin6_addr = IN6ADDR_ANY_INIT};
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || (!udp && listen(fd, 1024) < 0))
		return -errno;
	*out = TAKE_FD(fd);
	return 0;
}

static struct port *port_slot(struct engine *e)
{
	struct port *oldest = NULL;
	for (size_t i = 0; i < PORTS_MAX; i++) {
		struct port *p = &e->port[i];
		if (p->number == 0)
			return p;
		if (p->number != DNS_PORT && (!oldest || p->used < oldest->used))
			oldest = p;
	}
	/* The one that was tried longest ago gives way; a packet to it makes a new one. */
	engine_note(e, "many ports were tried: listeners are reused");
	port_close(oldest);
	return oldest;
}

static int port_open(struct engine *e, uint16_t number, bool udp)
{
	uint16_t *slot = udp ? &e->udp_slot[number] : &e->tcp_slot[number];
	/* A far side that streams has nothing for datagrams: without a listener the client hears at once that nobody is there. */
	if (udp && number != DNS_PORT && e->far.stream)
		return 0;
	if (*slot || number == 0) {
		if (*slot)
			e->port[*slot - 1].used = ++e->clock;
		return 0;
	}
	struct port *p = port_slot(e);
	*p = (struct port){.engine = e, .number = number, .udp = udp, .fd = -1, .used = ++e->clock};
	int r = port_socket(number, udp, &p->fd);
	if (r == 0)
		r = loop_add(e->loop, p->fd, EPOLLIN, udp ? on_datagram : on_accept, p, &p->source);
	if (r < 0) {
		fd_closep(&p->fd);
		*p = (struct port){.fd = -1};
		engine_note(e, "a port could not be opened");
		return r;
	}
	*slot = (uint16_t)(p - e->port + 1);
	return 0;
}

static void saw_tcp(void *arg, uint16_t port)
{
	(void)port_open(arg, port, false);
}

static void saw_udp(void *arg, uint16_t port)
{
	(void)port_open(arg, port, true);
}

static void saw_other(void *arg, unsigned proto, const char *addr, uint16_t port, struct slice data)
{
	struct engine *e = arg;
	if (proto == IPPROTO_UDP) {
		trace_datagram(e, addr, port, addr, data);
		return;
	}
	if (e->datagrams++ >= DATAGRAMS_MAX) {
		engine_note(e, "too many datagrams and packets: further ones were not recorded");
		return;
	}
	struct buf *t = engine_trace(e, NULL, TRACE_PACKET);
	trace_put_u64(t, TAG_PROTO, proto);
	trace_put(t, TAG_ADDR, slice_str(addr));
	trace_put_u64(t, TAG_WIRE_SIZE, data.n);
	engine_trace_end(e);
}

/* ── life ── */

static void on_control(void *arg, uint32_t events)
{
	struct engine *e = arg;
	if (events & EPOLLOUT)
		trace_write(e);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	uint8_t ignored[256];
	ssize_t n = recv(e->config.control_fd, ignored, sizeof(ignored), MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		loop_stop(e->loop);
}

static void on_tick(void *arg, uint32_t events)
{
	struct engine *e = arg;
	uint64_t now = engine_now_us(e);
	(void)events;
	for (struct conn *c = e->conns, *next; c; c = next) {
		next = c->next;
		conn_tick(c, now);
	}
	if (loop_after(e->loop, TICK_MS, on_tick, e, NULL) < 0)
		engine_note(e, "no timer: connections do not time out");
}

int engine_new(const struct engine_config *c, const struct far_side *far, struct engine **out, struct err *err)
{
	struct engine *e = calloc(1, sizeof(*e));
	if (!e)
		return err_set(err, -ENOMEM, "out of memory");
	e->config = *c;
	e->far = *far;
	e->trace = BUF(TRACE_QUEUE_MAX);
	e->trace_max = c->trace_max ? c->trace_max : (uint64_t)64 << 20;
	fd_raise_limit();
	char date[40];
	http_calendar(c->ahead_s);
	http_date(date); /* the C library looks for the time zone's file on its first conversion: while there are files */
	const char *what = "the event loop";
	int r = loop_new(&e->loop);
	if (r == 0)
		loop_after_batch(e->loop, advance_due, e);
	if (r == 0)
		r = loop_add(e->loop, c->control_fd, EPOLLIN, on_control, e, &e->control);
	if (r == 0)
		r = names_new(&e->names);
	if (r == 0) {
		what = "the certificate authority";
		r = tls_server_new(c->ca_cert_pem, c->ca_key_pem, time(NULL) + c->ahead_s, &e->tls);
	}
	if (r == 0) {
		what = "port 53";
		r = port_open(e, DNS_PORT, true);
	}
	if (r == 0)
		r = port_open(e, DNS_PORT, false);
	if (r == 0 && c->outer) {
		what = "the relay";
		struct relay_watch w = {.arg = e, .tcp = saw_tcp, .udp = saw_udp, .other = saw_other, .far_away = c->far_away};
		r = relay_new(e->loop, c->outer_fd > 0 ? c->outer_fd : -1, c->outer, c->inner, &w, &e->relay);
	}
	if (r < 0) {
		engine_free(e);
		return err_sys(err, r, "the world cannot be opened: %s", what);
	}
	*out = e;
	return 0;
}

int engine_listen(struct engine *e, uint16_t port)
{
	return port_open(e, port, false);
}

/* The last records must arrive: the reader has stopped sending but still reads. Bounded, should it not. */
static void drain(struct engine *e)
{
	for (int i = 0; i < 2000 && e->trace.n; i++) {
		trace_write(e);
		if (e->trace.n)
			(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
}

int engine_run(struct engine *e)
{
	e->start_us = monotonic_us();
	(void)engine_trace(e, NULL, TRACE_READY);
	engine_trace_end(e);
	int r = loop_after(e->loop, TICK_MS, on_tick, e, NULL);
	if (r == 0)
		r = loop_run(e->loop);
	while (e->conns)
		conn_drop(e->conns, "the trial ended");
	drain(e);
	return r;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	while (e->conns)
		conn_drop(e->conns, "the trial ended");
	relay_free(e->relay);
	for (size_t i = 0; i < PORTS_MAX; i++)
		if (e->port[i].number)
			port_close(&e->port[i]);
	loop_remove(e->control);
	tls_server_free(e->tls);
	names_free(e->names);
	loop_free(e->loop);
	buf_free(&e->trace);
	free(e);
}
