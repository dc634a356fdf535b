#include <stdlib.h>

#include "parse/ip_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ip_packet p;
	struct slice packet = slice_of(data, size);
	if (!ip_packet_read(packet, &p))
		return 0;
	struct slice dns = ip_packet_dns(p.protocol, p.payload);
	if (p.payload.n > size || dns.n > p.payload.n || (dns.n && (dns.p < data || dns.p + dns.n > data + size)))
		abort();
	return 0;
}
