// What a kernel sees of TensorFlow: typed inputs and outputs, and a way to say that they do not fit.
#pragma once
#include <initializer_list>
#include <string>
#include <vector>
#include "numbers.h"
#include "tensorflow.h"

/// One call of a kernel. Inputs are freed with it; a failure is told to TensorFlow.
class Call {
 public:
  explicit Call(TF_OpKernelContext *context) : context_(context), status_(TF_NewStatus()) {
    const int count = TF_NumInputs(context);
    for (int i = 0; i < count && isFine(); i++) {
      TF_Tensor *tensor = nullptr;
      TF_GetInput(context, i, &tensor, status_);
      if (tensor) inputs_.push_back(tensor);
    }
  }

  ~Call() {
    for (TF_Tensor *tensor : inputs_) TF_DeleteTensor(tensor);
    if (!isFine()) TF_OpKernelContext_Failure(context_, status_);
    TF_DeleteStatus(status_);
  }

  Call(const Call &) = delete;
  Call &operator=(const Call &) = delete;

  bool isFine() const { return TF_GetCode(status_) == 0; }

  int count() const { return static_cast<int>(inputs_.size()); }

  template <class T> const T *input(int i) const {
    return static_cast<const T *>(TF_TensorData(inputs_[i]));
  }

  std::vector<int64_t> shape(int i) const {
    std::vector<int64_t> dims(TF_NumDims(inputs_[i]));
    for (size_t d = 0; d < dims.size(); d++) dims[d] = TF_Dim(inputs_[i], static_cast<int>(d));
    return dims;
  }

  int64_t size(int i) const { return product(shape(i)); }

  /// Allocates an output. @returns null if memory is short
  template <class T> T *output(int i, const std::vector<int64_t> &dims) {
    TF_Tensor *tensor = TF_AllocateOutput(context_, i, TypeOf<T>::number, dims.data(),
                                          static_cast<int>(dims.size()),
                                          product(dims) * sizeof(T), status_);
    if (!isFine() || !tensor) return nullptr;
    T *data = static_cast<T *>(TF_TensorData(tensor));
    TF_DeleteTensor(tensor);
    return data;
  }

  /// Fails with `message` unless the condition holds. @returns the condition
  bool expect(bool condition, const char *message) {
    constexpr int kInvalidArgument = 3;
    if (!condition && isFine()) TF_SetStatus(status_, kInvalidArgument, message);
    return condition && isFine();
  }

 private:
  static int64_t product(const std::vector<int64_t> &dims) {
    int64_t total = 1;
    for (int64_t size : dims) total *= size;
    return total;
  }

  TF_OpKernelContext *context_;
  TF_Status *status_;
  std::vector<TF_Tensor *> inputs_;
};

/// Attributes of an op, read once.
class Attributes {
 public:
  explicit Attributes(TF_OpKernelConstruction *context)
      : context_(context), status_(TF_NewStatus()) {}
  ~Attributes() {
    if (TF_GetCode(status_) != 0) TF_OpKernelConstruction_Failure(context_, status_);
    TF_DeleteStatus(status_);
  }
  float real(const char *name) {
    float value = 0;
    TF_OpKernelConstruction_GetAttrFloat(context_, name, &value, status_);
    return value;
  }
  int32_t whole(const char *name) {
    int32_t value = 0;
    TF_OpKernelConstruction_GetAttrInt32(context_, name, &value, status_);
    return value;
  }

 private:
  TF_OpKernelConstruction *context_;
  TF_Status *status_;
};

/// An op of ours: `attributes`, `inputs` and `outputs` as in TensorFlow's op definitions.
struct OpDefinition {
  const char *name;
  std::initializer_list<const char *> attributes, inputs, outputs;
};

/// @throws std::runtime_error with TensorFlow's message
void defineOp(const OpDefinition &op);
void addKernel(const char *op, const char *attribute, int type,
               void *(*create)(TF_OpKernelConstruction *),
               void (*compute)(void *, TF_OpKernelContext *), void (*destroy)(void *));

/// Registers kernels for an op: class templates with a constructor of `Attributes &` and `run(Call &)`, for numbers
/// of the type that the attribute T names.
template <template <class> class Kernel, class T> void addTyped(const char *op) {
  addKernel(
      op, "T", TypeOf<T>::number,
      [](TF_OpKernelConstruction *context) -> void * {
        Attributes attributes(context);
        return new Kernel<T>(attributes);
      },
      [](void *kernel, TF_OpKernelContext *context) {
        Call call(context);
        if (call.isFine()) static_cast<Kernel<T> *>(kernel)->run(call);
      },
      [](void *kernel) { delete static_cast<Kernel<T> *>(kernel); });
}

template <template <class> class Kernel> void addKernels(const char *op) {
  addTyped<Kernel, float>(op);
  addTyped<Kernel, Bf16>(op);
}

// Each file of kernels registers its own.
void registerNorm();
void registerSwiglu();
void registerHeads();
void registerSoftmax();
void registerSums();
void registerLoss();
void registerMessages();
