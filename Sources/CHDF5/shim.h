#ifndef SYNFIRE_CHDF5_H
#define SYNFIRE_CHDF5_H
#include <hdf5.h>
#endif
