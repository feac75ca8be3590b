/* Helpers shared by the C benchmark programs: arguments, clock, percentiles,
 * the two result blocks.  Plain C99, also valid C++.  See README.md for the contract. */
#ifndef PEERS_BENCH_COMMON_H
#define PEERS_BENCH_COMMON_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  const char *workload, *server, *path;
  int iterations, warmup, n, hold_ms, session_ms, chain;
} bench_args;

static inline int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline void sleep_ms(int ms) {
  struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
  nanosleep(&t, NULL);
}

static inline void bench_die(const char* what, int rc) {
  fprintf(stderr, "%s: rc=%d\n", what, rc);
  exit(1);
}

static inline bench_args bench_parse(int argc, char** argv) {
  bench_args a = {"W1", "127.0.0.1:21860", "/bench/lock", -1, -1, 16, 10, 10000, 0};
  for (int i = 1; i + 1 < argc; i += 2) {
    const char *k = argv[i], *v = argv[i + 1];
    if (!strcmp(k, "--workload"))
      a.workload = v;
    else if (!strcmp(k, "--server"))
      a.server = v;
    else if (!strcmp(k, "--path"))
      a.path = v;
    else if (!strcmp(k, "--iterations"))
      a.iterations = atoi(v);
    else if (!strcmp(k, "--warmup"))
      a.warmup = atoi(v);
    else if (!strcmp(k, "--n"))
      a.n = atoi(v);
    else if (!strcmp(k, "--hold-ms"))
      a.hold_ms = atoi(v);
    else if (!strcmp(k, "--session-ms"))
      a.session_ms = atoi(v);
    else if (!strcmp(k, "--chain"))
      a.chain = atoi(v); /* raw only */
    else
      bench_die(k, 2);
  }
  if (a.iterations < 0)
    a.iterations = !strcmp(a.workload, "W1")   ? 2000
                   : !strcmp(a.workload, "W2") ? 300
                   : !strcmp(a.workload, "W5") ? 200
                                               : 1000;
  if (a.warmup < 0)
    a.warmup = !strcmp(a.workload, "W2") ? 30 : !strcmp(a.workload, "W5") ? 20 : 200;
  return a;
}

static int bench_cmp64(const void* x, const void* y) {
  int64_t a = *(const int64_t*)x, b = *(const int64_t*)y;
  return (a > b) - (a < b);
}

/* Prints ,"name":{...} in microseconds; nearest-rank percentiles; sorts v. */
static inline void bench_stat(const char* name, int64_t* v, long n) {
  static const struct {
    const char* label;
    double q;
  } P[] = {{"p50", .50}, {"p90", .90}, {"p99", .99}, {"p999", .999}};
  double sum = 0;
  if (n == 0) return;
  qsort(v, (size_t)n, sizeof *v, bench_cmp64);
  for (long i = 0; i < n; i++) sum += (double)v[i];
  printf(",\"%s\":{\"n\":%ld,\"min\":%.1f,\"mean\":%.1f", name, n, v[0] / 1e3,
         sum / (double)n / 1e3);
  for (int k = 0; k < 4; k++) {
    double r = P[k].q * (double)n;
    long i = (long)r;
    if ((double)i < r) i++;
    printf(",\"%s\":%.1f", P[k].label, v[i > 0 ? i - 1 : 0] / 1e3);
  }
  printf(",\"max\":%.1f}", v[n - 1] / 1e3);
}

/* One acquisition in W3: times of lock() call, its return, unlock() call, its return,
 * the sequence number of the lock znode (-1: not exposed) and whose it was. */
typedef struct {
  int64_t call, acq, rel, end, seq;
  int who, round;
} bench_acq;

static int bench_cmp_acq(const void* x, const void* y) {
  int64_t a = ((const bench_acq*)x)->acq, b = ((const bench_acq*)y)->acq;
  return (a > b) - (a < b);
}

/* Prints the W3 result block.  `exclusive` = 0 for raw, which has no lock to check. */
static inline void bench_convoy(bench_acq* a, long n, int exclusive, long counter,
                                long inside_bad) {
  int64_t *w = (int64_t*)malloc(sizeof *w * (size_t)n),
          *u = (int64_t*)malloc(sizeof *u * (size_t)n);
  int64_t t0 = INT64_MAX, t1 = 0, seq_max = -1;
  long overlaps = 0, seq_bad = 0, bypassed = 0, bypass_max = 0;
  int have_seq = 1;
  qsort(a, (size_t)n, sizeof *a, bench_cmp_acq);
  for (long i = 0; i < n; i++) {
    long by = 0;
    w[i] = a[i].acq - a[i].call;
    u[i] = a[i].end - a[i].rel;
    if (a[i].call < t0) t0 = a[i].call;
    if (a[i].end > t1) t1 = a[i].end;
    if (i && a[i].acq < a[i - 1].rel) overlaps++;
    if (a[i].seq < 0)
      have_seq = 0;
    else if (a[i].seq < seq_max)
      seq_bad++;
    else
      seq_max = a[i].seq;
    /* how many later callers got in before this one; first rounds start together, skip them */
    if (a[i].round > 0)
      for (long j = 0; j < i; j++)
        if (a[j].round > 0 && a[j].call > a[i].call) by++;
    if (by) bypassed++;
    if (by > bypass_max) bypass_max = by;
  }
  printf(",\"acquisitions\":%ld,\"elapsed_s\":%.4f,\"acq_per_s\":%.1f", n, (t1 - t0) / 1e9,
         n / ((t1 - t0) / 1e9));
  if (exclusive) {
    printf(",\"counter\":%ld,\"inside_violations\":%ld,\"overlaps\":%ld,\"mutex_ok\":%s", counter,
           inside_bad, overlaps, counter == n && !inside_bad && !overlaps ? "true" : "false");
    if (have_seq)
      printf(",\"seq_out_of_order\":%ld", seq_bad);
    else
      printf(",\"seq_out_of_order\":null");
    printf(",\"bypassed\":%ld,\"bypass_max\":%ld", bypassed, bypass_max);
  } else
    printf(",\"mutex_ok\":null,\"seq_out_of_order\":null,\"bypassed\":null,\"bypass_max\":null");
  bench_stat("wait_us", w, n);
  bench_stat("unlock_us", u, n);
  free(w);
  free(u);
}

#endif
