/* The tree itself: finding and freeing. See config/config.h. */
#include "config/config.h"

#include <stdlib.h>

#include "config/option_value_priv.h"

static void free_block(enum block_id id, char *base);

static void free_titled_blocks(const struct block_row *row, enum block_id id, char *outer)
{
    char *elements = *(char **)(outer + row->offset);
    size_t count = *(size_t *)(outer + row->count_offset);

    for (size_t i = 0; i < count; i++) {
        free(*(char **)(elements + i * row->element_size)); /* the name comes first */
        free_block(id, elements + i * row->element_size);
    }
    free(elements);
}

static void free_block(enum block_id id, char *base)
{
    for (size_t i = 0; i < option_table_count; i++)
        if (option_table_rows[i].block == option_table_blocks[id].options_of)
            option_value_free(&option_table_rows[i], base + option_table_rows[i].offset);
    for (enum block_id inner = BLOCK_ROOT + 1; inner < BLOCK_COUNT; inner++) {
        const struct block_row *row = &option_table_blocks[inner];

        if (row->parent != id)
            continue;
        if (row->is_titled)
            free_titled_blocks(row, inner, base);
        else
            free_block(inner, base + row->offset);
    }
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->group_count; i++)
        free(config->groups[i].services);
    for (size_t i = 0; i < config->service_count; i++) {
        free(config->services[i].tenant.pins.items);
        free(config->services[i].maint.page_text);
    }
    free_block(BLOCK_ROOT, (char *)config);
    free(config);
}

const struct config_service *config_find_service(const struct config *config, struct slice name)
{
    for (size_t i = 0; i < config->service_count; i++)
        if (slice_is_equal(slice_from(config->services[i].name), name))
            return &config->services[i];
    return NULL;
}

const struct config_database *config_find_database(const struct config *config, struct slice name)
{
    for (size_t i = 0; i < config->database_count; i++)
        if (slice_is_equal(slice_from(config->databases[i].name), name))
            return &config->databases[i];
    return NULL;
}

const struct config_slot *config_find_slot(const struct config_service *service, struct slice name)
{
    for (size_t i = 0; i < service->slot_count; i++)
        if (slice_is_equal(slice_from(service->slots[i].name), name))
            return &service->slots[i];
    return NULL;
}

size_t config_group_of(const struct config *config, const struct config_service *service)
{
    size_t index = (size_t)(service - config->services);

    for (size_t i = 0; i < config->group_count; i++)
        for (size_t j = 0; j < config->groups[i].names.count; j++)
            if (config->groups[i].services[j] == index)
                return i;
    return config->group_count;
}
