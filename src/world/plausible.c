#include "world/plausible.h"

#include "base/encode.h"
#include "world/dialect.h"
#include "world/peek.h"

#define TYPE_PROTO "application/x-protobuf"
#define TYPE_TEXT  "text/plain; charset=utf-8"
#define TYPE_HTML  "text/html; charset=utf-8"
/* A fixed moment for everything that carries a date. */
#define DATE "2026-01-01T00:00:00Z"

bool plausible_match(const char *pattern, struct slice text)
{
	const char *star = NULL;
	size_t at = 0, mark = 0;
	while (at < text.n) {
		if (*pattern == '*') {
			star = ++pattern;
			mark = at;
		} else if (*pattern && (uint8_t)*pattern == text.p[at]) {
			pattern++;
			at++;
		} else if (star) {
			pattern = star;
			at = ++mark;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* ---- answers that depend on the request ---- */

static bool accepts(const struct exchange_request *r, const char *type)
{
	for (size_t i = 0; i < r->n_headers; i++) {
		if (slice_eq_nocase(r->headers[i].name, SLICE("accept")) &&
		        slice_find(r->headers[i].value, slice_str(type), 0) != SLICE_NPOS)
			return true;
	}
	return false;
}

static void make_other(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out)
{
	(void)s;
	/* A host has a page, also for who takes anything. */
	bool page = accepts(r, "text/html") || (slice_is(r->method, "GET") && slice_is(path, "/"));
	if (page && !accepts(r, "json")) {
		reply_begin(out, 200, TYPE_HTML, "other.html");
		buf_str_add(&out->body,
		        "<!doctype html>\n<html lang=\"en\"><head><title>Welcome</title></head><body><p>It works.</p></body></html>\n");
		return;
	}
	reply_begin(out, 200, TYPE_JSON, "other.json");
	buf_str_add(&out->body, "{}");
}

/* "/name", "/@scope%2fname", "/@scope/name", then perhaps "/latest": a packument or a manifest with one version. */
static void make_npm(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out)
{
	(void)s;
	_cleanup_buf_ struct buf plain = BUF(1024);
	if (!decode_percent(&plain, slice_sub(path, 1, 512)) || plain.n == 0) {
		make_other(s, r, path, out);
		return;
	}
	struct slice name = buf_slice(&plain), tag = SLICE_NONE;
	size_t slash = slice_chr(name, '/', 0);
	if (slash != SLICE_NPOS && name.p[0] == '@')
		slash = slice_chr(name, '/', slash + 1);
	if (slash != SLICE_NPOS) {
		tag = slice_from(name, slash + 1);
		name = slice_sub(name, 0, slash);
	}
	size_t last = 0;
	for (size_t i = 0; i < name.n; i++)
		last = name.p[i] == '/' ? i + 1 : last;
	_cleanup_buf_ struct buf manifest = BUF(16384);
	buf_str_add(&manifest, "{\"name\":");
	peek_quote(&manifest, name);
	buf_str_add(&manifest, ",\"version\":\"1.0.0\",\"description\":\"\",\"main\":\"index.js\",\"license\":\"MIT\",\"dist\":{"
	                       "\"shasum\":\"da39a3ee5e6b4b0d3255bfef95601890afd80709\",\"tarball\":\"https://registry.npmjs.org/");
	encode_percent(&manifest, name);
	buf_str_add(&manifest, "/-/");
	encode_percent(&manifest, slice_from(name, last));
	buf_str_add(&manifest, "-1.0.0.tgz\"}}");
	if (tag.n) {
		buf_add(&out->body, buf_slice(&manifest));
		return;
	}
	buf_str_add(&out->body, "{\"_id\":");
	peek_quote(&out->body, name);
	buf_str_add(&out->body, ",\"name\":");
	peek_quote(&out->body, name);
	buf_str_add(&out->body, ",\"dist-tags\":{\"latest\":\"1.0.0\"},\"time\":{\"created\":\"" DATE "\",\"modified\":\"" DATE
	                        "\",\"1.0.0\":\"" DATE "\"},\"modified\":\"" DATE "\",\"versions\":{\"1.0.0\":");
	buf_add(&out->body, buf_slice(&manifest));
	buf_str_add(&out->body, "}}");
}

/* A token that looks like one; what it opens is this world. */
static void make_token(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out)
{
	char id[33];
	script_id(s, "token", path, id);
	(void)r;
	buf_fmt(&out->body,
	        "{\"access_token\":\"at-%s\",\"token_type\":\"Bearer\",\"expires_in\":28800,\"refresh_token\":\"rt-%s\","
	        "\"scope\":\"openid profile email\"}",
	        id, id);
}

static void make_device(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out)
{
	char id[33];
	script_id(s, "device", path, id);
	buf_fmt(&out->body,
	        "{\"device_code\":\"%s\",\"user_code\":\"ABCD-%.4s\",\"verification_uri\":\"https://%.*s/device\","
	        "\"verification_uri_complete\":\"https://%.*s/device?user_code=ABCD-%.4s\",\"expires_in\":900,\"interval\":5}",
	        id, id, SLICE_FMT(r->host), SLICE_FMT(r->host), id);
}

static void make_copilot_token(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out)
{
	char id[33];
	(void)r;
	script_id(s, "copilot", path, id);
	buf_fmt(&out->body,
	        "{\"token\":\"tid=%s;exp=4102444800;sku=yearly_subscriber;st=dotcom;chat=1\",\"expires_at\":4102444800,\"refresh_in\":1500,"
	        "\"chat_enabled\":true,\"sku\":\"yearly_subscriber\",\"individual\":true,\"tracking_id\":\"%s\",\"telemetry\":\"disabled\","
	        "\"endpoints\":{\"api\":\"https://api.githubcopilot.com\",\"proxy\":\"https://copilot-proxy.githubusercontent.com\","
	        "\"telemetry\":\"https://copilot-telemetry.githubusercontent.com\",\"origin-tracker\":\"https://"
	        "origin-tracker.githubusercontent.com\"}}",
	        id, id);
}

/* A server of the Model Context Protocol (JSON-RPC 2.0 over HTTP) that offers nothing. */
static void make_mcp(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out)
{
	(void)s;
	(void)path;
	struct slice call = peek_value(r->body), id = peek_get(call, "id"), method = peek_text(peek_get(call, "method"));
	if (!id.p || id.n > 256) { /* a notification */
		out->status = 202;
		return;
	}
	buf_fmt(&out->body, "{\"jsonrpc\":\"2.0\",\"id\":%.*s,", SLICE_FMT(id));
	if (slice_is(method, "initialize")) {
		struct slice version = peek_get(peek_get(call, "params"), "protocolVersion");
		buf_str_add(&out->body, "\"result\":{\"protocolVersion\":");
		buf_add(&out->body, peek_text(version).n && version.n < 64 ? version : SLICE("\"2025-06-18\""));
		buf_str_add(&out->body, ",\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"server\",\"version\":\"1.0.0\"}}}");
	} else if (slice_is(method, "tools/list")) {
		buf_str_add(&out->body, "\"result\":{\"tools\":[]}}");
	} else if (slice_is(method, "ping")) {
		buf_str_add(&out->body, "\"result\":{}}");
	} else {
		buf_str_add(&out->body, "\"error\":{\"code\":-32601,\"message\":\"Method not found\"}}");
	}
}

/* ---- lists of models ---- */

static const char models_anthropic[] = "{\"data\":[{\"type\":\"model\",\"id\":\"claude-sonnet-4-6\",\"display_name\":\"Claude Sonnet "
                                       "4.6\",\"created_at\":\"2026-01-01T00:00:00Z\"},"
                                       "{\"type\":\"model\",\"id\":\"claude-haiku-4-5-20251001\",\"display_name\":\"Claude Haiku "
                                       "4.5\",\"created_at\":\"2025-10-01T00:00:00Z\"}],"
                                       "\"has_more\":false,\"first_id\":\"claude-sonnet-4-6\",\"last_id\":\"claude-haiku-4-5-20251001\"}";
static const char models_openai[] = "{\"object\":\"list\",\"data\":["
                                    "{\"id\":\"gpt-5\",\"object\":\"model\",\"created\":1754425777,\"owned_by\":\"system\"},"
                                    "{\"id\":\"gpt-5-mini\",\"object\":\"model\",\"created\":1754425777,\"owned_by\":\"system\"}]}";
static const char models_codex[] = "{\"models\":[]}";
static const char models_gemini[] = "{\"models\":[{\"name\":\"models/gemini-2.5-pro\",\"version\":\"2.5\",\"displayName\":\"Gemini 2.5 "
                                    "Pro\",\"inputTokenLimit\":1048576,"
                                    "\"outputTokenLimit\":65536,\"supportedGenerationMethods\":[\"generateContent\",\"countTokens\"]}]}";
/* Copilot takes only models that it knows. */
#define COPILOT_MODEL(id, maker, endpoints, chosen)                                                                                      \
	"{\"id\":\"" id "\",\"object\":\"model\",\"name\":\"" id "\",\"vendor\":\"" maker "\",\"version\":\"" id "\",\"preview\":false," \
	"\"model_picker_enabled\":true,\"is_chat_default\":" chosen ",\"is_chat_fallback\":" chosen ","                                  \
	"\"billing\":{\"is_premium\":true,\"multiplier\":1},\"policy\":{\"state\":\"enabled\",\"terms\":\"\"},"                          \
	"\"supported_endpoints\":[" endpoints "],\"capabilities\":{\"family\":\"" id "\",\"object\":\"model_capabilities\","             \
	"\"tokenizer\":\"o200k_base\",\"type\":\"chat\",\"limits\":{\"max_context_window_tokens\":200000,\"max_output_tokens\":32000,"   \
	"\"max_prompt_tokens\":160000},\"supports\":{\"parallel_tool_calls\":true,\"streaming\":true,\"tool_calls\":true,\"vision\":"    \
	"false}}}"
static const char models_copilot[] = "{\"object\":\"list\",\"data\":[" COPILOT_MODEL(
        "claude-sonnet-4.6", "Anthropic", "\"/chat/completions\",\"/v1/messages\"", "true") "," COPILOT_MODEL("claude-haiku-4.5",
        "Anthropic", "\"/chat/completions\",\"/v1/messages\"", "false") "," COPILOT_MODEL("gpt-5.4", "OpenAI", "\"/responses\"",
        "false") "," COPILOT_MODEL("gpt-5-mini", "OpenAI", "\"/chat/completions\",\"/responses\"", "false") "]}";

static void make_models(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out)
{
	(void)s;
	(void)path;
	const char *list = models_openai;
	for (size_t i = 0; i < r->n_headers; i++) {
		if (slice_eq_nocase(r->headers[i].name, SLICE("anthropic-version")))
			list = models_anthropic;
		if (slice_starts(r->headers[i].name, SLICE("copilot-")) || slice_starts(r->headers[i].name, SLICE("Copilot-")))
			list = models_copilot;
	}
	if (plausible_match("*client_version=*", r->target))
		list = models_codex;
	buf_str_add(&out->body, list);
}

/* ---- the table ---- */

#define J(n, h, m, p, st, b)                       \
	{                                          \
		n, h, m, p, st, TYPE_JSON, b, NULL \
	}
#define E(n, h, m, p, st)                        \
	{                                        \
		n, h, m, p, st, NULL, NULL, NULL \
	}
#define F(n, h, m, p, f)                            \
	{                                           \
		n, h, m, p, 200, TYPE_JSON, NULL, f \
	}
#define NOT_FOUND        "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",\"message\":\"Not found\"}}"
#define GITHUB_NOT_FOUND "{\"message\":\"Not Found\",\"documentation_url\":\"https://docs.github.com/rest\",\"status\":\"404\"}"
#define GITHUB_USER                                                                      \
	"{\"login\":\"quiet-garden\",\"id\":1234567,\"type\":\"User\",\"name\":\"Quiet " \
	"Garden\",\"email\":null,\"plan\":{\"name\":\"free\"}}"

static const struct plausible_rule table[] = {
        /* The machine's surroundings. */
        E("cloud.metadata", "169.254.169.254", "*", "*", 404),
        E("cloud.metadata", "metadata.*", "*", "*", 404),
        E("cloud.metadata", "169.254.170.2", "*", "*", 404),
        E("captive.portal", "*", "*", "/generate_204", 204),
        E("captive.portal", "connectivitycheck.*", "*", "*", 204),
        {"captive.portal", "captive.apple.com", "*", "*", 200, TYPE_HTML,
                "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>", NULL},
        {"captive.portal", "*msftconnecttest.com", "*", "*", 200, TYPE_TEXT, "Microsoft Connect Test", NULL},
        E("favicon", "*", "*", "/favicon.ico", 404),
        {"robots", "*", "*", "/robots.txt", 200, TYPE_TEXT, "User-agent: *\nDisallow:\n", NULL},

        /* Telemetry. */
        J("datadog.logs", "*", "POST", "/api/v2/logs", 202, "{}"),
        J("datadog", "*.datadoghq.*", "*", "*", 202, "{\"status\":\"ok\"}"),
        J("statsig.initialize", "*", "*", "/v1/initialize", 200,
                "{\"feature_gates\":{},\"dynamic_configs\":{},\"layer_configs\":{},\"sdkParams\":{},\"has_updates\":true,\"time\":"
                "1767225600000}"),
        J("statsig.log", "*", "POST", "/v1/rgstr", 202, "{\"success\":true}"),
        J("statsig.log", "*", "POST", "/v1/log_event", 202, "{\"success\":true}"),
        J("growthbook.features", "*", "*", "/api/features/*", 200, "{\"status\":200,\"features\":{},\"dateUpdated\":\"" DATE "\"}"),
        J("growthbook.eval", "*", "*", "/api/eval/*", 200, "{\"features\":{},\"experiments\":[]}"),
        J("sentry.envelope", "*", "POST", "/api/*/envelope/", 200, "{\"id\":\"0000000000000000000000000000000a\"}"),
        J("sentry.store", "*", "POST", "/api/*/store/", 200, "{\"id\":\"0000000000000000000000000000000a\"}"),
        {"otlp", "*", "POST", "/v1/metrics", 200, TYPE_PROTO, NULL, NULL},
        {"otlp", "*", "POST", "/v1/traces", 200, TYPE_PROTO, NULL, NULL},
        {"otlp", "*", "POST", "/v1/logs", 200, TYPE_PROTO, NULL, NULL},
        {"otlp", "*", "POST", "/otlp/*", 200, TYPE_PROTO, NULL, NULL},
        J("clearcut", "play.googleapis.com", "POST", "/log*", 200, "[\"900000\",null,[[\"ANDROID_BACKUP\",0],[\"BATTERY_STATS\",0]]]"),
        J("posthog.decide", "*", "POST", "/decide*", 200,
                "{\"featureFlags\":{},\"config\":{\"enable_collect_everything\":false},\"supportedCompression\":[\"gzip\"]}"),
        J("posthog.flags", "*", "POST", "/flags*", 200, "{\"flags\":{},\"featureFlags\":{},\"errorsWhileComputingFlags\":false}"),
        J("posthog.batch", "*", "POST", "/batch*", 200, "{\"status\":1}"),
        J("posthog.capture", "*", "POST", "/capture*", 200, "{\"status\":1}"),
        J("posthog", "*posthog.com", "*", "*", 200, "{\"status\":1}"),
        J("segment", "*segment.*", "POST", "*", 200, "{\"success\":true}"),
        J("amplitude", "*amplitude.com", "POST", "*", 200, "{\"code\":200,\"events_ingested\":1}"),
        J("mixpanel", "*mixpanel.com", "POST", "*", 200, "{\"status\":1,\"error\":null}"),
        J("applicationinsights", "*", "POST", "/v2*/track", 200, "{\"itemsReceived\":1,\"itemsAccepted\":1,\"errors\":[]}"),
        J("launchdarkly", "*launchdarkly.com", "GET", "*", 200, "{}"),
        E("launchdarkly", "*launchdarkly.com", "*", "*", 202),
        J("events.batch", "*", "POST", "/api/event_logging/*", 200, "{\"accepted_count\":1,\"rejected_count\":0}"),
        J("aliyun.rum", "*.aliyuncs.com", "POST", "/", 200, "{}"),

        /* Settings, policy and accounts of the assistants. */
        J("claude.settings", "*", "*", "/api/claude_code/settings", 404, NOT_FOUND),
        J("claude.policy", "*", "*", "/api/claude_code/policy_limits", 404, NOT_FOUND),
        J("claude.metrics_enabled", "*", "*", "/api/claude_code/organizations/metrics_enabled", 200, "{\"metrics_logging_enabled\":true}"),
        J("claude.metrics", "*", "POST", "/api/claude_code/metrics", 200, "{\"accepted_count\":1,\"rejected_count\":0}"),
        J("claude.bootstrap", "*", "*", "/api/claude_cli/bootstrap", 200, "{\"client_data\":{},\"additional_model_options\":[]}"),
        J("claude.fast_mode", "*", "*", "/api/claude_code_penguin_mode", 200, "{\"enabled\":false,\"disabled_reason\":\"preference\"}"),
        J("claude.grove", "*", "*", "/api/claude_code_grove", 200,
                "{\"grove_enabled\":false,\"domain_excluded\":false,\"notice_is_grace_period\":false}"),
        J("claude.oauth", "*", "*", "/api/oauth/*", 404, NOT_FOUND),
        J("claude.hello", "*", "*", "/api/hello", 200, "{\"message\":\"hello\"}"),
        J("claude.domain", "*", "*", "/api/web/domain_info", 200, "{\"can_fetch\":true}"),
        J("mcp.registry", "*", "GET", "/mcp-registry/*", 200, "{\"servers\":[],\"metadata\":{\"count\":0}}"),
        J("mcp.registry", "registry.modelcontextprotocol.io", "GET", "*", 200, "{\"servers\":[],\"metadata\":{\"count\":0}}"),
        J("mcp.servers", "*", "GET", "/v1/mcp_servers", 200, "{\"data\":[],\"has_more\":false,\"next_page\":null}"),
        F("mcp.server", "*", "POST", "/mcp", make_mcp),
        F("mcp.server", "*", "POST", "/mcp/*", make_mcp),
        J("mcp.server", "*", "GET", "/mcp", 405, "{}"),
        J("mcp.server", "*", "GET", "/mcp/*", 405, "{}"),
        J("copilot.user", "*", "*", "/copilot_internal/user", 200,
                "{\"id\":1234567,\"login\":\"quiet-garden\",\"access_type_sku\":\"yearly_subscriber\",\"copilot_plan\":\"individual\","
                "\"chat_enabled\":"
                "true,"
                "\"can_signup_for_limited\":false,\"organization_login_list\":[],\"organization_list\":[],\"analytics_tracking_id\":"
                "\"0123456789abcdef\","
                "\"assigned_date\":\"" DATE
                "\",\"endpoints\":{\"api\":\"https://api.githubcopilot.com\",\"proxy\":\"https://copilot-proxy.githubusercontent.com\","
                "\"telemetry\":\"https://copilot-telemetry.githubusercontent.com\",\"origin-tracker\":\"https://"
                "origin-tracker.githubusercontent.com\"}}"),
        F("copilot.token", "*", "*", "/copilot_internal/v2/token", make_copilot_token),
        J("copilot.settings", "*", "GET", "/copilot_internal/managed_settings", 404, GITHUB_NOT_FOUND),
        J("copilot.teams", "*", "GET", "/copilot_internal/team_customizations", 404, GITHUB_NOT_FOUND),
        J("copilot.models", "*githubcopilot.com", "GET", "/models", 200, models_copilot),
        J("copilot.memory", "*githubcopilot.com", "GET", "/agents/*/enabled", 200, "{\"enabled\":false}"),
        J("copilot.agents", "*githubcopilot.com", "GET", "/agents*", 200, "{\"agents\":[]}"),
        J("copilot.telemetry", "copilot-telemetry*", "POST", "*", 200, "{\"itemsReceived\":1,\"itemsAccepted\":1,\"errors\":[]}"),
        J("codex.models", "*", "GET", "/backend-api/codex/models", 200, models_codex),
        J("codex.accounts", "*", "GET", "/backend-api/wham/*", 200, "{}"),
        J("codex.plugins", "*", "GET", "/backend-api/plugins/*", 200, "{\"plugins\":[],\"pagination\":{\"next_page_token\":null}}"),
        J("codex.analytics", "*", "POST", "/backend-api/codex/analytics-events/*", 200, "{}"),

        /* Lists of models. */
        J("gemini.models", "*", "GET", "/v1beta/models", 200, models_gemini),
        F("models", "*", "GET", "*/v1/models", make_models),
        F("models", "*", "GET", "/models", make_models),
        J("ollama.tags", "*", "GET", "/api/tags", 200,
                "{\"models\":[{\"name\":\"llama3.2:latest\",\"model\":\"llama3.2:latest\",\"modified_at\":\"" DATE "\",\"size\":2019393189,"
                "\"digest\":\"a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72\",\"details\":{\"format\":\"gguf\","
                "\"family\":\"llama\","
                "\"families\":[\"llama\"],\"parameter_size\":\"3.2B\",\"quantization_level\":\"Q4_K_M\"}}]}"),
        J("ollama.version", "*", "GET", "/api/version", 200, "{\"version\":\"0.12.0\"}"),
        J("ollama.show", "*", "POST", "/api/show", 200,
                "{\"details\":{\"family\":\"llama\"},\"model_info\":{\"llama.context_length\":131072},\"capabilities\":[\"completion\","
                "\"tools\"]}"),
        J("models.dev", "*", "GET", "/api.json", 200,
                "{\"openai\":{\"id\":\"openai\",\"name\":\"OpenAI\",\"env\":[\"OPENAI_API_KEY\"],\"npm\":\"@ai-sdk/"
                "openai\",\"doc\":\"https://platform.openai.com/docs/models\","
                "\"models\":{\"gpt-5\":{\"id\":\"gpt-5\",\"name\":\"GPT-5\",\"attachment\":true,\"reasoning\":true,\"temperature\":false,"
                "\"tool_call\":true,"
                "\"release_date\":\"2025-08-07\",\"last_updated\":\"2025-08-07\",\"modalities\":{\"input\":[\"text\"],\"output\":[\"text\"]"
                "},\"open_weights\":false,"
                "\"cost\":{\"input\":1.25,\"output\":10},\"limit\":{\"context\":400000,\"output\":128000}}}},"
                "\"anthropic\":{\"id\":\"anthropic\",\"name\":\"Anthropic\",\"env\":[\"ANTHROPIC_API_KEY\"],\"npm\":\"@ai-sdk/"
                "anthropic\",\"doc\":\"https://docs.anthropic.com\","
                "\"models\":{\"claude-sonnet-4-5\":{\"id\":\"claude-sonnet-4-5\",\"name\":\"Claude Sonnet "
                "4.5\",\"attachment\":true,\"reasoning\":true,\"temperature\":true,"
                "\"tool_call\":true,\"release_date\":\"2025-09-29\",\"last_updated\":\"2025-09-29\",\"modalities\":{\"input\":[\"text\"],"
                "\"output\":[\"text\"]},"
                "\"open_weights\":false,\"cost\":{\"input\":3,\"output\":15},\"limit\":{\"context\":200000,\"output\":64000}}}}}"),

        /* Code hosts. */
        J("github.user", "api.github.com", "GET", "/user", 200, GITHUB_USER),
        J("github.graphql", "api.github.com", "POST", "/graphql", 200, "{\"data\":{\"viewer\":{\"login\":\"quiet-garden\"}}}"),
        J("github.release", "api.github.com", "GET", "/repos/*/releases/latest", 200,
                "{\"id\":1,\"tag_name\":\"v1.0.0\",\"name\":\"v1.0.0\",\"draft\":false,\"prerelease\":false,\"published_at\":\"" DATE
                "\",\"assets\":[],\"body\":\"\"}"),
        J("github.releases", "api.github.com", "GET", "/repos/*/releases*", 200, "[]"),
        J("github.rate", "api.github.com", "GET", "/rate_limit", 200,
                "{\"resources\":{},\"rate\":{\"limit\":60,\"remaining\":59,\"reset\":4102444800,\"used\":1}}"),
        J("github.api", "api.github.com", "*", "*", 404, GITHUB_NOT_FOUND),
        E("git.smart", "*", "*", "*/info/refs", 404),
        E("git.smart", "*", "POST", "*/git-upload-pack", 404),
        F("oauth.device", "*", "POST", "*/device/code", make_device),
        F("oauth.device", "*", "POST", "*/device_authorization", make_device),
        F("oauth.device", "*", "POST", "*/deviceauth/usercode", make_device),
        F("oauth.token", "*", "POST", "*/oauth/access_token", make_token),
        F("oauth.token", "*", "POST", "*/oauth/token", make_token),
        F("oauth.token", "*", "POST", "*/oauth2/token", make_token),
        F("oauth.token", "oauth2.googleapis.com", "POST", "/token", make_token),
        J("oauth.userinfo", "*", "GET", "*/userinfo", 200,
                "{\"id\":\"1234567\",\"sub\":\"1234567\",\"email\":\"user@example.com\",\"verified_email\":true}"),
        {"raw.github", "raw.githubusercontent.com", "*", "*", 404, TYPE_TEXT, "404: Not Found", NULL},
        {"github.web", "github.com", "GET", "/*/releases/download/*", 404, TYPE_TEXT, "Not Found", NULL},

        /* Package registries and updates. */
        J("npm.audit", "*", "POST", "/-/npm/v1/security/*", 200, "{}"),
        J("npm.ping", "*", "GET", "/-/ping", 200, "{}"),
        J("npm.dist_tags", "*", "GET", "/-/package/*/dist-tags", 200, "{\"latest\":\"1.0.0\"}"),
        J("npm.search", "*", "GET", "/-/v1/search", 200, "{\"objects\":[],\"total\":0}"),
        J("npm.other", "registry.*", "*", "/-/*", 200, "{}"),
        E("npm.tarball", "registry.*", "GET", "*.tgz", 404),
        F("npm.packument", "registry.npmjs.org", "GET", "/*", make_npm),
        F("npm.packument", "registry.yarnpkg.com", "GET", "/*", make_npm),
        F("npm.packument", "registry.npmmirror.com", "GET", "/*", make_npm),
        {"pypi.simple", "pypi.org", "GET", "/simple/*", 404, TYPE_HTML, "404 Not Found", NULL},
        J("pypi.json", "pypi.org", "GET", "/pypi/*/json", 200, "{\"info\":{\"version\":\"1.0.0\"},\"releases\":{},\"urls\":[]}"),
        J("crates", "crates.io", "GET", "*", 404, "{\"errors\":[{\"detail\":\"Not Found\"}]}"),
        {"version.file", "*", "GET", "*/latest", 200, TYPE_TEXT, "1.0.0\n", NULL},
        {"version.file", "*", "GET", "*/stable", 200, TYPE_TEXT, "1.0.0\n", NULL},
        {"version.file", "*", "GET", "*/version.txt", 200, TYPE_TEXT, "1.0.0\n", NULL},
        J("version.file", "*", "GET", "*/version.json", 200, "{\"version\":\"1.0.0\",\"latest_version\":\"1.0.0\"}"),

        /* Anything else. */
        F("other", "*", "*", "*", make_other),
};

const struct plausible_rule *plausible_row(size_t i)
{
	return i < ARRAY_LEN(table) ? &table[i] : NULL;
}

const struct plausible_rule *plausible_find(const struct exchange_request *r, struct slice path)
{
	for (size_t i = 0; i + 1 < ARRAY_LEN(table); i++) {
		const struct plausible_rule *p = &table[i];
		if ((*p->method == '*' || slice_is(r->method, p->method)) && plausible_match(p->host, r->host) &&
		        plausible_match(p->path, path))
			return p;
	}
	return &table[ARRAY_LEN(table) - 1];
}

void plausible_answer(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out)
{
	const struct plausible_rule *p = plausible_find(r, path);
	if (p->make == make_other) {
		make_other(s, r, path, out);
		return;
	}
	reply_begin(out, p->status, p->type, p->name);
	if (slice_find(r->host, SLICE("github"), 0) != SLICE_NPOS) {
		/* Without it Copilot takes an answer for that of a proxy in between. */
		char id[33];
		script_id(s, "github", path, id);
		buf_fmt(&out->headers,
		        "server: github.com\r\nx-github-request-id: %.4s:%.6s:%.7s:%.7s:%.8s\r\nx-oauth-scopes: gist, read:org, repo\r\n",
		        id, id + 4, id + 10, id + 17, id + 24);
	}
	if (p->make)
		p->make(s, r, path, out);
	else if (p->body)
		buf_str_add(&out->body, p->body);
}
