/* dns_answer: which addresses a DNS server says a name has: RFC 1035, 3596 (AAAA), 9460 (the hints of HTTPS). Pure. */
#ifndef POSTERN_PARSE_DNS_ANSWER_H
#define POSTERN_PARSE_DNS_ANSWER_H

#include "base/slice.h"

#define DNS_ALIASES_MAX   16
#define DNS_ADDRESSES_MAX 64

struct dns_answer {
	char name[256];                   /* that was asked for: lower case, without a dot at the end */
	char alias[DNS_ALIASES_MAX][256]; /* that it leads to (CNAME), in order */
	size_t n_aliases;
	struct {
		uint8_t ip[16]; /* IPv4 as ::ffff:a.b.c.d */
		uint32_t ttl;   /* seconds */
	} address[DNS_ADDRESSES_MAX];
	size_t n_addresses;
	bool more; /* the message says that it was cut, or has more than there is room for here */
};

/* Of the section of answers only records of the name, and of what its aliases lead to. A message that is cut gives what is whole. False if
 * it is no answer to one question of class IN, if the name is no name of a host (letters, digits, '-', '_', '.', '*'), or if nothing can be
 * understood; then *out is of no use. */
[[nodiscard]] bool dns_answer_parse(struct slice packet, struct dns_answer *out);

#endif
