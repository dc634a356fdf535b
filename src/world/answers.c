#include "world/answers.h"

#include <errno.h>

#include "world/dialect.h"
#include "world/mood.h"
#include "world/peek.h"
#include "world/plausible.h"

/* Over WebSocket a client offers its tools once and then refers to them: the last offer of a connection is kept. There is no event
 * for the end of a connection, so the places are used in turn. */
#define MEMORIES   8
#define MEMORY_MAX (4 << 20)
struct memory {
	uint32_t conn;
	struct buf tools;
};

struct answers {
	struct arena arena;
	struct script script;
	uint32_t moods;
	const char *const *flags; /* borrowed */
	struct memory memory[MEMORIES];
	size_t next_memory;
};

#define CONFIG_MAX (64 * 1024)

int answers_new(const struct world_config *c, struct answers **out)
{
	struct answers *a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->arena = ARENA(CONFIG_MAX);
	struct slice project = slice_str(c->project ? c->project : "/");
	while (project.n && project.p[project.n - 1] == '/')
		project.n--;
	a->script.seed = arena_copy(&a->arena, c->seed);
	a->script.project = arena_copy(&a->arena, project);
	if (!a->script.seed.p || !a->script.project.p) {
		answers_free(a);
		return -ENOMEM;
	}
	a->script.obey_mark = arena_copy(&a->arena, slice_str(c->obey_mark));
	a->script.obey_command = arena_str(&a->arena, slice_str(c->obey_command));
	a->moods = c->moods;
	a->flags = c->flags;
	/* The first digest makes OpenSSL read its configuration: now, and not under the world's seccomp filter. */
	char id[33];
	script_id(&a->script, "first", SLICE_NONE, id);
	*out = a;
	return 0;
}

void answers_free(struct answers *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < MEMORIES; i++)
		buf_free(&a->memory[i].tools);
	arena_free(&a->arena);
	free(a);
}

void reply_begin(struct exchange_reply *out, int status, const char *type, const char *answer)
{
	out->status = status;
	out->answer = answer;
	if (type)
		buf_fmt(&out->headers, "content-type: %s\r\n", type);
	if (type && strcmp(type, TYPE_SSE) == 0)
		buf_str_add(&out->headers, "cache-control: no-cache\r\n");
}

/* What stands in front of a host says so: not the same for all hosts, and always the same for one. */
static const char *const stacks[] = {
        "server: nginx\r\n",
        "server: cloudflare\r\ncf-cache-status: DYNAMIC\r\nvary: Accept-Encoding\r\n",
        "server: envoy\r\nx-envoy-upstream-service-time: 14\r\n",
        "via: 1.1 google\r\nalt-svc: clear\r\n",
        "server: nginx/1.25.4\r\nstrict-transport-security: max-age=15724800; includeSubDomains\r\n",
        "server: awselb/2.0\r\nx-content-type-options: nosniff\r\n",
};

static struct slice path_of(const struct exchange_request *r)
{
	size_t q = slice_chr(r->target, '?', 0);
	return q == SLICE_NPOS ? r->target : slice_sub(r->target, 0, q);
}

typedef bool dialect_fn(const struct script *, const struct exchange_request *, struct slice, struct exchange_reply *);
static dialect_fn *const dialects[] = {dialect_anthropic, dialect_openai_chat, dialect_openai_responses, dialect_gemini};

static void request(void *arg, const struct exchange_request *r, struct exchange_reply *out)
{
	struct answers *a = arg;
	struct slice path = path_of(r);
	size_t i = 0;
	while (i < ARRAY_LEN(dialects) && !dialects[i](&a->script, r, path, out))
		i++;
	if (i == ARRAY_LEN(dialects))
		plausible_answer(&a->script, r, path, out);
	if (i == ARRAY_LEN(dialects) && a->moods)
		mood_reply(a->moods, a->flags, out);
	if (slice_find(buf_slice(&out->headers), SLICE("server: "), 0) == SLICE_NPOS)
		buf_str_add(&out->headers, stacks[(slice_hash(r->host) >> 24) % ARRAY_LEN(stacks)]);
}

static bool ws_accept(void *arg, const struct exchange_request *r)
{
	(void)arg;
	(void)r;
	return true;
}

static struct memory *memory_of(struct answers *a, uint32_t conn)
{
	for (size_t i = 0; i < MEMORIES; i++) {
		if (a->memory[i].conn == conn && a->memory[i].tools.max)
			return &a->memory[i];
	}
	struct memory *m = &a->memory[a->next_memory++ % MEMORIES];
	buf_free(&m->tools);
	*m = (struct memory){.conn = conn, .tools = BUF(MEMORY_MAX)};
	return m;
}

static void ws_message(void *arg, const struct exchange_request *opened, const struct exchange_ws_message *m, struct buf *out)
{
	struct answers *a = arg;
	if (!m->text || !slice_ends(path_of(opened), SLICE("/responses")))
		return;
	struct memory *memory = memory_of(a, opened->conn);
	struct slice before = buf_slice(&memory->tools), tools = before;
	dialect_openai_responses_ws(&a->script, m->data, &tools, out);
	if (tools.p == before.p)
		return;
	buf_reset(&memory->tools);
	buf_add(&memory->tools, tools);
}

struct far_side answers_far_side(struct answers *a)
{
	return (struct far_side){.arg = a, .request = request, .ws_accept = ws_accept, .ws_message = ws_message};
}
