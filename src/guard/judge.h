/* judge: may this process run this tool? Gathers who it is, what it descends from and whether it is inside a gate, and asks the policy. May
 * take long (names of people may come from a network), so it is for errands. */
#ifndef POSTERN_GUARD_JUDGE_H
#define POSTERN_GUARD_JUDGE_H

#include "guard/known.h"
#include "guard/rules.h"
#include "guard/who.h"
#include "policy/policy.h"

#define JUDGE_LINEAGE_MAX 8u

struct judgement {
	enum policy_tool_verdict verdict;
	bool allow;
	bool gate;                           /* it is inside a gate */
	char where[320];                     /* FILE:LINE of the rule; "" if none */
	char rule[512], why[512];            /* as policy_decision has them */
	char account[64];                    /* of who.uid */
	char program[512];                   /* what runs */
	char command[512];                   /* its arguments */
	char lineage[JUDGE_LINEAGE_MAX][64]; /* tools that it descends from, nearest first */
	size_t n_lineage;
	struct who who;
};

struct judge;
[[nodiscard]] int judge_new(struct judge **out, struct err *err);
void judge_free(struct judge *j);
/* For several threads at once. Never fails: what cannot be found out about a process is unknown to the rules. */
void judge(struct judge *j, const struct rules *rules, const struct known_tool *tool, pid_t pid, struct judgement *out);
/* This process runs that tool from now on: what it starts descends from it. */
void judge_runs(struct judge *j, const struct who *who, const char *tool);

/* Is this process one of this program's own, unaltered and not traced? Those of a gate, which stand between it and the network, are. */
bool judge_is_ours(struct judge *j, pid_t pid);
/* Is it inside a gate? What is trusted for that stands with the function. */
bool judge_is_gated(struct judge *j, const struct who *who);

#endif
