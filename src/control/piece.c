/* See piece_priv.h. */
#include "control/piece_priv.h"

#include <inttypes.h>

#include "base/text.h"
#include "route/snapshot.h"

static void end_json(const struct reply *reply, struct text *out)
{
    text_add_format(out,
                    "\"ok\":%s,\"code\":%d,\"outcome\":\"%s\",\"fault\":\"%s\",\"epoch\":%" PRIu64
                    ",\"error\":",
                    reply_is_ok(reply) ? "true" : "false", (int)reply->outcome,
                    outcome_name(reply->outcome), fault_name(reply->fault),
                    snapshot_epoch(snapshot_current()));
    if (reply->outcome == OUTCOME_DONE) {
        text_add(out, "null}\n\n");
        return;
    }
    text_add_format(out, "{\"code\":\"%s\",\"message\":\"", fault_name(reply->fault));
    text_add_json(out, slice_from(reply->words));
    text_add(out, "\",\"hint\":\"");
    text_add_json(out, slice_from(reply->hint));
    text_add(out, "\"}}\n\n");
}

void piece_end(const struct call *call, struct text *out)
{
    if (call->is_json)
        end_json(&call->reply, out);
    else
        reply_write_text(&call->reply, out);
}
