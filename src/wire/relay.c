#include "wire/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "sys/loop.h"
#include "sys/packet.h"

#define FRAME_MAX ((size_t)65536 + 256)
#define BATCH     64
/* Of what is held back: the first answer to a connection is short, and no program has more than some at once on the way. */
#define LATE_MAX    256
#define LATE_FRAMES 512
#define HELD_MAX    64u /* who opens thousands of connections is not to take a minute for it */

struct side {
	struct relay *relay;
	int fd;
	struct side *peer;
	struct source *source;
	bool looked; /* frames of this side are looked at */
};

struct relay {
	struct relay_watch watch;
	struct loop *loop;
	struct side outer, inner;
	struct late *late;
	size_t n_late;
	unsigned held; /* so far */
	uint8_t frame[sizeof(struct virtio_net_hdr) + FRAME_MAX];
};

static void look_transport(const struct relay_watch *w, unsigned proto, struct slice dst, struct slice data, bool first)
{
	struct cursor c = cursor_of(data);
	(void)cursor_be16(&c);
	uint16_t port = cursor_be16(&c);
	char text[INET6_ADDRSTRLEN] = "";
	bool group = dst.n == 4 ? dst.p[0] >= 224 : dst.p[0] == 0xff;
	(void)inet_ntop(dst.n == 4 ? AF_INET : AF_INET6, dst.p, text, sizeof(text));
	switch (proto) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
	case IPPROTO_IGMP: /* the kernel's own, when it joins a group */
		return;
	case IPPROTO_TCP:
		if (first && data.n >= 14 && (data.p[13] & 0x02))
			w->tcp(w->arg, port);
		return;
	case IPPROTO_UDP:
		if (!first || !cursor_ok(&c))
			return;
		if (group)
			w->other(w->arg, proto, text, port, slice_from(data, 8));
		else
			w->udp(w->arg, port);
		return;
	default:
		w->other(w->arg, proto, text, 0, data);
	}
}

static void look_ipv4(const struct relay_watch *w, struct slice ip)
{
	if (ip.n < 20 || ip.p[0] >> 4 != 4)
		return;
	size_t header = (size_t)(ip.p[0] & 15) * 4, total = (size_t)ip.p[2] << 8 | ip.p[3];
	unsigned offset = ((unsigned)ip.p[6] << 8 | ip.p[7]) & 0x1fff;
	/* With segmentation offload the total may be 0: then the frame's own length counts. */
	if (total >= header && total < ip.n)
		ip.n = total;
	if (header < 20 || header > ip.n)
		return;
	look_transport(w, ip.p[9], slice_sub(ip, 16, 4), slice_from(ip, header), offset == 0);
}

static void look_ipv6(const struct relay_watch *w, struct slice ip)
{
	if (ip.n < 40)
		return;
	struct slice dst = slice_sub(ip, 24, 16);
	unsigned next = ip.p[6];
	struct slice rest = slice_from(ip, 40);
	bool first = true;
	/* Extension headers: hop-by-hop, routing, fragment, destination options. */
	for (int i = 0; i < 8 && (next == 0 || next == 43 || next == 44 || next == 60); i++) {
		if (rest.n < 8)
			return;
		size_t n = next == 44 ? 8 : ((size_t)rest.p[1] + 1) * 8;
		if (next == 44 && (((unsigned)rest.p[2] << 8 | rest.p[3]) & 0xfff8))
			first = false;
		next = rest.p[0];
		rest = slice_from(rest, n);
	}
	if (next != 59)
		look_transport(w, next, dst, rest, first);
}

void relay_look(const struct relay_watch *watch, struct slice frame)
{
	if (frame.n < 14)
		return;
	unsigned type = (unsigned)frame.p[12] << 8 | frame.p[13];
	if (type == ETHERTYPE_IP)
		look_ipv4(watch, slice_from(frame, 14));
	else if (type == ETHERTYPE_IPV6)
		look_ipv6(watch, slice_from(frame, 14));
}

/* A frame on its long way. */
struct late {
	struct relay *relay;
	struct late *next;
	struct source *timer;
	size_t n;
	uint8_t frame[LATE_MAX];
};

unsigned relay_distance(struct slice frame)
{
	if (frame.n < 34 || frame.p[12] != ETHERTYPE_IP >> 8 || frame.p[13] != (ETHERTYPE_IP & 0xff) || frame.p[23] != IPPROTO_TCP)
		return 0;
	size_t header = (size_t)(frame.p[14] & 15) * 4;
	struct slice tcp = slice_from(frame, 14 + header);
	if (header < 20 || tcp.n < 14 || (tcp.p[13] & 0x17) != 0x12) /* SYN and ACK */
		return 0;
	return 5 + (unsigned)(slice_hash(slice_sub(frame, 26, 4)) % 40);
}

static void on_late(void *arg, uint32_t events)
{
	struct late *l = arg;
	struct late **at = &l->relay->late;
	(void)events;
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	l->relay->n_late--;
	(void)send(l->relay->outer.fd, l->frame, l->n, MSG_DONTWAIT);
	free(l);
}

/* Whether the frame is sent later. What cannot wait is sent at once. */
static bool hold(struct relay *r, const uint8_t *frame, size_t n)
{
	unsigned ms = relay_distance(slice_of(frame + sizeof(struct virtio_net_hdr), n - sizeof(struct virtio_net_hdr)));
	if (ms == 0 || n > LATE_MAX || r->n_late == LATE_FRAMES || r->held == HELD_MAX)
		return false;
	struct late *l = calloc(1, sizeof(*l));
	if (!l)
		return false;
	l->relay = r;
	l->n = n;
	memcpy(l->frame, frame, n);
	if (loop_after(r->loop, ms, on_late, l, &l->timer) < 0) {
		free(l);
		return false;
	}
	l->next = r->late;
	r->late = l;
	r->n_late++;
	r->held++;
	return true;
}

static void on_frames(void *arg, uint32_t events)
{
	struct side *s = arg;
	struct relay *r = s->relay;
	(void)events;
	/* A batch, then the others get their turn: the loop is level-triggered. */
	for (int i = 0; i < BATCH; i++) {
		ssize_t n = recv(s->fd, r->frame, sizeof(r->frame), MSG_DONTWAIT | MSG_TRUNC);
		if (n < 0)
			return;
		if ((size_t)n > sizeof(r->frame) || (size_t)n <= sizeof(struct virtio_net_hdr))
			continue;
		if (s->looked)
			relay_look(
			        &r->watch, slice_of(r->frame + sizeof(struct virtio_net_hdr), (size_t)n - sizeof(struct virtio_net_hdr)));
		if (r->watch.far_away && s == &r->inner && hold(r, r->frame, (size_t)n))
			continue;
		/* A full queue drops the frame, as a wire would. */
		(void)send(s->peer->fd, r->frame, (size_t)n, MSG_DONTWAIT);
	}
}

int relay_new(struct loop *loop, int outer, const char *outer_name, const char *inner, const struct relay_watch *watch, struct relay **out)
{
	struct relay *r = calloc(1, sizeof(*r));
	if (!r) {
		fd_closep(&outer);
		return -ENOMEM;
	}
	r->watch = *watch;
	r->loop = loop;
	r->outer = (struct side){.relay = r, .fd = -1, .peer = &r->inner, .looked = true};
	r->inner = (struct side){.relay = r, .fd = -1, .peer = &r->outer};
	r->outer.fd = outer;
	int e = packet_open(inner, &r->inner.fd);
	if (e == 0 && outer < 0)
		e = packet_open(outer_name, &r->outer.fd);
	if (e == 0)
		e = loop_add(loop, r->outer.fd, EPOLLIN, on_frames, &r->outer, &r->outer.source);
	if (e == 0)
		e = loop_add(loop, r->inner.fd, EPOLLIN, on_frames, &r->inner, &r->inner.source);
	if (e < 0) {
		relay_free(r);
		return e;
	}
	*out = r;
	return 0;
}

void relay_free(struct relay *r)
{
	if (!r)
		return;
	for (struct late *l = r->late, *next; l; l = next) {
		next = l->next;
		loop_remove(l->timer);
		free(l);
	}
	loop_remove(r->outer.source);
	loop_remove(r->inner.source);
	fd_closep(&r->outer.fd);
	fd_closep(&r->inner.fd);
	free(r);
}
