#ifndef SYNFIRE_CMATIO_H
#define SYNFIRE_CMATIO_H

#include <matio.h>

static inline int synfire_matio_read_only(void) { return MAT_ACC_RDONLY; }
#endif
