/* pickle: what a pickle does when it is loaded, without loading it (Python's pickletools, protocols 0 to 5, all 68 opcodes): a symbolic
 * stack machine with memo. It tells of imports, calls and what else reaches beyond plain data; judging them is the caller's. Where
 * loaders differ it goes on with what the laxest would do, and says so. Pure: memory comes from the limits, slices are borrowed from the
 * input or from the arena. */
#ifndef POSTERN_PARSE_PICKLE_H
#define POSTERN_PARSE_PICKLE_H

#include "base/arena.h"
#include "base/buf.h"

enum pickle_kind {
	PICKLE_UNKNOWN, /* lost: a memo that was never written, a buffer from outside */
	PICKLE_NONE,
	PICKLE_BOOL,
	PICKLE_INT,
	PICKLE_FLOAT,
	PICKLE_TEXT,
	PICKLE_BYTES,
	PICKLE_TUPLE,
	PICKLE_LIST,
	PICKLE_DICT,
	PICKLE_SET,
	PICKLE_GLOBAL,     /* what an import gave */
	PICKLE_OBJECT,     /* what a call gave */
	PICKLE_PERSISTENT, /* what the loader's persistent_load() gives */
};

#define PICKLE_ITEMS 16u /* of a tuple or a small dictionary that are kept */

struct pickle_global;
struct pickle_object;
struct pickle_items;
struct pickle_value {
	enum pickle_kind kind;
	uint32_t n; /* TUPLE: elements, more than `items` keeps perhaps */
	union {
		int64_t number;                     /* BOOL, INT (0 if it does not fit) */
		struct slice text;                  /* TEXT (escapes resolved), BYTES */
		const struct pickle_global *global; /* GLOBAL */
		const struct pickle_object *object; /* OBJECT */
		struct pickle_items *items; /* TUPLE; DICT: key, value, key, value; PERSISTENT: its id alone. May be NULL: not kept */
	};
};
struct pickle_global {
	struct slice module, name; /* empty where it is computed */
	bool computed;             /* an operand is no literal text, so that nobody can say what is imported */
};
struct pickle_object {
	struct pickle_value callee, args;
};
struct pickle_items {
	uint32_t n;
	struct pickle_value at[];
};

enum pickle_what {
	PICKLE_IMPORT,    /* `value` is the GLOBAL */
	PICKLE_CALL,      /* `value` is called with `other`, a TUPLE where that is known */
	PICKLE_BUILD,     /* the state of `value` is set to `other` */
	PICKLE_EXTENSION, /* a number of copyreg's registry, in `value` */
	PICKLE_CHANGE,    /* items are put into `value`, which is neither a container nor what a call gave */
	PICKLE_LITERAL,   /* `value`, a TEXT or BYTES of at least PICKLE_LITERAL_MIN bytes */
	PICKLE_ODD,       /* `reason`: loaders differ here */
};
#define PICKLE_LITERAL_MIN 8u

struct pickle_event {
	enum pickle_what what;
	uint8_t opcode;
	size_t at, n; /* of the opcode with its operands */
	const struct pickle_value *value, *other;
	const char *reason; /* static */
	size_t skip;        /* to be set by the callback: so many bytes behind this opcode are read by the object itself */
};

struct pickle_limits {
	size_t opcodes;      /* at most so many */
	size_t stack, memo;  /* bytes of each */
	struct arena *arena; /* for what events borrow; when it is full containers are no longer kept, and an import is the end */
};

enum pickle_end {
	PICKLE_STOP,  /* the loader gives a value */
	PICKLE_BAD,   /* it fails at `used`, after all that was told */
	PICKLE_CUT,   /* the input ends first */
	PICKLE_LIMIT, /* a limit was reached: what follows is not known */
};

struct pickle_result {
	enum pickle_end end;
	const char *reason; /* static; of BAD, CUT, LIMIT */
	size_t used;        /* bytes that were understood */
	size_t opcodes, imports, calls;
	unsigned protocol;
};

/* Reads one pickle from the front of `in`. `fn` may be NULL. */
void pickle_read(struct slice in, const struct pickle_limits *limits, void (*fn)(void *arg, struct pickle_event *e), void *arg,
        struct pickle_result *out);
/* The name of an opcode, "GLOBAL"; NULL: it is none. */
const char *pickle_opcode_name(uint8_t opcode);

#endif
