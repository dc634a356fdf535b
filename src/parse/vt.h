/* vt: what a contained program may write to a person's terminal. A filter between the two, for ECMA-48, DEC and xterm's control sequences
 * (ctlseqs) and what kitty, iTerm2, ConEmu, Konsole, screen, tmux and the Linux console add. Pure, and of bounded size.
 *
 * It is an allow-list (vt_table.h: a line and a reason each). A sequence is collected whole, judged, and written anew in its plainest form:
 * nothing that was not understood comes out, so it does not matter how a terminal would have read it. What comes out is UTF-8, printable
 * or one of seven control bytes, and complete sequences from the table; filtering it once more changes nothing. How the input is cut into
 * pieces changes nothing either.
 *
 * What is kept back, in short: writing and reading the clipboard, everything that makes a terminal type bytes that the program chose
 * (titles, settings, capabilities, the screen's contents), device control strings with images and macros, passing through of tmux and
 * screen, the shell's marks, notifications, printing, files, colours and fonts that stay behind, window sizes, 8-bit controls, and text
 * that is there but not seen. */
#ifndef POSTERN_PARSE_VT_H
#define POSTERN_PARSE_VT_H

#include "base/buf.h"

enum {
	VT_SEQUENCE = 2400, /* bytes of a sequence; longer ones are left out */
	VT_PARAMS = 48,     /* numbers in one */
	VT_TITLE = 256,     /* bytes of a title; longer ones are cut */
	VT_KEYS = 8,        /* how deep the stack of keyboard modes may be */
	/* vt_feed() appends at most VT_GROW times the bytes of its input, and VT_MORE. */
	VT_GROW = 8,
	VT_MORE = 4096,
};

enum vt_state { VT_GROUND, VT_ESCAPE, VT_CONTROL, VT_STRING, VT_STRING_ESCAPE };

/* What a program has left a terminal in; the undoing of it. */
struct vt_left {
	uint64_t modes[2];         /* bit: row of the table of private modes that is not as usual */
	uint16_t screen;           /* 0, or the mode by which the alternate screen was entered */
	uint16_t keys[2][VT_KEYS]; /* kitty's keyboard flags, of the ordinary and the alternate screen */
	uint8_t depth[2];          /* how many of them */
	uint8_t other_keys;        /* modifyOtherKeys */
	uint8_t titles;            /* how often the title was put on the stack */
	uint16_t top, bottom;      /* scroll region; 0: none */
	uint8_t set[2];            /* character set of G0 and G1: 'B' or '0' */
	bool shifted;              /* G1 is in use */
	bool insert;               /* mode 4 */
	bool keypad, cursor, colour, link, progress;
	uint8_t cursor_style;
};

/* All of the state. Nothing to free. */
struct vt {
	enum vt_state state;
	uint8_t introducer;      /* of the string that is being read */
	bool over;               /* the sequence is too long */
	bool ascii;              /* the terminal does not speak UTF-8: what is not ASCII becomes '?' */
	uint8_t utf8[4], utf8_n; /* the beginning of a character */
	uint16_t n;              /* of seq */
	uint8_t seq[VT_SEQUENCE];
	uint16_t first[16]; /* row at which a kind of the table begins */
	struct vt_left left;
	/* Budgets. Each question that makes the terminal answer, and each bell, takes one; at zero they are left out. vt_init() gives
	 * plenty; who knows the time sets them. */
	uint32_t questions, bells;
	/* Counted, for whoever wants to tell. */
	uint64_t asked;   /* questions that were passed on */
	uint64_t removed; /* sequences, control bytes and characters that were not */
};

/* ascii: as above. */
void vt_init(struct vt *v, bool ascii);
/* Appends to out what of `in` a terminal may see. An error of out (its maximum, memory) is out's, and loses bytes. */
void vt_feed(struct vt *v, struct slice in, struct buf *out);
/* Appends what puts the terminal back: modes, screens, colours, keyboard, title. For the time in which others use it (vt_return() puts back
 * what the program wants; its text it must draw again), */
void vt_leave(const struct vt *v, struct buf *out);
void vt_return(const struct vt *v, struct buf *out);
/* and for the end, when a sequence or character that was cut off is given up too. */
void vt_end(struct vt *v, struct buf *out);

/* The table, for tests and for what is told about it. */
enum vt_kind {             /* in the order of the table */
	VT_KIND_BYTE,      /* control byte */
	VT_KIND_CHARACTER, /* first code point of a range that is not text */
	VT_KIND_ESC,       /* intermediate << 8 | final */
	VT_KIND_CSI,       /* prefix << 16 | intermediate << 8 | final */
	VT_KIND_ERASE,     /* CSI … J */
	VT_KIND_COLOUR,    /* CSI … m; first of a range */
	VT_KIND_REPORT,    /* CSI … n; with 0x10000: CSI ? … n */
	VT_KIND_WINDOW,    /* CSI … t */
	VT_KIND_MODE,      /* CSI … h and l */
	VT_KIND_PRIVATE,   /* CSI ? … h and l */
	VT_KIND_OSC,       /* number, or 0x10000 | letter */
	VT_KIND_STRING,    /* the byte that follows ESC; with bytes of the string above it: see `name` */
};

enum vt_verdict {
	VT_DROP,
	VT_PASS,
	VT_ASK, /* passed, and the terminal answers: it takes one of the budget of questions */
	/* By a function of its own: */
	VT_BELL,
	VT_SHIFT,
	VT_CHARSET,
	VT_RESET,
	VT_KEYPAD,
	VT_BY_NUMBER, /* a table of numbers decides: modes, window, reports, erase, colours */
	VT_REGION,
	VT_REPEAT,
	VT_CURSOR_STYLE,
	VT_KEYS_PUSH,
	VT_KEYS_POP,
	VT_KEYS_SET,
	VT_OTHER_KEYS,
	VT_TITLES,
	VT_TITLE_SET,
	VT_LINK,
	VT_PROGRESS,
	VT_COLOUR_ASK,
};

struct vt_rule {
	enum vt_kind kind;
	uint32_t key;
	uint32_t last; /* of a range; 0: key alone */
	enum vt_verdict verdict;
	uint8_t usual;  /* of a private mode that passes: 'h' or 'l', how it is when nobody has touched it */
	uint8_t params; /* how many numbers at most; 0: any */
	const char *name;
	const char *why;
};

/* All rows, *n of them. What has no row is left out. */
const struct vt_rule *vt_rules(size_t *n);

#endif
