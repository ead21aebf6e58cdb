// What Synfire calls of the physics engine MuJoCo. Its headers are used where `make deps-mujoco` has put
// them, and its library is opened when it is first needed: a program that was built with the headers runs
// without the library, and one that was built without them says so.
#ifndef SYNFIRE_CMUJOCO_H
#define SYNFIRE_CMUJOCO_H

#include <stdint.h>

#pragma clang assume_nonnull begin

typedef struct synfire_mujoco_model synfire_mujoco_model;
typedef struct synfire_mujoco_data synfire_mujoco_data;

typedef struct {
  int64_t positions;  // generalized coordinates
  int64_t velocities; // degrees of freedom
  int64_t controls;
  int64_t bodies; // the world included
  int64_t geometries;
  int64_t state; // values that integration goes on from
  double time_step;
  const double *initial_positions; // [positions]
  const double *body_masses;       // [bodies]
} synfire_mujoco_sizes;

// Fields of a data block; the pointers hold as long as the block does.
typedef struct {
  double *positions;             // [positions]
  double *velocities;            // [velocities]
  double *controls;              // [controls]
  const double *body_centers;    // [bodies, 3] centers of mass
  const double *body_inertias;   // [bodies, 10] about the center of mass of all
  const double *body_velocities; // [bodies, 6] rotation, translation
  const double *actuator_forces; // [velocities]
  const double *external_forces; // [bodies, 6] of contacts; rotation, translation
} synfire_mujoco_fields;

// A sphere or a capsule.
typedef struct {
  const char *_Nullable name; // of its body where it has none itself
  double start[3], end[3], radius;
} synfire_mujoco_segment;

// The engine, opened. Models may be shared by threads, data blocks may not.
typedef struct {
  // Reads a model. NULL when that fails, with the reason in `error`, which has `length` bytes.
  synfire_mujoco_model *_Nullable (*_Nonnull load)(const char *path, char *error, int length);
  void (*_Nonnull delete_model)(synfire_mujoco_model *model);
  synfire_mujoco_sizes (*_Nonnull sizes)(const synfire_mujoco_model *model);

  // NULL when there is no memory.
  synfire_mujoco_data *_Nullable (*_Nonnull make_data)(const synfire_mujoco_model *model);
  void (*_Nonnull delete_data)(synfire_mujoco_data *data);
  synfire_mujoco_fields (*_Nonnull fields)(synfire_mujoco_data *data);

  // Goes back to the initial state. Positions and velocities may be changed before `forward`.
  void (*_Nonnull reset)(const synfire_mujoco_model *model, synfire_mujoco_data *data);
  // Computes everything that follows from the state, without a step.
  void (*_Nonnull forward)(const synfire_mujoco_model *model, synfire_mujoco_data *data);
  // Steps so many times with the controls as they are, and computes the forces of contacts if asked to.
  // Returns how often the engine has found a bad number in the state and begun anew.
  int (*_Nonnull step)(const synfire_mujoco_model *model, synfire_mujoco_data *data, int steps,
              int contact_forces);

  // All that integration goes on from, [sizes.state].
  void (*_Nonnull get_state)(const synfire_mujoco_model *model, const synfire_mujoco_data *data,
                    double *state);
  void (*_Nonnull set_state)(const synfire_mujoco_model *model, synfire_mujoco_data *data,
                    const double *state);

  // Computes where the parts are from the positions alone.
  void (*_Nonnull place)(const synfire_mujoco_model *model, synfire_mujoco_data *data);
  // Writes the part of that index, which has been placed. 0 for what is neither sphere nor capsule.
  int (*_Nonnull segment)(const synfire_mujoco_model *model, const synfire_mujoco_data *data,
                 int64_t geometry, synfire_mujoco_segment *segment);
} synfire_mujoco_engine;

// The version that the headers and the library have to be of, as one number: 4000000 for 4.0.0.
int synfire_mujoco_needed_version(void);
// 0 when there were no headers of that version when this was compiled.
int synfire_mujoco_is_built_in(void);

// Opens the library and writes its version, 0 where there is none to be had; not from two threads at once.
// NULL when that fails or the version is another than the one needed, with the reason in `error`.
const synfire_mujoco_engine *_Nullable synfire_mujoco_open(const char *path, int *version,
                                                           char *error, int length);

#pragma clang assume_nonnull end
#endif
