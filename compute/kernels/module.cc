// A module of Node that registers ops and their CPU kernels with the TensorFlow of the process that loads it.
#include <malloc.h>
#include <stdexcept>
#include <string>
#include "call.h"
#include "messages.h"

// All that is needed of Node-API (node_api.h).
extern "C" {
struct napi_env__;
struct napi_value__;
struct napi_callback_info__;
using napi_callback = napi_value__ *(*)(napi_env__ *, napi_callback_info__ *);
int napi_throw_error(napi_env__ *, const char *code, const char *message);
int napi_create_function(napi_env__ *, const char *name, size_t length, napi_callback, void *data, napi_value__ **);
int napi_set_named_property(napi_env__ *, napi_value__ *object, const char *name, napi_value__ *);
int napi_get_cb_info(napi_env__ *, napi_callback_info__ *, size_t *count, napi_value__ **values, napi_value__ **self,
                     void **data);
int napi_get_typedarray_info(napi_env__ *, napi_value__ *, int *type, size_t *length, void **data,
                             napi_value__ **buffer, size_t *offset);
}

namespace {

void check(TF_Status *status, const char *name) {
  const bool isFine = TF_GetCode(status) == 0;
  const std::string message = isFine ? "" : std::string(name) + ": " + TF_Message(status);
  TF_DeleteStatus(status);
  if (!isFine) throw std::runtime_error(message);
}

void registerAll() {
  registerNorm();
  registerSwiglu();
  registerHeads();
  registerSoftmax();
  registerSums();
  registerLoss();
  registerMessages();
}

/// setMessage(values: Float32Array)
napi_value__ *setMessageOf(napi_env__ *env, napi_callback_info__ *info) {
  constexpr int kFloat32Array = 7;
  size_t count = 1, length = 0;
  napi_value__ *values = nullptr;
  int type = 0;
  void *data = nullptr;
  const bool isArray = napi_get_cb_info(env, info, &count, &values, nullptr, nullptr) == 0 && count == 1 &&
                       napi_get_typedarray_info(env, values, &type, &length, &data, nullptr, nullptr) == 0;
  if (isArray && type == kFloat32Array) {
    setMessage({static_cast<float *>(data), static_cast<int64_t>(length)});
  } else {
    napi_throw_error(env, nullptr, "setMessage: a Float32Array is needed");
  }
  return nullptr;
}

/// glibc keeps what is freed in pieces below a limit that grows with what is freed, up to 32 MiB: arrays of weights
/// and messages would stay resident. With a fixed limit they go back to the system.
void returnLargeMemory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
#endif
}

}  // namespace

void defineOp(const OpDefinition &op) {
  TF_OpDefinitionBuilder *builder = TF_NewOpDefinitionBuilder(op.name);
  for (const char *one : op.attributes) TF_OpDefinitionBuilderAddAttr(builder, one);
  for (const char *one : op.inputs) TF_OpDefinitionBuilderAddInput(builder, one);
  for (const char *one : op.outputs) TF_OpDefinitionBuilderAddOutput(builder, one);
  TF_Status *status = TF_NewStatus();
  TF_RegisterOpDefinition(builder, status);
  check(status, op.name);
}

void addKernel(const char *op, const char *attribute, int type,
               void *(*create)(TF_OpKernelConstruction *),
               void (*compute)(void *, TF_OpKernelContext *), void (*destroy)(void *)) {
  TF_Status *status = TF_NewStatus();
  TF_KernelBuilder *builder = TF_NewKernelBuilder(op, "CPU", create, compute, destroy);
  TF_KernelBuilder_TypeConstraint(builder, attribute, type, status);
  if (TF_GetCode(status) == 0) TF_RegisterKernelBuilder(op, builder, status);
  check(status, op);
}

extern "C" __attribute__((visibility("default"))) napi_value__ *
napi_register_module_v1(napi_env__ *env, napi_value__ *exports) {
  // Node calls this once for each of its threads; ops are the process's.
  static bool isDone = false;
  try {
    if (!isDone) registerAll();
    if (!isDone) returnLargeMemory();
    isDone = true;
    napi_value__ *function = nullptr;
    const char *name = "setMessage";
    if (napi_create_function(env, name, std::string(name).size(), setMessageOf, nullptr, &function) != 0 ||
        napi_set_named_property(env, exports, name, function) != 0) {
      throw std::runtime_error("setMessage cannot be defined");
    }
  } catch (const std::exception &error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return exports;
}
