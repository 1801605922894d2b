/* The end of a process whose own code is wrong: see base/check.h. */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "switchyard: bug: %s:%d: %s\n", file, line, condition);
    abort();
}
