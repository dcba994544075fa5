#include "floating.h"
const struct Row floating_rows[] = {{"nbody", nbody}, {"mandel32", mandel32}, {"fmatmul64", fmatmul64}, {"fdivsqrt", fdivsqrt}, {"sin", sine}, {NULL, NULL}};
