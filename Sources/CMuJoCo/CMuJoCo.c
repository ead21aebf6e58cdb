#include "CMuJoCo.h"

#include <stdio.h>

// The version whose results Synfire's tests know; another one's headers count as none.
#define NEEDED 4000000

int synfire_mujoco_needed_version(void) { return NEEDED; }

#if __has_include(<mujoco/mujoco.h>)
#include <dlfcn.h>
#include <mujoco/mujoco.h>
#endif

#if !defined(mjVERSION_HEADER) || mjVERSION_HEADER != NEEDED

int synfire_mujoco_is_built_in(void) { return 0; }

const synfire_mujoco_engine *synfire_mujoco_open(const char *path, int *version, char *error,
                                                 int length) {
  (void)path;
  *version = 0;
  snprintf(error, (size_t)length, "this program was built without its headers");
  return NULL;
}

#else

int synfire_mujoco_is_built_in(void) { return 1; }

// The functions of the library, under their own types.
#define FUNCTIONS(use)                                                                             \
  use(mju_setLogHandler) use(mj_loadXML) use(mj_deleteModel) use(mj_makeData) use(mj_deleteData)   \
      use(mj_resetData) use(mj_forward) use(mj_step) use(mj_rnePostConstraint) use(mj_kinematics)  \
          use(mj_stateSize) use(mj_getState) use(mj_setState) use(mj_id2name)

// Written once, before the engine is handed out.
static struct {
#define DECLARE(name) __typeof__(&name) name;
  FUNCTIONS(DECLARE)
} library;

// The library's own handler prints, and writes a file into the current folder. Warnings are counted in
// the data block; an error, which is one of memory or of use, ends the program after this.
static void log_message(const mjLogMessage *message) {
  if (message->level >= mjLOG_ERROR) fprintf(stderr, "MuJoCo: %s\n", message->subject);
}

static const mjModel *model_of(const synfire_mujoco_model *model) {
  return (const mjModel *)model;
}
static mjData *data_of(synfire_mujoco_data *data) { return (mjData *)data; }
static const mjData *seen_of(const synfire_mujoco_data *data) { return (const mjData *)data; }

static synfire_mujoco_model *load(const char *path, char *error, int length) {
  return (synfire_mujoco_model *)library.mj_loadXML(path, NULL, error, length);
}

static void delete_model(synfire_mujoco_model *model) { library.mj_deleteModel((mjModel *)model); }

static synfire_mujoco_sizes sizes(const synfire_mujoco_model *handle) {
  const mjModel *model = model_of(handle);
  return (synfire_mujoco_sizes){
      .positions = model->nq,
      .velocities = model->nv,
      .controls = model->nu,
      .bodies = model->nbody,
      .geometries = model->ngeom,
      .state = library.mj_stateSize(model, mjSTATE_INTEGRATION),
      .time_step = model->opt.timestep,
      .initial_positions = model->qpos0,
      .body_masses = model->body_mass,
  };
}

static synfire_mujoco_data *make_data(const synfire_mujoco_model *model) {
  return (synfire_mujoco_data *)library.mj_makeData(model_of(model));
}

static void delete_data(synfire_mujoco_data *data) { library.mj_deleteData(data_of(data)); }

static synfire_mujoco_fields fields(synfire_mujoco_data *handle) {
  mjData *data = data_of(handle);
  return (synfire_mujoco_fields){
      .positions = data->qpos,
      .velocities = data->qvel,
      .controls = data->ctrl,
      .body_centers = data->xipos,
      .body_inertias = data->cinert,
      .body_velocities = data->cvel,
      .actuator_forces = data->qfrc_actuator,
      .external_forces = data->cfrc_ext,
  };
}

static void reset(const synfire_mujoco_model *model, synfire_mujoco_data *data) {
  library.mj_resetData(model_of(model), data_of(data));
}

static void forward(const synfire_mujoco_model *model, synfire_mujoco_data *data) {
  library.mj_forward(model_of(model), data_of(data));
}

static int step(const synfire_mujoco_model *model, synfire_mujoco_data *handle, int steps,
                int contact_forces) {
  mjData *data = data_of(handle);
  int bad = 0;
  for (int index = 0; index < steps; index++) {
    // Cleared at each step: beginning anew clears them too, but for the one that is the reason.
    for (int warning = mjWARN_BADQPOS; warning <= mjWARN_BADQACC; warning++)
      data->warning[warning].number = 0;
    library.mj_step(model_of(model), data);
    for (int warning = mjWARN_BADQPOS; warning <= mjWARN_BADQACC; warning++)
      bad += data->warning[warning].number;
  }
  if (contact_forces) library.mj_rnePostConstraint(model_of(model), data);
  return bad;
}

static void get_state(const synfire_mujoco_model *model, const synfire_mujoco_data *data,
                      double *state) {
  library.mj_getState(model_of(model), seen_of(data), state, mjSTATE_INTEGRATION);
}

static void set_state(const synfire_mujoco_model *model, synfire_mujoco_data *data,
                      const double *state) {
  library.mj_setState(model_of(model), data_of(data), state, mjSTATE_INTEGRATION);
}

static void place(const synfire_mujoco_model *model, synfire_mujoco_data *data) {
  library.mj_kinematics(model_of(model), data_of(data));
}

static int segment(const synfire_mujoco_model *model_handle, const synfire_mujoco_data *data_handle,
                   int64_t geometry, synfire_mujoco_segment *segment) {
  const mjModel *model = model_of(model_handle);
  const mjData *data = seen_of(data_handle);
  int type = model->geom_type[geometry];
  if (type != mjGEOM_SPHERE && type != mjGEOM_CAPSULE) return 0;
  const char *name = library.mj_id2name(model, mjOBJ_GEOM, (int)geometry);
  if (name == NULL) name = library.mj_id2name(model, mjOBJ_BODY, model->geom_bodyid[geometry]);
  segment->name = name;
  segment->radius = model->geom_size[3 * geometry];
  // A capsule lies along the third axis of its frame.
  double half = type == mjGEOM_CAPSULE ? model->geom_size[3 * geometry + 1] : 0;
  for (int axis = 0; axis < 3; axis++) {
    double center = data->geom_xpos[3 * geometry + axis];
    double along = half * data->geom_xmat[9 * geometry + 3 * axis + 2];
    segment->start[axis] = center - along;
    segment->end[axis] = center + along;
  }
  return 1;
}

static const synfire_mujoco_engine engine = {
    .load = load,
    .delete_model = delete_model,
    .sizes = sizes,
    .make_data = make_data,
    .delete_data = delete_data,
    .fields = fields,
    .reset = reset,
    .forward = forward,
    .step = step,
    .get_state = get_state,
    .set_state = set_state,
    .place = place,
    .segment = segment,
};

const synfire_mujoco_engine *synfire_mujoco_open(const char *path, int *version, char *error,
                                                 int length) {
  *version = 0;
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) {
    snprintf(error, (size_t)length, "%s", dlerror());
    return NULL;
  }
  // The version first: another one may lack what is asked for after it.
  const char *missing = NULL;
  __typeof__(&mj_version) mj_version = (__typeof__(mj_version))dlsym(handle, "mj_version");
  if (mj_version == NULL) {
    missing = "mj_version";
  } else {
    *version = mj_version();
  }
#define FIND(name)                                                                                 \
  if (missing == NULL && *version == NEEDED) {                                           \
    library.name = (__typeof__(library.name))dlsym(handle, #name);                                 \
    if (library.name == NULL) missing = #name;                                                     \
  }
  FUNCTIONS(FIND)
  if (missing == NULL && *version == NEEDED) {
    library.mju_setLogHandler(log_message);
    return &engine;
  }
  if (missing != NULL) {
    snprintf(error, (size_t)length, "it has no function %s", missing);
  } else {
    snprintf(error, (size_t)length, "it is of another version than the headers");
  }
  dlclose(handle);
  return NULL;
}
#endif
