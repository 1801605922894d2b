/* The command line: see options.h. */
#include "ctl/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"

enum { LINE_MAX_BYTES = 16 * 1024, DEFAULT_TIMEOUT_S = 60, GRACE_S = 10 };

/* `tenant load FILE`: the word that is meant for this program. */
enum { FILE_AT = 2 };

const char options_default_socket[] = "/run/switchyard/admin.sock";

int options_add_word(struct text *line, const char *word)
{
    text_add(line, " \"");
    for (; *word != '\0'; word++) {
        if (*word == '\n' || *word == '\r')
            return ERR_INVALID;
        if (*word == '"' || *word == '\\')
            text_add(line, "\\");
        text_add_slice(line, slice_of(word, 1));
    }
    text_add(line, "\"");
    return text_is_cut(line) ? ERR_RANGE : 0;
}

/* Notes a --timeout (given apart or with '='), so that the wait for the answer is longer than it. */
static bool note_timeout(struct options *options, const char *word, const char *next)
{
    const char *value = NULL;
    uint64_t us = 0;

    if (strcmp(word, "--timeout") == 0)
        value = next;
    else if (strncmp(word, "--timeout=", 10) == 0)
        value = word + 10;
    if (value != NULL && num_parse_duration(slice_from(value), &us) == 0)
        options->timeout_us = us + GRACE_S * 1000000ull;
    return value == NULL && strcmp(word, "--timeout") == 0;
}

/* An option of the program itself, before or behind the verb; false: it is none. */
static bool take_flag(struct options *options, const char *word)
{
    if (strcmp(word, "--json") == 0)
        options->is_json = true;
    else if (strcmp(word, "--no-color") == 0)
        options->no_color = true;
    else if (strcmp(word, "--watch") == 0)
        options->watch = true;
    else
        return false;
    return true;
}

static bool take_early(struct options *options, const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        options->help = true;
    else if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        options->version = true;
    else
        return take_flag(options, word);
    return true;
}

static int say(char *problem, unsigned size, const char *words, const char *about)
{
    snprintf(problem, size, "%s%s%.80s", words, about[0] != '\0' ? ": " : "", about);
    return ERR_INVALID;
}

/* What stands before the verb; *at is then the verb's place. `timeout` gets what goes on to the daemon. */
static int parse_early(int argc, char **argv, struct options *out, int *at, const char **timeout)
{
    for (*at = 1; *at < argc && argv[*at] != NULL && argv[*at][0] == '-'; ++*at) {
        const char *word = argv[*at];
        const char *next = *at + 1 < argc ? argv[*at + 1] : NULL;

        if (take_early(out, word))
            continue;
        if ((strcmp(word, "-s") == 0 || strcmp(word, "--socket") == 0) && next != NULL)
            out->socket = argv[++*at];
        else if (strcmp(word, "--timeout") == 0 && next != NULL)
            *timeout = argv[++*at];
        else if (strncmp(word, "--timeout=", 10) == 0)
            *timeout = word + 10;
        else
            return ERR_INVALID;
    }
    return 0;
}

/* What this program itself wants of the daemon; must stand before a "--". */
static int add_own(struct options *out, const char *timeout)
{
    if (timeout != NULL &&
        (note_timeout(out, "--timeout", timeout) || options_add_word(&out->line, "--timeout") < 0 ||
         options_add_word(&out->line, timeout) < 0))
        return ERR_INVALID;
    if (out->is_json)
        text_add(&out->line, " --no-text");
    return 0;
}

static int add_words(struct options *out, int argc, char **argv, const char *timeout)
{
    bool is_plain = false; /* behind "--" every word is one of the daemon's */

    for (int i = 0; i < argc; i++) {
        if (out->file != NULL && i == FILE_AT)
            continue;
        if (!is_plain && strcmp(argv[i], "--") == 0) {
            is_plain = true;
            if (add_own(out, timeout) < 0)
                return ERR_INVALID;
        }
        if (!is_plain && take_flag(out, argv[i]))
            continue;
        if (!is_plain && note_timeout(out, argv[i], i + 1 < argc ? argv[i + 1] : NULL))
            return ERR_INVALID;
        if (options_add_word(&out->line, argv[i]) < 0)
            return ERR_RANGE;
    }
    return is_plain ? 0 : add_own(out, timeout);
}

static bool is_verb(int argc, char **argv, const char *first, const char *second)
{
    return argc >= 2 && strcmp(argv[0], first) == 0 && strcmp(argv[1], second) == 0;
}

/* Commands that this program does more for than sending a line; false: what it needs is missing. */
static bool take_verb(struct options *options, int argc, char **argv)
{
    options->is_long = is_verb(argc, argv, "tenant", "export") ||
                       is_verb(argc, argv, "audit", "export") ||
                       is_verb(argc, argv, "state", "export");
    options->is_agents = argc == 1 && strcmp(argv[0], "mcp") == 0;
    if (!is_verb(argc, argv, "tenant", "load"))
        return true;
    if (argc <= FILE_AT || (argv[FILE_AT][0] == '-' && argv[FILE_AT][1] != '\0'))
        return false;
    options->file = argv[FILE_AT];
    return true;
}

/* `watch [NAME] [--count N]`: what is asked of the daemon is `show load`. */
static int parse_live(struct options *out, int argc, char **argv)
{
    const char *name = NULL;

    for (int i = 1; i < argc; i++) {
        const char *count = NULL;

        if (take_flag(out, argv[i]))
            continue;
        if (strcmp(argv[i], "--count") == 0 && i + 1 < argc)
            count = argv[++i];
        else if (strncmp(argv[i], "--count=", 8) == 0)
            count = argv[i] + 8;
        else if (argv[i][0] == '-' || name != NULL)
            return ERR_INVALID;
        else
            name = argv[i];
        if (count != NULL &&
            (num_parse_u64(slice_from(count), UINT32_MAX, &out->count) < 0 || out->count == 0))
            return ERR_INVALID;
    }
    out->is_live = true;
    text_add(&out->line, "json show load");
    if (name != NULL && options_add_word(&out->line, name) < 0)
        return ERR_INVALID;
    text_add(&out->line, " --no-text\n");
    return 0;
}

int options_parse(int argc, char **argv, struct options *out, char *problem, unsigned problem_size)
{
    const char *from_environment = getenv("SWITCHYARD_SOCKET");
    const char *timeout = NULL;
    int at = 0;

    *out = (struct options){ .timeout_us = (DEFAULT_TIMEOUT_S + GRACE_S) * 1000000ull };
    text_init(&out->line, LINE_MAX_BYTES);
    out->socket = from_environment != NULL && from_environment[0] != '\0' ? from_environment
                                                                          : options_default_socket;
    if (parse_early(argc, argv, out, &at, &timeout) < 0)
        return say(problem, problem_size, "unknown option or missing value", argv[at]);
    if (out->help || out->version)
        return 0;
    if (at == argc)
        return say(problem, problem_size, "no verb is given; see switchctl --help", "");
    out->words = argv + at;
    out->word_count = argc - at;
    if (strcmp(argv[at], "watch") == 0 && parse_live(out, argc - at, argv + at) < 0)
        return say(problem, problem_size, "usage: switchctl watch [NAME[/SLOT]] [--count N]", "");
    if (out->is_live)
        return 0;
    if (!take_verb(out, argc - at, argv + at))
        return say(problem, problem_size,
                   "tenant load needs a file, or - for standard input, before anything else", "");
    if (out->is_json || !out->is_long)
        text_add(&out->line, "json");
    if (add_words(out, argc - at, argv + at, timeout) < 0)
        return say(problem, problem_size,
                   "a word is too long or holds a line break, or --timeout has no value", argv[at]);
    text_add(&out->line, out->file != NULL ? " <<\n" : "\n");
    return text_is_cut(&out->line) ? say(problem, problem_size, "the command is too long", "") : 0;
}

void options_fini(struct options *options)
{
    text_fini(&options->line);
}

void options_print_help(void)
{
    fputs("usage: switchctl [-s SOCKET] [--json] [--timeout D] [--no-color] VERB [WORDS...]\n"
          "       switchctl --help | --version\n"
          "\n"
          "  status [NAME] [--watch]         services, slots and targets on one screen\n"
          "  watch [NAME] [--count N]        requests, errors, latency and shares, live\n"
          "  list, slots, targets, history   one table each\n"
          "  show info|services|config|errors|version|drain|conns\n"
          "  switch NAME [--to SLOT]         moves the traffic of a service or group\n"
          "  rollback NAME                   moves it back\n"
          "  target set NAME/SLOT/TARGET ready|drain|maint|weight N\n"
          "  target add NAME/SLOT TARGET [weight=N]; target remove NAME/SLOT/TARGET [--wait]\n"
          "  canary start|set|step|pause|resume|abort|promote|status NAME [N%]\n"
          "  tenant pin|unpin|list|export|load    who is kept on a slot (load FILE, - is stdin)\n"
          "  pause NAME [--max D]; resume NAME; maint on|off NAME [--message TEXT]\n"
          "  plan VERB WORDS...; apply TOKEN      a change looked at first, made later\n"
          "  db snapshots|snapshot|verify|restore|forget   copies of databases\n"
          "  db plan|apply --emergency|prove --database NAME   migrations; --help has the options\n"
          "  db lint [options] PATH...            what migrations do to the version that goes on "
          "running\n"
          "  token --key FILE --alg A --subject S --role R ...; token inspect    for the API\n"
          "  audit show|verify|export        who did what; audit verify FILE... asks no daemon\n"
          "  state export > FILE; state import FILE      all decisions, history and pins\n"
          "  explain [--host H] [--path P] [--header 'N: V']...   where a request would go\n"
          "  drain NAME/SLOT; drain status [NAME/SLOT] [--limit N] [--newest]\n"
          "  wait healthy NAME[/SLOT]; wait drained NAME/SLOT\n"
          "  reload                          reads the configuration again\n"
          "  lock [show|acquire|release]     the deploy lock\n"
          "  mcp                             a server for agents on standard input and output\n"
          "  completion bash|zsh             a script for the shell\n"
          "  help [VERB]                     what the daemon knows\n"
          "\n"
          "changes take --reason TEXT, --force (with --reason), --if-epoch E, --key K, --as NAME\n"
          "the socket is -s, $SWITCHYARD_SOCKET or /run/switchyard/admin.sock\n"
          "\n"
          "exit code: 0 done, 1 failed, 2 usage, 3 refused, 4 timed out, 5 conflict, 6 not\n"
          "authorised, 7 reverted, 8 daemon unreachable, 9 inconclusive, 10 done but not on disk\n",
          stdout);
}
