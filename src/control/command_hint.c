/* See command_hint_priv.h. Control thread; asked by call.c for lines that it has to refuse. */
#include "control/command_hint_priv.h"

#include <stddef.h>
#include <string.h>

#define GATES                                                                                      \
    "\"plan switch NAME --to SLOT\" tells every gate and changes nothing; \"db check NAME\" "      \
    "tells those "                                                                                 \
    "of the databases"
#define ON_SLOT                                                                                    \
    "\"target add NAME/SLOT HOST:PORT\" for each app, then \"wait healthy NAME/SLOT\" bring a "    \
    "release "                                                                                     \
    "onto the standby slot; \"rollout start NAME\" or \"switch NAME\" give it the users"

static const struct {
    const char *first;
    const char *further; /* a word somewhere behind it; NULL: any or none */
    const char *sentence;
} hints[] = {
    { "show", "gates", GATES },
    { "show", "events",
      "events come as a stream: \"switchctl watch\" on a terminal, GET /v1/events over HTTP; "
      "\"show "
      "alerts\" and \"show history\" have those of the past" },
    { "validate", NULL, GATES },
    { "deploy", NULL, ON_SLOT },
    { "prepare", NULL, ON_SLOT },
    { "rollback", "--status",
      "\"plan rollback NAME\" tells where it would go and what stands in the way, and changes "
      "nothing" },
    { "undo", NULL, "\"rollback NAME\" goes back to the slot before the last switch" },
    { "abort", NULL,
      "\"rollout abort NAME\" or \"canary abort NAME\" end what is under way; \"rollback NAME\" "
      "goes "
      "back after it" },
};

const char *command_hint(char *const *words, unsigned count)
{
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        unsigned at = 1;

        if (count == 0 || strcmp(words[0], hints[i].first) != 0)
            continue;
        if (hints[i].further == NULL)
            return hints[i].sentence;
        while (at < count && strcmp(words[at], hints[i].further) != 0)
            at++;
        if (at < count)
            return hints[i].sentence;
    }
    return NULL;
}
