/* Calls and their records: what leaves one, when an answer comes, and what happens while none can be written. */
#include <criterion/criterion.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "audit/audit_trail.h"
#include "base/mem.h"
#include "unit/control/asker.h"

static char folder[64];
static char path[96];
static struct audit_trail *trail;

static void furnish(void)
{
    struct audit_trail_options options = {
        .loop = asker_world.room.loop, .path = path, .patience_us = 5000000, .refuses = true
    };
    char words[AUDIT_FILES_WORDS] = "";

    cr_assert_eq(audit_trail_new(&options, &trail, words), 0, "%s", words);
    asker_world.room.audit = trail;
    asker_world.room.audit_patience_us = 5000000;
}

static void start(void)
{
    signal(SIGXFSZ, SIG_IGN);
    snprintf(folder, sizeof folder, "/tmp/unit-call-audit-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/audit.jsonl", folder);
    asker_furnish = furnish;
    asker_start();
}

static int remove_item(const char *name, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(name);
}

static void stop(void)
{
    audit_trail_free(trail);
    asker_world.room.audit = NULL;
    asker_stop();
    nftw(folder, remove_item, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(call_audit, .init = start, .fini = stop);

/* The last line of the file; the caller frees. */
static char *last_line(void)
{
    static char bytes[1 << 20];
    FILE *file = fopen(path, "re");
    size_t size = 0;
    char *from = NULL;

    cr_assert_not_null(file);
    size = fread(bytes, 1, sizeof bytes - 1, file);
    fclose(file);
    bytes[size] = '\0';
    if (size > 0)
        bytes[size - 1] = '\0';
    from = strrchr(bytes, '\n');
    return mem_text(from != NULL ? from + 1 : bytes);
}

static void expect_last(const char *part)
{
    char *line = last_line();

    cr_expect_not_null(strstr(line, part), "no %s in %s", part, line);
    free(line);
}

Test(call_audit, a_change_is_on_record_before_its_answer)
{
    ask("switch shop --to green --reason r-1 --as ann\n");
    cr_expect(ask_has("epoch 42"));
    expect_last("\"verb\":\"switch\"");
    expect_last("\"as\":\"ann\"");
    expect_last("\"service\":\"shop\"");
    expect_last("\"outcome\":\"done\"");
    expect_last("\"reason\":\"r-1\"");
    expect_last("\"from\":\"unix:");
    ask("switch shop --to green --frobnicate\n");
    expect_last("\"outcome\":\"usage\"");
}

Test(call_audit, what_reads_leaves_nothing)
{
    struct audit_trail_view view;

    ask("status\n");
    ask("plan switch shop --to green\n");
    ask("nonsense\n");
    audit_trail_look(trail, &view);
    cr_expect_eq(view.last_seq, 0);
    cr_expect_eq(view.queue, 0);
}

Test(call_audit, secrets_are_left_out)
{
    char *line = NULL;

    ask("apply t0k3n --reason \"password=hunter2\"\n");
    line = last_line();
    cr_expect_null(strstr(line, "t0k3n"), "%s", line);
    cr_expect_null(strstr(line, "hunter2"), "%s", line);
    cr_expect_null(strstr(asker_logged.bytes, "hunter2"));
    free(line);
}

Test(call_audit, refused_and_gates_that_were_forced)
{
    asker_world.deploy.result.outcome = OUTCOME_REFUSED;
    asker_world.deploy.result.fault = FAULT_GATE_REFUSED;
    snprintf(asker_world.deploy.result.gate, sizeof asker_world.deploy.result.gate, "health");
    ask("switch shop --to green\n");
    expect_last("\"outcome\":\"refused\",\"fault\":\"gate_refused\",\"gate\":\"health\"");
    asker_world.deploy.result.outcome = OUTCOME_DONE;
    asker_world.deploy.result.gate[0] = '\0';
    snprintf(asker_world.deploy.result.bypassed, sizeof asker_world.deploy.result.bypassed,
             "health,lag");
    ask("switch shop --to green --force --reason emergency\n");
    expect_last("\"bypassed\":\"health,lag\"");
}

static void set_limit(rlim_t bytes)
{
    struct rlimit limit = { bytes, RLIM_INFINITY };

    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* What is carried out says volatile; then nothing forward begins, and what brings back does. */
Test(call_audit, while_nothing_can_be_written)
{
    unsigned submitted = 0;

    ask("switch shop --to green\n");
    set_limit(0);
    ask("switch shop --to blue\n");
    cr_expect(ask_has("warning 10 volatile"), "%s", asker_out.bytes);
    submitted = asker_world.deploy.submitted_count;
    ask("switch shop --to green\n");
    cr_expect(ask_has("gate: audit"), "%s", asker_out.bytes);
    cr_expect(ask_has("not_durable"));
    cr_expect_eq(asker_world.deploy.submitted_count, submitted, "it was begun");
    ask("apply forward\n");
    cr_expect(ask_has("gate: audit"));
    ask("rollback shop\n");
    cr_expect(ask_has("warning 10 volatile"), "%s", asker_out.bytes);
    ask("apply back\n");
    cr_expect_not(ask_has("gate: audit"), "a plan of a rollback is one, too");
    set_limit(RLIM_INFINITY);
    ask("rollback shop\n");
    cr_expect_not(ask_has("volatile"), "%s", asker_out.bytes);
    expect_last("\"seq\":7");
}

/* The client goes away before the turn of its change came. */
Test(call_audit, who_leaves_leaves_a_record)
{
    struct audit_trail_view view = { .last_seq = 0 };
    int fd = world_connect(asker_world.path);

    cr_assert_geq(fd, 0);
    asker_world.deploy.holds = true;
    cr_assert_gt(write(fd, "switch shop --to green\n", 23), 0);
    for (int i = 0; i < 1000 && asker_world.deploy.submitted_count == 0; i++)
        world_turn(&asker_world, 1);
    cr_assert_eq(asker_world.deploy.submitted_count, 1);
    close(fd);
    for (int i = 0; i < 5000 && view.last_seq == 0; i++) {
        world_turn(&asker_world, 1);
        audit_trail_look(trail, &view);
    }
    expect_last("withdrawn: the client left");
}
