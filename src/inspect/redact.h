/* redact: puts stable placeholders where the hits of a scan are, and puts the originals back in what comes from the other side, so that the
 * tool goes on working with true values. The same secret has the same placeholder for the life of a vault, and nobody without its key can
 * tell from a placeholder what it stands for.
 *
 * A placeholder is postern-KIND-xxxxxxxxxxxx: letters, digits and hyphens only, so that it needs no escaping in JSON, URLs, HTML or a
 * shell. */
#ifndef POSTERN_INSPECT_REDACT_H
#define POSTERN_INSPECT_REDACT_H

#include "base/buf.h"
#include "inspect/dlp.h"

#define REDACT_PLACEHOLDER 56 /* the longest one, bytes */

struct redact_vault;
/* `bytes`: the originals that are kept, at most (0: 1 MiB). 0, -ENOMEM. A key is drawn; key may be given instead (tests). */
[[nodiscard]] int redact_vault_new(size_t bytes, const uint8_t key[32], struct redact_vault **out);
void redact_vault_free(struct redact_vault *v);
size_t redact_vault_count(const struct redact_vault *v);

/* `in` with the spans of the hits (in order of offset, as a complete scan has them) replaced, appended to out. `keep` says which hits are
 * left alone (NULL: none). Hits that touch or overlap become one. Where a backslash before the span would escape the placeholder's first
 * letter the span grows by it. 0; -ENOMEM; -ENOSPC: the vault is full, or a hit has `cut`: block instead; *out is as before. */
[[nodiscard]] int redact_apply(struct redact_vault *v, const struct dlp_scan *scan, struct slice in,
        bool (*keep)(const struct dlp_hit *, void *), void *arg, struct buf *out);
/* The placeholder for a value under a kind ("github-token"), which is put into the vault. json: the value is written as inside a JSON
 * string. */
[[nodiscard]] int redact_placeholder(
        struct redact_vault *v, const char *kind, struct slice value, bool json, char out[REDACT_PLACEHOLDER + 1]);

/* Restoring, as a stream. Feed the bytes in which placeholders may be: a body, or, where a reply comes in events, the text of the deltas
 * one after the other (a placeholder is often cut by events). At most REDACT_PLACEHOLDER bytes are held back, and only if they may begin
 * one. */
enum redact_form {
	REDACT_AS_IS, /* originals byte for byte as they were sent */
	REDACT_JSON,  /* this is the inside of a JSON string, still escaped: an original that was not is escaped */
	REDACT_TEXT   /* plain text: an original that was inside a JSON string is unescaped */
};
struct redact_restore {
	struct redact_vault *vault;
	enum redact_form form;
	uint8_t held[REDACT_PLACEHOLDER];
	size_t n;
	uint64_t restored; /* placeholders, so far */
};
#define REDACT_RESTORE(v, f) ((struct redact_restore){.vault = (v), .form = (f)})
/* Appends to out what can be told. 0, or buf_error(out). `last`: nothing more comes, so nothing is held back. */
[[nodiscard]] int redact_restore(struct redact_restore *r, struct slice in, bool last, struct buf *out);

#endif
