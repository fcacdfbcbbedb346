/* Runs two models of one process on the same input: each row of their softmax
 * adds up to 1. */
#include "rac-c/Model.h"
#include <stdio.h>
#include <string.h>

RAC_DECLARE_MODEL(first)
RAC_DECLARE_MODEL(m_2nd_model)

enum { kRows = 2, kIn = 64, kOut = 128 };

static void printSums(const char *name, const float *rows) {
  for (int i = 0; i < kRows; ++i) {
    double sum = 0;
    for (int j = 0; j < kOut; ++j)
      sum += rows[i * kOut + j];
    printf("%s %d: %.3f\n", name, i, sum);
  }
}

int main(void) {
  float pixels[kRows * kIn];
  for (int i = 0; i < kRows * kIn; ++i)
    pixels[i] = (float)(i % 7) / 7;
  int64_t shape[] = {kRows, kIn};
  DLTensor input = {pixels, {kDLCPU, 0}, 2, {kDLFloat, 32, 1}, shape, NULL, 0};
  const DLTensor *in[] = {&input};
  DLTensor first = {0}, second = {0}, hidden[2] = {{0}, {0}};
  DLTensor *firstOut[] = {&first, &hidden[0]};
  DLTensor *secondOut[] = {&second, &hidden[1]};

  RacContext *a = NULL, *b = NULL;
  puts(first_describe());
  if (first_create(NULL, &a) != RAC_OK ||
      m_2nd_model_create(NULL, &b) != RAC_OK)
    return puts(first_last_error(NULL)), 1;
  if (first_run(a, in, 1, firstOut, 2) != RAC_OK)
    return puts(first_last_error(a)), 1;
  if (m_2nd_model_run(b, in, 1, secondOut, 2) != RAC_OK)
    return puts(m_2nd_model_last_error(b)), 1;
  printSums("first", first.data);
  printSums("second", second.data);
  puts(memcmp(first.data, second.data, sizeof(float) * kRows * kOut) ? "differ"
                                                                     : "same");
  first_destroy(a);
  m_2nd_model_destroy(b);
  return 0;
}
