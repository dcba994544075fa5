#define X87
#include "floating.h"
const struct Row x87_rows[] = {
  {"x87_nbody", nbody}, {"x87_mandel32", mandel32}, {"x87_fmatmul64", fmatmul64}, {"x87_fdivsqrt", fdivsqrt}, {"x87_sin", sine}, {NULL, NULL},
};
