/* The report must not let a hostile value act in a terminal, break out of a JSON string or become markup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "../integration/report_model.h"
#include "report/report.h"
#include "report/words.h"
#include "report/write.h"

/* A strict reader of JSON (RFC 8259) that keeps nothing: the writer is not to be checked by itself. */
struct reader {
	struct slice s;
	size_t at;
};

static bool json_value(struct reader *r, int depth);

static uint8_t peek(struct reader *r)
{
	return r->at < r->s.n ? r->s.p[r->at] : 0;
}

static uint8_t blank_peek(struct reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\n')
		r->at++;
	return peek(r);
}

static bool take(struct reader *r, uint8_t c)
{
	if (blank_peek(r) != c)
		return false;
	r->at++;
	return true;
}

static bool json_string(struct reader *r)
{
	if (!take(r, '"'))
		return false;
	for (;;) {
		uint8_t c = peek(r);
		if (c < 0x20 || c == 0x7f)
			return false;
		r->at++;
		if (c == '"')
			return true;
		if (c != '\\')
			continue;
		c = peek(r);
		r->at++;
		if (c == 'u') {
			for (int i = 0; i < 4; i++, r->at++)
				if (!peek(r) || !strchr("0123456789abcdef", peek(r)))
					return false;
		} else if (!c || !strchr("\"\\n", c)) {
			return false;
		}
	}
}

static bool json_members(struct reader *r, uint8_t end, int depth)
{
	r->at++;
	if (take(r, end))
		return true;
	do {
		if (end == '}' && !(json_string(r) && take(r, ':')))
			return false;
		if (!json_value(r, depth + 1))
			return false;
	} while (take(r, ','));
	return take(r, end);
}

static bool json_value(struct reader *r, int depth)
{
	static const char *const words[] = {"true", "false", "null"};
	uint8_t c = blank_peek(r);
	if (depth > 8)
		return false;
	if (c == '{' || c == '[')
		return json_members(r, c == '{' ? '}' : ']', depth);
	if (c == '"')
		return json_string(r);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_starts(slice_from(r->s, r->at), slice_str(words[i]))) {
			r->at += strlen(words[i]);
			return true;
		}
	size_t from = r->at;
	while (peek(r) && strchr("0123456789-+.e", peek(r)))
		r->at++;
	return r->at > from;
}

static bool json_ok(struct slice s)
{
	struct reader r = {.s = s};
	return json_value(&r, 0) && blank_peek(&r) == 0 && r.at == s.n;
}

static struct vet_result (*const samples[])(void) = {sample_result, sample_clean, sample_inconclusive, sample_partial, sample_hostile};

static bool has(const struct buf *b, const char *needle)
{
	return slice_find(buf_slice(b), slice_str(needle), 0) != SLICE_NPOS;
}

static size_t occurrences(const struct buf *b, const char *needle)
{
	size_t n = 0;
	for (size_t at = 0; (at = slice_find(buf_slice(b), slice_str(needle), at)) != SLICE_NPOS; at++)
		n++;
	return n;
}

/* Well-formed UTF-8 without anything that hides or acts. */
static bool harmless(struct slice s, const char *allowed)
{
	for (size_t at = 0; at < s.n;) {
		uint32_t c = write_next(s, &at);
		if (c >= WRITE_BAD || (write_hidden(c) && !(c < 128 && strchr(allowed, (int)c))))
			return false;
	}
	return true;
}

static void every_sample_is_harmless(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		struct vet_result r = samples[i]();
		_cleanup_buf_ struct buf b = BUF(16 << 20);
		report_json(&b, &r);
		assert_int_equal(buf_error(&b), 0);
		assert_true(json_ok(buf_slice(&b)));
		assert_true(harmless(buf_slice(&b), "\n"));
		assert_false(has(&b, "<"));
		assert_false(has(&b, "\"length\": 100000"));
		buf_reset(&b);
		report_text(&b, &r, NULL);
		assert_int_equal(buf_error(&b), 0);
		assert_true(harmless(buf_slice(&b), "\n"));
		buf_reset(&b);
		report_html(&b, &r);
		assert_int_equal(buf_error(&b), 0);
		assert_true(harmless(buf_slice(&b), "\n"));
		assert_false(has(&b, "<script"));
		assert_false(has(&b, "<img"));
		assert_false(has(&b, "url("));
		assert_false(has(&b, "@import"));
		assert_int_equal(occurrences(&b, "<bdi>"), occurrences(&b, "</bdi>"));
		assert_int_equal(occurrences(&b, "</style>"), 1);
	}
}

/* A report that does not fit is an error of the buffer, whatever was being written when it was full. */
static void a_full_buffer_is_an_error(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		struct vet_result r = samples[i]();
		for (size_t max = 0; max < 6000; max += 97) {
			_cleanup_buf_ struct buf a = BUF(max), b = BUF(max), c = BUF(max / 8);
			report_json(&a, &r);
			report_html(&b, &r);
			report_text(&c, &r, NULL);
			assert_int_equal(buf_error(&b), -ENOBUFS);
			assert_int_equal(buf_error(&c), -ENOBUFS);
			assert_true(a.n <= max && b.n <= max && c.n <= max / 8);
		}
	}
}

static void text_opens_with_the_verdict(void **state)
{
	(void)state;
	static const char *const lines[] = {
	        "FINDINGS  @x/y 1.2.3: 2 covert channels (time zone, gateway host name), 1 hashed, 5 undeclared, 7 disclosed · 1 "
	        "suspicious "
	        "file · 58 trials",
	        "CLEAN  @x/y 1.2.3: no covert channel found, 0 undeclared, 7 disclosed · 58 trials, 121 s\n",
	        "INCONCLUSIVE  @x/y 1.2.3: the tool asks for an account before its first request; 14 trials, 121 s (14 failed)\n",
	        "FINDINGS  @x/y 1.2.3: partial (interrupted after 31 of 58 trials); 2 covert channels",
	};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct vet_result r = samples[i]();
		_cleanup_buf_ struct buf b = BUF(1 << 20);
		report_text(&b, &r, NULL);
		assert_true(slice_starts(buf_slice(&b), slice_str(lines[i])));
	}
}

/* What is in the files stands in every form; what is bad there, in the first words too. */
static void files_are_told(void **state)
{
	(void)state;
	struct vet_result r = sample_result();
	_cleanup_buf_ struct buf text = BUF(1 << 20), json = BUF(1 << 20), html = BUF(1 << 22);
	report_text(&text, &r, NULL);
	assert_true(has(&text, "IN ITS FILES\n  3 files, 60.2 MB: 1 suspicious, 1 unscanned, 1 clean\n  - suspicious: starts a program"));
	assert_true(has(&text, "[code.silent-start]\n  - unscanned: not understood; in node_modules/@x/y/bin/y, "));
	assert_true(has(&text, "is run on installation or unasked: postinstall: node install.js"));
	assert_true(has(&text, "  In its files something is suspicious: starts a program unseen"));
	report_json(&json, &r);
	assert_true(has(&json, "\"scan\": {\n    \"verdict\": \"suspicious\", \"bad\": false, \"seconds\": 3.500, \"note\": null"));
	assert_true(has(&json, "{\"files\": 3, \"clean\": 1, \"unscanned\": 1, \"suspicious\": 1, \"bad\": 0, \"let_pass\": 0}"));
	assert_true(has(&json, "\"score\": {\"points\": 30, \"reasons\": ["));
	assert_true(has(&text, "  score 30, the sum of 2 reasons to look at it; not looked at: whether the"));
	assert_true(has(&text, "    +25 what its installation runs reaches the network: postinstall: node"));
	report_html(&html, &r);
	assert_true(has(&html, "+5 it does not say where its source is. Nobody can compare it with that."));
	assert_true(has(&html, "<b>, 1 suspicious file in it</b>"));
	struct scan_finding bad = sample_suspicious;
	struct scan_file file = sample_files[2];
	struct scan_result scan = sample_scan;
	bad.rule = SCAN_RULE_CODE_DECODED;
	file.sum.verdict = SCAN_BAD;
	scan_rule_add(&file.sum.rules, bad.rule);
	file.finding = &bad;
	scan.file = &file;
	scan.n = 1;
	r = sample_clean();
	r.content.scan = &scan;
	buf_reset(&text);
	report_text(&text, &r, NULL);
	assert_true(has(&text, "· 1 bad file ·"));
	assert_true(has(&text, "  Do not approve it: in its files is what no honest program has, below.\n"));
	r = sample_inconclusive();
	r.content.scan = &scan;
	buf_reset(&text);
	report_text(&text, &r, NULL);
	assert_true(has(&text, "  Do not approve it: in its files"));
	r.content.scan = NULL;
	buf_reset(&json);
	report_json(&json, &r);
	assert_true(has(&json, "\"scan\": null"));
}

static void text_marks_the_difference(void **state)
{
	(void)state;
	struct vet_result r = sample_result();
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	report_text(&b, &r, NULL);
	assert_true(has(&b, "  before   Today's date is 2026-11-23.\n"
	                    "                ^\n"
	                    "  after    Today\xCA\xBCs date is 2026-11-23.\n"
	                    "                ^\n"));
	assert_true(has(&b, "U+0027 APOSTROPHE → U+02BC MODIFIER LETTER APOSTROPHE\n"));
	assert_false(has(&b, "\033"));
	struct report_text_options o = {.colour = true, .width = 100};
	buf_reset(&b);
	report_text(&b, &r, &o);
	assert_true(has(&b, "\033[1;31mFINDINGS\033[0m"));
}

/* But for the verdict and long words, no line is wider than asked for. */
static void text_keeps_to_the_width(void **state)
{
	(void)state;
	struct vet_result r = sample_result();
	for (unsigned width = 80; width <= 160; width += 20) {
		struct report_text_options o = {.width = width};
		_cleanup_buf_ struct buf b = BUF(1 << 20);
		report_text(&b, &r, &o);
		struct slice rest = buf_slice(&b), line;
		(void)slice_split(&rest, '\n', &line);
		while (slice_split(&rest, '\n', &line))
			if (slice_find(line, SLICE("POST "), 0) == SLICE_NPOS && slice_find(line, SLICE("U+"), 0) == SLICE_NPOS)
				assert_in_range(write_columns(line), 0, width);
	}
}

static void words_say_when_and_what(void **state)
{
	(void)state;
	static const char *const sentences[] = {
	        ("When the time zone is Asia/Shanghai or Asia/Urumqi, what goes to your gateway says “2026/11/23” instead of “2026-11-23” "
	         "(in a "
	         "user message): U+002F SOLIDUS for U+002D HYPHEN-MINUS."),
	        ("When the gateway host name is proxy.laboratory.example or ai-gw.corp.example (all end in .example), what goes to your "
	         "gateway "
	         "says “Today\xCA\xBCs” instead of “Today's” (in a user message): U+02BC MODIFIER LETTER APOSTROPHE for U+0027 "
	         "APOSTROPHE."),
	        ("When the MAC address is 02:42:ac:11:00:02, what goes to api.vendor.example holds a digest of it: "
	         "“77ab09fe1c5d42238e914a1b”."),
	};
	static const struct {
		const char *address, *field;
	} fields[] = {{"request 2.body.events[x#3].event_data.env.shell", "env.shell"},
	        {"request 3.body.messages[user].content[text].text line \"Shell: zsh\"", "line \"Shell: zsh\""},
	        {"body.metrics[a.b.c].points[object].attributes.terminal[x.y]", "attributes.terminal[x.y]"},
	        {"header user-agent", "header user-agent"}, {"", ""}, {"api.vendor.example", "api.vendor.example"},
	        {"body.a]].b", "body.a]].b"}};
	struct vet_result r = sample_result();
	for (size_t i = 0; i < ARRAY_LEN(sentences); i++) {
		_cleanup_buf_ struct buf b = BUF(1 << 16);
		words_finding(&b, &r, &r.findings[i]);
		assert_string_equal(buf_str(&b), sentences[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		struct slice s = words_field(fields[i].address);
		assert_true(slice_is(s, fields[i].field));
	}
	assert_int_equal(words_field(NULL).n, 0);
	assert_non_null(strstr(words_decision(&r), "Do not approve"));
	r = sample_inconclusive();
	assert_non_null(strstr(words_decision(&r), "Do not approve"));
	assert_true(slice_is(write_endpoint_host("WS a.example/x"), "a.example"));
	assert_true(slice_is(write_endpoint_host("TLS a.example"), "a.example"));
	assert_true(slice_is(write_endpoint_host("DNS"), "DNS"));
}

static void page_has_what_a_reader_needs(void **state)
{
	(void)state;
	static const char *const parts[] = {"default-src 'none'; style-src 'unsafe-inline'", "<b>2 covert channels</b>",
	        "<svg class=matrix", "Today<mark>&#39;</mark>s date", "Today<mark>\xCA\xBC</mark>s date",
	        "<b>U+02BC</b> <bdi>MODIFIER LETTER APOSTROPHE</bdi>", "metrics.tracker.example", "What was not covered", "<details>"};
	struct vet_result r = sample_result();
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	report_html(&b, &r);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		assert_true(has(&b, parts[i]));
	/* Each link leads to an element of the page. */
	for (size_t i = 0; i < r.n_findings; i++) {
		char link[32], id[32];
		(void)snprintf(link, sizeof(link), "href=\"#f%zu\"", i);
		(void)snprintf(id, sizeof(id), " id=f%zu>", i);
		assert_true(has(&b, link));
		assert_int_equal(occurrences(&b, id), 1);
	}
}

static void utf8_is_read_strictly(void **state)
{
	(void)state;
	static const struct {
		const char *in, *visible;
	} rows[] = {{"a\xCA\xBC", "a\xCA\xBC"}, {"\xE2\x80\x8B", "‹U+200B›"}, {"\xF3\xA0\x81\x81", "‹U+E0041›"},
	        {"\xC0\xAF", "‹0xC0›‹0xAF›"}, {"\xE0\x80\x80", "‹0xE0›‹0x80›‹0x80›"}, {"\xED\xA0\x80", "‹0xED›‹0xA0›‹0x80›"},
	        {"\xF4\x90\x80\x80", "‹0xF4›‹0x90›‹0x80›‹0x80›"}, {"\xE2\x80", "‹0xE2›‹0x80›"}, {"\033[2J", "‹U+001B›[2J"},
	        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_buf_ struct buf b = BUF(256);
		write_visible(&b, slice_str(rows[i].in));
		assert_string_equal(buf_str(&b), rows[i].visible);
	}
	for (uint32_t c = 1; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 251) {
		_cleanup_buf_ struct buf b = BUF(8);
		size_t at = 0;
		write_utf8(&b, c);
		assert_int_equal(write_next(buf_slice(&b), &at), c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c);
		assert_int_equal(at, b.n);
	}
}

static void spans_are_clamped(void **state)
{
	(void)state;
	struct write_parts p = write_parts("a\xCA\xBC"
	                                   "b",
	        2, 1);
	assert_int_equal(p.pre.n, 1);
	assert_int_equal(p.mid.n, 2);
	p = write_parts("abc", 7, SIZE_MAX);
	assert_int_equal(p.pre.n, 3);
	assert_int_equal(p.mid.n, 0);
	p = write_parts(NULL, 1, 1);
	assert_int_equal(p.pre.n + p.mid.n + p.post.n, 0);
	assert_int_equal(write_fit(SLICE("abcdef"), 2, true).n, 2);
	assert_int_equal(write_fit(SLICE("abcdef"), 2, false).n, 2);
}

static void numbers_have_no_locale(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf b = BUF(1024);
	write_number(&b, 1.5, 3);
	buf_u8(&b, ' ');
	write_number(&b, NAN, 3);
	buf_u8(&b, ' ');
	write_probability(&b, 6.1e-6);
	buf_u8(&b, ' ');
	write_bytes(&b, 999);
	buf_u8(&b, ' ');
	write_bytes(&b, 12345678);
	assert_string_equal(buf_str(&b), "1.500 null 6.1e-06 999 B 12.3 MB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_sample_is_harmless),
	        cmocka_unit_test(a_full_buffer_is_an_error),
	        cmocka_unit_test(text_opens_with_the_verdict),
	        cmocka_unit_test(files_are_told),
	        cmocka_unit_test(text_marks_the_difference),
	        cmocka_unit_test(text_keeps_to_the_width),
	        cmocka_unit_test(words_say_when_and_what),
	        cmocka_unit_test(page_has_what_a_reader_needs),
	        cmocka_unit_test(utf8_is_read_strictly),
	        cmocka_unit_test(spans_are_clamped),
	        cmocka_unit_test(numbers_have_no_locale),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
