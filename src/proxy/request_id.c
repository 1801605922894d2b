/* Request ids: 128 random bits as hexadecimal digits. See request_id.h. */
#include "proxy/request_id.h"

#include <string.h>

#include "base/hash.h"
#include "proxy/exchange.h"
#include "proxy/worker_priv.h"

enum { ID_MAX = 128, ID_DIGITS = 32 };

bool request_id_is_sane(struct slice id)
{
    if (id.len == 0 || id.len > ID_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        unsigned char c = (unsigned char)id.ptr[i];
        bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

        if (!is_letter && (c < '0' || c > '9') && (c == '\0' || strchr("-_.:+/=@", c) == NULL))
            return false;
    }
    return true;
}

static void write_hex(uint64_t value, char *out)
{
    for (int i = 15; i >= 0; i--) {
        out[i] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
}

struct slice request_id_of(struct exchange *exchange)
{
    const struct head *head = &exchange->head;
    char *id = NULL;

    if ((head->seen & 1ull << FIELD_X_REQUEST_ID) != 0) {
        unsigned index = 0;
        const struct field *field = head_find(head, FIELD_X_REQUEST_ID, &index);

        if (field != NULL && request_id_is_sane(head_field_value(head, field)))
            return head_field_value(head, field);
    }
    id = arena_alloc(&exchange->arena, ID_DIGITS);
    if (id == NULL)
        return slice_of(NULL, 0);
    write_hex(hash_random(&exchange->worker->random), id);
    write_hex(hash_random(&exchange->worker->random), id + ID_DIGITS / 2);
    return slice_of(id, ID_DIGITS);
}
