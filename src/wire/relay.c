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

struct side {
	struct relay *relay;
	int fd;
	struct side *peer;
	struct source *source;
	bool looked; /* frames of this side are looked at */
};

struct relay {
	struct relay_watch watch;
	struct side outer, inner;
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
	loop_remove(r->outer.source);
	loop_remove(r->inner.source);
	fd_closep(&r->outer.fd);
	fd_closep(&r->inner.fd);
	free(r);
}
