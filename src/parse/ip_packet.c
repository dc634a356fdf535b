#include "parse/ip_packet.h"

#include "base/cursor.h"
#include "parse/address.h"

static bool read_transport(struct cursor *c, struct ip_packet *p)
{
	size_t begin = c->at;
	if (p->protocol != IP_TCP && p->protocol != IP_UDP) {
		p->payload = slice_from(c->s, c->at);
		return cursor_ok(c);
	}
	p->source_port = cursor_be16(c);
	p->port = cursor_be16(c);
	if (p->protocol == IP_UDP) {
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

bool ip_packet_read(struct slice packet, struct ip_packet *out)
{
	struct cursor c = cursor_of(packet);
	*out = (struct ip_packet){.protocol = 0};
	uint8_t first = cursor_u8(&c);
	if (first >> 4 == 4) {
		(void)cursor_take(&c, 5);
		uint16_t fragment = cursor_be16(&c);
		(void)cursor_u8(&c);
		out->protocol = cursor_u8(&c);
		(void)cursor_take(&c, 2);
		struct slice source = cursor_take(&c, 4), destination = cursor_take(&c, 4);
		if (!cursor_ok(&c) || (first & 15) < 5 || (fragment & 0x1fff))
			return false;
		address_map(out->source, source.p);
		address_map(out->destination, destination.p);
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

struct slice ip_packet_dns(unsigned protocol, struct slice payload)
{
	if (protocol == IP_TCP && payload.n > 2 && (size_t)(payload.p[0] << 8 | payload.p[1]) + 2 >= payload.n)
		return slice_from(payload, 2);
	return payload;
}
