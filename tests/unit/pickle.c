/* The symbolic machine of pickles: every opcode, and what loaders and scanners have been deceived with. Pickles are written out here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "parse/pickle.h"

/* What it told, a word an event: "import os.system", "call os.system", … */
struct log {
	char text[2048];
};

static void name_of(const struct pickle_value *v, char out[256])
{
	if (v->kind == PICKLE_GLOBAL && v->global->computed)
		(void)snprintf(out, 256, "computed");
	else if (v->kind == PICKLE_GLOBAL)
		(void)snprintf(out, 256, "%.*s.%.*s", SLICE_FMT(v->global->module), SLICE_FMT(v->global->name));
	else
		(void)snprintf(out, 256, "kind%d", (int)v->kind);
}

static void on_event(void *arg, struct pickle_event *e)
{
	static const char *const words[] = {"import", "call", "build", "extension", "change", "literal", "odd"};
	struct log *l = arg;
	char name[256] = "";
	size_t n = strlen(l->text);
	if (e->what == PICKLE_LITERAL)
		return;
	if (e->value)
		name_of(e->value, name);
	(void)snprintf(
	        l->text + n, sizeof(l->text) - n, "%s%s %s", n ? "; " : "", words[e->what], e->what == PICKLE_ODD ? e->reason : name);
}

static struct pickle_result read_all(struct slice in, struct log *l)
{
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	const struct pickle_limits limits = {.opcodes = 100000, .stack = 1 << 20, .memo = 1 << 20, .arena = &a};
	struct pickle_result r;
	memset(l, 0, sizeof(*l));
	pickle_read(in, &limits, on_event, l, &r);
	return r;
}

struct row {
	struct slice in;
	enum pickle_end end;
	const char *told;
};
#define ROW(bytes, how, text)                \
	{                                    \
		SLICE_INIT(bytes), how, text \
	}

static const struct row rows[] = {
        /* The plain way, in all protocols. */
        ROW("cos\nsystem\n(S'id'\ntR.", PICKLE_STOP, "import os.system; call os.system"),
        ROW("\x80\x02"
            "cos\nsystem\nq\0X\2\0\0\0idq\1\x85q\2R.",
                PICKLE_STOP, "import os.system; call os.system"),
        ROW("\x80\x04\x95\x1b\0\0\0\0\0\0\0\x8c\5posix\x94\x8c\6system\x94\x93\x94\x8c\2id\x94\x85\x94R\x94.", PICKLE_STOP,
                "import posix.system; call posix.system"),
        ROW("(S'id'\nios\nsystem\n.", PICKLE_STOP, "import os.system; call os.system"),
        ROW("(cos\nsystem\nS'id'\no.", PICKLE_STOP, "import os.system; call os.system"),
        ROW("cos\nsystem\n)\x81.", PICKLE_STOP, "import os.system; call os.system"),
        ROW("cos\nsystem\n)}\x92.", PICKLE_STOP, "import os.system; call os.system"),
        /* Executes, then breaks. */
        ROW("cos\nsystem\n(S'id'\ntR\xff", PICKLE_BAD, "import os.system; call os.system"),
        ROW("cos\nsystem\n(S'id'\ntR", PICKLE_CUT, "import os.system; call os.system"),
        ROW("cos\nsystem\n(S'id'\ntR00", PICKLE_BAD, "import os.system; call os.system"),
        /* A call whose result is thrown away. */
        ROW("(cos\nsystem\nS'id'\no0N.", PICKLE_STOP, "import os.system; call os.system"),
        ROW("(cos\nsystem\nS'id'\no1", PICKLE_BAD, "import os.system; call os.system"),
        /* Names from the memo, from escapes, of odd types, computed. */
        ROW("S'os'\np0\n0S'system'\np1\n0g0\ng1\n\x93.", PICKLE_STOP, "import os.system"),
        ROW("V\\u006fs\nS'\\x73ystem'\n\x93.", PICKLE_STOP, "import os.system"),
        ROW("K\1S'system'\n\x93.", PICKLE_STOP, "import computed"),
        ROW("cbuiltins\nstr\nS'os'\n\x85RS'system'\n\x93.", PICKLE_STOP, "import builtins.str; call builtins.str; import computed"),
        ROW("h\7h\10\x93.", PICKLE_STOP, "import computed"),
        /* MEMOIZE counts, whatever was put before. */
        ROW("Nq\7"
            "0S'os'\n\x94"
            "0S'system'\n\x94"
            "0h\1h\2\x93.",
                PICKLE_STOP, "import os.system"),
        /* The result of a call is called. */
        ROW("cfunctools\npartial\n)R)R.", PICKLE_STOP, "import functools.partial; call functools.partial; call kind12"),
        /* EXT, BUILD and items on what was imported. */
        ROW("\x82\1.", PICKLE_STOP, "extension kind3"),
        ROW("\x83\1\1.", PICKLE_STOP, "extension kind3"),
        ROW("\x84\1\1\1\1.", PICKLE_STOP, "extension kind3"),
        ROW("cos\nsystem\n}b.", PICKLE_STOP, "import os.system; build os.system"),
        ROW("csys\nmodules\nS'os'\nNs.", PICKLE_STOP, "import sys.modules; change sys.modules"),
        ROW("csys\npath\nS'/'\na.", PICKLE_STOP, "import sys.path; change sys.path"),
        ROW("csys\nmodules\n(S'os'\nNu.", PICKLE_STOP, "import sys.modules; change sys.modules"),
        /* Frames that loaders differ about. */
        ROW("\x80\x04\x95\3\0\0\0\0\0\0\0\x8c\5posix.", PICKLE_STOP, "odd an opcode goes across the end of a frame"),
        ROW("\x80\x04\x95\x40\0\0\0\0\0\0\0N.", PICKLE_STOP, "odd a frame is longer than what is there"),
        ROW("\x80\x04\x95\x0b\0\0\0\0\0\0\0\x95\2\0\0\0\0\0\0\0N.", PICKLE_STOP, "odd a frame begins inside of a frame"),
        /* What must not be read past. */
        ROW("\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", PICKLE_CUT, ""),
        ROW("\x8d\0\0\0\0\0\0\0\x80.", PICKLE_CUT, ""),
        ROW("B\xff\xff\xff\xff.", PICKLE_CUT, ""),
        ROW("t", PICKLE_BAD, ""),
        ROW("R", PICKLE_BAD, ""),
        ROW("(0.", PICKLE_BAD, ""),
        ROW("(N0).", PICKLE_STOP, ""),
        ROW("", PICKLE_CUT, ""),
        ROW("\x80\x09.", PICKLE_BAD, ""),
        /* Below a mark nothing is taken. */
        ROW("cos\nsystem\n)(R.", PICKLE_BAD, "import os.system"),
        ROW("r\xff\xff\xff\xffN.", PICKLE_BAD, ""),
        ROW("Nr\xff\xff\xff\xff"
            "j\xff\xff\xff\xff.",
                PICKLE_STOP, ""),
};

static void what_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct log l;
		struct pickle_result r = read_all(rows[i].in, &l);
		if (r.end != rows[i].end || strcmp(l.text, rows[i].told) != 0)
			fail_msg("row %zu: end %d (%s), \"%s\" instead of %d, \"%s\"", i, (int)r.end, r.reason ? r.reason : "", l.text,
			        (int)rows[i].end, rows[i].told);
		assert_true(r.used <= rows[i].in.n);
	}
}

/* Every opcode has a name, and no other byte has. Each alone, and cut at each byte of its operands, ends. */
static void all_opcodes(void **state)
{
	unsigned n = 0;
	(void)state;
	for (unsigned op = 0; op < 256; op++) {
		n += pickle_opcode_name((uint8_t)op) != NULL;
		for (size_t cut = 1; cut < 12; cut++) {
			uint8_t *in = calloc(1, cut);
			struct log l;
			in[0] = (uint8_t)op;
			struct pickle_result r = read_all(slice_of(in, cut), &l);
			assert_true(r.used <= cut);
			if (!pickle_opcode_name((uint8_t)op))
				assert_int_equal(r.end, PICKLE_BAD);
			free(in);
		}
	}
	assert_int_equal(n, 68);
}

static void limits_hold(void **state)
{
	struct log l = {0};
	struct pickle_result r;
	_cleanup_buf_ struct buf many = BUF(1 << 20);
	(void)state;
	for (unsigned i = 0; i < 200000; i++)
		buf_u8(&many, 'N');
	const struct {
		struct pickle_limits limits;
	} small[] = {{{.opcodes = 10, .stack = 1 << 20, .memo = 1 << 20}}, {{.opcodes = 1 << 20, .stack = 1000, .memo = 1000}}};
	for (size_t i = 0; i < ARRAY_LEN(small); i++) {
		_cleanup_arena_ struct arena a = ARENA(1000);
		struct pickle_limits limits = small[i].limits;
		limits.arena = &a;
		pickle_read(buf_slice(&many), &limits, on_event, &l, &r);
		assert_int_equal(r.end, PICKLE_LIMIT);
	}
	/* Where memory ends an import is not lost in silence. */
	_cleanup_arena_ struct arena none = ARENA(8);
	const struct pickle_limits limits = {.opcodes = 100, .stack = 1 << 20, .memo = 1 << 20, .arena = &none};
	pickle_read(SLICE("cos\nsystem\n."), &limits, on_event, &l, &r);
	assert_int_equal(r.end, PICKLE_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_told),
	        cmocka_unit_test(all_opcodes),
	        cmocka_unit_test(limits_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
