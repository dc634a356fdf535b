/* Scripts of skills and hooks: an AI tool runs them with what somebody else may have put into what it reads. There a fault is a way in, and
 * suspicious; in other programs it is one of very many. */
#include "inspect/scan_code.h"

static bool is_query(struct slice t)
{
	static const char *const words[] = {"SELECT ", "INSERT ", "UPDATE ", "DELETE ", "DROP "};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct slice w = slice_str(words[i]);
		if (t.n > w.n && slice_eq_nocase(slice_sub(t, 0, w.n), w))
			return true;
	}
	return false;
}

/* A query in [from, to) that has values put into it, other than by parameters. */
static bool puts_into_query(struct code *c, size_t from, size_t to)
{
	for (size_t i = from; i < to && i < c->n; i++)
		if (code_text(c, i) && is_query(slice_trim(c->t[i].text)) && code_value_text(c, i) & CODE_GIVEN)
			return true;
	return false;
}

/* os.path.join("/folder", given) */
static bool joins_given(struct code *c, size_t i, size_t end)
{
	struct slice folder = code_literal(c, i + 2);
	return (slice_is(c->t[i].text, "os.path.join") || slice_is(c->t[i].text, "path.join")) && folder.n > 1 &&
	       (folder.p[0] == '/' || folder.p[0] == '~') && code_value(c, i + 3, end) & CODE_GIVEN;
}

/* f"/folder/{given}" */
static bool pieces_given(struct code *c, size_t from, size_t to)
{
	for (size_t i = from; i < to && i < c->n; i++)
		if (code_text(c, i) && c->t[i].text.n > 1 && c->t[i].text.p[0] == '/' && code_value_text(c, i) & CODE_GIVEN)
			return true;
	return false;
}

void code_skill_call(struct code *c, size_t i, size_t end, unsigned v)
{
	uint32_t k = code_kinds(c, i);
	if (k >> EVALUATES & 1 && v & CODE_GIVEN && !slice_is(c->t[i].text, "assert"))
		code_tell_once(c, 2, SCAN_RULE_AGENT_EVALUATES, i, end);
	if (slice_is(code_last_part(c->t[i].text), "execute") && (v & CODE_QUERY || puts_into_query(c, i + 2, end)))
		code_tell_once(c, 3, SCAN_RULE_AGENT_QUERY, i, end);
	if (joins_given(c, i, end) || (k >> READS & 1 && pieces_given(c, i + 2, end)))
		c->did |= DID_JOIN_GIVEN;
	if (k >> SENDS & 1 && v & CODE_NAMED && v & CODE_READ)
		code_tell_once(c, 5, SCAN_RULE_AGENT_TAKES, i, end);
}

unsigned code_skill_value(struct code *c, size_t from, size_t to)
{
	return puts_into_query(c, from, to) ? CODE_QUERY : 0;
}

/* Is the statement that token `i` begins the body of a try? Then an error ends it. */
static bool is_tried(const struct code *c, size_t i, size_t margin)
{
	for (size_t k = i; k > 0 && i - k < 400; k--) {
		size_t m = c->t[k - 1].kind == TOKEN_END ? SIZE_MAX : code_margin(c, k - 1);
		if (m < margin)
			return code_word(c, k - 1, "try");
	}
	return false;
}

/* while True: with nothing in it that leaves or waits. */
void code_skill_loop(struct code *c, size_t i)
{
	static const char *const leaves[] = {
	        "break", "return", "raise", "yield", "await", "exit", "quit", "sys.exit", "os._exit", "input", "next", NULL};
	static const char *const waits[] = {"sleep", "wait", "recv", "accept", "get", "read", "readline", "poll", "select", "join", NULL};
	if (!code_word(c, i + 1, "True") || !code_sign(c, i + 2, ':'))
		return;
	size_t margin = code_margin(c, i), k = i + 3;
	if (margin == SIZE_MAX || is_tried(c, i, margin))
		return;
	for (; k < c->n && k < i + 20000; k++) {
		bool first = k > 0 && c->t[k - 1].kind == TOKEN_END && c->t[k].kind != TOKEN_END;
		if (first && code_margin(c, k) <= margin)
			break;
		if (c->t[k].kind == TOKEN_NAME && (scan_one_of(c->t[k].text, leaves) || scan_one_of(code_last_part(c->t[k].text), waits)))
			return;
	}
	if (code_steps(c, k - i))
		code_tell_once(c, 4, SCAN_RULE_AGENT_ENDLESS, i, i + 3);
}
