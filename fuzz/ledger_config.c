#include <stdlib.h>

#include "ledger/config.h"
#include "ledger/signer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The file config, and the file with the signing key: what is read is written again as it was. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size), name;
	struct ledger_config c;
	struct err err = {0};
	uint8_t seed[ED25519_SEED];
	const char *why;
	struct buf again = BUF(1 << 20);
	if (ledger_config_parse(in, &c, &err) == 0) {
		ledger_config_write(&c, &again);
		if (!slice_eq(buf_slice(&again), in))
			abort();
	}
	buf_reset(&again);
	if (ledger_key_parse(in, &name, seed, &why) == 0) {
		ledger_key_write(&again, name, seed);
		/* But for the line break at its end, and padding and alphabet of the base64. */
		if (again.n > in.n + 4)
			abort();
	}
	buf_free(&again);
	return 0;
}
