// epoxy's entry points are global function pointers; they are set once and then only read.
#pragma clang attribute push(__attribute__((swift_attr("nonisolated(unsafe)"))), apply_to = variable(is_global))
#include <epoxy/gl.h>
#include <epoxy/egl.h>
#pragma clang attribute pop
