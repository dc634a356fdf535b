#include <stdlib.h>

#include "parse/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_query q;
	if (!dns_parse(slice_of(data, size), &q))
		return 0;
	struct buf b = BUF(1024);
	dns_reply(&b, &q, DNS_NOERROR, (const uint8_t *)"\1\2\3\4", 300);
	if (buf_error(&b) || b.n != 12 + q.question.n + 16 || strlen(q.name) > 1020)
		abort();
	buf_free(&b);
	return 0;
}
