#include "parse/dns.h"

#include <stdio.h>

#include "base/cursor.h"

#define NAME_WIRE_MAX 255u

/* One label as text. Each byte takes at most four characters; the caller has checked the length of the whole name. */
static size_t label_text(struct slice label, char *to)
{
	size_t n = 0;
	for (size_t i = 0; i < label.n; i++) {
		uint8_t c = label.p[i];
		if (c > ' ' && c < 0x7f && c != '.' && c != '\\')
			to[n++] = (char)c;
		else
			n += (size_t)snprintf(to + n, 5, "\\%03u", c);
	}
	return n;
}

bool dns_parse(struct slice packet, struct dns_query *out)
{
	struct cursor c = cursor_of(packet);
	struct dns_query q = {.id = cursor_be16(&c), .flags = cursor_be16(&c)};
	q.questions = cursor_be16(&c);
	(void)cursor_take(&c, 6);
	size_t start = c.at, n = 0, wire = 1;
	if (q.flags & 0x8000 || q.questions == 0)
		return false;
	for (;;) {
		uint8_t len = cursor_u8(&c);
		if (!cursor_ok(&c) || len > 63) /* no compression in the first name of a message */
			return false;
		if (len == 0)
			break;
		wire += len + 1u;
		struct slice label = cursor_take(&c, len);
		if (!cursor_ok(&c) || wire > NAME_WIRE_MAX)
			return false;
		if (q.labels++)
			q.name[n++] = '.';
		n += label_text(label, q.name + n);
	}
	q.name[n] = 0;
	q.qtype = cursor_be16(&c);
	q.qclass = cursor_be16(&c);
	if (!cursor_ok(&c))
		return false;
	q.question = slice_sub(packet, start, c.at - start);
	q.rest = slice_from(packet, c.at);
	*out = q;
	return true;
}

void dns_reply(struct buf *out, const struct dns_query *q, unsigned rcode, const uint8_t *ipv4, uint32_t ttl)
{
	buf_be(out, q->id, 2);
	/* Reply, recursion available; opcode and "recursion desired" are the client's. */
	buf_be(out, 0x8080u | (q->flags & 0x7900u) | rcode, 2);
	buf_be(out, 1, 2);
	buf_be(out, ipv4 ? 1 : 0, 2);
	buf_be(out, 0, 4);
	buf_add(out, q->question);
	if (!ipv4)
		return;
	buf_be(out, 0xc00c, 2); /* the name of the question */
	buf_be(out, DNS_A, 2);
	buf_be(out, 1, 2);
	buf_be(out, ttl, 4);
	buf_be(out, 4, 2);
	buf_add(out, slice_of(ipv4, 4));
}

const char *dns_type_name(uint16_t type, char spare[12])
{
	static const struct {
		uint16_t type;
		const char *name;
	} names[] = {
	        {1, "A"},
	        {2, "NS"},
	        {5, "CNAME"},
	        {6, "SOA"},
	        {12, "PTR"},
	        {15, "MX"},
	        {16, "TXT"},
	        {28, "AAAA"},
	        {33, "SRV"},
	        {35, "NAPTR"},
	        {64, "SVCB"},
	        {65, "HTTPS"},
	        {255, "ANY"},
	        {257, "CAA"},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].type == type)
			return names[i].name;
	(void)snprintf(spare, 12, "TYPE%u", type);
	return spare;
}
