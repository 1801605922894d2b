/* See base/pattern.h. Compiled where it is used: that is seldom. */
#include "base/pattern.h"

#include <limits.h>
#include <regex.h>
#include <string.h>

#include "base/err.h"

enum { FLAGS = REG_EXTENDED };

/* Why what would cost too much is not understood; NULL: there is nothing of it. */
static const char *find_dear(const char *pattern)
{
    bool is_set = false; /* between brackets everything is itself */

    for (size_t i = 0; pattern[i] != '\0'; i++) {
        char c = pattern[i];

        if (is_set) {
            is_set = c != ']';
        } else if (c == '\\' && pattern[i + 1] != '\0') {
            i++;
            if (pattern[i] >= '0' && pattern[i] <= '9')
                return "a reference back, such as \\1, is not understood";
        } else if (c == '{') {
            return "a counted repetition is not understood: use *, + or ?, or \\{ for the brace";
        } else if (c == '[') {
            is_set = true;
            i += pattern[i + 1] == '^';
            i += pattern[i + 1] == ']'; /* the first one is itself */
        }
    }
    return NULL;
}

int pattern_check(const char *pattern, const char **why)
{
    regex_t regex;

    if (strlen(pattern) > PATTERN_BYTES_MAX) {
        *why = "it is longer than 256 bytes";
        return ERR_RANGE;
    }
    *why = pattern[0] == '\0' ? "it is empty" : find_dear(pattern);
    if (*why != NULL)
        return ERR_INVALID;
    if (regcomp(&regex, pattern, FLAGS | REG_NOSUB) != 0) {
        *why = "it is no regular expression (POSIX, extended)";
        return ERR_INVALID;
    }
    regfree(&regex);
    return 0;
}

bool pattern_finds(const char *pattern, struct slice text)
{
    regmatch_t match = { .rm_so = 0, .rm_eo = (regoff_t)text.len };
    regex_t regex;
    bool is_found = false;

    if (text.len > INT_MAX || regcomp(&regex, pattern, FLAGS) != 0)
        return false;
    is_found = regexec(&regex, text.ptr != NULL ? text.ptr : "", 1, &match, REG_STARTEND) == 0;
    regfree(&regex);
    return is_found;
}
