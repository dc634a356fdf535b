/* The relay's look at an Ethernet frame. */
#include "wire/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void port(void *arg, uint16_t number)
{
	(void)arg;
	(void)number;
}

static void other(void *arg, unsigned proto, const char *addr, uint16_t number, struct slice data)
{
	volatile uint8_t sum = (uint8_t)(proto + strlen(addr) + number);
	(void)arg;
	for (size_t i = 0; i < data.n; i++)
		sum = (uint8_t)(sum + data.p[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct relay_watch w = {.tcp = port, .udp = port, .other = other};
	relay_look(&w, slice_of(data, size));
	return 0;
}
