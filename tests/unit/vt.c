/* What a terminal may be sent: the table row by row, everything that is not in it, and what must hold for any bytes: however they are cut,
 * the output is the same; filtering it again changes nothing; and it holds nothing but text and sequences that are whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "base/utf8.h"
#include "parse/vt.h"

static struct vt vt;

/* In one piece, and then in pieces of 1, 2 and 3 bytes: the same comes out. */
static void filter(struct slice in, struct buf *out)
{
	struct buf again = BUF(1u << 20);
	buf_reset(out);
	vt_init(&vt, false);
	vt_feed(&vt, in, out);
	assert_int_equal(buf_error(out), 0);
	assert_true(out->n <= VT_GROW * in.n + VT_MORE);
	for (size_t size = 1; size <= 3; size++) {
		buf_reset(&again);
		vt_init(&vt, false);
		for (size_t at = 0; at < in.n; at += size)
			vt_feed(&vt, slice_sub(in, at, size), &again);
		if (!slice_eq(buf_slice(out), buf_slice(&again)))
			fail_msg("in pieces of %zu bytes another output", size);
	}
	/* Once more. The numbers of the stack of titles are kept, so that what begins it is not put before it again. */
	buf_reset(&again);
	vt_init(&vt, false);
	vt_feed(&vt, buf_slice(out), &again);
	if (!slice_eq(buf_slice(out), buf_slice(&again)))
		fail_msg("filtered again, \"%s\" becomes \"%s\"", buf_str(out) + 1, buf_str(&again) + 1);
	buf_free(&again);
}

static void gives(const char *in, size_t n, const char *out, size_t m)
{
	struct buf b = BUF(1u << 20);
	filter(slice_of(in, n), &b);
	if (!slice_eq(buf_slice(&b), slice_of(out, m)))
		fail_msg("\"%.*s\" gives \"%s\"", (int)n - 1, in + 1, b.n ? buf_str(&b) + (b.p[0] == 0x1b) : "");
	buf_free(&b);
}
#define GIVES(in, out) gives(in, sizeof(in) - 1, out, sizeof(out) - 1)
#define SAME(in)       GIVES(in, in)
#define NOTHING(in)    GIVES(in, "")

static struct slice csi(struct buf *b, uint32_t key, const char *params)
{
	buf_reset(b);
	buf_str_add(b, "\033[");
	if (key >> 16)
		buf_u8(b, (uint8_t)(key >> 16));
	buf_str_add(b, params);
	if (key >> 8 & 0xff)
		buf_u8(b, (uint8_t)(key >> 8));
	buf_u8(b, (uint8_t)key);
	return buf_slice(b);
}

/* Each row: what it is about, as it would be sent. */
static struct slice sample(const struct vt_rule *r, struct buf *b)
{
	char text[64];
	buf_reset(b);
	(void)snprintf(text, sizeof(text), "%u", r->key & 0xffff);
	switch (r->kind) {
	case VT_KIND_BYTE:
		buf_u8(b, (uint8_t)r->key);
		break;
	case VT_KIND_CHARACTER:
		if (r->key < 0x800) {
			buf_u8(b, (uint8_t)(0xc0 | r->key >> 6));
		} else if (r->key < 0x10000) {
			buf_u8(b, (uint8_t)(0xe0 | r->key >> 12));
			buf_u8(b, (uint8_t)(0x80 | (r->key >> 6 & 63)));
		} else {
			buf_u8(b, (uint8_t)(0xf0 | r->key >> 18));
			buf_u8(b, (uint8_t)(0x80 | (r->key >> 12 & 63)));
			buf_u8(b, (uint8_t)(0x80 | (r->key >> 6 & 63)));
		}
		buf_u8(b, (uint8_t)(0x80 | (r->key & 63)));
		break;
	case VT_KIND_ESC:
		buf_u8(b, 0x1b);
		if (r->key >> 8)
			buf_u8(b, (uint8_t)(r->key >> 8));
		buf_u8(b, (uint8_t)r->key);
		break;
	case VT_KIND_CSI:
		return csi(b, r->key, r->verdict == VT_OTHER_KEYS ? "4;1" : "1");
	case VT_KIND_MODE:
		return csi(b, 'h', text);
	case VT_KIND_PRIVATE:
		return csi(b, '?' << 16 | (r->usual == 'h' ? 'l' : 'h'), text);
	case VT_KIND_WINDOW:
		return csi(b, 't', text);
	case VT_KIND_REPORT:
		return csi(b, (r->key & 0x10000 ? '?' << 16 : 0) | 'n', text);
	case VT_KIND_ERASE:
		return csi(b, 'J', text);
	case VT_KIND_COLOUR:
		return csi(b, 'm', r->key == 21 ? "21;37;48:2::1:2:3;38;5;8" : r->key == 58 ? "58:5:1" : text);
	case VT_KIND_OSC:
		buf_str_add(b, "\033]");
		if (r->key & 0x10000)
			buf_fmt(b, "%cffffffff", (int)(r->key & 0xff));
		else
			buf_fmt(b, "%u;%s", r->key,
			        r->verdict == VT_COLOUR_ASK ? r->key == 4 ? "1;?" : "?"
			        : r->verdict == VT_PROGRESS ? "4;1;50"
			                                    : "x");
		buf_str_add(b, "\033\\");
		break;
	case VT_KIND_STRING:
		buf_u8(b, 0x1b);
		buf_u8(b, (uint8_t)r->key);
		for (const char *p = r->name; *p && strncmp(p, ": ", 2) != 0; p++)
			buf_u8(b, (uint8_t)*p);
		buf_str_add(b, "\033\\");
		break;
	}
	return buf_slice(b);
}

static void table(void **state)
{
	size_t n, passed = 0, dropped = 0;
	const struct vt_rule *r = vt_rules(&n);
	struct buf in = BUF(1024), out = BUF(1u << 20), end = BUF(4096);
	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_true(i == 0 || r[i].kind >= r[i - 1].kind);
		assert_non_null(r[i].why);
		assert_true(r[i].verdict != VT_DROP || r[i].why[0]);
		for (size_t k = 0; k < i && r[i].kind != VT_KIND_STRING; k++)
			if (r[k].kind == r[i].kind && r[k].key <= r[i].key && r[i].key <= (r[k].last ? r[k].last : r[k].key))
				fail_msg("%s and %s are of the same", r[k].name, r[i].name);
		struct slice s = sample(&r[i], &in);
		filter(s, &out);
		if (r[i].verdict == VT_DROP) {
			dropped++;
			/* 8-bit controls leave a mark. Of the Linux console's palette without an end only what follows it is text. */
			bool mark = r[i].key == 0x80 || (r[i].kind == VT_KIND_OSC && r[i].key & 0x10000);
			if (out.n && !mark)
				fail_msg("%s (%s) comes through", r[i].name, r[i].why);
			assert_null(memchr(buf_str(&out), 0x1b, out.n));
			continue;
		}
		passed++;
		if (r[i].verdict == VT_LINK) /* "x" is no address */
			continue;
		if (!out.n && r[i].verdict != VT_KEYS_POP && r[i].verdict != VT_BY_NUMBER && r[i].key != 23)
			fail_msg("%s does not come through", r[i].name);
		if (r[i].verdict == VT_PASS && !slice_eq(s, buf_slice(&out)))
			fail_msg("%s comes as something else: %s", r[i].name, buf_str(&out) + 1);
		/* Who asked is counted. */
		vt_init(&vt, false);
		vt_feed(&vt, s, &out);
		assert_int_equal(vt.asked, r[i].verdict == VT_ASK || r[i].verdict == VT_COLOUR_ASK);
		/* What stays behind is undone. */
		buf_reset(&end);
		vt_end(&vt, &end);
		if (r[i].kind == VT_KIND_PRIVATE && r[i].key != 1048) {
			buf_reset(&in);
			buf_fmt(&in, "\033[?%u%c", r[i].key, r[i].usual);
			if (!slice_eq(buf_slice(&in), buf_slice(&end)))
				fail_msg("%s is undone by \"%s\"", r[i].name, buf_str(&end) + 1);
		}
	}
	print_message("%zu rows: %zu pass, %zu do not\n", n, passed, dropped);
	buf_free(&in);
	buf_free(&out);
	buf_free(&end);
}

static const struct vt_rule *find(enum vt_kind kind, uint32_t key)
{
	size_t n;
	const struct vt_rule *r = vt_rules(&n);
	for (size_t i = 0; i < n; i++)
		if (r[i].kind == kind && r[i].key <= key && key <= (r[i].last ? r[i].last : r[i].key))
			return &r[i];
	return NULL;
}

/* Everything that there could be, and that has no row, is left out. */
static void nothing_else(void **state)
{
	static const uint8_t prefixes[] = {0, '<', '=', '>', '?'};
	struct buf b = BUF(4096), out = BUF(1u << 20);
	(void)state;
	for (size_t p = 0; p < sizeof(prefixes); p++)
		for (uint32_t between = 0x1f; between <= 0x2f; between++)
			for (uint32_t final = 0x40; final <= 0x7e; final++) {
				uint32_t key = (uint32_t)prefixes[p] << 16 | (between == 0x1f ? 0 : between << 8) | final;
				const struct vt_rule *r = find(VT_KIND_CSI, key);
				if (r && r->verdict != VT_DROP)
					continue;
				filter(csi(&b, key, "1"), &out);
				if (out.n)
					fail_msg("%s comes through", buf_str(&b) + 1);
			}
	for (uint32_t n = 0; n < 20000; n++) {
		const struct vt_rule *r = find(VT_KIND_PRIVATE, n);
		buf_reset(&b);
		buf_fmt(&b, "\033[?%uh", n);
		vt_init(&vt, false);
		buf_reset(&out);
		vt_feed(&vt, buf_slice(&b), &out);
		assert_int_equal(out.n != 0, r && r->verdict == VT_PASS);
		r = find(VT_KIND_OSC, n);
		buf_reset(&b);
		buf_fmt(&b, "\033]%u;?\a", n);
		buf_reset(&out);
		vt_feed(&vt, buf_slice(&b), &out);
		assert_true(out.n == 0 || (r && r->verdict != VT_DROP));
	}
	for (unsigned c = 0; c < 0x20; c++) {
		const struct vt_rule *r = find(VT_KIND_BYTE, c);
		uint8_t byte = (uint8_t)c;
		filter(slice_of(&byte, 1), &out);
		assert_int_equal(out.n, c != 0x1b && r && r->verdict != VT_DROP);
	}
	/* Strings: every beginning, with both ends, none passes. */
	for (const char *s = "PX^_k"; *s; s++)
		for (int c = 0x20; c < 0x100; c++) {
			uint8_t text[] = {0x1b, (uint8_t)*s, (uint8_t)c, 'q', 'A', 0x1b, '\\'};
			filter(slice_of(text, sizeof(text)), &out);
			assert_int_equal(out.n, 0);
		}
	buf_free(&b);
	buf_free(&out);
}

static void attacks(void **state)
{
	(void)state;
	NOTHING("\033]52;c;cm0gLXJmIC8=\a");
	NOTHING("\033]52;c;?\033\\");
	NOTHING("\033]052;c;cm0=\a");
	NOTHING("\033]52\n;c;cm0=\a");
	NOTHING("\033]\00052;c;cm0=\a");
	NOTHING("\005");
	NOTHING("\033[21t\033[20t\033[>2t");
	NOTHING("\033P$q\"p\033\\\033P+q544e\033\\");
	/* Handed past tmux and screen. */
	NOTHING("\033Ptmux;\033\033]52;c;cm0=\a\033\\");
	NOTHING("\033P\033]52;c;cm0=\a\033\\");
	/* 8-bit: bytes, and as UTF-8. */
	GIVES("\x9d"
	      "52;c;cm0=\x9c",
	        "\xef\xbf\xbd"
	        "52;c;cm0=\xef\xbf\xbd");
	GIVES("\xc2\x9d"
	      "52;c;cm0=\xc2\x9c",
	        "\xef\xbf\xbd"
	        "52;c;cm0=\xef\xbf\xbd");
	GIVES("\x9b"
	      "31m",
	        "\xef\xbf\xbd"
	        "31m");
	GIVES("\x90tmux;", "\xef\xbf\xbdtmux;");
	/* An 8-bit end inside of a string is no end. */
	NOTHING("\033]52;c;\x9c"
	        "cm0=\033\\");
	/* Sequences inside of others. */
	NOTHING("\033[\033]52;c;cm0=\a");
	NOTHING("\033]0;a\033]52;c;cm0=\a");
	GIVES("\033]0;a\030b", "b");
	GIVES("\033[3\0301m", "1m");
	GIVES("\033[3\n1m", "\n\033[31m");
	NOTHING("\033[1;2\033\033\033[8m");
	GIVES("\033[3\x80", "\xef\xbf\xbd");
	GIVES("\033[1\xc3\xa4", "\xc3\xa4");
	NOTHING("\033[>1?h\033[?1>h\033[1?25h\033[?25$$p\033[1 2q");
	NOTHING("\033[5i\033[?5i\033[4i");
	NOTHING("\033[8;1;1t\033[3;0;0t\033[2t\033[9;1t");
	NOTHING("\033]7;file://evil/x\a\033]9;hello\a\033]777;notify;a;b\a\033]1337;File=name=eA==;size=1:eA==\a\033]99;;x\a");
	NOTHING("\033]9;6;macro\a\033]9;7;calc.exe\a\033]9;4\a\033]9;4;9\a\033]9;4;1;101\a\033]9;4;1;1;1\a");
	NOTHING("\033]633;E;rm -rf x\a\033]133;A\a");
	NOTHING("\033]4;1;#ffffff\a\033]11;#000\a\033]4;300;?\a\033]4;1;?;2;?\a\033]11;?;x\a");
	NOTHING("\033kname\033\\\033_Gx\033\\\033^x\033\\\033Xx\033\\");
	NOTHING("\033%@\033 G\033n\033N\033*0\033$B\033-A");
	GIVES("\033(Kxyz\033(0q", "\033(Bxyz\033(0q");
	/* The Linux console's palette has no end. */
	GIVES("\033]P7ffffffx\033]Rx", "xx");
	GIVES("\033]P7fx", "x");
	/* Text that is there but not seen. */
	GIVES("\033[8mx", "x");
	GIVES("\033[1;8;31mx", "\033[1;31mx");
	GIVES("\033[38;5;8m\033[38:5:8m\033[48;2;8;8;8;1m", "\033[38;5;8m\033[38:5:8m\033[48;2;8;8;8;1m");
	GIVES("\033[38;8mx\033[38;5mx\033[38mx\033[1;38:5;8mx\033[38;5:8mx\033[38;2;1;2:8mx", "xxx\033[1mxxx");
	GIVES("a\xf3\xa0\x81\xa1"
	      "b\xe2\x80\xae"
	      "c\xe2\x81\xa6"
	      "d",
	        "abcd");
	NOTHING("\033[3J");
	GIVES("\033c", "\033[!p\033[H\033[2J");
	/* Too much. */
	GIVES("\033[99999999999999999999b", "\033[4096b");
	GIVES("\033[99999999999H", "\033[65535H");
	NOTHING("\033[1;2;3H\033[1;2K\033[1:2H\033[1;1;1;1;1T");
	NOTHING("\033[<3u\033[23t\033[23;0t");
	/* Malformed. */
	GIVES("\xff\xfe\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef"
	                                                      "\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	GIVES("\xe2\x82x\xf0\x9f\x98x", "\xef\xbf\xbdx\xef\xbf\xbdx");
	GIVES("\xe2\x1b[1m", "\xef\xbf\xbd\033[1m");
}

static void programs(void **state)
{
	(void)state;
	SAME("hello\r\n\tw\xc3\xb6rld \xf0\x9f\x98\x80\b\a");
	/* What terminfo has for xterm-256color, screen, tmux and linux, and what editors and tools of today send. */
	SAME("\033[?1049h\033[22;0t\033[?1h\033=\033[H\033[2J\033[?25l");
	GIVES("\033[22;0;0t\033[23;0;0t\033[22;2t\033[22;1t\033[23;2t\033[23;1t", "\033[22;0t\033[22;0t\033[22;0t\033[23;0t\033[23;0t");
	SAME("\033[1;24r\033[24;1H\n\033M\033[L\033[3M\033[P\033[2@\033[4X\033[K\033[1K\033[2K\033[J\033[5S\033[5T\033[5b");
	SAME("\033(0lqqk\033(B\033)0\016x\017");
	SAME("\033[m\033[1m\033[2;3;4;7;9m\033[4:3m\033[38;5;196;48;2;1;2;3m\033[38:2::10:20:30m\033[58:5:3m\033[;1m\033[10;11m");
	SAME("\033[?1000;1002;1006h\033[?1006;1002;1000l");
	SAME("\033[?2004h\033[?2026h\033[?2026l\033[?1004h");
	SAME("\033[>1u\033[?u\033[<1u\033[>4;2m\033[>4m");
	GIVES("\033[=5u\033[<u", "\033[>0u\033[=5u\033[<1u");
	SAME("\033[c\033[>c\033[>0q\033[6n\033[5n\033[?6n\033[?2026$p\033[18t\033[14t\033]11;?\033\\\033]4;7;?\033\\");
	SAME("\033[2 q\033[0 q\0337\0338\033[s\033[u\033[4h\033[4l\033[?5h\033[?5l\033[?12l\033[?25h");
	SAME("\033[!p\033D\033E");
	GIVES("\033]0;t\303\244x\001\033[m\a", "\033[m\a"); /* a string that is not whole */
	GIVES("\033]2;a\x01\xc2\x9d"
	      "b\xffz\xe2\x80\xae\n\xf0\x9f\x98\x80\a",
	        "\033[22;0t\033]2;abz\xf0\x9f\x98\x80\033\\");
	SAME("\033]9;4;1;50\033\\\033]9;4;0;0\033\\");
	SAME("\033]8;id=a1;https://example.org/x?y=%20\033\\text\033]8;;\033\\");
	SAME("\033]8;;http://example.org/\033\\text\033]8;;\033\\");
	GIVES("\033]8;;file://host/home/x/a.c\atext\033]8;;\a", "\033]8;;file:///home/x/a.c\033\\text\033]8;;\033\\");
	GIVES("\033]8;x=1:id=b c;FILE:///a\atext", "\033]8;;file:///a\033\\text");
	/* The text stays, the link does not. */
	GIVES("\033]8;;javascript:alert(1)\atext\033]8;;\a", "text\033]8;;\033\\");
	GIVES("\033]8;;file:///x/evil.desktop\atext\033]8;;vscode://x\at\033]8;;file://h\at\033]8;;https://\at", "texttt"
	                                                                                                         "t");
	GIVES("\033]8;;file:///x/evil.%73h\at\033]8;;file:///x/evil.SH/.\at\033]8;;ssh://x/\at", "ttt");
	GIVES("\033]8;;https://a/ b\at\033]8;;https://a/\303\244\at", "tt");
	GIVES("\033]8;;https://a\ax\033]8;;ssh://b\ay", "\033]8;;https://a\033\\x\033]8;;\033\\y");
}

static void undone(void **state)
{
	struct buf out = BUF(1u << 16), end = BUF(1u << 16);
	(void)state;
	vt_init(&vt, false);
	vt_feed(&vt,
	        SLICE("\033]0;t\a\033[>1u\033[?1049h\033[>5u\033[>7u\033[?25l\033[?1000;1006;2004h\033[?7l\033=\033[31m\033(0\016\033[3;"
	              "9r\033[4 q\033[>4;2m\033[4h\033]8;;https://"
	              "x\a\033]9;4;1;5\a\033[12"),
	        &out);
	vt_leave(&vt, &end);
	assert_string_equal(buf_str(&end), "\033]8;;\033\\\033]9;4;0;0\033\\\033[4l\017\033(B\033>\033[>4m\033[0 "
	                                   "q\0337\033[r\0338\033[?25;7h\033[?1000;1006;2004l\033[<2u\033[?1049l\033[<1u\033[0;"
	                                   "10m");
	buf_reset(&end);
	vt_return(&vt, &end);
	assert_string_equal(buf_str(&end), "\033[>1u\033[?1049h\033[>5u\033[>7u\0337\033[3;9r\0338\033[?1000;1006;2004h\033[?25;7l\033[4 "
	                                   "q\033[>4;2m\033=\033(0\016\033[4h");
	buf_reset(&end);
	vt_end(&vt, &end);
	assert_non_null(strstr(buf_str(&end), "\033[0;10m\033[23;0t"));
	/* Then nothing is left, and the number that was begun is forgotten. */
	buf_reset(&end);
	vt_end(&vt, &end);
	assert_int_equal(end.n, 0);
	buf_reset(&end);
	vt_feed(&vt, SLICE("3mx"), &end);
	assert_string_equal(buf_str(&end), "3mx");
	/* What is as usual again needs nothing. */
	buf_reset(&end);
	vt_init(&vt, false);
	vt_feed(&vt, SLICE("\033[?1049h\033[?25l\033[?1h\033=\033[2;3r\033[r\033>\033[?1l\033[?25h\033[?1049l"), &out);
	vt_end(&vt, &end);
	assert_int_equal(end.n, 0);
	/* A character that was cut off. */
	vt_feed(&vt, SLICE("\xe2\x82"), &end);
	vt_end(&vt, &end);
	assert_string_equal(buf_str(&end), "\xef\xbf\xbd");
	buf_free(&out);
	buf_free(&end);
}

static void bounded(void **state)
{
	struct buf out = BUF(1u << 22);
	static uint8_t big[1u << 20];
	(void)state;
	/* A string without an end, and one that is too long. */
	memset(big, 'x', sizeof(big));
	memcpy(big, "\033]0;", 4);
	filter(slice_of(big, sizeof(big)), &out);
	assert_int_equal(out.n, 0);
	big[sizeof(big) - 2] = '\a';
	filter(slice_of(big, sizeof(big)), &out);
	assert_string_equal(buf_str(&out), "x");
	memset(big, '1', sizeof(big));
	memcpy(big, "\033[", 2);
	big[sizeof(big) - 2] = 'A';
	big[sizeof(big) - 1] = 'x';
	filter(slice_of(big, sizeof(big)), &out);
	assert_string_equal(buf_str(&out), "x");
	/* Budgets. */
	vt_init(&vt, false);
	vt.questions = 2;
	vt.bells = 1;
	buf_reset(&out);
	vt_feed(&vt, SLICE("\033[6n\a\033[c\a\033[6n\033]11;?\a"), &out);
	assert_string_equal(buf_str(&out), "\033[6n\a\033[c");
	assert_int_equal(vt.asked, 2);
	assert_int_equal(vt.removed, 3);
	/* Keyboard modes are a stack of eight; a title has 256 bytes. */
	buf_reset(&out);
	for (int i = 0; i < 100; i++)
		vt_feed(&vt, SLICE("\033[>1u"), &out);
	assert_int_equal(out.n, VT_KEYS * 5);
	memset(big, 'x', 2000);
	memcpy(big, "\033]0;", 4);
	big[1000] = '\a';
	buf_reset(&out);
	vt_feed(&vt, slice_of(big, 1001), &out);
	assert_int_equal(out.n, strlen("\033[22;0t\033]0;\033\\") + VT_TITLE);
	/* A terminal that does not speak UTF-8, where bytes of it could be controls. */
	vt_init(&vt, true);
	buf_reset(&out);
	vt_feed(&vt,
	        SLICE("a\xc3\x9b"
	              "31m\xe2\x82\xac\xff\033]0;\xc3\x9b"
	              "b\a"),
	        &out);
	assert_string_equal(buf_str(&out), "a?31m??\033[22;0t\033]0;b\033\\");
	buf_free(&out);
}

/* Bytes by chance, of the kinds that matter. */
static size_t by_chance(uint8_t *p, size_t n, unsigned *seed)
{
	static const char *const words[] = {"\033[", "\033]", "\033P", "\033\\", "\033", "\a", "38;5;8", "8", ";", ":", "?", ">", "=", "m",
	        "h", "l", "u", "J", "H", "1049", "25", "0;", "8;;https://x", "52;c;", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
	        "\x9b", "\xc2\x9b", "\xff", "text\r\n", "(0", ")B", "c", " q", "$p", "6n", "\016", "22;0t", "23t", "9;4;1;5", "\030",
	        "4;1;?", "\xf3\xa0\x81\xa1"};
	size_t at = 0;
	while (at < n) {
		*seed = *seed * 1103515245 + 12345;
		unsigned r = *seed >> 16;
		if (r % 8 == 0) {
			p[at++] = (uint8_t)(r >> 3);
			continue;
		}
		const char *w = words[r % (sizeof(words) / sizeof(words[0]))];
		for (; *w && at < n; w++)
			p[at++] = (uint8_t)*w;
	}
	return n;
}

static void any_cut(void **state)
{
	unsigned seed = 7;
	struct buf whole = BUF(1u << 16), parts = BUF(1u << 16), ends[2] = {BUF(1u << 16), BUF(1u << 16)};
	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint8_t p[200];
		size_t n = by_chance(p, sizeof(p), &seed), at = 0;
		struct vt a, b;
		vt_init(&a, false);
		vt_init(&b, false);
		buf_reset(&whole);
		buf_reset(&parts);
		vt_feed(&a, slice_of(p, n), &whole);
		while (at < n) {
			seed = seed * 1103515245 + 12345;
			size_t size = 1 + (seed >> 16) % 17;
			vt_feed(&b, slice_sub(slice_of(p, n), at, size), &parts);
			at += size;
		}
		assert_true(slice_eq(buf_slice(&whole), buf_slice(&parts)));
		assert_int_equal(a.removed, b.removed);
		buf_reset(&ends[0]);
		buf_reset(&ends[1]);
		vt_end(&a, &ends[0]);
		vt_end(&b, &ends[1]);
		assert_true(slice_eq(buf_slice(&ends[0]), buf_slice(&ends[1])));
		/* Once more: nothing changes. */
		buf_reset(&parts);
		vt_init(&a, false);
		vt_feed(&a, buf_slice(&whole), &parts);
		if (!slice_eq(buf_slice(&whole), buf_slice(&parts)))
			fail_msg("round %d: filtered again, it is another", round);
	}
	buf_free(&whole);
	buf_free(&parts);
	buf_free(&ends[0]);
	buf_free(&ends[1]);
}

static void speed(void **state)
{
	static const struct {
		const char *name;
		const char *text;
	} kinds[] = {
	        {"plain text", "The quick brown fox jumps over the lazy dog, and then it writes a program in C.\r\n"},
	        {"UTF-8", "\xe2\x94\x82 Gr\xc3\xbc\xc3\x9f"
	                  "e \xe2\x94\x82 \xe2\x9c\x93 fertig \xe2\x94\x82\r\n"},
	        {"colours", "\033[38;5;196mfoo\033[0m(\033[1;34mbar\033[39;22m)\033[K\r\n"},
	        {"full screen", "\033[12;40H\033[48;2;30;30;46m\033[38;2;205;214;244m x \033[0m\033[1C"},
	};
	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct buf in = BUF(1u << 20), out = BUF(8u << 20);
		struct timespec a, b;
		while (in.n + 200 < 65536)
			buf_str_add(&in, kinds[k].text);
		vt_init(&vt, false);
		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
		for (int i = 0; i < 100; i++) {
			buf_reset(&out);
			vt_feed(&vt, buf_slice(&in), &out);
		}
		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
		assert_true(slice_eq(buf_slice(&in), buf_slice(&out)));
		double s = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9, speed_now = (double)in.n * 100 / s / 1e6;
		print_message("%s: %.0f MB/s\n", kinds[k].name, speed_now);
#if !defined(__SANITIZE_ADDRESS__)
		assert_true(speed_now > 2); /* far below what any machine does, far above what would be noticed */
#endif
		buf_free(&in);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(table),
	        cmocka_unit_test(nothing_else),
	        cmocka_unit_test(attacks),
	        cmocka_unit_test(programs),
	        cmocka_unit_test(undone),
	        cmocka_unit_test(bounded),
	        cmocka_unit_test(any_cut),
	        cmocka_unit_test(speed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
