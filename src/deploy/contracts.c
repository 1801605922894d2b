/* See contracts_priv.h. Called at the start and by reload.c. */
#include "deploy/contracts_priv.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "store/contract.h"

enum { WORDS_MAX = 1024 };

struct contracts_service {
    struct contracts_slot *slots;
    size_t slot_count;
};

struct contracts {
    struct contracts_service *services;
    size_t service_count;
};

static void read_slot(const struct config_service *service, const struct config_slot *slot,
                      struct contracts_slot *out)
{
    const char *why = NULL;
    struct text words;

    text_init(&words, WORDS_MAX);
    if (slot->contract != NULL && contract_load(slot->contract, &out->contract, &words) != 0)
        out->trouble = mem_text_of(words.bytes, words.len);
    text_fini(&words);
    if (slot->schema != NULL) {
        out->has_range = schema_range_parse(slot->schema, &out->range, &why) == 0;
        if (!out->has_range && out->trouble == NULL)
            out->trouble = mem_format("schema \"%s\" of %s/%s is no range: %s", slot->schema,
                                      service->name, slot->name, why);
    }
    if (out->trouble != NULL)
        LOG_WARN("contract", "service=%s slot=%s %s", service->name, slot->name, out->trouble);
}

struct contracts *contracts_read(const struct config *config)
{
    struct contracts *contracts = mem_zalloc(sizeof *contracts);

    contracts->service_count = config->service_count;
    contracts->services = mem_zalloc((config->service_count + 1) * sizeof *contracts->services);
    for (size_t i = 0; i < config->service_count; i++) {
        const struct config_service *service = &config->services[i];
        struct contracts_service *out = &contracts->services[i];

        out->slot_count = service->slot_count;
        out->slots = mem_zalloc((service->slot_count + 1) * sizeof *out->slots);
        for (size_t j = 0; j < service->slot_count; j++)
            read_slot(service, &service->slots[j], &out->slots[j]);
    }
    return contracts;
}

void contracts_free(struct contracts *contracts)
{
    if (contracts == NULL)
        return;
    for (size_t i = 0; i < contracts->service_count; i++) {
        struct contracts_service *service = &contracts->services[i];

        for (size_t j = 0; j < service->slot_count; j++) {
            contract_free(service->slots[j].contract);
            free(service->slots[j].trouble);
        }
        free(service->slots);
    }
    free(contracts->services);
    free(contracts);
}

const struct contracts_slot *contracts_at(const struct contracts *contracts, size_t service,
                                          size_t slot)
{
    CHECK(service < contracts->service_count && slot < contracts->services[service].slot_count);
    return &contracts->services[service].slots[slot];
}
