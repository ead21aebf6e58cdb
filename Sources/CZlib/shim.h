#ifndef SYNFIRE_CZLIB_H
#define SYNFIRE_CZLIB_H
#include <zlib.h>
#endif
