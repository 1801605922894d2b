/* See metrics_audit_priv.h. */
#include "control/metrics_audit_priv.h"

#include "audit/audit_trail.h"
#include "control/admin.h"
#include "control/exposition_priv.h"

static void write_one(struct exposition *x, const char *name, enum exposition_type type,
                      const char *help, uint64_t value)
{
    exposition_open(x, name, type, help);
    exposition_u64(x, "", value);
}

void metrics_audit_write(const struct control_room *room, struct text *out)
{
    struct exposition x = { .out = out };
    struct audit_trail_view view;

    if (room->audit == NULL)
        return;
    audit_trail_look(room->audit, &view);
    write_one(&x, "switchyard_audit_records_total", EXPOSITION_COUNTER,
              "Records of the audit trail that were written and synced.", view.records);
    write_one(&x, "switchyard_audit_write_errors_total", EXPOSITION_COUNTER,
              "Writes of the audit trail or of its anchor that failed.", view.write_errors);
    write_one(&x, "switchyard_audit_lost_total", EXPOSITION_COUNTER,
              "Records for which there was no room in memory while they could not be written.",
              view.lost);
    write_one(&x, "switchyard_audit_suppressed_total", EXPOSITION_COUNTER,
              "Refused attempts that were only counted, because there were too many.",
              view.suppressed);
    write_one(&x, "switchyard_audit_queue", EXPOSITION_GAUGE, "Records that are not on disk yet.",
              view.queue);
    write_one(&x, "switchyard_audit_last_seq", EXPOSITION_GAUGE,
              "Sequence number of the last record on disk.", view.last_seq);
    write_one(&x, "switchyard_audit_anchored_seq", EXPOSITION_GAUGE,
              "Sequence number of the last record whose hash was put elsewhere.",
              view.anchored_seq);
    write_one(&x, "switchyard_audit_failing", EXPOSITION_GAUGE,
              "1 while records cannot be written.", view.is_failing);
    write_one(&x, "switchyard_compat_write_errors_total", EXPOSITION_COUNTER,
              "Writes of the files for older tools that failed.", view.file_errors);
}
