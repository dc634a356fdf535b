/* scan_code: what the parts of the detector of programs share: one program as tokens, its names, and what is known of their values.
 * scan_code.c reads files, scan_code_name.c knows names, scan_code_value.c follows values, scan_code_use.c judges what is done with
 * them, scan_code_file.c the files that are made of them, scan_code_sign.c what shows in a whole file, scan_code_notebook.c what
 * notebooks hold. Pure, and within one arena. */
#ifndef POSTERN_INSPECT_SCAN_CODE_H
#define POSTERN_INSPECT_SCAN_CODE_H

#include "inspect/scan_part.h"
#include "parse/tokens.h"

/* What a value is; bits. */
#define CODE_DECODED  1u
#define CODE_FETCHED  2u
#define CODE_SECRET   4u     /* from a file of keys, or a variable with one */
#define CODE_ALL      8u     /* variables of the process */
#define CODE_GIVEN    16u    /* to the function it is in */
#define CODE_HOST     32u    /* says which host, or whose, it is */
#define CODE_SPIED    64u    /* from the screen, the keyboard or the clipboard */
#define CODE_SOCKET   128u   /* a connection */
#define CODE_COMPUTED 256u   /* a text that is put together from numbers of characters */
#define CODE_STARTUP  512u   /* a file that is run when somebody logs in */
#define CODE_NAMED    1024u  /* a variable of the process that is called a secret */
#define CODE_READ     2048u  /* content of a file */
#define CODE_IMAGE    4096u  /* a file that is called a picture */
#define CODE_INPUT    8192u  /* from whoever sends a request */
#define CODE_QUERY    16384u /* a query with what is given put into it */
#define CODE_PIECED   32768u /* a text that is put together from members of a list, letter by letter */

enum code_kind {
	DECODES,
	FETCHES,
	EVALUATES,
	STARTS,
	SENDS,
	GATHERS,
	KNOWS,
	SPIES,
	CONNECTS,
	READS,
	WRITES,
	MARKS,
	COMPUTES,
	SERIALISES,
	COPIES,
	INJECTS,
	SETS_CLIPBOARD,
	LISTENS,
	LOOKS_UP,
	CODE_KINDS
};

enum code_did {
	DID_READ_CLIPBOARD = 1,
	DID_SET_CLIPBOARD = 2,
	DID_NAME_WALLETS = 4,
	DID_LISTEN_KEYS = 8,
	DID_SEND = 16,
	DID_WRITE_MANIFEST = 32,
	DID_RENAME = 64,
	DID_PUBLISH = 128,
	DID_WRITE_MEMORY = 256,
	DID_START_THREAD = 512,
	DID_ROTATE = 1024,
	DID_LOOP_ODDLY = 2048,
	DID_JOIN_GIVEN = 4096,
	DID_CHECK_PATH = 8192,
	DID_COPY_ITSELF = 16384,
};

struct code_name {
	struct slice text;
	uint32_t next;         /* of the same hash */
	uint32_t first, last;  /* the names that are its first part, and its last */
	uint32_t own;          /* bits of enum code_kind: what the table says of it */
	uint32_t kinds;        /* the same of it with aliases resolved, and of its ends */
	uint32_t known, epoch; /* when `kinds` was found; how often its alias changed, as the first part of others */
	bool reads;            /* it has "read" in it */
	struct slice means;    /* of an alias */
	struct slice literal;  /* of a variable: the one text it was set to */
	unsigned value, gives; /* of a variable; of a function: what it gives back */
	bool variable, function, local;
	uint8_t defined;       /* functions that are called so, up to 2 */
	bool sends, evaluates; /* of a function: what it is given */
	struct slice path;     /* of a variable: the key of the file that it is, when it is open */
};

struct code {
	struct scan *s;
	const struct scan_input *in;
	struct arena *arena;
	const struct token *t;
	uint32_t *name;  /* of each token that is one: its number; of a text, what is known of it */
	uint32_t *close; /* of each bracket: where its other one is; else 0 */
	size_t n;
	const char *language;
	bool python, javascript, ruby, php;
	bool compiled; /* C, C++, C#, Java, Rust and the like: of those only what is named in full is known */
	bool minified; /* its names are a letter or two, and mean another thing in each function: they are not followed */
	bool bundle;   /* of many programs: what is called the same is not the same */
	bool skill;    /* a script that an AI tool runs for whoever asks */
	bool telling;  /* the second time */
	struct code_name *names;
	uint32_t n_names, cap_names, *bucket, buckets;
	uint32_t function; /* the one that is read now; 0: none */
	struct {
		uint32_t function;
		size_t end; /* the brace that ends it; in Python, how far in its line begins */
	} open[32];         /* functions that it is in */
	unsigned opened;
	uint32_t *local, locals; /* names that were set in the function that is read now */
	bool at_load;            /* the statement that is read now runs when the file is loaded */
	uint64_t steps;          /* that may still be taken */
	bool limited;
	/* Of the whole file. */
	size_t dup2, connects, spawns_shell, pipes; /* one more than the token where that was last; 0: nowhere */
	bool checks;                                /* digests or signatures of something */
	unsigned secrets;                           /* kinds of files of keys that it names, a bit each */
	bool reads_secret;                          /* one of them at least */
	unsigned asks;                              /* commands that say which host it is on, a bit each */
	unsigned texts;                             /* long texts that are encoded */
	unsigned did;                               /* what it does somewhere, bits of enum code_did */
	unsigned told;                              /* rules that are told once, a bit each */
	enum scan_rule_name inner;                  /* of a program in a text: what was found in it; SCAN_RULES: nothing, or it is none */
	bool is_inner;
	struct code_made {
		struct slice key; /* of its path */
		bool text;        /* the key is a text, not a variable */
		bool fetched;     /* what was written into it */
	} made[32];               /* files that it writes */
	size_t n_made;
};

/* scan_code_name.c */
/* Numbers all names and pairs all brackets. False: there are more than is followed. */
bool code_names(struct code *c);
/* The name of token `i`, which must be one. */
static inline struct code_name *code_name(const struct code *c, size_t i)
{
	return &c->names[c->name[i]];
}
/* A name that means another thing in each function: who makes a program short gives such. A longer one was given by a person, also where
 * the rest of the file was made to look like that. */
#define CODE_SHORT 3
static inline bool code_is_short(const struct code *c, size_t i)
{
	return c->minified && c->names[code_name(c, i)->first].text.n <= CODE_SHORT;
}
/* What is known of a name; NULL: nothing. */
struct code_name *code_find(struct code *c, struct slice text);
/* Bits: 1u << enum code_kind. */
uint32_t code_kinds(struct code *c, size_t i);
static inline bool code_is(struct code *c, size_t i, enum code_kind k)
{
	return code_kinds(c, i) >> k & 1;
}
/* The name of token `i` with what an import calls its first part; in `to` if they are not the same. */
struct slice code_full(const struct code *c, size_t i, char *to, size_t size);
/* Makes it an alias. */
void code_alias(struct code *c, size_t i, struct slice means);

static inline bool code_sign(const struct code *c, size_t i, uint8_t sign)
{
	return i < c->n && c->t[i].kind == TOKEN_SIGN && c->t[i].sign == sign;
}
static inline bool code_word(const struct code *c, size_t i, const char *word)
{
	return i < c->n && c->t[i].kind == TOKEN_NAME && slice_is(c->t[i].text, word);
}
static inline bool code_text(const struct code *c, size_t i)
{
	return i < c->n && c->t[i].kind == TOKEN_TEXT;
}
/* Behind the bracket that closes the one at `i`. */
static inline size_t code_behind(const struct code *c, size_t i)
{
	return c->close[i] ? (size_t)c->close[i] + 1 : i + 1;
}
struct slice code_last_part(struct slice name);
/* Takes steps; false, and a finding once, if there are none left. */
bool code_steps(struct code *c, size_t n);
void code_tell(struct code *c, enum scan_rule_name rule, size_t from, size_t to);
/* The same, of each rule once a file. */
void code_tell_once(struct code *c, unsigned which, enum scan_rule_name rule, size_t from, size_t to);

/* scan_code_value.c */
unsigned code_value(struct code *c, size_t from, size_t to);
/* Of what variables are put into a text: f"{a}", `${a}`, "#{a}". */
unsigned code_value_text(struct code *c, size_t i);
/* The text that token `i` is or stands for; p NULL: none. */
struct slice code_literal(const struct code *c, size_t i);
/* How far in the line begins that token `i` is the first of; SIZE_MAX: it is not. */
size_t code_margin(const struct code *c, size_t i);
/* The function that token `i` calls; NULL: none that is known. */
struct code_name *code_function(const struct code *c, size_t i);
/* Which files of keys is it? 0: none; else a bit of its kind, of which the last is not that of a file. */
#define CODE_SECRET_VARIABLES 0x8000u
unsigned code_secret_file(struct slice path);
/* Of a variable, token `i`; `also`: beside what it was. */
void code_set(struct code *c, size_t i, unsigned v, bool also);
/* Reads all of it once: learns, or tells. */
void code_statements(struct code *c);

/* scan_code_use.c */
/* A call, whose name is token `i`. */
void code_call(struct code *c, size_t i);
/* Any name: what is said without a call, a["…"](…). */
void code_mention(struct code *c, size_t i);

/* A name, token `i`, is set to what [i + 1, to) begins: is it a function that others send by, which then sends elsewhere as well? */
void code_replaces(struct code *c, size_t i, size_t to);

/* scan_code_file.c */
/* By what a path is known again: a text in it, or the variable that it is. Looked for in [from, to), up to a comma; p NULL: none. */
struct slice code_path_key(const struct code *c, size_t from, size_t to);
/* A call that writes a file, makes it a program, or starts it; `v` is the value of its arguments. */
void code_files(struct code *c, size_t i, size_t end, uint32_t kinds, bool starts, unsigned v);

/* A function ends: its variables are no paths any more. */
void code_files_end(struct code *c);

/* scan_code_sign.c */
void code_signs(struct code *c);
/* Of any name, and of any text. */
void code_sign_name(struct code *c, size_t i);
void code_sign_text(struct code *c, size_t i);

/* scan_code_day.c: harm that waits for a date. */
void code_days(struct code *c);

/* scan_code_skill.c: faults that matter in a script that an AI tool runs with what somebody gives it. */
void code_skill_call(struct code *c, size_t i, size_t end, unsigned v);
void code_skill_loop(struct code *c, size_t i);
/* CODE_QUERY, if [from, to) is one. */
unsigned code_skill_value(struct code *c, size_t from, size_t to);

/* scan_code_notebook.c: false: it is none. */
bool code_notebook(struct scan *s, const struct scan_input *in);

/* scan_code_cmake.c: goes by the name of a file; what its commands run. */
bool code_is_cmake(const char *name);
void code_cmake(struct code *c);

/* scan_code_gradle.c: by the name of a file; of a program whose names are numbered. */
bool code_is_gradle(const char *name);
void code_gradle(struct code *c);

/* scan_code_power.c: PowerShell, and scripts of cmd.exe, by the name of a file. */
bool code_is_power(const char *name);
bool code_is_batch(const char *name);
void code_power(struct code *c);
void code_batch(struct code *c);

/* scan_code_autoconf.c: m4, configure and its sources; rules of make. Both by the name of a file, and what is told of either. */
bool code_is_autoconf(const char *name);
bool code_is_make(const char *name);
void code_autoconf(struct code *c, bool make);

/* scan_code.c: a build that is larger is unscanned. */
#define CODE_BUILD_MAX ((size_t)16 << 20)
/* Judges a command that runs without being asked for, which stands at [at, at + n). */
void code_unasked(struct code *c, struct slice command, size_t at, size_t n);
/* A text without its escapes; of the arena, empty if it is full. */
struct slice code_unescape(struct arena *arena, struct slice text);
/* Is the text a program that does harm? SCAN_RULES: no. */
enum scan_rule_name code_inner(struct code *c, struct slice text);

#endif
