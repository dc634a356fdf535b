/* dialect: the four ways in which a model is spoken to (and Ollama's). Each recognises its requests by path and body on any host,
 * because a gateway may have any name, and prints the scripted model's turns. */
#ifndef POSTERN_WORLD_DIALECT_H
#define POSTERN_WORLD_DIALECT_H

#include "wire/exchange.h"
#include "world/script.h"

/* Each: true if the request was one of this dialect, then the reply is filled. `path` is the target without its query. */
bool dialect_anthropic(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out);
bool dialect_openai_chat(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out);
bool dialect_openai_responses(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out);
bool dialect_gemini(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out);

/* Responses over WebSocket: the events that answer one message, each appended as u32be length + JSON. *tools is the last message of
 * the connection that offered tools; it becomes this one, borrowed, if this one does. */
void dialect_openai_responses_ws(const struct script *s, struct slice message, struct slice *tools, struct buf *out);

/* Sets status, content type and name of an answer whose body is appended next. */
void reply_begin(struct exchange_reply *out, int status, const char *type, const char *answer);
#define TYPE_JSON "application/json"
#define TYPE_SSE  "text/event-stream"

#endif
