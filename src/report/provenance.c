#include "report/provenance.h"

#include "base/encode.h"
#include "parse/statement.h"
#include "report/write.h"

#define INDENT 4u

static const char *const colours[PROVENANCE_VERDICTS] = {"\033[32m", "\033[33m", "\033[31m"};

static void put_word(struct buf *out, enum provenance_verdict v, bool colour)
{
	buf_fmt(out, "%s%s%s", colour ? colours[v] : "", provenance_verdict_word(v), colour ? "\033[0m" : "");
}

static void put_fact(struct buf *out, const char *name, const char *value)
{
	if (!value[0])
		return;
	buf_fmt(out, "    %-11s", name);
	write_visible(out, slice_str(value));
	buf_u8(out, '\n');
}

static void put_check(struct buf *out, const struct provenance_check *c, size_t width, bool colour)
{
	const struct provenance_reason *r = &provenance_reasons[c->reason];
	char time[21];
	buf_str_add(out, "  ");
	put_word(out, r->verdict, colour);
	buf_fmt(out, ": %s [%s]\n", provenance_kind_word((enum provenance_kind)c->kind), r->word);
	if (r->verdict != PROVENANCE_VERIFIED) {
		buf_str_add(out, "    ");
		write_wrapped(out, INDENT, width, slice_str(r->text), false);
		put_fact(out, "found", c->detail);
		return;
	}
	put_fact(out, "package", c->package);
	put_fact(out, "signer", c->identity);
	put_fact(out, "issuer", c->issuer);
	put_fact(out, "repository", c->repository);
	put_fact(out, "workflow", c->workflow);
	put_fact(out, "run", c->run);
	put_fact(out, "predicate", c->predicate);
	if (c->time) {
		statement_time_write(c->time, time);
		put_fact(out, "signed at", time);
	}
	if (c->log[0]) {
		buf_str_add(out, "    log        ");
		write_visible(out, slice_str(c->log));
		buf_fmt(out, ", entry %llu\n", (unsigned long long)c->log_index);
	}
}

void provenance_put_text(struct buf *out, const struct provenance_shown *s, size_t width, bool colour)
{
	enum provenance_verdict v = provenance_answer_verdict(s->answer);
	write_visible(out, slice_str(s->path));
	buf_str_add(out, "  ");
	put_word(out, v, colour);
	buf_u8(out, '\n');
	for (uint32_t i = 0; i < s->answer->n; i++)
		put_check(out, &s->answer->check[i], width, colour);
	if (s->answer->n == 0) {
		buf_str_add(out, "    ");
		write_wrapped(out, INDENT, width, slice_str(provenance_reasons[PROVENANCE_REASON_NO_EVIDENCE].text), false);
	}
}

/* Appended with a comma in front, if there is something to say. */
static void put_member(struct buf *out, const char *name, const char *value)
{
	if (!value[0])
		return;
	buf_fmt(out, ", \"%s\": ", name);
	write_json(out, value);
}

static void put_pin(struct buf *out, const char *name, struct slice value, bool *first)
{
	if (!value.n)
		return;
	buf_fmt(out, "%s\"%s\": ", *first ? "" : ", ", name);
	encode_json(out, value);
	*first = false;
}

static void put_check_json(struct buf *out, const struct provenance_check *c)
{
	const struct provenance_reason *r = &provenance_reasons[c->reason];
	char time[21] = "";
	buf_fmt(out, "    {\"kind\": \"%s\", \"verdict\": \"%s\", \"reason\": \"%s\", \"text\": \"%s\"",
	        provenance_kind_word((enum provenance_kind)c->kind), provenance_verdict_word(r->verdict), r->word, r->text);
	put_member(out, "detail", c->detail);
	put_member(out, "package", c->package);
	put_member(out, "identity", c->identity);
	put_member(out, "issuer", c->issuer);
	put_member(out, "repository", c->repository);
	put_member(out, "workflow", c->workflow);
	put_member(out, "run", c->run);
	put_member(out, "predicate", c->predicate);
	if (c->time)
		statement_time_write(c->time, time);
	put_member(out, "signed_at", time);
	put_member(out, "log", c->log);
	if (c->log[0])
		buf_fmt(out, ", \"log_index\": %llu", (unsigned long long)c->log_index);
	buf_u8(out, '}');
}

void provenance_put_json(struct buf *out, const struct provenance_shown *s, const char *version)
{
	bool first = true;
	buf_str_add(out, "{\n  \"version\": ");
	write_json(out, version);
	buf_fmt(out, ",\n  \"verdict\": \"%s\",\n  \"path\": ", provenance_verdict_word(provenance_answer_verdict(s->answer)));
	write_json(out, s->path);
	buf_str_add(out, ",\n  \"sha256\": \"");
	encode_hex(out, slice_of(s->artefact->sha256, sizeof(s->artefact->sha256)));
	buf_str_add(out, "\",\n  \"pin\": {");
	put_pin(out, "identity", s->pin->identity, &first);
	put_pin(out, "issuer", s->pin->issuer, &first);
	put_pin(out, "repository", s->pin->repository, &first);
	put_pin(out, "workflow", s->pin->workflow, &first);
	put_pin(out, "key", s->pin->key, &first);
	buf_str_add(out, "},\n  \"checks\": [");
	for (uint32_t i = 0; i < s->answer->n; i++) {
		buf_str_add(out, i ? ",\n" : "\n");
		put_check_json(out, &s->answer->check[i]);
	}
	buf_str_add(out, s->answer->n ? "\n  ]\n}\n" : "]\n}\n");
}
