#include "guard/egress_sniff.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/cursor.h"

int egress_sniff_open(void)
{
	/* UDP or TCP from port 53; of IPv4 no later fragments. */
	static struct sock_filter code[] = {
	        [0] = BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
	        [1] = BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
	        [2] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40, 0, 8),
	        [3] = BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	        [4] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 1, 0),
	        [5] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 12),
	        [6] = BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
	        [7] = BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 10, 0),
	        [8] = BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	        [9] = BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
	        [10] = BPF_JUMP(BPF_JMP | BPF_JA, 5, 0, 0),
	        [11] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x60, 0, 6),
	        [12] = BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
	        [13] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 1, 0),
	        [14] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 3),
	        [15] = BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 40),
	        [16] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 53, 0, 1),
	        [17] = BPF_STMT(BPF_RET | BPF_K, 65535),
	        [18] = BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog filter = {.len = ARRAY_LEN(code), .filter = code};
	/* No protocol until the filter is there, so that nothing else is queued. */
	_cleanup_fd_ int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, room = 1 << 20;
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ||
	        setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	const struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	if (bind(fd, (const struct sockaddr *)&all, sizeof(all)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static void put_mapped(uint8_t out[16], struct slice v4)
{
	memset(out, 0, 10);
	memset(out + 10, 0xff, 2);
	if (v4.p)
		memcpy(out + 12, v4.p, 4);
}

static bool read_transport(struct cursor *c, struct egress_packet *p)
{
	size_t begin = c->at;
	if (p->protocol != IPPROTO_TCP && p->protocol != IPPROTO_UDP) {
		p->payload = slice_from(c->s, c->at);
		return cursor_ok(c);
	}
	p->source_port = cursor_be16(c);
	p->port = cursor_be16(c);
	if (p->protocol == IPPROTO_UDP) {
		(void)cursor_take(c, 4);
	} else {
		(void)cursor_take(c, 8);
		size_t words = cursor_u8(c) >> 4;
		if (words < 5)
			return false;
		c->at = begin;
		(void)cursor_take(c, words * 4);
	}
	p->payload = slice_from(c->s, c->at);
	return cursor_ok(c);
}

bool egress_packet_read(struct slice packet, struct egress_packet *out)
{
	struct cursor c = cursor_of(packet);
	*out = (struct egress_packet){.protocol = 0};
	uint8_t first = cursor_u8(&c);
	if (first >> 4 == 4) {
		(void)cursor_take(&c, 5);
		uint16_t fragment = cursor_be16(&c);
		(void)cursor_u8(&c);
		out->protocol = cursor_u8(&c);
		(void)cursor_take(&c, 2);
		put_mapped(out->source, cursor_take(&c, 4));
		put_mapped(out->destination, cursor_take(&c, 4));
		if ((first & 15) < 5 || (fragment & 0x1fff))
			return false;
		(void)cursor_take(&c, ((size_t)(first & 15) - 5) * 4);
	} else if (first >> 4 == 6) {
		(void)cursor_take(&c, 5);
		out->protocol = cursor_u8(&c);
		(void)cursor_u8(&c);
		struct slice source = cursor_take(&c, 16), destination = cursor_take(&c, 16);
		if (!cursor_ok(&c))
			return false;
		memcpy(out->source, source.p, 16);
		memcpy(out->destination, destination.p, 16);
	} else {
		return false;
	}
	return cursor_ok(&c) && read_transport(&c, out);
}

struct slice egress_packet_dns(const struct egress_packet *p)
{
	struct slice m = p->payload;
	if (p->protocol == IPPROTO_TCP && m.n > 2 && (size_t)(m.p[0] << 8 | m.p[1]) + 2 >= m.n)
		return slice_from(m, 2);
	return m;
}
