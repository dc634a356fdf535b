/* What shows in a program as a whole: things that are nothing alone, and something together. */
#include "base/encode.h"
#include "inspect/scan_code.h"
#include "inspect/scan_shell.h"

static bool has(struct slice text, const char *part)
{
	return slice_find(text, slice_str(part), 0) != SLICE_NPOS;
}

/* ── names ── */

/* a["push"](a["shift"]()): how the texts of a program that was made unreadable are put in order. */
static bool rotates(const struct code *c, size_t i)
{
	return code_sign(c, i + 1, '[') && code_text(c, i + 2) && slice_is(c->t[i + 2].text, "push") && code_sign(c, i + 3, ']') &&
	       code_sign(c, i + 4, '(') && i + 7 < c->n && c->t[i + 5].kind == TOKEN_NAME && code_sign(c, i + 6, '[') &&
	       code_text(c, i + 7) && slice_is(c->t[i + 7].text, "shift");
}

/* while (!![]) */
static bool loops_oddly(const struct code *c, size_t i)
{
	return slice_is(c->t[i].text, "while") && code_sign(c, i + 1, '(') && code_sign(c, i + 2, '!') && code_sign(c, i + 3, '!') &&
	       code_sign(c, i + 4, '[') && code_sign(c, i + 5, ']');
}

void code_sign_name(struct code *c, size_t i)
{
	uint32_t k = code_kinds(c, i);
	struct slice name = c->t[i].text;
	static const char *const checks_of_paths[] = {"os.path.basename", "os.path.realpath", "os.path.abspath", "os.path.normpath",
	        "os.path.commonpath", "secure_filename", ".resolve", ".is_relative_to", NULL};
	if (code_sign(c, i + 1, '(')) {
		c->did |= k >> SPIES & 1 && has(name, "lip") ? DID_READ_CLIPBOARD : 0;
		c->did |= k >> SETS_CLIPBOARD & 1 ? DID_SET_CLIPBOARD : 0;
		c->did |= k >> LISTENS & 1 ? DID_LISTEN_KEYS : 0;
		c->did |= k >> INJECTS & 1 ? (has(name, "Memory") ? DID_WRITE_MEMORY : DID_START_THREAD) : 0;
	}
	if (c->skill && (scan_one_of(name, checks_of_paths) || has(name, "resolve") || has(name, "startswith")))
		c->did |= DID_CHECK_PATH;
	if (c->javascript) {
		c->did |= rotates(c, i) ? DID_ROTATE : 0;
		c->did |= loops_oddly(c, i) ? DID_LOOP_ODDLY : 0;
	}
	if (c->python && slice_is(name, "__pyarmor__") && code_sign(c, i + 1, '('))
		code_tell_once(c, 6, SCAN_RULE_CODE_OBFUSCATED, i, code_behind(c, i + 1));
}

/* ── texts ── */

static bool digits(struct slice t, size_t at, size_t least)
{
	size_t n = 0;
	while (at + n < t.n && t.p[at + n] >= '0' && t.p[at + n] <= '9')
		n++;
	return n >= least;
}

/* Addresses with a secret in them by which anybody who has them can send. */
static bool is_drop_box(struct slice t)
{
	static const char *const hooks[] = {"discord.com/api/webhooks/", "discordapp.com/api/webhooks/", "api.telegram.org/bot"};
	for (size_t i = 0; i < ARRAY_LEN(hooks); i++) {
		size_t at = slice_find(t, slice_str(hooks[i]), 0);
		if (at != SLICE_NPOS && digits(t, at + strlen(hooks[i]), 6))
			return true;
	}
	return false;
}

/* Regular expressions of addresses of Bitcoin and Ethereum. */
static bool is_wallets(struct slice t)
{
	return t.n < 400 &&
	       (has(t, "[13][a-km-z") || has(t, "bc1[a") || has(t, "bc1)[a") || has(t, "0x[a-fA-F") || has(t, "0x[0-9a-fA-F]{40}"));
}

/* A text of which nothing is seen: base64 of what could be read. */
static bool is_encoded(struct slice t)
{
	_cleanup_buf_ struct buf b = BUF(1 << 16);
	if (t.n < 200 || slice_chr(t, ' ', 0) != SLICE_NPOS || !decode_base64(&b, t))
		return false;
	size_t odd = 0;
	for (size_t i = 0; i < b.n; i++)
		odd += (b.p[i] < 0x20 && b.p[i] != '\n' && b.p[i] != '\t' && b.p[i] != '\r') || b.p[i] > 0x7e;
	/* Pictures, settings and certificates are data that is text. */
	struct slice first = slice_trim(buf_slice(&b));
	return b.n > 100 && odd == 0 && first.n && !strchr("<{[-%", first.p[0]);
}

/* A whole script in a text. */
static void script(struct code *c, size_t i)
{
	struct slice t = c->t[i].text;
	if (!slice_starts(t, SLICE("@echo off")) && !slice_starts(t, SLICE("#!/bin/")) && !slice_starts(t, SLICE("#!/usr/bin/env bash")))
		return;
	unsigned does = scan_shell_lines(code_unescape(c->arena, t));
	if (does & (SHELL_DOES_REVERSE | SHELL_DOES_SENDS | SHELL_DOES_HIDDEN | SHELL_DOES_DISGUISED))
		code_tell(c, SCAN_RULE_CODE_COMMAND, i, i + 1);
	else if (does & (SHELL_DOES_DOWNLOAD | SHELL_DOES_DECODED))
		code_tell(c, SCAN_RULE_CODE_SCRIPT, i, i + 1);
}

void code_sign_text(struct code *c, size_t i)
{
	struct slice t = c->t[i].text;
	if (t.n < 8 || t.n > 65536)
		return;
	c->texts += is_encoded(t);
	if (t.p[0] == '@' || t.p[0] == '#')
		script(c, i);
	c->did |= is_wallets(t) ? DID_NAME_WALLETS : 0;
	if (t.n < 300 && t.p[0] == 'h' && is_drop_box(t))
		code_tell_once(c, 16, SCAN_RULE_CODE_DROP_BOX, i, i + 1);
}

/* ── together ── */

static bool did(const struct code *c, unsigned all)
{
	return (c->did & all) == all;
}

static void whole(struct code *c, bool is, enum scan_rule_name rule, const char *what)
{
	if (is && c->is_inner && c->inner == SCAN_RULES)
		c->inner = rule;
	else if (is && !c->is_inner)
		scan_found(c->s, c->in, rule, 0, 0, "%s", what);
}

void code_signs(struct code *c)
{
	unsigned kinds = c->secrets;
	whole(c, did(c, DID_READ_CLIPBOARD | DID_SET_CLIPBOARD | DID_NAME_WALLETS), SCAN_RULE_CODE_WALLET, "");
	whole(c, did(c, DID_LISTEN_KEYS | DID_SEND), SCAN_RULE_CODE_SPIES, "listens to the keyboard, and sends");
	whole(c, did(c, DID_WRITE_MEMORY | DID_START_THREAD), SCAN_RULE_CODE_INJECTS, "");
	whole(c, did(c, DID_WRITE_MANIFEST | DID_PUBLISH) && c->did & (DID_RENAME | DID_COPY_ITSELF), SCAN_RULE_CODE_SPREADS, "");
	whole(c, did(c, DID_ROTATE | DID_LOOP_ODDLY) && !(c->told >> 6 & 1), SCAN_RULE_CODE_OBFUSCATED,
	        "texts that are put in order when it runs");
	whole(c, c->texts >= 3 && !(c->told >> 6 & 1), SCAN_RULE_CODE_OBFUSCATED, "several texts that are encoded");
	whole(c, (c->asks & (c->asks - 1)) != 0, SCAN_RULE_CODE_ASKS, "");
	whole(c, c->reads_secret && (kinds & (kinds - 1)), SCAN_RULE_CODE_GATHERS, "");
	whole(c, c->skill && did(c, DID_JOIN_GIVEN) && !did(c, DID_CHECK_PATH), SCAN_RULE_AGENT_PATH, "");
}
