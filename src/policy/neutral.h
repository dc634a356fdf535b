/* neutral: what a tool is shown where a policy wants its identity neutral. The same for everybody, so that it tells nothing; and known to
 * those who look at what a tool sends, so that they do not take it for somebody's. */
#ifndef POSTERN_POLICY_NEUTRAL_H
#define POSTERN_POLICY_NEUTRAL_H

#define NEUTRAL_HOST    "host"
#define NEUTRAL_USER    "user"
#define NEUTRAL_UID     1000
#define NEUTRAL_HOME    "/home/user"
#define NEUTRAL_PROJECT "/home/user/project"
#define NEUTRAL_ZONE    "UTC"
#define NEUTRAL_LOCALE  "C.UTF-8"
#define NEUTRAL_SHELL   "/bin/bash"
#define NEUTRAL_TERM    "xterm-256color"
#define NEUTRAL_KERNEL  "6.1.0-18-amd64"
#define NEUTRAL_CPUS    4

#endif
