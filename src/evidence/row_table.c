/* See row_table_priv.h. Called by the engine for every row of every closed block. */
#include "evidence/row_table_priv.h"

#include "evidence/baseline_priv.h"
#include "evidence/kernel_priv.h"

const struct row_entry row_table[ROW_COUNT] = {
    [ROW_ERR_MOD] = { "err_mod", ROW_TWO, 0.25, ROW_ERRORS, true, false },
    [ROW_ERR_GROSS] = { "err_gross", ROW_TWO, 0.20, ROW_ERRORS, false, false },
    [ROW_ERR_ABS] = { "err_abs", ROW_ABS, 0.05, ROW_ERRORS, false, false },
    [ROW_HIST_MOD] = { "hist_mod", ROW_HIST, 0.03, ROW_ERRORS, true, false },
    [ROW_HIST_GROSS] = { "hist_gross", ROW_HIST, 0.03, ROW_ERRORS, false, false },
    [ROW_LAT50] = { "lat50", ROW_LAT, 0.08, BASELINE_P50, false, false },
    [ROW_LAT95] = { "lat95", ROW_LAT, 0.08, BASELINE_P95, false, false },
    [ROW_LAT99] = { "lat99", ROW_LAT, 0.08, BASELINE_P99, false, false },
    [ROW_LAT999] = { "lat999", ROW_LAT, 0.08, BASELINE_P999, false, false },
    [ROW_LAT50X3] = { "lat50x3", ROW_LAT, 0.06, BASELINE_P50, false, false },
    [ROW_LAT99X3] = { "lat99x3", ROW_LAT, 0.06, BASELINE_P99, false, false },
    [ROW_LAT50WARN] = { "lat50warn", ROW_LAT, 0.25, BASELINE_P50, false, true },
};

/* The border of a latency row: the share above the edge that is allowed, beside a baseline and without one. */
struct lat_border {
    double margin;
    double alone_ratio, alone_margin;
    double alone_tolerance;
};

static const struct lat_border lat_borders[ROW_COUNT] = {
    [ROW_LAT50] = { 0.01, 1, 0.05, 0.5 },  [ROW_LAT95] = { 0.005, 1.5, 0.02, 0.5 },
    [ROW_LAT99] = { 0.002, 2, 0.01, 0.5 }, [ROW_LAT999] = { 0.001, 2, 0.005, 0.5 },
    [ROW_LAT50X3] = { 0.10, 1, 0.15, 2 },  [ROW_LAT99X3] = { 0.005, 2, 0.02, 2 },
    [ROW_LAT50WARN] = { 0, 1, 0.05, 0.2 },
};

static double sustain_of(enum row_name name, const struct settings *settings)
{
    switch (name) {
    case ROW_ERR_MOD:
    case ROW_ERR_ABS:
    case ROW_HIST_MOD: return settings->error_sustain_ms;
    case ROW_ERR_GROSS:
    case ROW_HIST_GROSS: return settings->gross_sustain_ms;
    case ROW_LAT50:
    case ROW_LAT95:
    case ROW_LAT99:
    case ROW_LAT999:
    case ROW_LAT50WARN: return settings->latency_sustain_ms;
    case ROW_LAT50X3:
    case ROW_LAT99X3: return settings->latency_gross_sustain_ms;
    case ROW_COUNT: break;
    }
    return 0;
}

void row_table_rule(enum row_name name, const struct settings *settings, bool is_alone, double rate,
                    struct row_rule *out)
{
    const struct lat_border *lat = &lat_borders[name];

    rate = kernel_clip(rate);
    *out = (struct row_rule){
        .sustain_ms = sustain_of(name, settings),
        .budget = settings->false_rollback_per_hour * row_table[name].share,
    };
    switch (row_table[name].kind) {
    case ROW_TWO:
        out->ratio = name == ROW_ERR_MOD ? settings->error_ratio : settings->gross_ratio;
        out->margin = name == ROW_ERR_MOD ? settings->error_margin : settings->gross_margin;
        break;
    case ROW_ABS: out->margin = settings->error_absolute; break;
    case ROW_HIST:
        out->margin = settings->hist_ratio * rate +
                      (name == ROW_HIST_MOD ? settings->hist_margin : settings->gross_margin);
        break;
    case ROW_LAT:
        out->ratio = is_alone ? 0 : 1;
        out->margin = is_alone ? lat->alone_ratio * rate + lat->alone_margin : lat->margin;
        break;
    }
}

double row_table_tolerance(enum row_name name, const struct settings *settings, bool is_alone)
{
    if (is_alone)
        return lat_borders[name].alone_tolerance;
    if (name == ROW_LAT50WARN)
        return settings->latency_warn_tolerance;
    return name == ROW_LAT50X3 || name == ROW_LAT99X3 ? settings->latency_gross_tolerance
                                                      : settings->latency_tolerance;
}
