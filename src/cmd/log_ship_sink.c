/* postern log ship: to services that keep the position themselves. */
#include <errno.h>
#include <stdio.h>

#include "cmd/log_ship.h"
#include "ledger/sink.h"
#include "parse/tlog.h"

#define BATCH_MOST 10000

struct piece {
	struct slice entry[BATCH_MOST];
	size_t at[BATCH_MOST]; /* in body, as it may move */
	size_t n;
};

/* The next entries, as they are. */
static int fill(struct ship *s, struct piece *p)
{
	buf_reset(&s->body);
	for (p->n = 0; p->n < s->batch && s->next + p->n < s->size && s->body.n < SHIP_BODY_SOFT; p->n++) {
		struct slice json;
		int r = entries_get(s->entries, s->next + p->n, &json, &s->err);
		if (r < 0)
			return r;
		p->at[p->n] = s->body.n;
		p->entry[p->n].n = json.n;
		buf_add(&s->body, json);
	}
	for (size_t i = 0; i < p->n; i++)
		p->entry[i].p = s->body.p + p->at[i];
	return buf_error(&s->body) ? err_sys(&s->err, buf_error(&s->body), "the entries do not fit") : 0;
}

/* Is the last entry that the service has ours, too? */
static int compare(struct ship *s, const struct sink_position *at)
{
	struct slice json;
	s->next = at->next;
	int r = ship_look(s);
	if (r < 0 || at->next == 0 || at->last.n == 0)
		return r;
	r = entries_get(s->entries, at->next - 1, &json, &s->err);
	if (r == 0 && !slice_eq(json, buf_slice(&at->last)))
		r = err_set(&s->err, -EPROTO,
		        "entry %llu is another one at the service: that is from another log, or one of the two was changed",
		        (unsigned long long)(at->next - 1));
	return r;
}

/* Ships what is under the latest checkpoint. -EAGAIN with *why: the sink has to be opened again. */
static int ship_all(struct ship *s, struct sink *sink, struct piece *p, struct err *why)
{
	int r = ship_look(s);
	while (r == 0 && s->next < s->size) {
		r = fill(s, p);
		if (r < 0)
			return r;
		r = sink_send(sink, s->next, p->entry, p->n, why);
		if (r < 0 && r != -EAGAIN)
			return err_set(&s->err, r, "the service refuses entries from %llu on: %s", (unsigned long long)s->next, why->text);
		if (r == 0) {
			s->next += p->n;
			ship_good(s);
		}
	}
	return r;
}

/* With an open sink: until all is there, or something is wrong. */
static int stay(struct ship *s, struct sink *sink, struct piece *p, struct err *why)
{
	for (;;) {
		int r = ship_all(s, sink, p, why);
		if (r < 0 || s->o->once)
			return r;
		ship_sleep(s->o->poll);
		if (!sink_alive(sink))
			return err_set(why, -EAGAIN, "the connection is lost");
	}
}

int ship_to_sink(struct ship *s)
{
	const struct ship_opts *o = s->o;
	struct sink_options how = {.url = o->to,
	        .origin = s->config.origin,
	        .secret = s->token.n ? buf_str(&s->token) : NULL,
	        .secret_file = o->token_file,
	        .tls_ca = o->tls_ca,
	        .tls_cert = o->tls_cert,
	        .tls_key = o->tls_key,
	        .table = o->table,
	        .timeout_ms = (unsigned)o->timeout,
	        .from_given = o->from != NULL};
	_cleanup_free_ struct piece *p = malloc(sizeof(*p));
	if (!p)
		return err_sys(&s->err, -ENOMEM, "cannot start");
	if (o->from && !slice_u64(slice_str(o->from), INT64_MAX - 1, &how.from))
		return err_set(&s->err, -EINVAL, "--from is not the index of an entry");
	int r = sink_check(&how, &s->err);
	while (r == 0) {
		struct sink_position at = {.last = BUF(TLOG_ENTRY_MAX)};
		struct sink *sink = NULL;
		struct err why = {0};
		r = sink_open(&how, &sink, &at, &why);
		if (r < 0 && r != -EAGAIN)
			(void)err_set(&s->err, r, "%s", why.text);
		if (r == 0) {
			r = compare(s, &at);
			r = r < 0 ? r : stay(s, sink, p, &why);
			if (r == 0) {
				sink_close(sink);
				buf_free(&at.last);
				return 0;
			}
		}
		sink_close(sink);
		buf_free(&at.last);
		if (r == -EAGAIN)
			r = ship_failed(s, why.text, 0);
	}
	return r;
}
