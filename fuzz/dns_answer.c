#include <stdlib.h>

#include "parse/dns_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_answer a;
	if (!dns_answer_parse(slice_of(data, size), &a))
		return 0;
	if (a.n_addresses > DNS_ADDRESSES_MAX || a.n_aliases > DNS_ALIASES_MAX || !a.name[0] || strlen(a.name) > 254)
		abort();
	for (size_t i = 0; i < a.n_aliases; i++)
		if (!a.alias[i][0] || strlen(a.alias[i]) > 254)
			abort();
	return 0;
}
