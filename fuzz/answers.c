/* The far side of a trial, fed with any request: a byte that picks host and path, then the target up to a line feed, then the body. */
#include <stdlib.h>

#include "world/answers.h"

static const char *const targets[] = {"/v1/messages?beta=true", "/v1/chat/completions", "/v1/responses",
        "/v1beta/models/m:streamGenerateContent?alt=sse", "/v1internal:generateContent", "/api/chat", "/mcp", "/v1/models", NULL};
static const char *const hosts[] = {"gateway.test", "registry.npmjs.org", "api.github.com", "169.254.169.254"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct answers *answers;
	struct world_config config = {.seed = SLICE("fuzz"), .project = "/home/user/project"};
	if (!answers && answers_new(&config, &answers) < 0)
		abort();
	struct slice rest = slice_of(data, size), target;
	if (size == 0)
		return 0;
	uint8_t pick = data[0];
	rest = slice_from(rest, 1);
	if (!slice_split(&rest, '\n', &target))
		target = SLICE_NONE;
	const char *known = targets[pick % ARRAY_LEN(targets)];
	if (known)
		target = slice_str(known);
	struct exchange_header header = {SLICE("Accept"), target};
	struct exchange_request r = {.scheme = SLICE("https"),
	        .host = slice_str(hosts[pick / 16 % ARRAY_LEN(hosts)]),
	        .port = 443,
	        .method = pick & 128 ? SLICE("GET") : SLICE("POST"),
	        .target = target,
	        .proto = SLICE("HTTP/1.1"),
	        .headers = &header,
	        .n_headers = 1,
	        .body = rest,
	        .conn = pick % 3};
	struct far_side far = answers_far_side(answers);
	struct exchange_reply reply = {.headers = BUF(64 * 1024), .body = BUF(8 << 20)};
	far.request(far.arg, &r, &reply);
	if (reply.status < 200 || reply.status > 599 || !reply.answer)
		abort();
	buf_free(&reply.headers);
	buf_free(&reply.body);
	struct exchange_ws_message m = {.text = true, .data = rest};
	_cleanup_buf_ struct buf out = BUF(8 << 20);
	if (far.ws_accept(far.arg, &r))
		far.ws_message(far.arg, &r, &m, &out);
	return 0;
}
