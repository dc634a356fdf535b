/* Policies: members refer to earlier ones only and each once; more witnesses never lose a quorum; written plainly it says the same. */
#include <errno.h>
#include <stdlib.h>

#include "parse/tlog.h"

static void write_plainly(const struct tlog_policy *p, struct buf *b)
{
	for (size_t i = 0; i < p->n_logs; i++)
		buf_fmt(b, "log %.*s %.*s\n", SLICE_FMT(p->log[i].vkey), SLICE_FMT(p->log[i].url));
	for (size_t i = 0; i < p->n_members; i++) {
		const struct tlog_policy_member *m = &p->member[i];
		if (m->kind == TLOG_POLICY_WITNESS) {
			buf_fmt(b, "witness %.*s %.*s %.*s\n", SLICE_FMT(m->name), SLICE_FMT(m->vkey), SLICE_FMT(m->url));
			continue;
		}
		buf_fmt(b, "group %.*s %u", SLICE_FMT(m->name), m->threshold);
		for (size_t k = 0; k < m->n_members; k++)
			buf_fmt(b, " %.*s", SLICE_FMT(p->member[m->member[k]].name));
		buf_u8(b, '\n');
	}
	if (p->quorum < 0)
		buf_str_add(b, "quorum none\n");
	else
		buf_fmt(b, "quorum %.*s\n", SLICE_FMT(p->member[p->quorum].name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena arena = ARENA(1 << 20);
	_cleanup_buf_ struct buf b = BUF(4 * size + 65536);
	struct tlog_policy p, again;
	const char *why = NULL;
	unsigned line = 0;
	bool have[TLOG_POLICY_MEMBERS] = {0}, used[TLOG_POLICY_MEMBERS] = {0};
	if (tlog_policy_parse(slice_of(data, size), &arena, &p, &why, &line) < 0) {
		if (!why || !line)
			abort();
		return 0;
	}
	for (size_t i = 0; i < p.n_members; i++)
		for (size_t k = 0; k < p.member[i].n_members; k++) {
			if (p.member[i].member[k] >= i || used[p.member[i].member[k]])
				abort();
			used[p.member[i].member[k]] = true;
		}
	bool met = tlog_policy_met(&p, have);
	if (met != (p.quorum < 0))
		abort();
	for (size_t i = 0; i < p.n_members; i++) {
		have[i] = true;
		bool now = tlog_policy_met(&p, have);
		if (met && !now)
			abort();
		met = now;
	}
	if (!met)
		abort();
	write_plainly(&p, &b);
	if (tlog_policy_parse(buf_slice(&b), &arena, &again, &why, &line) == -ENOMEM)
		return 0;
	if (again.n_logs != p.n_logs || again.n_members != p.n_members || again.quorum != p.quorum)
		abort();
	return 0;
}
