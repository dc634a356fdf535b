/* postern log show, prove, check-proof, rebuild: the commands that read. */
#include "cmd/log.h"
