/* Policies of projects are anybody's: the parser takes any bytes. What is accepted is compiled, asked, printed, and compared with itself.
 * The first byte says whose it is. */
#include "policy/diff.h"
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7 itself loses some hundred bytes on some texts that it refuses. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so\n";
}

static void ask(const struct policy *p)
{
	static const char *const targets[] = {"/", "/v1/messages?x", "/%2e/a%2fb//c"};
	struct policy_network n;
	struct policy_file f;
	struct policy_tool_decision t;
	const struct slice argv[] = {SLICE("git"), SLICE("push")};
	struct policy_exec e = {.name = SLICE("git"), .path = SLICE("/usr/bin/git"), .argv = argv, .argc = 2};
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		struct policy_request r = {.host = SLICE("api.example.com"),
		        .port = 443,
		        .method = SLICE("POST"),
		        .target = slice_str(targets[i]),
		        .tls = true};
		policy_network(p, &r, &n);
		for (size_t k = 0; k < policy_settings(p)->n_credentials; k++)
			(void)policy_credential(p, &policy_settings(p)->credential[k], &r, SLICE("authorization"));
	}
	policy_file(p, SLICE("/home/u/p/x/.env"), POLICY_READ, &f);
	(void)policy_exec(p, &e);
	policy_tool(p, &(struct policy_tool){.tool = SLICE("claude-code"), .version = SLICE("2.0.1")}, &t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA(64u << 20);
	_cleanup_buf_ struct buf text = BUF(8u << 20);
	struct policy_problems problems = {0};
	struct policy_doc *doc = NULL, *docs[POLICY_LAYERS] = {0};
	struct policy *p = NULL;
	static const struct policy_vars vars = {.home = "/home/u", .project = "/home/u/p"};
	if (size == 0)
		return 0;
	enum policy_layer layer = (enum policy_layer)(POLICY_ORGANISATION + data[0] % 3);
	int r = policy_parse(slice_of(data + 1, size - 1), "fuzz.yaml", layer, &a, &doc, &problems);
	docs[layer] = doc;
	if (r == 0 && policy_compile((const struct policy_doc *const *)docs, &vars, &p, &problems) == 0) {
		struct policy_changes c = {0};
		ask(p);
		policy_text(p, &text);
		buf_reset(&text);
		if (policy_json(p, true, &text) < 0 && !buf_error(&text))
			__builtin_trap();
		/* A policy permits what it permits. */
		if (size < 4096 && policy_diff(p, p, &c) == 0 && c.n)
			__builtin_trap();
		policy_changes_free(&c);
		policy_free(p);
	}
	policy_problems_free(&problems);
	return 0;
}
