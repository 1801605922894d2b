/*
 * All decisions as one document, in pieces, and back: see cmd_state_priv.h. As text the answer is the document itself, as
 * JSON it is a text in the result. The list of automatic decisions is for people; it is not read back.
 */
#include "control/cmd_state_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit_trail.h"
#include "base/clock.h"
#include "base/mem.h"
#include "control/json_priv.h"
#include "control/piece_priv.h"
#include "deploy/deploy.h"
#include "deploy/transfer.h"
#include "net/clerk.h"
#include "pilot/casebook.h"
#include "pilot/decision.h"

enum { PIECE_LIMIT = 32 * 1024 * 1024 };

/* Owner: the call. */
struct export
{
    struct transfer_walk *walk;
    EVP_MD_CTX *digest;
    bool is_json;
    bool has_begun;
};

static void drop_export(void *scratch)
{
    struct export *export = scratch;

    transfer_walk_free(export->walk);
    EVP_MD_CTX_free(export->digest);
    free(export);
}

static void hash(struct export *export, struct slice bytes)
{
    CHECK(EVP_DigestUpdate(export->digest, bytes.ptr, bytes.len) == 1);
}

static void give(struct export *export, const struct text *piece, struct text *out)
{
    if (export->is_json)
        text_add_json(out, text_slice(piece));
    else
        text_add_slice(out, text_slice(piece));
    if (text_is_cut(piece))
        out->cut = true;
}

static void add_text(struct text *out, const char *name, const char *value)
{
    text_add_format(out, ",\"%s\":\"", name);
    text_add_json(out, slice_from(value));
    text_add(out, "\"");
}

/* Oldest first. */
static void add_decisions(const struct casebook *casebook, struct text *out)
{
    const struct decision *decision = NULL;
    char stamp[CLOCK_STAMP_SIZE];
    unsigned count = 0;

    if (casebook == NULL)
        return;
    while (casebook_at(casebook, count) != NULL)
        count++;
    for (unsigned i = count; i > 0; i--) {
        decision = casebook_at(casebook, i - 1);
        clock_stamp(decision->wall_us, stamp);
        text_add_format(out, "%s{\"id\":%" PRIu64, i == count ? "" : ",\n", decision->id);
        add_text(out, "time", stamp);
        add_text(out, "service", decision->service);
        add_text(out, "action", decision_action_name(decision->action));
        add_text(out, "trigger", decision->trigger);
        add_text(out, "words", decision->words);
        text_add(out, "}");
    }
}

/* Decisions, end and checksum. */
static void add_rest(struct call *call, struct text *piece)
{
    static const char digits[] = "0123456789abcdef";
    struct export *export = call->scratch;
    unsigned char sum[EVP_MAX_MD_SIZE];
    char sha256[TRANSFER_SHA + 1];
    unsigned len = 0;

    add_decisions(call->room->casebook, piece);
    hash(export, text_slice(piece));
    hash(export, transfer_tail());
    CHECK(EVP_DigestFinal_ex(export->digest, sum, &len) == 1 && 2 * len == TRANSFER_SHA);
    for (unsigned i = 0; i < len; i++) {
        sha256[2 * i] = digits[sum[i] >> 4];
        sha256[2 * i + 1] = digits[sum[i] & 15];
    }
    sha256[TRANSFER_SHA] = '\0';
    transfer_add_end(sha256, piece);
}

static enum call_step end_export(struct call *call, struct text *out)
{
    if (call->is_json)
        text_add(out, "\"},");
    piece_end(call, out);
    return CALL_DONE;
}

static enum call_step write_piece(struct call *call, struct text *out)
{
    struct export *export = call->scratch;
    struct text piece;
    bool is_end = false;
    int err = 0;

    if (!export->has_begun && call->is_json)
        text_add(out, "{\"result\":{\"document\":\"");
    export->has_begun = true;
    text_init(&piece, PIECE_LIMIT);
    err = transfer_walk_next(export->walk, &piece, &is_end);
    if (err == 0 && !is_end)
        hash(export, text_slice(&piece));
    if (err == 0 && is_end)
        add_rest(call, &piece);
    give(export, &piece, out);
    text_fini(&piece);
    if (err != 0) {
        reply_fail(&call->reply, OUTCOME_CONFLICT, FAULT_CONFLICT,
                   "something was changed meanwhile; what came before is not whole");
        reply_hint(&call->reply, "export again");
    }
    return err != 0 || is_end ? end_export(call, out) : CALL_PARKED;
}

enum call_step cmd_state_export(struct call *call)
{
    struct export *export = mem_zalloc(sizeof *export);

    export->walk = transfer_walk_new(call->room->deploy);
    export->digest = EVP_MD_CTX_new();
    export->is_json = call->is_json;
    CHECK(export->digest != NULL && EVP_DigestInit_ex(export->digest, EVP_sha256(), NULL) == 1);
    call->scratch = export;
    call->drop_scratch = drop_export;
    call->write_more = write_piece;
    return CALL_PARKED;
}

/* All of a file; NULL: words say why not. The caller frees. */
static char *read_file(const char *path, size_t *size, char *words, size_t words_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    char *bytes = NULL;
    ssize_t got = 1;

    *size = 0;
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size > TRANSFER_BYTES_MAX) {
        snprintf(words, words_size, "%s",
                 fd < 0 ? strerror(errno) : "it is no file, or too long for an export");
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    bytes = mem_alloc((size_t)status.st_size + 1);
    while (got > 0 && *size < (size_t)status.st_size) {
        got = read(fd, bytes + *size, (size_t)status.st_size - *size);
        *size += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    if (got >= 0)
        return bytes;
    snprintf(words, words_size, "%s", strerror(errno));
    free(bytes);
    return NULL;
}

/* A document that a thread reads for a call; the call may be gone by then. */
struct reading {
    struct call *call;
    char *path;
    struct transfer *transfer; /* NULL: words say why not */
    char words[300];
};

static void run_reading(void *arg, const _Atomic bool *is_cut)
{
    struct reading *reading = arg;
    size_t size = 0;
    char *bytes = read_file(reading->path, &size, reading->words, sizeof reading->words);

    (void)is_cut; /* the size is bounded */
    if (bytes != NULL && transfer_decode(slice_of(bytes, size), &reading->transfer, reading->words,
                                         (unsigned)sizeof reading->words) != 0)
        reading->transfer = NULL;
    free(bytes);
}

static void on_imported(struct call *call, const struct change_result *result)
{
    call_describe_change(call, result);
    call_finish(call);
}

/* The change takes the document. */
static void submit_import(struct call *call, struct transfer *transfer)
{
    struct change change;

    call_fill_change(call, CHANGE_RELOAD, &change);
    change.import = transfer;
    snprintf(change.trigger, sizeof change.trigger, "import");
    call->asked = NULL;
    (void)call_submit(call, &change, on_imported);
}

static void refuse_import(struct call *call, const struct reading *reading)
{
    reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_CONFIG_BAD, "nothing was changed: %.200s: %s",
               reading->path,
               reading->words[0] != '\0' ? reading->words : "it was not read, the daemon ends");
    reply_hint(&call->reply, "give it a file that \"state export\" has written, as it is");
    call_finish(call);
}

static void on_read(void *arg, bool was_run)
{
    struct reading *reading = arg;

    (void)was_run; /* without it there is no document */
    if (!call_return(reading->call))
        transfer_free(reading->transfer);
    else if (reading->transfer != NULL)
        submit_import(reading->call, reading->transfer);
    else
        refuse_import(reading->call, reading);
    free(reading->path);
    free(reading);
}

enum call_step cmd_state_import(struct call *call)
{
    const char *path = call->args.words[0];
    struct clerk_task task = { .run = run_reading, .done = on_read };
    struct reading *reading = NULL;

    if (path[0] != '/')
        return call_refuse_usage(call, "\"%.80s\" is no absolute path; the daemon reads the file",
                                 path);
    if (call->room->audit == NULL) {
        reply_fail(&call->reply, OUTCOME_FAILED, FAULT_NONE,
                   "this daemon has nobody to read files");
        return CALL_DONE;
    }
    reading = mem_zalloc(sizeof *reading);
    reading->call = call;
    reading->path = mem_text(path);
    task.arg = reading;
    call->asked = "the reader of the file";
    call_lend(call);
    clerk_add(audit_trail_clerk(call->room->audit), &task);
    return CALL_PARKED;
}
