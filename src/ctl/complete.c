/*
 * See complete.h. A usage such as "NAME [--to SLOT] [N%]" says all: its words with dashes are options, the word behind one
 * is its value, the others are the places of the positional words.
 */
#include "ctl/complete.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { PLACES_MAX = 16, WORD_MAX_BYTES = 128, VERB_WORDS = 2 };

struct verb {
    const char *name;
    const char *usage;
    bool is_change;
    bool is_local; /* takes no more options than its usage names */
};

static const struct verb verbs[] = {
#define VERB(name, usage, changes) { name, usage, changes, false },
#define ALIAS(name, means)
#include "ctl/verbs.def"
#undef VERB
#undef ALIAS
    { "watch", "[NAME] [--count N]", false, false },
    { "completion", "bash|zsh", false, true },
    { "db lint",
      "[--baseline FILE] [--verify-with DSN] [--strategy shared|parallel] [--format "
      "human|json|gcc] [--recursive] [--independent] [--advice] [--json] PATH...",
      false, true },
    { "db plan",
      "[--database DATABASE] [--dsn DSN] [--passfile FILE] [--environment E] "
      "[--transaction auto|wrap|none] [--recursive] [--advice] [--json] PATH...",
      false, true },
    { "db apply",
      "--emergency [--database DATABASE] [--dsn DSN] [--passfile FILE] --reason TEXT "
      "[--token TOKEN] [--yes] [--lock-timeout D] [--retries N] [--environment E] "
      "[--transaction auto|wrap|none] [--json] FILE",
      false, true },
    { "db prove",
      "[--database DATABASE] [--dsn DSN] [--passfile FILE] [--corpus FILE] [--command TEXT] "
      "[--old-version V] [--cache DIR] [--environment E] [--transaction auto|wrap|none] PATH...",
      false, true },
    { "token",
      "--key FILE --alg ALG [--kid K] --subject S --role viewer|deployer|operator|admin "
      "[--services A,B] [--ttl D] [--audience A] [--issuer I] [--id JTI] [--role-claim CLAIM] "
      "[--services-claim CLAIM]",
      false, true },
    { "token inspect", "[TOKEN]", false, true },
    { "mcp", "", false, true },
};

static const struct {
    const char *name;
    const char *means;
} aliases[] = {
#define VERB(name, usage, changes)
#define ALIAS(name, means) { name, means },
#include "ctl/verbs.def"
#undef VERB
#undef ALIAS
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct finder {
    const struct complete *complete;
    const char *typed;
    struct text *out;
};

static void offer(void *arg, const char *word)
{
    struct finder *finder = arg;
    char line[WORD_MAX_BYTES * 4];
    const char *bytes = finder->out->bytes;
    size_t len = 0;

    if (strncmp(word, finder->typed, strlen(finder->typed)) != 0 || word[0] == '\0')
        return;
    len = (size_t)snprintf(line, sizeof line, "%s\n", word);
    if (len >= sizeof line || strpbrk(word, "\n\r\033") != NULL)
        return;
    for (const char *at = bytes; at != NULL && (at = strstr(at, line)) != NULL; at++)
        if (at == bytes || at[-1] == '\n')
            return; /* it is there already */
    text_add(finder->out, line);
}

/* Verbs of which `begun` words are given: their next word. */
static void offer_verb(struct finder *finder, const char *name, const char *first)
{
    char word[WORD_MAX_BYTES];
    const char *blank = strchr(name, ' ');

    if (first == NULL)
        snprintf(word, sizeof word, "%.*s",
                 (int)(blank != NULL ? blank - name : (long)strlen(name)), name);
    else if (blank != NULL && strncmp(name, first, strlen(first)) == 0 &&
             strlen(first) == (size_t)(blank - name))
        snprintf(word, sizeof word, "%s", blank + 1);
    else
        return;
    offer(finder, word);
}

static void offer_verbs(struct finder *finder, const char *first)
{
    for (size_t i = 0; i < COUNT(verbs); i++)
        offer_verb(finder, verbs[i].name, first);
    for (size_t i = 0; i < COUNT(aliases); i++)
        offer_verb(finder, aliases[i].name, first);
}

static const struct verb *find_name(const char *name)
{
    for (size_t i = 0; i < COUNT(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    for (size_t i = 0; i < COUNT(aliases); i++)
        if (strcmp(aliases[i].name, name) == 0)
            return find_name(aliases[i].means);
    return NULL;
}

/* The verb that the words begin with, of which the last is not counted: *taken of them are its name. NULL: none yet. */
static const struct verb *find_verb(const char *const *words, int count, int *taken)
{
    char pair[WORD_MAX_BYTES];
    const struct verb *verb = NULL;

    if (count < 1)
        return NULL;
    *taken = VERB_WORDS;
    if (count >= VERB_WORDS) {
        snprintf(pair, sizeof pair, "%.60s %.60s", words[0], words[1]);
        verb = find_name(pair);
    }
    if (verb != NULL)
        return verb;
    *taken = 1;
    return find_name(words[0]);
}

/* The next word of a usage without its brackets; false at the end. */
static bool next_part(const char **at, char out[WORD_MAX_BYTES])
{
    size_t len = 0;

    *at += strspn(*at, " [].");
    while (len + 1 < WORD_MAX_BYTES && **at != '\0' && **at != ' ' && **at != ']') {
        if (**at != '[')
            out[len++] = **at;
        ++*at;
    }
    out[len] = '\0';
    return len > 0;
}

/* "ready|drain|maint": words that are meant as they are. */
static bool offer_choices(struct finder *finder, const char *part)
{
    char word[WORD_MAX_BYTES];

    if (strchr(part, '|') == NULL || isupper((unsigned char)part[0]))
        return false;
    while (*part != '\0') {
        size_t len = strcspn(part, "|");

        snprintf(word, sizeof word, "%.*s", (int)len, part);
        offer(finder, word);
        part += len + (part[len] == '|');
    }
    return true;
}

static void offer_names(struct finder *finder, enum complete_names kind)
{
    const struct complete *complete = finder->complete;

    if (complete->names != NULL)
        complete->names(complete->arg, kind, offer, finder);
}

/* What a place of the usage stands for. */
static void offer_part(struct finder *finder, const char *part)
{
    if (offer_choices(finder, part))
        return;
    if (strcmp(part, "COMMAND") == 0) {
        offer_verbs(finder, NULL);
    } else if (strcmp(part, "SLOT") == 0) {
        offer_names(finder, COMPLETE_SLOTS);
    } else if (strstr(part, "/TARGET") != NULL) {
        offer_names(finder, COMPLETE_TARGETS);
    } else if (strncmp(part, "NAME", 4) == 0 && strchr(part, '=') == NULL) {
        if (strncmp(part, "NAME/SLOT", 9) != 0 || strchr(finder->typed, '/') == NULL)
            offer_names(finder, COMPLETE_SERVICES);
        if (strstr(part, "/SLOT") != NULL)
            offer_names(finder, COMPLETE_PATHS);
    }
}

/* The value of an option as the usage names it; false: it has none there. */
static bool find_value(const char *usage, const char *option, char out[WORD_MAX_BYTES])
{
    while (next_part(&usage, out))
        if (strcmp(out, option) == 0)
            return *usage == ' ' && next_part(&usage, out) && out[0] != '-';
    return false;
}

static void offer_options(struct finder *finder, const struct verb *verb)
{
    static const char *const every[] = { "--timeout", "--as", "--json", "--no-color" };
    static const char *const changes[] = { "--reason", "--if-epoch", "--key" };
    const char *usage = verb->usage;
    char part[WORD_MAX_BYTES];

    while (next_part(&usage, part))
        if (part[0] == '-')
            offer(finder, part);
    for (size_t i = 0; i < COUNT(changes) && verb->is_change; i++)
        offer(finder, changes[i]);
    for (size_t i = 0; i < COUNT(every) && !verb->is_local; i++)
        offer(finder, every[i]);
}

/* Whether a word of that kind takes the next one along. */
static bool takes_value(const struct verb *verb, const char *word)
{
    static const char *const every[] = { "--timeout", "--as", "--reason", "--if-epoch", "--key" };
    char value[WORD_MAX_BYTES];

    for (size_t i = 0; i < COUNT(every); i++)
        if (strcmp(word, every[i]) == 0)
            return true;
    return find_value(verb->usage, word, value);
}

/* The part of the usage for the positional word at that place. */
static bool find_place(const struct verb *verb, int place, char out[WORD_MAX_BYTES])
{
    const char *usage = verb->usage;

    while (next_part(&usage, out)) {
        char value[WORD_MAX_BYTES];

        if (out[0] == '-') {
            if (find_value(verb->usage, out, value) && *usage == ' ')
                (void)next_part(&usage, value);
            continue;
        }
        if (place-- == 0)
            return true;
    }
    return false;
}

static void complete_verb(struct finder *finder, const struct verb *verb, const char *const *words,
                          int count)
{
    char part[WORD_MAX_BYTES];
    int place = 0;

    for (int i = 0; i < count; i++) {
        bool has_value = words[i][0] == '-' && takes_value(verb, words[i]);

        if (has_value && i == count - 1) { /* what is typed is its value */
            if (find_value(verb->usage, words[i], part))
                offer_part(finder, part);
            return;
        }
        place += words[i][0] != '-';
        i += has_value;
    }
    if (finder->typed[0] == '-')
        offer_options(finder, verb);
    else if (find_place(verb, place, part))
        offer_part(finder, part);
}

/* How many words before the verb are the program's own. */
static int skip_early(const struct complete *complete)
{
    int at = 0;

    while (at < complete->count - 1 && complete->words[at][0] == '-')
        at += strcmp(complete->words[at], "-s") == 0 ||
                      strcmp(complete->words[at], "--socket") == 0 ||
                      strcmp(complete->words[at], "--timeout") == 0
                  ? 2
                  : 1;
    return at;
}

void complete_words(const struct complete *complete, struct text *out)
{
    static const char *const early[] = { "--socket",   "--json", "--timeout",
                                         "--no-color", "--help", "--version" };
    int at = skip_early(complete);
    int given = complete->count - 1 - at; /* whole words from the verb on */
    const char *const *words = complete->words + at;
    struct finder finder = { complete, complete->words[complete->count - 1], out };
    const struct verb *verb = NULL;
    int taken = 0;

    if (given < 0)
        return; /* the value of an option of our own */
    verb = find_verb(words, given, &taken);
    if (given == 0)
        offer_verbs(&finder, NULL);
    else if (given == 1)
        offer_verbs(&finder, words[0]);
    if (given == 0 && finder.typed[0] == '-')
        for (size_t i = 0; i < COUNT(early); i++)
            offer(&finder, early[i]);
    if (verb != NULL)
        complete_verb(&finder, verb, words + taken, given - taken);
}
