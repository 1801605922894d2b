/*
 * See privacy.h. The soft limit becomes one byte and not none: with none a program that the kernel's core_pattern names
 * would still be given the core (core(5)). The process stays dumpable in the sense of prctl(2), so that its user may look
 * at it in /proc and trace it.
 */
#include "app/privacy.h"

#include <sys/resource.h>

#include "base/log.h"
#include "config/config.h"

void privacy_apply(const struct config *config)
{
    struct rlimit limit = { 0, 0 };

    if (config->core_dumps || getrlimit(RLIMIT_CORE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max < 1 ? limit.rlim_max : 1;
    if (setrlimit(RLIMIT_CORE, &limit) != 0)
        LOG_WARN("core-limit", "words=\"core files cannot be ruled out\"");
}
