// A module of Node that registers ops and their CPU kernels with the TensorFlow of the process that loads it.
#include <stdexcept>
#include <string>
#include "call.h"

// All that is needed of Node-API (node_api.h).
extern "C" {
struct napi_env__;
struct napi_value__;
int napi_throw_error(napi_env__ *, const char *code, const char *message);
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
  if (isDone) return exports;
  try {
    registerAll();
    isDone = true;
  } catch (const std::exception &error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return exports;
}
