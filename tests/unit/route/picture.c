/* See picture.h. */
#include "picture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "http/parse_head.h"

void picture_init(struct picture *picture, unsigned target_count, unsigned worker_count)
{
    memset(picture, 0, sizeof *picture);
    picture->identity = service_new("shop");
    picture->slot = slot_new(picture->identity, "blue", worker_count);
    cr_assert_eq(address_parse(SLICE("192.0.2.7:1"), &picture->client), 0);
    for (unsigned i = 0; i < target_count; i++) {
        struct address address;
        char name[32];

        snprintf(name, sizeof name, "127.0.0.1:%u", 5000 + i);
        cr_assert_eq(address_parse(slice_from(name), &address), 0);
        picture->targets[i] = target_new(picture->slot, name, &address, worker_count);
        picture->picks[i] =
            (struct pick){ .target = picture->targets[i], .weight = 1, .order = ORDER_READY };
    }
    picture->slots[0] = (struct snapshot_slot){ .slot = picture->slot,
                                                .pick_count = target_count,
                                                .picks = picture->picks };
    picture->service = (struct snapshot_service){ .service = picture->identity,
                                                  .slot_count = 1,
                                                  .slots = picture->slots };
    picture->query = (struct route_query){ .head = &picture->head, .client = &picture->client };
}

void picture_fini(struct picture *picture)
{
    for (unsigned i = 0; i < PICTURE_TARGETS; i++)
        target_free(picture->targets[i]);
    slot_free(picture->slot);
    service_free(picture->identity);
}

void picture_judge(struct picture *picture, const char *verdicts)
{
    for (unsigned i = 0; verdicts[i] != '\0'; i++) {
        enum verdict verdict = verdicts[i] == 'u'   ? VERDICT_UP
                               : verdicts[i] == 'd' ? VERDICT_DOWN
                               : verdicts[i] == 'm' ? VERDICT_MISDEPLOYED
                                                    : VERDICT_UNKNOWN;

        target_set_verdict(picture->targets[i], verdict);
    }
}

void picture_ask(struct picture *picture, const char *request)
{
    struct head_limits limits = { .head_bytes = 4096, .target_bytes = 1024, .fields = 16 };
    size_t searched = 0;
    enum fault fault = FAULT_NONE;

    memset(&picture->head, 0, sizeof picture->head);
    picture->head.fields = picture->fields;
    picture->head.field_capacity = 16;
    cr_assert_eq(
        parse_head_request(request, strlen(request), &searched, &limits, &picture->head, &fault),
        PARSE_DONE, "%s", request);
}

int picture_pick(struct picture *picture)
{
    struct target *target = balance_pick(&picture->service, picture->slots, &picture->query);

    for (int i = 0; target != NULL && i < PICTURE_TARGETS; i++)
        if (picture->targets[i] == target)
            return i;
    cr_assert_null(target);
    return -1;
}
