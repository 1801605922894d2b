/* The same measurements as OpenMetrics: src/control/openmetrics.c. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/text.h"
#include "control/openmetrics_priv.h"

static const struct {
    const char *accept;
    bool is_wanted;
} accepts[] = {
    { "application/openmetrics-text", true },
    { "application/openmetrics-text; version=1.0.0; charset=utf-8", true },
    /* what Prometheus sends */
    { "application/openmetrics-text;version=1.0.0,application/"
      "openmetrics-text;version=0.0.1;q=0.75,"
      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
      true },
    { "APPLICATION/OPENMETRICS-TEXT ;q=1", true },
    { "text/plain;q=0.5, application/openmetrics-text;q=0.6", true },
    { "text/plain;q=0.6, application/openmetrics-text;q=0.5", false },
    { "text/plain, application/openmetrics-text;q=0.999", false },
    { "application/openmetrics-text;q=0", false },
    { "application/openmetrics-text;q=0.0", false },
    { "application/openmetrics-text;q=x", false },
    { "application/openmetrics-text;version=0.0.1", false },
    { "text/plain;version=0.0.4", false },
    { "text/html,*/*;q=0.8", false },
    { "*/*", false },
    { "", false },
    { ",;,;q=,", false },
};

Test(openmetrics, is_for_those_who_want_it)
{
    for (size_t i = 0; i < sizeof accepts / sizeof accepts[0]; i++)
        cr_expect_eq(openmetrics_is_wanted(slice_from(accepts[i].accept)), accepts[i].is_wanted,
                     "%s", accepts[i].accept);
    cr_expect_not(openmetrics_is_wanted(slice_of(NULL, 0)));
}

static void expect(const char *plain, const char *want)
{
    struct text out;

    text_init(&out, 65536);
    openmetrics_write(slice_from(plain), &out);
    cr_expect_str_eq(out.bytes, want, "got\n%s", out.bytes);
    text_fini(&out);
}

Test(openmetrics, counters_lose_their_ending_and_get_a_unit)
{
    expect("# HELP a_requests_total Requests.\n# TYPE a_requests_total counter\n"
           "a_requests_total{x=\"1\"} 3\na_requests_total{x=\"2\"} 4\n"
           "# HELP a_cpu_seconds_total Time.\n# TYPE a_cpu_seconds_total counter\n"
           "a_cpu_seconds_total 0.5\n",
           "# HELP a_requests Requests.\n# TYPE a_requests counter\n"
           "a_requests_total{x=\"1\"} 3\na_requests_total{x=\"2\"} 4\n"
           "# HELP a_cpu_seconds Time.\n# TYPE a_cpu_seconds counter\n"
           "# UNIT a_cpu_seconds seconds\na_cpu_seconds_total 0.5\n# EOF\n");
}

Test(openmetrics, gauges_histograms_and_infos)
{
    expect("# HELP a_bytes Size.\n# TYPE a_bytes gauge\na_bytes 7\n"
           "# HELP a_seconds Time.\n# TYPE a_seconds histogram\n"
           "a_seconds_bucket{le=\"+Inf\"} 1\na_seconds_sum 2\na_seconds_count 1\n"
           "# HELP a_build_info What it is.\n# TYPE a_build_info gauge\na_build_info{v=\"1\"} 1\n"
           "# HELP a_up Whether # TYPE is.\n# TYPE a_up gauge\na_up 1\n",
           "# HELP a_bytes Size.\n# TYPE a_bytes gauge\n# UNIT a_bytes bytes\na_bytes 7\n"
           "# HELP a_seconds Time.\n# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n"
           "a_seconds_bucket{le=\"+Inf\"} 1\na_seconds_sum 2\na_seconds_count 1\n"
           "# HELP a_build What it is.\n# TYPE a_build info\na_build_info{v=\"1\"} 1\n"
           "# HELP a_up Whether # TYPE is.\n# TYPE a_up gauge\na_up 1\n# EOF\n");
}

/* Two families of one name would not be read: the counter keeps its whole name. */
Test(openmetrics, a_counter_beside_a_gauge_of_its_name)
{
    expect("# HELP a_tunnels Open.\n# TYPE a_tunnels gauge\na_tunnels 1\n"
           "# HELP a_tunnels_total All.\n# TYPE a_tunnels_total counter\na_tunnels_total 5\n",
           "# HELP a_tunnels Open.\n# TYPE a_tunnels gauge\na_tunnels 1\n"
           "# HELP a_tunnels_total All.\n# TYPE a_tunnels_total unknown\na_tunnels_total 5\n"
           "# EOF\n");
}

Test(openmetrics, nothing_is_an_end_alone)
{
    expect("", "# EOF\n");
}
