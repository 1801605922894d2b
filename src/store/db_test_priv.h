/*
 * A connection made to be looked at: how long it takes, what the role may, what the server has left. All of it within the
 * connect timeout. Owner and thread: the store's.
 */
#ifndef STORE_DB_TEST_PRIV_H
#define STORE_DB_TEST_PRIV_H

struct db_spec;
struct db_test;
struct loop;
struct name_lookup;
struct store_test;

/* Once, from the loop; the test may be freed in it. */
typedef void db_test_fn(void *arg, const struct store_test *found);

/* spec and names are borrowed. */
struct db_test *db_test_new(struct loop *loop, const struct db_spec *spec,
                            struct name_lookup *names, db_test_fn *done, void *arg);
void db_test_free(struct db_test *test); /* NULL is allowed; nothing is told */

#endif
