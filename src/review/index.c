#include "review/index.h"

#include "base/encode.h"
#include "crypto/digest.h"
#include "parse/gitindex.h"
#include "review/change.h"

#define INDEX_MAX ((size_t)128 << 20)

static int add(void *arg, const struct gitindex_entry *e)
{
	struct digest_stream *digest = arg;
	uint32_t head[3] = {e->mode, e->flags, (uint32_t)e->name.n};
	int r = digest_stream_add(digest, slice_of(head, sizeof(head)));
	r = r < 0 ? r : digest_stream_add(digest, e->id);
	return r < 0 ? r : digest_stream_add(digest, e->name);
}

bool review_index_digest(int project, char out[65])
{
	_cleanup_buf_ struct buf text = BUF(INDEX_MAX + 1), name = BUF(65536), hex = BUF(64);
	struct digest_stream *digest;
	uint8_t sha[DIGEST_MAX];
	bool cut;
	if (change_read(project, ".git/index", INDEX_MAX, &text, &cut) < 0 || cut || digest_stream_new(DIGEST_SHA256, &digest) < 0)
		return false;
	if (gitindex_read(buf_slice(&text), &name, add, digest) < 0) {
		digest_stream_free(digest);
		return false;
	}
	if (digest_stream_end(digest, sha) < 0)
		return false;
	encode_hex(&hex, slice_of(sha, 32));
	memcpy(out, buf_str(&hex), 65);
	return true;
}
