#include "parse/dns_answer.h"

#include "base/cursor.h"
#include "parse/address.h"

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28, TYPE_HTTPS = 65, CLASS_IN = 1 };
enum { HINT_IPV4 = 4, HINT_IPV6 = 6 };

#define JUMPS_MAX   32
#define RECORDS_MAX 512

static bool of_host(uint8_t *c)
{
	if (*c >= 'A' && *c <= 'Z')
		*c = (uint8_t)(*c + 32);
	return (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-' || *c == '_' || *c == '*';
}

/* The name at the cursor, which is moved behind it. False if it is cut or endless. One that is no host's is "", and still skipped. */
static bool read_name(struct slice packet, struct cursor *c, char out[256])
{
	struct cursor at = *c;
	bool jumped = false, host = true;
	size_t n = 0, jumps = 0;
	for (;;) {
		uint8_t len = cursor_u8(&at);
		if (!cursor_ok(&at))
			return false;
		if (len >= 0xc0) {
			size_t to = (size_t)(len & 0x3f) << 8 | cursor_u8(&at);
			if (!cursor_ok(&at) || ++jumps > JUMPS_MAX)
				return false;
			if (!jumped)
				*c = at;
			jumped = true;
			at = cursor_of(packet);
			(void)cursor_take(&at, to);
			continue;
		}
		if (len > 63)
			return false;
		if (len == 0)
			break;
		struct slice label = cursor_take(&at, len);
		if (!cursor_ok(&at) || n + label.n + 1 > 254)
			return false;
		if (n > 0)
			out[n++] = '.';
		for (size_t i = 0; i < label.n; i++) {
			uint8_t b = label.p[i];
			host &= of_host(&b);
			out[n++] = (char)b;
		}
	}
	if (!jumped)
		*c = at;
	out[host ? n : 0] = 0;
	return true;
}

static bool on_the_way(const struct dns_answer *a, const char *name)
{
	if (strcmp(a->name, name) == 0)
		return true;
	for (size_t i = 0; i < a->n_aliases; i++)
		if (strcmp(a->alias[i], name) == 0)
			return true;
	return false;
}

static void add(struct dns_answer *a, struct slice raw, uint32_t ttl)
{
	if (a->n_addresses == DNS_ADDRESSES_MAX) {
		a->more = true;
		return;
	}
	uint8_t *ip = a->address[a->n_addresses].ip;
	if (raw.n == 4)
		address_map(ip, raw.p);
	else
		memcpy(ip, raw.p, 16);
	a->address[a->n_addresses++].ttl = ttl;
}

/* The addresses that an HTTPS record hints at. */
static void hints(struct dns_answer *a, struct slice packet, struct cursor c, size_t end, uint32_t ttl)
{
	char target[256];
	(void)cursor_be16(&c);
	if (!read_name(packet, &c, target))
		return;
	while (cursor_ok(&c) && c.at + 4 <= end) {
		uint16_t key = cursor_be16(&c);
		struct slice value = cursor_take(&c, cursor_be16(&c));
		size_t size = key == HINT_IPV4 ? 4 : key == HINT_IPV6 ? 16 : 0;
		for (size_t i = 0; cursor_ok(&c) && c.at <= end && size > 0 && i + size <= value.n; i += size)
			add(a, slice_sub(value, i, size), ttl);
	}
}

/* One record of the answers; false at the end of what can be read. */
static bool record(struct slice packet, struct cursor *c, struct dns_answer *a)
{
	char owner[256], target[256];
	if (!read_name(packet, c, owner))
		return false;
	uint16_t type = cursor_be16(c), class = cursor_be16(c);
	uint32_t ttl = cursor_be32(c);
	size_t n = cursor_be16(c);
	struct cursor data = *c;
	struct slice raw = cursor_take(c, n);
	if (!cursor_ok(c))
		return false;
	if (class != CLASS_IN || !owner[0] || !on_the_way(a, owner))
		return true;
	if ((type == TYPE_A && raw.n == 4) || (type == TYPE_AAAA && raw.n == 16)) {
		add(a, raw, ttl);
	} else if (type == TYPE_HTTPS) {
		hints(a, packet, data, c->at, ttl);
	} else if (type == TYPE_CNAME && read_name(packet, &data, target) && target[0] && !on_the_way(a, target)) {
		if (a->n_aliases < DNS_ALIASES_MAX)
			memcpy(a->alias[a->n_aliases++], target, sizeof(target));
		else
			a->more = true;
	}
	return true;
}

bool dns_answer_parse(struct slice packet, struct dns_answer *out)
{
	struct cursor c = cursor_of(packet);
	(void)cursor_be16(&c);
	uint16_t flags = cursor_be16(&c), questions = cursor_be16(&c), answers = cursor_be16(&c);
	(void)cursor_take(&c, 4);
	out->n_aliases = out->n_addresses = 0;
	out->more = (flags & 0x0200) != 0;
	if (!cursor_ok(&c) || !(flags & 0x8000) || (flags & 0x7800) || questions != 1)
		return false;
	if (!read_name(packet, &c, out->name) || !out->name[0])
		return false;
	(void)cursor_be16(&c);
	if (cursor_be16(&c) != CLASS_IN || !cursor_ok(&c))
		return false;
	for (size_t i = 0; i < answers && i < RECORDS_MAX; i++)
		if (!record(packet, &c, out))
			break;
	return true;
}
