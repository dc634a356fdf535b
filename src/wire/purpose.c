#include "wire/purpose.h"

#include "base/arena.h"

/* The first that the name begins with counts. */
static const struct {
	const char *begin;
	enum purpose purpose;
} table[] = {
        {"anthropic.", PURPOSE_MODEL},
        {"openai.", PURPOSE_MODEL},
        {"gemini.", PURPOSE_MODEL},
        {"ollama.", PURPOSE_MODEL},
        {"models.dev", PURPOSE_OTHER},
        {"models", PURPOSE_MODEL},
        {"codex.models", PURPOSE_MODEL},
        {"copilot.models", PURPOSE_MODEL},
        {"datadog", PURPOSE_TELEMETRY},
        {"statsig.log", PURPOSE_TELEMETRY},
        {"sentry.", PURPOSE_TELEMETRY},
        {"otlp", PURPOSE_TELEMETRY},
        {"clearcut", PURPOSE_TELEMETRY},
        {"posthog.decide", PURPOSE_FLAGS},
        {"posthog.flags", PURPOSE_FLAGS},
        {"posthog", PURPOSE_TELEMETRY},
        {"segment", PURPOSE_TELEMETRY},
        {"amplitude", PURPOSE_TELEMETRY},
        {"mixpanel", PURPOSE_TELEMETRY},
        {"applicationinsights", PURPOSE_TELEMETRY},
        {"events.", PURPOSE_TELEMETRY},
        {"aliyun.rum", PURPOSE_TELEMETRY},
        {"claude.metrics_enabled", PURPOSE_FLAGS},
        {"claude.metrics", PURPOSE_TELEMETRY},
        {"copilot.telemetry", PURPOSE_TELEMETRY},
        {"codex.analytics", PURPOSE_TELEMETRY},
        {"statsig.initialize", PURPOSE_FLAGS},
        {"growthbook.", PURPOSE_FLAGS},
        {"launchdarkly", PURPOSE_FLAGS},
        {"claude.bootstrap", PURPOSE_FLAGS},
        {"claude.fast_mode", PURPOSE_FLAGS},
        {"claude.grove", PURPOSE_FLAGS},
        {"claude.settings", PURPOSE_POLICY},
        {"claude.policy", PURPOSE_POLICY},
        {"copilot.settings", PURPOSE_POLICY},
        {"copilot.teams", PURPOSE_POLICY},
        {"npm.", PURPOSE_UPDATES},
        {"pypi.", PURPOSE_UPDATES},
        {"crates", PURPOSE_UPDATES},
        {"github.release", PURPOSE_UPDATES},
        {"github.web", PURPOSE_UPDATES},
        {"version.file", PURPOSE_UPDATES},
};

enum purpose purpose_of(struct slice answer)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (slice_starts(answer, slice_str(table[i].begin)))
			return table[i].purpose;
	return PURPOSE_OTHER;
}

const char *purpose_name(enum purpose p)
{
	static const char *const names[PURPOSE_END] = {"model", "telemetry", "flags", "policy", "updates", "other"};
	return p < PURPOSE_END ? names[p] : "";
}
