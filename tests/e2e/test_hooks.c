/*
 * Programs that are run for events: what they are told, those that hang or are not there, those that fail and are run
 * again, also after a kill.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "e2e/e2e_events.h"

static bool is_hook_idle(void *arg)
{
    (void)arg;
    return daemon_metric(stage.daemon, "switchyard_hook_queue_length", "") == 0;
}

static void write_program(const char *name, const char *text)
{
    char *path = mem_format("%s/%s", folder, name);
    char *filled = fill(text);

    scene_write(path, filled, strlen(filled));
    cr_assert_eq(chmod(path, 0700), 0);
    free(filled);
    free(path);
}

static bool has_mail(void *arg)
{
    char *path = mem_format("%s/mail", folder);
    char *text = scene_read(path, NULL);
    bool is_there = text != NULL && strstr(text, arg) != NULL;

    free(text);
    free(path);
    return is_there;
}

Test(hooks, programs_get_them_and_end_in_time)
{
    char first[] = "switch|shop|info|1|shop: switch to green done|{\"id\":";
    char second[] = "rollback|shop|warn|1|";

    prepare();
    write_program("mail.sh",
                  "#!/bin/sh\n"
                  "echo \"$SWITCHYARD_EVENT_KIND|$SWITCHYARD_EVENT_SERVICE|"
                  "$SWITCHYARD_EVENT_SEVERITY|$SWITCHYARD_EVENT_COUNT|$SWITCHYARD_EVENT_TITLE|"
                  "$SWITCHYARD_EVENT\" >>FOLDER/mail\n");
    open_stage("hook mail { command = \"FOLDER/mail.sh\" every = \"0s\" }\n"
               "hook hangs { command = \"/bin/sleep 1000\" timeout = \"100ms\" every = \"0s\" "
               "attempts = 1 }\n"
               "hook absent { command = \"/nowhere/at/all\" }\n");
    switch_to("green");
    cr_expect(scene_await(has_mail, first, WAIT_MS));
    cr_expect_eq(ctl_code(stage.daemon, "rollback shop"), 0);
    cr_expect(scene_await(has_mail, second, WAIT_MS));
    await_metric("switchyard_hook_runs_total", "hook=\"hangs\",result=\"expired\"", 2);
    await_metric("switchyard_hook_runs_total", "hook=\"hangs\",result=\"failed\"", 2);
    cr_expect(daemon_await_log(stage.daemon, "hook=hangs words=\"ended by us", WAIT_MS));
    cr_expect(daemon_await_log(stage.daemon, "cannot start /nowhere/at/all", WAIT_MS));
    await_metric("switchyard_hook_runs_total", "hook=\"mail\",result=\"ok\"", 2);
    end();
}

static char *read_mail(void)
{
    char *path = mem_format("%s/mail", folder);
    char *text = scene_read(path, NULL);

    free(path);
    return text;
}

/* It fails twice: the third run for the same event is the last one, and the next event comes after it. */
Test(hooks, a_program_that_fails_is_run_again)
{
    char third[] = "|3\n";
    char next[] = "|rollback|1\n";
    unsigned long long ids[3] = { 0 };
    char *mail = NULL;

    prepare();
    write_program("flaky.sh",
                  "#!/bin/sh\n"
                  "echo \"$SWITCHYARD_EVENT_ID|$SWITCHYARD_EVENT_KIND|$SWITCHYARD_EVENT_ATTEMPT\" "
                  ">>FOLDER/mail\n"
                  "[ \"$(wc -l <FOLDER/mail)\" -ge 3 ]\n");
    open_stage("hook mail { command = \"FOLDER/flaky.sh\" every = \"0s\" }\n");
    switch_to("green");
    cr_expect_eq(ctl_code(stage.daemon, "rollback shop"), 0);
    cr_expect(scene_await(has_mail, third, WAIT_MS));
    cr_expect(scene_await(has_mail, next, WAIT_MS));
    await_metric("switchyard_hook_runs_total", "hook=\"mail\",result=\"ok\"", 2);
    await_metric("switchyard_hook_runs_total", "hook=\"mail\",result=\"failed\"", 2);
    cr_expect(scene_await(is_hook_idle, NULL, WAIT_MS));
    mail = read_mail();
    cr_expect_eq(
        sscanf(mail, "%llu|switch|1\n%llu|switch|2\n%llu|switch|3\n", &ids[0], &ids[1], &ids[2]), 3,
        "%s", mail);
    cr_expect(ids[0] != 0 && ids[0] == ids[1] && ids[1] == ids[2], "%s", mail);
    free(mail);
    end();
}

/* What a program could not take is there after a kill, under the same id; a webhook of its name has a queue of its own. */
Test(hooks, what_waits_for_a_program_outlives_a_kill)
{
    char again[] = "done|switch|";
    unsigned long long before = 0;
    unsigned long long after = 0;
    char *door = NULL;
    char *mail = NULL;

    prepare();
    write_program("shut.sh",
                  "#!/bin/sh\n"
                  "[ -e FOLDER/door ] && echo \"done|$SWITCHYARD_EVENT_KIND|$SWITCHYARD_EVENT_ID\" "
                  ">>FOLDER/mail && exit 0\n"
                  "echo \"shut|$SWITCHYARD_EVENT_KIND|$SWITCHYARD_EVENT_ID\" >>FOLDER/mail\n"
                  "exit 75\n");
    open_stage("hook same { command = \"FOLDER/shut.sh\" every = \"0s\" }\n"
               "webhook same { url = \"http://RECEIVER/\" }\n");
    origin_down(receiver);
    switch_to("green");
    cr_expect(daemon_await_log(stage.daemon, "hook=same words=\"exit 75", WAIT_MS));
    await_metric("switchyard_hook_queue_length", "hook=\"same\"", 1);
    await_metric("switchyard_webhook_queue_length", "webhook=\"same\"", 1);
    daemon_kill(stage.daemon);
    mail = read_mail();
    cr_expect_eq(sscanf(mail, "shut|switch|%llu", &before), 1, "%s", mail);
    free(mail);
    door = mem_format("%s/door", folder);
    scene_write(door, "", 0);
    free(door);
    daemon_restart(stage.daemon);
    cr_expect(scene_await(has_mail, again, WAIT_MS));
    mail = read_mail();
    cr_expect_eq(sscanf(strstr(mail, again), "done|switch|%llu", &after), 1, "%s", mail);
    cr_expect_eq(before, after, "%s", mail);
    free(mail);
    cr_expect(scene_await(is_hook_idle, NULL, WAIT_MS));
    await_metric("switchyard_webhook_queue_length", "webhook=\"same\"", 1);
    end();
}
