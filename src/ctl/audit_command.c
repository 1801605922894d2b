/* See audit_command.h. The check is the daemon's own. */
#include "ctl/audit_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/audit_files.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

enum { EXIT_USAGE = 2, FILES_MAX = 1000, OUT_LIMIT = 8192 };

struct request {
    const char *files[FILES_MAX];
    size_t file_count;
    const char *key;
    const char *anchor;
    uint64_t first;
    bool is_json;
};

/* Where "audit verify" stands behind the program's own flags; 0: it does not. */
static int find_verb(int argc, char **argv)
{
    int at = 1;

    while (at < argc && (strcmp(argv[at], "--json") == 0 || strcmp(argv[at], "--no-color") == 0))
        at++;
    return at + 1 < argc && strcmp(argv[at], "audit") == 0 && strcmp(argv[at + 1], "verify") == 0
               ? at
               : 0;
}

bool audit_command_is_meant(int argc, char **argv)
{
    int at = find_verb(argc, argv);

    for (int i = at + 2; at > 0 && i < argc; i++) {
        if (strcmp(argv[i], "--from") == 0 || strcmp(argv[i], "--timeout") == 0)
            i++;
        else if (argv[i][0] != '-' || strncmp(argv[i], "--key", 5) == 0 ||
                 strncmp(argv[i], "--anchor", 8) == 0)
            return true;
    }
    return false;
}

static int say_usage(const char *words, const char *about)
{
    fprintf(stderr,
            "switchctl: %s%s\n"
            "usage: switchctl [--json] audit verify [--key FILE] [--anchor FILE] [--from SEQ] "
            "FILE|FOLDER...\n",
            words, about);
    return EXIT_USAGE;
}

/* The value of an option at argv[*at], if it is this one. */
static bool take_value(int argc, char **argv, int *at, const char *name, const char **out)
{
    size_t len = strlen(name);

    if (strncmp(argv[*at], name, len) != 0)
        return false;
    if (argv[*at][len] == '=') {
        *out = argv[*at] + len + 1;
        return true;
    }
    if (argv[*at][len] != '\0' || *at + 1 >= argc)
        return false;
    *out = argv[++*at];
    return true;
}

static int parse(int argc, char **argv, struct request *out)
{
    const char *from = NULL;
    int at = find_verb(argc, argv);

    for (int i = 1; i < argc; i++) {
        if (i == at || i == at + 1 || strcmp(argv[i], "--no-color") == 0)
            continue;
        if (strcmp(argv[i], "--json") == 0)
            out->is_json = true;
        else if (take_value(argc, argv, &i, "--key", &out->key) ||
                 take_value(argc, argv, &i, "--anchor", &out->anchor) ||
                 take_value(argc, argv, &i, "--from", &from))
            continue;
        else if (argv[i][0] == '-' || out->file_count == FILES_MAX)
            return say_usage("unknown option, or too many files: ", argv[i]);
        else
            out->files[out->file_count++] = argv[i];
    }
    if (from != NULL &&
        (num_parse_u64(slice_from(from), UINT64_MAX, &out->first) != 0 || out->first == 0))
        return say_usage("--from takes the number of the first record, not ", from);
    return out->file_count > 0 ? 0 : say_usage("no file is named", "");
}

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void print_json(const struct audit_files_report *report)
{
    const struct audit_finding *finding = &report->finding;
    bool is_whole = finding->defect == AUDIT_WHOLE;
    struct text out;

    text_init(&out, OUT_LIMIT);
    text_add_format(
        &out,
        "{\"ok\":%s,\"whole\":%s,\"records\":%" PRIu64 ",\"sealed\":%" PRIu64 ",\"files\":%" PRIu64
        ",\"anchors\":%" PRIu64 ",\"last_seq\":%" PRIu64 ",\"last_hash\":\"%s\"",
        is_whole ? "true" : "false", is_whole ? "true" : "false", report->records, report->sealed,
        report->files, report->marks, report->last_seq, report->last_hash);
    if (!is_whole) {
        text_add_format(&out, ",\"defect\":\"%s\",\"seq\":%" PRIu64 ",\"line\":%" PRIu64,
                        audit_defect_name(finding->defect), finding->seq, finding->line);
        text_add(&out, ",\"file\":\"");
        text_add_json(&out, slice_from(finding->file));
        text_add(&out, "\",\"words\":\"");
        text_add_json(&out, slice_from(finding->words));
        text_add(&out, "\"");
    }
    text_add(&out, "}");
    puts(out.bytes);
    text_fini(&out);
}

static void print_text(const struct audit_files_report *report)
{
    const struct audit_finding *finding = &report->finding;

    if (finding->defect == AUDIT_WHOLE)
        printf("%" PRIu64 " records in %" PRIu64 " files are whole, %" PRIu64
               " of them sealed, %" PRIu64 " anchors agree; the last is %" PRIu64 " %s\n",
               report->records, report->files, report->sealed, report->marks, report->last_seq,
               report->last_hash);
    else
        fprintf(stderr, "%s at record %" PRIu64 ": %s (%s, line %" PRIu64 ")\n",
                audit_defect_name(finding->defect), finding->seq, finding->words, finding->file,
                finding->line);
}

/* One folder stands for all files of the trail in it. */
static int check(const struct request *request, const struct audit_key *key,
                 struct audit_files_report *report, char words[AUDIT_FILES_WORDS])
{
    struct audit_files_check check = { .names = request->files,
                                       .name_count = request->file_count,
                                       .anchor = request->anchor,
                                       .key = key,
                                       .first = request->first };
    char *path = NULL;
    int err = 0;

    if (request->file_count == 1 && is_folder(request->files[0])) {
        path = mem_format("%s/audit.jsonl", request->files[0]);
        check.path = path;
        check.name_count = 0;
    }
    err = audit_files_verify(&check, report, words);
    free(path);
    return err;
}

int audit_command(int argc, char **argv)
{
    struct request request = { .file_count = 0 };
    struct audit_files_report report = { 0 };
    struct audit_key key = { 0 };
    char words[AUDIT_FILES_WORDS] = "";
    int err = parse(argc, argv, &request);

    if (err != 0)
        return err;
    if (request.key != NULL)
        err = audit_files_key(request.key, &key, words);
    if (err == 0)
        err = check(&request, &key, &report, words);
    audit_files_forget_key(&key);
    if (err != 0) {
        fprintf(stderr, "switchctl: %s\n", words);
        return EXIT_FAILURE;
    }
    if (request.is_json)
        print_json(&report);
    else
        print_text(&report);
    return report.finding.defect == AUDIT_WHOLE ? EXIT_SUCCESS : EXIT_FAILURE;
}
