#include <errno.h>

#include "guard/egress_part.h"

static int far_open(struct loop *loop, const struct egress_config *config, const struct egress_names *names, const struct egress_sink *sink,
        void **out, struct err *err)
{
	(void)loop, (void)config, (void)names, (void)sink, (void)out;
	return err_set(err, -EOPNOTSUPP, "not built yet");
}
const struct egress_far egress_nft = {.name = "nftables", .open = far_open};
