/* signer: what signs a ledger's checkpoints: a seed from a file, or a process that holds the key and speaks the protocol of ssh-agent
 * (draft-ietf-sshm-ssh-agent) on a Unix socket. A key of type ssh-ed25519 signs there as RFC 8032 says, so ssh-agent itself can do it. */
#ifndef POSTERN_LEDGER_SIGNER_H
#define POSTERN_LEDGER_SIGNER_H

#include "base/err.h"
#include "crypto/tlog.h"

struct ledger_signer {
	struct tlog_signer tlog; /* name is borrowed from whoever opened it; arg is this struct, so it must not move */
	uint8_t seed[ED25519_SEED];
	char socket[108]; /* of the agent, which is asked anew for each signature; "": the seed signs */
};

/* A key file's text: "PRIVATE+KEY+" name "+" 8 hex digits "+" base64(1 ‖ seed), appended. */
void ledger_key_write(struct buf *out, struct slice name, const uint8_t seed[ED25519_SEED]);
/* 0, -EBADMSG; the name is in the input. A newline at the end is allowed. */
[[nodiscard]] int ledger_key_parse(struct slice in, struct slice *name, uint8_t seed[ED25519_SEED], const char **why);

/* Opens a key file (below dir, or AT_FDCWD) for a log of that name: -EACCES if others may read it, -EKEYREJECTED if it is another log's. */
[[nodiscard]] int ledger_signer_file(int dir, const char *path, struct slice name, struct ledger_signer *out, struct err *err);
/* Asks an agent. public: the key that must be there, or NULL: its only Ed25519 key, or that whose comment is the name. */
[[nodiscard]] int ledger_signer_agent(
        const char *socket, struct slice name, const uint8_t public[ED25519_PUBLIC], struct ledger_signer *out, struct err *err);
/* A fresh key. 0 or -EIO, -ENOMEM. */
[[nodiscard]] int ledger_signer_new(struct slice name, struct ledger_signer *out);
/* One that was not opened (all zero) is left alone. The seed is wiped. */
void ledger_signer_close(struct ledger_signer *s);

#endif
