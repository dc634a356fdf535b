#include "ledger/http.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "parse/http1.h"
#include "sys/loop.h"

#define READ  ((size_t)16 << 10)
#define PIECE ((size_t)1 << 20) /* of a file, before others get their turn */

enum state {
	HEAD,   /* a request is awaited */
	BODY,   /* its body */
	REPLY,  /* head and body of the answer are sent */
	FILE_,  /* the rest of the answer is a file */
	LINGER, /* the last answer was sent; what still comes is thrown away, so that the answer is not lost to a reset */
	GONE,
};

struct server;
struct peer {
	struct server *s;
	int fd;
	enum state state;
	struct source *source, *timer;
	struct buf in, body, out;
	struct http1_chunked chunked;
	enum http1_framing framing;
	uint64_t left; /* of a body with a length */
	struct slice method, target;
	char line[HTTP_HEAD]; /* method and target live here while the body is read */
	bool keep, only_head;
	size_t sent;
	int file;
	off_t at, end;
};

struct server {
	const struct http_options *o;
	struct loop *loop;
	int listener, signals;
	struct source *on_listener, *on_signal;
	bool full;
	struct http1_head head;
	struct peer *peer[HTTP_CONNECTIONS];
};

static const struct {
	unsigned status;
	const char *text;
} reasons[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {422, "Unprocessable Content"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
};

static const char *reason_of(unsigned status)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Unknown";
}

void http_say(struct http_reply *r, unsigned status, const char *text)
{
	buf_reset(&r->body);
	r->status = status;
	r->type = "text/plain; charset=utf-8";
	buf_fmt(&r->body, "%s\n", text);
}

static void on_peer(void *arg, uint32_t events);
static void on_late(void *arg, uint32_t events);

static void listen_again(struct server *s, bool full)
{
	if (s->full != full && loop_change(s->on_listener, full ? 0 : EPOLLIN) == 0)
		s->full = full;
}

static void peer_free(struct peer *p)
{
	struct server *s = p->s;
	for (size_t i = 0; i < HTTP_CONNECTIONS; i++)
		if (s->peer[i] == p)
			s->peer[i] = NULL;
	loop_remove(p->source);
	loop_remove(p->timer);
	(void)close(p->fd);
	fd_closep(&p->file);
	buf_free(&p->in);
	buf_free(&p->body);
	buf_free(&p->out);
	free(p);
	listen_again(s, false);
}

static bool deadline(struct peer *p)
{
	unsigned ms = p->state == REPLY || p->state == FILE_ ? p->s->o->reply_ms ? p->s->o->reply_ms : 30000
	              : p->state == LINGER                   ? 1000
	              : p->s->o->request_ms                  ? p->s->o->request_ms
	                                                     : 10000;
	loop_remove(p->timer);
	p->timer = NULL;
	return loop_after(p->s->loop, ms, on_late, p, &p->timer) == 0;
}

/* The next state, with what is waited for and how long. */
static void enter(struct peer *p, enum state state)
{
	bool sending = state == REPLY || state == FILE_;
	p->state = state;
	if (loop_change(p->source, sending ? EPOLLOUT : EPOLLIN) < 0 || !deadline(p))
		p->state = GONE;
}

static void answer(struct peer *p, struct http_reply *r)
{
	struct stat st = {0};
	if (r->fd >= 0 && (fstat(r->fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		fd_closep(&r->fd);
		http_say(r, 500, "the file cannot be read");
	} else if (r->fd < 0 && buf_error(&r->body)) {
		http_say(r, 500, "out of memory");
	}
	buf_reset(&p->out);
	p->sent = 0;
	buf_fmt(&p->out, "HTTP/1.1 %u %s\r\n", r->status, reason_of(r->status));
	if (r->type)
		buf_fmt(&p->out, "Content-Type: %s\r\n", r->type);
	if (r->allow)
		buf_fmt(&p->out, "Allow: %s\r\n", r->allow);
	buf_fmt(&p->out, "Content-Length: %llu\r\nCache-Control: %s\r\nX-Content-Type-Options: nosniff\r\nConnection: %s\r\n\r\n",
	        r->fd >= 0 ? (unsigned long long)st.st_size : (unsigned long long)r->body.n, r->cache ? r->cache : "no-store",
	        p->keep ? "keep-alive" : "close");
	if (r->fd >= 0 && !p->only_head) {
		p->file = TAKE_FD(r->fd);
		p->at = 0;
		p->end = st.st_size;
	} else if (!p->only_head) {
		buf_add(&p->out, buf_slice(&r->body));
	}
	fd_closep(&r->fd);
	buf_free(&r->body);
	if (buf_error(&p->out))
		p->state = GONE;
	else
		enter(p, REPLY);
}

/* What cannot be understood ends the connection: where the next request begins is not known. */
static void refuse(struct peer *p, unsigned status, const char *text)
{
	struct http_reply r = {.fd = -1, .body = BUF(HTTP_REPLY)};
	p->keep = false;
	http_say(&r, status, text);
	answer(p, &r);
}

static void handle(struct peer *p)
{
	struct http_reply r = {.fd = -1, .body = BUF(HTTP_REPLY)};
	struct http_request q = {.method = p->method, .target = p->target, .body = buf_slice(&p->body)};
	p->s->o->handle(p->s->o->arg, &q, &r);
	answer(p, &r);
}

static void take_head(struct peer *p)
{
	struct http1_head *h = &p->s->head;
	const char *why;
	size_t at;
	enum http1_status s = http1_parse(buf_slice(&p->in), h, &why, &at);
	if (s == HTTP1_MORE && p->in.n > HTTP_HEAD)
		return refuse(p, 431, "the head of the request is too large");
	if (s == HTTP1_MORE)
		return;
	if (s == HTTP1_BAD)
		return refuse(p, 400, why);
	if (h->size > HTTP_HEAD)
		return refuse(p, 431, "the head of the request is too large");
	p->keep = h->keep_alive;
	p->only_head = slice_is(h->method, "HEAD");
	p->framing = h->framing;
	p->left = h->framing == HTTP1_LENGTH ? h->length : 0;
	p->chunked = (struct http1_chunked){0};
	memcpy(p->line, h->method.p, h->method.n);
	memcpy(p->line + h->method.n, h->target.p, h->target.n);
	p->method = slice_of(p->line, h->method.n);
	p->target = slice_of(p->line + h->method.n, h->target.n);
	buf_reset(&p->body);
	if (p->left > p->s->o->body || (h->framing == HTTP1_CHUNKED && p->s->o->body == 0))
		return refuse(p, 413, "the body of the request is too large");
	/* A client that waits for leave gets it before the body; it is so short that the socket takes it. */
	static const char leave[] = "HTTP/1.1 100 Continue\r\n\r\n";
	if (h->expect_continue && h->framing != HTTP1_NONE && p->in.n == h->size &&
	        send(p->fd, leave, sizeof(leave) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(leave) - 1)
		p->state = GONE;
	else
		p->state = BODY; /* the time for the whole request goes on */
	buf_drop(&p->in, h->size);
}

static void take_body(struct peer *p)
{
	const char *why;
	uint64_t lost = 0;
	size_t used = 0;
	if (p->framing == HTTP1_LENGTH) {
		used = p->in.n < p->left ? p->in.n : (size_t)p->left;
		buf_add(&p->body, slice_sub(buf_slice(&p->in), 0, used));
		p->left -= used;
	} else if (p->framing == HTTP1_CHUNKED) {
		enum http1_status s = http1_chunked(&p->chunked, buf_slice(&p->in), &used, &p->body, &lost, &why);
		if (s == HTTP1_BAD)
			return refuse(p, 400, why);
		p->left = s == HTTP1_MORE;
	}
	buf_drop(&p->in, used);
	if (lost)
		refuse(p, 413, "the body of the request is too large");
	else if (buf_error(&p->body))
		p->state = GONE;
	else if (p->left == 0)
		handle(p);
}

/* False if there is nothing more to read now. */
static bool take(struct peer *p)
{
	uint8_t *room = buf_room(&p->in, READ);
	ssize_t n = room ? recv(p->fd, room, READ, 0) : 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		p->state = GONE;
		return false;
	}
	p->in.n += p->state == LINGER ? 0 : (size_t)n;
	return true;
}

static void replied(struct peer *p)
{
	fd_closep(&p->file);
	if (!p->keep) {
		(void)shutdown(p->fd, SHUT_WR);
		buf_reset(&p->in);
		enter(p, LINGER);
		return;
	}
	enter(p, HEAD);
}

static void give(struct peer *p)
{
	ssize_t n = 0;
	off_t before = p->at;
	if (p->state == REPLY && p->sent < p->out.n)
		n = send(p->fd, p->out.p + p->sent, p->out.n - p->sent, MSG_NOSIGNAL | (p->file >= 0 ? MSG_MORE : 0));
	else if (p->file >= 0 && p->at < p->end)
		n = sendfile(p->fd, p->file, &p->at, (size_t)(p->end - p->at) < PIECE ? (size_t)(p->end - p->at) : PIECE);
	else
		return replied(p);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) { /* also a file that became shorter: the length was promised */
		p->state = GONE;
		return;
	}
	if (p->state == REPLY)
		p->sent += (size_t)n;
	if (p->state == REPLY && p->sent == p->out.n)
		p->state = FILE_;
	if (p->state == FILE_ && (p->file < 0 || p->at == p->end))
		replied(p);
	else if (p->at / (off_t)PIECE != before / (off_t)PIECE && !deadline(p))
		p->state = GONE; /* each piece has its time, so that nobody holds a place by reading a byte now and then */
}

/* What is there already may be a whole request, or several. */
static void go_on(struct peer *p)
{
	enum state before;
	do {
		before = p->state;
		if (p->state == HEAD && p->in.n)
			take_head(p);
		if (p->state == BODY)
			take_body(p);
	} while (p->state != before && (p->state == HEAD || p->state == BODY));
}

static void on_peer(void *arg, uint32_t events)
{
	struct peer *p = arg;
	if (p->state == REPLY || p->state == FILE_) {
		if (events & EPOLLOUT)
			give(p);
		else
			p->state = GONE;
		if (p->state == HEAD)
			go_on(p);
	} else if (take(p)) {
		go_on(p);
	}
	if (p->state == GONE)
		peer_free(p);
}

static void on_late(void *arg, uint32_t events)
{
	struct peer *p = arg;
	(void)events;
	p->timer = NULL;
	if (p->state == BODY || (p->state == HEAD && p->in.n))
		refuse(p, 408, "the request did not come in time");
	else
		p->state = GONE;
	if (p->state == GONE)
		peer_free(p);
}

static void on_connect(void *arg, uint32_t events)
{
	struct server *s = arg;
	size_t slot = 0;
	(void)events;
	while (slot < HTTP_CONNECTIONS && s->peer[slot])
		slot++;
	if (slot == HTTP_CONNECTIONS) {
		/* The others wait in the kernel's queue until one has gone; each goes at its deadline. */
		listen_again(s, true);
		return;
	}
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	struct peer *p = calloc(1, sizeof(*p));
	if (!p || loop_add(s->loop, fd, EPOLLIN, on_peer, p, &p->source) < 0) {
		free(p);
		(void)close(fd);
		return;
	}
	p->s = s;
	p->fd = fd;
	p->file = -1;
	p->in = BUF(HTTP_HEAD + READ + READ);
	p->body = BUF(s->o->body);
	p->out = BUF(HTTP_REPLY + 1024);
	s->peer[slot] = p;
	if (!deadline(p))
		peer_free(p);
}

static void on_signal(void *arg, uint32_t events)
{
	struct server *s = arg;
	struct signalfd_siginfo info;
	(void)events;
	if (read(s->signals, &info, sizeof(info)) == sizeof(info))
		loop_stop(s->loop);
}

/* "HOST:PORT" with a numeric host, in brackets if it is of IPv6. */
static int listen_at(struct server *s, char url[128], struct err *err)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *a = NULL;
	struct sockaddr_storage bound = {0};
	socklen_t n = sizeof(bound);
	char host[80] = "", port[8] = "";
	struct slice where = slice_str(s->o->listen), left;
	size_t colon = where.n;
	uint64_t number;
	int on = 1;
	while (colon && where.p[colon - 1] != ':')
		colon--;
	left = slice_sub(where, 0, colon ? colon - 1 : 0);
	bool six = left.n > 2 && left.p[0] == '[' && left.p[left.n - 1] == ']';
	if (six)
		left = slice_sub(left, 1, left.n - 2);
	if (left.n == 0 || left.n >= sizeof(host) || !slice_u64(slice_from(where, colon), 65535, &number))
		return err_set(err, -EINVAL, "\"%.64s\" is no address to listen at: 127.0.0.1:8080, or 0 for any port", s->o->listen);
	(void)snprintf(host, sizeof(host), "%.*s", SLICE_FMT(left));
	(void)snprintf(port, sizeof(port), "%u", (unsigned)number);
	hints.ai_family = six ? AF_INET6 : AF_INET;
	if (getaddrinfo(host, port, &hints, &a) != 0)
		return err_set(err, -EINVAL, "\"%.64s\" is no address to listen at: the host must be a number, as in 127.0.0.1:8080",
		        s->o->listen);
	s->listener = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool ok = s->listener >= 0 && setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	          bind(s->listener, a->ai_addr, a->ai_addrlen) == 0 && listen(s->listener, HTTP_CONNECTIONS) == 0 &&
	          getsockname(s->listener, (struct sockaddr *)&bound, &n) == 0;
	int r = ok ? 0 : -errno;
	freeaddrinfo(a);
	if (r < 0)
		return err_sys(err, r, "cannot listen at %.64s", s->o->listen);
	if (getnameinfo((struct sockaddr *)&bound, n, NULL, 0, port, sizeof(port), NI_NUMERICSERV) != 0)
		return err_set(err, -EINVAL, "cannot listen at %.64s", s->o->listen);
	(void)snprintf(url, 128, six ? "http://[%s]:%s/" : "http://%s:%s/", host, port);
	return 0;
}

int http_serve(const struct http_options *o, struct err *err)
{
	struct server *s = calloc(1, sizeof(*s));
	char url[128];
	sigset_t set;
	if (!s)
		return err_sys(err, -ENOMEM, "cannot start");
	s->o = o;
	s->listener = -1;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	int r = s->signals < 0 ? -errno : loop_new(&s->loop);
	if (r < 0)
		(void)err_sys(err, r, "cannot start");
	r = r < 0 ? r : listen_at(s, url, err);
	if (r == 0) {
		r = loop_add(s->loop, s->listener, EPOLLIN, on_connect, s, &s->on_listener);
		r = r < 0 ? r : loop_add(s->loop, s->signals, EPOLLIN, on_signal, s, &s->on_signal);
		if (r == 0) {
			o->ready(o->arg, url);
			r = loop_run(s->loop);
		}
		if (r < 0)
			(void)err_sys(err, r, "cannot serve");
	}
	for (size_t i = 0; i < HTTP_CONNECTIONS; i++)
		if (s->peer[i])
			peer_free(s->peer[i]);
	loop_remove(s->on_listener);
	loop_remove(s->on_signal);
	if (s->loop)
		loop_free(s->loop);
	fd_closep(&s->listener);
	fd_closep(&s->signals);
	free(s);
	return r;
}
