/* dialogue: what of a request and its streamed reply is model traffic, for the ledger: which model, how many messages, which tools the
 * model asked to be called, and what the program handed back. In the dialects of Anthropic (Messages), OpenAI (Chat Completions, Responses)
 * and Google (generateContent). Only looks: bytes pass as they are, and what is not understood is not there. Texts themselves stay out;
 * their digests and sizes are taken.
 *
 * Facts are lines, parts separated by tabs: "dialect NAME", "model NAME", "messages N", "tools N" (offered), "result BYTES SHA256" (of a
 * tool that was called), "call NAME BYTES SHA256" (arguments), "text BYTES" (of the reply), "tokens IN OUT". */
#ifndef POSTERN_GATE_DIALOGUE_H
#define POSTERN_GATE_DIALOGUE_H

#include "base/buf.h"

struct json;
struct dialogue;

/* The facts of a request's body, appended to `facts`. False: it is no model traffic, and nothing is appended. */
bool dialogue_request(struct slice target, struct slice body, struct buf *facts);

/* The reply: its bytes as they come (events, or one JSON document). NULL: out of memory. */
struct dialogue *dialogue_new(bool events);
void dialogue_feed(struct dialogue *d, struct slice in);
/* One message of a WebSocket. */
void dialogue_message(struct dialogue *d, struct slice json);
/* What it said, appended; to be called at its end. */
void dialogue_end(struct dialogue *d, struct buf *facts);
void dialogue_free(struct dialogue *d);

#endif
