#ifndef SYNFIRE_CHDF5_H
#define SYNFIRE_CHDF5_H

#include <hdf5.h>
#include <stdlib.h>

// The library's predefined types and property classes are macros that call H5open() first; Swift
// imports no such macro, so each one that is used has a function here.

static inline hid_t synfire_hdf5_float32(void) { return H5T_IEEE_F32LE; }
static inline hid_t synfire_hdf5_float64(void) { return H5T_IEEE_F64LE; }
static inline hid_t synfire_hdf5_int64(void) { return H5T_STD_I64LE; }
static inline hid_t synfire_hdf5_uint8(void) { return H5T_STD_U8LE; }
static inline hid_t synfire_hdf5_int8(void) { return H5T_STD_I8LE; }
static inline hid_t synfire_hdf5_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t synfire_hdf5_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t synfire_hdf5_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t synfire_hdf5_native_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t synfire_hdf5_string_base(void) { return H5T_C_S1; }
static inline size_t synfire_hdf5_variable_length(void) { return H5T_VARIABLE; }

static inline hid_t synfire_hdf5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t synfire_hdf5_dataset_creation(void) { return H5P_DATASET_CREATE; }
static inline hid_t synfire_hdf5_link_creation(void) { return H5P_LINK_CREATE; }

static inline unsigned synfire_hdf5_truncate(void) { return H5F_ACC_TRUNC; }
static inline unsigned synfire_hdf5_read_only(void) { return H5F_ACC_RDONLY; }
static inline hid_t synfire_hdf5_whole(void) { return H5S_ALL; }

static inline void synfire_hdf5_silence(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

// Reading needs no lock on the file, and some network file systems refuse one.
static inline void synfire_hdf5_without_lock(hid_t access) {
#if H5_VERSION_GE(1, 10, 7) && !(H5_VERSION_GE(1, 12, 0) && !H5_VERSION_GE(1, 12, 1))
  H5Pset_file_locking(access, 0, 1);
#else
  (void)access;
#endif
}

static herr_t synfire_hdf5_keep_description(unsigned n, const H5E_error2_t *error, void *kept) {
  (void)n;
  if (error->desc != NULL && error->desc[0] != '\0') *(const char **)kept = error->desc;
  return 0;
}

// The innermost description of the last failure, or NULL; valid until the next call of the library.
static inline const char *synfire_hdf5_last_error(void) {
  const char *description = NULL;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, synfire_hdf5_keep_description, &description);
  return description;
}
#endif
