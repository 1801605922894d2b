/*
 * See completion.h. The scripts do nothing but ask this program, so that both shells, and a newer program, agree. Names
 * come from the daemon that the words or the environment name; without one there are none, and nothing is said.
 */
#include "ctl/completion.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/complete.h"
#include "ctl/options.h"
#include "ctl/talk.h"

enum { EXIT_USAGE = 2, ANSWER_MAX = 64 << 20, ASK_US = 1000000, NAME_BYTES = 512 };

static const char bash_script[] =
    "# bash completion of switchctl; written by `switchctl completion bash`\n"
    "_switchctl() {\n"
    "    local line=\"${COMP_LINE:0:COMP_POINT}\" word cut found\n"
    "    local -a words\n"
    "    COMPREPLY=()\n"
    "    read -ra words <<<\"$line\"\n"
    "    [[ $line == *[[:blank:]] ]] && words+=(\"\")\n"
    "    word=\"${words[-1]}\"\n"
    "    cut=\"${word%\"${word##*[:=]}\"}\" # bash completes what is behind the last ':' or '=' "
    "alone\n"
    "    while IFS= read -r found; do\n"
    "        COMPREPLY+=(\"${found#\"$cut\"}\")\n"
    "    done < <(\"${words[0]}\" complete -- \"${words[@]:1}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _switchctl switchctl\n";

static const char zsh_script[] =
    "#compdef switchctl\n"
    "# zsh completion of switchctl; written by `switchctl completion zsh`\n"
    "_switchctl() {\n"
    "    local -a found\n"
    "    found=(${(f)\"$(${words[1]} complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\"})\n"
    "    compadd -- $found\n"
    "}\n"
    "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
    "    _switchctl \"$@\"\n"
    "else\n"
    "    compdef _switchctl switchctl\n"
    "fi\n";

static const char *text_of(const cJSON *row, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(row, key);

    return cJSON_IsString(item) ? item->valuestring : NULL;
}

struct asked {
    enum complete_names kind;
    void (*add)(void *arg, const char *name);
    void *arg;
};

static void add_row(const struct asked *asked, const cJSON *row)
{
    const char *service = text_of(row, "service");
    const char *slot = text_of(row, "slot");
    const char *group = text_of(row, "group");
    const char *target = text_of(row, "target");
    char name[NAME_BYTES];

    if (service == NULL || slot == NULL)
        return;
    switch (asked->kind) {
    case COMPLETE_SERVICES:
        asked->add(asked->arg, service);
        if (group != NULL)
            asked->add(asked->arg, group);
        return;
    case COMPLETE_SLOTS: asked->add(asked->arg, slot); return;
    case COMPLETE_PATHS: snprintf(name, sizeof name, "%s/%s", service, slot); break;
    case COMPLETE_TARGETS:
        if (target == NULL)
            return;
        snprintf(name, sizeof name, "%s/%s/%s", service, slot, target);
        break;
    }
    asked->add(asked->arg, name);
}

static void ask_names(void *arg, enum complete_names kind,
                      void (*add)(void *add_arg, const char *name), void *add_arg)
{
    bool is_target = kind == COMPLETE_TARGETS;
    struct talk talk = { .path = arg,
                         .timeout_us = ASK_US,
                         .line = is_target ? SLICE("json show targets --no-text\n")
                                           : SLICE("json show slots --no-text\n"),
                         .payload = -1 };
    struct asked asked = { kind, add, add_arg };
    const cJSON *row = NULL;
    struct text answer;
    cJSON *json = NULL;

    text_init(&answer, ANSWER_MAX);
    if (talk_ask(&talk, &answer) == TALK_DONE) {
        json = cJSON_ParseWithLength(answer.bytes, answer.len);
        cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(
                                    cJSON_GetObjectItemCaseSensitive(json, "result"),
                                    is_target ? "targets" : "slots")) add_row(&asked, row);
        cJSON_Delete(json);
    }
    text_fini(&answer);
}

/* -s SOCKET among the words that were typed, else as always. */
static const char *find_socket(int count, char **words)
{
    const char *from_environment = getenv("SWITCHYARD_SOCKET");

    for (int i = 0; i + 1 < count; i++)
        if (strcmp(words[i], "-s") == 0 || strcmp(words[i], "--socket") == 0)
            return words[i + 1];
    return from_environment != NULL && from_environment[0] != '\0' ? from_environment
                                                                   : options_default_socket;
}

static void answer_words(int count, char **words)
{
    struct complete complete = {
        .count = count,
        .words = (const char *const *)(uintptr_t)words,
        .names = ask_names,
        .arg = (void *)(uintptr_t)find_socket(count, words),
    };
    struct text out;

    text_init(&out, ANSWER_MAX);
    complete_words(&complete, &out);
    fputs(out.bytes != NULL ? out.bytes : "", stdout);
    text_fini(&out);
}

bool completion_run(int argc, char **argv, int *code)
{
    const char *shell = argc == 2 ? argv[1] : "";

    *code = 0;
    if (argc >= 3 && strcmp(argv[0], "complete") == 0 && strcmp(argv[1], "--") == 0) {
        answer_words(argc - 2, argv + 2);
        return true;
    }
    if (argc < 1 || strcmp(argv[0], "completion") != 0)
        return false;
    if (strcmp(shell, "bash") == 0) {
        fputs(bash_script, stdout);
    } else if (strcmp(shell, "zsh") == 0) {
        fputs(zsh_script, stdout);
    } else {
        fprintf(stderr, "switchctl: usage: switchctl completion bash|zsh\n");
        *code = EXIT_USAGE;
    }
    return true;
}
