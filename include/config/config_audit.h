/*
 * The audit trail as configured. See config/config.h for the rules of the tree.
 */
#ifndef CONFIG_CONFIG_AUDIT_H
#define CONFIG_CONFIG_AUDIT_H

#include <stdint.h>

/* What happens to a command that changes something while its record cannot be written. */
enum config_audit_failure { CONFIG_AUDIT_REFUSE, CONFIG_AUDIT_CONTINUE };

struct config_audit {
    char *key;    /* file; NULL: records are not sealed */
    char *anchor; /* file; NULL: heads of the chain go to the log alone */
    uint64_t bytes;
    uint64_t patience; /* us */
    enum config_audit_failure on_failure;
};

#endif
