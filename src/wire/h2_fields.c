#include "wire/h2_fields.h"

#include <errno.h>

#include "wire/exchange.h"

nghttp2_nv h2_pair(struct slice name, struct slice value)
{
	return (nghttp2_nv){
	        .name = (uint8_t *)(uintptr_t)name.p, .value = (uint8_t *)(uintptr_t)value.p, .namelen = name.n, .valuelen = value.n};
}

static bool of_the_connection(struct slice name, struct slice value)
{
	static const char *const dropped[] = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};
	for (size_t i = 0; i < ARRAY_LEN(dropped); i++)
		if (slice_eq_nocase(name, slice_str(dropped[i])))
			return true;
	return slice_eq_nocase(name, SLICE("te")) && !slice_eq_nocase(value, SLICE("trailers"));
}

size_t h2_fields(struct slice lines, struct buf *names, nghttp2_nv *nv, size_t n, size_t max)
{
	struct slice line;
	/* Once for all: what nv points to must not move. */
	if (lines.n && !buf_room(names, lines.n))
		return n;
	while (n < max && slice_split(&lines, '\n', &line)) {
		size_t colon = slice_chr(line, ':', 0);
		if (colon == SLICE_NPOS || colon == 0)
			continue;
		struct slice name = slice_sub(line, 0, colon), value = slice_trim(slice_from(line, colon + 1));
		if (of_the_connection(name, value))
			continue;
		uint8_t *to = names->p + names->n;
		for (size_t k = 0; k < name.n; k++)
			to[k] = name.p[k] >= 'A' && name.p[k] <= 'Z' ? name.p[k] + 32 : name.p[k];
		names->n += name.n;
		nv[n++] = h2_pair(slice_of(to, name.n), value);
	}
	return n;
}

int h2_trailers(nghttp2_session *session, int32_t id, struct slice lines)
{
	nghttp2_nv nv[EXCHANGE_HEADERS_MAX];
	_cleanup_buf_ struct buf names = BUF(lines.n + 1);
	size_t n = h2_fields(lines, &names, nv, 0, ARRAY_LEN(nv));
	if (buf_error(&names))
		return -EIO;
	if (!n)
		return 0;
	return nghttp2_submit_trailer(session, id, nv, n) == 0 ? 1 : -EIO;
}
