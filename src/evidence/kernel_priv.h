/*
 * The one formula under all rows: what a block of two samples says about rates that a guess puts beyond the border
 * candidate = ratio * baseline + margin. The guess is projected on the border in the sense of Kullback and Leibler;
 * exp(delta) then has an expectation of at most 1 for every pair of rates on the other side. Pure, any thread.
 */
#ifndef EVIDENCE_KERNEL_PRIV_H
#define EVIDENCE_KERNEL_PRIV_H

/* Requests, and how many of them are bad. Whole numbers. */
struct kernel_block {
    double candidate_n, candidate_x;
    double baseline_n, baseline_x;
};

struct kernel_guess {
    double candidate, baseline; /* rates, in (0, 1) */
};

struct kernel_border {
    double ratio; /* 0: one sample; the baseline has no say */
    double margin;
};

struct kernel_result {
    double candidate_rate, baseline_rate; /* the point on the border */
    double delta;                         /* nats that the block brings for the guess */
    double expected;                      /* nats that it would bring if the guess were true */
};

/* All zero when a sample that is needed is empty. The border must lie in (0, 1) at the guess. */
void kernel_weigh(const struct kernel_block *block, struct kernel_guess guess,
                  struct kernel_border border, struct kernel_result *out);

/* A rate that logarithms can take: 1e-6 to 0.999. */
double kernel_clip(double rate);

/* ln(exp(a) + exp(b)); minus infinity is zero. */
double kernel_add_logs(double a, double b);

#endif
