/* script: the scripted model. It asks, with whatever tools the client offers, to read a file, to run a command and to write a file,
 * then ends. The conversation is stateless HTTP, so the step follows from the request alone: the number of tool results in it.
 * Pure. Requests are hostile: whatever they hold, there is a turn. */
#ifndef POSTERN_WORLD_SCRIPT_H
#define POSTERN_WORLD_SCRIPT_H

#include "base/buf.h"

enum script_dialect { SCRIPT_ANTHROPIC, SCRIPT_CHAT, SCRIPT_RESPONSES, SCRIPT_GEMINI, SCRIPT_OLLAMA };

/* Requests with more tool results than this get a text, so that no client loops. */
#define SCRIPT_TURNS_MAX 6
/* Tokens that a first request is said to have. Never counted from the request: clients report these numbers in their telemetry, and
 * the length of one message would seem to be known in another. */
#define SCRIPT_TOKENS 1200

struct script {
	struct slice seed;    /* ids are derived from it */
	struct slice project; /* absolute path of the working folder, without a slash at its end */
	/* Where a request holds the mark, and not yet the command, the model asks for the command. Empty: it never does. */
	struct slice obey_mark;
	const char *obey_command;
};

enum script_act {
	SCRIPT_SAY,         /* content: plain text */
	SCRIPT_CALL,        /* content: arguments, a JSON object */
	SCRIPT_CALL_CUSTOM, /* content: free-form input of a custom tool, plain text (Responses only) */
	SCRIPT_LOCAL_SHELL, /* content: a JSON array, the command (Responses only) */
};

struct script_turn {
	enum script_act act;
	struct slice model;          /* JSON text between the quotes; borrowed from the request, or static */
	struct slice tool;           /* likewise: the tool's name; calls only */
	struct slice tool_namespace; /* likewise; n is 0 if the tool is in none */
	bool stream;                 /* the client asked for a stream */
	bool usage;                  /* the client asked for usage in the stream (Chat Completions) */
	bool own_tools;              /* the request itself offered tools */
	bool empty;                  /* for the dialect: print no output at all */
	unsigned step;               /* tool results seen, at most SCRIPT_TURNS_MAX */
	uint64_t tokens_in, tokens_out;
	char id[33]; /* 32 hex digits: the same for the same step of every trial with the same seed */
	struct buf content;
};

/* What a client over WebSocket does not say again: it sends only what is new. */
struct script_earlier {
	unsigned step;      /* of the answer that it goes on from */
	struct slice tools; /* an earlier request of the conversation, which had the tools; may be empty */
};

/* The next turn for a request in this dialect. `earlier` may be NULL. The caller frees turn->content. */
void script_next(
        const struct script *s, enum script_dialect d, struct slice body, const struct script_earlier *earlier, struct script_turn *turn);
/* 32 hex digits with their NUL, derived from the seed and a label. */
void script_id(const struct script *s, const char *label, struct slice detail, char out[33]);
#endif
